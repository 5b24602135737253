"""The tree over the trail, as the database keeps it: heads and proofs in O(log n)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, func, select, tuple_

from registry.errors import TrailBroken
from registry.merkle import Node, consistency_path, inclusion_path, nodes_of, root_of
from registry.store.schema import entries, tree_nodes


class Head(NamedTuple):
    """What stands for a trail: how many entries, and the root over them."""

    size: int
    root: bytes


def size_of(connection: Connection) -> int:
    """Entries in the trail."""
    newest = connection.execute(select(func.max(entries.c.seq))).scalar_one_or_none()
    return 0 if newest is None else int(newest) + 1


def head_of(connection: Connection, size: int | None = None) -> Head:
    """The head of the trail, or what it was at an earlier ``size``.

    Raises ``TrailBroken`` where the trail is shorter, or nodes are missing.
    """
    size = size_of(connection) if size is None else size
    return Head(size, _roots(connection, [(0, size)])[0])


def heads_of(connection: Connection, *sizes: int) -> list[Head]:
    """What the head was at several sizes, for little more than one."""
    return list(map(Head, sizes, _roots(connection, [(0, size) for size in sizes])))


def misfit(connection: Connection, head: Head) -> str | None:
    """Why a head isn't one of this trail; None: it is."""
    size = size_of(connection)
    if size < head.size:
        return f"the trail has {size:,} entries, and had {head.size:,} then: some are missing"
    if head_of(connection, head.size).root != head.root:
        return f"the first {head.size:,} entries of the trail are not those that were there then"
    return None


def inclusion_proof(connection: Connection, place: int, size: int) -> list[bytes]:
    """The hashes that prove the entry at a place of the trail to be in its first ``size`` entries."""
    return _roots(connection, inclusion_path(place, size))


def consistency_proof(connection: Connection, old: int, size: int) -> list[bytes]:
    """The hashes that prove the first ``old`` entries to be the beginning of the first ``size``."""
    return _roots(connection, consistency_path(old, size))


def hash_at(connection: Connection, node: Node) -> bytes:
    """The hash of one node."""
    return _hashes(connection, [node])[node]


def _roots(connection: Connection, parts: list[tuple[int, int]]) -> list[bytes]:
    hashes = _hashes(connection, {node for part in parts for node in nodes_of(*part)})
    return [root_of(start, end, hashes.__getitem__) for start, end in parts]


def _hashes(connection: Connection, nodes: Iterable[Node]) -> dict[Node, bytes]:
    wanted = sorted(nodes)
    leaves = [node.place for node in wanted if node.level == 0]
    above = [node for node in wanted if node.level > 0]
    found: dict[Node, bytes] = {}
    if leaves:
        rows = connection.execute(select(entries.c.seq, entries.c.leaf).where(entries.c.seq.in_(leaves)))
        found |= {Node(0, seq): leaf for seq, leaf in rows}
    if above:
        key = tuple_(tree_nodes.c.level, tree_nodes.c.place)
        found |= {
            Node(level, place): node
            for level, place, node in connection.execute(select(tree_nodes).where(key.in_(above)))
        }
    if missing := [node for node in wanted if node not in found]:
        node = missing[0]
        first = node.place << node.level
        raise TrailBroken(f"the trail has no hash for its entries from place {first} on (level {node.level})")
    return found
