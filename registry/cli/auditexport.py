"""`audit export` and `audit forward`: the trail for other systems."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.arguments import parse_time
from registry.cli.options import Run, Unrecorded, with_globals
from registry.cli.output import tell, write
from registry.errors import BadRequest, BadSetting
from registry.settings import EXPORT_FORMATS, FORMATS

if TYPE_CHECKING:
    from registry.store.feed import Whole

SPOKEN = tuple(dict.fromkeys((*FORMATS, *EXPORT_FORMATS)))
"""Those of all commands may be set for all commands; here they stand for ndjson."""
FORWARDED = ("dicom", "ndjson")
_FORWARDED_UIDS = 100  # of an entry: receivers cut long messages


def export(
    run: Run,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From then on.")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before then.")] = None,
    event: Annotated[
        str | None,
        typer.Option(metavar="NOUN:VERB", help="Of this event, e.g. uid:issue; uid: for all of a noun."),
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="By this actor.")] = None,
    uid: Annotated[str | None, typer.Option(metavar="UID", help="Acts that touched this UID.")] = None,
    to: Annotated[
        str | None, typer.Option(metavar="FILE", help="Write into this new file, whole or not at all.")
    ] = None,
    all_uids: Annotated[
        bool, typer.Option("--all-uids", help="In ndjson and csv: all UIDs, also of acts with over 1,000.")
    ] = False,
    without_notes: Annotated[bool, typer.Option("--without-notes", help="Leave the free texts out.")] = False,
    unrecorded: Unrecorded = False,
) -> None:
    """The trail for other systems, oldest entry first, in constant memory.

    --format ndjson (the default) has all of an entry, so that its leaf hash can be
    recomputed; csv is for spreadsheets; dicom is one audit message of PS3.15 A.5 a
    line, fhir one R4 AuditEvent a line. The export is itself an entry of the trail.

    Examples:

      uid-registry audit export --since 2026-01-01 --to trail.ndjson

      uid-registry audit export --event export: --format dicom > messages.xml

      uid-registry audit export --uid 1.2.3 --format fhir --to events.ndjson
    """
    from registry.services.exporting import Choice, exported

    form = _form(run, EXPORT_FORMATS, "ndjson")
    choice = Choice(event, by, parse_time(since), parse_time(until), uid)
    with run.registry(read_only=unrecorded, whatever_was_seen=True) as registry:
        origin = registry.identity.origin
        placed = form in ("dicom", "fhir")
        with exported(registry, choice, form, placed=placed, unrecorded=unrecorded) as entries:
            lines = _lines(entries, form, origin, not without_notes, all_uids)
            if to is None:
                write(lines)
            else:
                _write_file(Path(to).expanduser(), lines)


def forward(
    run: Run,
    receiver: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where it listens; the port is 6514.")],
    ca: Annotated[
        str | None,
        typer.Option(
            "--ca", metavar="FILE", help="Who signed its certificate, if not whom the system trusts."
        ),
    ] = None,
    cert: Annotated[
        str | None, typer.Option("--cert", metavar="FILE", help="The certificate to show it (PEM).")
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="FILE", help="The key of --cert, if in another file.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option("--state", metavar="FILE", help="Where to keep how far the trail got."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", help="Stay, and send entries as they are made, until SIGTERM.")
    ] = False,
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, help="How often to look with --follow.")
    ] = 5.0,
    unrecorded: Unrecorded = False,
) -> None:
    """Send the trail to a log collector: syslog (RFC 5424) over TLS (RFC 5425).

    Goes on where the last run stopped. What surely arrived is kept in a small file;
    after a broken connection up to 2,000 entries arrive a second time, none is left
    out. --format dicom (the default) sends audit messages of PS3.15 A.5, ndjson one
    JSON object an entry. Free texts stay here.

    Examples:

      uid-registry audit forward siem.example.org:6514

      uid-registry audit forward arr.example.org --ca hospital.pem --cert me.pem --follow
    """
    from registry.services.forwarding import Course
    from registry.services.forwarding import forward as service
    from registry.syslogtls import Trust, parse_address

    form = _form(run, FORWARDED, "dicom")
    address, context = parse_address(receiver), Trust(ca, cert, key).context()
    with _until_told() as wait, run.registry(read_only=unrecorded) as registry:
        sent = service(
            registry,
            address,
            context,
            lambda entry: _messages(entry, form, registry.identity.origin),
            Course(every if follow else None, tell, wait),
            form=form,
            state=Path(state).expanduser() if state else None,
            unrecorded=unrecorded,
        )
    tell(f"sent {sent:,} {'entry' if sent == 1 else 'entries'} to {address}")


def _form(run: Run, spoken: Iterable[str], default: str) -> str:
    """The format that was asked for; one that was set for all commands says nothing about this one."""
    wanted = run.settings.format
    if wanted in spoken:
        return wanted
    if run.settings.sources.get("format") == "command line":
        raise BadSetting(
            f"{wanted!r} (from --format) is no format of this command", advice=f"One of {', '.join(spoken)}."
        )
    return default


def _lines(entries: Iterator[Whole], form: str, origin: str, notes: bool, all_uids: bool) -> Iterator[str]:
    if form == "dicom":
        from registry.render.auditxml import audit_messages

        for entry in entries:
            yield from audit_messages(entry, origin, notes=notes)
    elif form == "fhir":
        from registry.render.auditevents import audit_events

        for entry in entries:
            yield from audit_events(entry, origin, notes=notes)
    else:
        from registry.render.auditrows import UIDS_TOLD, csv_lines, entry_line

        most = None if all_uids else UIDS_TOLD
        if form == "csv":
            yield from csv_lines(entries, origin, notes=notes, most=most)
        else:
            for entry in entries:
                yield entry_line(entry, origin, notes=notes, most=most)


def _messages(entry: Whole, form: str, origin: str) -> Iterator[bytes]:
    """The syslog messages about an entry; PS3.15 A.6: most are notices, graver ones warnings."""
    from registry.render.auditrows import entry_line
    from registry.render.auditxml import graded_messages
    from registry.syslogtls import NOTICE, WARNING, syslog_message

    if form == "dicom":
        kind, graded = "DICOM+RFC3881", graded_messages(entry, origin, notes=False)
    else:
        line = entry_line(entry, origin, notes=False, most=_FORWARDED_UIDS)
        kind, graded = "UIDREG+JSON", iter([(int(entry.outcome != "done"), line)])
    at, process = entry.fields["at"], os.getpid()
    for grave, text in graded:
        yield syslog_message(text, at=at, kind=kind, severity=WARNING if grave else NOTICE, process=process)


def _write_file(path: Path, lines: Iterable[str]) -> None:
    from registry.placement import placed

    try:
        with placed(path) as new, new.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)
    except FileExistsError as error:
        raise BadRequest(f"{path} exists", advice="Name a new file, or move the old one away.") from error
    except OSError as error:
        raise BadRequest(f"{path} can't be written: {error.strerror}", advice="Name another file.") from error


@contextmanager
def _until_told() -> Iterator[Callable[[float], bool]]:
    """Waiting for some seconds, which is False as soon as the run is told to end (SIGTERM, SIGINT)."""
    told = False

    def end(*_: object) -> None:
        nonlocal told
        told = True

    def wait(seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not told and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.2))
        return not told

    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield wait
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def add_to(app: typer.Typer) -> None:
    app.command()(with_globals(export, SPOKEN))
    app.command()(with_globals(forward, SPOKEN))
