"""How far a long run is: on a terminal alone, in one line that is gone when it is over."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Sequence

from registry.render.formats import counted

_TOLD_EVERY = 0.2  # seconds

_shown = False
"""Whether there is such a line now."""


def clear() -> None:
    """Take the line away: something else is to be told, or it was interrupted."""
    global _shown  # noqa: PLW0603 (there is one terminal)
    if _shown:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()
        _shown = False


def _show(line: str) -> None:
    global _shown  # noqa: PLW0603
    # A line that is too long would go on below, and the next one wouldn't take it away.
    line = line[: shutil.get_terminal_size().columns - 1]
    sys.stderr.write(f"\r\033[K{line}")
    sys.stderr.flush()
    _shown = True


def _duration(seconds: float) -> str:
    """A time as it is told to somebody who waits: ``44 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 100:
        return f"{seconds:,.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60:,} h {minutes % 60:02} min"


class Progress:
    """How far a long run is; silent where stderr isn't a terminal."""

    def __init__(self, verb: str, what: str = "file") -> None:
        self._verb, self._what = verb, what
        self._begun, self._told = time.monotonic(), 0.0
        self._silent = not sys.stderr.isatty()
        self._there: _Files | None = None

    def among(self, paths: Sequence[str]) -> None:
        """Count meanwhile how many files there are."""
        if not self._silent:
            self._there = _Files(paths)
            self._there.start()

    def __call__(self, done: int, of: int | None = None, share: float = 0.0) -> None:
        """``done`` of them are done, ``of`` so many where that is known; else ``share`` may say what
        part of the whole they are."""
        now = time.monotonic()
        if self._silent or now - self._told < _TOLD_EVERY:
            return
        self._told = now
        _show(self._line(done, of, share, now - self._begun))

    def _line(self, done: int, of: int | None, share: float, seconds: float) -> str:
        there = self._there
        if of is None and there is not None and there.counted and there.files >= done:
            of = there.files
        if of is not None:
            so_far = f"{done:,} of {counted(of, self._what)}"
        elif there is not None and not there.counted and there.files > done:
            so_far = f"{done:,} of at least {counted(there.files, self._what)}"
        else:
            so_far = counted(done, self._what)
        rate = f"{done / max(seconds, 1e-6):,.0f} a second"
        share = done / of if of else share
        if of is None and share:
            so_far += f" ({share:.0%})"
        left = f", {_duration(seconds / share - seconds)} left" if 0 < share < 1 and seconds > 1 else ""
        return f"{self._verb} {so_far}, {rate}{left}"

    def done(self) -> None:
        """It is over."""
        clear()


class _Files(threading.Thread):
    """Counts the files of some paths. What can't be listed has none; an archive is one."""

    def __init__(self, paths: Sequence[str]) -> None:
        super().__init__(daemon=True)
        self._paths = paths
        self.files, self.counted = 0, False

    def run(self) -> None:
        for path in self._paths:
            if not os.path.isdir(path):
                self.files += 1
                continue
            for _, _, names in os.walk(path):
                self.files += len(names)
        self.counted = True
