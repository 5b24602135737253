"""What travels between the layers: claims, what they refer to, findings, outcomes.

A *claim* is what one file or one request says about UIDs. Reading turns files
into claims; everything after works on claims, never on files. No patient
attribute is in here: values that identify someone become keyed fingerprints
before a claim leaves the reader.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

from registry.finding import Finding, Place, Recorded
from registry.kinds import Kind, Level, Mark, Origin, Role, Severity, Trait
from registry.remembered import remembered
from registry.uid import is_own_key

__all__ = [
    "NOTHING",
    "BadUid",
    "FileMeta",
    "Finding",
    "Hidden",
    "IndexRow",
    "Kind",
    "Label",
    "Level",
    "Listing",
    "MapRow",
    "Mark",
    "NamedUid",
    "ObjectClaim",
    "Origin",
    "PaddedUid",
    "Part",
    "Patient",
    "Place",
    "Reading",
    "Recorded",
    "Reference",
    "Role",
    "Severity",
    "Skipped",
    "Trait",
    "Unreadable",
    "Verdict",
    "in_order",
    "speakers",
]


class Reference(NamedTuple):
    """One other object, or one whole series, that an object names."""

    sop_instance_uid: str | None  # (0008,1155); None where a series is named as a whole
    sop_class_uid: str | None = None  # (0008,1150), as the reference says
    series_instance_uid: str | None = None  # of the item around it, as the reference says
    study_instance_uid: str | None = None
    role: Role = Role.OTHER

    @property
    def target(self) -> str:
        """The UID that the reference leads to."""
        return self.sop_instance_uid or self.series_instance_uid or ""


class Patient(NamedTuple):
    """A patient as the registry knows one: keyed fingerprints, no value."""

    token: bytes  # of the trimmed Patient ID (0010,0020)
    issuer: bytes = b""  # of the Issuer of Patient ID (0010,0021); empty where absent

    def may_be(self, other: Patient) -> bool:
        """Same ID, and no two different issuers: objects often drop the issuer."""
        return self.token == other.token and (
            self.issuer == other.issuer or not self.issuer or not other.issuer
        )


class Label(NamedTuple):
    """Something that few rules ask: what it is of, a keyed hash that compares within
    its scope alone, and who carries it."""

    scope: str  # a study, series, instance, specimen or device
    mark: Mark
    value: bytes
    uid: str


class BadUid(NamedTuple):
    """A UI element whose value has a flaw; where it stands is the tag path."""

    text: str
    where: str  # e.g. "SeriesInstanceUID" or "SourceImageSequence > ReferencedSOPInstanceUID"
    identity: bool  # whether the element identifies an instance-level thing


class NamedUid(NamedTuple):
    """A UID that an object names, and where."""

    uid: str
    where: str  # as in ``BadUid``
    in_text: bool = False  # it is a part of a text, not the value of an element


class PaddedUid(NamedTuple):
    """A UI element with more around its value than one NUL at the end (PS3.5 section 9.1)."""

    uid: str  # without the padding
    where: str
    padding: str  # what it is, in words: "a space at the end"


class Part(NamedTuple):
    """What an object says of the concatenation that it is a part of (PS3.3 C.7.6.16.1)."""

    concatenation_uid: str  # (0020,9161)
    number: int | None = None  # (0020,9162), from 1
    total: int | None = None  # (0020,9163)
    source: str | None = None  # (0020,0242): the object that was split


class Listing(NamedTuple):
    """What a DICOMDIR says of a file that it lists (PS3.3 section F.3.2.2)."""

    sop_instance_uid: str | None  # (0004,1511)
    sop_class_uid: str | None  # (0004,1510)


class FileMeta(NamedTuple):
    """What the file meta information and the preamble say (PS3.10 section 7.1)."""

    present: bool = True
    media_storage_sop_class_uid: str | None = None  # (0002,0002); empty where it is there without a value
    media_storage_sop_instance_uid: str | None = None  # (0002,0003)
    transfer_syntax_uid: str | None = None  # (0002,0010)
    transfer_syntax_known: bool = True  # whether PS3.6 defines it
    implementation_class_uid: str | None = None  # (0002,0012)
    preamble: str | None = None  # what else the file would be taken for, in words: "a Windows program"


class Hidden(NamedTuple):
    """What an object says under one key of the registry, and compares under it alone."""

    content_digest: bytes | None
    data_set_digest: bytes | None
    patient: Patient | None
    aliases: tuple[Patient, ...]
    labels: tuple[Label, ...]
    fingerprints: Mapping[Level, bytes]


NOTHING = Hidden(None, None, None, (), (), {})
"""What an object says under a key that isn't here."""


