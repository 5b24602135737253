"""Listings of what waits for its object: UIDs that were issued for any use, or as replacements, and
that no object was seen with, so that they are no rows of the ledger (store/reserved.py).

A page at a time, as what is in the ledger is listed (store/listing.py).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlalchemy import LargeBinary, func, literal_column, select, tuple_, type_coerce

from registry.records import Kind, Origin
from registry.store import listing
from registry.store.listing import Filters, Place, key_of, place_of
from registry.store.packing import prefix_range
from registry.store.queries import Listed
from registry.store.reserved import PARTS, Part
from registry.store.schema import entries, ledger
from registry.store.session import Connection, Database


def waiting(database: Database, filters: Filters, after: Place | None = None) -> Iterator[Listed]:
    """Those that pass the filters and come after a place, in the order in which they were issued.
    What nobody said of what kind it is, is told as ``other``."""
    of_nothing = replace(filters, kind=None, under=None, actor=None, since=None, until=None, state=None)
    if filters.state not in (None, "issued") or replace(of_nothing, issued_unused=False) != Filters():
        return iter(())
    pages = (_pages(database, part, filters, after) for part in PARTS)
    return heapq.merge(*pages, key=lambda listed: key_of(place_of(listed)))


def place_among(connection: Connection, uid: str) -> Place | None:
    """Where one of them is in that order; None where it is none."""
    for part in PARTS:
        table = part.table
        query = select(table.c.entry).where(table.c.uid == uid, part.condition)
        if (entry := connection.execute(query).scalar_one_or_none()) is not None:
            return Place(entry, uid)
    return None


def _pages(database: Database, part: Part, filters: Filters, after: Place | None) -> Iterator[Listed]:
    query = _query(part, filters)
    key = type_coerce(part.table.c.uid, LargeBinary)
    last = (-1, b"") if after is None else key_of(after)
    while True:
        page = query.where(tuple_(part.table.c.entry, key) > last)
        with database.reading() as connection:
            rows = connection.execute(page.order_by(part.table.c.entry, key).limit(listing.PAGE)).all()
        for uid, kind, entry, at, actor, event in rows:
            of_it = Listed(
                uid, Kind(kind), Origin.ISSUED, "issued", None, None, None, None, entry, at, actor, event
            )
            last = key_of(place_of(of_it))
            yield of_it
        if len(rows) < listing.PAGE:
            return


def _query(part: Part, filters: Filters) -> Any:
    table, key = part.table, type_coerce(part.table.c.uid, LargeBinary)
    kind = func.coalesce(part.kind, literal_column(f"{Kind.OTHER:d}"))
    query = (
        select(table.c.uid, kind, table.c.entry, entries.c.at, entries.c.actor, entries.c.event)
        .join_from(table, entries, entries.c.id == table.c.entry)
        .where(part.condition, ~select(1).where(ledger.c.uid == table.c.uid).correlate(table).exists())
    )
    if filters.kind is not None:
        query = query.where(kind == int(filters.kind))
    if filters.under is not None:
        low, high = prefix_range(filters.under)
        query = query.where(key >= low, key < high)
    if filters.actor is not None:
        query = query.where(entries.c.actor == filters.actor)
    if filters.since is not None:
        query = query.where(entries.c.at >= filters.since)
    if filters.until is not None:
        query = query.where(entries.c.at < filters.until)
    return query
