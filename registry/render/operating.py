"""Running a registry: its condition, its key, its roles, its backups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns, counted, visible

if TYPE_CHECKING:
    from registry.services.checkup import Check
    from registry.services.copying import Backup
    from registry.services.doctoring import Diagnosis
    from registry.services.granting import Granted
    from registry.services.keeping import KeyState


def diagnosis(result: Diagnosis) -> Output:
    rows = [_check(check) for check in result.checks]
    document = {"database": result.database, "ok": result.ok, "checks": rows}
    summary = {"database": result.database, "ok": result.ok}
    return Output(document, rows, _check_lines(result), summary, ("name", "state", "seen", "advice"))


def _check(check: Check) -> Row:
    return {"name": check.name, "state": str(check.state), "seen": check.seen, "advice": check.advice}


def _check_lines(result: Diagnosis) -> Iterator[str]:
    rows = [_check(check) for check in result.checks]
    for line, check in zip(columns(rows, ("state", "name", "seen")), result.checks, strict=True):
        yield line
        if check.advice:
            yield f"{'':9}next: {visible(check.advice)}"
    counts = [
        counted(sum(check.state == state for check in result.checks), state)
        for state in ("failure", "warning")
    ]
    yield ""
    yield f"{result.database}: {', '.join(counts)}"


def key_state(state: KeyState) -> Output:
    row = {
        "file": str(state.file),
        "registry_key": state.registry_key,
        "found_key": state.found_key,
        "usable": state.usable,
        "problem": state.problem,
        "open_to_others": state.open_to_others,
        "installed": state.installed,
        "rotated": state.rotated,
        "keys": [
            {"id": k.id, "current": k.current, "since": k.since, "entry": k.entry, "here": k.here}
            for k in state.keys
        ],
    }
    verdict = f"unusable: {state.problem}" if state.problem else "right"
    lines = [
        f"file      {visible(str(state.file))}{' (put there now)' if state.installed else ''}",
        f"registry  {state.registry_key}",
        f"here      {state.found_key or '-'}: {visible(verdict)}",
    ]
    if len(state.keys) > 1:
        held = [
            {
                "id": key.id,
                "what": "what is recorded now is under it" if key.current else "former",
                "since": f"since {str(key.since)[:10]} (entry {key.entry})",
                "here": "here" if key.here else "missing",
            }
            for key in state.keys
        ]
        lines += ["", *columns(held, ("id", "here", "since", "what"))]
    if state.rotated is not None:
        lines += ["", f"the key is {state.registry_key} now (entry {state.rotated}); next:", *_ROTATED]
    if state.missing and state.usable:
        lines += [
            "",
            f"what was recorded under {', '.join(state.missing)} compares with nothing on this machine;",
        ]
        lines.append("`uid-registry db key --install FILE` adds a former key")
    if state.open_to_others:
        lines.append(f"warning   others can read it: chmod 600 {visible(str(state.file))}")
    return Output(row, [row], lines)


_ROTATED = (
    "  keep a copy of the file apart from the database, and the old copies as long as its backups;",
    "  put it on every other machine: `uid-registry db key --install FILE`; until then they record nothing.",
)


def granted(result: Granted) -> Output:
    roles = result.roles
    document = {
        "roles": roles._asdict(),
        "applied": result.entry is not None,
        "entry": result.entry,
        "statements": result.statements,
    }
    rows: list[Row] = [{"statement": statement} for statement in result.statements]
    if result.entry is None:
        return Output(document, rows, ["BEGIN;", *(f"{each};" for each in result.statements), "COMMIT;"])
    lines = [
        f"owner    {roles.owner}: migrations and roles",
        f"writer   {roles.writer}: reads, and adds to history",
        f"auditor  {roles.auditor}: reads, and adds the entry that says so",
        f"remapper {roles.remapper}: a writer who sees what replacements stand for",
        "Make each user a member of one: GRANT role TO user.",
    ]
    return Output(document, rows, lines)


def backup(result: Backup) -> Output:
    commands = result.commands
    row = {
        "database": result.database,
        "file": result.file,
        "bytes": result.size,
        "entries": result.entries,
        "root_hash": result.root_hash,
        "key_id": result.key_id,
        "key_file": result.key_file,
        "dump": commands.dump if commands else None,
        "create": commands.create if commands else None,
        "restore": commands.restore if commands else None,
    }
    key = f"the key {result.key_id} is not in it: keep a copy of {visible(result.key_file)} apart from it"
    trail = counted(result.entries, "entry", "entries")
    if commands:
        # For a shell as it stands: `uid-registry db backup --to FILE | sh` makes the dump.
        lines = [
            commands.dump,
            f"# {trail} now; {key}",
            "# to restore it into a new database:",
            f"#   {commands.create}",
            f"#   {commands.restore}",
            "#   uid-registry db roles --apply",
        ]
    else:
        lines = [
            f"copied {result.database} to {visible(result.file)}, {counted(result.size or 0, 'byte')}",
            f"the trail of the copy verifies: {trail}, root hash {result.root_hash}",
            key,
        ]
    return Output(row, [row], lines)
