"""The triggers that keep history as it is, for the migrations to create.

What a migration has run stays as it was: change nothing here that an old
migration uses, add a new function for a new migration.

SQLite needs ``PRAGMA recursive_triggers`` besides, or ``INSERT OR REPLACE``
deletes rows past the trigger (store/session.py sets it on every connection).
"""

from __future__ import annotations

from collections.abc import Iterator

_NODES_MISSING = """
    SELECT 1 FROM ledger l WHERE l.entry = NEW.id AND (
        (l.kind = 1 AND NOT EXISTS (SELECT 1 FROM studies s WHERE s.uid = l.uid))
        OR (l.kind = 2 AND NOT EXISTS (SELECT 1 FROM series s WHERE s.uid = l.uid))
    )"""

_WRONG_STUDY = "NOT EXISTS (SELECT 1 FROM ledger l WHERE l.uid = NEW.uid AND l.kind = 1)"
_WRONG_SERIES = (
    "NOT EXISTS (SELECT 1 FROM ledger l WHERE l.uid = NEW.uid AND l.kind = 2 AND l.origin = NEW.origin)"
)

_FORMAT_2 = (
    *("account", "actor", "application", "at", "detail", "event", "format"),
    *("host", "id", "note_hash", "outcome", "request_id", "role", "rows"),
)
"""The fields of an entry's canonical bytes, as JSON sorts them (registry/trail.py)."""


def kept(table: str, dialect: str) -> Iterator[str]:
    """Rows of ``table`` are never updated, deleted or truncated."""
    if dialect == "sqlite":
        for action in ("update", "delete"):
            yield _sqlite(f"tr_{table}_{action}", f"BEFORE {action.upper()} ON {table}")
    else:
        for action in ("update", "delete", "truncate"):
            yield (
                f"CREATE TRIGGER tr_{table}_{action} BEFORE {action.upper()} ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION history_refuse()"
            )


def sealed(table: str, dialect: str) -> Iterator[str]:
    """No row of ``table`` joins an entry that is already written."""
    name = f"tr_{table}_sealed"
    if dialect == "sqlite":
        condition = "EXISTS (SELECT 1 FROM entries WHERE id = NEW.entry)"
        yield _sqlite(name, f"BEFORE INSERT ON {table} WHEN {condition}")
    else:
        yield (
            f"CREATE TRIGGER {name} AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
            "FOR EACH STATEMENT EXECUTE FUNCTION history_sealed()"
        )


def nodes(dialect: str) -> Iterator[str]:
    """A study or series row stands on a ledger row of its kind, and each such
    ledger row has one by the time its entry is written."""
    for name, table, condition in (
        ("tr_studies_kind", "studies", _WRONG_STUDY),
        ("tr_series_kind", "series", _WRONG_SERIES),
        ("tr_entries_nodes", "entries", f"EXISTS ({_NODES_MISSING})"),
    ):
        if dialect == "sqlite":
            yield _sqlite(name, f"BEFORE INSERT ON {table} WHEN {condition}")
        else:
            yield (
                f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN "
                f"{_raise()} END IF; RETURN NEW; END $$"
            )
            yield f"CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"


def nodes_at_commit() -> Iterator[str]:
    """On PostgreSQL: each new study and series has its row by the time its act commits."""
    yield (
        "CREATE FUNCTION tr_ledger_nodes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF (NEW.kind = 1 AND NOT EXISTS (SELECT 1 FROM studies s WHERE s.uid = NEW.uid)) "
        "OR (NEW.kind = 2 AND NOT EXISTS (SELECT 1 FROM series s WHERE s.uid = NEW.uid)) THEN "
        f"{_raise()} END IF; RETURN NULL; END $$"
    )
    yield (
        "CREATE CONSTRAINT TRIGGER tr_ledger_nodes AFTER INSERT ON ledger DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW WHEN (NEW.kind IN (1, 2)) EXECUTE FUNCTION tr_ledger_nodes()"
    )


