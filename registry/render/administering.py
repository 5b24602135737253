"""Making a registry, its roots, its rules, its trail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import tee
from typing import TYPE_CHECKING

from registry.render.checkpoints import signing_lines
from registry.render.formats import Output, Row, columns, counted, streamed_blocks, visible
from registry.render.rulebook import rule_facts, rule_lines, rule_row
from registry.rules import RULES

if TYPE_CHECKING:
    from registry.roots import Root, Roots
    from registry.rules.base import Rule
    from registry.services.auditing import Told
    from registry.services.initializing import Initialized, SchemaState
    from registry.services.trusting import Trusted
    from registry.store.entries import Entry
    from registry.store.verification import Verification


def initialized(result: Initialized) -> Output:
    row = {
        "origin": result.origin,
        "database": result.database,
        "key_file": result.key_file,
        "key_usable": result.key_usable,
        "signing_key": str(result.signing_key.keys[0]) if result.signing_key.keys else None,
        "signing_key_file": str(result.signing_key.file),
        "signing_key_usable": result.signing_key.usable,
        "created": result.created,
        "upgraded": result.upgraded,
        "root": result.root.prefix if result.root else None,
    }
    lines = [
        f"{'created' if result.created else 'found'} registry {result.origin}",
        f"database  {result.database}",
        f"key       {result.key_file}  ({_KEPT if result.key_usable else _AWAY})",
        *signing_lines(result.signing_key),
    ]
    if result.upgraded and not result.created:
        lines.append(f"schema    upgraded to {result.upgraded}")
    if result.root:
        lines.append(f"root      {result.root.prefix} ({result.root.policy})")
    return Output(row, [row], lines)


_KEPT = "keep a copy apart from the database; nothing replaces it"
_AWAY = "the registry's key isn't there: `uid-registry db key --install FILE`"


def schema_state(result: SchemaState) -> Output:
    row = {
        "database": result.database,
        "schema": result.found,
        "expected": result.expected,
        "up_to_date": result.up_to_date,
    }
    word = (
        "up to date"
        if result.up_to_date
        else f"this program expects {result.expected}: `uid-registry db upgrade`"
    )
    return Output(row, [row], [f"{result.database} is at schema {result.found}: {word}"])


def roots(found: Roots) -> Output:
    rows = [_root(root) for root in found]
    names = ("root", "policy", "organization", "minter", "enforced_from", "retired")
    return Output(rows, rows, columns(rows, names, names) if rows else ["no roots"])


def root(one: Root) -> Output:
    row = _root(one)
    state = "retired" if one.retired else str(one.policy)
    return Output(row, [row], [f"root {one.prefix} ({state})"])


def _root(one: Root) -> Row:
    return {
        "root": one.prefix,
        "policy": str(one.policy),
        "organization": one.organization,
        "minter": one.minter,
        "enforced_from": one.enforced_from.isoformat() if one.enforced_from else None,
        "retired": one.retired,
    }


def rules() -> Output:
    rows = [rule_facts(rule) for rule in RULES]
    names = ("code", "name", "severity", "scope", "preview")
    lines = [{**row, "preview": "preview" if row["preview"] else ""} for row in rows]
    return Output(
        rows, rows, columns(lines, names, ("code", "name", "severity", "scope", "asked if selected"))
    )


def rule(one: Rule) -> Output:
    row = rule_row(one)
    return Output(row, [row], rule_lines(one))


def audit_log(found: Iterator[Told], *, one: bool = False) -> Output:
    """Entries of the trail, in a table; or ``one`` that was asked for by its number, in full."""
    rows = map(_told, found)
    return Output(rows, rows, _log_card(found) if one else _log_lines(found))


def _told(told: Told) -> Row:
    entry = told.entry
    return {
        "entry": entry.id,
        "seq": entry.seq,
        "at": entry.at,
        "event": entry.event,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "account": entry.account,
        "role": entry.role,
        "host": entry.host,
        "application": entry.application,
        "request_id": entry.request_id,
        "note": entry.note,
        "redacted_by": entry.redacted.actor if entry.redacted else None,
        "redacted_in": entry.redacted.entry if entry.redacted else None,
        "detail": entry.detail,
        "rows": entry.rows,
        "uids": list(told.uids),
        "format": entry.format,
    }


def _log_card(found: Iterator[Told]) -> Iterator[str]:
    told = next(found)
    entry = told.entry
    facts = {
        "entry": f"{entry.id}, at place {entry.seq} of the trail",
        "at": entry.at,
        "event": entry.event,
        "outcome": entry.outcome,
        "actor": entry.actor,
        "account": f"{entry.account} ({entry.role})" if entry.account else None,
        "host": entry.host,
        "application": entry.application,
        "request id": entry.request_id,
        "text": entry.text,
        **{name: _value(value) for name, value in entry.detail.items() if value},
        "rows": ", ".join(f"{table} {count}" for table, count in entry.rows.items()),
    }
    for name, value in facts.items():
        if value:
            yield f"{name:<12} {value}"
    for place, uid in enumerate(told.uids):
        yield f"{'' if place else 'uids':<12} {uid}"


def _log_lines(found: Iterator[Told]) -> Iterator[str]:
    """A line for each entry, and its UIDs below."""
    names = ("entry", "at", "event", "outcome", "actor", "what")
    entries, told = tee(found)
    blocks = streamed_blocks(map(_log_row, entries), names, names, "no such entries")
    yield from next(blocks)
    for block, each in zip(blocks, told, strict=True):
        yield from block
        for uid in each.uids[:_UIDS_IN_LINES]:
            yield f"      {uid}"
        if len(each.uids) > _UIDS_IN_LINES:
            yield f"      … `uid-registry audit log {each.entry.id}` lists them all"


def _log_row(told: Told) -> Row:
    entry = told.entry
    detail = ", ".join(_fact(name, value) for name, value in entry.detail.items() if value)
    return {
        "entry": entry.id,
        "at": entry.at,
        "event": entry.event,
        "outcome": entry.outcome,
        "actor": _who(entry),
        "what": f"{detail}{f'; {entry.text}' if entry.text else ''}",
    }


_UIDS_IN_LINES = 4


def _who(entry: Entry) -> str:
    """Who it was as they said; and the account, where that says something else."""
    if entry.account in (None, entry.actor):
        return entry.actor
    return f"{entry.actor} ({entry.account})"


def _fact(name: str, value: object) -> str:
    return f"{name} {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return " ".join(f"{key}:{count}" for key, count in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    return str(value)


def verification(result: Verification, against: Sequence[Trusted] = ()) -> Output:
    row: dict[str, object] = {
        "ok": result.ok,
        "size": result.size,
        "root_hash": result.root_hash,
        "first_bad": result.first_bad,
        "reason": result.reason,
    }
    document = {**row, "checkpoints": [_checkpoint(each) for each in against]}
    if not result.ok:
        where = "" if result.first_bad is None else f"entry {result.first_bad}: "
        # It quotes what may be forged.
        return Output(document, [row], [visible(f"the trail does not verify: {where}{result.reason}")])
    lines = [f"the trail verifies: {counted(result.size, 'entry', 'entries')}, root hash {result.root_hash}"]
    lines += [
        f"it goes on from the checkpoint of {counted(each.checkpoint.size, 'entry', 'entries')}, "
        f"signed by {each.key.id.hex()}"
        for each in against
    ]
    return Output(document, [row], lines)


def _checkpoint(one: Trusted) -> Row:
    said = one.checkpoint
    return {"size": said.size, "root_hash": said.root.hex(), "key_id": one.key.id.hex()}
