"""Hash partitions on PostgreSQL, tried: the ledger whole, and in 16 and 64 parts by the hash of the UID.

A server with 128 MB of shared memory, so that the key of the ledger outgrows it; the same rows by COPY
into the same tables, with every constraint and trigger that the migrations make (the floor of
benchmarks/contestants.py: what a partition can save is the database's work, not ours). What it tells:
rows a second by stretch, look-ups one by one and 10,000 at once, the listing of a series, bytes. And it
tries whether the parts refuse what the whole refuses, and under which name.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from benchmarks import archive, measure
from benchmarks.contestants import Floor, Ours, Place
from benchmarks.figures import Page
from benchmarks.stage import ROOT
from registry.services.initializing import init
from registry.store.packing import pack
from tests.postgres import Server

PARTS = (0, 16, 64)
STRETCHES = 5
ASKED, SINGLE, LISTED = 10_000, 2_000, 300


def main() -> None:
    given = measure.options(__doc__, "instances", usual=5_000_000, quick=50_000, table=False)
    given.folder.mkdir(parents=True, exist_ok=True)
    settings = (
        "shared_buffers=128MB",
        "max_wal_size=8GB",
        "checkpoint_timeout=15min",
        "maintenance_work_mem=512MB",
    )
    page = Page("partitioning")
    page.tell(f"{', '.join((measure.conditions(), *settings))}; {given.count:,} instances.\n")
    head = ["ledger in", *(f"{n + 1}/{STRETCHES}, rows/s" for n in range(STRETCHES)), "one look-up p50 / p99"]
    head += [
        f"{ASKED:,} at once",
        "the same, ours",
        "a series listed",
        "B/UID: ledger",
        "its key",
        "all tables",
    ]
    for line in (head, ["-:"] * len(head)):
        page.tell(f"| {' | '.join(line)} |")
    for parts in PARTS:
        with tempfile.TemporaryDirectory(prefix="partitions-", dir=given.folder) as made:
            server = Server(durable=True, place=given.folder, settings=settings)
            try:
                page.tell(f"| {' | '.join(_measured(server, Path(made), parts, given.count))} |")
            finally:
                server.close()


def _measured(server: Server, folder: Path, parts: int, count: int) -> list[str]:
    place = Place("postgresql", server.url(server.create()), folder)
    init(place.settings, root=ROOT)
    if parts:
        with psycopg.connect(place.url, autocommit=True) as connection:
            partition(connection, parts)
    source = archive.Source(archive.rows(), count, ASKED + SINGLE)
    begun, marks = time.perf_counter(), [0.0]

    def chunks() -> Iterator[list[Any]]:
        for chunk in source.chunks():
            if (source.done - len(chunk)) * STRETCHES // count >= len(marks):
                marks.append(time.perf_counter() - begun - source.seconds)
            yield chunk

    left_out = Floor().load(place, chunks())
    marks.append(time.perf_counter() - begun - source.seconds)
    # What the rows were packed and sorted in is spread evenly over the stretches.
    rates = [count / STRETCHES / (after - before - left_out / STRETCHES) for before, after in pairwise(marks)]
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        _require_refusals(connection)
        sizes = _bytes(connection)
        listed = _listing(connection)
    each = sorted(Floor().one(place, source.sample[:SINGLE]))
    asked = source.sample[-ASKED:]
    many, ours = (sorted(who.many(place, asked)[0] for _ in range(3))[1] for who in (Floor(), Ours()))
    return [
        f"{parts} parts" if parts else "one piece",
        *(f"{rate:,.0f}" for rate in rates),
        f"{each[len(each) // 2] * 1e6:.0f} / {each[len(each) * 99 // 100] * 1e6:.0f} µs",
        f"{many * 1000:.0f} ms",
        f"{ours * 1000:.0f} ms",
        f"{listed * 1e6:.0f} µs",
        *(f"{size / count:.1f}" for size in sizes),
    ]


def partition(connection: psycopg.Connection[Any], parts: int) -> None:
    """Make the empty ledger one in parts, with all that hangs on it.

    What the statements on the whole fire, those on a part don't: each part has triggers of its own.
    """

    def ask(query: LiteralString) -> list[Any]:
        return connection.execute(query).fetchall()

    keys = ask(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE contype = 'f' AND 'ledger'::regclass IN (conrelid, confrelid)"
    )
    triggers = ask(
        "SELECT pg_get_triggerdef(oid), tgtype & 1 FROM pg_trigger "
        "WHERE tgrelid = 'ledger'::regclass AND NOT tgisinternal"
    )
    views = ask("SELECT viewname, definition FROM pg_views WHERE schemaname = current_schema()")
    for name, _ in views:
        connection.execute(f"DROP VIEW {name}")
    for table, name, _ in keys:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    connection.execute("ALTER TABLE ledger RENAME TO whole")
    connection.execute("CREATE TABLE ledger (LIKE whole INCLUDING ALL) PARTITION BY HASH (uid)")
    connection.execute("DROP TABLE whole")
    for number in range(parts):
        connection.execute(
            f"CREATE TABLE ledger_{number} PARTITION OF ledger "
            f"FOR VALUES WITH (MODULUS {parts}, REMAINDER {number})"
        )
    for table, name, definition in keys:
        connection.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for definition, by_row in triggers:
        connection.execute(definition)
        for number in range(0 if by_row else parts):
            connection.execute(definition.replace(" ON public.ledger ", f" ON public.ledger_{number} "))
    for name, definition in views:
        connection.execute(f"CREATE VIEW {name} AS {definition}")


def _require_refusals(connection: psycopg.Connection[Any]) -> None:
    """What the ledger must refuse, whole or in parts."""
    some = "FROM ledger WHERE kind = 3 LIMIT 1"
    partitioned = connection.execute("SELECT relname FROM pg_class WHERE relname = 'ledger_0'").fetchone()
    fresh = pack("1.2.840.99.1")
    entry = "SELECT max(id) FROM entries"
    tried = {
        "a UID twice": f"INSERT INTO ledger SELECT * {some}",
        "a change": "UPDATE ledger SET kind = 3 WHERE kind = 3",
        "a deletion": "DELETE FROM ledger",
        "to be emptied": "TRUNCATE ledger CASCADE",
        "a row for an entry that is written": (
            f"INSERT INTO ledger (entry, kind, origin, uid) SELECT ({entry}), 3, 2, '\\x{fresh.hex()}'"
        ),
        "a series without its place": (
            f"INSERT INTO ledger (entry, kind, origin, uid) SELECT ({entry}) + 1, 2, 2, '\\x{fresh.hex()}'"
        ),
        "a series that isn't there": (
            "INSERT INTO ledger (entry, series_id, kind, origin, uid) "
            f"SELECT ({entry}) + 1, 1 << 40, 3, 2, '\\x{fresh.hex()}'"
        ),
    }
    if partitioned:
        tried["a change in a part"] = "UPDATE ledger_0 SET kind = 3 WHERE kind = 3"
        tried["a part to be emptied"] = "TRUNCATE ledger_0 CASCADE"
        tried["a part to be taken away"] = "ALTER TABLE ledger DETACH PARTITION ledger_0"
    for what, statement in tried.items():
        try:
            connection.execute(statement)
        except psycopg.Error as error:
            name = error.diag.constraint_name or str(error).splitlines()[0]
            print(f"{what}: refused, {name}", file=sys.stderr)
        else:
            print(f"{what}: NOT REFUSED", file=sys.stderr)


def _listing(connection: psycopg.Connection[Any]) -> float:
    """The median of listing a series."""
    ids = connection.execute(f"SELECT id FROM series ORDER BY md5(id::text) LIMIT {LISTED}").fetchall()
    seconds = []
    for (number,) in ids:
        begun = time.perf_counter()
        connection.execute("SELECT uid FROM ledger WHERE series_id = %s", (number,)).fetchall()
        seconds.append(time.perf_counter() - begun)
    return sorted(seconds)[len(seconds) // 2]


def _bytes(connection: psycopg.Connection[Any]) -> tuple[int, int, int]:
    """Of the ledger with its indexes, of its key, and of everything."""
    query = (
        "SELECT sum(pg_relation_size(oid)) FILTER (WHERE relname ~ '^(pk_|ix_)?ledger'), "
        "sum(pg_relation_size(oid)) FILTER (WHERE relname ~ '^(pk_ledger|ledger.*_pkey)'), "
        "sum(pg_relation_size(oid)) FROM pg_class "
        "WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace"
    )
    whole, key, everything = connection.execute(query).fetchone() or (0, 0, 0)
    return int(whole), int(key), int(everything)


if __name__ == "__main__":
    main()
