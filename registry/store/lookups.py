"""The questions that are asked about many UIDs at once; each is built once (store/keyed.py)."""

from __future__ import annotations

from sqlalchemy import bindparam, case, exists, func, or_, select

from registry.fingerprint import VERSION
from registry.records import Kind, Trait
from registry.store import schema
from registry.store.decided import PACKED, latest, withdrawn
from registry.store.keyed import Keyed


def _ledger() -> Keyed:
    ledger, series, studies = schema.ledger, schema.series, schema.studies
    query = (
        select(
            ledger.c.uid,
            ledger.c.kind,
            ledger.c.origin,
            ledger.c.sop_class_id,
            ledger.c.transfer_syntax_id,
            ledger.c.content,
            ledger.c.data_set,
            ledger.c.entry,
            series.c.uid.label("series_uid"),
            studies.c.uid.label("study_uid"),
        )
        .join_from(ledger, series, ledger.c.series_id == series.c.id, isouter=True)
        .join(studies, series.c.study_id == studies.c.id, isouter=True)
    )
    return Keyed(query, ledger.c.uid)


def _places() -> Keyed:
    """What a UID stands for, whichever kind it is of and whatever was decided of it, and
    whether it is withdrawn."""
    ledger, studies = schema.ledger, schema.studies
    parent, own, node = (schema.series.alias("parent"), schema.series.alias("own"), studies.alias("node"))
    said, moved, of_parent = latest(), schema.series.alias("moved"), latest()
    of_series = case((ledger.c.kind == int(Kind.SERIES), said.c.study_uid))
    query = (
        select(
            ledger.c.uid,
            ledger.c.kind,
            ledger.c.origin,
            func.coalesce(said.c.sop_class_id, ledger.c.sop_class_id).label("sop_class_id"),
            parent.c.uid.label("series_uid"),
            func.coalesce(said.c.modality_id, own.c.modality_id).label("modality_id"),
            func.coalesce(of_parent.c.study_uid, of_series, studies.c.uid, type_=PACKED).label("study_uid"),
            withdrawn(ledger.c.uid).label("withdrawn"),
            func.coalesce(own.c.id, node.c.id).label("node"),
        )
        .join_from(ledger, said, said.c.uid == ledger.c.uid, isouter=True)
        .join(moved, moved.c.uid == said.c.series_uid, isouter=True)
        .join(parent, parent.c.id == func.coalesce(moved.c.id, ledger.c.series_id), isouter=True)
        .join(of_parent, of_parent.c.uid == parent.c.uid, isouter=True)
        .join(own, own.c.uid == ledger.c.uid, isouter=True)
        .join(node, node.c.uid == ledger.c.uid, isouter=True)
        .join(studies, studies.c.id == func.coalesce(parent.c.study_id, own.c.study_id), isouter=True)
    )
    return Keyed(query, ledger.c.uid)


def _series() -> Keyed:
    series, studies = schema.series, schema.studies
    query = select(series.c.uid, series.c.modality_id, studies.c.uid.label("study_uid")).join_from(
        series, studies, series.c.study_id == studies.c.id, isouter=True
    )
    return Keyed(query, series.c.uid)


def _patients() -> Keyed:
    claims, patients = schema.patient_claims, schema.patients
    query = (
        select(claims.c.uid, claims.c.entry, patients.c.token, patients.c.issuer)
        .join_from(claims, patients, claims.c.patient_id == patients.c.id)
        .order_by(claims.c.entry)
    )
    return Keyed(query, claims.c.uid)


def _context_patients() -> Keyed:
    claims, patients = schema.context_patients, schema.patients
    query = (
        select(claims.c.uid, claims.c.entry, patients.c.token, patients.c.issuer)
        .join_from(claims, patients, claims.c.patient_id == patients.c.id)
        .where(claims.c.context == bindparam("context"))
        .order_by(claims.c.entry)
    )
    return Keyed(query, claims.c.uid)


def _aliases() -> tuple[Keyed, Keyed]:
    aliases, one, other = schema.patient_aliases, schema.patients.alias(), schema.patients.alias()
    query = (
        select(one.c.token, one.c.issuer, other.c.token, other.c.issuer)
        .join_from(aliases, one, aliases.c.patient_id == one.c.id)
        .join(other, aliases.c.other_id == other.c.id)
    )
    return Keyed(query, one.c.token), Keyed(query, other.c.token)


