"""The tables. Two sorts: *history* is only ever added to, *work* may be deleted; and the map
from replacements to originals, which is neither (schema/replacements.py).

History rows carry the audit entry that made them and are covered by its digest;
triggers refuse their update and deletion, and refuse rows for an entry that is
already written. The nodes of the tree over the entries belong to no entry: they
follow from the leaves. Each constraint has a name, which store/constraints.py
turns into a typed error. The migrations build all this; a test holds the two equal.

A UID that points at something else is kept packed (store/packing.py). Integer
surrogate keys (``series_id``) never leave store/.
"""

from __future__ import annotations

from sqlalchemy import Table

from registry.store.columns import metadata
from registry.store.schema.claims import (
    content_claims,
    context_contents,
    context_patients,
    fingerprints,
    frames,
    patient_aliases,
    patient_claims,
    patients,
    refused_claims,
    registrations,
    series_claims,
    traits,
)
from registry.store.schema.decisions import acknowledgements, decisions, patient_decisions, withdrawals
from registry.store.schema.exports import exported, exports
from registry.store.schema.identity import key_rotations, policies, registry, roots, signing_keys, words
from registry.store.schema.ledger import (
    APART,
    MISUSED,
    UNPLACED,
    USED,
    WITHDRAWN,
    ledger,
    owners,
    series,
    studies,
    uses,
)
from registry.store.schema.references import derivations, reference_claims, reference_sets
from registry.store.schema.replacements import originals, purges, replacements, scopes
from registry.store.schema.trail import entries, notes, redactions, requests, tree_nodes
from registry.store.schema.work import findings, labels, pending_references, resume_marks

__all__ = [
    "APART",
    "HISTORY",
    "MISUSED",
    "REVISION",
    "SEALED",
    "UNPLACED",
    "USED",
    "WITHDRAWN",
    "acknowledgements",
    "content_claims",
    "context_contents",
    "context_patients",
    "decisions",
    "derivations",
    "entries",
    "exported",
    "exports",
    "findings",
    "fingerprints",
    "frames",
    "key_rotations",
    "labels",
    "ledger",
    "notes",
    "originals",
    "owners",
    "patient_aliases",
    "patient_claims",
    "patient_decisions",
    "patients",
    "pending_references",
    "policies",
    "purges",
    "redactions",
    "reference_claims",
    "reference_sets",
    "refused_claims",
    "registrations",
    "registry",
    "replacements",
    "requests",
    "resume_marks",
    "roots",
    "scopes",
    "series",
    "series_claims",
    "signing_keys",
    "studies",
    "traits",
    "tree_nodes",
    "uses",
    "withdrawals",
    "words",
]

REVISION = "0006"
"""The migration that this program expects; a test holds it equal to the newest."""

HISTORY: tuple[Table, ...] = tuple(table for table in metadata.tables.values() if table.info.get("history"))
"""The append-only tables."""

SEALED: tuple[Table, ...] = tuple(
    sorted((t for t in HISTORY if "entry" in t.columns), key=lambda table: table.name)
)
"""The history tables whose rows an entry covers, in the order of its digest."""
