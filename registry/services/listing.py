"""Lists of UIDs: those of the ledger that pass some filters, and what went somewhere unrecorded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from registry.errors import MalformedUid
from registry.services.opening import OpenRegistry
from registry.store import exports, queries
from registry.store.exports import Sent, Way
from registry.store.queries import Filters, Listed
from registry.uid import printable

if TYPE_CHECKING:
    from registry.services.people import Asked, Found

_PREFIX = frozenset("0123456789.")


@dataclass(frozen=True, slots=True)
class Listing:
    """What was found."""

    items: list[Listed]
    way: Way | None = None
    sent: dict[str, Sent] = field(default_factory=dict)  # when each of them was, where that was asked
    unrecorded: list[Sent] = field(default_factory=list)  # what went that way and isn't in the ledger
    left_out: int = 0  # more of those, of which nobody can tell whether they pass
    persons: Found | None = None  # whose they are, where that was asked


def listed(
    registry: OpenRegistry,
    filters: Filters,
    *,
    whose: Asked | None = None,
    context: str | None = None,
    unrecorded: bool = False,
    most: int | None = None,
) -> Listing:
    """The UIDs that pass some filters, in the order in which they were recorded; of those alone
    that are some persons', where ``whose`` says so.

    Asking for a person's UIDs is itself recorded, unless ``unrecorded`` (``accounting.account``).
    """
    if filters.under is not None:
        parse_prefix(filters.under)
    context = registry.context(context)
    if whose is not None:
        from registry.services import people  # with all that knows of patients, for few lists

        sent_to = filters.sent.destination if filters.sent else None
        people.accounted(registry, whose, context, unrecorded=unrecorded, sent_to=sent_to)
    with registry.database.reading() as connection:
        persons = people.found(registry, connection, whose, context) if whose is not None else None
        if persons is None:
            items = list(queries.listing(connection, filters, most))
        else:
            items = queries.among(connection, persons.uids, filters)[:most]
        if filters.sent is None:
            return Listing(items, persons=persons)
        sent = exports.first_sent(connection, filters.sent, (item.uid for item in items))
        others = _passing(exports.unrecorded(connection, filters.sent), filters)
        if persons is not None or not filters.by_uid_alone:
            left_out = sum(1 for _ in others)
            return Listing(items, filters.sent, sent, left_out=left_out, persons=persons)
        rest = None if most is None else most - len(items)
        return Listing(items, filters.sent, sent, list(islice(others, rest)))


def _passing(sent: Iterable[Sent], filters: Filters) -> Iterable[Sent]:
    """Those that pass as far as a UID and its kind alone tell it."""
    for each in sent:
        if filters.kind is not None and each.kind is not filters.kind:
            continue
        if filters.under is not None and not each.uid.startswith(filters.under):
            continue
        yield each


def parse_prefix(text: str) -> str:
    """A beginning of a UID. Raises ``MalformedUid``."""
    if not text or not set(text) <= _PREFIX or text[0] == ".":
        raise MalformedUid(f"{printable(text)} is not the beginning of a UID")
    return text
