"""What a batch has to do with what was recorded under a former key.

An object of a study that is known since that key's time is compared under it; with
what is new since then an object says nothing under it, so that nothing about new
things is ever hidden under an old key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from registry.epochs import Epoch
from registry.facts import encoding_of
from registry.records import NOTHING, Hidden, Level, ObjectClaim, Patient
from registry.services.assessing import Settled
from registry.store.knowledge import Knowledge, joined_patients, known_tokens, older
from registry.store.session import Connection
from registry.store.words import Words
from registry.uid import is_own_key


@dataclass(frozen=True, slots=True)
class Former:
    """The time of a former key, and what a batch has to do with it."""

    place: int  # among the keys before the present one, the newest first
    epoch: Epoch
    known: set[str]  # UIDs of the batch that were in the ledger before its end

    def under(self, claim: ObjectClaim) -> Hidden | None:
        """What an object says under this key; None where the key isn't here."""
        return claim.earlier[self.place] if claim.earlier else NOTHING

    def concerns(self, claim: ObjectClaim, awaited: AbstractSet[str]) -> bool:
        """Whether an object has to do with anything that was there before the end of this time, or
        that waited for it."""
        return any(uid in self.known for uid in named(claim)) or not awaited.isdisjoint(claim.place)

    def joined(self, claim: ObjectClaim) -> tuple[Patient, ...]:
        """The patients that an object says are one, under this key."""
        hidden = self.under(claim)
        return (hidden.patient, *hidden.aliases) if hidden and hidden.patient and hidden.aliases else ()

    def seen(
        self, claim: ObjectClaim, awaited: AbstractSet[str], spoken_of: AbstractSet[bytes]
    ) -> ObjectClaim:
        """The object as it is compared under this key: with what is new since then it says nothing,
        unless it says of older patients that they are one."""
        hidden = self.under(claim)
        if hidden is None or not (
            self.concerns(claim, awaited) or any(patient.token in spoken_of for patient in self.joined(claim))
        ):
            return claim.hidden(NOTHING)
        if claim.place[0] not in self.known:
            hidden = hidden._replace(content_digest=None, data_set_digest=None)
        subjects = {Level.STUDY: claim.place[2], Level.SERIES: claim.place[1]}
        old = [
            level
            for level in hidden.fingerprints
            if (uid := subjects.get(level)) is None or uid in self.known
        ]
        return claim.hidden(
            hidden._replace(fingerprints={level: hidden.fingerprints[level] for level in old})
        )


def named(claim: ObjectClaim) -> Iterator[str]:
    """The UIDs of an object by which it has to do with others."""
    yield from (uid for _, uid in claim.identities)
    for each in claim.references:
        yield from (uid for uid in (each.target, each.series_instance_uid, each.study_instance_uid) if uid)


def formers(connection: Connection, epochs: Sequence[Epoch], uids: Iterable[str]) -> list[Former]:
    """The former keys, the newest first, as far as some UIDs were there in their time."""
    known = older(connection, (uid for uid in uids if is_own_key(uid)), epochs[0].until or 0)
    return [
        Former(place, epoch, {uid for uid, entry in known.items() if entry < (epoch.until or 0)})
        for place, epoch in enumerate(epochs)
    ]


def contradicting(
    connection: Connection, words: Words, former: Former, claims: Sequence[ObjectClaim]
) -> Iterator[int]:
    """The places of objects with another content than the one that their instance stands for
    under a former key: under the present one theirs must not stand for it."""
    asked = {
        place: hidden.content_digest
        for place, claim in enumerate(claims)
        if claim.place[0] in former.known and (hidden := former.under(claim)) and hidden.content_digest
    }
    if not asked:
        return
    knowledge = Knowledge(connection, words, former.epoch)
    knowledge.learn(uid for place in asked if (uid := claims[place].place[0]))
    for place, digest in asked.items():
        standing = knowledge.standing.get(claims[place].place[0] or "")
        contents = standing.contents.get(encoding_of(claims[place].transfer_syntax_uid)) if standing else None
        if contents and contents[0] != digest:
            yield place


def linked(
    connection: Connection, known: Sequence[Former], claims: Sequence[ObjectClaim]
) -> tuple[set[int], Settled]:
    """The places of the objects whose patient has several IDs, as far as anything says; and what
    of a batch is no news, because a former key has said it."""
    views = [
        [(c.patient, c.aliases), *((h.patient, h.aliases) for f in known if (h := f.under(c)))]
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
    no_news = {
        frozenset((own, patient))
        for place in places
        for own in [views[place][0][0]]
        for patient, _ in views[place][1:]
        if patient and own
    }
    for present, *before_it in said:
        if any(pairs and pairs <= before for pairs in before_it):
            no_news |= present
    return places, Settled(settled(known, claims), no_news)


def settled(known: Sequence[Former], claims: Sequence[ObjectClaim]) -> set[str]:
    """The studies whose patients some former keys know."""
    return {
        study
        for claim in claims
        for former in known
        if (study := claim.place[2]) and study in former.known and former.under(claim)
    }


def with_tokens(claim: ObjectClaim, whole: ObjectClaim) -> ObjectClaim:
    """An object, with its patient's tokens under all keys that are here as further IDs of that
    patient: so who is one person under one key is so under the others. Only tokens of patients
    with several IDs are ever linked."""
    if claim.patient is None:
        return claim
    all_of = (whole.patient, *(hidden.patient for hidden in whole.earlier if hidden))
    others = (patient for patient in all_of if patient and patient != claim.patient)
    return replace(claim, aliases=(*claim.aliases, *others))


def spoken_of(
    connection: Connection,
    known: Sequence[Former],
    claims: Sequence[ObjectClaim],
    awaited: AbstractSet[str],
) -> set[bytes]:
    """The tokens of patients of whom something is, or is now, recorded under a former key."""
    joined = [each for former in known for claim in claims if (each := former.joined(claim))]
    found = known_tokens(connection, {patient.token for each in joined for patient in each})
    found |= {
        hidden.patient.token
        for former in known
        for claim in claims
        if former.concerns(claim, awaited) and (hidden := former.under(claim)) and hidden.patient
    }
    while grown := {p.token for each in joined if any(p.token in found for p in each) for p in each} - found:
        found |= grown
    return found
