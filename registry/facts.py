"""What is known of each UID: the union of all that was ever claimed of it.

Facts are sets that only grow, so adding claims gives the same facts in any
order and in any split into batches; a rule is a function of facts, so the same
claims give the same findings. Refused claims count like the others: which of
two colliding claims holds the ledger row decides nothing here. Only a person
can say that a claim doesn't count: of a decided UID what was decided counts, and
what is claimed after that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from registry.agreement import Attributes, Subject
from registry.records import Kind, Level, Mark, ObjectClaim, Patient, Reference, Role, Trait
from registry.sopclass import LOSSY_TRANSFER_SYNTAXES, NATIVE_TRANSFER_SYNTAXES, Family, family_of


class Placement(NamedTuple):
    """Where one claim puts an instance; the study is None where it names none."""

    series_instance_uid: str
    study_instance_uid: str | None


class Content(NamedTuple):
    """What an instance's UID stood for in one object.

    Native encodings compare with each other; a compressed one only with its own.
    """

    encoding: str  # "native", or the UID of the compressed transfer syntax
    digest: bytes


class Appearance(NamedTuple):
    """What one object of a series says that all objects of a series must share."""

    sop_class_uid: str | None
    modality: str | None
    frame_of_reference_uid: str | None
    is_whole: bool = True  # False: of an index, which tells nothing of frames of reference


def appearance_of(claim: ObjectClaim) -> Appearance:
    """What a claim says of how its series is."""
    frame = claim.frame_of_reference_uid
    return Appearance(claim.sop_class_uid, claim.modality, frame, claim.whole or frame is not None)


def encoding_of(transfer_syntax_uid: str | None) -> str:
    """The group of transfer syntaxes within which contents compare."""
    if transfer_syntax_uid is None or transfer_syntax_uid in NATIVE_TRANSFER_SYNTAXES:
        return "native"
    return transfer_syntax_uid


@dataclass(slots=True)
class InstanceFacts:
    """All that objects and requests have said of a SOP Instance UID."""

    placements: set[Placement] = field(default_factory=set)
    issued: Placement | None = None  # for which it was issued here
    sop_classes: set[str] = field(default_factory=set)
    modalities: set[str] = field(default_factory=set)  # of the objects of this batch alone
    contents: dict[Content, set[bytes]] = field(default_factory=dict)  # with their data set digests
    lossy: dict[Content, set[bool]] = field(default_factory=dict)  # whether it lost something before
    references: set[Reference] = field(default_factory=set)
    traits: set[Trait] = field(default_factory=set)
    frames: set[str] = field(default_factory=set)  # of reference, of a derived object
    former: set[Placement] = field(default_factory=set)  # where it was until somebody decided otherwise

    @property
    def series(self) -> set[str]:
        """Every series that it was ever put into, the one it was issued for included."""
        places = self.placements | {self.issued} if self.issued else self.placements
        return {place.series_instance_uid for place in places}

    @property
    def studies(self) -> set[str]:
        """Every study that it was ever put into, the one it was issued for included."""
        places = self.placements | {self.issued} if self.issued else self.placements
        return {place.study_instance_uid for place in places if place.study_instance_uid}


@dataclass(slots=True)
class SeriesFacts:
    """All that objects and requests have said of a Series Instance UID."""

    studies: set[str] = field(default_factory=set)
    issued_study: str | None = None
    issued_modality: str | None = None
    appearances: set[Appearance] = field(default_factory=set)
    former: set[str] = field(default_factory=set)  # studies that it was in until somebody decided otherwise

    @property
    def sop_classes(self) -> set[str]:
        return {a.sop_class_uid for a in self.appearances if a.sop_class_uid}

    @property
    def modalities(self) -> set[str]:
        return {a.modality for a in self.appearances if a.modality}


@dataclass(slots=True)
class Facts:
    """What is known of a set of UIDs; rules read it, nothing else."""

    kinds: dict[str, set[Kind]] = field(default_factory=lambda: defaultdict(set))
    instances: dict[str, InstanceFacts] = field(default_factory=lambda: defaultdict(InstanceFacts))
    series: dict[str, SeriesFacts] = field(default_factory=lambda: defaultdict(SeriesFacts))
    patients: dict[str, set[Patient]] = field(default_factory=lambda: defaultdict(set))
    aliases: set[frozenset[Patient]] = field(default_factory=set)
    attributes: Attributes = field(default_factory=Attributes)
    registered: set[tuple[str, str]] = field(default_factory=set)  # frames that a registration joins
    frame_series: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # frame -> series
    labels: dict[tuple[str, Mark], dict[bytes, set[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    parted: set[frozenset[Patient]] = field(default_factory=set)  # two persons, whatever objects say

    def add(self, claim: ObjectClaim) -> None:
        """Let one claim speak. UIDs that can't be keys of the ledger say nothing."""
        self.add_setting(claim)
        self.add_instance(claim)

    def add_setting(self, claim: ObjectClaim) -> None:
        """Let one claim speak of all but its instance (``records.speakers``)."""
        _, series, study = claim.place
        for kind, uid in claim.identities:
            if kind is not Kind.INSTANCE:
                self.kinds[uid].add(kind)
        if series:
            self.appear(series, appearance_of(claim))
            if study:
                self.series[series].studies.add(study)
        if claim.patient:
            for uid in owned_by_patient(claim):
                self.patients[uid].add(claim.patient)
            self.aliases.update(frozenset((claim.patient, alias)) for alias in claim.aliases)
        for level, subject, packed in fingerprints_of(claim):
            self.attributes.learn(level, subject, packed)
        self.registered.update(registrations_of(claim))

    def add_instance(self, claim: ObjectClaim) -> None:
        """Let one claim speak of its instance."""
        instance, series, study = claim.place
        if instance:
            self.kinds[instance].add(Kind.INSTANCE)
            facts = self.instances[instance]
            if series:
                facts.placements.add(Placement(series, study))
            self._add_object(facts, claim)

    def appear(self, series: str, appearance: Appearance) -> None:
        """Let an object of a series have been seen."""
        self.series[series].appearances.add(appearance)
        if appearance.frame_of_reference_uid:
            self.frame_series[appearance.frame_of_reference_uid].add(series)

    def label(self, claim: ObjectClaim) -> None:
        """Let one claim's labels speak; only while a rule asks for them."""
        for scope, mark, value, uid in claim.labels:
            self.labels[scope, mark][value].add(uid)

    @staticmethod
    def _add_object(facts: InstanceFacts, claim: ObjectClaim) -> None:
        if claim.sop_class_uid:
            facts.sop_classes.add(claim.sop_class_uid)
        if claim.modality:
            facts.modalities.add(claim.modality)
        if claim.content_digest:
            content = Content(encoding_of(claim.transfer_syntax_uid), claim.content_digest)
            attributes = facts.contents.setdefault(content, set())
            if claim.data_set_digest:
                attributes.add(claim.data_set_digest)
            facts.lossy.setdefault(content, set()).add(is_lossy(claim))
        if claim.references:
            facts.references.update(claim.references)
            facts.frames.update(compared_frames(claim))
        if claim.traits:
            facts.traits.update(claim.traits)

    def one_patient(self, one: Patient, other: Patient) -> bool:
        """Whether two patients can be the same: same ID and no two issuers, or IDs that some
        object gives to one person (Other Patient IDs, Original Attributes) or somebody joined;
        never those that somebody parted."""
        if one == other:
            return True
        if self._are_parted(one, other):
            return False
        return one.may_be(other) or self.linked(one, other)

    def linked(self, one: Patient, other: Patient) -> bool:
        """Whether IDs that are said to be one person's lead from one patient to the other."""
        reached, edge = {one}, {one}
        while edge:
            edge = {
                patient
                for pair in self.aliases
                if any(known.may_be(member) for known in edge for member in pair)
                and not self._are_parted(*pair)
                for patient in pair
            } - reached
            if any(patient.may_be(other) for patient in edge):
                return True
            reached |= edge
        return False

    def joined(self, frame: str) -> set[str]:
        """The frames of reference that registrations lead to from one, itself left out."""
        reached, edge = {frame}, {frame}
        while edge:
            edge = {uid for pair in self.registered if edge & set(pair) for uid in pair} - reached
            reached |= edge
        return reached - {frame}

    def _are_parted(self, *two: Patient) -> bool:
        """Whether somebody decided that two patients aren't one; an ID without an issuer means any."""
        if not self.parted or len(two) < 2:
            return False
        one, other = two
        for pair in self.parted:
            this, that = tuple(pair)
            if (this.may_be(one) and that.may_be(other)) or (this.may_be(other) and that.may_be(one)):
                return True
        return False

    def two_patients(self, patients: Iterable[Patient]) -> bool:
        """Whether among ``patients`` there are two who can't be the same."""
        listed = sorted(patients)
        return any(
            not self.one_patient(one, other) for i, one in enumerate(listed) for other in listed[i + 1 :]
        )


