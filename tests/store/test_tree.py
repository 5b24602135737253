"""The database keeps the tree over the trail: heads and proofs of any size, without reading it all."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select

from registry.errors import TrailBroken
from registry.merkle import is_consistent, root_by_inclusion, tree_root
from registry.services.opening import OpenRegistry, opened
from registry.settings import Settings
from registry.store.schema import entries, tree_nodes
from registry.store.tree import consistency_proof, head_of, inclusion_proof
from tests.databases import raw, run


def act(registry: OpenRegistry, times: int) -> None:
    for _ in range(times):
        with registry.act("uid:issue") as one:
            one.commit()


def leaves_of(registry: OpenRegistry) -> list[bytes]:
    with registry.database.reading() as connection:
        return list(connection.execute(select(entries.c.leaf).order_by(entries.c.seq)).scalars())


def test_the_head_of_every_size_is_the_root_over_the_leaves(registry: OpenRegistry) -> None:
    act(registry, 37)
    leaves = leaves_of(registry)
    with registry.database.reading() as connection:
        for size in range(len(leaves) + 1):
            assert head_of(connection, size) == (size, tree_root(leaves[:size]))
        assert head_of(connection) == (len(leaves), tree_root(leaves))


def test_every_entry_is_proved_and_every_beginning(registry: OpenRegistry) -> None:
    act(registry, 11)
    leaves = leaves_of(registry)
    size, root = len(leaves), tree_root(leaves)
    with registry.database.reading() as connection:
        for place, leaf in enumerate(leaves):
            assert root_by_inclusion(leaf, place, size, inclusion_proof(connection, place, size)) == root
        for old in range(1, size + 1):
            proof = consistency_proof(connection, old, size)
            assert is_consistent(old, tree_root(leaves[:old]), size, root, proof)


def test_the_head_is_found_in_two_questions_however_long_the_trail(registry: OpenRegistry) -> None:
    act(registry, 60)
    asked: list[str] = []
    with registry.database.reading() as connection:
        size = len(leaves_of(registry))
        event.listen(registry.database.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        head_of(connection, size - 1)
    assert 1 <= len([text for text in asked if "FROM tree_nodes" in text or "FROM entries" in text]) <= 2


def test_a_size_that_the_trail_never_had(registry: OpenRegistry) -> None:
    with registry.database.reading() as connection, pytest.raises(TrailBroken, match="no hash"):
        head_of(connection, 1000)


def test_nothing_is_written_where_a_node_is_gone(settings: Settings, engine: str) -> None:
    with raw(settings) as connection:
        where = " ON tree_nodes" if engine == "postgresql" else ""
        run(connection, f"DROP TRIGGER tr_tree_nodes_delete{where}")
        run(connection, "DELETE FROM tree_nodes")
    with opened(settings) as registry:
        before = leaves_of(registry)
        with pytest.raises(TrailBroken):
            act(registry, 4)
        assert len(leaves_of(registry)) < len(before) + 4


def test_nodes_before_their_time_keep_entries_out(settings: Settings) -> None:
    with opened(settings) as registry:
        size = len(leaves_of(registry))
        with raw(settings) as connection:
            run(
                connection,
                "INSERT INTO tree_nodes VALUES (1, :place, :hash)",
                place=(size + 1) // 2,
                hash=bytes(32),
            )
        with pytest.raises(TrailBroken):
            act(registry, 3)
    with opened(settings) as registry, registry.database.reading() as connection:
        assert len(connection.execute(select(tree_nodes)).all()) >= 1
