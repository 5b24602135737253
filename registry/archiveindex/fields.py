"""What an index may say of an instance, and under which names its columns are known."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence

from registry.errors import BadRequest
from registry.uid import is_key, printable

TAGS: dict[str, str] = {
    "SOPInstanceUID": "00080018",
    "SOPClassUID": "00080016",
    "SeriesInstanceUID": "0020000E",
    "StudyInstanceUID": "0020000D",
    "Modality": "00080060",
    "PatientID": "00100020",
    "IssuerOfPatientID": "00100021",
}
"""The attributes that are read, by keyword, each with its tag. In the order of a row."""

FIELDS = tuple(TAGS)

INSTANCE, NEEDED = "SOPInstanceUID", ("StudyInstanceUID", "SeriesInstanceUID")
"""Without an instance an index is one of series; without a series and its study it is none."""

UIDS = tuple(keyword for keyword in FIELDS if keyword.endswith("UID"))

_MOST_NAMED = 40
"""Columns that a message names."""

_NAMES_A_UID = re.compile(r"\Auid|uid\Z", re.IGNORECASE)
_SEPARATORS = re.compile(r"[\s_\-(),]+")


def _folded(name: str) -> str:
    """A name as it is compared: ``SOPInstanceUID``, ``sop_instance_uid``, ``(0008,0018)`` alike."""
    return _SEPARATORS.sub("", name).casefold()


_KNOWN = {_folded(name): keyword for keyword, tag in TAGS.items() for name in (keyword, tag)}

Columns = Mapping[str, str]
"""Field -> the column that holds it."""


class NotAnIndex(BadRequest):
    """The file isn't an index of an archive."""

    def __init__(self, message: str | None = None, *, advice: str | None = None, path: str = "") -> None:
        super().__init__(f"{path}: {message}" if path else message, advice=advice)
        self.unnamed = message  # for whoever mustn't name files

    advice = (
        "An index has a column for each of StudyInstanceUID and SeriesInstanceUID, mostly one for "
        "SOPInstanceUID; --column NAME=KEYWORD says which column is which."
    )


def require_keywords(given: Columns) -> None:
    """Raise ``BadRequest`` for a column that is said to be what no index has. Nothing: not to be read."""
    for column, meant in given.items():
        if meant and _folded(meant) not in _KNOWN:
            near = difflib.get_close_matches(_folded(meant), _KNOWN, n=1, cutoff=0.6)
            raise BadRequest(
                f"column {printable(column)} can't be {printable(meant)}",
                advice=f"{f'Did you mean {_KNOWN[near[0]]}? ' if near else ''}"
                f"What is read: {', '.join(FIELDS)}; nothing behind the = leaves a column out.",
            )


def columns_of(names: Iterable[str], given: Columns) -> Columns:
    """Which of an index's columns holds what: those that ``given`` says, and those that are named
    after what they hold. Raises ``NotAnIndex``, which names the columns that there are."""
    names = list(dict.fromkeys(names))
    meant = {_named(column, names): keyword for column, keyword in given.items()}
    found: dict[str, str] = {}
    by_name = {name: _KNOWN[_folded(name)] for name in names if _folded(name) in _KNOWN and name not in meant}
    said = {name: _KNOWN[_folded(keyword)] for name, keyword in meant.items() if keyword}
    for group in (said, by_name):
        taken = set(found)
        for name, keyword in group.items():
            if keyword in taken:
                continue  # somebody said that another column is it
            if keyword in found:
                raise NotAnIndex(
                    f"columns {printable(found[keyword])} and {printable(name)} are both {keyword}",
                    advice=f"Say which of them it is: --column {name}={keyword}, or leave one out: "
                    f"--column {name}=",
                )
            found[keyword] = name
    if lacking := [keyword for keyword in NEEDED if keyword not in found]:
        raise NotAnIndex(f"no column is {' or '.join(lacking)}; there are {_listed(names)}")
    return found


def is_heading(names: Sequence[str]) -> bool:
    """Whether the first row of a table names columns. What doesn't may be about somebody, and is
    told to nobody."""
    named = any(_folded(name) in _KNOWN or _NAMES_A_UID.search(name) for name in names)
    return named and not any(is_key(name.strip()) for name in names)


def _named(column: str, names: list[str]) -> str:
    """The column that is called so, in whatever case."""
    if column in names:
        return column
    alike = [name for name in names if name.casefold() == column.casefold()]
    if len(alike) == 1:
        return alike[0]
    near = difflib.get_close_matches(column, names, n=1, cutoff=0.6)
    meant = f"Did you mean {printable(near[0])}? " if near else ""
    raise NotAnIndex(f"there is no column {printable(column)}", advice=f"{meant}There are {_listed(names)}.")


def _listed(names: list[str]) -> str:
    rest = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    return (", ".join(map(printable, names[:_MOST_NAMED])) or "none") + rest
