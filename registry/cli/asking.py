"""`show`, `tree`, `history`, `list`, `find`, `stats`: what the registry knows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.options import Run
from registry.cli.output import show as put
from registry.cli.output import tell
from registry.errors import BadRequest
from registry.kinds import parse_kind
from registry.uid import parse

if TYPE_CHECKING:
    from registry.services.listing import Listing
    from registry.services.people import Asked
    from registry.services.showing import Shown

Uid = Annotated[str, typer.Argument(metavar="UID")]
Limit = Annotated[int | None, typer.Option(metavar="N", help="At most so many.")]

After = Annotated[
    str | None, typer.Option(metavar="UID", help="Only what comes after this one: the last that was listed.")
]

STATES = ("issued", "registered", "foreign", "withdrawn")


def show(
    run: Run,
    uids: Annotated[
        list[str], typer.Argument(metavar="UID|-...", help="Several, or - for those on standard input.")
    ],
) -> None:
    """What the registry knows of a UID, or of many. Exit status 1 if it has never heard of one.

    Examples:

      uid-registry show 1.2.826.0.99.1.1

      uid-registry show - --format csv < uids.txt
    """
    from registry.render.asking import all_shown, shown
    from registry.services import showing

    with run.registry(read_only=True) as registry:
        if len(uids) == 1 and uids != ["-"]:
            put(shown(showing.show(registry, uids[0])), run.settings.format)
            return
        unknown = 0

        def told() -> Iterator[Shown]:
            nonlocal unknown
            for one in showing.show_all(registry, _given(uids)):
                unknown += one.state == showing.UNKNOWN
                yield one

        put(all_shown(told()), run.settings.format)
    if unknown:
        tell(f"the registry has never heard of {unknown:,} of them")
        raise typer.Exit(1)


def _given(values: list[str]) -> Iterator[str]:
    """Values, the lines of standard input in place of ``-``, as they come."""
    for value in values:
        yield from (text for line in sys.stdin if (text := line.strip())) if value == "-" else (value,)


def tree(run: Run, uid: Uid) -> None:
    """The study that a UID is in: its series, derived ones under their sources, findings in place."""
    from registry.render.asking import tree as rendered
    from registry.services.querying import tree as service

    with run.registry(read_only=True) as registry:
        put(rendered(service(registry, uid)), run.settings.format)


def history(run: Run, uid: Uid) -> None:
    """The life of a UID: who recorded it for what, what was made from it, where it was sent, what
    was found, said and decided.

    In the table what repeats is told as one; json and csv hold each event.
    """
    from registry.render.history import life as rendered
    from registry.services.history import life as service

    with run.registry(read_only=True) as registry:
        put(rendered(service(registry, uid)), run.settings.format)


def list_(
    run: Run,
    kind: Annotated[str | None, typer.Option(metavar="KIND", help="Only this kind.")] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="issued, registered, foreign or withdrawn.")
    ] = None,
    study: Annotated[str | None, typer.Option(metavar="UID", help="In this study.")] = None,
    series: Annotated[str | None, typer.Option(metavar="UID", help="In this series.")] = None,
    modality: Annotated[str | None, typer.Option(metavar="CS", help="Of this modality.")] = None,
    root: Annotated[str | None, typer.Option(metavar="OID", help="Under this arc.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Recorded by this actor.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Recorded from then on, e.g. 2026-11-01.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Recorded before then.")] = None,
    issued_unused: Annotated[
        bool, typer.Option("--issued-unused", help="Issued, and not yet seen in an object.")
    ] = False,
    parent_unknown: Annotated[
        bool, typer.Option("--parent-unknown", help="Without a place: what was claimed of it was refused.")
    ] = False,
    sent_to: Annotated[
        str | None,
        typer.Option(
            metavar="DESTINATION",
            help="Approved for there; --by, --since and --until then say by whom and when.",
        ),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(
            metavar="-",
            help="One person's: Patient IDs on standard input, one a line, issuer behind a tab.",
        ),
    ] = None,
    accession: Annotated[
        str | None, typer.Option(metavar="-", help="Of studies with these Accession Numbers, one a line.")
    ] = None,
    within: Annotated[
        str | None,
        typer.Option("--context", metavar="NAME", help="The context in which persons are looked for."),
    ] = None,
    unrecorded: Annotated[
        bool,
        typer.Option("--unrecorded", help="On a copy that can't be written: ask for a person all the same."),
    ] = False,
    limit: Limit = None,
    after: After = None,
    rest: Annotated[list[str] | None, typer.Argument(hidden=True)] = None,
) -> None:
    """UIDs in the order in which they were recorded, told as they are read, however many they are.

    Asking for a person's UIDs writes an entry, which says that somebody did and not for whom.

    Examples:

      uid-registry list --kind series --modality SEG --since 2026-11-01

      uid-registry list --issued-unused --format csv

      uid-registry list --sent-to TRIAL_PACS --since 2026-11-01

      uid-registry list --patient - --sent-to TRIAL_PACS < ids.txt
    """
    from registry.render.asking import listing
    from registry.services.listing import listed
    from registry.services.releasing import parse_destination
    from registry.store.exports import Way
    from registry.store.listing import Filters

    _only_dashes(patient, accession, rest)
    if unrecorded and patient is None and accession is None:
        raise BadRequest(
            "--unrecorded is for questions about a person", advice="No other list is recorded anyway."
        )
    if state is not None and state not in STATES:
        raise BadRequest(f"--state {state!r} is unknown", advice=f"One of {', '.join(STATES)}.")
    acts = {"actor": by, "since": parse_time(since), "until": parse_time(until)}
    way = None
    if sent_to is not None:
        way, acts = Way(parse_destination(sent_to), **acts), {}
    filters = Filters(
        kind=parse_kind(kind) if kind else None,
        state=state,
        study=parse(study) if study else None,
        series=parse(series) if series else None,
        modality=modality,
        under=f"{parse(root.removesuffix('.'))}." if root else None,
        issued_unused=issued_unused,
        parent_unknown=parent_unknown,
        sent=way,
        **acts,
    )
    whose = _whose(patient, accession)
    with run.registry(read_only=whose is None or unrecorded) as registry:
        found = listed(
            registry, filters, whose=whose, context=within, unrecorded=unrecorded, most=limit, after=after
        )
        put(listing(found), run.settings.format)
    _tell_more(found)


def _tell_more(found: Listing) -> None:
    """What a list doesn't show and somebody should know of: in numbers alone."""
    if found.persons is not None and found.persons.missing_keys:
        ids = ", ".join(found.persons.missing_keys)
        tell(f"what was recorded under the former key {ids} wasn't looked at: it isn't on this machine")
    if found.persons is not None and found.persons.unknown:
        tell(f"{found.persons.unknown:,} of what was asked for is unknown to the registry in this context")
    if found.persons is not None and found.persons.others:
        tell(f"{found.persons.others:,} more Patient IDs are known to be theirs, and count too")
    if found.left_out:
        tell(
            f"{found.left_out:,} more UIDs went there and aren't recorded, so nobody knows whether they "
            "belong here; `uid-registry register` records what they are"
        )


