"""Bytes on disk for each instance, beside the schema that anybody would write (benchmarks/textbook.sql).

The same instances in both, as loaded, nothing compacted afterwards: with contents' and data sets' digests,
patients' tokens and fingerprints, references (the one object of a small series is derived from another
series: a segmentation names every image of it, a report one), and the audit trail. Then both are asked the
same questions (benchmarks/textbook.py has those of the textbook), and must answer the same.
"""

from __future__ import annotations

import argparse
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from benchmarks import archive, measure, textbook
from benchmarks.contestants import ACTOR, Place
from benchmarks.figures import Page
from benchmarks.stage import ROOT
from benchmarks.storing import IMAGE
from registry.dicomfile.reader import read
from registry.dicomfile.sources import Source
from registry.records import FileMeta, IndexRow, Kind, ObjectClaim, Patient, Reference, Role
from registry.rules.policy import Policy
from registry.services import registering
from registry.services.initializing import init
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import BATCH
from registry.services.resuming import GROUP, Batch
from registry.store import branches, life, lookups, marks, queries
from registry.store.listing import Filters, listing
from registry.store.words import Words
from tests.postgres import Server

ASKED = 200
_EXPLICIT = "1.2.840.10008.1.2.1"


def main() -> None:
    given = measure.options(__doc__, "instances", usual=1_000_000, quick=20_000, table=False)
    given.folder.mkdir(parents=True, exist_ok=True)
    page = Page("sizing")
    page.tell(f"{measure.conditions()}; {given.count:,} instances, bytes each.\n")
    for engine in ("sqlite", "postgresql"):
        with _place(engine, given) as (place, book):
            _fill(place, book, given.count)
            ours, theirs = _sizes(place.connect()), _sizes(book.connection)
            _tell(page, engine, ours, theirs, given.count)
            _compare(place, book, given.count)


@contextmanager
def _place(engine: str, given: argparse.Namespace) -> Iterator[tuple[Place, textbook.Textbook]]:
    with tempfile.TemporaryDirectory(prefix="sizing-", dir=given.folder) as made:
        folder = Path(made)
        if engine == "sqlite":
            book = sqlite3.connect(folder / "textbook.db")
            book.execute("PRAGMA journal_mode = WAL")
            yield Place(engine, str(folder / "registry.db"), folder), textbook.Textbook(book)
            book.close()
            return
        import psycopg

        server = Server(place=given.folder, settings=("shared_buffers=1GB",))
        try:
            with psycopg.connect(server.url(server.create())) as connection:
                place = Place(engine, server.url(server.create()), folder)
                yield place, textbook.Textbook(connection)
        finally:
            server.close()


_RUN = b"sizing"


# --- the same in both ----------------------------------------------------------------------


def _fill(place: Place, book: textbook.Textbook, count: int) -> None:
    init(place.settings, root=ROOT)
    with opened(place.settings) as registry:
        policy = Policy(registry.settings.check)
        remaining = claims(registry, count)
        while batch := list(islice(remaining, BATCH)):
            sources = [Source(claim.path, size=number) for number, claim in enumerate(batch)]
            marked = [secrets.token_bytes(16) for _ in range(0, len(batch), GROUP)]
            found = Batch(list(zip(sources, batch, strict=True)), marked)
            registering._record(registry, found, _RUN, policy, {})
            with registry.database.reading() as connection:
                at = queries.one(connection, str(batch[0].sop_instance_uid))
            assert at is not None
            book.add(batch, at.at, ACTOR)
        with registry.database.writing() as connection:  # as `register` does at its end
            marks.forget(connection, _RUN)
            connection.commit()


def claims(registry: OpenRegistry, count: int) -> Iterator[ObjectClaim]:
    """The archive's objects, each as a file of it would say what it is."""
    image = read(Source(str(IMAGE)), registry.reader_keys)
    assert isinstance(image, ObjectClaim)
    number = made = 0
    while made < count:
        rows = archive.study(number)[: count - made]
        yield from _study(image, number, rows)
        number, made = number + 1, made + len(rows)


