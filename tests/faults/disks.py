"""A small disk of its own, in memory, that can be filled, made larger and made read-only."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def missing() -> str:
    """Why no small disk can be made here; empty where one can."""
    with tempfile.TemporaryDirectory() as folder:
        if _mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", folder):
            _unmount(folder)
            return ""
    return "no tmpfs may be mounted here (that needs root)"


@contextmanager
def small_disk(size: str) -> Iterator[Path]:
    """A disk of a size such as ``4m``, gone at the end with all that is on it."""
    with tempfile.TemporaryDirectory(prefix="uidtmp-") as folder:
        if not _mount("-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", folder):
            raise AssertionError("a tmpfs can't be mounted any more")

        try:
            yield Path(folder)
        finally:
            _unmount(folder)


def remount(folder: Path, option: str) -> None:
    """``size=12m``, ``ro``, ``rw``."""
    if not _mount("-o", f"remount,{option}", str(folder)):
        raise AssertionError(f"it can't be remounted {option}")


def _mount(*arguments: str) -> bool:
    try:
        return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _unmount(folder: str) -> None:
    subprocess.run(["umount", "--lazy", folder], check=True, capture_output=True)