def _only_dashes(patient: str | None, accession: str | None, rest: list[str] | None) -> None:
    """Refuse whatever may be an ID: it isn't told."""
    if rest:
        raise BadRequest(
            "`list` takes options alone, and there is something else, or an option that it doesn't know; "
            "it isn't repeated here, for it may be a patient's",
            advice="`uid-registry list --help` tells the options; --patient - reads IDs from standard input.",
        )
    if any(given not in (None, "-") for given in (patient, accession)):
        raise BadRequest(
            "Patient IDs and Accession Numbers are never arguments: those stay in the shell's history, and "
            "others can see them",
            advice="Give --patient - or --accession - and them on standard input, one a line.",
        )
    if patient and accession:
        raise BadRequest(
            "--patient and --accession both read standard input", advice="Ask for one of them at a time."
        )


def _whose(patient: str | None, accession: str | None) -> Asked | None:
    if not (patient or accession):
        return None
    from registry.services.people import By, asked

    # As files say them: an ID may be in any character set, and the reader compares characters.
    lines = sys.stdin.buffer.read().decode("utf-8", "replace").split("\n")
    return asked(By.PATIENT if patient else By.ACCESSION, lines)


def find(
    run: Run,
    prefix: Annotated[str, typer.Argument(metavar="PREFIX")],
    limit: Limit = None,
    after: After = None,
) -> None:
    """UIDs that begin with these characters, in the order in which they were recorded."""
    from registry.render.asking import listing
    from registry.services.listing import listed
    from registry.store.listing import Filters

    with run.registry(read_only=True) as registry:
        put(listing(listed(registry, Filters(under=prefix), most=limit, after=after)), run.settings.format)


def stats(run: Run) -> None:
    """The registry in numbers: by kind, state, modality, root and finding."""
    from registry.render.asking import stats as rendered
    from registry.services.querying import stats as service

    with run.registry(read_only=True) as registry:
        put(rendered(service(registry)), run.settings.format)


def parse_time(text: str | None) -> str | None:
    """A moment as the trail writes it, from an ISO 8601 date or time; local unless it says otherwise."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        raise BadRequest(
            f"{text!r} is no date or time", advice="E.g. 2026-11-22 or 2026-11-22T09:30:00Z."
        ) from None
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
