"""Lists of UIDs: those of the ledger that pass some filters, and what went somewhere unrecorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from registry.errors import MalformedUid, UnknownUid
from registry.services.opening import OpenRegistry
from registry.services.querying import STANDING, all_findings
from registry.store import exports, listing, queries, waiting
from registry.store.exports import Sent, Way
from registry.store.findings import Which
from registry.store.listing import Filters, Place, place_of
from registry.store.queries import Listed
from registry.uid import findable, is_key, printable

if TYPE_CHECKING:
    from registry.services.people import Asked, Found

_PREFIX = frozenset("0123456789.")

_AT_ONCE = 1000


class Item(NamedTuple):
    """A UID of a list."""

    uid: str
    listed: Listed | None  # None: it went somewhere and isn't in the ledger
    sent: Sent | None = None  # when it first did, where that was asked


@dataclass(slots=True)
class Listing:
    """What is found, as it comes: taken once, while the registry is open."""

    items: Iterator[Item]
    way: Way | None = None
    persons: Found | None = None  # whose they are, where that was asked
    left_out: int = field(default=0)  # what went that way, unrecorded, and nobody can tell whether it passes


def listed(
    registry: OpenRegistry,
    filters: Filters,
    *,
    whose: Asked | None = None,
    finding: str | None = None,
    context: str | None = None,
    unrecorded: bool = False,
    most: int | None = None,
    after: str | None = None,
) -> Listing:
    """The UIDs that pass some filters, in the order in which they were recorded; of those alone
    that are some persons', where ``whose`` says so, and that have a ``finding`` of a code which
    isn't over; the first so many that come ``after`` one. Behind them, in their own order, those
    that were issued for any use or as replacements, and that no object was seen with yet.

    Asking for a person's UIDs is itself recorded, unless ``unrecorded`` (``accounting.account``).
    """
    if filters.under is not None:
        parse_prefix(filters.under)
    context = registry.context(context)
    start, is_waiting = (None, False) if after is None else _place(registry, after)
    having = None if finding is None else _with_finding(registry, finding)
    if whose is not None:
        return _of_persons(registry, filters, whose, context, unrecorded, most, start, having)
    if having is not None:
        with registry.database.reading() as connection:
            few = _behind(listing.among(connection, having, filters), start)
        return _result(registry, filters, iter(few[:most]), most, having=having)
    found = chain(
        () if is_waiting else listing.listing(registry.database, filters, start),
        waiting.waiting(registry.database, filters, start if is_waiting else None),
    )
    return _result(registry, filters, islice(found, most), most)


def _place(registry: OpenRegistry, uid: str) -> tuple[Place, bool]:
    """Where a UID is in the order, and whether it is among those that wait for their object."""
    with registry.database.reading() as connection:
        known = queries.one(connection, findable(uid))
        place = place_of(known) if known else waiting.place_among(connection, uid)
    if place is None:
        raise UnknownUid(
            f"{printable(uid)} isn't recorded, so nothing is known to come after it",
            advice="Name the last UID of the list that this is to go on from.",
        )
    return place, known is None


def _of_persons(
    registry: OpenRegistry,
    filters: Filters,
    whose: Asked,
    context: str | None,
    unrecorded: bool,
    most: int | None,
    start: Place | None,
    having: set[str] | None,
) -> Listing:
    from registry.services import people  # with all that knows of patients, for few lists

    sent_to = filters.sent.destination if filters.sent else None
    people.accounted(registry, whose, context, unrecorded=unrecorded, sent_to=sent_to)
    with registry.database.reading() as connection:
        persons = people.found(registry, connection, whose, context)
        theirs = persons.uids if having is None else having.intersection(persons.uids)
        found = _behind(listing.among(connection, theirs, filters), start)
    return _result(registry, filters, iter(found[:most]), most, persons, having)


def _with_finding(registry: OpenRegistry, code: str) -> set[str]:
    """What findings of a code that aren't over are about, as far as it can be in the ledger."""
    found = all_findings(registry, Which(code=code), STANDING, None)
    return {each.uid for each in found if is_key(each.uid)}


def _behind(found: list[Listed], start: Place | None) -> list[Listed]:
    """What comes after a place."""
    if start is None:
        return found
    return [each for each in found if listing.key_of(place_of(each)) > listing.key_of(start)]


def _result(
    registry: OpenRegistry,
    filters: Filters,
    found: Iterator[Listed],
    most: int | None,
    persons: Found | None = None,
    having: set[str] | None = None,
) -> Listing:
    result = Listing(iter(()), filters.sent, persons)
    if filters.sent is None:
        result.items = (Item(each.uid, each) for each in found)
    else:
        recorded_alone = having is not None  # no finding is kept of what isn't
        result.items = _sent(registry, filters, filters.sent, found, most, result, recorded_alone)
    return result


def _sent(
    registry: OpenRegistry,
    filters: Filters,
    way: Way,
    found: Iterator[Listed],
    most: int | None,
    result: Listing,
    recorded_alone: bool,
) -> Iterator[Item]:
    """What was found, with when it went some way; behind it what did and isn't recorded."""
    told = 0
    while some := list(islice(found, _AT_ONCE)):
        with registry.database.reading() as connection:
            sent = exports.first_sent(connection, way, (each.uid for each in some))
        yield from (Item(each.uid, each, sent[each.uid]) for each in some)
        told += len(some)
    if recorded_alone:
        return
    with registry.database.reading() as connection:
        others = _passing(exports.unrecorded(connection, way), filters)
        if result.persons is not None or not filters.by_uid_alone:
            result.left_out = sum(1 for _ in others)
            return
        rest = None if most is None else most - told
        yield from (Item(each.uid, None, each) for each in islice(others, rest))


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
