"""The places of the trail, recomputed: gapless, the size of the ledger, the tree and its nodes, and
whether the trail still begins as checkpoints say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from sqlalchemy import Connection

from registry.merkle import Node, TreeHead
from registry.store.streams import AT_ONCE, UNREADABLE, Broken, made_by, stream
from registry.store.tree import Head


class Places:
    """The places of the trail and the tree over them; ``broken`` is the first that is wrong,
    ``unlike`` the first head that it doesn't have."""

    def __init__(self, against: Sequence[Head]) -> None:
        self.head = TreeHead()
        self.broken: Broken | None = None
        self.unlike: str | None = None
        self._heads = sorted(against, reverse=True)
        self._like = 0  # the greatest size at which it was found like a head

    def read(self, connection: Connection, read: Callable[[int], None], opened: ExitStack) -> None:
        count = int(connection.exec_driver_sql("SELECT count(*) FROM entries").scalar_one())
        if not count:
            self.broken = Broken(None, "it is empty: every registry begins with an entry")
        nodes = _Nodes(connection, count, opened)
        query = "SELECT id, seq, prev, ledger_size, leaf, rows FROM entries ORDER BY seq"
        ledger_size = 0
        self._compare()
        for entry, seq, prev, said_size, leaf, rows in stream(connection, query, opened):
            place = self.head.size
            try:
                ledger_size += made_by(rows).get("ledger", (0, ""))[0]
            except UNREADABLE:
                self._wrong(entry, "what it says of its rows can't be read")
            if seq != place or prev != (place - 1 if place else None):
                self._wrong(entry, f"its place is {seq}; {place} was due: entries are missing or inserted")
            if said_size != ledger_size:
                self._wrong(
                    entry, f"it counts {said_size} UIDs in the ledger where {ledger_size} were entered"
                )
            if not isinstance(leaf, bytes):
                self._wrong(entry, "it has no hash")
            for node, value in self.head.complete(leaf if isinstance(leaf, bytes) else b""):
                if self.broken is None and (reason := nodes.check(node, value)):
                    self._wrong(entry, reason)
            self._compare()
            if not self.head.size % AT_ONCE:
                read(AT_ONCE)
        if self.broken is None and (reason := nodes.left()):
            self._wrong(None, reason)
        if self._heads and self.unlike is None:
            self.unlike = (
                f"it has {self.head.size} entries where a checkpoint says {self._heads[-1].size}: "
                "its end was cut off, or an old copy was put in its place"
            )
        read(self.head.size % AT_ONCE)

    def _wrong(self, entry: int | None, reason: str) -> None:
        self.broken = self.broken or Broken(entry, reason)

    def _compare(self) -> None:
        """Whether the trail of this size is what heads of this size say."""
        while self._heads and self._heads[-1].size <= self.head.size:
            head = self._heads.pop()
            if head.root == self.head.root:
                self._like = head.size
            elif self.unlike is None:
                self.unlike = (
                    f"its first {head.size} entries are not those of a checkpoint"
                    + (f", its first {self._like} are those of another one" if self._like else "")
                    + ": it was rewritten, or belongs to another registry"
                )


class _Nodes:
    """The stored nodes of a tree of so many leaves, each asked for once, in any order of levels."""

    def __init__(self, connection: Connection, size: int, opened: ExitStack) -> None:
        self._connection, self._top = connection, max(size.bit_length() - 1, 0)
        query = "SELECT place, hash FROM tree_nodes WHERE level = {} ORDER BY place"
        levels = range(1, self._top + 1)
        self._levels = [stream(connection, query.format(level), opened) for level in levels]

    def check(self, node: Node, value: bytes) -> str | None:
        """What is wrong with the next node of its level."""
        found = next(self._levels[node.level - 1], None) if node.level <= self._top else None
        if found is None or found[0] != node.place:
            return f"the node over {_span(node)} is missing from the tree, or there is one too many before it"
        if found[1] != value:
            return f"the node over {_span(node)} isn't that of its entries"
        return None

    def left(self) -> str | None:
        """A node that stands over entries that aren't there."""
        for level, rest in enumerate(self._levels, start=1):
            if (found := next(rest, None)) is not None:
                return f"there is a node in the tree, level {level} place {found[0]}, without its entries"
        beyond = f"SELECT level, place FROM tree_nodes WHERE level > {self._top} OR level < 1 LIMIT 1"
        if (found := self._connection.exec_driver_sql(beyond).first()) is not None:
            return f"there is a node in the tree, level {found[0]} place {found[1]}, without its entries"
        return None


def _span(node: Node) -> str:
    first = node.place << node.level
    return f"the places {first} to {first + (1 << node.level) - 1}"
