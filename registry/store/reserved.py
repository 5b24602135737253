"""UIDs that were issued before anybody could say what they are: for any use, or as a replacement.

The ledger says of each UID what it is, for ever. So one of these is no row of it before an object is
seen with it; until then, that it was issued stands where it was said.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import CompoundSelect, Connection, func, literal_column, null, select, union_all

from registry.records import Origin, Trait
from registry.store.schema import ledger, replacements, traits


def given() -> CompoundSelect[Any]:
    """Each with the entry that issued it, and its kind where that was told; in the ledger by now or not."""
    return union_all(
        select(replacements.c.uid, replacements.c.entry, replacements.c.kind).where(
            replacements.c.origin == literal_column(str(int(Origin.ISSUED)))
        ),
        select(traits.c.uid, traits.c.entry, null()).where(
            traits.c.trait == literal_column(f"'{Trait.GENERATED}'")
        ),
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
