"""Checkpoints, the keys that sign them, and proofs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, counted, visible

if TYPE_CHECKING:
    from registry.services.accepting import Accepted
    from registry.services.checkpointing import Checkpointed
    from registry.services.proving import Consistency, Inclusion
    from registry.services.signing import SigningKeyState


def signing_lines(state: SigningKeyState) -> Iterator[str]:
    """What `init` says of the key that signs checkpoints."""
    file = visible(str(state.file))
    where = "keep it apart from the database" if state.usable else f"unusable here: {state.problem}"
    yield f"signing   {file}  ({visible(where)})"
    if state.keys:
        yield f"vkey      {state.keys[0]}"
        yield "          (write it down elsewhere: it shows that a checkpoint is this registry's)"


def signing_key_state(state: SigningKeyState) -> Output:
    row = {
        "file": str(state.file),
        "vkeys": [str(key) for key in state.keys],
        "signs": state.keys[0].id.hex() if state.keys else None,
        "found_key": state.found.id.hex() if state.found else None,
        "usable": state.usable,
        "problem": state.problem,
        "open_to_others": state.open_to_others,
        "created": state.created,
        "put_aside": str(state.put_aside) if state.put_aside else None,
    }
    return Output(row, [row], list(_key_lines(state)))


def _key_lines(state: SigningKeyState) -> Iterator[str]:
    for number, key in enumerate(state.keys):
        yield f"{'vkey' if number == 0 else 'earlier':9} {key}"
    if not state.keys:
        yield "vkey      none: `uid-registry audit key --create` makes one"
    yield f"file      {visible(str(state.file))}{' (made now)' if state.created else ''}"
    found = state.found.id.hex() if state.found else "-"
    yield f"here      {found}: {visible(f'unusable: {state.problem}' if state.problem else 'right')}"
    if state.put_aside:
        yield f"aside     {visible(str(state.put_aside))}: it signs no more"
    if state.open_to_others:
        yield f"warning   others can read it: chmod 600 {visible(str(state.file))}"


def checkpointed(result: Checkpointed) -> Output:
    said = result.checkpoint
    row = {
        "origin": said.origin,
        "size": said.size,
        "root_hash": said.root.hex(),
        "key_id": result.key.id.hex(),
        "entry": result.entry,
        "file": str(result.file) if result.file else None,
        "note": str(result.note),
    }
    if result.file is None:
        return Output(row, [row], _text_lines(str(result.note)))
    counts = counted(said.size, "entry", "entries")
    return Output(row, [row], [f"{visible(str(result.file))}: {counts}, signed by {result.key.id.hex()}"])


def inclusion(result: Inclusion) -> Output:
    leaf = result.leaf
    row = {
        "entry": leaf.entry,
        "place": leaf.place,
        "canonical": leaf.canonical.decode("ascii"),
        "leaf": leaf.hash.hex(),
        **_proved(result),
    }
    return Output(row, [row], _text_lines(result.text))


def consistency(result: Consistency) -> Output:
    row = {
        "old_size": result.old.size,
        "old_root_hash": result.old.root.hex(),
        **_proved(result),
    }
    return Output(row, [row], _text_lines(result.text))


def _proved(result: Inclusion | Consistency) -> Row:
    return {
        "hashes": [each.hex() for each in result.hashes],
        "size": result.checkpoint.size,
        "root_hash": result.checkpoint.root.hex(),
        "note": str(result.note),
    }


def _text_lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def accepted(result: Accepted) -> Output:
    seen, head = result.seen, result.head
    row = {
        "entry": result.entry,
        "seen_size": seen.head.size,
        "seen_root_hash": seen.head.root.hex(),
        "seen_at": seen.at.isoformat(),
        "size": head.size,
        "root_hash": head.root.hex(),
        "kept": result.kept,
    }
    lines = [
        f"seen      {counted(seen.head.size, 'entry', 'entries')}, root hash {seen.head.root.hex()}",
        f"accepted  {counted(head.size, 'entry', 'entries')}, root hash {head.root.hex()}",
        f"entry     {result.entry} says so, with the reason",
    ]
    if not result.kept:
        lines.append("warning   it couldn't be written down here: commands go on refusing it")
    return Output(row, [row], lines)
