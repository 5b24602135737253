"""One run of the command line: the one place where errors become exit statuses."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Iterable

from registry.cli.app import app
from registry.cli.output import look_at_screen, tell
from registry.cli.streams import NO_ROOM, no_room, open_streams
from registry.errors import RegistryError


def run(arguments: Iterable[str] | None = None) -> None:
    """Run what the arguments ask for: those of the process, unless another program gives some."""
    # No last look for cycles at the end, when the memory goes back to the system anyway.
    atexit.register(gc.freeze)
    open_streams()
    look_at_screen()
    try:
        if arguments is None:
            app()
        else:
            app(list(arguments), prog_name="uid-registry")
    except RegistryError as error:
        tell(f"error: {error.message}")
        if error.advice:
            tell(f"  next: {error.advice}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as leaving:
        if isinstance(leaving.__context__, BrokenPipeError):  # help that nobody reads on: fine
            sys.exit(0)
        if leaving.code != _INTERRUPTED:
            raise
        _interrupted()
    except OSError as error:
        if error.errno not in NO_ROOM:
            _bug(error)
        no_room(error)
    except Exception as error:  # noqa: BLE001 (the last resort: exit status 4)
        _bug(error)


_INTERRUPTED = 130
"""The status with which typer ends what Ctrl-C interrupted."""


def _interrupted() -> None:
    """Say what becomes of it, and end as whoever sent the signal expects: by it."""
    tell("interrupted: what was recorded stays; the same command, run again, does the rest")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _bug(error: Exception) -> None:
    """An error that nobody foresaw. Its text may quote data, so only its place is told."""
    import traceback

    tell(f"internal error: {type(error).__name__}")
    for frame in traceback.extract_tb(error.__traceback__)[-3:]:
        tell(f"  at {os.path.basename(frame.filename)}:{frame.lineno} in {frame.name}")
    tell("  next: this is a bug; please report what you ran, and these lines")
    sys.exit(4)
