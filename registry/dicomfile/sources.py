"""From what a person names to the files to read: folders, zip archives, DICOMDIR media, lists.

Nothing is passed over in silence: a link that leaves the folder it stands in, a
link to a folder, a folder that can't be listed are each named. Only regular files
are opened. What is inside an archive or on a DICOMDIR's medium is for a worker
to find out (reader.py), because that means reading what may be hostile.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from registry.dicomfile.regularfile import open_regular
from registry.dicomfile.unreadable import NotDicom
from registry.errors import NoSuchPath
from registry.records import Listing, Skipped, Unreadable

_ZIP_MARK = b"PK\x03\x04"


class Source(NamedTuple):
    """One thing to read: a file, or a member of a zip archive."""

    path: str
    member: str | None = None
    size: int = 0  # bytes, as the file system or the archive says
    changed: int = 0  # when, in nanoseconds; 0 where unknown
    place: int = 0  # of a member in its archive's directory: two may have one name
    listings: tuple[Listing, ...] = ()  # what the DICOMDIR through which it was found says of it

    @property
    def name(self) -> str:
        """How a report names it."""
        return self.path if self.member is None else f"{self.path}!{self.member}"


Found = Source | Skipped | Unreadable
"""A thing to read, or why there is none."""

LookInto = Callable[[str, int], Iterable[Found]]
"""The files in the archive or on the medium at a path that was changed then."""


def require(paths: Iterable[str]) -> None:
    """Raise ``NoSuchPath`` for the first path that doesn't exist, before anything is read."""
    for path in paths:
        if not os.path.lexists(path):
            raise NoSuchPath(f"there is no file or folder {path}")


def expand(paths: Iterable[str], look_into: LookInto) -> Iterator[Found]:
    """Every file below the given paths, in a stable order, and what is passed over."""
    for path in paths:
        if os.path.isdir(path):
            yield from _folder(path, look_into)
        else:
            yield from _file(path, look_into)


def is_dicomdir(path: str) -> bool:
    """Whether a file is a DICOMDIR by its name (PS3.10 section 8.6)."""
    return os.path.basename(path).upper() == "DICOMDIR"


def _folder(top: str, look_into: LookInto) -> Iterator[Found]:
    """A folder's files, then its folders, by name. A stack, because folders nest deeper than calls."""
    inside = os.path.realpath(top)
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                by_name = sorted(
                    (entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink()) for entry in entries
                )
        except OSError as error:
            yield Skipped(folder, f"the folder can't be listed: {error.strerror or type(error).__name__}")
            continue
        for name, is_folder, is_link in by_name:
            if is_folder:
                continue
            path = os.path.join(folder, name)
            # Nearly all are neither, and are asked for nothing but their size.
            if is_link or is_dicomdir(name) or _may_be_zip(name):
                yield from _entry(path, inside, look_into)
            else:
                yield _plain(path)
        waiting += reversed([os.path.join(folder, name) for name, is_folder, _ in by_name if is_folder])


def _entry(path: str, inside: str, look_into: LookInto) -> Iterator[Found]:
    if os.path.islink(path):
        if not is_inside(os.path.realpath(path), inside):
            yield Skipped(path, "a link that leaves the folder")
            return
        if os.path.isdir(path):
            yield Skipped(path, "a link to a folder")
            return
    if is_dicomdir(path):
        # The files that it lists are met on the walk.
        yield Skipped(path, "a DICOMDIR, not an instance")
    else:
        yield from _file(path, look_into)


def _file(path: str, look_into: LookInto) -> Iterator[Found]:
    found = _plain(path)
    if isinstance(found, Source) and (is_dicomdir(path) or _is_zip(path)):
        yield from look_into(path, found.changed)
    else:
        yield found


def _plain(path: str) -> Found:
    """A file that is no archive and lists no others."""
    try:
        status = os.stat(path)
    except OSError as error:
        return Skipped(path, error.strerror or "it can't be looked at")
    if not stat.S_ISREG(status.st_mode):
        return Skipped(path, "not a regular file")
    return Source(path, None, status.st_size, status.st_mtime_ns)


def _may_be_zip(path: str) -> bool:
    return path.lower().endswith(".zip")


def _is_zip(path: str) -> bool:
    if not _may_be_zip(path):
        return False
    try:
        with open_regular(path) as file:
            return file.read(len(_ZIP_MARK)) == _ZIP_MARK
    except (OSError, NotDicom):
        return False


def is_inside(path: str, folder: str) -> bool:
    """Whether a path without links lies in a folder."""
    return os.path.commonpath((path, folder)) == folder
