"""`issue` and `derive`: UIDs of our own."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from registry.cli.freetext import looked_at
from registry.cli.options import Run
from registry.cli.output import show
from registry.errors import BadRequest
from registry.kinds import parse_kind
from registry.minting import Method, parse_method

Root = Annotated[str | None, typer.Option(metavar="OID", help="The issuer root, where there are several.")]
Minting = Annotated[str, typer.Option("--method", metavar="random|uuid|keyed", help="How the UID is made.")]
Purpose = Annotated[
    str | None, typer.Option(metavar="TEXT", help="What for; kept apart from the trail. Name no patient.")
]
RequestId = Annotated[
    str | None, typer.Option(metavar="ID", help="Repeat a call with the same id and it gives the same UIDs.")
]


def issue(
    run: Run,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="study, series, instance, frame_of_reference, tracking, …")
    ],
    study: Annotated[str | None, typer.Option(metavar="UID", help="The study it belongs to.")] = None,
    series: Annotated[
        str | None, typer.Option(metavar="UID", help="The series that an instance belongs to.")
    ] = None,
    modality: Annotated[str | None, typer.Option(metavar="CS", help="The modality of a series.")] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(metavar="UID|PATH", help="What it is derived from; gives the study too."),
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", help="How many.")] = 1,
    root: Root = None,
    method: Minting = "random",
    part: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="What a keyed UID is made of; never stored. - reads lines."),
    ] = None,
    purpose: Purpose = None,
    request_id: RequestId = None,
) -> None:
    """Mint UIDs and record them. What is printed is recorded already.

    Examples:

      uid-registry issue study

      uid-registry issue series --study 1.3.6.1.4.1.32473.1.1 --modality SEG --source image.dcm

      uid-registry issue instance --series 1.3.6.1.4.1.32473.1.2 --count 100
    """
    from registry.render.issuing import issued
    from registry.services.issuing import issue as service
    from registry.services.requests import IssueRequest

    request = IssueRequest(
        kind=parse_kind(kind),
        study_instance_uid=study,
        series_instance_uid=series,
        modality=modality,
        sources=tuple(_lines(source or [])),
        count=count,
        root=root.removesuffix(".") if root else None,
        method=parse_method(method),
        parts=tuple(_lines(part or [])),
        purpose=looked_at(purpose, "--purpose"),
        request_id=request_id,
    )
    with run.registry() as registry:
        result = service(registry, request)
    show(issued(result), run.settings.format)


def derive(
    run: Run,
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|UID...", help="What the object is derived from; - reads them from standard input."
        ),
    ],
    modality: Annotated[str, typer.Option(metavar="CS", help="The modality of the derived object's series.")],
    instances: Annotated[int, typer.Option(metavar="N", help="How many SOP Instance UIDs.")] = 1,
    study: Annotated[
        str | None, typer.Option(metavar="UID", help="The study, where the sources are in several.")
    ] = None,
    root: Root = None,
    method: Minting = "random",
    purpose: Purpose = None,
    request_id: RequestId = None,
) -> None:
    """All UIDs of a derived object in one transaction: its source's study, a new series, instances.

    Examples:

      uid-registry derive ct/ --modality SEG

      eval "$(uid-registry derive image.dcm --modality SR --request-id job-42)"
    """
    from registry.render.issuing import derived
    from registry.services.issuing import derive as service
    from registry.services.requests import DeriveRequest

    chosen = parse_method(method)
    if chosen is Method.KEYED:
        raise BadRequest(
            "derive mints fresh UIDs", advice="--request-id makes a repeated call give the same ones."
        )
    request = DeriveRequest(
        sources=tuple(_lines(sources)),
        modality=modality,
        instances=instances,
        study_instance_uid=study,
        root=root.removesuffix(".") if root else None,
        method=chosen,
        purpose=looked_at(purpose, "--purpose"),
        request_id=request_id,
    )
    with run.registry() as registry:
        result = service(registry, request)
    show(derived(result), run.settings.format)


def _lines(values: list[str]) -> list[str]:
    """Values, the lines of standard input in place of ``-``."""
    lines: list[str] = []
    for value in values:
        lines += [line.strip() for line in sys.stdin if line.strip()] if value == "-" else [value]
    return lines
