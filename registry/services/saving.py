"""Save: an object checked, recorded and written, in an order that outlives a crash at any point.

1. It is written beside its place, under a name that nobody looks for, down to the disk.
2. What that file says is checked; where it must not pass, nothing is recorded and nothing stays.
3. It is recorded: one transaction, with its audit entry.
4. The file gets its name, and the folder is synced.

So whatever has the name is whole and recorded. A crash before 4 leaves no file of that
name, and the same call again is a repeat: what was recorded is, and the file is written.
"""

from __future__ import annotations

import errno
import filecmp
import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from registry.errors import BadRequest, NoSuchPath, PathTaken
from registry.services import checking, registering
from registry.services.opening import OpenRegistry
from registry.services.reports import Report

if TYPE_CHECKING:
    from registry.dicomfile.memory import DataSet

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV)
"""What a file system answers that gives no file a second name."""


def save(
    registry: OpenRegistry,
    data_set: DataSet,
    path: str,
    *,
    overwrite: bool = False,
    context: str | None = None,
    fail_on: str = "error",
) -> Report:
    """Check an object, record it and write its file; the report is of what was recorded.

    Raises ``FindingsError`` where a finding is as grave as ``fail_on``: then nothing was
    recorded and nothing written. Raises ``PathTaken`` where another file is there, unless
    ``overwrite``, ``NoSuchPath`` without its folder, ``NotWritable`` where no file can be made.
    """
    from registry.dicomfile.writing import read_written, write

    folder, name = _place(path)
    beside = os.path.join(folder, f".{name[:50]}.{secrets.token_hex(8)}.part")
    keys = registry.keys_in(registry.context(context))
    try:
        with open(beside, "xb") as file:
            write(data_set, file)
        there = _is_there(beside, path, overwrite)
        reading = read_written(beside, keys, path)
        checking.judged(registry, [reading], context=context).raise_for_findings(fail_on)
        report = registering.record(registry, [reading], context=context)
        # Somebody else may have recorded another thing since it was checked.
        report.raise_for_findings("never" if fail_on == "never" else "collision")
        if not there:
            _name(beside, path, overwrite)
            _sync(folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside)
    return report


def _place(path: str) -> tuple[str, str]:
    """The folder of a file that is to be, and its name there. Whatever can be known to keep it from
    getting that name is told here, before anything is recorded."""
    folder, name = os.path.split(path)
    if os.path.isdir(path):
        raise PathTaken(f"{path} is a folder", advice="Give the path of a file in it.")
    if not name:
        raise BadRequest(f"{path!r} names no file", advice="Give the path that the file is to have.")
    if folder and not os.path.isdir(folder):
        raise NoSuchPath(f"there is no folder {folder}", advice="Make it first.")
    with suppress(FileNotFoundError):
        mode = os.lstat(path).st_mode  # raises where no file can be called so: a name that is too long
        if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
            raise PathTaken(f"{path} is no ordinary file", advice="Give another path.")
    return os.path.abspath(folder), name


def _is_there(beside: str, path: str, overwrite: bool) -> bool:
    """Whether the very same file is there already, as after a crash. Raises ``PathTaken`` for another."""
    if overwrite or not os.path.lexists(path):
        return False
    # A link may lead nowhere.
    if not (os.path.exists(path) and filecmp.cmp(beside, path, shallow=False)):
        raise PathTaken(f"there is another file at {path}")
    return True


def _name(beside: str, path: str, overwrite: bool) -> None:
    """Give a file its name."""
    if overwrite:
        os.replace(beside, path)
        return
    try:
        os.link(beside, path)  # fails where somebody has put a file there since we looked
    except FileExistsError:
        _is_there(beside, path, overwrite)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if not _is_there(beside, path, overwrite):
            os.rename(beside, path)


def _sync(folder: str) -> None:
    """Let the name outlive a crash of the machine."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
