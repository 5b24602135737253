"""The registry's key on this machine: whether it is there and right, and putting it there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from registry.errors import KeyUnusable, NoSuchPath
from registry.keys import RegistryKey, load_key, parse_key, put_key, readable_by_others
from registry.services.accounting import require_nothing_written
from registry.services.opening import OpenRegistry, key_path

LARGEST = 4096
"""A key file has 90 bytes; nobody wants a disk image read because of a wrong name."""


@dataclass(frozen=True, slots=True)
class KeyState:
    """Where the key of a registry is expected on this machine, and what is there. Never the secret."""

    file: Path
    registry_key: str  # the id of the key that the registry was made with
    found_key: str | None  # the id of the one that is there
    problem: str | None  # why it can't be used; None: it is the registry's
    open_to_others: bool  # its modes let others read it
    installed: bool = False  # it was put there now

    @property
    def usable(self) -> bool:
        return self.problem is None


def key_state(registry: OpenRegistry) -> KeyState:
    """What is where the key should be."""
    path = key_path(registry.settings, registry.database, registry.identity.origin)
    found, problem = None, None
    try:
        found = load_key(path).id
        _ = registry.key
    except KeyUnusable as error:
        problem = error.message
    shared = path.is_file() and readable_by_others(path)
    return KeyState(path, registry.identity.key_id, found, problem, shared)


def read_key_file(path: Path) -> bytes:
    """The text of a file that should be a key. Raises ``NoSuchPath`` where there is none."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST)
    except OSError as error:
        raise NoSuchPath(
            f"{path} can't be read: {error.strerror}", advice="Give a key file, or - for standard input."
        ) from error


def install_key(registry: OpenRegistry, text: bytes, name: str, *, unrecorded: bool = False) -> KeyState:
    """Put a key where this machine's programs look for it, if it is the registry's. Safe to repeat.

    ``unrecorded`` is for where nothing can be written; else it stays only if its entry is written.

    Raises ``KeyUnusable`` where it is another's, or where something else is in its
    place: nothing is ever written over.
    """
    key = parse_key(text[:LARGEST], name)
    if key.check != registry.identity.key_check:
        raise KeyUnusable(
            f"{name} holds the key {key.id}; this registry was made with {registry.identity.key_id}",
            advice="Take the key file from a machine where `uid-registry db key` finds it right.",
        )
    state = key_state(registry)
    if state.usable:
        return state
    if unrecorded:
        require_nothing_written(registry)
        return _put(registry, key, state.file)
    with registry.act("key:install") as act:
        installed = _put(registry, key, state.file)
        try:
            act.commit(key=key.id)
        except BaseException:
            state.file.unlink()
            raise
    return installed


def _put(registry: OpenRegistry, key: RegistryKey, path: Path) -> KeyState:
    try:
        put_key(path, key)
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
    return replace(key_state(registry), installed=True)
