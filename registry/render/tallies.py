"""How many UIDs were issued and registered, by whatever was asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry.render.formats import Output, Row, columns
from registry.services.statistics import Count, Dimension

_PERIODS = (Dimension.YEAR, Dimension.MONTH, Dimension.DAY)
_NUMBERS = ("issued", "registered", "foreign", "total")


def counts(found: Sequence[Count], by: Sequence[Dimension]) -> Output:
    """A row for each, the dimensions in the order in which they were asked for."""
    names = [str(dimension) for dimension in by]
    rows: list[Row] = [_row(count, by) for count in _in_order(found, by)]
    return Output(rows, rows, _lines(rows, names), columns=[*names, *_NUMBERS])


def _in_order(found: Sequence[Count], by: Sequence[Dimension]) -> list[Count]:
    def place(count: Count) -> list[tuple[bool, object]]:
        return [(value is None, value or "") for value in (_value(count, each) for each in by)]

    return sorted(found, key=place)


def _value(count: Count, dimension: Dimension) -> object:
    return getattr(count, "period" if dimension in _PERIODS else dimension.value)


def _row(count: Count, by: Sequence[Dimension]) -> Row:
    told = {str(each): _value(count, each) for each in by}
    if count.kind is not None:
        told["kind"] = count.kind.label
    return {**told, **{name: getattr(count, name) for name in _NUMBERS}}


def _lines(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    if not rows:
        yield "no such UIDs"
        return
    sums = {name: sum(int(str(row[name])) for row in rows) for name in _NUMBERS}
    # Of what there is nothing there need be no column.
    numbers = [name for name in _NUMBERS if name != "foreign" or sums[name]]
    table: list[Row] = [{**row, **{name: f"{row[name]:,}" for name in numbers}} for row in rows]
    if len(rows) > 1:
        told = {name: f"{sums[name]:,}" for name in numbers}
        table.append({**dict.fromkeys(names, ""), names[0]: "all", **told})
    headings = [*names, *numbers]
    yield from columns(table, headings, headings, optional=("total",))
