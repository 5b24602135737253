"""Which Patient IDs people joined or parted, and what those patients own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

from sqlalchemy import Connection, select

from registry.records import Patient
from registry.store import schema
from registry.store.act import Act
from registry.store.keyed import Keyed
from registry.store.recording import patient_ids

_OWNED = tuple(
    Keyed(
        select(claims.c.uid).join_from(claims, schema.patients, claims.c.patient_id == schema.patients.c.id),
        schema.patients.c.token,
    )
    for claims in (schema.patient_claims, schema.context_patients)
)
_KNOWN = Keyed(
    select(schema.patients.c.id, schema.patients.c.token, schema.patients.c.issuer), schema.patients.c.token
)


def say(act: Act, patients: set[Patient], *, same: bool) -> int:
    """Write that some patients are one person, or that none is another; how many pairs that says.

    An ID without an issuer stands for the ID with any, so the pairs with those that are
    known are said too: what was said of one of them before counts no more.
    """
    given = patient_ids(act, patients)
    known = {
        Patient(row.token, row.issuer): row.id
        for row in _KNOWN.rows(act.connection, {patient.token for patient in patients})
    }
    pairs = {
        tuple(sorted((known[this], known[that])))
        for one, other in combinations(sorted(given), 2)
        for this in known
        if this.may_be(one)
        for that in known
        if that.may_be(other) and not this.may_be(that)
    }
    # Two of whom nobody would think otherwise: the same ID, with an issuer and without.
    pairs |= {tuple(sorted((given[one], given[other]))) for one, other in combinations(sorted(given), 2)}
    act.insert(
        schema.patient_decisions,
        [{"patient_id": one, "other_id": other, "same": int(same)} for one, other in sorted(pairs)],
    )
    return len(pairs)


def known_of(connection: Connection, patients: Iterable[Patient]) -> set[Patient]:
    """Those among some patients of whom the registry has heard."""
    wanted = set(patients)
    rows = _KNOWN.rows(connection, {patient.token for patient in wanted})
    return {Patient(row.token, row.issuer) for row in rows} & wanted


def owned_by(connection: Connection, tokens: Iterable[bytes]) -> set[str]:
    """The studies, frames of reference and tracking identifiers of the patients with some IDs."""
    listed = set(tokens)
    return {row.uid for query in _OWNED for row in query.rows(connection, listed)}
