"""Assessing a batch of readings: what is decided, and what the rules find.

``register`` and ``check`` both do exactly this; the one writes what comes of it,
the other doesn't.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from registry.decision import Decision, decide
from registry.epochs import ALWAYS, Epoch
from registry.facts import PATIENT_KINDS, Facts, SeriesFacts
from registry.records import (
    Finding,
    Kind,
    Mark,
    ObjectClaim,
    Patient,
    Reading,
    Reference,
    Unreadable,
    in_order,
    speakers,
)
from registry.roots import Roots
from registry.rules import ask
from registry.rules.base import Rule, Scope
from registry.rules.issuer import beginnings
from registry.rules.policy import PLAIN, Policy
from registry.rules.subjects import Subjects
from registry.services.batchview import BatchView
from registry.services.gathering import gathered
from registry.services.weighing import Weighed, weigh
from registry.store import links
from registry.store.concurrent import Ground
from registry.store.exports import sent_before
from registry.store.findings import open_subjects
from registry.store.knowledge import Knowledge
from registry.store.links import referring_instances_of, series_in
from registry.store.scoped import scoped
from registry.store.session import Connection
from registry.store.words import Words
from registry.uid import canonical, is_key


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a batch comes to."""

    decision: Decision
    findings: list[Finding]  # all that the rules found
    weighed: Weighed  # the same, as they are to be told
    subjects: Subjects
    facts: Facts
    moved: Mapping[str, set[str]]  # known instances -> further series that they are claimed in
    reached: Sequence[tuple[int, list[Reference]]]  # the reference sets that name one of them
    ground: Ground  # what all of it rests on
    rules: Sequence[Rule]  # that were asked
    epoch: Epoch = ALWAYS  # within which contents and patients were compared
    besides: Sequence[Assessment] = ()  # the same batch, as it compares under former keys
    missing: Mapping[str, int] = field(default_factory=dict)  # former keys that aren't here -> objects


class Settled(NamedTuple):
    """What a batch says for the first time under a key, and was said under a former one."""

    studies: AbstractSet[str]  # whose patients
    aliases: AbstractSet[frozenset[Patient]]


NOTHING_SETTLED = Settled(frozenset(), frozenset())


def assess(
    connection: Connection,
    words: Words,
    readings: Iterable[Reading],
    roots: Roots,
    now: datetime,
    *,
    gate: bool,
    policy: Policy = PLAIN,
    epoch: Epoch = ALWAYS,
    also: Subjects | None = None,
    settled: Settled = NOTHING_SETTLED,
    destination: str | None = None,
    scope: str | None = None,
) -> Assessment:
    """Decide a batch against what the registry knows, and ask the rules of the policy about it.

    What is hidden is compared under the key of one ``epoch``. ``also`` is what the rules are
    asked about besides another assessment of the batch, so that what files show by themselves
    isn't asked again; ``settled`` is what is no news. ``destination`` is where the batch is to
    go; None where nothing is to leave. ``scope`` is whose replacements the objects, which say all
    UIDs that are in them, are said to be. Services ask ``judging.judge``, which knows every key.
    """
    readings = list(readings)
    claims = [reading for reading in readings if isinstance(reading, ObjectClaim)]
    codes = {rule.code for rule in policy.rules}
    knowledge = Knowledge(connection, words, epoch)
    speaking = speakers(claims)
    knowledge.learn(_named(claims, speaking))
    if "UID206" in codes:
        knowledge.learn(base for c in claims for _, uid in c.identities for base in beginnings(uid, roots))
    knowledge.learn_attributes(speaking)
    subjects = _subjects(claims, speaking)
    if roots.any_enforced or roots.any_retired:
        knowledge.learn_generated(uid for uid in subjects.uids if roots.of(uid))
    subjects.unreadable = [reading for reading in readings if isinstance(reading, Unreadable)]
    batch = subjects.instances | subjects.series
    news = _News(knowledge.facts, subjects, settled)
    for claim in speaking:
        knowledge.facts.add_setting(claim)
    for claim in claims:
        knowledge.facts.add_instance(claim)
    if any(rule.labels for rule in policy.rules):
        _add_labels(knowledge, claims)
    knowledge.learn_aliases({p.token for c in speaking if c.patient for p in (c.patient, *c.aliases)})
    news.compare(knowledge.facts)
    decision = decide(claims, knowledge.standing, knowledge.facts)
    if also is not None:
        _add_others(knowledge, subjects, also)
    reached, awaited = _reach(connection, knowledge, subjects, news)
    if "UID310" in codes:
        _add_frames(knowledge, subjects, news)
    sent = None
    if destination is not None:
        instances = (knowledge.facts.instances[uid] for uid in subjects.instances)
        targets = {reference.target for each in instances for reference in each.references}
        sent = sent_before(connection, destination, targets - batch)
    said = None
    if scope is not None:
        named = {each.uid for claim in claims for each in claim.named}
        said = scoped(connection, words, scope, named, subjects.instances)
    view = BatchView(knowledge, roots, now, gate, batch, policy, sent, said)
    rules = policy.rules if also is None else [r for r in policy.rules if r.scope is Scope.REGISTRY]
    findings = gathered(ask(rules, subjects, view))
    weighed = weigh(connection, findings, decision, now)
    ground = Ground(
        knowledge.learned,
        awaited,
        everything=bool(news.changed_studies or news.new_aliases or news.registrations),
        subjects=knowledge.described,
    )
    return Assessment(
        decision,
        findings,
        weighed,
        subjects,
        knowledge.facts,
        news.moved,
        reached,
        ground,
        policy.rules,
        epoch,
    )


