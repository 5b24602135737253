"""Lines for programs: the leaf hash can be recomputed by anybody, a spreadsheet runs nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from registry.records import Kind
from registry.render.auditrows import COLUMNS, csv_lines, entry_line
from registry.store.feed import Touched
from tests.foreign import ORIGIN, made

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


def recomputed(line: str) -> str:
    """As an auditor does it, with the standard library alone."""
    entry = json.loads(line)["entry"]
    data = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(b"\0" + data).hexdigest()


@given(text, text, st.none() | text)
def test_the_leaf_hash_follows_from_the_line(actor: str, said: str, request: str | None) -> None:
    line = entry_line(made(actor=actor, detail={"message": said}, request_id=request), ORIGIN)
    assert recomputed(line) == json.loads(line)["leaf"]
    assert recomputed(line.replace('"uid:issue"', '"uid:other"')) != json.loads(line)["leaf"]


def many(count: int) -> list[Touched]:
    return [Touched(f"1.2.{number}", Kind.STUDY) for number in range(count)]


def test_of_many_uids_number_and_digest_are_told() -> None:
    entry = made(touched=many(5))
    whole: dict[str, Any] = json.loads(entry_line(entry, ORIGIN, most=5))
    assert whole["uids"] == [f"1.2.{number}" for number in range(5)]
    assert "uids_sha256" not in whole
    short = json.loads(entry_line(entry, ORIGIN, most=4))
    assert (short["uids"], short["uid_count"]) == (None, 5)
    listed = "".join(f"{uid}\n" for uid in whole["uids"])
    assert short["uids_sha256"] == hashlib.sha256(listed.encode()).hexdigest()
    assert json.loads(entry_line(made(touched=many(3000)), ORIGIN, most=None))["uid_count"] == 3000


def test_a_uid_that_was_refused_too_is_told_once() -> None:
    touched = [Touched("1.2", Kind.STUDY), Touched("1.2", Kind.STUDY, refused=True)]
    assert json.loads(entry_line(made(touched=touched), ORIGIN))["uids"] == ["1.2"]


def test_free_texts_are_left_out_if_wanted() -> None:
    assert json.loads(entry_line(made(note="why"), ORIGIN))["note"] == "why"
    assert "why" not in entry_line(made(note="why"), ORIGIN, notes=False)
    assert "why" not in "".join(csv_lines([made(note="why")], ORIGIN, notes=False))


@given(text)
def test_csv_is_flat_and_no_cell_is_a_formula(typed: str) -> None:
    entries = [made(actor=f"={typed}", note=f"@{typed}", touched=many(2)), made()]
    lines = "".join(f"{line}\n" for line in csv_lines(entries, ORIGIN))
    heading, first, second = csv.reader(io.StringIO(lines, newline=""), strict=True)
    assert tuple(heading) == COLUMNS
    row = dict(zip(heading, first, strict=True))
    assert row["actor"].startswith("'=")
    assert row["note"].startswith("'@")
    assert (row["uids"], row["uid_count"], row["entry"], row["seq"]) == ("1.2.0 1.2.1", "2", "18", "17")
    assert len(second) == len(COLUMNS)
