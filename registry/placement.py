"""A file that is put in its place whole or not at all, over another only where that is meant."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def placed(target: Path) -> Iterator[Path]:
    """An empty file beside ``target``, for its owner alone, to be filled. When the block ends
    well it is on the disk under the name ``target``; else it is gone.

    Raises ``FileExistsError`` where there is anything of that name.
    """
    _must_be_free(target)
    written = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield written
        _sync(written)
        _name(written, target)
    finally:
        written.unlink(missing_ok=True)
    with suppress(OSError):  # not every file system syncs folders
        _sync(target.parent)


@contextmanager
def replaced(target: Path, *, durable: bool = True, mode: int = 0o600) -> Iterator[Path]:
    """The same, but the file takes the place of one that may be there, with its owner and modes:
    whoever reads finds either. What a link leads to is replaced, not the link.

    Unless it is ``durable``, a power failure may leave it empty or as it was. A file where
    there was none gets the ``mode``, without what the umask takes away.
    """
    target = target.resolve()
    before = target.stat() if target.exists() else None
    written = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    os.close(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))
    try:
        yield written
        if before is not None:
            # Whoever could read the old one, e.g. a service whose key root replaces, can read this.
            if (before.st_uid, before.st_gid) != (os.geteuid(), os.getegid()):
                os.chown(written, before.st_uid, before.st_gid)
            written.chmod(stat.S_IMODE(before.st_mode))
        if durable:
            _sync(written)
        written.replace(target)
    finally:
        written.unlink(missing_ok=True)
    if durable:
        with suppress(OSError):
            _sync(target.parent)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is in here with the same folder; where the file system
    knows no locks, don't."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _name(written: Path, target: Path) -> None:
    try:
        os.link(written, target)  # unlike a rename it fails where a file is
    except FileExistsError:
        raise
    except OSError:
        # File systems of memory sticks and of some shares have no links.
        _must_be_free(target)
        written.rename(target)


def _must_be_free(target: Path) -> None:
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
