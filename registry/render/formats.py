"""The formats that every command speaks: table for people, json, ndjson and csv for programs."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from registry.render.layout import laid_out

Row = Mapping[str, object]

_FORMULA_STARTS = ("=", "+", "-", "@")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z")  # as the trail writes it
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(slots=True)
class Output:
    """One result in all its forms; each is made only if it is asked for."""

    document: object  # json; an iterator of rows is an array, told as they come
    rows: Iterable[Row]  # ndjson and csv: one line each; taken once
    lines: Iterable[str]  # table
    summary: Row | None = None  # ndjson: a last line of its own
    columns: Sequence[str] = field(default_factory=tuple)  # csv: in this order, also without rows


def rendered(output: Output, form: str) -> Iterator[str]:
    """The lines of an output in one of the formats."""
    match form:
        case "json":
            if isinstance(output.document, Iterator):
                yield from _array(output.document)
            else:
                yield json_line(output.document, indent=2)
        case "ndjson":
            for row in output.rows:
                yield json_line(row)
            if output.summary is not None:
                yield json_line({"summary": output.summary})
        case "csv":
            yield from _csv(output)
        case _:
            yield from output.lines


def json_line(value: object, indent: int | None = None) -> str:
    """JSON in UTF-8; a path that isn't UTF-8 turns the line into pure ASCII with escapes."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, indent=indent)
    return text


def _array(rows: Iterator[object]) -> Iterator[str]:
    """What ``json.dumps`` makes of a list, an element at a time."""
    before = None
    for row in rows:
        if before is not None:
            yield f"{before},"
        else:
            yield "["
        before = "  " + json_line(row, indent=2).replace("\n", "\n  ")
    if before is None:
        yield "[]"
    else:
        yield before
        yield "]"


def _csv(output: Output) -> Iterator[str]:
    rows = iter(output.rows)
    first = next(rows, None)
    columns = list(output.columns or first or ())
    yield _csv_line(columns)
    for row in rows if first is None else chain([first], rows):
        yield _csv_line([_cell(row.get(column)) for column in columns])


def _csv_line(cells: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


def visible(text: str) -> str:
    """``text`` in one line that does nothing to a terminal: control characters escaped."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _cell(value: object) -> str:
    """A value as a spreadsheet may have it: lists joined, formulas made text."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = " ".join(str(part) for part in value)
    text = visible(str(value))
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def columns(
    rows: Sequence[Row],
    names: Sequence[str],
    headings: Sequence[str] | None = None,
    optional: Sequence[str] = (),
) -> Iterator[str]:
    """Rows as aligned columns. Nothing is ever cut: a UID is there whole or not at all; where the
    screen is too narrow, columns stand below each other (render/layout.py)."""
    table = [[_shown(row.get(name)) for name in names] for row in rows]
    if headings is not None and not table:
        yield "  ".join(heading.upper() for heading in headings)
        return
    if headings is not None:
        yield from chain.from_iterable(laid_out(table, names, headings, optional))
        return
    widths = [max((len(line[index]) for line in table), default=0) for index in range(len(names))]
    for line in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def streamed_columns(
    rows: Iterable[Row],
    names: Sequence[str],
    headings: Sequence[str],
    empty: str,
    optional: Sequence[str] = (),
) -> Iterator[str]:
    """Rows as aligned columns, as they come: the first so many say how wide they are, and what is
    wider later pushes the rest of them aside. ``empty`` where there are none."""
    return chain.from_iterable(streamed_blocks(rows, names, headings, empty, optional))


def streamed_blocks(
    rows: Iterable[Row],
    names: Sequence[str],
    headings: Sequence[str],
    empty: str,
    optional: Sequence[str] = (),
) -> Iterator[list[str]]:
    """The same, the lines of the heading and of each row by themselves."""
    table = ([_shown(row.get(name)) for name in names] for row in rows)
    blocks = laid_out(table, names, headings, optional)
    first = next(blocks, None)
    yield [empty] if first is None else first
    yield from blocks


def _shown(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        value = " ".join(str(part) for part in value) or "-"
    text = str(value)
    if _MOMENT.match(text):
        return f"{text[:10]} {text[11:19]}Z"
    return visible(text)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """``1 file``, ``2,000 files``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"
