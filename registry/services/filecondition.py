"""What `doctor` looks at under an SQLite registry: the file, its folder, how it is opened."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from registry.errors import IntegrityFailure
from registry.services.checkup import Check, asked, failure, ok, skipped, warning
from registry.store.condition import WANTED_PRAGMAS, pragmas, quick_check
from registry.store.session import Connection, Database

ENOUGH = 1 << 30
"""Bytes that should be free: some four million instances."""

MOST = 2 << 30
"""Bytes of a file that is read from end to end; monitoring asks often."""

MOUNTS = Path("/proc/mounts")

_NETWORK = re.compile(
    r"nfs4?|cifs|smb\w*|afs|ceph|lustre|gpfs|beegfs|glusterfs|fuse\.(sshfs|glusterfs|ceph|s3fs|rclone|davfs\w*)|davfs\w*"
)
_SHARED = re.compile(r"9p|virtiofs|vboxsf|prl_fs|drvfs|fuse\.vmhgfs-fuse|ocfs2|gfs2")


def beneath(file: Path) -> Iterator[Check]:
    """What can be asked without opening the file."""
    folder = file.resolve().parent  # where the file is, whatever links lead there
    yield _file_system(folder)
    yield _space(folder)
    yield _modes(file)
    yield _writable(file)


def inside(database: Database) -> Iterator[Check]:
    """What has to be asked of SQLite."""
    yield asked(database, "connection", _connection)
    file = database.sqlite_file
    if file is not None and (size := file.stat().st_size) > MOST:
        told = f"{size / 2**30:,.1f} GiB take long to read; `uid-registry db backup` looks at every page"
        yield skipped("integrity", told)
    else:
        yield asked(database, "integrity", _integrity)


def _file_system(folder: Path) -> Check:
    name = "file system"
    found = _mounted_at(folder)
    if found is None:
        return skipped(name, "this system doesn't tell what is mounted where")
    place, kind = found
    seen = f"{place} is {kind}"
    if _NETWORK.fullmatch(kind):
        return failure(
            name,
            f"{seen}, a network file system: SQLite's locks and its shared memory don't reach over it, "
            "so two machines can write at once and lose what was recorded",
            "Move the file to a local disk; for several machines use PostgreSQL.",
        )
    if _SHARED.fullmatch(kind):
        return warning(
            name,
            f"{seen}, which may be shared with another machine: SQLite's locks don't reach that far",
            "Let one machine alone open the file, or move it to a disk of its own.",
        )
    return ok(name, seen)


def _mounted_at(folder: Path) -> tuple[str, str] | None:
    """The mount that a folder is in, and the type of its file system."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    found: tuple[str, str] | None = None
    for line in lines:
        _, place, kind, *_ = line.split(" ")
        place = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), place)
        # What was mounted later over the same place hides what is under it.
        if folder.is_relative_to(place) and (found is None or len(place) >= len(found[0])):
            found = (place, kind)
    return found


def _space(folder: Path) -> Check:
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return skipped("free space", f"{folder} can't be looked at: {error.strerror}")
    seen = f"{free / 2**30:,.1f} GiB free in {folder}"
    if free < ENOUGH:
        return warning("free space", seen, "Make room: without it nothing can be recorded.")
    return ok("free space", seen)


def _modes(file: Path) -> Check:
    if not file.is_file():
        return skipped("modes", f"there is no file {file}")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & stat.S_IRWXO:
        return warning(
            "modes",
            f"{file} is open to every user of this machine ({mode:03o}); who may write it may do anything",
            f"chmod o= {file}",
        )
    return ok("modes", f"{mode:03o}")


def _writable(file: Path) -> Check:
    if not file.is_file():
        return skipped("writable", f"there is no file {file}")
    if not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        return warning(
            "writable",
            "this user may not write the file or its folder; "
            "`check`, `show` and `list` work, acts that write don't",
            "Use a user who may, or leave it so where nothing should be recorded.",
        )
    return ok("writable", "file and folder")


_HARM = {
    "journal_mode": ("not WAL: who reads and who writes stand in each other's way", 0),
    "synchronous": ("a power failure may lose what was acknowledged", IntegrityFailure.exit_status),
    "foreign_keys": ("rows may point to nothing", IntegrityFailure.exit_status),
    "recursive_triggers": ("INSERT OR REPLACE may delete history", IntegrityFailure.exit_status),
}


def _connection(connection: Connection) -> Check:
    found = pragmas(connection)
    seen = ", ".join(f"{name} {value}" for name, value in found.items())
    wrong = [name for name, value in found.items() if value != WANTED_PRAGMAS[name]]
    if not wrong:
        return ok("connection", seen)
    told = f"{seen}: {'; '.join(_HARM[name][0] for name in wrong)}"
    status = max(_HARM[name][1] for name in wrong)
    if status:
        advice = "The SQLite library of this Python doesn't do what it is told; use another build."
        return failure("connection", told, advice, status)
    return warning("connection", told, "The next command that records something sets it back to WAL.")


def _integrity(connection: Connection) -> Check:
    if wrong := quick_check(connection):
        return failure(
            "integrity",
            "; ".join(wrong),
            "Keep a copy of the file as it is, and restore the last backup.",
            IntegrityFailure.exit_status,
        )
    return ok("integrity", "SQLite finds its pages whole; `uid-registry audit verify` looks at what they say")
