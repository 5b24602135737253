"""Judging a batch under every key that the registry has had.

What was recorded before a rotation of the key compares under the former key alone
(registry/epochs.py). So a batch is assessed under the present key, and under each
former one as far as it has to do with what was recorded in its time: an object of a
study that is known since then is read under both. What is found is told together.
Only what disagrees under a former key is kept under it; all the rest is recorded
under the present one. Where a former key isn't on this machine, nothing compares
under it, and the assessment says of how many objects that is true.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from registry.epochs import Epoch
from registry.facts import encoding_of
from registry.records import NOTHING, Finding, Hidden, ObjectClaim, Patient, Reading, Verdict
from registry.roots import Roots
from registry.rules.policy import PLAIN, Policy
from registry.rules.reference import is_explained
from registry.services.assessing import Assessment, Settled, assess
from registry.services.gathering import joined
from registry.services.weighing import weigh
from registry.store.knowledge import Knowledge, joined_patients, known_tokens, older
from registry.store.session import Connection, Identity
from registry.store.words import Words
from registry.uid import is_own_key


@dataclass(frozen=True, slots=True)
class _Former:
    """The time of a former key, and what the batch has to do with it."""

    place: int  # among the keys before the present one, the newest first
    epoch: Epoch
    known: set[str]  # UIDs of the batch that were in the ledger before its end

    def under(self, claim: ObjectClaim) -> Hidden | None:
        """What an object says under this key; None where the key isn't here."""
        return claim.earlier[self.place] if claim.earlier else NOTHING

    def concerns(self, claim: ObjectClaim, awaited: AbstractSet[str]) -> bool:
        """Whether an object has to do with anything that was there before the end of this time, or
        that waited for it."""
        return any(uid in self.known for uid in _named(claim)) or not awaited.isdisjoint(claim.place)

    def joined(self, claim: ObjectClaim) -> tuple[Patient, ...]:
        """The patients that an object says are one, under this key."""
        hidden = self.under(claim)
        return (hidden.patient, *hidden.aliases) if hidden and hidden.patient and hidden.aliases else ()

    def seen(
        self, claim: ObjectClaim, awaited: AbstractSet[str], spoken_of: AbstractSet[bytes]
    ) -> ObjectClaim:
        """The object as it is compared under this key: with what is new since then it says nothing,
        unless something older waits for it, or it says of older patients that they are one."""
        hidden = self.under(claim)
        if hidden is None or not (
            self.concerns(claim, awaited) or any(patient.token in spoken_of for patient in self.joined(claim))
        ):
            return claim.hidden(NOTHING)
        if claim.place[0] not in self.known:
            hidden = hidden._replace(content_digest=None, data_set_digest=None)
        return claim.hidden(hidden)


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
) -> Assessment:
    """Decide a batch against what the registry knows, and ask the rules of the policy about it."""
    present, *earlier = identity.epochs(context)
    if not earlier:
        return assess(connection, words, readings, roots, now, gate=gate, policy=policy, epoch=present)
    readings = list(readings)
    claims = [reading for reading in readings if isinstance(reading, ObjectClaim)]
    others = [reading for reading in readings if not isinstance(reading, ObjectClaim)]
    formers = _formers(connection, earlier, {uid for claim in claims for uid in _named(claim)})
    refused = {place for former in formers for place in _contradicting(connection, words, former, claims)}
    linked, settled = _linked(connection, formers, claims)
    own = [
        _with_aliases(claim, _tokens(claim)) if place in linked else claim
        for place, claim in enumerate(claims)
    ]
    own = [
        replace(claim, content_digest=None, data_set_digest=None) if place in refused else claim
        for place, claim in enumerate(own)
    ]
    assessment = assess(
        connection,
        words,
        [*own, *others],
        roots,
        now,
        gate=gate,
        policy=policy,
        epoch=present,
        settled=settled,
    )
    formers = _formers(connection, earlier, assessment.ground.uids | {u for c in claims for u in _named(c)})
    awaited = {uid for uid, sets in assessment.ground.awaited.items() if sets}
    spoken_of = _spoken_of(connection, formers, claims, awaited)
    besides, verdicts, missing = list[Assessment](), list[dict[int, Verdict]](), Counter[str]()
    for former in formers:
        if not former.known and not awaited and not spoken_of:
            continue
        seen = [former.seen(claim, awaited, spoken_of) for claim in claims]
        seen = [
            _with_aliases(claim, _tokens(claims[place])) if place in linked else claim
            for place, claim in enumerate(seen)
        ]
        besides.append(
            assess(
                connection,
                words,
                [*seen, *others],
                roots,
                now,
                gate=gate,
                policy=policy,
                epoch=former.epoch,
                also=assessment.subjects,
                settled=Settled(_settled(formers[former.place + 1 :], claims), settled.aliases),
            )
        )
        verdicts.append(_verdicts(besides[-1], seen))
        unread = sum(former.under(claim) is None and former.concerns(claim, awaited) for claim in claims)
        if unread:
            missing[identity.keys[former.epoch.number - 1].id] = unread
    if not besides:
        return assessment
    first, *further = _unexplained([assessment, *besides])
    together = _together(first, (finding for each in further for finding in each))
    places = {id(claim): place for place, claim in enumerate(own)}
    decision = replace(
        assessment.decision,
        verdicts=[
            (claim, _verdict([verdict, *(each[places[id(claim)]] for each in verdicts)]))
            for claim, verdict in assessment.decision.verdicts
        ],
    )
    return replace(
        assessment,
        findings=together,
        decision=decision,
        weighed=weigh(connection, together, decision, now),
        ground=assessment.ground.and_of(each.ground for each in besides),
        besides=besides,
        missing=missing,
    )


