"""What a batch of claims brings besides ledger rows: what was refused, used and
seen; what was claimed of whole series, studies and patients; fingerprints, traits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b

from sqlalchemy import select

from registry.decision import Decision, NewRow, RefusedClaim, SeenContent
from registry.epochs import Epoch
from registry.facts import (
    Facts,
    appearance_of,
    compared_frames,
    is_lossy,
    lossy_by,
    owned_by_patient,
    registrations_of,
)
from registry.fingerprint import VERSION
from registry.records import Kind, ObjectClaim, Patient, Trait, speakers
from registry.store import lookups, schema
from registry.store.act import Act
from registry.store.fingerprinted import stored
from registry.store.frames import stored_frame
from registry.store.words import NONE, Words


def rows_in(context: str | None, decision: Decision) -> list[NewRow]:
    """The ledger rows that a decision brings: the content goes with them in the clinical context alone."""
    if context is None:
        return decision.rows
    return [NewRow(row.standing) for row in decision.rows]


def record_decision(act: Act, words: Words, decision: Decision, context: str | None = None) -> None:
    """Write what follows from deciding: refused claims, uses, further contents."""
    act.insert(
        schema.refused_claims,
        [
            {
                "uid": refused.uid,
                "claim": claim_digest(refused),
                "kind": int(refused.kind),
                "series_uid": refused.series_instance_uid,
                "study_uid": refused.study_instance_uid,
                "sop_class_id": words.id(refused.sop_class_uid),
                "modality_id": words.id(refused.modality),
            }
            for refused in decision.refused
        ],
        known_is_fine=True,
    )
    act.insert(
        schema.uses,
        [
            {
                "uid": use.uid,
                "state": schema.USED if use.as_recorded else schema.MISUSED,
                "sop_class_id": words.id(use.sop_class_uid),
            }
            for use in decision.uses
        ],
        known_is_fine=True,
    )
    _contents(act, words, [*decision.contents, *(_first_contents(decision) if context else ())], context)


_DEFAULT_SYNTAX = "1.2.840.10008.1.2"
"""What an object without a transfer syntax is kept as: native, like DICOM's default (PS3.5 section 10.1)."""


def _contents(act: Act, words: Words, contents: Sequence[SeenContent], context: str | None) -> None:
    if any(seen.transfer_syntax_uid is None for seen in contents):
        words.add(act, [_DEFAULT_SYNTAX])
    act.insert(
        schema.context_contents if context else schema.content_claims,
        [
            {
                **({"context": context} if context else {}),
                "uid": seen.uid,
                "content": seen.content_digest,
                "transfer_syntax_id": words.id(seen.transfer_syntax_uid or _DEFAULT_SYNTAX),
                "data_set": seen.data_set_digest,
                "first": int(seen.first),
            }
            for seen in contents
        ],
        known_is_fine=True,
    )


def _first_contents(decision: Decision) -> Iterator[SeenContent]:
    """The contents that new ledger rows would hold in the clinical context."""
    for row in decision.rows:
        if row.content_digest is not None:
            yield SeenContent(
                row.standing.uid, row.transfer_syntax_uid, row.content_digest, row.data_set_digest, first=True
            )


def claim_digest(refused: RefusedClaim) -> bytes:
    """What tells one refused claim about a UID from another; 16 bytes."""
    *parts, after = refused
    if after is not None:
        parts.append(after)
    text = "\0".join("" if part is None else str(part) for part in parts)
    return blake2b(text.encode(), digest_size=16).digest()


def record_claims(
    act: Act,
    words: Words,
    claims: Sequence[ObjectClaim],
    speaking: Sequence[ObjectClaim],
    facts: Facts,
    context: str | None = None,
) -> None:
    """Write what a batch claims of series, patients and instances, as far as it is new."""
    _series_claims(act, words, speaking)
    _patients(act, speaking, context)
    _fingerprints(act, facts, context)
    _traits(act, claims)
    _frames(act, claims, speaking)


def record_beside(
    act: Act, words: Words, decision: Decision, claims: Sequence[ObjectClaim], facts: Facts, epoch: Epoch
) -> None:
    """Write what disagrees, or may disagree later, with what was recorded under a former key.

    The rest of it is written under the present one; nothing here comes into the ledger.
    """
    other = [seen for seen in decision.contents if not seen.first]
    _contents(act, words, other, epoch.beside)
    _patients(act, speakers(claims), epoch.context, epoch.beside)
    _fingerprints(act, facts, epoch.beside)
    _traits(act, (claim for claim in claims if claim.content_digest))


