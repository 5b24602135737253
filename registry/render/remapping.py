"""What replaces what, copies whose UIDs are replaced, scopes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns, counted, visible

if TYPE_CHECKING:
    from registry.services.remapfiles import Copies
    from registry.services.remapping import Remapped
    from registry.services.scoping import Purged, ScopeState


def remapped(result: Remapped, asked: Sequence[str]) -> Output:
    rows = [{"original": uid, "replacement": result.uids[uid]} for uid in asked]
    document = {"scope": result.scope, "uids": rows, "new": result.new, "entry": result.entry}
    lines = (f"{visible(row['original'])} {row['replacement']}" for row in rows)
    return Output(document, rows, lines)


def pairs(scope: str, mapping: Iterable[tuple[str, str]]) -> Output:
    """A whole map. Its table is what `scope import` reads."""
    rows = [{"original": original, "replacement": replacement} for original, replacement in mapping]
    lines = (f"{visible(row['original'])} {row['replacement']}" for row in rows)
    return Output({"scope": scope, "uids": rows}, rows, lines, columns=("original", "replacement"))


def revealed(found: Mapping[str, str]) -> Output:
    rows = [{"replacement": uid, "original": original} for uid, original in found.items()]
    lines = (f"{row['replacement']} {visible(row['original'])}" for row in rows)
    return Output(rows, rows, lines)


def copies(result: Copies) -> Output:
    summary: Row = {
        "scope": result.scope,
        "folder": result.folder,
        "files": result.files,
        "written": result.written,
        "repeats": result.repeats,
        "skipped": len(result.skipped),
        "failed": len(result.failed),
        "signed": result.signed,
        "encrypted": result.encrypted,
        "new": result.new,
    }
    problems: list[Row] = [
        {"path": each.path, "outcome": outcome, "reason": each.reason}
        for outcome, several in (("failed", result.failed), ("skipped", result.skipped))
        for each in several
    ]
    names = ("path", "outcome", "reason")
    document = {**summary, "problems": problems}
    return Output(document, problems, _copy_lines(result), summary, names)


def _copy_lines(result: Copies) -> Iterator[str]:
    for failed in result.failed:
        yield visible(f"{failed.path}: {failed.reason}")
    already = f", {result.repeats:,} were there already" if result.repeats else ""
    yield f"{counted(result.written, 'copy', 'copies')} written into {visible(result.folder)}{already}"
    if result.failed:
        yield f"{counted(len(result.failed), 'file')} without a copy"
    yield f"{counted(result.new, 'UID')} replaced for the first time in scope {result.scope}"


def scopes(found: Sequence[ScopeState]) -> Output:
    rows = [_scope(state) for state in found]
    names = ("name", "uids", "made_at", "made_by", "purged_at", "purged_by")
    lines = columns(rows, names, names) if rows else ["no scopes"]
    return Output(rows, rows, lines)


def scope(state: ScopeState) -> Output:
    row = _scope(state)
    told = [{"name": name, "value": value} for name, value in row.items() if value is not None]
    return Output(row, [row], columns(told, ("name", "value")))


def _scope(state: ScopeState) -> Row:
    return {
        "name": state.name,
        "uids": state.uids,
        "entry": state.entry,
        "made_at": state.at,
        "made_by": state.actor,
        "purged_entry": state.purged_entry,
        "purged_at": state.purged_at,
        "purged_by": state.purged_by,
    }


def purged(result: Purged) -> Output:
    row: Row = {"scope": result.scope, "uids": result.uids, "entry": result.entry}
    lines = [
        f"scope {result.scope} is purged: what {counted(result.uids, 'replacement')} stood for is gone",
        "  backups and exports of the map still hold it: see to them too",
    ]
    return Output(row, [row], lines)