def _named(claim: ObjectClaim) -> Iterable[str]:
    """The UIDs of an object by which it has to do with others."""
    yield from (uid for _, uid in claim.identities)
    for target in claim.references:
        yield from (
            uid for uid in (target.target, target.series_instance_uid, target.study_instance_uid) if uid
        )


def _tokens(claim: ObjectClaim) -> list[Patient]:
    """The patient of an object, under every key that is here."""
    patients = (claim.patient, *(hidden.patient for hidden in claim.earlier if hidden))
    return [patient for patient in patients if patient]


def _with_aliases(claim: ObjectClaim, patients: Iterable[Patient]) -> ObjectClaim:
    """The object, with its patient's tokens under other keys as further IDs of that patient: so
    who is one person under one key is so under the other. Of others no two tokens are linked."""
    if claim.patient is None:
        return claim
    return replace(claim, aliases=(*claim.aliases, *(each for each in patients if each != claim.patient)))


def _formers(connection: Connection, epochs: Sequence[Epoch], uids: Iterable[str]) -> list[_Former]:
    known = older(connection, (uid for uid in uids if is_own_key(uid)), epochs[0].until or 0)
    return [
        _Former(place, epoch, {uid for uid, entry in known.items() if entry < (epoch.until or 0)})
        for place, epoch in enumerate(epochs)
    ]


def _contradicting(
    connection: Connection, words: Words, former: _Former, claims: Sequence[ObjectClaim]
) -> list[int]:
    """Which objects have another content than the one that their instance stands for under a
    former key: under the present one that must not stand for it."""
    asked = {
        place: hidden.content_digest
        for place, claim in enumerate(claims)
        if claim.place[0] in former.known and (hidden := former.under(claim)) and hidden.content_digest
    }
    if not asked:
        return []
    knowledge = Knowledge(connection, words, former.epoch)
    knowledge.learn(uid for place in asked if (uid := claims[place].place[0]))
    found = []
    for place, digest in asked.items():
        standing = knowledge.standing.get(claims[place].place[0] or "")
        contents = standing.contents.get(encoding_of(claims[place].transfer_syntax_uid)) if standing else None
        if contents and contents[0] != digest:
            found.append(place)
    return found


