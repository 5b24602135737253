"""From what a person names to the files to read: folders, zip archives, DICOMDIR media, lists.

Only regular files are opened. A link that leaves the folder it stands in is
named and left alone, and so is a DICOMDIR's reference to a file outside.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from registry.errors import NoSuchPath
from registry.records import Skipped

_ZIP_MARK = b"PK\x03\x04"


class Source(NamedTuple):
    """One thing to read: a file, or a member of a zip archive."""

    path: str
    member: str | None = None
    size: int = 0  # bytes, as the file system or the archive says
    changed: int = 0  # when, in nanoseconds; 0 where unknown

    @property
    def name(self) -> str:
        """How a report names it."""
        return self.path if self.member is None else f"{self.path}!{self.member}"


def require(paths: Iterable[str]) -> None:
    """Raise ``NoSuchPath`` for the first path that doesn't exist, before anything is read."""
    for path in paths:
        if not os.path.lexists(path):
            raise NoSuchPath(f"there is no file or folder {path}")


def expand(paths: Iterable[str]) -> Iterator[Source | Skipped]:
    """Every file below the given paths, in a stable order, and what is passed over."""
    for path in paths:
        if os.path.isdir(path):
            yield from _folder(path)
        else:
            yield from _file(path)


def _folder(top: str) -> Iterator[Source | Skipped]:
    inside = os.path.realpath(top)
    for folder, folders, files in os.walk(top):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(folder, name)
            if os.path.islink(path) and not _is_inside(os.path.realpath(path), inside):
                yield Skipped(path, "a link that leaves the folder")
            elif name.upper() == "DICOMDIR":
                # The files that it lists are met on the walk.
                yield Skipped(path, "a DICOMDIR, not an instance")
            else:
                yield from _file(path)


def _file(path: str) -> Iterator[Source | Skipped]:
    try:
        status = os.stat(path)
    except OSError as error:
        yield Skipped(path, error.strerror or "it can't be looked at")
        return
    if not stat.S_ISREG(status.st_mode):
        yield Skipped(path, "not a regular file")
    elif os.path.basename(path).upper() == "DICOMDIR":
        yield from _media(path)
    elif _is_zip(path):
        yield from _archive(path, status.st_mtime_ns)
    else:
        yield Source(path, None, status.st_size, status.st_mtime_ns)


def _is_zip(path: str) -> bool:
    if not path.lower().endswith(".zip"):
        return False
    try:
        with open(path, "rb") as file:
            return file.read(4) == _ZIP_MARK
    except OSError:
        return False


def _archive(path: str, changed: int) -> Iterator[Source | Skipped]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(
                (info for info in archive.infolist() if not info.is_dir()), key=lambda info: info.filename
            )
    except (zipfile.BadZipFile, OSError, NotImplementedError):
        yield Skipped(path, "a broken zip archive")
        return
    for info in members:
        yield Source(path, info.filename, info.file_size, changed)


def _media(dicomdir: str) -> Iterator[Source | Skipped]:
    """The files that a DICOMDIR lists (PS3.10 section 8), and nothing outside its folder."""
    from registry.dicomfile.media import referenced_files

    top = os.path.realpath(os.path.dirname(dicomdir) or ".")
    yield Skipped(dicomdir, "a DICOMDIR, not an instance")
    for parts in referenced_files(dicomdir):
        path = Path(dicomdir).parent.joinpath(*parts)
        if not _is_inside(os.path.realpath(path), top):
            yield Skipped(str(path), "the DICOMDIR leads outside of its folder")
        elif not path.exists():
            yield Skipped(str(path), "the DICOMDIR lists it, but it isn't there")
        else:
            yield from _file(str(path))


def _is_inside(path: str, folder: str) -> bool:
    return os.path.commonpath((path, folder)) == folder
