"""Judging a batch under every key that the registry has had.

What was recorded before a rotation of the key compares under the former key alone
(registry/epochs.py). So a batch is assessed under the present key, and under each
former one as far as it has to do with what was recorded in its time. What is found
is told together. Only what disagrees, or may disagree, under a former key is kept
under it; all the rest is recorded under the present one. Where a former key isn't on
this machine, nothing compares under it, and the assessment says of how many objects
that is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from registry.decision import Decision
from registry.records import Finding, ObjectClaim, Reading, Verdict
from registry.roots import Roots
from registry.rules.policy import PLAIN, Policy
from registry.rules.reference import is_explained
from registry.services import former
from registry.services.assessing import Assessment, Settled, assess
from registry.services.gathering import joined
from registry.services.weighing import weigh
from registry.store.session import Connection, Identity
from registry.store.words import Words


def judge(
    connection: Connection,
    words: Words,
    readings: Iterable[Reading],
    roots: Roots,
    now: datetime,
    identity: Identity,
    *,
    gate: bool,
    policy: Policy = PLAIN,
    context: str | None = None,
    destination: str | None = None,
    scope: str | None = None,
) -> Assessment:
    """Decide a batch against what the registry knows, and ask the rules of the policy about it.

    ``destination`` is where it is to go; None where nothing is to leave. ``scope`` is whose
    replacements the objects are said to be.
    """
    present, *earlier = identity.epochs(context)
    assessed = partial(
        assess,
        connection,
        words,
        roots=roots,
        now=now,
        gate=gate,
        policy=policy,
        destination=destination,
        scope=scope,
    )
    if not earlier:
        return assessed(readings, epoch=present)
    readings = list(readings)
    claims = [reading for reading in readings if isinstance(reading, ObjectClaim)]
    others = [reading for reading in readings if not isinstance(reading, ObjectClaim)]
    named = {uid for claim in claims for uid in former.named(claim)}
    formers = former.formers(connection, earlier, named)
    # By the oldest key that knows it, which alone keeps what it refuses.
    refused = {
        place: each.place
        for each in formers
        for place in former.contradicting(connection, words, each, claims)
    }
    linked, settled = former.linked(connection, formers, claims)
    own = _without(_linked(claims, linked, claims), refused)
    assessment = assessed([*own, *others], epoch=present, settled=settled)
    # Whom the rules were asked about besides may be older than anything in the batch.
    formers = former.formers(connection, earlier, named | assessment.ground.uids)
    awaited = {uid for uid, sets in assessment.ground.awaited.items() if sets}
    spoken_of = former.spoken_of(connection, formers, claims, awaited)
    besides, verdicts, missing = list[Assessment](), list[dict[int, Verdict]](), Counter[str]()
    for each in formers:
        if not each.known and not awaited and not spoken_of:
            continue
        seen = _linked([each.seen(claim, awaited, spoken_of) for claim in claims], linked, claims)
        seen = _without(seen, {place for place, by in refused.items() if by > each.place})
        said_before = Settled(former.settled(formers[each.place + 1 :], claims), settled.aliases)
        beside = assessed([*seen, *others], epoch=each.epoch, also=assessment.subjects, settled=said_before)
        besides.append(beside)
        verdicts.append(_verdicts(beside.decision, seen))
        if unread := sum(each.under(claim) is None and each.concerns(claim, awaited) for claim in claims):
            missing[identity.keys[each.epoch.number - 1].id] = unread
    if not besides:
        return assessment
    findings = _together([assessment, *besides])
    decision = _decision(assessment.decision, own, verdicts)
    return replace(
        assessment,
        findings=findings,
        decision=decision,
        weighed=weigh(connection, findings, decision, now),
        ground=assessment.ground.and_of(each.ground for each in besides),
        besides=besides,
        missing=missing,
    )


def _linked(
    seen: Sequence[ObjectClaim], places: set[int], claims: Sequence[ObjectClaim]
) -> list[ObjectClaim]:
    return [
        former.with_tokens(claim, claims[place]) if place in places else claim
        for place, claim in enumerate(seen)
    ]


def _without(claims: Sequence[ObjectClaim], places: Container[int]) -> list[ObjectClaim]:
    """The objects, some of them without what they contain."""
    return [
        replace(claim, content_digest=None, data_set_digest=None) if place in places else claim
        for place, claim in enumerate(claims)
    ]


def _verdicts(decision: Decision, claims: Sequence[ObjectClaim]) -> dict[int, Verdict]:
    """What was made of each object, by its place."""
    places = {id(claim): place for place, claim in enumerate(claims)}
    return {places[id(claim)]: verdict for claim, verdict in decision.verdicts}


def _decision(
    decision: Decision, claims: Sequence[ObjectClaim], further: Sequence[Mapping[int, Verdict]]
) -> Decision:
    """A decision with what all keys make of each object: one that tells something tells it for all."""
    places = {id(claim): place for place, claim in enumerate(claims)}
    verdicts = []
    for claim, verdict in decision.verdicts:
        every = {verdict, *(each[places[id(claim)]] for each in further)}
        telling = (each for each in (Verdict.COLLISION, Verdict.REPEAT) if each in every)
        verdicts.append((claim, next(telling, verdict)))
    return replace(decision, verdicts=verdicts)


def _together(each: Sequence[Assessment]) -> list[Finding]:
    """What was found under any key, once, but for what another key explains."""
    first, *further = (
        [f for f in one.findings if not any(is_explained(f, other.facts) for other in each)] for one in each
    )
    together = {_name(finding): finding for finding in reversed(first)}
    several = Counter(map(_name, first))
    new = list[Finding]()
    for finding in (finding for found in further for finding in found):
        name = _name(finding)
        if name not in together:
            new.append(finding)
            together[name] = finding
        elif several[name] < 2 and finding.facts != together[name].facts:
            together[name] = joined([together[name], finding])
    return [
        finding if several[_name(finding)] > 1 else together[_name(finding)] for finding in (*first, *new)
    ]


def _name(finding: Finding) -> tuple[object, ...]:
    return (finding.key, finding.kind, finding.path)