def _add_others(knowledge: Knowledge, subjects: Subjects, also: Subjects) -> None:
    """Ask about what another assessment of the same batch reached, too."""
    for mine, others in (
        (subjects.instances, also.instances),
        (subjects.series, also.series),
        (subjects.studies, also.studies),
        (subjects.shared, also.shared),
    ):
        knowledge.learn(others - mine)
        mine.update(others)


def _named(claims: Iterable[ObjectClaim], speaking: Iterable[ObjectClaim]) -> Iterator[str]:
    """Every UID in a batch that the registry may know something of."""
    yield from (instance for claim in claims if (instance := claim.place[0]))
    yield from {uid for claim in speaking for _, uid in claim.identities}
    for bad in {bad for claim in claims for bad in claim.bad_uids}:
        if is_key(plain := canonical(bad.text)):
            yield plain


def _add_labels(knowledge: Knowledge, claims: Iterable[ObjectClaim]) -> None:
    """Let labels speak: those of the batch, and what is remembered where they are."""
    scopes = {
        uid for claim in claims for uid in (*claim.place, *(label.scope for label in claim.labels)) if uid
    }
    knowledge.learn_labels(scopes)
    for claim in claims:
        knowledge.facts.label(claim)
    # The series that look like those of the batch are counted by their instances.
    looks = (found for (_, mark), found in knowledge.facts.labels.items() if mark is Mark.SERIES_LOOK)
    alike = {uid for found in looks for uids in found.values() for uid in uids}
    knowledge.learn_labels(alike - scopes)


def _add_frames(knowledge: Knowledge, subjects: Subjects, news: _News) -> None:
    """Learn which series are in the frames of reference of the batch, and of series that moved."""
    series = knowledge.facts.series
    frames = {uid for uid in subjects.shared if Kind.FRAME_OF_REFERENCE in knowledge.facts.kinds[uid]}
    frames |= {
        appearance.frame_of_reference_uid
        for uid in news.changed_series
        for appearance in series[uid].appearances
        if appearance.frame_of_reference_uid
    }
    knowledge.learn(frames)
    knowledge.learn_frames(frames)
    subjects.shared |= frames


def _subjects(claims: Sequence[ObjectClaim], speaking: list[ObjectClaim]) -> Subjects:
    """What a batch says something of; the claims that speak say all of it but the instances."""
    instances = {uid for claim in claims if (uid := claim.place[0]) is not None}
    subjects = Subjects(in_order(claims), speaking, instances=instances)
    subjects.uids |= subjects.instances
    for claim in speaking:
        _, series, study = claim.place
        for uid, group in ((series, subjects.series), (study, subjects.studies)):
            if uid is not None:
                group.add(uid)
        if claim.patient is not None:
            subjects.patients.add(claim.patient._replace(issuer=b""))
        for kind, uid in claim.identities:
            subjects.uids.add(uid)
            if kind in PATIENT_KINDS:
                subjects.shared.add(uid)
    return subjects


