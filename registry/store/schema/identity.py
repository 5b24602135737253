"""Which registry this is: its name and keys, its roots, its interned words, its policies."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)

from registry.store.columns import ID, TEXT, code, entry, history, key, later

registry = history(
    "registry",
    key("id", SmallInteger),
    Column("origin", String(80), nullable=False),
    Column("key_id", String(16), nullable=False),
    Column("key_check", LargeBinary, nullable=False),
    entry(),
    CheckConstraint("id = 1", "single"),
)

# What was last said of a root counts: policy, and whether it is retired.
roots = history(
    "roots",
    Column("prefix", TEXT, primary_key=True),
    key("entry", ID, later("entries.id")),
    Column("policy", String(12), nullable=False),
    Column("organization", Text),
    Column("minter", Text),
    Column("enforced_from", String(27)),
    Column("retired", SmallInteger, nullable=False),
    CheckConstraint("policy IN ('production', 'delegated', 'research')", "policy"),
    CheckConstraint("retired IN (0, 1)", "retired"),
)

# SOP Classes, transfer syntaxes and modalities, each written once.
words = history(
    "words",
    key("id", Integer),
    Column("value", TEXT, nullable=False),
    entry(),
    UniqueConstraint("value"),
)

# Keys that came after the one in `registry`: the newest entry's is the one to write with.
key_rotations = history(
    "key_rotations",
    Column("key_id", code(16), primary_key=True),
    Column("key_check", LargeBinary, nullable=False),
    entry(),
)

# The public halves of the keys that sign checkpoints (Ed25519); the newest entry's signs.
signing_keys = history(
    "signing_keys",
    Column("public_key", LargeBinary, primary_key=True),
    entry(),
    CheckConstraint("length(public_key) = 32", "public_key"),
)

# What checks were asked with: each policy once, when it was first in use.
policies = history(
    "policies",
    Column("digest", LargeBinary, primary_key=True),  # of the body
    Column("body", Text, nullable=False),  # canonical JSON
    entry(),
)