def _study(image: ObjectClaim, number: int, rows: list[IndexRow]) -> Iterator[ObjectClaim]:
    """Two studies in three are another patient's."""
    patient = Patient(_bytes("patient", number * 2 // 3))
    series: dict[str, list[IndexRow]] = {}
    for row in rows:
        series.setdefault(str(row.series_instance_uid), []).append(row)
    images = [members for members in series.values() if members[0].modality not in ("SEG", "SR")]
    digits = Random(number)
    for place, members in enumerate(series.values()):
        frame = f"1.2.840.113619.9.{int.from_bytes(_bytes('frame', number, place)[:12], 'big')}"
        derived = members not in images
        sources = digits.choice(images) if derived else []
        if members[0].modality == "SR":
            sources = sources[:1]
        for row in members:
            uid = str(row.sop_instance_uid)
            yield replace(
                image,
                sop_instance_uid=uid,
                sop_class_uid=row.sop_class_uid,
                series_instance_uid=row.series_instance_uid,
                study_instance_uid=row.study_instance_uid,
                modality=row.modality,
                transfer_syntax_uid=_EXPLICIT,
                content_digest=_bytes("content", uid),
                data_set_digest=_bytes("data set", uid),
                patient=patient,
                aliases=(),
                labels=(),
                frames=(),
                shared=((Kind.FRAME_OF_REFERENCE, frame),),
                frame_of_reference_uid=frame,
                references=tuple(
                    Reference(
                        each.sop_instance_uid,
                        each.sop_class_uid,
                        each.series_instance_uid,
                        each.study_instance_uid,
                        Role.SOURCE,
                    )
                    for each in sources
                ),
                meta=FileMeta(
                    media_storage_sop_class_uid=row.sop_class_uid,
                    media_storage_sop_instance_uid=uid,
                    transfer_syntax_uid=_EXPLICIT,
                ),
                path=f"/archive/{number}/{place}/{uid}.dcm",
            )


def _bytes(*what: object) -> bytes:
    """Sixteen bytes that look like any, always the same ones."""
    return blake2b(repr(what).encode(), digest_size=16).digest()


# --- sizes ---------------------------------------------------------------------------------


def _sizes(connection: Any) -> dict[str, tuple[str, int]]:
    """Of each table and index: whose it is, and bytes."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        owners = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master"))
        sizes = connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name")
        found = {name: (owners.get(name, name), size) for name, size in sizes}
        (page,), (free,) = (
            connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "freelist_count")
        )
        return {**found, "free pages": ("free pages", page * free)}
    query = (
        "SELECT c.relname, coalesce(t.relname, c.relname), "
        "CASE c.relkind WHEN 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END "
        "FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid "
        "LEFT JOIN pg_class t ON t.oid = i.indrelid "
        "WHERE c.relkind IN ('r', 'i') AND c.relnamespace = 'public'::regnamespace"
    )
    return {name: (owner, size) for name, owner, size in connection.execute(query).fetchall()}


_REFERENCES = ("reference", "reference_sets", "reference_claims", "derivations", "pending_references")
_AUDIT = ("audit", "entries", "tree_nodes", "notes", "requests")


def _tell(
    page: Page, engine: str, ours: dict[str, tuple[str, int]], theirs: dict[str, tuple[str, int]], count: int
) -> None:
    page.tell(f"| {engine} | ours | textbook | ratio |\n| - | -: | -: | -: |")
    for what, left_out in (
        ("all", ()),
        ("without references", _REFERENCES),
        ("without references and audit", (*_REFERENCES, *_AUDIT)),
    ):
        one, other = (
            sum(size for owner, size in sizes.values() if owner not in left_out) / count
            for sizes in (ours, theirs)
        )
        page.tell(f"| {what} | {one:.1f} | {other:.1f} | {one / other:.3f} |")
    for name, sizes in (("Ours", ours), ("The textbook's", theirs)):
        listed = sorted(sizes.items(), key=lambda item: -item[1][1])
        told = [f"{table} {size / count:.1f}" for table, (_, size) in listed if size / count >= 1]
        page.tell(f"\n{name}, by table and index: {', '.join(told)}.")
    page.tell("")


# --- the same answers ----------------------------------------------------------------------


def _compare(place: Place, book: textbook.Textbook, count: int) -> None:
    with opened(place.settings, read_only=True) as registry:
        uids = [
            str(c.sop_instance_uid) for c in islice(claims(registry, count), 0, None, max(1, count // ASKED))
        ]
        with registry.database.reading() as connection:
            ours = _Ours(registry, connection)
            for uid in uids:
                for question in textbook.QUESTIONS:
                    one, other = getattr(ours, question.__name__)(uid), question(book, uid)
                    if one != other:
                        raise SystemExit(f"{question.__doc__} {uid}\nours: {one}\ntextbook: {other}")
            moment = ours.moment(uids[len(uids) // 2])
            if ours.since(moment) != textbook.since(book, moment):
                raise SystemExit(f"since {moment}: {ours.since(moment)}, {textbook.since(book, moment)}")
    print(f"{len(uids)} UIDs, {len(textbook.QUESTIONS)} questions: the same answers", file=sys.stderr)


class _Ours:
    """The questions of benchmarks/textbook.py, put to the registry."""

    def __init__(self, registry: OpenRegistry, connection: Any) -> None:
        self._registry, self._connection, self._words = registry, connection, Words(connection)

    def _one(self, uid: str) -> queries.Listed:
        listed = queries.one(self._connection, uid)
        assert listed is not None
        return listed

    def recorded(self, uid: str) -> Any:
        one = self._one(uid)
        place = (one.series_instance_uid, one.study_instance_uid, one.modality, one.sop_class_uid)
        return (*place, one.actor, one.at[:10])

    def content(self, uid: str) -> Any:
        (row,) = lookups.LEDGER.rows(self._connection, [uid])
        syntax = self._words.value(row.transfer_syntax_id)
        return (bytes(row.content).hex(), bytes(row.data_set).hex(), syntax)

    def members(self, uid: str) -> Any:
        return sorted(branches.instances_of(self._connection, str(self._one(uid).series_instance_uid)))

    def referring(self, uid: str) -> Any:
        series = self._one(uid).series_instance_uid
        found = life.referring_to(self._connection, uid, Kind.INSTANCE, series)
        return sorted((each.series_instance_uid, each.objects) for each in found)

    def relatives(self, uid: str) -> Any:
        found = branches.branches(self._connection, str(self._one(uid).study_instance_uid))
        return sorted((each.series_instance_uid, each.instances, list(each.sources)) for each in found)

    def acts(self, uid: str) -> Any:
        return 1 + len(life.uses_of(self._connection, uid))

    def moment(self, uid: str) -> str:
        return self._one(uid).at

    def since(self, moment: str) -> int:
        levels = (Filters(kind, since=moment) for kind in (Kind.STUDY, Kind.SERIES, Kind.INSTANCE))
        return sum(1 for level in levels for _ in listing(self._registry.database, level))


if __name__ == "__main__":
    main()
