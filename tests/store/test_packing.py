"""A UID as a key: two characters a byte, nothing lost, an arc one range."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, create_engine, select

from registry.store.packing import PackedUid, pack, pack_all, prefix_range, unpack
from registry.uid import is_key
from tests.test_uid import LARGEST_UUID, LONGEST, valid_uids

IN_SQL = "SELECT replace(rtrim(hex(:uid), 'F'), 'A', '.')"

# All that the ledger can hold, flawed or not; and few components, so that arcs meet.
ledger_keys = st.text("0123456789.", min_size=3, max_size=64).filter(is_key)
alike = st.from_regex(r"[0129]{1,2}(\.[0129]{1,3}){1,3}", fullmatch=True)


def read_in_sql(keys: Iterable[bytes]) -> list[str]:
    connection = sqlite3.connect(":memory:")
    try:
        return [connection.execute(IN_SQL, {"uid": key}).fetchone()[0] for key in keys]
    finally:
        connection.close()


# --- nothing is lost ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uid", "key"),
    [
        ("1.2", "1a2f"),
        ("1.23", "1a23"),
        ("0.0", "0a0f"),
        ("1.2.0", "1a2a0f"),
        ("1.2.00", "1a2a00"),  # two UIDs by their characters, and so by their keys
        ("1.2.840.10008", "1a2a840a10008f"),
        ("2.999", "2a999f"),
    ],
)
def test_digits_are_nibbles_the_dot_is_a_and_f_fills_the_last(uid: str, key: str) -> None:
    assert pack(uid).hex() == key
    assert unpack(bytes.fromhex(key)) == uid


@given(valid_uids() | ledger_keys)
@example(LONGEST)
@example(LARGEST_UUID)
@example("1.2.003")
def test_a_uid_comes_back_as_it_was_in_half_its_length(uid: str) -> None:
    key = pack(uid)
    assert unpack(key) == uid
    assert len(key) == (len(uid) + 1) // 2


@given(valid_uids() | ledger_keys)
@example(LONGEST)
def test_sql_reads_a_key_back(uid: str) -> None:
    assert read_in_sql([pack(uid)]) == [uid]


@pytest.mark.parametrize("uid", [LONGEST, ".".join(["1"] * 32) + "1", "1.2." + "0" * 60])
def test_a_uid_of_64_characters_survives_whole_in_32_bytes(uid: str) -> None:
    assert len(uid) == 64
    assert len(pack(uid)) == 32
    assert unpack(pack(uid)) == uid
    assert read_in_sql([pack(uid)]) == [uid]


@given(alike, alike)
@example("1.2", "1.20")
@example("1.2.3", "1.23")
def test_different_uids_have_different_keys(one: str, other: str) -> None:
    assert (pack(one) == pack(other)) is (one == other)


@given(
    st.lists(ledger_keys, max_size=9) | st.lists(st.from_regex(r"1\.[0-9.]{3}", fullmatch=True), max_size=9)
)
@example(["1.2", "1.3"])
@example([LONGEST, LONGEST[:-1] + "8"])
@example(["", ""])
def test_many_uids_have_the_keys_that_each_has(uids: list[str]) -> None:
    assert pack_all(uids) == list(map(pack, uids))


def test_the_empty_text_has_the_empty_key() -> None:
    assert pack("") == b""
    assert unpack(b"") == ""


# --- an arc is one range --------------------------------------------------------------------

prefixes = st.one_of(
    alike,
    alike.map(lambda uid: f"{uid}."),
    st.text("0129.", max_size=6),  # any characters, dots side by side as well
    valid_uids(),
)


@given(
    prefixes,
    st.lists(alike | ledger_keys | valid_uids(), max_size=30),
    st.lists(st.text("0129.", max_size=4)),
)
@example("1.2.3", ["1.2", "1.2.2", "1.2.3", "1.2.3.0", "1.2.39", "1.2.4", "1.2.40", "1.20"], [])
@example("1.2.3.", ["1.2.3", "1.2.3.0", "1.2.39", "1.2.4"], [])
@example("1.9", ["1.9", "1.90", "1.9.9", "1.99", "2.0", "1.8"], [])
@example("", ["0.0", "2.999", LONGEST], [])
@example("0", ["0.0", "1.0"], [])
@example(LONGEST, [LONGEST, LONGEST[:-1], LONGEST[:-1] + "8"], [])
def test_the_keys_between_the_two_ends_are_exactly_the_uids_that_begin_so(
    prefix: str, uids: list[str], endings: list[str]
) -> None:
    low, high = prefix_range(prefix)
    everything = {*uids, *(prefix + ending for ending in endings), prefix[:-1], prefix}
    found = {uid for uid in everything if low <= pack(uid) < high}
    assert found == {uid for uid in everything if uid.startswith(prefix)}


@given(valid_uids(longest=60), st.data())
def test_every_beginning_of_a_uid_finds_it_odd_or_even(uid: str, data: st.DataObject) -> None:
    low, high = prefix_range(uid[: data.draw(st.integers(0, len(uid)))])
    assert low <= pack(uid) < high


def test_a_range_is_asked_in_sql_as_it_is_in_python() -> None:
    uids = ["1.2", "1.2.3", "1.2.3.4", "1.2.34", "1.2.4", "1.20", "2.25.9"]
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE ledger (uid BLOB PRIMARY KEY) WITHOUT ROWID")
    connection.executemany("INSERT INTO ledger VALUES (?)", [(pack(uid),) for uid in uids])
    query = "SELECT uid FROM ledger WHERE uid >= ? AND uid < ?"
    for prefix in ("1.2", "1.2.", "1.2.3", "1.2.3.", "1", "2.25.", "3"):
        found = {unpack(uid) for (uid,) in connection.execute(query, prefix_range(prefix))}
        assert found == {uid for uid in uids if uid.startswith(prefix)}
    connection.close()


# --- the column -------------------------------------------------------------------------------


def test_a_column_takes_and_gives_text_and_holds_packed_bytes() -> None:
    table = Table("t", MetaData(), Column("uid", PackedUid))
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(table.insert(), [{"uid": "1.2.3"}, {"uid": LONGEST}, {"uid": ""}, {"uid": None}])
        assert list(connection.scalars(select(table.c.uid))) == ["1.2.3", LONGEST, "", None]
        assert list(connection.scalars(select(table.c.uid).where(table.c.uid == "1.2.3"))) == ["1.2.3"]
        stored = connection.exec_driver_sql("SELECT hex(uid) FROM t WHERE typeof(uid) = 'blob'").scalars()
        assert list(stored) == ["1A2A3F", pack(LONGEST).hex().upper(), ""]
    engine.dispose()
