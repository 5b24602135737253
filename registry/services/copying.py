"""Back up: a copy of the embedded database, proved; for a server's, the commands of its own tools."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from registry.errors import DatabaseUnusable, TrailBroken
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


def backup(registry: OpenRegistry, target: str) -> Backup:
    """Copy an SQLite registry while others write, and prove the copy before it gets its name.

    For PostgreSQL it says what to run. Raises ``BadRequest`` where there is a file
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
    with sqlite_copy(database, file) as copy:
        proved = _proved(copy, database.name)
        size = copy.stat().st_size
    return Backup(database.name, str(file), identity.key.id, key_file, proved.size, size, proved.root_hash)


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
            f"entry {proved.first_bad}: {proved.reason}"
        )
    return proved
