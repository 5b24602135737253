"""UIDs that were issued before anybody could say what they are: for any use, or as a replacement.

The ledger says of each UID what it is, for ever. So one of these is no row of it before an object is
seen with it; until then, that it was issued stands where it was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import CompoundSelect, Connection, Table, func, literal_column, null, select, union_all

from registry.records import Origin, Trait
from registry.store.schema import ledger, replacements, traits


class Part(NamedTuple):
    """A table some of whose rows are of such UIDs."""

    table: Table
    condition: Any
    kind: Any  # null: nobody said


PARTS = (
    Part(replacements, replacements.c.origin == literal_column(str(int(Origin.ISSUED))), replacements.c.kind),
    Part(traits, traits.c.trait == literal_column(f"'{Trait.GENERATED}'"), null()),
)


def given() -> CompoundSelect[Any]:
    """Each with the entry that issued it, and its kind where that was told; in the ledger by now or not."""
    return union_all(
        *(select(table.c.uid, table.c.entry, kind).where(condition) for table, condition, kind in PARTS)
    )


def given_among(connection: Connection, uids: Iterable[str]) -> set[str]:
    """Those of a few UIDs that were."""
    early = given().subquery("early")
    return set(connection.scalars(select(early.c.uid).where(early.c.uid.in_(list(uids)))))


def waiting(connection: Connection) -> int:
    """How many there are that no object was seen with."""
    early = given().subquery("early")
    query = (
        select(func.count())
        .join_from(early, ledger, ledger.c.uid == early.c.uid, isouter=True)
        .where(ledger.c.uid.is_(None))
    )
    return connection.execute(query).scalar_one()
