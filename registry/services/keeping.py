"""The registry's keys on this machine: which are there, putting them there, and a new one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from registry.errors import BadRequest, KeyUnusable, NoSuchPath
from registry.keys import (
    LARGEST,
    KeyRing,
    extend_ring,
    load_ring,
    new_key,
    parse_ring,
    put_ring,
    readable_by_others,
)
from registry.placement import replaced
from registry.services.accounting import require_nothing_written
from registry.services.opening import OpenRegistry, key_path
from registry.store import marks, schema
from registry.store.act import Act
from registry.store.entries import moments


@dataclass(frozen=True, slots=True)
class HeldKey:
    """One of the registry's keys, without the secret."""

    id: str
    current: bool  # what is recorded now is under it
    since: str | None  # when it became the key
    entry: int  # that brought it
    here: bool  # on this machine


@dataclass(frozen=True, slots=True)
class KeyState:
    """Where the keys of a registry are expected on this machine, and what is there. Never a secret."""

    file: Path
    registry_key: str  # the id of the key that is written with
    found_key: str | None  # the id of the one that is there
    problem: str | None  # why it can't be used; None: it is the registry's
    open_to_others: bool  # its modes let others read it
    keys: tuple[HeldKey, ...] = ()  # that the registry has or had, the newest first
    installed: bool = False  # something was put there now
    rotated: int | None = None  # the entry of the rotation, if there was one now

    @property
    def usable(self) -> bool:
        return self.problem is None

    @property
    def missing(self) -> tuple[str, ...]:
        """The former keys that aren't on this machine."""
        return tuple(key.id for key in self.keys if not key.current and not key.here)


def key_state(registry: OpenRegistry, *, dated: bool = True) -> KeyState:
    """What is where the key should be; unless it is to be ``dated``, the trail isn't asked since when."""
    path, identity = _path(registry), registry.identity
    ring, problem = KeyRing(), None
    try:
        ring = load_ring(path)
        _ = registry.key
    except KeyUnusable as error:
        problem = error.message
    here = {key.check for key in ring}
    at: Mapping[int, str] = {}
    if dated:
        with registry.database.reading() as connection:
            at = moments(connection, [key.since for key in identity.keys])
    keys = tuple(
        HeldKey(key.id, key is identity.key, at.get(key.since), key.since, key.check in here)
        for key in reversed(identity.keys)
    )
    found = ring[0].id if ring else None
    if problem is None:
        found = identity.key.id
    shared = path.is_file() and readable_by_others(path)
    return KeyState(path, identity.key.id, found, problem, shared, keys)


def _path(registry: OpenRegistry) -> Path:
    return key_path(registry.settings, registry.database, registry.identity.origin)


def read_key_file(path: Path) -> bytes:
    """The text of a file that should be a key. Raises ``NoSuchPath`` where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise NoSuchPath(
            f"{path} can't be read: {error.strerror}", advice="Give a key file, or - for standard input."
        ) from error


def install_key(registry: OpenRegistry, text: bytes, name: str, *, unrecorded: bool = False) -> KeyState:
    """Put keys where this machine's programs look for them, as far as they are the registry's.

    ``unrecorded`` is for where nothing can be written; else they stay only if their entry is written.

    Safe to repeat. Raises ``KeyUnusable`` where the registry's key isn't among them nor here
    already, or where something else is in its place: no key is ever written over or lost.
    """
    given, known = parse_ring(text, name), {key.check for key in registry.identity.keys}
    own = tuple(key for key in given if key.check in known)
    state = key_state(registry)
    if not own or (not state.usable and registry.identity.key.check not in {key.check for key in own}):
        raise registry.other_key(name, given)
    if state.usable and {key.check for key in own} <= {key.check for key in load_ring(state.file)}:
        return state
    if unrecorded:
        require_nothing_written(registry)
        _install(registry, own, state)
        return replace(key_state(registry), installed=True)
    before = state.file.read_bytes() if state.file.is_file() else None
    with registry.act("key:install") as act:
        _install(registry, own, state)
        try:
            act.commit(keys=[key.id for key in own])
        except BaseException:
            _put_back(state.file, before)
            raise
    return replace(key_state(registry), installed=True)


def _install(registry: OpenRegistry, own: KeyRing, state: KeyState) -> None:
    known = {key.check for key in registry.identity.keys}
    with _told_of(state.file):
        # Former keys of the registry stay where they are; what else is there isn't touched.
        if state.usable or (state.found_key and known & {key.check for key in load_ring(state.file)}):
            extend_ring(state.file, own, first=not state.usable)
        else:
            put_ring(state.file, own)


def _put_back(file: Path, before: bytes | None) -> None:
    if before is None:
        file.unlink()
        return
    with replaced(file) as written:
        written.write_bytes(before)


def rotate_key(registry: OpenRegistry, reason: str) -> KeyState:
    """Make another key: what is recorded from now on is hidden under it.

    The former one stays in the file behind it, for what was recorded with it. The new one is
    in the file before the database knows of it, and one that it doesn't know counts for
    nothing: wherever this is cut off, the machine has the registry's key. Other machines need
    the new file. Raises ``KeyUnusable`` where the former key isn't here, or the file can't be
    written.
    """
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest("a rotation needs its reason", advice="Give it with --reason TEXT.")
    former, path, new = registry.key, _path(registry), new_key()
    while new.id in {key.id for key in registry.identity.keys}:
        new = new_key()

    def work(act: Act) -> int:
        registry.require_key(act.connection)
        with _told_of(path):
            extend_ring(path, (new,), first=True)
        act.insert(schema.key_rotations, [{"key_id": new.id, "key_check": new.check}])
        marks.forget_all(act.connection)
        act.note(reason)
        act.commit(key_id=new.id, former=former.id)
        return act.entry

    # Alone: what another act hides under the former key comes before this entry or not at all.
    entry = registry.perform("key:rotate", work, actor=actor, alone=True)
    identity = registry.database.require()
    return replace(key_state(replace(registry, identity=identity)), rotated=entry)


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Tell in our words what keeps a key file from being written."""
    try:
        yield
    except FileExistsError as error:
        raise KeyUnusable(
            f"{path} is there and isn't the registry's key; it was left as it is",
            advice="Move it away if nothing needs it, or name another place with UID_REGISTRY_KEY_FILE.",
        ) from error
    except OSError as error:
        raise KeyUnusable(
            f"the key can't be written to {path}: {error.strerror}",
            advice="Name a place where you may write with UID_REGISTRY_KEY_FILE.",
        ) from error
