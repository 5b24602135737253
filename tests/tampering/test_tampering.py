"""Whatever is done to history behind the program's back is found as docs/tampering.md says.

A choice of it; `scripts/tampering` does it all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from registry.render.administering import verification
from registry.services.opening import opened
from registry.settings import Settings
from registry.store.schema import HISTORY, entries, frames
from registry.store.tree import Head
from registry.store.verification import verify
from tests.conftest import Registries
from tests.databases import raw, run
from tests.tampering.changes import EDIT, KINDS, ONLY_SQLITE, Change, changes
from tests.tampering.forging import leaf_of
from tests.tampering.judging import judged, restored, unguarded, violations
from tests.tampering.scene import Scene, lengthen, scene


def few(scene: Scene) -> Iterator[Change]:
    """On SQLite each column once, and each kind once for each table; on PostgreSQL, where verifying
    so little takes ten times as long, each kind once."""
    done = set()
    for change in changes(scene, every_row=False):
        key: tuple[str, ...] = (change.kind.name, change.table)
        if change.kind is EDIT and scene.engine == "sqlite":
            key = (*key, change.what)
        elif scene.engine == "postgresql":
            key = (change.kind.name,)
        if key not in done:
            done.add(key)
            yield change


def test_what_is_changed_behind_the_programs_back_is_found_as_the_page_says(registries: Registries) -> None:
    settings = registries.make("filled")
    lengthen(settings)
    with scene(settings) as place:
        everything = list(judged(place, few(place)))
        everything.append(restored(registries.make("filled"), place))
        left_out = () if place.engine == "sqlite" else ONLY_SQLITE
    assert violations(everything) == []
    assert {each.change.kind for each in everything} == set(KINDS) - set(left_out)
    edited = {each.change.table for each in everything if each.change.kind is EDIT}
    assert len(edited) == (len(HISTORY) if place.engine == "sqlite" else 1)


@pytest.mark.engine("sqlite")
def test_each_table_is_guarded_and_doctor_tells_where_it_is_not(registries: Registries) -> None:
    found = dict(unguarded(registries.shared("filled")))
    assert {name for name, told in found.items() if not told} == set()
    assert len(found) > 3 * len(HISTORY) - 3


def test_the_first_that_is_wrong_is_named_with_its_row(registries: Registries) -> None:
    with scene(registries.make("filled")) as place, place.undone():
        place.run("UPDATE series SET origin = 1 WHERE id = (SELECT max(id) FROM series)")
        entry = place.run("SELECT entry FROM series WHERE id = (SELECT max(id) FROM series)").scalar_one()
        place.run("UPDATE ledger SET origin = 3 WHERE entry > :entry", entry=entry)
        result = verify(place.connection)
    assert (result.ok, result.first_bad) == (False, entry)
    assert result.reason is not None
    assert result.reason.startswith("of its ") or "row in series with id " in result.reason
    assert " by tester, 20" in result.reason


def test_a_row_that_no_entry_made_is_named_before_later_ones(registries: Registries) -> None:
    with scene(registries.make("filled")) as place, place.undone():
        ids = place.run("SELECT id FROM entries ORDER BY seq").scalars().all()
        place.run("UPDATE entries SET actor = 'x' WHERE id = :entry", entry=ids[-1])
        # An entry that made nothing in this table; those behind it did.
        place.insert(frames, {"uid": b"\x1a\x2f", "frame_uid": b"\x1a\x3f", "entry": ids[1]})
        result = verify(place.connection)
    assert (result.first_bad, result.ok) == (ids[1], False)
    assert str(result.reason).startswith(
        "the row in frames with uid 1.2, frame_uid 1.3 is not one that it made (root:add by tester, 20"
    )


def test_a_checkpoint_tells_until_where_the_trail_is_as_it_was(registries: Registries) -> None:
    with scene(registries.make("filled")) as place, place.undone():
        size, root = place.head
        result = verify(place.connection, [Head(1, bytes(32)), Head(size + 1, bytes(32))])
        assert result.reason is not None
        assert result.reason.startswith("its first 1 entries are not those of a checkpoint")
        longer = verify(place.connection, [place.head, Head(size + 1, bytes(32))])
        assert longer.reason is not None
        assert longer.reason.startswith(f"it has {size} entries where a checkpoint says {size + 1}")
        assert (longer.ok, longer.first_bad, longer.size, longer.root_hash) == (False, None, size, root.hex())
        assert verify(place.connection, [place.head]).ok


@pytest.mark.parametrize("column", ["role", "account"])
def test_an_entry_of_the_older_format_says_nothing_that_its_hash_does_not_cover(
    registries: Registries, column: str
) -> None:
    with scene(registries.make("undecided")) as place, place.undone():
        assert verify(place.connection, [place.head]).ok
        place.run(f"UPDATE entries SET {column} = 'owner' WHERE id = 2")
        result = verify(place.connection)
    assert (result.ok, result.first_bad) == (False, 2)
    assert str(result.reason).startswith("it says more than an entry of format 1 can")


def test_progress_goes_to_the_end(registries: Registries) -> None:
    told: list[tuple[int, int]] = []
    with opened(registries.shared("filled")) as registry, registry.database.reading() as connection:
        assert verify(connection, progress=lambda done, of: told.append((done, of))).ok
    assert told[-1][0] == told[-1][1] > 0
    assert told == sorted(told)


# --- what is no change -------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["VACUUM", "REINDEX", "ANALYZE"])
def test_tidying_up_changes_nothing(registries: Registries, what: str) -> None:
    settings = registries.make("filled")
    with opened(settings) as registry, registry.database.reading() as connection:
        before = verify(connection)
    with raw(settings) as connection:
        if connection.dialect.name == "postgresql":
            what = {"VACUUM": "VACUUM FULL", "REINDEX": "REINDEX SCHEMA public"}.get(what, what)
        run(connection, what)
    with opened(settings) as registry, registry.database.reading() as connection:
        assert verify(connection) == before


@pytest.mark.engine("sqlite")
def test_a_dump_that_is_restored_verifies(registries: Registries, tmp_path: Path) -> None:
    """SQLite's own; that of PostgreSQL is in tests/services/test_copying.py."""
    import sqlite3

    settings = registries.shared("filled")
    source, target = sqlite3.connect(settings.database), sqlite3.connect(tmp_path / "copy.db")
    target.executescript("\n".join(source.iterdump()))
    target.close()
    source.close()
    engine = create_engine(f"sqlite:///{tmp_path / 'copy.db'}")
    with engine.connect() as connection:
        copy = verify(connection)
    with opened(Settings(settings.database)) as registry, registry.database.reading() as connection:
        assert copy == verify(connection)
    assert copy.ok