def is_lossy(claim: ObjectClaim) -> bool:
    """Whether an object lost something when it was compressed, now or before (PS3.3 C.7.6.1.1.5)."""
    return Trait.LOSSY in claim.traits or lossy_by(claim.transfer_syntax_uid)


def lossy_by(transfer_syntax_uid: str | None) -> bool:
    """Whether what is in a transfer syntax has lost something, whatever it says of itself."""
    return transfer_syntax_uid in LOSSY_TRANSFER_SYNTAXES


def fingerprints_of(claim: ObjectClaim) -> Iterator[tuple[Level, Subject, bytes]]:
    """The fingerprints of a claim, each with what it is of."""
    _, series, study = claim.place
    patient = claim.patient.token if claim.patient else None
    for level, subject in ((Level.PATIENT, patient), (Level.STUDY, study), (Level.SERIES, series)):
        if subject and (packed := claim.fingerprints.get(level)):
            yield level, subject, packed


def compared_frames(claim: ObjectClaim) -> tuple[str, ...]:
    """The frames of reference of an object that names what it was made from."""
    if not claim.references:
        derived = False
    elif family_of(claim.sop_class_uid) is Family.IMAGE:
        derived = any(reference.role is Role.SOURCE for reference in claim.references)
    else:
        derived = True
    return claim.frames if derived else ()


def registrations_of(claim: ObjectClaim) -> Iterator[tuple[str, str]]:
    """The pairs of frames of reference that a registration joins: its own or first with each other."""
    frames = [uid for uid in claim.registered if uid]
    if len(frames) > 1:
        first = claim.frame_of_reference_uid or frames[0]
        for other in frames:
            if other != first:
                one, two = sorted((first, other))
                yield one, two


PATIENT_KINDS = frozenset({Kind.FRAME_OF_REFERENCE, Kind.TRACKING})
"""Shared kinds that belong to one patient (PS3.3 C.7.4.1.1.1, C.8.20.4)."""


def owned_by_patient(claim: ObjectClaim) -> Iterator[str]:
    """The UIDs of a claim that belong to one patient: its study, frames of
    reference and tracking identifiers."""
    for kind, uid in claim.identities:
        if kind is Kind.STUDY or kind in PATIENT_KINDS:
            yield uid