def redactable(dialect: str) -> Iterator[str]:
    """A free text may be emptied, with its salt, by an act that says so; else it stays."""
    allowed = (
        "NEW.entry = OLD.entry AND NEW.text = '' AND length(NEW.salt) = 0 "
        "AND EXISTS (SELECT 1 FROM redactions r WHERE r.note = OLD.entry)"
    )
    if dialect == "sqlite":
        yield "DROP TRIGGER tr_notes_update"
        yield _sqlite("tr_notes_update", f"BEFORE UPDATE ON notes WHEN NOT ({allowed})")
    else:
        yield "DROP TRIGGER tr_notes_update ON notes"
        yield (
            "CREATE FUNCTION tr_notes_update() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF NOT ({allowed}) THEN {_raise()} END IF; RETURN NEW; END $$"
        )
        yield (
            "CREATE TRIGGER tr_notes_update BEFORE UPDATE ON notes "
            "FOR EACH ROW EXECUTE FUNCTION tr_notes_update()"
        )


def tree() -> Iterator[str]:
    """On PostgreSQL: the nodes that an entry's leaf completes, under the lock on the head.

    With its owner's rights, in its own schema alone: nobody else may write nodes.
    """
    yield (
        "CREATE FUNCTION tr_entries_tree() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
        "DECLARE node bytea := NEW.leaf; n bigint := NEW.seq; depth smallint := 0; beside bytea; BEGIN "
        "WHILE n % 2 = 1 LOOP "
        "IF depth = 0 THEN SELECT leaf INTO beside FROM entries WHERE seq = n - 1; "
        "ELSE SELECT hash INTO beside FROM tree_nodes WHERE level = depth AND place = n - 1; END IF; "
        f"IF beside IS NULL THEN {_raise()} END IF; "
        "node := sha256('\\x01'::bytea || beside || node); depth := depth + 1; n := n / 2; "
        "INSERT INTO tree_nodes (level, place, hash) VALUES (depth, n, node); "
        "END LOOP; RETURN NULL; END $$"
    )
    yield (
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION tr_entries_tree() SET search_path = %I, pg_temp', "
        "current_schema()); END $$"
    )
    yield (
        "CREATE TRIGGER tr_entries_tree AFTER INSERT ON entries "
        "FOR EACH ROW EXECUTE FUNCTION tr_entries_tree()"
    )


def account() -> Iterator[str]:
    """On PostgreSQL: what an entry says of its account, role, time and ticket is what the server
    knows; and of an auditor, who makes no rows, that the rest of it is sound too.

    With its owner's rights, in its own schema alone, so that nobody puts tables of their own
    in the way. Whoever owns the tables isn't asked: they could switch this off.
    """
    special = {
        "format": "NEW.format::text",
        "id": "NEW.id::text",
        "note_hash": "coalesce(to_json(encode(NEW.note_hash, 'hex'))::text, 'null')",
    }
    fields = " || ',' || ".join(
        f"'\"{name}\":' || " + special.get(name, f"coalesce(to_json(NEW.{name})::text, 'null')")
        for name in _FORMAT_2
    )
    form = """'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'"""
    begun, now = (
        f"to_char({moment}() AT TIME ZONE 'UTC', {form})"
        for moment in ("transaction_timestamp", "clock_timestamp")
    )
    yield (
        "CREATE FUNCTION tr_entries_account() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
        "DECLARE known text := CASE WHEN has_table_privilege(session_user, 'ledger', 'INSERT') "
        "THEN 'writer' ELSE 'auditor' END; said text; plain text := ''; one text; code integer; BEGIN "
        "IF pg_has_role(session_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') "
        "THEN RETURN NEW; END IF; "
        "IF NEW.format <> 2 OR NEW.account IS DISTINCT FROM session_user::text "
        "OR NEW.role IS DISTINCT FROM known OR NEW.id <> currval('entry_tickets') "
        f'OR NEW.at COLLATE "C" NOT BETWEEN {begun} AND {now} THEN {_raise()} END IF; '
        "IF known = 'writer' THEN RETURN NEW; END IF; "
        "IF NEW.ledger_size IS DISTINCT FROM (SELECT ledger_size FROM entries WHERE seq = NEW.prev) "
        f"THEN {_raise()} END IF; "
        f"said := '{{' || {fields} || '}}'; "
        "IF said COLLATE \"C\" ~ '[^ -~]' AND getdatabaseencoding() = 'UTF8' THEN "
        # As the canonical bytes have it: nothing but ASCII, beyond 16 bits a pair of surrogates.
        "FOREACH one IN ARRAY string_to_array(said, NULL) LOOP code := ascii(one); plain := plain || CASE "
        "WHEN code BETWEEN 32 AND 126 THEN one "
        "WHEN code < 65536 THEN '\\u' || lpad(to_hex(code), 4, '0') "
        "ELSE '\\u' || to_hex(55296 + (code - 65536) / 1024) "
        "|| '\\u' || to_hex(56320 + (code - 65536) % 1024) END; END LOOP; said := plain; END IF; "
        "IF said COLLATE \"C\" !~ '[^ -~]' "
        "AND NEW.leaf <> sha256('\\x00'::bytea || convert_to(said, 'UTF8')) "
        f"THEN {_raise()} END IF; RETURN NEW; END $$"
    )
    yield (
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION tr_entries_account() SET search_path = %I, pg_temp', "
        "current_schema()); END $$"
    )
    yield (
        "CREATE TRIGGER tr_entries_account BEFORE INSERT ON entries "
        "FOR EACH ROW EXECUTE FUNCTION tr_entries_account()"
    )


