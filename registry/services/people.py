"""Whose a UID is: all that is one person's, from a Patient ID or an Accession Number.

The registry holds neither, only keyed fingerprints; what is asked for is hashed as
the reader hashes it and compared. Nothing of it is kept, told or logged; that
somebody asked is in the trail, with a count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from registry.dicomfile.tokens import token
from registry.epochs import Epoch
from registry.errors import BadRequest
from registry.fingerprint import KEYWORDS, value_at
from registry.records import Level, Patient
from registry.services.accounting import account
from registry.services.opening import OpenRegistry
from registry.services.patients import parse_lines
from registry.store import patients
from registry.store.fingerprinted import of_studies
from registry.store.knowledge import Knowledge
from registry.store.listing import in_studies
from registry.store.session import Connection
from registry.store.words import Words

EVENT = "patient:list"
MOST = 200
"""IDs or numbers in one call at most."""

_ACCESSION_NUMBER = KEYWORDS[Level.STUDY].index("AccessionNumber")


class By(StrEnum):
    """What a person's UIDs are asked for by."""

    PATIENT = "patient"
    ACCESSION = "accession"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose UIDs are asked for. Its ``repr`` leaves out who that is."""

    by: By
    values: tuple[tuple[str, str], ...]  # Patient ID and issuer; Accession Number and nothing

    def __repr__(self) -> str:
        return f"Asked(by={self.by!r}, {len(self.values)} values)"


def asked(by: By, lines: Iterable[str]) -> Asked:
    """What is asked for, one a line. Raises ``BadRequest``, which quotes nothing."""
    values = dict.fromkeys(parse_lines(lines) if by is By.PATIENT else _numbers(lines))
    if not 1 <= len(values) <= MOST:
        what = "Patient IDs" if by is By.PATIENT else "Accession Numbers"
        raise BadRequest(
            f"{len(values)} {what} were given; from 1 to {MOST} are needed",
            advice=f"One a line on standard input: `uid-registry list --{by} - < file`.",
        )
    return Asked(by, tuple(values))


def _numbers(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for number, line in enumerate(lines, 1):
        value = line.strip(" \0\r\n")
        if "\t" in value:
            raise BadRequest(
                f"line {number} isn't an Accession Number", advice="Write one a line and nothing else."
            )
        if value:
            yield value, ""


def accounted(
    registry: OpenRegistry, whose: Asked, context: str | None, *, unrecorded: bool, sent_to: str | None
) -> None:
    """Write that somebody asks for a person's UIDs: before it is answered."""
    told = {"by": str(whose.by), "count": len(whose.values)}
    told |= {name: value for name, value in (("context", context), ("destination", sent_to)) if value}
    account(registry, EVENT, unrecorded=unrecorded, **told)


@dataclass(frozen=True, slots=True)
class Found:
    """What is recorded as some persons'."""

    uids: frozenset[str]  # studies, all that is in them, frames of reference and tracking identifiers
    unknown: int  # of what was asked for, that the registry has never heard of
    others: int  # further Patient IDs that are known to be the same persons'
    missing_keys: tuple[str, ...] = ()  # former keys under which nothing could be looked for


def found(registry: OpenRegistry, connection: Connection, whose: Asked, context: str | None) -> Found:
    """All that is recorded as the persons' whom it is asked for, under every key that is here."""
    held = registry.keys_in(context)
    times = list(zip(registry.epochs(context), (held, *held.earlier), strict=True))
    missing = tuple(registry.identity.keys[epoch.number - 1].id for epoch, keys in times if keys is None)
    keys = [(epoch, keys.fingerprint) for epoch, keys in times if keys is not None]
    if whose.by is By.PATIENT:
        owned, unknown, others = _of_patients(connection, whose.values, keys)
    else:
        owned, unknown = _with_numbers(connection, [number for number, _ in whose.values], keys)
        others = 0
    return Found(frozenset(owned | in_studies(connection, owned)), unknown, others, missing)


Keys = Sequence[tuple[Epoch, bytes]]
"""The keys of some epochs, the present one first."""


def _of_patients(
    connection: Connection, values: Sequence[tuple[str, str]], keys: Keys
) -> tuple[set[str], int, int]:
    """What belongs to the persons with some IDs, or with others that are known to be theirs;
    how many of the IDs are unknown, and how many others there are."""
    under = [
        [Patient(token(value, key), token(issuer, key) if issuer else b"") for value, issuer in values]
        for _, key in keys
    ]
    given = {patient for each in under for patient in each}
    tokens = {patient.token for patient in given}
    present, _ = keys[0]
    knowledge = Knowledge(connection, Words(connection), present)
    knowledge.learn_aliases(tokens)
    facts = knowledge.facts
    reached = {patient.token for pair in facts.aliases for patient in pair}
    known = patients.known_as(connection, tokens | reached)
    same = {patient for patient in known if any(facts.one_patient(one, patient) for one in given)}
    heard = [
        any(one.may_be(patient) for one in each for patient in known) for each in zip(*under, strict=True)
    ]
    others = len({patient.token for patient in same} - tokens)
    places = (present.context, *(epoch.beside for epoch, _ in keys if epoch.beside))
    owned = {uid for place in places for uid in patients.belonging_to(connection, same, place)}
    return owned, heard.count(False), others


def _with_numbers(connection: Connection, numbers: Sequence[str], keys: Keys) -> tuple[set[str], int]:
    """The studies of which an object had one of some Accession Numbers, and how many of those
    none had. The hash is bound to the study, so that equal numbers don't look equal: each
    study is tried."""
    from registry.dicomfile.attributes import hasher  # nothing else here needs it

    studies, seen = set[str](), set[str]()
    for epoch, key in keys:
        tried = [(number, hasher(Level.STUDY, "AccessionNumber", number, key)) for number in set(numbers)]
        for study, attributes in of_studies(connection, epoch):
            if (value := value_at(attributes, _ACCESSION_NUMBER)) is None:
                continue
            subject = study.encode()
            for number, hashed in tried:
                if value == hashed(subject):
                    studies.add(study)
                    seen.add(number)
    return studies, len(set(numbers) - seen)
