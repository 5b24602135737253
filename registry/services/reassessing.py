"""Asking the rules again, about what somebody has just decided otherwise.

What a decision explains is no longer found, so its findings are cleared in the
same act; what it contradicts may be found now.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from registry.epochs import Epoch
from registry.facts import PATIENT_KINDS, Facts
from registry.records import Finding, Kind
from registry.rules import RULES, ask
from registry.rules.base import Scope, Subject
from registry.rules.reference import is_explained
from registry.rules.subjects import Subjects
from registry.services.assessing import learn_around
from registry.services.batchview import BatchView
from registry.services.gathering import joined
from registry.store import findings
from registry.store.act import Act
from registry.store.concurrent import Ground
from registry.store.findings import open_about
from registry.store.knowledge import Knowledge
from registry.store.roots import load_roots
from registry.store.session import Connection
from registry.store.words import Words

_OF_A_FILE = (Subject.CLAIM, Subject.UNREADABLE)
_OF_A_BATCH = "UID408"  # it counts what is beside the series that it is asked about
_RULES = tuple(
    rule
    for rule in RULES
    if rule.scope is Scope.REGISTRY and rule.subject not in _OF_A_FILE and rule.code != _OF_A_BATCH
)

RETRACTABLE = frozenset(rule.code for rule in _RULES if rule.retractable)


@dataclass(frozen=True, slots=True)
class Reassessment:
    """What came of asking again."""

    cleared: tuple[str, ...]  # the codes of findings that went, each as often as it did
    found: tuple[str, ...]  # and of those that came
    ground: Ground


def ask_again(
    act: Act, words: Words, uids: Collection[str], codes: Collection[str], epochs: Sequence[Epoch]
) -> Reassessment:
    """Look at some UIDs as they stand now, and keep what is found; findings with these
    ``codes`` that aren't found any more are cleared.

    In the clinical context, under each key by itself (``epochs``): what was found of copies in
    another context stays as it is.
    """
    connection = act.connection
    asked = [rule for rule in _RULES if rule.code in codes]
    before = {(f.code, f.uid, f.counterpart): f for f in open_about(connection, uids) if f.context is None}
    each: list[tuple[Facts, dict[tuple[str, str | None, str | None], Finding]]] = []
    found: dict[tuple[str, str | None, str | None], Finding] = {}
    learned = frozenset[str]()
    roots = load_roots(connection, act.roots_said)
    for epoch in epochs:
        knowledge, subjects = _learned(connection, words, uids, epoch)
        view = BatchView(knowledge, roots, act.now, gate=False, batch=frozenset())
        learned |= knowledge.learned
        each.append((knowledge.facts, {finding.key: finding for finding in ask(asked, subjects, view)}))
    for _, own in each:
        for key, finding in own.items():
            if not any(is_explained(finding, facts) for facts, _ in each):
                found[key] = joined([found[key], finding]) if key in found else finding
    news = [
        finding
        for key, finding in found.items()
        if key not in before
        or before[key].severity != finding.severity
        or before[key].message != finding.message
    ]
    gone = [key for key in before if key[0] in codes and key not in found]
    findings.retract(act, gone)
    findings.save(act, news, {})
    came = [key[0] for key in found if key not in before]
    return Reassessment(tuple(sorted(key[0] for key in gone)), tuple(sorted(came)), Ground(learned))


def _learned(
    connection: Connection, words: Words, uids: Collection[str], epoch: Epoch
) -> tuple[Knowledge, Subjects]:
    """What is known of some UIDs and around them, as far as it compares under one key."""
    knowledge = Knowledge(connection, words, epoch)
    knowledge.learn(uids)
    subjects, kinds = Subjects(uids=set(uids)), knowledge.facts.kinds
    for uid in uids:
        for kind, group in (
            (Kind.INSTANCE, subjects.instances),
            (Kind.SERIES, subjects.series),
            (Kind.STUDY, subjects.studies),
        ):
            if kind in kinds[uid]:
                group.add(uid)
        if not PATIENT_KINDS.isdisjoint(kinds[uid]):
            subjects.shared.add(uid)
    learn_around(knowledge, subjects)
    knowledge.learn_labels(uids)
    return knowledge, subjects
