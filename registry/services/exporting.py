"""The trail for other systems: whole entries, as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from registry.events import parse_event
from registry.services.accounting import account
from registry.services.auditing import recorded_name
from registry.services.opening import OpenRegistry
from registry.store.entries import entries_about
from registry.store.feed import Wanted, Whole, feed
from registry.uid import findable


@dataclass(frozen=True, slots=True)
class Choice:
    """Which entries are wanted; moments are as the trail writes them."""

    event: str | None = None  # ends with ":" for all of a noun
    actor: str | None = None
    since: str | None = None
    until: str | None = None
    uid: str | None = None  # acts that touched it


@contextmanager
def exported(
    registry: OpenRegistry, choice: Choice, form: str, *, placed: bool, unrecorded: bool = False
) -> Iterator[Iterator[Whole]]:
    """The entries that are chosen, in their order, all from one state of the trail; that they
    were exported is its last entry. ``placed`` also says what the UIDs are and belong to.

    Raises what ``account`` raises, and ``BadRequest`` where there can't be any such entries.
    """
    uid = None if choice.uid is None else findable(choice.uid)
    if choice.event is not None:
        parse_event(choice.event)
    account(registry, "audit:export", unrecorded=unrecorded, format=form, **_said(registry, choice))
    with registry.database.reading() as connection:
        ids = None if uid is None else entries_about(connection, uid)
        wanted = Wanted(choice.event, choice.actor, choice.since, choice.until, ids)
        yield feed(connection, wanted, placed=placed)


def _said(registry: OpenRegistry, choice: Choice) -> dict[str, str]:
    """The choice as the trail keeps it."""
    said = asdict(choice)
    if (actor := said.pop("actor")) is not None:
        said["by"] = recorded_name(registry, actor)
    return {name: value for name, value in said.items() if value is not None}
