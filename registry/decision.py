"""How a claim is decided: new, repeat or collision. Pure.

``register`` and ``check`` call the same function, so the two can't disagree:
``check`` gives it what the ledger says, ``register`` what the ledger says after
its own rows went in. The first record stays as it is, unless somebody decided
that another claim holds; what conflicts with it is refused and kept as a refused
claim, what doesn't is recorded.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from registry.facts import Facts, encoding_of
from registry.records import Kind, ObjectClaim, Origin, Patient, Verdict, in_order


@dataclass(slots=True)
class Standing:
    """What the ledger says that a UID is."""

    uid: str
    kind: Kind
    origin: Origin
    series_instance_uid: str | None = None  # of an instance; None while unplaced
    study_instance_uid: str | None = None  # of a series, or of the instance's series
    modality: str | None = None  # of a series, as issued or first seen
    sop_class_uid: str | None = None
    contents: dict[str, list[bytes]] = field(
        default_factory=dict
    )  # digests in each encoding, first seen first
    patient: Patient | None = None  # of a study: the first
    seen: set[bool] = field(
        default_factory=set
    )  # how an issued or foreign UID was used: as recorded, otherwise
    withdrawn: bool = False
    decided: int | None = None  # the entry in which somebody last said which claim about it holds


class RefusedClaim(NamedTuple):
    """A claim that the record can't take in: it conflicts, or it says later what the
    record, which never changes, was made without."""

    uid: str
    kind: Kind
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    sop_class_uid: str | None = None
    modality: str | None = None
    after: int | None = None  # the decision that it contradicts: made again after one, a claim is news


class Use(NamedTuple):
    """An issued or foreign UID, seen in an object for the first time as it was recorded, or otherwise."""

    uid: str
    as_recorded: bool  # False: otherwise than it was issued for (UID313)
    sop_class_uid: str | None = None


class SeenContent(NamedTuple):
    """A content that the ledger row of an instance doesn't hold."""

    uid: str
    transfer_syntax_uid: str | None
    content_digest: bytes
    data_set_digest: bytes | None
    first: bool  # of all in a comparable encoding: the one that the UID stands for


class NewRow(NamedTuple):
    """A UID that comes into the ledger by being seen."""

    standing: Standing
    transfer_syntax_uid: str | None = None
    content_digest: bytes | None = None
    data_set_digest: bytes | None = None


@dataclass(slots=True)
class Decision:
    """All that follows from a batch of claims."""

    verdicts: list[tuple[ObjectClaim, Verdict]] = field(default_factory=list)
    rows: list[NewRow] = field(default_factory=list)
    refused: set[RefusedClaim] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)
    contents: set[SeenContent] = field(default_factory=set)


def decide(claims: Iterable[ObjectClaim], standing: Mapping[str, Standing], facts: Facts) -> Decision:
    """Decide a batch of claims against what stands.

    ``standing`` holds what the ledger says of the UIDs in the batch, nothing for
    unknown ones; ``facts`` tells which Patient IDs are one person. Claims are
    taken in the order that defines "first" inside a batch.
    """
    desk = _Desk(standing, facts)
    for claim in in_order(claims):
        desk.take(claim)
    return desk.decision


