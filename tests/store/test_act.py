"""An act commits with its entry, or leaves nothing."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from registry.decision import NewRow, Standing
from registry.errors import HistoryProtected, RegistryError, UidCollision
from registry.records import Kind, Origin
from registry.services.opening import OpenRegistry
from registry.store import act as act_module
from registry.store import schema
from registry.store.constraints import typed
from registry.store.entries import ledger_size, log
from registry.store.ledger import enter
from registry.store.verification import verify
from registry.store.words import Words


def study(uid: str) -> NewRow:
    return NewRow(Standing(uid, Kind.STUDY, Origin.OBSERVED))


def count(registry: OpenRegistry, table: str) -> int:
    with registry.database.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


def test_leaving_the_block_rolls_back(registry: OpenRegistry) -> None:
    before = count(registry, "entries")
    with registry.act("uid:issue") as act:
        enter(act, Words(act.connection), [study("1.2.3")])
    assert count(registry, "ledger") == 0
    assert count(registry, "entries") == before


def test_an_error_rolls_back(registry: OpenRegistry) -> None:
    def fail() -> None:
        with registry.act("uid:issue") as act:
            enter(act, Words(act.connection), [study("1.2.3")])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert count(registry, "ledger") == count(registry, "studies") == 0


def test_a_failure_after_the_ledger_row_leaves_nothing_half_done(
    registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise OSError("the disk is gone")

    monkeypatch.setattr(act_module, "leaf_hash", broken)
    with pytest.raises(OSError, match="disk"), registry.act("uid:issue") as act:
        enter(act, Words(act.connection), [study("1.2.3")])
        act.commit()
    assert count(registry, "ledger") == count(registry, "studies") == 0


def test_commit_writes_rows_and_entry_together(registry: OpenRegistry) -> None:
    with registry.act("uid:issue", actor="ann") as act:
        enter(act, Words(act.connection), [study("1.2.3"), study("1.2.4")])
        act.note("because")
        act.commit(new=2)
    with registry.database.reading() as connection:
        *_, entry = log(connection)
        told = (entry.event, entry.actor, entry.outcome, entry.detail)
        assert told == ("uid:issue", "ann", "done", {"new": 2})
        assert entry.rows == {"ledger": 2, "notes": 1, "studies": 2}
        assert entry.note == "because"
        assert ledger_size(connection) == 2
        assert verify(connection).ok


def test_a_taken_uid_is_a_typed_collision(registry: OpenRegistry) -> None:
    with registry.act("uid:issue") as act:
        enter(act, Words(act.connection), [study("1.2.3")])
        act.commit()
    with registry.act("uid:issue") as act, pytest.raises(UidCollision):
        enter(act, Words(act.connection), [NewRow(Standing("1.2.3", Kind.TRACKING, Origin.ISSUED))])
        act.commit()


def test_a_known_uid_can_be_left_as_it_is(registry: OpenRegistry) -> None:
    with registry.act("uid:issue") as act:
        assert enter(act, Words(act.connection), [study("1.2.3")], known_is_fine=True)
        act.commit()
    with registry.act("uid:issue") as act:
        both = [study("1.2.3"), study("1.2.4")]
        assert not enter(act, Words(act.connection), both, known_is_fine=True)
    assert count(registry, "ledger") == 1


def test_the_same_uid_twice_in_one_act_is_a_collision(registry: OpenRegistry) -> None:
    with registry.act("uid:issue") as act, pytest.raises(UidCollision):
        enter(act, Words(act.connection), [study("1.2.3"), study("1.2.3")])


def test_changing_history_through_the_program_is_refused(registry: OpenRegistry) -> None:
    with registry.act("uid:issue") as act, pytest.raises(IntegrityError) as refused:
        act.connection.execute(schema.entries.update().values(actor="somebody else"))
    error = typed(refused.value)
    assert isinstance(error, HistoryProtected)
    assert error.exit_status == 5


def test_an_unforeseen_refusal_is_a_bug_not_a_collision(registry: OpenRegistry) -> None:
    with registry.act("uid:issue") as act, pytest.raises(RegistryError) as refused:
        act.insert(schema.ledger, [{"uid": "1.2.3", "kind": 77, "origin": 1}])
        act.commit()
    assert "ck_ledger_kind" in refused.value.message
    assert refused.value.exit_status == 4


def test_places_in_the_trail_have_no_gap_though_acts_were_given_up(registry: OpenRegistry) -> None:
    for committed in (True, False, True, False, True):
        with registry.act("uid:issue") as act:
            if committed:
                act.commit()
    with registry.database.reading() as connection:
        seq = schema.entries.c.seq
        places = list(connection.execute(select(seq).order_by(seq)).scalars())
        newest = connection.execute(select(func.max(seq))).scalar_one()
    assert places == list(range(newest + 1))


def test_an_entry_counts_the_ledger_as_it_grows(registry: OpenRegistry) -> None:
    for index in range(3):
        with registry.act("uid:issue") as act:
            enter(act, Words(act.connection), [study(f"1.2.{index}.{n}") for n in range(index + 1)])
            act.commit()
    assert count(registry, "ledger") == 6
    with registry.database.reading() as connection:
        assert ledger_size(connection) == 6


def test_a_note_is_kept_apart_and_its_hash_tells_nothing_without_the_salt(registry: OpenRegistry) -> None:
    for _ in range(2):
        with registry.act("uid:issue") as act:
            act.note("the same reason")
            act.commit()
    with registry.database.reading() as connection:
        hashes = list(connection.execute(select(schema.entries.c.note_hash)).scalars())[-2:]
        texts = list(connection.execute(select(schema.notes.c.text)).scalars())
        entries = connection.execute(select(schema.entries.c.detail, schema.entries.c.rows)).all()
    assert hashes[0] != hashes[1]
    assert texts == ["the same reason"] * 2
    assert not any("reason" in text for entry in entries for text in entry)
