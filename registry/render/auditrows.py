"""Entries as lines for programs: ndjson, from which each leaf hash can be recomputed, and csv."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, json_line, rendered

if TYPE_CHECKING:
    from registry.store.feed import Whole

UIDS_TOLD = 1000
"""Of an entry that touched more, unless all are asked for, their number and a digest are told."""


def entry_line(entry: Whole, origin: str, *, notes: bool = True, most: int | None = UIDS_TOLD) -> str:
    """An entry as a line of JSON.

    ``entry`` in it is what was hashed: the leaf hash is SHA-256 over a zero byte and
    ``json.dumps(line["entry"], sort_keys=True, separators=(",", ":"))``. What stands
    beside it isn't covered by that hash itself; ``rows`` in it has digests of that.
    """
    uids = entry.uids
    whole = most is None or len(uids) <= most
    line: dict[str, object] = {
        "registry": origin,
        "seq": entry.seq,
        "leaf": entry.leaf.hex(),
        "entry": {"format": entry.form, **entry.fields},
        "uid_count": len(uids),
        "uids": list(uids) if whole else None,
    }
    if not whole:
        line["uids_sha256"] = uids_digest(uids)
    if notes:
        line["note"] = entry.note
    line["redacted_in"] = entry.redacted_in
    return json_line(line)


def uids_digest(uids: Iterable[str]) -> str:
    """SHA-256 over UIDs as ``sort`` puts them (LC_ALL=C), each with an end of line."""
    return hashlib.sha256("".join(f"{uid}\n" for uid in sorted(uids)).encode()).hexdigest()


COLUMNS = (
    *("registry", "seq", "entry", "at", "event", "outcome", "actor", "account", "role", "host"),
    *("application", "request_id", "detail", "note", "redacted_in", "uid_count", "uids", "format", "leaf"),
)


def csv_lines(
    entries: Iterable[Whole], origin: str, *, notes: bool = True, most: int | None = UIDS_TOLD
) -> Iterator[str]:
    """Entries as csv, with a heading; ``uids`` are parted by blanks."""
    rows = (_row(entry, origin, notes, most) for entry in entries)
    return rendered(Output(None, rows, (), columns=COLUMNS), "csv")


def _row(entry: Whole, origin: str, notes: bool, most: int | None) -> Row:
    uids = entry.uids
    return {
        **entry.fields,
        "registry": origin,
        "seq": entry.seq,
        "entry": entry.fields["id"],
        "note": entry.note if notes else None,
        "redacted_in": entry.redacted_in,
        "uid_count": len(uids),
        "uids": list(uids) if most is None or len(uids) <= most else None,
        "format": entry.form,
        "leaf": entry.leaf.hex(),
    }
