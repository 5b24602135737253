"""Register the rows of an index: what an archive lists of its instances, without their files.

Most of an index is plain: the instances of a series, all of them new, with nothing
to say of any that isn't said of the first. So of each series one row *speaks*: it
is decided and asked about like any claim. Where nothing is found about it, the
rows that are *alike* go into the ledger as they are, in one go, and the database
says whether all of them were new. Every other row is a claim by itself. A test
holds the two ways equal (tests/services/test_indexing.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from registry.errors import UidCollision
from registry.modality import code_string
from registry.records import (
    NOTHING,
    BadUid,
    Hidden,
    IndexRow,
    Kind,
    ObjectClaim,
    Origin,
    Reading,
    Unreadable,
    Verdict,
)
from registry.roots import Roots
from registry.rules.policy import Policy
from registry.services import registering
from registry.services.adopting import adopt
from registry.services.assessing import Assessment
from registry.services.judging import judge
from registry.services.opening import OpenRegistry
from registry.services.reports import Report
from registry.store import links
from registry.store.act import Act
from registry.store.concurrent import confirm
from registry.store.knowledge import Knowledge
from registry.store.ledger import enter_alike
from registry.store.retrying import LostRace
from registry.store.roots import load_roots
from registry.store.session import Identity
from registry.store.words import Words
from registry.uid import MAX_LENGTH, UUID_ROOT, flaws, is_key, is_under, is_well_known

BATCH = 10_000
"""Rows in one transaction."""

_LAST_COMPONENTS = re.compile(r"(?:0|[1-9][0-9]*)(?:\n(?:0|[1-9][0-9]*))*")


def register_rows(registry: OpenRegistry, rows: Iterable[IndexRow]) -> Report:
    """Record what an index says of instances; whole batches at a time.

    A row with a UID that can't be one is a finding, and the rest goes on.
    """
    policy = Policy(registry.settings.check)
    named = adopt(registry)
    with registry.database.reading() as connection:
        report = Report(registry.name(connection), policy)
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        assessment, alike = record(registry, batch, policy, named)
        report.add((), assessment)
        report.verdicts.update(alike)
    return report


@dataclass(slots=True)
class _Series:
    """The rows of one series that differ in nothing but their instance."""

    speaker: IndexRow
    alike: list[str] = field(default_factory=list)


class _Batch:
    """Some rows, sorted out into those that speak and those that are alike."""

    def __init__(self, rows: Sequence[IndexRow], roots: Roots) -> None:
        self.speaking: list[IndexRow] = []
        self.series: dict[str, _Series] = {}
        self._nodes = {uid for row in rows for uid in (row.series_instance_uid, row.study_instance_uid)}
        self._roots = [root.prefix for root in roots]
        counted = Counter(row.sop_instance_uid for row in rows)
        self._known_here = self._nodes | {uid for uid, count in counted.items() if count > 1}
        groups: dict[str | None, list[IndexRow]] = {}
        # The speaker is the row that comes first where claims are decided one by one.
        for row in sorted(rows, key=lambda row: row.sop_instance_uid or ""):
            groups.setdefault(row.series_instance_uid, []).append(row)
        for series, members in groups.items():
            speaker = members[0]
            self.speaking.append(speaker)
            arc = self._arc(speaker)
            if series is None or arc is None:
                self.speaking += members[1:]
            else:
                self.series[series] = _Series(speaker, self._alike(members, arc))

    def _arc(self, speaker: IndexRow) -> str | None:
        """The arc whose instances are like the speaker, as far as their UID goes: the
        same syntax, and the same roots above them. None where there is no such arc."""
        uid = speaker.sop_instance_uid
        if not uid or flaws(uid) or is_well_known(uid) or is_under(uid, UUID_ROOT) or uid in self._nodes:
            return None
        arc = uid.rpartition(".")[0]
        below_it = any(prefix != arc and is_under(prefix, arc) for prefix in self._roots)
        return None if below_it or arc.count(".") < 1 else f"{arc}."

    def _alike(self, members: Sequence[IndexRow], arc: str) -> list[str]:
        """The instances that are like the first of their series; the other rows speak."""
        first, *others = members
        uids = [row.sop_instance_uid or "" for row in others]
        if not uids or self._are_alike(first, others, uids, arc):
            return uids
        alike = []
        for row, uid in zip(others, uids, strict=True):
            if self._are_alike(first, [row], [uid], arc):
                alike.append(uid)
            else:
                self.speaking.append(row)
        return alike

    def _are_alike(self, first: IndexRow, rows: list[IndexRow], uids: list[str], arc: str) -> bool:
        """Whether rows are like the first: told of all at once, because nearly all are."""
        said, last = first[1:], "\n".join([uid[len(arc) :] for uid in uids])
        return (
            # They are sorted: where the first and the last lie under the arc, all do.
            uids[0].startswith(arc)
            and uids[-1].startswith(arc)
            and max(map(len, uids)) <= MAX_LENGTH
            and self._known_here.isdisjoint(uids)
            and [row[1:] for row in rows].count(said) == len(rows)
            and last.count("\n") == len(uids) - 1
            and _LAST_COMPONENTS.fullmatch(last) is not None
        )

    def let_speak(self, uids: set[str]) -> None:
        """These instances are claims by themselves."""
        for each in self.series.values():
            own = [uid for uid in each.alike if uid in uids]
            if own:
                each.alike = [uid for uid in each.alike if uid not in uids]
                self.speaking += [each.speaker._replace(sop_instance_uid=uid) for uid in own]

    @property
    def alike(self) -> list[str]:
        return list(chain.from_iterable(each.alike for each in self.series.values()))


def record(
    registry: OpenRegistry,
    rows: Sequence[IndexRow],
    policy: Policy,
    named: str,
    *,
    context: str | None = None,
    unreadable: Sequence[Unreadable] = (),
    mark: Callable[[Act], None] | None = None,
    **counts: object,
) -> tuple[Assessment, Counter[Verdict]]:
    """Record one batch; what came of those that speak, and of those that are alike.

    ``named`` is the policy's name; ``unreadable`` are rows that say nothing. ``mark`` writes in the
    same transaction that the batch is done, and its entry tells the ``counts`` besides.
    """
    hopeful = True  # nobody has recorded the rows alike before: the ledger itself says if it isn't so

    def work(act: Act) -> tuple[Assessment, Counter[Verdict]]:
        nonlocal hopeful
        registry.require_key(act.connection)
        words, roots = Words(act.connection), load_roots(act.connection, act.roots_said)
        batch = _Batch(rows, roots)
        batch.let_speak(set(links.awaiting(act.connection, batch.alike)))
        assessment, known = _decided(
            act, words, roots, batch, hopeful, policy, registry.identity, context, unreadable
        )
        registering.write(act, words, assessment)
        new = {
            series: (each.speaker.sop_class_uid, fresh)
            for series, each in batch.series.items()
            if (fresh := [uid for uid in each.alike if uid not in known] if known else each.alike)
        }
        try:
            entered = enter_alike(act, words, new)
            act.flush()
        except UidCollision as error:
            hopeful = False
            raise LostRace from error
        alike = +Counter({Verdict.NEW: entered, Verdict.NOT_COMPARED: len(known)})
        if act.began_after is not None:  # else nobody else could write
            uids, ground = batch.alike, assessment.ground
            awaited = ground.awaited | {uid: set[int]() for uid in uids}
            confirm(act, replace(ground, uids=ground.uids.union(uids), awaited=awaited))
        if mark is not None:
            mark(act)
        act.commit(policy=named, **registering.told(assessment, alike, rows=len(rows), **counts))
        return assessment, alike

    return registry.perform("index:register", work)


def _decided(
    act: Act,
    words: Words,
    roots: Roots,
    batch: _Batch,
    hopeful: bool,
    policy: Policy,
    identity: Identity,
    context: str | None,
    unreadable: Sequence[Unreadable],
) -> tuple[Assessment, set[str]]:
    """What comes of those that speak, once nobody else has to; and which of the rows
    alike are in the ledger as they should be."""
    while True:
        readings: list[Reading] = [*map(_claim, batch.speaking), *unreadable]
        assessment = judge(
            act.connection,
            words,
            readings,
            roots,
            act.now,
            identity,
            gate=False,
            policy=policy,
            context=context,
        )
        speaking, known = _contradicted(assessment, batch), set[str]()
        if not speaking:
            known, speaking = _standing(act, words, assessment, batch, hopeful)
        if not speaking:
            return assessment, known
        batch.let_speak(speaking)


def _contradicted(assessment: Assessment, batch: _Batch) -> set[str]:
    """The rows alike of whose speaker there is something to be said."""
    about = {finding.uid for finding in assessment.findings}
    about |= {refused.uid for refused in assessment.decision.refused}
    about |= {
        claim.sop_instance_uid
        for claim, verdict in assessment.decision.verdicts
        if verdict is Verdict.COLLISION
    }
    return {
        uid for each in batch.series.values() if each.speaker.sop_instance_uid in about for uid in each.alike
    }


def _standing(
    act: Act, words: Words, assessment: Assessment, batch: _Batch, hopeful: bool
) -> tuple[set[str], set[str]]:
    """Of the rows alike, those that are in the ledger already: as they should be, and otherwise."""
    new = {
        claim.sop_instance_uid for claim, verdict in assessment.decision.verdicts if verdict is Verdict.NEW
    }
    looked_for = {
        series: each
        for series, each in batch.series.items()
        if each.alike and not (hopeful and each.speaker.sop_instance_uid in new)
    }
    knowledge = Knowledge(act.connection, words)
    knowledge.learn_places(uid for each in looked_for.values() for uid in each.alike)
    fine, otherwise = set[str](), set[str]()
    for series, each in looked_for.items():
        place = (series, each.speaker.study_instance_uid, each.speaker.sop_class_uid)
        for uid in each.alike:
            if (found := knowledge.standing.get(uid)) is None:
                continue
            same = place == (found.series_instance_uid, found.study_instance_uid, found.sop_class_uid)
            plain = found.kind is Kind.INSTANCE and found.origin is Origin.OBSERVED and not found.withdrawn
            (fine if same and plain else otherwise).add(uid)
    return fine, otherwise


def _earlier(row: IndexRow) -> tuple[Hidden | None, ...]:
    """What a row says under the keys before: whose it is."""
    if row.patient is None:
        return ()
    return tuple(patient and NOTHING._replace(patient=patient) for patient in row.earlier)


def _claim(row: IndexRow) -> ObjectClaim:
    """A row as a claim: an object, or a series, of which there is no file."""
    four = {
        "SOPClassUID": row.sop_class_uid,
        "SOPInstanceUID": row.sop_instance_uid,
        "StudyInstanceUID": row.study_instance_uid,
        "SeriesInstanceUID": row.series_instance_uid,
    }
    of_series = row.sop_instance_uid is None
    return ObjectClaim(
        sop_instance_uid=row.sop_instance_uid or None,
        sop_class_uid=row.sop_class_uid if row.sop_class_uid and is_key(row.sop_class_uid) else None,
        series_instance_uid=row.series_instance_uid or None,
        study_instance_uid=row.study_instance_uid or None,
        modality=code_string(row.modality or ""),
        bad_uids=tuple(
            BadUid(uid, keyword, keyword != "SOPClassUID")
            for keyword, uid in four.items()
            if uid and flaws(uid)
        ),
        missing=tuple(
            keyword
            for keyword, uid in four.items()
            if not uid and keyword != "SOPClassUID" and not (of_series and keyword == "SOPInstanceUID")
        ),
        patient=row.patient,
        of_series=of_series,
        meta=None,
        path=row.path,
        earlier=_earlier(row),
    )
