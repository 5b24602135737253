"""The settings of a run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns

if TYPE_CHECKING:
    from registry.services.configuring import Setting
    from registry.store.policies import Adopted


def configuration(settings: Sequence[Setting], origin: bool) -> Output:
    names = ("setting", "value", "origin") if origin else ("setting", "value")
    rows: list[Row] = []
    for each in settings:
        row: dict[str, object] = {"setting": each.name, "value": each.value}
        rows.append({**row, "origin": each.origin} if origin else row)
    return Output(rows, rows, columns(rows, names, names))


def adopted(found: Sequence[Adopted], *, one: bool = False) -> Output:
    """Policies by first use; or ``one`` with all that it sets."""
    rows: list[Row] = [
        {
            "policy": each.name,
            "at": each.at,
            "entry": each.entry,
            "actor": each.actor,
            "sets": json.loads(each.body),
        }
        for each in found
    ]
    if one:
        return Output(rows[0], rows, json.dumps(rows[0]["sets"], indent=2).splitlines())
    names = ("policy", "at", "entry", "actor", "sets")
    told = [{**row, "sets": ", ".join(json.loads(each.body))} for row, each in zip(rows, found, strict=True)]
    nothing = ["no policy but the program's own was ever used"]
    return Output(rows, rows, columns(told, names, names) if rows else nothing)
