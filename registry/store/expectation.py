"""What a database must consist of: what the migrations make, without a database of that kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import create_engine
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, ForeignKeyConstraint

from registry.store import fence, migrating
from registry.store.columns import metadata, say_postgresql
from registry.store.description import Description, described, plain, table_parts

_TRIGGER = re.compile(r"CREATE (?:OR REPLACE )?(?:CONSTRAINT )?TRIGGER (\w+) .*?\bON (\w+) .*", re.DOTALL)
_FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (\w+)\((.*?)\$\$(.*)\$\$(.*)", re.DOTALL)
_VIEW = re.compile(r"CREATE (?:OR REPLACE )?VIEW (\w+) AS (.*)", re.DOTALL)
_SEQUENCE = re.compile(r"CREATE SEQUENCE (\w+)")
_DROPPED = re.compile(r"DROP (TRIGGER|FUNCTION|VIEW|SEQUENCE) (?:IF EXISTS )?(\w+)(?:\(\))?(?: ON (\w+))?")


def expected(engine: str) -> Description:
    """What a database of this engine consists of, at the schema of this program."""
    return _migrated() if engine == "sqlite" else {**dict(_tables()), **_made_by_statements()}


def _migrated() -> Description:
    """SQLite has databases in memory: the migrations make one."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        migrating.upgrade(connection)
        made = described(connection)
    engine.dispose()
    return made


def _tables() -> Iterator[tuple[tuple[str, str], str]]:
    """PostgreSQL's tables, as the models write them; tests hold models and migrations equal."""
    say_postgresql()
    postgresql = dialect.dialect()  # type: ignore[no-untyped-call]
    for table in metadata.tables.values():
        for part, definition in table_parts(table.name, str(CreateTable(table).compile(dialect=postgresql))):
            yield part, plain(definition)
        for key in table.constraints:
            if isinstance(key, ForeignKeyConstraint) and key.use_alter:
                # Isolated from its table it would be left out of it from now on, for everybody.
                added = AddConstraint(key, isolate_from_table=False)
                text = str(added.compile(dialect=postgresql))
                yield ("constraint", str(key.name)), plain(text.split(str(key.name), maxsplit=1)[1])
        for index in table.indexes:
            text = str(CreateIndex(index).compile(dialect=postgresql))
            text = re.sub(r" ON (\w+) \(", r" ON \1 USING btree (", text)
            yield ("index", str(index.name)), plain(re.sub(r" WITH \([^)]*\)", "", text))


def _made_by_statements() -> Description:
    """Triggers, functions, the view and the sequences: what the migrations' SQL leaves behind."""
    made: Description = {}
    for statement in re.split(r";\n\n", migrating.statements("postgresql")):
        text = statement.strip()
        if found := _TRIGGER.match(text):
            made["trigger", f"{found[2]}.{found[1]}"] = plain(text.replace(" OR REPLACE", ""))
        elif found := _FUNCTION.match(text):
            definer = "security definer" if "SECURITY DEFINER" in found[2] + found[4] else ""
            made["function", found[1]] = " ".join(f"{found[3]} {definer}".split())
        elif found := _VIEW.match(text):
            made["view", found[1]] = plain(found[2])
        elif found := _SEQUENCE.match(text):
            made["sequence", found[1]] = ""
        elif found := _DROPPED.match(text):
            name = f"{found[3]}.{found[2]}" if found[3] else found[2]
            made.pop((found[1].lower(), name), None)
    return made


@dataclass(frozen=True, slots=True)
class Difference:
    """A part of a database that isn't as the migrations made it."""

    sort: str
    name: str
    what: str  # missing, changed, added

    def __str__(self) -> str:
        return f"{self.sort} {self.name} {self.what}"


def differences(wanted: Description, found: Description) -> list[Difference]:
    """What is missing or changed; and triggers and rules added to our tables, which can keep
    rows from being recorded. Other tables, views and indexes are nobody's harm, and a fence
    (store/fence.py) is told by itself."""
    told = [
        Difference(*part, "changed" if part in found else "missing")
        for part, definition in wanted.items()
        if found.get(part) != definition
    ]
    ours = {name for sort, name in wanted if sort == "table"}
    told += [
        Difference(*part, "added")
        for part in found
        if part not in wanted
        and part[0] in ("trigger", "rule")
        and part[1].split(".")[0] in ours
        and not part[1].startswith(f"entries.{fence.PREFIX}")
    ]
    return sorted(told, key=lambda one: (one.sort, one.name))
