"""The command line: parse, one service call, render.

Start-up imports nothing heavy: each command imports its service when it runs.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import traceback
from typing import Annotated

import typer

from registry.cli import (
    asking,
    audit,
    config,
    db,
    deciding,
    doctor,
    findings,
    issuing,
    objects,
    patient,
    root,
)
from registry.cli.options import Actor, Database, Format, NoInput, with_globals
from registry.cli.output import tell
from registry.errors import RegistryError
from registry.version import __version__

_HELP = """The ledger of an organisation's DICOM UIDs: each is issued once, recorded with its
study and series, and checked before it leaves.

Examples:

  uid-registry init --root 1.3.6.1.4.1.32473.1 --organization "St. Elsewhere"

  uid-registry register archive/

  uid-registry derive archive/ct.dcm --modality SEG

  uid-registry check export/
"""

app = typer.Typer(
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 100},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"uid-registry {__version__}")
        raise typer.Exit


@app.callback()
def _globals(
    context: typer.Context,
    database: Database = None,
    actor: Actor = None,
    format: Format = None,  # noqa: A002 (the option's name)
    no_input: NoInput = False,
    _wants_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    context.obj = {"database": database, "actor": actor, "format": format, "no_input": no_input}


app.command()(with_globals(db.init))
issuing.add_to(app)
deciding.add_to(app)
objects.add_to(app)
asking.add_to(app)
app.command()(with_globals(findings.rule))
app.add_typer(root.app, name="root")
app.add_typer(patient.app, name="patient")
app.add_typer(findings.app, name="findings")
app.add_typer(audit.app, name="audit")
app.add_typer(db.app, name="db")
app.add_typer(config.app, name="config")
app.command()(with_globals(doctor.doctor))


def main() -> None:
    """Run the command line; the one place where errors become exit statuses."""
    # What files say is many small objects without cycles; looking for cycles among them
    # as often as Python does takes a quarter of the time of a large batch.
    gc.set_threshold(100_000, 20, 50)
    # Nor for one last time at the end, when the memory goes back to the system anyway.
    atexit.register(gc.freeze)
    try:
        app()
    except RegistryError as error:
        tell(f"error: {error.message}")
        if error.advice:
            tell(f"  next: {error.advice}")
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        tell("interrupted; what was recorded so far stays, and the same command goes on from there")
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    except Exception as error:  # noqa: BLE001 (the last resort: exit status 4)
        _bug(error)


def _bug(error: Exception) -> None:
    """An error that nobody foresaw. Its text may quote data, so only its place is told."""
    tell(f"internal error: {type(error).__name__}")
    for frame in traceback.extract_tb(error.__traceback__)[-3:]:
        tell(f"  at {os.path.basename(frame.filename)}:{frame.lineno} in {frame.name}")
    tell("  next: this is a bug; please report what you ran, and these lines")
    sys.exit(4)