@dataclass(frozen=True)
class ObjectClaim:
    """What one object says about UIDs, and enough of the rest to judge it."""

    sop_instance_uid: str | None
    sop_class_uid: str | None
    series_instance_uid: str | None
    study_instance_uid: str | None
    modality: str | None = None
    transfer_syntax_uid: str | None = None
    content_digest: bytes | None = None
    data_set_digest: bytes | None = None
    content_order: bytes = b""  # the content's hash without a key; never recorded
    patient: Patient | None = None
    aliases: tuple[Patient, ...] = ()  # other IDs that the object gives the same patient
    frame_of_reference_uid: str | None = None
    shared: tuple[tuple[Kind, str], ...] = ()  # UIDs of shared kinds that the object carries
    references: tuple[Reference, ...] = ()
    traits: frozenset[Trait] = frozenset()
    frames: tuple[str, ...] = ()  # of a derived object, to be compared with its sources'
    registered: tuple[str, ...] = ()  # frames of reference between which a registration leads
    labels: tuple[Label, ...] = ()
    fingerprints: Mapping[Level, bytes] = field(default_factory=dict)
    bad_uids: tuple[BadUid, ...] = ()
    padded_uids: tuple[PaddedUid, ...] = ()
    missing: tuple[str, ...] = ()  # keywords of the four UIDs that are absent, empty or multi-valued
    part: Part | None = None
    plan_geometry: str | None = None  # RT Plan Geometry (300A,000C)
    dose_summation_type: str | None = None  # (3004,000A)
    of_series: bool = False  # it is about a series alone: a row of an index that has no instances
    whole: bool = False  # a whole data set was read: what is absent here, the object doesn't have
    meta: FileMeta | None = FileMeta()  # noqa: RUF009 (a value; None: there is no file)
    listings: tuple[Listing, ...] = ()  # what the DICOMDIR through which it was found says of it
    path: str = ""  # for the person who reads the report; never recorded
    named: tuple[NamedUid, ...] = ()  # every UID in it, where that is asked for
    earlier: tuple[Hidden | None, ...] = ()  # what it says under the keys before; None: not on this machine

    def hidden(self, hidden: Hidden) -> ObjectClaim:
        """The claim with something else of what it says under a key."""
        return replace(self, **hidden._asdict(), earlier=())

    @remembered
    def identities(self) -> tuple[tuple[Kind, str], ...]:
        """Every (kind, UID) that the object asserts, as far as it can be a key of the
        ledger and isn't one of the standard's own frames of reference or palettes."""
        study, series, instance = self.study_instance_uid, self.series_instance_uid, self.sop_instance_uid
        roles = ((Kind.STUDY, study), (Kind.SERIES, series), (Kind.INSTANCE, instance), *self.shared)
        return tuple((kind, uid) for kind, uid in roles if uid and is_own_key(uid))

    @remembered
    def place(self) -> tuple[str | None, str | None, str | None]:
        """Instance, series and study, None for what can't be a key of the ledger."""
        three = (self.sop_instance_uid, self.series_instance_uid, self.study_instance_uid)
        instance, series, study = (uid if uid and is_own_key(uid) else None for uid in three)
        return instance, series, study

    @remembered
    def setting(self) -> tuple[Hashable, ...]:
        """All that it says of what it is in; the other objects of its series mostly say the same."""
        return (
            self.study_instance_uid,
            self.series_instance_uid,
            self.sop_class_uid,
            self.modality,
            self.patient,
            self.aliases,
            self.frame_of_reference_uid,
            self.shared,
            self.registered,
            self.whole,
            tuple(self.fingerprints.items()),
        )

    @remembered
    def order(self) -> tuple[str, ...]:
        """What "first" means inside a batch: by UID, then content, then all else."""
        names = (self.series_instance_uid, self.study_instance_uid, self.sop_class_uid, self.modality)
        syntax = self.transfer_syntax_uid or ""
        content = self.content_order.hex()
        rest = repr((self.data_set_digest, self.patient, self.shared))
        return (
            self.sop_instance_uid or "",
            content,
            *(name or "" for name in names),
            syntax,
            self.path,
            rest,
        )


def in_order(claims: Iterable[ObjectClaim]) -> list[ObjectClaim]:
    """Claims in the order that defines "first"; mostly their UIDs alone tell it."""
    listed = sorted(claims, key=lambda claim: claim.sop_instance_uid or "")
    names = {claim.sop_instance_uid or "" for claim in listed}
    return listed if len(names) == len(listed) else sorted(listed, key=lambda claim: claim.order)


def speakers(claims: Iterable[ObjectClaim]) -> list[ObjectClaim]:
    """One claim for each setting: what it says of that, the others only say again."""
    return list({claim.setting: claim for claim in claims}.values())


class IndexRow(NamedTuple):
    """What an archive's index says of one instance, or of a whole series; what it doesn't know is None."""

    sop_instance_uid: str | None  # None: the row is about its series; empty: the index lacks it
    sop_class_uid: str | None
    series_instance_uid: str | None
    study_instance_uid: str | None
    modality: str | None = None
    patient: Patient | None = None
    earlier: tuple[Patient | None, ...] = ()  # the patient under the keys before; None: not on this machine
    path: str = ""  # of a row with a flaw, its place, for the person who reads the report; never recorded


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that says it is DICOM and can't be read (UID608)."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class UnreadableRow(Unreadable):
    """A row of an index that says nothing that could be recorded (UID609), or all that follow."""


@dataclass(frozen=True, slots=True)
class MapRow(Unreadable):
    """A pair of a map that would make two of one, or one of two (UID701); its original isn't told."""

    replacement: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that isn't a DICOM object: counted and named, never an error."""

    path: str
    reason: str


Reading = ObjectClaim | Unreadable | Skipped
"""What comes of reading one file."""


class Verdict(StrEnum):
    """What the registry makes of one claim about an instance."""

    NEW = "new"
    REPEAT = "repeat"  # same UID, same thing: fine
    NOT_COMPARED = "not compared"  # nothing disagrees, but its content had nothing to be compared with
    COLLISION = "collision"  # same UID, other thing: the claim is refused and kept
