"""From the cells of an index to what its rows say; column by column, because most of it is clean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from registry.archiveindex.fields import FIELDS, INSTANCE, NEEDED, UIDS
from registry.archiveindex.tasks import DirtyRow
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tokens import token
from registry.records import Patient
from registry.uid import flaws

LONGEST = 1024
"""Characters of a cell that is read."""

_NOTHING = frozenset({"", "null", "none", "nan", "<na>", "\\n", "n/a", "nil"})
"""What exports write where there is nothing, in whatever case."""

_PADDING = " \0\t\r\n\f\v\xa0\ufeff"
_UID_CHARACTERS = b"0123456789.\n"

_PLAIN_UIDS = re.compile(
    r"(?:(?:1\.[23](?:\.(?:0|[1-9][0-9]*+))++|2\.25\.(?:0|[1-9][0-9]{0,37}+))(?:\n|\Z))*+\Z"
)
"""UIDs, one a line, in which nothing can be wrong but their length."""

Cells = Sequence[Any]


class Cleaner:
    """Makes rows of cells; hides who they are about under the registry's keys."""

    def __init__(self, keys: ReaderKeys) -> None:
        self._keys = (keys, *keys.earlier)
        self._patient = lru_cache(maxsize=1 << 16)(self._hidden)

    def clean(
        self, cells: Sequence[Cells | None], numbers: Sequence[int]
    ) -> tuple[tuple[list[Any] | None, ...], list[DirtyRow], list[tuple[int, int]]]:
        """What the columns say, in the order of ``FIELDS`` (None for one that isn't there), of the rows
        with these numbers; the rows that are dirty, which are left out; and those of the others
        with a UID that can't be one."""
        named = dict(zip(FIELDS, cells, strict=True))
        dirty: dict[int, str] = {}  # place -> why
        texts = {
            keyword: None if column is None else _texts(column, keyword, dirty)
            for keyword, column in named.items()
        }
        for place in _nameless(texts, len(numbers)):
            dirty.setdefault(place, "it names no instance and no series")
        if dirty:
            kept = [place for place in range(len(numbers)) if place not in dirty]
            numbers_kept: Sequence[int] = [numbers[place] for place in kept]
            texts = {
                keyword: column and [column[place] for place in kept] for keyword, column in texts.items()
            }
        else:
            numbers_kept = numbers
        flawed = _flawed(texts, numbers_kept)
        patients, earlier = self._patients(texts["PatientID"], texts["IssuerOfPatientID"])
        columns = (*(texts[keyword] for keyword in FIELDS[:5]), patients, earlier)
        return columns, [DirtyRow(numbers[place], why) for place, why in sorted(dirty.items())], flawed

    def _patients(
        self, ids: list[str] | None, issuers: list[str] | None
    ) -> tuple[list[Patient | None] | None, list[tuple[Patient | None, ...]] | None]:
        """The patients of some rows, under the present key and under those before it."""
        if ids is None:
            return None, None
        found = [self._patient(*pair) for pair in zip(ids, issuers or [""] * len(ids), strict=True)]
        earlier = [each[1:] for each in found] if len(self._keys) > 1 else None
        return [each[0] for each in found], earlier

    def _hidden(self, patient_id: str, issuer: str) -> tuple[Patient | None, ...]:
        """One patient under each key; None for an empty ID, which is compared with nothing, and
        under a key that isn't here."""
        return tuple(
            Patient(token(patient_id, key.fingerprint), token(issuer, key.fingerprint) if issuer else b"")
            if key is not None and patient_id
            else None
            for key in self._keys
        )


def _texts(column: Cells, keyword: str, dirty: dict[int, str]) -> list[str]:
    """The texts of a column without what is around them; empty where there is nothing."""
    try:
        joined = "\n".join(column)
    except TypeError:  # something that isn't text, or nothing at all
        column = [_text(cell, place, keyword, dirty) for place, cell in enumerate(column)]
        joined = "\n".join(column)
    if not _is_clean(joined, len(column), keyword):
        if not joined.isascii():
            _check_encoding(column, keyword, dirty)
        # Of a column most texts are those of the row before.
        column = [_stripped(cell) if len(cell) <= LONGEST else cell for cell in column]
    if column and max(map(len, column)) > LONGEST:
        for place, cell in enumerate(column):
            if len(cell) > LONGEST:
                dirty.setdefault(place, f"its {keyword} has more than {LONGEST:,} characters")
    if keyword == INSTANCE:
        return list(column)
    # The same text is the same object, so that it is passed on once.
    same: dict[str, str] = {}
    return [same.setdefault(cell, cell) for cell in column]


def _is_clean(joined: str, count: int, keyword: str) -> bool:
    """Whether the texts of a column, one a line, are UIDs as far as their characters go."""
    if keyword not in UIDS or not joined.isascii() or joined.count("\n") != count - 1:
        return False
    return not joined.encode("ascii").translate(None, _UID_CHARACTERS)


def _text(cell: object, place: int, keyword: str, dirty: dict[int, str]) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    dirty.setdefault(place, f"its {keyword} isn't text")
    return ""


@lru_cache(maxsize=1 << 14)
def _stripped(cell: str) -> str:
    text = cell.strip(_PADDING)
    return "" if text.casefold() in _NOTHING else text


def _check_encoding(column: Cells, keyword: str, dirty: dict[int, str]) -> None:
    for place, cell in enumerate(column):
        try:
            cell.encode()
        except UnicodeEncodeError:
            dirty.setdefault(place, f"its {keyword} isn't text in UTF-8")


def _nameless(texts: dict[str, list[str] | None], count: int) -> list[int]:
    """The places of rows that nothing can be recorded of."""
    columns = [column for keyword in (INSTANCE, NEEDED[1]) if (column := texts[keyword]) is not None]
    if all("" not in column for column in columns[:1]):
        return []
    return [place for place in range(count) if not any(column[place] for column in columns)]


def _flawed(texts: dict[str, list[str] | None], numbers: Sequence[int]) -> list[tuple[int, int]]:
    """The rows with a UID that can't be one, or without one that their index has."""
    places: set[int] = set()
    for keyword in UIDS:
        column = texts[keyword]
        if not column:
            continue
        distinct = column if keyword == INSTANCE else list(dict.fromkeys(column))
        if _PLAIN_UIDS.match("\n".join(distinct)) and max(map(len, distinct)) <= 64:
            continue
        bad = {uid for uid in distinct if (flaws(uid) if uid else keyword != "SOPClassUID")}
        places.update(place for place, uid in enumerate(column) if uid in bad)
    return [(place, numbers[place]) for place in sorted(places)]
