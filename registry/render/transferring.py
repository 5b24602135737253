"""A registry in another database: copied there, moved there, taken up again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, counted, visible

if TYPE_CHECKING:
    from registry.services.transferring import Transfer


def transfer(result: Transfer) -> Output:
    row: Row = {
        "source": result.source,
        "target": result.target,
        "moved": result.moved,
        "done_before": result.done_before,
        "rows": result.rows,
        "entries": result.entries,
        "root_hash": result.root_hash,
        "originals": result.originals,
        "key_id": result.key_id,
        "keys": [{"name": key.name, "file": str(key.file), "found": str(key.found)} for key in result.keys],
    }
    return Output(row, [row], list(_lines(result)))


def _lines(result: Transfer) -> Iterator[str]:
    target = visible(result.target)
    if result.done_before:
        yield f"{visible(result.source)} was moved to {target} before; nothing is left to do there"
    else:
        verb = "moved" if result.moved else "copied"
        yield f"{verb} {visible(result.source)} to {target}, {counted(result.rows or 0, 'row')}"
    trail = counted(result.entries, "entry", "entries")
    yield (
        f"the trail there verifies: {trail}, root hash {result.root_hash}"
        if not result.done_before
        else (f"the trail there has {trail}, root hash {result.root_hash}")
    )
    if result.originals:
        held = counted(result.originals, "UID")
        yield f"the map of replacements is in it, {held}: whoever has it knows what they stand for"
    if not result.moved:
        yield "the copy is for reading: what is recorded goes on where it did"
        yield f"the key {result.key_id} is not in it: `uid-registry db key --install FILE` brings it"
        return
    for key in result.keys:
        yield f"{key.name:<11}  {visible(str(key.file))}: {key.found}"
    yield "the old database refuses whatever is asked of it; name the new one from now on:"
    yield f"  export UID_REGISTRY_DATABASE={target}"


def reopened(entry: int, database: str) -> Output:
    row: Row = {"entry": entry, "database": database}
    return Output(row, [row], [f"{visible(database)} takes entries again (entry {entry})"])
