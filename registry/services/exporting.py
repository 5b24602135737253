"""The trail for other systems: whole entries, as a stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from registry.services.accounting import account
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

    def told(self) -> dict[str, object]:
        """The choice as the trail keeps it. Of a name it only says that one was given: anything
        can be typed there, and the trail keeps it for ever."""
        said = {"event": self.event, "since": self.since, "until": self.until, "uid": self.uid}
        filters = {name: value for name, value in said.items() if value is not None}
        return {**filters, **({"by": True} if self.actor is not None else {})}


@contextmanager
def exported(
    registry: OpenRegistry, choice: Choice, form: str, *, placed: bool, unrecorded: bool = False
) -> Iterator[Iterator[Whole]]:
    """The entries that are chosen, in their order, all from one state of the trail; that they
    were exported is its last entry. ``placed`` also says what the UIDs are and belong to.

    Raises what ``account`` raises.
    """
    uid = None if choice.uid is None else findable(choice.uid)
    account(registry, "audit:export", unrecorded=unrecorded, format=form, filters=choice.told())
    with registry.database.reading() as connection:
        ids = None if uid is None else entries_about(connection, uid)
        wanted = Wanted(choice.event, choice.actor, choice.since, choice.until, ids)
        yield feed(connection, wanted, placed=placed)