# --- what a forger may write into an entry -----------------------------------------------------


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "rows",
    [
        pytest.param('{"ledger":[1e999,""]}', id="an infinite count"),
        pytest.param('{"ledger":[-1,""]}', id="a negative count"),
        pytest.param(f'{{"ledger":[{"9" * 4000},""]}}', id="a count of 4000 digits"),
        pytest.param("[" * 100_000, id="nested too deep"),
        pytest.param('{"ledger":7}', id="no pair"),
        pytest.param("null", id="nothing"),
        pytest.param("", id="no JSON"),
        pytest.param('{"sqlite_master":[1,""]}', id="a table of SQLite's own"),
    ],
)
def test_what_an_entry_may_say_of_its_rows_ends_in_a_verdict(registries: Registries, rows: str) -> None:
    """Hashed to fit, so that it is looked at."""
    with scene(registries.shared("filled")) as place, place.undone():
        chosen = place.rows(entries)[3]
        place.update(entries, chosen, rows=rows, leaf=leaf_of({**chosen, "rows": rows}))
        result = verify(place.connection)
    assert (result.ok, result.first_bad) == (False, chosen["id"])


@pytest.mark.engine("sqlite")
def test_a_verdict_that_quotes_a_forger_does_nothing_to_a_terminal(registries: Registries) -> None:
    with scene(registries.shared("filled")) as place, place.undone():
        place.run("UPDATE entries SET actor = :forged WHERE id = 3", forged="\x1b[2Jthe trail verifies")
        (line,) = verification(verify(place.connection)).lines
    assert "\x1b" not in line
    assert "\\x1b[2Jthe trail verifies" in line