def _linked(
    connection: Connection, formers: Sequence[_Former], claims: Sequence[ObjectClaim]
) -> tuple[set[int], Settled]:
    """The places of the objects whose patient has several IDs, as far as anything says; and what
    of a batch is no news, because a former key has said it."""
    views = [
        [(c.patient, c.aliases), *((h.patient, h.aliases) for f in formers if (h := f.under(c)))]
        for c in claims
    ]
    said = [[{frozenset((p, alias)) for alias in aliases if p} for p, aliases in each] for each in views]
    tokens = {patient.token for each in views for patient, _ in each if patient}
    before = joined_patients(connection, tokens)
    several = {p.token for pair in before.union(*(pairs for each in said for pairs in each)) for p in pair}
    places = {
        place
        for place, each in enumerate(views)
        if len(each) > 1 and any(patient and patient.token in several for patient, _ in each)
    }
    settled = {
        frozenset((own, patient))
        for place in places
        for own in [views[place][0][0]]
        for patient, _ in views[place][1:]
        if patient and own
    }
    for present, *former in said:
        if any(pairs and pairs <= before for pairs in former):
            settled |= present
    return places, Settled(_settled(formers, claims), settled)


def _settled(formers: Sequence[_Former], claims: Sequence[ObjectClaim]) -> set[str]:
    """The studies whose patients some former keys know."""
    return {
        study
        for claim in claims
        for former in formers
        if (study := claim.place[2]) and study in former.known and former.under(claim)
    }


def _spoken_of(
    connection: Connection,
    formers: Sequence[_Former],
    claims: Sequence[ObjectClaim],
    awaited: AbstractSet[str],
) -> set[bytes]:
    """The tokens of patients of whom something is, or is now, recorded under a former key."""
    joined = [each for former in formers for claim in claims if (each := former.joined(claim))]
    tokens = {patient.token for each in joined for patient in each}
    found = known_tokens(connection, tokens)
    found |= {
        hidden.patient.token
        for former in formers
        for claim in claims
        if former.concerns(claim, awaited) and (hidden := former.under(claim)) and hidden.patient
    }
    while grown := {p.token for each in joined if any(p.token in found for p in each) for p in each} - found:
        found |= grown
    return found


def _verdicts(assessment: Assessment, claims: Sequence[ObjectClaim]) -> dict[int, Verdict]:
    """What was made of each object, by its place."""
    places = {id(claim): place for place, claim in enumerate(claims)}
    return {places[id(claim)]: verdict for claim, verdict in assessment.decision.verdicts}


def _verdict(each: Sequence[Verdict]) -> Verdict:
    """What several keys make of an object: one that tells something tells it for all."""
    for verdict in (Verdict.COLLISION, Verdict.REPEAT):
        if verdict in each:
            return verdict
    return each[0]


def _unexplained(each: Sequence[Assessment]) -> list[list[Finding]]:
    """What each found, but for what another key explains."""
    return [
        [f for f in one.findings if not any(is_explained(f, other.facts) for other in each)] for one in each
    ]


def _together(found: Sequence[Finding], further: Iterable[Finding]) -> list[Finding]:
    """Findings, and those of former keys that aren't among them; what both saw is told once."""
    together = {(finding.key, finding.kind, finding.path): finding for finding in reversed(found)}
    several = Counter((finding.key, finding.kind, finding.path) for finding in found)
    new, changed = list[Finding](), dict[object, Finding]()
    for finding in further:
        name = (finding.key, finding.kind, finding.path)
        if name not in together:
            together[name] = finding
            new.append(finding)
        elif several[name] < 2 and finding.facts != together[name].facts:
            together[name] = changed[name] = joined([together[name], finding])
    return [changed.get((f.key, f.kind, f.path), f) for f in (*found, *new)]
