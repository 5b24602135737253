"""Patients: somebody says that Patient IDs are one person's, or that they aren't.

An ID is hashed as the reader hashes it, and nothing else of it is kept, told or
logged: entries and answers hold counts. Which findings that explains, or brings,
is looked at in the same act.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from registry.dicomfile.tokens import token
from registry.errors import BadRequest
from registry.facts import Facts
from registry.records import Patient
from registry.services.opening import OpenRegistry
from registry.services.reassessing import ask_again
from registry.store import links, patients
from registry.store.act import Act
from registry.store.concurrent import Ground, confirm
from registry.store.knowledge import Knowledge
from registry.store.words import Words

MOST = 200
"""IDs in one call at most: each is said of each other."""

CODES = frozenset({"UID306", "UID309", "UID311", "UID314", "UID507"})
"""The rules that ask who is one person."""

_BLANK = " \0\r\n"


@dataclass(frozen=True, slots=True)
class Said:
    """What came of saying who is one person. Counts alone: no ID."""

    same: bool
    ids: int
    unknown: int  # of which the registry had never heard
    linked: int  # pairs that were parted, and that a third ID still leads between
    cleared: tuple[str, ...]
    found: tuple[str, ...]
    entry: int
    missing_keys: tuple[str, ...] = ()  # former keys under which nothing could be said


def parse_lines(lines: Iterable[str]) -> list[tuple[str, str]]:
    """Patient ID and issuer of each line, the issuer behind a tab and empty where there is none.

    Raises ``BadRequest``, which names a bad line by its number alone.
    """
    found = []
    for number, line in enumerate(lines, 1):
        patient_id, _, issuer = line.strip("\r\n").partition("\t")
        if not line.strip():
            continue
        if not patient_id.strip(_BLANK) or "\t" in issuer:
            raise BadRequest(
                f"line {number} isn't a Patient ID", advice="Write ID, or ID, a tab, and its issuer."
            )
        found.append((patient_id.strip(_BLANK), issuer.strip(_BLANK)))
    return found


def say(
    registry: OpenRegistry, given: Iterable[tuple[str, str]], *, same: bool, reason: str | None = None
) -> Said:
    """Record that Patient IDs, each with its issuer or an empty text, are one person's, or none another's."""
    actor = registry.settings.named_actor()
    ids = {(patient_id.strip(_BLANK), issuer.strip(_BLANK)) for patient_id, issuer in given}
    if not 2 <= len(ids) <= MOST:
        raise BadRequest(
            f"{len(ids)} different Patient IDs were given; from 2 to {MOST} are needed",
            advice="One a line on standard input: `uid-registry patient merge - < ids.txt`.",
        )
    keys = registry.reader_keys
    # Under every key: what was recorded under a former one is theirs too.
    under = [_under(key.fingerprint, ids) for key in (keys, *keys.earlier) if key is not None]
    missing = tuple(
        known.id
        for known, key in zip(registry.identity.keys[-2::-1], keys.earlier, strict=True)
        if key is None
    )

    def work(act: Act) -> Said:
        registry.require_key(act.connection)
        heard = [[bool(patients.known_of(act.connection, [each[i]])) for i in sorted(ids)] for each in under]
        known = sum(map(any, zip(*heard, strict=True)))
        for each in under:
            patients.say(act, set(each.values()), same=same)
        words = Words(act.connection)
        knowledge = Knowledge(act.connection, words)
        tokens = {patient.token for each in under for patient in each.values()}
        knowledge.learn_aliases(tokens)
        facts = knowledge.facts
        reached = {patient.token for pair in facts.aliases | facts.parted for patient in pair}
        again = ask_again(act, words, _concerned(act, tokens | reached), CODES, registry.epochs(None))
        pairs = combinations(sorted(ids), 2)
        linked = 0 if same else sum(_linked(facts, under, *pair) for pair in pairs)
        if reason and reason.strip():
            act.note(reason)
        confirm(act, Ground(again.ground.uids, everything=True))
        counts = {"ids": len(ids), "unknown": len(ids) - known, "linked": linked}
        unread = {"missing_keys": sorted(missing)} if missing else {}
        act.commit(**counts, cleared=len(again.cleared), found=len(again.found), **unread)
        return Said(
            same=same,
            **counts,
            cleared=again.cleared,
            found=again.found,
            entry=act.entry,
            missing_keys=missing,
        )

    return registry.perform(f"patient:{'merge' if same else 'split'}", work, actor=actor)


def _under(key: bytes, ids: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Patient]:
    """The patients with some IDs, as the reader knows them under a key."""
    return {
        (one, issuer): Patient(token(one, key), token(issuer, key) if issuer else b"") for one, issuer in ids
    }


def _linked(
    facts: Facts,
    under: Iterable[Mapping[tuple[str, str], Patient]],
    one: tuple[str, str],
    other: tuple[str, str],
) -> bool:
    """Whether IDs lead from one to another, under any key."""
    return any(facts.linked(each[one], each[other]) for each in under)


def _concerned(act: Act, tokens: set[bytes]) -> set[str]:
    """What the patients with these IDs own, and what refers to it or from it."""
    connection = act.connection
    owned = patients.owned_by(connection, tokens)
    referring = links.referring(connection, links.leading_to(connection, links.series_in(connection, owned)))
    return owned | referring | links.referring_instances_of(connection, owned)