def replaced(dialect: str) -> Iterator[str]:
    """The map of a scope changes in nothing; it goes once the scope is purged, and then nothing
    comes into it any more. What replaces something wasn't issued for something else."""
    purged = "EXISTS (SELECT 1 FROM purges p WHERE p.scope_id = {}.scope_id)"
    # What was minted here was nothing before; what another's map brings may have been seen.
    taken = (
        "EXISTS (SELECT 1 FROM ledger l WHERE l.uid = {0}.uid "
        "AND (l.origin = 1 OR ({0}.origin = 1 AND l.entry < {0}.entry)))"
    )
    if dialect == "sqlite":
        yield _sqlite("tr_originals_update", "BEFORE UPDATE ON originals")
        yield _sqlite("tr_originals_delete", f"BEFORE DELETE ON originals WHEN NOT {purged.format('OLD')}")
        yield _sqlite("tr_originals_purged", f"BEFORE INSERT ON originals WHEN {purged.format('NEW')}")
        yield _sqlite("tr_replacements_taken", f"BEFORE INSERT ON replacements WHEN {taken.format('NEW')}")
        return
    for action in ("update", "truncate"):
        yield (
            f"CREATE TRIGGER tr_originals_{action} BEFORE {action.upper()} ON originals "
            "FOR EACH STATEMENT EXECUTE FUNCTION history_refuse()"
        )
    for name, table, action, rows, condition in (
        ("tr_originals_delete", "originals", "DELETE", "OLD TABLE AS gone", f"NOT {purged.format('gone')}"),
        ("tr_originals_purged", "originals", "INSERT", "NEW TABLE AS added", purged.format("added")),
        ("tr_replacements_taken", "replacements", "INSERT", "NEW TABLE AS added", taken.format("added")),
    ):
        those = rows.rpartition(" ")[2]
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF EXISTS (SELECT 1 FROM {those} WHERE {condition}) THEN {_raise()} END IF; RETURN NULL; END $$"
        )
        yield (
            f"CREATE TRIGGER {name} AFTER {action} ON {table} REFERENCING {rows} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {name}()"
        )


def functions(dialect: str) -> Iterator[str]:
    """What the triggers call on PostgreSQL; the error carries the trigger's name as its constraint."""
    if dialect == "postgresql":
        yield (
            f"CREATE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {_raise()} END $$"
        )
        yield (
            "CREATE FUNCTION history_sealed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF EXISTS (SELECT 1 FROM entries e WHERE e.id IN (SELECT DISTINCT entry FROM added)) THEN "
            f"{_raise()} END IF; RETURN NULL; END $$"
        )


def drop_functions(dialect: str) -> Iterator[str]:
    """The reverse of ``functions`` and of ``nodes`` on PostgreSQL; triggers go with their tables."""
    if dialect == "postgresql":
        for name in (
            "tr_studies_kind",
            "tr_series_kind",
            "tr_entries_nodes",
            "history_refuse",
            "history_sealed",
        ):
            yield f"DROP FUNCTION {name}()"


def _sqlite(name: str, when: str) -> str:
    return f"CREATE TRIGGER {name} {when} BEGIN SELECT RAISE(ABORT, '{name}'); END"


def _raise() -> str:
    return (
        "RAISE EXCEPTION '%', TG_NAME USING ERRCODE = 'integrity_constraint_violation', "
        "CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;"
    )
