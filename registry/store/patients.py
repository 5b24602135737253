"""Which Patient IDs people joined or parted, and what those patients own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from sqlalchemy import Connection, Table, bindparam, select

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


def known_as(connection: Connection, tokens: Iterable[bytes]) -> set[Patient]:
    """The patients with some IDs, whatever their issuers."""
    return {Patient(row.token, row.issuer) for row in _KNOWN.rows(connection, tokens)}


def known_of(connection: Connection, patients: Iterable[Patient]) -> set[Patient]:
    """Those among some patients of whom the registry has heard."""
    wanted = set(patients)
    return known_as(connection, {patient.token for patient in wanted}) & wanted


def owned_by(connection: Connection, tokens: Iterable[bytes]) -> set[str]:
    """The studies, frames of reference and tracking identifiers of the patients with some IDs."""
    listed = set(tokens)
    return {row.uid for query in _OWNED for row in query.rows(connection, listed)}


def belonging_to(connection: Connection, patients: Iterable[Patient], context: str | None) -> set[str]:
    """The studies, frames of reference and tracking identifiers that objects of one context said
    to be some patients' (None: the clinical one)."""
    wanted = set(patients)
    query, values = (_CLAIMED, {}) if context is None else (_CLAIMED_IN, {"context": context})
    rows = query.rows(connection, {patient.token for patient in wanted}, **values)
    return {row.uid for row in rows if Patient(row.token, row.issuer) in wanted}


def _claimed(claims: Table, *conditions: Any) -> Keyed:
    patients = schema.patients
    query = select(claims.c.uid, patients.c.token, patients.c.issuer)
    joined = query.join_from(claims, patients, claims.c.patient_id == patients.c.id)
    return Keyed(joined.where(*conditions), patients.c.token)


_CLAIMED = _claimed(schema.patient_claims)
_CLAIMED_IN = _claimed(schema.context_patients, schema.context_patients.c.context == bindparam("context"))