def _patient_decisions() -> tuple[Keyed, Keyed]:
    said, one, other = schema.patient_decisions, schema.patients.alias(), schema.patients.alias()
    query = (
        select(said.c.same, said.c.entry, one.c.token, one.c.issuer, other.c.token, other.c.issuer)
        .join_from(said, one, said.c.patient_id == one.c.id)
        .join(other, said.c.other_id == other.c.id)
    )
    return Keyed(query, one.c.token), Keyed(query, other.c.token)


LEDGER, PLACES, SERIES, PATIENTS, ALIASES = _ledger(), _places(), _series(), _patients(), _aliases()
CONTEXT_PATIENTS, PATIENT_DECISIONS = _context_patients(), _patient_decisions()
REFUSED = Keyed(
    select(schema.refused_claims).order_by(schema.refused_claims.c.entry), schema.refused_claims.c.uid
)
CONTENTS = Keyed(
    select(schema.content_claims).order_by(schema.content_claims.c.first.desc()), schema.content_claims.c.uid
)
CONTEXT_CONTENTS = Keyed(
    select(schema.context_contents)
    .where(schema.context_contents.c.context == bindparam("context"))
    .order_by(schema.context_contents.c.first.desc()),
    schema.context_contents.c.uid,
)
BESIDE = Keyed(
    select(schema.context_contents.c.uid, schema.context_contents.c.content).where(
        schema.context_contents.c.context.contains(".")
    ),
    schema.context_contents.c.uid,
)
"""What was compared under an older key after its time, in any context (registry/epochs.py)."""
OLDER = Keyed(
    select(schema.ledger.c.uid, schema.ledger.c.entry).where(schema.ledger.c.entry < bindparam("until")),
    schema.ledger.c.uid,
)
TOKENS = Keyed(select(schema.patients.c.token), schema.patients.c.token)
USES = Keyed(select(schema.uses), schema.uses.c.uid)
WITHDRAWALS = Keyed(select(schema.withdrawals).order_by(schema.withdrawals.c.entry), schema.withdrawals.c.uid)
SERIES_CLAIMS = Keyed(select(schema.series_claims), schema.series_claims.c.series_uid)
REFERENCE_CLAIMS = Keyed(
    select(schema.reference_claims.c.uid, schema.reference_claims.c.set_id), schema.reference_claims.c.uid
)
FINGERPRINTS = Keyed(
    select(schema.fingerprints).where(schema.fingerprints.c.version == VERSION), schema.fingerprints.c.subject
)
TRAITS = Keyed(select(schema.traits), schema.traits.c.uid)


def _contested() -> Keyed:
    """Those of which more is known than their row: that was used, claimed otherwise, or decided."""
    ledger = schema.ledger
    further = (schema.uses, schema.refused_claims, schema.decisions)
    said = or_(*(exists().where(table.c.uid == ledger.c.uid) for table in further))
    return Keyed(select(ledger.c.uid).where(said), ledger.c.uid)


CONTESTED = _contested()
GENERATED = Keyed(
    select(schema.traits.c.uid, schema.traits.c.entry).where(schema.traits.c.trait == str(Trait.GENERATED)),
    schema.traits.c.uid,
)
FRAMES = Keyed(select(schema.frames), schema.frames.c.uid)
REGISTRATIONS = tuple(
    Keyed(select(schema.registrations), column)
    for column in (schema.registrations.c.frame_uid, schema.registrations.c.other_uid)
)
SERIES_IN_FRAMES = Keyed(
    select(schema.series_claims.c.series_uid), schema.series_claims.c.frame_of_reference_uid
)
LABELS = Keyed(select(schema.labels), schema.labels.c.scope_uid)
REFERENCE_SETS = Keyed(
    select(schema.reference_sets.c.id, schema.reference_sets.c.body), schema.reference_sets.c.id
)
REPLACEMENTS = Keyed(select(schema.replacements), schema.replacements.c.uid)
"""UIDs that replace others, which are issued though the ledger needn't hold them."""
