"""Who may what on PostgreSQL: four roles that people and programs are made members of.

The *owner* runs migrations. The *writer* reads and adds; history it can't touch,
work it changes only where the program does. The *remapper* is a writer who besides sees
and keeps what replacements stand for, which else only the owner does. The *auditor* reads,
and may add the entry that says so: row security looks at who may not write the ledger. The
policies name no role, so a dump of the database can be restored where there are none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, Table

from registry.errors import BadRequest
from registry.store import schema
from registry.store.catalogue import SCHEMA
from registry.store.columns import metadata
from registry.store.description import APART
from registry.store.expectation import expected

LONGEST = 63
"""Bytes in a PostgreSQL name; the server would cut a longer one."""

TICKETS = "entry_tickets"
VIEW = "uids"

_REDACTED = ("UPDATE",)
"""What the writer may do with notes besides: a trigger lets it only empty one that is redacted."""

_WORK = {"findings": ("UPDATE",), "pending_references": ("DELETE",), "resume_marks": ("DELETE",)}
"""What the program does with work besides reading and adding; a table that isn't here: all."""


class Roles(NamedTuple):
    """The names of the four."""

    owner: str
    writer: str
    auditor: str
    remapper: str


def named(prefix: str) -> Roles:
    """The roles whose names begin with ``prefix``. Raises ``BadRequest`` where they can't be."""
    roles = Roles(*(f"{prefix}_{role}" for role in Roles._fields))
    if not prefix or any(len(name.encode()) > LONGEST for name in roles) or not prefix.isprintable():
        raise BadRequest(
            f"--prefix {prefix!r} makes no names for roles",
            advice=f"{LONGEST - len('_remapper')} letters at most.",
        )
    return roles


def writer_rights() -> Mapping[str, frozenset[str]]:
    """Table -> what the writer may do with it."""
    tables = [table for table in metadata.tables.values() if table is not schema.originals]
    return {table.name: frozenset({"SELECT", *_written(table)}) for table in tables} | _READ_BY_ALL


def remapper_rights() -> Mapping[str, frozenset[str]]:
    """Table -> what the remapper may do with it: what the writer may, and what they may not even read."""
    return {**writer_rights(), schema.originals.name: frozenset({"SELECT", "INSERT", "DELETE"})}


def _written(table: Table) -> tuple[str, ...]:
    if table is schema.tree_nodes:  # its trigger writes with the owner's rights
        return ()
    if table is schema.notes:
        return ("INSERT", *_REDACTED)
    if table in schema.HISTORY:
        return ("INSERT",)
    return ("INSERT", *_WORK.get(table.name, ("UPDATE", "DELETE")))


def auditor_rights() -> Mapping[str, frozenset[str]]:
    """Table -> what the auditor may do with it; which entries it may add, row security says."""
    tables = metadata.tables.keys() - {schema.originals.name}
    rights = dict.fromkeys(tables, frozenset({"SELECT"})) | _READ_BY_ALL
    return rights | {schema.entries.name: frozenset({"SELECT", "INSERT"})}


_READ_BY_ALL = {APART: frozenset({"SELECT"}), VIEW: frozenset({"SELECT"})}


def statements(connection: Connection, roles: Roles) -> list[str]:
    """The SQL that makes the roles, or brings them to what they should be, on this database."""
    place = connection.exec_driver_sql(
        f"SELECT current_database(), (SELECT nspname FROM pg_namespace WHERE oid = {SCHEMA})"
    )
    database, namespace = place.one()
    return [
        *(_made(role) for role in roles),
        _joined(roles.owner),
        *_on_the_place(quoted(database), quoted(namespace), roles),
        *_on_the_objects(quoted(namespace), roles),
        *_on_the_entries(quoted(namespace)),
    ]


def _made(role: str) -> str:
    missing = f"NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {_literal(role)})"
    return _block(f"IF {missing} THEN CREATE ROLE {quoted(role)} NOLOGIN; END IF;")


def _joined(owner: str) -> str:
    """Who isn't a superuser gives away what it owns only to a role that it is in."""
    outside = f"NOT pg_has_role(current_user, {_literal(owner)}, 'USAGE')"
    return _block(f"IF {outside} THEN GRANT {quoted(owner)} TO CURRENT_USER; END IF;")


def _on_the_place(database: str, namespace: str, roles: Roles) -> Iterator[str]:
    owner, writer, auditor, remapper = map(quoted, roles)
    yield f"GRANT CONNECT ON DATABASE {database} TO {owner}, {writer}, {auditor}, {remapper}"
    # Many rows at once are staged in a table of the session's own.
    yield f"GRANT TEMPORARY ON DATABASE {database} TO {owner}, {writer}, {remapper}"
    yield f"REVOKE CREATE ON SCHEMA {namespace} FROM PUBLIC, {writer}, {auditor}, {remapper}"
    yield f"GRANT USAGE ON SCHEMA {namespace} TO {writer}, {auditor}, {remapper}"
    yield f"GRANT USAGE, CREATE ON SCHEMA {namespace} TO {owner}"


def _on_the_objects(namespace: str, roles: Roles) -> Iterator[str]:
    owner, writer, auditor, remapper = map(quoted, roles)
    others = f"{writer}, {auditor}, {remapper}"
    names = {sort: sorted(name for kind, name in expected("postgresql") if kind == sort) for sort in _SORTS}
    names["table"].append(APART)
    for sort, listed in names.items():
        brackets = "()" if sort == "function" else ""
        for name in listed:
            place = f"{namespace}.{quoted(name)}{brackets}"
            yield f"ALTER {sort.upper()} {place} OWNER TO {owner}"
            yield f"REVOKE ALL ON {'TABLE' if sort == 'view' else sort.upper()} {place} FROM PUBLIC, {others}"
    each = ((writer, writer_rights()), (remapper, remapper_rights()), (auditor, auditor_rights()))
    for role, rights in each:
        for table, allowed in rights.items():
            yield f"GRANT {', '.join(sorted(allowed))} ON TABLE {namespace}.{quoted(table)} TO {role}"
    # USAGE takes the next number; setting one back would need UPDATE.
    for sequence in names["sequence"]:
        to = others if sequence == TICKETS else f"{writer}, {remapper}"
        yield f"GRANT USAGE ON SEQUENCE {namespace}.{quoted(sequence)} TO {to}"
    for function in names["function"]:
        yield f"GRANT EXECUTE ON FUNCTION {namespace}.{quoted(function)}() TO {others}"


_SORTS = ("table", "view", "sequence", "function")


def _on_the_entries(namespace: str) -> Iterator[str]:
    entries, ledger = (f"{namespace}.{quoted(table.name)}" for table in (schema.entries, schema.ledger))
    writes = f"has_table_privilege({_literal(ledger)}::regclass, 'INSERT')"
    reads = "left(event, 6) = 'audit:' AND rows = '{}' AND note_hash IS NULL AND prev IS NOT NULL"
    yield f"ALTER TABLE {entries} ENABLE ROW LEVEL SECURITY"
    for policy, what in (
        ("entries_read", "FOR SELECT USING (true)"),
        ("entries_add", f"FOR INSERT WITH CHECK ({writes} OR ({reads}))"),
    ):
        yield f"DROP POLICY IF EXISTS {policy} ON {entries}"
        yield f"CREATE POLICY {policy} ON {entries} {what}"


def apply(connection: Connection, wanted: list[str]) -> None:
    """Execute the statements in the connection's transaction."""
    for statement in wanted:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def quoted(name: str) -> str:
    """A name as SQL has it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _block(body: str) -> str:
    return f"DO {_literal(f'BEGIN {body} END')}"
