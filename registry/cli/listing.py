"""`list` and `find`: many UIDs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.arguments import (
    After,
    By,
    Limit,
    OfKind,
    OfModality,
    OfSeries,
    OfState,
    OfStudy,
    Since,
    UnderRoot,
    Until,
    one_of,
    parse_arc,
    parse_code,
    parse_time,
)
from registry.cli.options import Run
from registry.cli.output import show as put
from registry.cli.output import tell
from registry.errors import BadRequest
from registry.kinds import STATES, parse_kind
from registry.uid import parse

if TYPE_CHECKING:
    from registry.services.listing import Listing
    from registry.services.people import Asked


def list_(
    run: Run,
    kind: OfKind = None,
    state: OfState = None,
    study: OfStudy = None,
    series: OfSeries = None,
    modality: OfModality = None,
    root: UnderRoot = None,
    by: By = None,
    since: Since = None,
    until: Until = None,
    finding: Annotated[
        str | None,
        typer.Option(metavar="CODE", help="With a finding of this rule."),
    ] = None,
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

      uid-registry list --finding UID501 --modality SEG

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
    acts = {"actor": by, "since": parse_time(since), "until": parse_time(until)}
    way = None
    if sent_to is not None:
        way, acts = Way(parse_destination(sent_to), **acts), {}
    filters = Filters(
        kind=parse_kind(kind) if kind else None,
        state=one_of("--state", state, STATES) if state else None,
        study=parse(study) if study else None,
        series=parse(series) if series else None,
        modality=modality,
        under=f"{parse_arc(root)}." if root else None,
        issued_unused=issued_unused,
        parent_unknown=parent_unknown,
        sent=way,
        **acts,
    )
    whose = _whose(patient, accession)
    with run.registry(read_only=whose is None or unrecorded) as registry:
        found = listed(
            registry,
            filters,
            whose=whose,
            finding=parse_code(finding),
            context=within,
            unrecorded=unrecorded,
            most=limit,
            after=after,
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
    """UIDs that begin with these characters, in the order in which they were recorded.

    Example:

      uid-registry find 1.3.6.1.4.1.32473.1
    """
    from registry.render.asking import listing
    from registry.services.listing import listed
    from registry.store.listing import Filters

    with run.registry(read_only=True) as registry:
        put(listing(listed(registry, Filters(under=prefix), most=limit, after=after)), run.settings.format)