@dataclass(slots=True)
class _News:
    """What a batch says of UIDs that were known before: objects that refer to them
    must be looked at again."""

    facts: Facts
    subjects: Subjects
    settled: Settled = NOTHING_SETTLED
    moved: dict[str, set[str]] = field(default_factory=dict)  # instances in further series
    left: set[str] = field(default_factory=set)  # the series that those were known in
    changed_series: set[str] = field(default_factory=set)
    changed_studies: set[str] = field(default_factory=set)
    new_aliases: set[Patient] = field(default_factory=set)
    registrations: bool = False  # frames of reference were joined
    _series: dict[str, set[str]] = field(init=False)
    _described: dict[str, tuple[int, int, int]] = field(init=False)
    _patients: dict[str, int] = field(init=False)
    _aliases: set[frozenset[Patient]] = field(init=False)

    def __post_init__(self) -> None:
        instances, series, patients = self.facts.instances, self.facts.series, self.facts.patients
        self._series = {uid: instances[uid].series for uid in self.subjects.instances if uid in instances}
        self._described = {uid: _described(series[uid]) for uid in self.subjects.series if uid in series}
        self._patients = {uid: len(patients[uid]) for uid in self.subjects.studies if uid in self.facts.kinds}
        self._aliases = set(self.facts.aliases)

    def compare(self, facts: Facts) -> None:
        for uid, before in self._series.items():
            if before and (further := facts.instances[uid].series - before):
                self.moved[uid] = further
                self.left |= before
        self.changed_series = {
            uid for uid, before in self._described.items() if _described(facts.series[uid]) != before
        }
        self.changed_studies = {
            uid
            for uid, before in self._patients.items()
            if len(facts.patients[uid]) > before and (before or uid not in self.settled.studies)
        }
        new = facts.aliases - self._aliases - self.settled.aliases
        self.new_aliases = {patient for pair in new for patient in pair}
        self.registrations = bool(facts.registered)


def _described(series: SeriesFacts) -> tuple[int, int, int]:
    frames = {appearance.frame_of_reference_uid for appearance in series.appearances}
    return len(series.studies), len(series.sop_classes), len(frames - {None})


_PATIENT_RULES = frozenset({"UID306", "UID309", "UID311", "UID507"})


def _reach(
    connection: Connection, knowledge: Knowledge, subjects: Subjects, news: _News
) -> tuple[list[tuple[int, list[Reference]]], dict[str, set[int]]]:
    """Add to the subjects what the batch says something new about without naming it,
    and learn all that rules ask about references.

    Returns the reference sets that name an instance which is claimed in a further series,
    and for each UID of the batch the sets that waited for it.
    """
    facts = knowledge.facts
    own = subjects.instances | subjects.series
    waiting = links.awaiting(connection, own)
    sets = {number for numbers in waiting.values() for number in numbers}
    citing = links.leading_to(
        connection, news.changed_series | news.left | series_in(connection, news.changed_studies)
    )
    dependents = links.referring(connection, sets | citing)
    dependents |= referring_instances_of(connection, news.changed_studies)
    if news.new_aliases:
        concerned = open_subjects(connection, _PATIENT_RULES)
        knowledge.learn(concerned)
        dependents |= {uid for uid in concerned if Kind.INSTANCE in facts.kinds[uid]}
        subjects.studies |= {uid for uid in concerned if Kind.STUDY in facts.kinds[uid]}
        subjects.shared |= {uid for uid in concerned if not facts.kinds[uid].isdisjoint(PATIENT_KINDS)}
    if news.registrations:
        dependents |= open_subjects(connection, {"UID505"})
    knowledge.learn(dependents)
    subjects.instances |= {uid for uid in dependents if Kind.INSTANCE in facts.kinds[uid]}
    learn_around(knowledge, subjects)
    reached = [
        (number, references)
        for number, references in knowledge.reference_sets(citing if news.moved else ())
        if any(reference.target in news.moved for reference in references)
    ]
    return reached, {uid: waiting.get(uid, set()) for uid in own}


def learn_around(knowledge: Knowledge, subjects: Subjects) -> None:
    """Learn all that rules ask about what the instances among the subjects refer to."""
    facts = knowledge.facts
    knowledge.learn_references(subjects.instances)
    knowledge.learn_traits(subjects.instances)
    placed = [known for uid in subjects.instances if (known := facts.instances[uid]).frames]
    knowledge.learn_registrations(frame for known in placed for frame in known.frames)
    referring = [known for uid in subjects.instances if (known := facts.instances[uid]).references]
    named = {reference for known in referring for reference in known.references}
    knowledge.learn(
        uid for reference in named for uid in (reference.target, reference.study_instance_uid) if uid
    )
    targets = {reference.target for reference in named}
    # UID505 asks in which frames of reference the series of the sources are.
    sources = {reference.target for known in placed for reference in known.references}
    knowledge.learn(
        series for uid in sources if uid in facts.instances for series in facts.instances[uid].series
    )
    knowledge.learn(
        study
        for uid in targets | subjects.instances
        for known in (facts.instances.get(uid), facts.series.get(uid))
        if known is not None
        for study in known.studies
    )
