"""The settings of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns

if TYPE_CHECKING:
    from registry.services.configuring import Setting


def configuration(settings: Sequence[Setting], origin: bool) -> Output:
    names = ("setting", "value", "origin") if origin else ("setting", "value")
    rows: list[Row] = []
    for each in settings:
        row: dict[str, object] = {"setting": each.name, "value": each.value}
        rows.append({**row, "origin": each.origin} if origin else row)
    return Output(rows, rows, columns(rows, names, names))
