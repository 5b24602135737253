"""The keys of a registry that was moved: put where programs look for them beside its new database."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from registry.placement import placed
from registry.services.opening import OpenRegistry, key_path, signing_key_path
from registry.settings import Settings
from registry.store.session import Database


class Found(StrEnum):
    """What became of a key file."""

    PUT = "put there now"
    THERE = "there already"
    OTHER = "another one is there"
    MISSING = "not on this machine"
    UNWRITABLE = "it can't be written there"


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """A key file of a registry, and where it must be now. Never a secret."""

    name: str
    file: Path
    found: Found


def bring_keys(registry: OpenRegistry, target: Database) -> tuple[KeyPlace, ...]:
    """Copy the registry's key and the one that signs checkpoints to where they are looked for
    beside the new database, as far as they are on this machine; nothing is written over."""
    there = replace(registry.settings, database=str(target.url))
    return tuple(
        _brought(name, place, registry, target, there)
        for name, place in (("key", key_path), ("signing key", signing_key_path))
    )


def _brought(
    name: str,
    place: Callable[[Settings, Database, str], Path],
    registry: OpenRegistry,
    target: Database,
    there: Settings,
) -> KeyPlace:
    origin = registry.identity.origin
    before = place(registry.settings, registry.database, origin)
    after = place(there, target, origin)
    try:
        text = before.read_bytes()
    except OSError:
        return KeyPlace(name, after, Found.THERE if after.is_file() else Found.MISSING)
    with suppress(OSError):
        return KeyPlace(name, after, Found.THERE if after.read_bytes() == text else Found.OTHER)
    try:
        after.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with placed(after) as written:
            written.write_bytes(text)
    except OSError:
        return KeyPlace(name, after, Found.UNWRITABLE)
    return KeyPlace(name, after, Found.PUT)