def _series_claims(act: Act, words: Words, claims: Iterable[ObjectClaim]) -> None:
    seen = {
        (
            series,
            words.id(claim.sop_class_uid) or NONE,
            words.id(claim.modality) or NONE,
            stored_frame(appearance_of(claim)),
        )
        for claim in claims
        for kind, series in claim.identities
        if kind is Kind.SERIES
    }
    act.insert(
        schema.series_claims,
        [
            {
                "series_uid": series,
                "sop_class_id": sop_class,
                "modality_id": modality,
                "frame_of_reference_uid": frame,
            }
            for series, sop_class, modality, frame in seen
        ],
        known_is_fine=True,
    )


def _patients(
    act: Act, claims: Sequence[ObjectClaim], context: str | None, beside: str | None = None
) -> None:
    """``beside`` is the name under which only that is kept which the context doesn't hold."""
    pairs = {(uid, claim.patient) for claim in claims if claim.patient for uid in owned_by_patient(claim)}
    if beside is not None:
        pairs -= _claimed(act, {uid for uid, _ in pairs}, context)
        context = beside
    aliases = {(claim.patient, alias) for claim in claims if claim.patient for alias in claim.aliases}
    numbers = patient_ids(act, {p for _, p in pairs} | {p for pair in aliases for p in pair})
    act.insert(
        schema.context_patients if context else schema.patient_claims,
        [
            {**({"context": context} if context else {}), "uid": uid, "patient_id": numbers[patient]}
            for uid, patient in pairs
        ],
        known_is_fine=True,
    )
    ordered = {tuple(sorted((numbers[one], numbers[other]))) for one, other in aliases}
    act.insert(
        schema.patient_aliases,
        [{"patient_id": one, "other_id": other} for one, other in ordered],
        known_is_fine=True,
    )


def _claimed(act: Act, uids: set[str], context: str | None) -> set[tuple[str, Patient]]:
    """Whose some UIDs were said to be, within a context."""
    if context is None:
        rows = lookups.PATIENTS.rows(act.connection, uids)
    else:
        rows = lookups.CONTEXT_PATIENTS.rows(act.connection, uids, context=context)
    return {(row.uid, Patient(row.token, row.issuer)) for row in rows}


def patient_ids(act: Act, wanted: set[Patient]) -> dict[Patient, int]:
    """The surrogate keys of some patients; who isn't there is added."""
    known = _known_patients(act, wanted)
    new = sorted(wanted - known.keys())
    if not new:
        return known
    rows = [
        {"id": number, "token": patient.token, "issuer": patient.issuer}
        for number, patient in zip(act.next_ids(schema.patients, len(new)), new, strict=True)
    ]
    act.insert(schema.patients, rows, known_is_fine=True)
    return _known_patients(act, wanted)


def _known_patients(act: Act, wanted: set[Patient]) -> dict[Patient, int]:
    patients = schema.patients
    tokens = sorted({patient.token for patient in wanted})
    if not tokens:
        return {}
    rows = act.connection.execute(
        select(patients.c.id, patients.c.token, patients.c.issuer).where(patients.c.token.in_(tokens))
    )
    found = {Patient(row.token, row.issuer): row.id for row in rows}
    return {patient: number for patient, number in found.items() if patient in wanted}


def _fingerprints(act: Act, facts: Facts, context: str | None) -> None:
    act.insert(
        schema.fingerprints,
        [
            {
                "subject": stored(subject, context),
                "level": int(level),
                "variant": blake2b(packed, digest_size=8).digest(),
                "version": VERSION,
                "attributes": packed,
            }
            for level, subject, packed in facts.attributes.novel
        ],
        known_is_fine=True,
    )


def _traits(act: Act, claims: Iterable[ObjectClaim]) -> None:
    found: set[tuple[str, Trait, bytes]] = set()
    for claim in claims:
        instance, _, _ = claim.place
        if instance is None:
            continue
        if claim.traits:
            found |= {(instance, trait, b"") for trait in claim.traits if trait is not Trait.LOSSY}
        lossy = is_lossy(claim)
        if claim.content_digest and lossy != lossy_by(claim.transfer_syntax_uid):
            found.add((instance, Trait.LOSSY if lossy else Trait.LOSSLESS, claim.content_digest))
    rows = [{"uid": uid, "trait": str(trait), "content": content} for uid, trait, content in found]
    act.insert(schema.traits, rows, known_is_fine=True)


def _frames(act: Act, claims: Iterable[ObjectClaim], speaking: Iterable[ObjectClaim]) -> None:
    """Only of objects that name sources: nothing else is compared with any."""
    placed = {
        (instance, frame)
        for claim in claims
        if claim.references
        for instance in claim.place[:1]
        if instance
        for frame in compared_frames(claim)
    }
    act.insert(schema.frames, [{"uid": uid, "frame_uid": frame} for uid, frame in placed], known_is_fine=True)
    joined = {pair for claim in speaking for pair in registrations_of(claim)}
    act.insert(
        schema.registrations,
        [{"frame_uid": one, "other_uid": other} for one, other in joined],
        known_is_fine=True,
    )
