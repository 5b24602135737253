"""`pydicom uidcheck`: the command `check` among pydicom's own.

pydicom loads this whichever of its commands is run, so nothing but its own parser is
imported here. What is asked is handed on to `uid-registry check`, and what comes of it is
the same: report, messages, exit status.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # What argparse calls what pydicom hands over, in want of a public name.
    from argparse import _SubParsersAction as SubParsers

_ABOUT = """Decide about objects before they leave, against themselves and all that the
registry has recorded: UIDs used twice, derived objects in the series of their source,
references that lead nowhere. Writes nothing, unless --for-export."""

_EXAMPLES = """examples:
  pydicom uidcheck export/
  pydicom uidcheck pydicom::CT_small.dcm
  pydicom uidcheck --fail-on warning --format json export/ > report.json
  find export -name '*.dcm' -print0 | pydicom uidcheck -0

exit status: 0 fine, 1 findings that fail the run, 2 usage, 3 no registry, 4 a bug.
`uid-registry check --help` has the same options at more length, `uid-registry rule CODE`
tells of a rule, `uid-registry init` makes a registry.
"""

_OPTIONS = {
    "--database": ("URL", "the registry's database; also UID_REGISTRY_DATABASE"),
    "--actor": ("NAME", "who acts, for the audit trail; also UID_REGISTRY_ACTOR"),
    "--format": ("FORMAT", "table, json, ndjson, csv, sarif, junit or github"),
    "--fail-on": ("WHAT", "error (default), warning, note or never: when to exit with 1"),
    "--for-export": ("DESTINATION", "record whether the objects may go there"),
    "--select": ("RULE,...", "ask these rules too"),
    "--ignore": ("RULE,...", "don't ask these"),
    "--context": ("NAME", "what the objects are copies for"),
    "--scope": ("NAME", "the objects are copies whose UIDs this scope replaced"),
    "--digest": ("full|none", "whether contents are compared"),
    "--paths": ("HOW", "full, name, hash or none: how the report names files"),
    "--explain": ("RULE", "show the page of a rule, and each finding of it whole"),
    "--list": ("passed|failed", "print the paths of those files alone; findings go to stderr"),
    "--jobs": ("N", "processes that read"),
}
_SWITCHES = {
    "--null": ("-0", "paths on standard input end with NUL, those of --list too"),
    "--statistics": (None, "counts of each rule instead of findings"),
}


def add_subparser(subparsers: SubParsers[argparse.ArgumentParser]) -> None:
    """Add `uidcheck` to pydicom's commands; called by pydicom (``pydicom_subcommands``)."""
    parser = subparsers.add_parser(
        "uidcheck",
        description=_ABOUT,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        help="check UIDs against the organisation's registry",
    )
    parser.add_argument(
        "files",
        metavar="PATH",
        nargs="*",
        help="files (also pydicom::NAME), folders, zip archives, DICOMDIRs; - reads paths from stdin",
    )
    for name, (metavar, does) in _OPTIONS.items():
        parser.add_argument(name, metavar=metavar, action="append", help=does)
    for name, (short, does) in _SWITCHES.items():
        parser.add_argument(*filter(None, (short, name)), action="store_true", help=does)
    parser.set_defaults(func=uidcheck)


def uidcheck(asked: argparse.Namespace) -> None:
    """Run `uid-registry check` as it was asked for. Ends the process with its exit status."""
    from registry.cli.running import run

    run(_arguments(asked))
    sys.exit(0)


def _arguments(asked: argparse.Namespace) -> Iterator[str]:
    yield "check"
    values = vars(asked)
    for name in _OPTIONS:
        for value in values[_field(name)] or ():
            yield f"{name}={value}"
    yield from (name for name in _SWITCHES if values[_field(name)])
    yield "--"  # what follows are paths, also where they begin with a dash
    yield from map(_path, asked.files)


def _field(name: str) -> str:
    return name.removeprefix("--").replace("-", "_")


def _path(spec: str) -> str:
    if "::" not in spec:
        return spec
    from registry.dicomfile.filespec import path_of

    return path_of(spec)
