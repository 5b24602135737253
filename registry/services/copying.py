"""Back up: a copy of the embedded database, proved; for a server's, the commands of its own tools."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from registry.errors import BadRequest, DatabaseUnusable, RegistryError, TrailBroken
from registry.events import FAILED
from registry.services.accounting import account
from registry.services.opening import OpenRegistry, key_path
from registry.store.backup import DumpCommands, damage, dump_commands, sqlite_copy
from registry.store.entries import trail_size
from registry.store.session import Database
from registry.store.verification import Verification, verify


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was made, or how to make one; the key is in neither."""

    database: str
    file: str
    key_id: str
    key_file: str
    entries: int  # in the trail
    size: int | None = None  # bytes; None: nothing was copied
    root_hash: str | None = None  # of the copy's trail
    commands: DumpCommands | None = None


def backup(registry: OpenRegistry, target: str, *, unrecorded: bool = False) -> Backup:
    """Copy an SQLite registry while others write, and prove the copy before it gets its name.

    The entry that says so is written first, so that it is in the copy; where no copy comes of
    it another one says that it failed. ``unrecorded`` is for where nothing can be written.
    For PostgreSQL it says what to run, and that is no act. Raises ``BadRequest`` where there is a file
    already, ``TrailBroken`` or ``DatabaseUnusable`` where the copy isn't sound.
    """
    database, identity = registry.database, registry.identity
    key_file = str(key_path(registry.settings, database, identity.origin))
    if database.sqlite_file is None:
        with database.reading() as connection:
            commands = dump_commands(database, connection, target)
            size = trail_size(connection)
        return Backup(database.name, target, identity.key.id, key_file, size, commands=commands)
    file = Path(target).expanduser().absolute()
    if os.path.lexists(file):
        raise BadRequest(f"{file} is there; a backup is never written over a file")
    account(registry, "database:backup", unrecorded=unrecorded)
    try:
        with sqlite_copy(database, file) as copy:
            proved = _proved(copy, database.name)
            size = copy.stat().st_size
    except RegistryError as error:
        if not unrecorded:
            _failed(registry, error)
        raise
    return Backup(database.name, str(file), identity.key.id, key_file, proved.size, size, proved.root_hash)


def _failed(registry: OpenRegistry, error: RegistryError) -> None:
    """Say in the trail that no copy came of it, if a database of which that is so still takes it."""
    with suppress(RegistryError), registry.act("database:backup") as act:
        act.commit(FAILED, reason=error.code)


def _proved(copy: Path, name: str) -> Verification:
    with Database(str(copy), read_only=True) as database, database.reading() as connection:
        if wrong := damage(connection):
            raise DatabaseUnusable(
                f"{name} is damaged, so is a copy of it: {'; '.join(wrong)}; no backup was made",
                advice="Keep the database as it is, and restore the last backup.",
            )
        proved = verify(connection)
    if not proved.ok:
        raise TrailBroken(
            f"the trail of {name} doesn't verify, no backup was made: "
            + (f"entry {proved.first_bad}: " if proved.first_bad is not None else "")
            + str(proved.reason)
        )
    return proved
