"""The three streams of the process where they aren't as usual: closed, full, or read by nobody."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import NoReturn

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What the system says where a file takes no more."""


def open_streams() -> None:
    """Put the null device where a stream was closed, before a file or a socket gets its number."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115 (until the process ends)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def give_up_output() -> None:
    """Let go of what is still to be written to stdout: it would fail again when the process ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def no_room(error: OSError) -> NoReturn:
    """Say that what was asked for couldn't be written, and end with exit status 2."""
    give_up_output()
    with suppress(OSError):
        print(  # noqa: T201 (also where nothing else is imported)
            f"error: the output can't be written: {error.strerror}\n"
            "  next: Make room, and ask again. What was recorded stays; `uid-registry audit log` tells it.",
            file=sys.stderr,
        )
    sys.exit(2)


def told(text: str) -> None:
    """Write one line to stdout, and nothing more."""
    try:
        print(text, flush=True)  # noqa: T201 (the app would say it no otherwise, and later)
    except BrokenPipeError:
        give_up_output()
    except OSError as error:
        no_room(error)