class _Desk:
    """The state of deciding one batch: what stands, and what followed so far."""

    def __init__(self, standing: Mapping[str, Standing], facts: Facts) -> None:
        self._ledger = standing
        self._standing: dict[str, Standing] = {}  # what this batch adds or changes
        self._facts = facts
        self._standing_settings: set[Hashable] = set()
        self.decision = Decision()

    def take(self, claim: ObjectClaim) -> None:
        instance, series, study = claim.place
        of_series = claim.of_series
        known = of_series and series is not None and self._is_known(self._find(series))
        # What stood for one claim stands for all that say the same: nothing follows from it again.
        stands = series_stands = study_stands = claim.setting in self._standing_settings
        if not stands:
            study_stands = self._settle_study(study, claim)
            series_stands = self._settle_series(series, study, claim)
            shared_stand = [self._settle_shared(kind, uid) for kind, uid in claim.identities if kind > 3]
            stands = study_stands and series_stands and all(shared_stand)
            if stands:
                self._standing_settings.add(claim.setting)
        if instance is None:
            if of_series and series is not None:
                self._decide_series(claim, known=known, stands=study_stands and series_stands)
            return
        found = self._find(instance)
        known = self._is_known(found)
        if found is None:
            instance_stands = self._place(instance, series, study, series_stands, claim)
            same_content = None
        else:
            instance_stands = self._settle_instance(found, series, study, claim)
            same_content = self._settle_content(instance, claim)
        if not stands or not instance_stands or same_content is False:
            verdict = Verdict.COLLISION
        elif not known:
            verdict = Verdict.NEW
        else:
            verdict = Verdict.REPEAT if same_content else Verdict.NOT_COMPARED
        self.decision.verdicts.append((claim, verdict))

    def _decide_series(self, claim: ObjectClaim, *, known: bool, stands: bool) -> None:
        """What is made of a claim about a series alone."""
        fresh = Verdict.REPEAT if known else Verdict.NEW
        self.decision.verdicts.append((claim, fresh if stands else Verdict.COLLISION))

    def _find(self, uid: str) -> Standing | None:
        return self._standing.get(uid) or self._ledger.get(uid)

    def _change(self, uid: str) -> Standing:
        """The standing of a known UID, for this batch to change."""
        if uid not in self._standing:
            before = self._ledger[uid]
            contents = {encoding: list(digests) for encoding, digests in before.contents.items()}
            self._standing[uid] = replace(before, contents=contents, seen=set(before.seen))
        return self._standing[uid]

    @staticmethod
    def _awaits_use(found: Standing) -> bool:
        return found.origin is not Origin.OBSERVED and not found.seen

    def _is_known(self, found: Standing | None) -> bool:
        return found is not None and not self._awaits_use(found)

    def _enter(self, row: NewRow) -> None:
        self._standing[row.standing.uid] = row.standing
        self.decision.rows.append(row)

    def _use(self, uid: str, *, as_recorded: bool, sop_class_uid: str | None = None) -> None:
        found = self._find(uid)
        if found is not None and found.origin is not Origin.OBSERVED and as_recorded not in found.seen:
            row = self._change(uid)
            row.seen.add(as_recorded)
            row.sop_class_uid = row.sop_class_uid or sop_class_uid
            self.decision.uses.append(Use(uid, as_recorded, sop_class_uid))

    def _refuse(self, refused: RefusedClaim) -> bool:
        places = (refused.uid, refused.series_instance_uid)
        known = [found for uid in places if uid and (found := self._find(uid)) is not None]
        after = max((found.decided for found in known if found.decided is not None), default=None)
        self.decision.refused.add(refused._replace(after=after))
        return False

    def _settle_study(self, uid: str | None, claim: ObjectClaim) -> bool:
        """Whether the claim's study stands as a study, and of this patient."""
        if uid is None:
            return True
        found = self._find(uid)
        if found is None:
            self._enter(NewRow(Standing(uid, Kind.STUDY, Origin.OBSERVED, patient=claim.patient)))
            return True
        if found.kind is not Kind.STUDY:
            return self._refuse(RefusedClaim(uid, Kind.STUDY))
        self._use(uid, as_recorded=True)
        if claim.patient is None:
            return True
        if found.patient is None:
            self._change(uid).patient = claim.patient
            return True
        return self._facts.one_patient(found.patient, claim.patient)

    def _settle_series(self, uid: str | None, study: str | None, claim: ObjectClaim) -> bool:
        """Whether the claim's series stands as a series of the claim's study."""
        if uid is None:
            return True
        refused = RefusedClaim(uid, Kind.SERIES, study_instance_uid=study, modality=claim.modality)
        found = self._find(uid)
        if found is None:
            placed = study if study and self._is(study, Kind.STUDY) else None
            row = Standing(
                uid, Kind.SERIES, Origin.OBSERVED, study_instance_uid=placed, modality=claim.modality
            )
            self._enter(NewRow(row))
            return placed == study or self._refuse(refused)
        if found.kind is not Kind.SERIES:
            return self._refuse(refused)
        fits = _agree(found.study_instance_uid, study)
        if found.origin is Origin.ISSUED:
            fits = fits and _agree(found.modality, claim.modality)
        if fits and study and found.study_instance_uid is None:
            self._refuse(refused)  # kept, though nothing disagrees
        self._use(uid, as_recorded=fits)
        return fits or self._refuse(refused)

    def _settle_instance(
        self, found: Standing, series: str | None, study: str | None, claim: ObjectClaim
    ) -> bool:
        """Whether the claim about a known instance stands: its place and its class."""
        uid = found.uid
        refused = RefusedClaim(uid, Kind.INSTANCE, series, study, claim.sop_class_uid)
        if found.kind is not Kind.INSTANCE:
            return self._refuse(refused)
        fits = (
            _agree(found.sop_class_uid, claim.sop_class_uid)
            and _agree(found.series_instance_uid, series)
            and _agree(found.study_instance_uid, study)
        )
        place_learned = series and not (found.series_instance_uid and (found.study_instance_uid or not study))
        class_learned = claim.sop_class_uid and not found.sop_class_uid and not self._awaits_use(found)
        if fits and (place_learned or class_learned):
            self._refuse(refused)  # kept, though nothing disagrees
            self._change(uid).sop_class_uid = found.sop_class_uid or claim.sop_class_uid
        self._use(uid, as_recorded=fits, sop_class_uid=claim.sop_class_uid)
        return fits or self._refuse(refused)

    def _place(
        self, uid: str, series: str | None, study: str | None, series_stands: bool, claim: ObjectClaim
    ) -> bool:
        """Enter a new instance, in its series if its whole claim about that stands: a series
        that is known in another study is no place to put it. Whether it stands there."""
        parent = self._find(series) if series and series_stands and self._is(series, Kind.SERIES) else None
        row = Standing(uid, Kind.INSTANCE, Origin.OBSERVED, sop_class_uid=claim.sop_class_uid)
        if parent is not None:
            row.series_instance_uid, row.study_instance_uid = parent.uid, parent.study_instance_uid
        if claim.content_digest:
            row.contents[encoding_of(claim.transfer_syntax_uid)] = [claim.content_digest]
        syntax = claim.transfer_syntax_uid if claim.content_digest else None
        self._enter(NewRow(row, syntax, claim.content_digest, claim.data_set_digest))
        placed = row.series_instance_uid == series
        if not placed or (series and study and not row.study_instance_uid):
            # Kept, also where its series is recorded without a study.
            self._refuse(RefusedClaim(uid, Kind.INSTANCE, series, study, claim.sop_class_uid))
        return placed

    def _settle_content(self, uid: str, claim: ObjectClaim) -> bool | None:
        """Whether the content is the one that the UID stands for; None where there
        is nothing to compare it with: no digest, or none in a comparable encoding."""
        if claim.content_digest is None:
            return None
        encoding = encoding_of(claim.transfer_syntax_uid)
        found = self._find(uid)
        seen = found.contents.get(encoding, []) if found is not None else []
        comparable = bool(seen)
        if claim.content_digest not in seen:
            self._change(uid).contents.setdefault(encoding, []).append(claim.content_digest)
            self.decision.contents.add(
                SeenContent(
                    uid,
                    claim.transfer_syntax_uid,
                    claim.content_digest,
                    claim.data_set_digest,
                    first=not comparable,
                )
            )
        return seen[0] == claim.content_digest if comparable else None

    def _settle_shared(self, kind: Kind, uid: str) -> bool:
        found = self._find(uid)
        if found is None:
            self._enter(NewRow(Standing(uid, kind, Origin.OBSERVED)))
            return True
        if found.kind is not kind:
            return self._refuse(RefusedClaim(uid, kind))
        self._use(uid, as_recorded=True)
        return True

    def _is(self, uid: str, kind: Kind) -> bool:
        found = self._find(uid)
        return found is not None and found.kind is kind


def _agree(one: str | None, other: str | None) -> bool:
    """Two known values agree if equal; unknown disagrees with nothing."""
    return not one or not other or one == other
