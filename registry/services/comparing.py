"""Reading what is to be checked: a digest is made only where there is something to compare it with.

An instance that nobody has seen, neither here nor ever before, is compared with
nothing. So files are read without digests first; those whose instance is recorded
with a content, or is in two of them, are read again. Where the very first files are
recorded, as in an archive that is checked again, the others get theirs at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from registry.dicomfile.sources import Source
from registry.records import ObjectClaim, Reading
from registry.services.reading import PROBED, Item, Named, Readers
from registry.store.ledger import with_content
from registry.store.session import Connection

Asked = Callable[[Iterable[str]], set[str]]
"""Of some instances those that are recorded with a content."""


def naming(reading: Reading, named: Named) -> Reading:
    """A reading that says what its object names."""
    if not isinstance(reading, ObjectClaim) or not named:
        return reading
    return replace(reading, named=named) if isinstance(named, tuple) else named


class Batch:
    """The files of one check, and which of them lack the digests that they should have."""

    def __init__(self, readers: Readers, told: Callable[[int], None]) -> None:
        self._readers, self._told = readers, told
        self._items: list[Item] = []
        self._without: set[int] = set()  # places in the list
        self._named: dict[int, Named] = {}  # what each object names, by its place; where that is asked for

    @property
    def readings(self) -> list[Reading]:
        return [naming(reading, self._named.get(place, ())) for place, (_, reading) in enumerate(self._items)]

    def read(self, paths: Sequence[str], recorded: Asked, *, digests: bool, of_all: bool = False) -> None:
        """Read everything below some paths; ``digests=False`` never makes any, ``of_all`` each one's."""
        sources = self._readers.expand(paths)
        if digests and not of_all:
            self._take(self._readers.read(islice(sources, PROBED), digests=False))
            self._without.update(range(len(self._items)))
            digests = bool(recorded(self._instances(self._without)))
        begun = len(self._items)
        self._take(self._readers.read(sources, digests=digests))
        if self._without and not digests:
            self._without.update(range(begun, len(self._items)))

    def _take(self, items: Iterable[Item]) -> None:
        for item in items:
            self._items.append(item)
            self._told(len(self._items))

    def _instances(self, places: Iterable[int]) -> list[str]:
        claims = (self._items[place][1] for place in places)
        return [uid for c in claims if isinstance(c, ObjectClaim) and (uid := c.place[0])]

    def to_compare(self, connection: Connection, context: str | None, others: Iterable[Reading]) -> list[int]:
        """The files that lack a digest and have something to be compared with: what is
        recorded, another of these files, or one of ``others``."""
        everybody = [*self.readings, *others]
        counted = Counter(c.place[0] for c in everybody if isinstance(c, ObjectClaim))
        compared = with_content(connection, self._instances(self._without), context)
        compared |= {uid for uid, count in counted.items() if uid and count > 1}
        return sorted(
            place
            for place in self._without
            if isinstance(claim := self._items[place][1], ObjectClaim) and claim.place[0] in compared
        )

    def name_uids(self) -> None:
        """Have each object say every UID that is in it; one in which they can't be found can't be read."""
        places = [place for place, (_, claim) in enumerate(self._items) if isinstance(claim, ObjectClaim)]
        sources = [source for place in places if isinstance(source := self._items[place][0], Source)]
        self._named = dict(zip(places, self._readers.name(sources), strict=True))

    def read_again(self, places: Sequence[int]) -> None:
        """Read some files once more, with digests."""
        sources = [self._items[place][0] for place in places]
        for place, item in zip(places, self._readers.read(sources, digests=True), strict=True):
            self._items[place] = item
        self._without.difference_update(places)
