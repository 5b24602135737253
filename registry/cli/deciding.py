"""`withdraw`, `reinstate` and `resolve`: what a person decides about a UID."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from registry.cli.freetext import looked_at
from registry.cli.options import Run
from registry.cli.output import show, tell
from registry.errors import MalformedUid
from registry.uid import parse

Uids = Annotated[
    list[str],
    typer.Argument(metavar="UID...", help="UIDs; - reads them from standard input, one a line."),
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept apart from the trail. Name no patient.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]


def withdraw(run: Run, uids: Uids, reason: Reason) -> None:
    """Take UIDs out of use. Their rows stay, and their use is found (UID312).

    All of them in one act, or none. Example:

      uid-registry withdraw 1.3.6.1.4.1.32473.1.3 --reason "sent with wrong contours"
    """
    from registry.render.deciding import withdrawn
    from registry.services.withdrawing import covered
    from registry.services.withdrawing import withdraw as service

    wanted = read_uids(uids)
    with run.registry() as registry:
        for uid, count in covered(registry, wanted).items():
            tell(f"{uid} holds {count:,} series or instances, which stay in use")
            if run.may_ask and not typer.confirm("withdraw it?", err=True):
                raise typer.Exit(0)
        result = service(registry, wanted, looked_at(reason, "--reason") or "")
    show(withdrawn(result), run.settings.format)


def reinstate(run: Run, uids: Uids, reason: Reason) -> None:
    """End the withdrawal of UIDs that were withdrawn by mistake.

    Example:

      uid-registry reinstate 1.3.6.1.4.1.32473.1.3 --reason "withdrew the wrong one"
    """
    from registry.render.deciding import reinstated
    from registry.services.withdrawing import reinstate as service

    wanted = read_uids(uids)
    with run.registry() as registry:
        result = service(registry, wanted, looked_at(reason, "--reason") or "")
    show(reinstated(result), run.settings.format)


def resolve(
    run: Run,
    uid: Annotated[str, typer.Argument(metavar="UID")],
    keep: Annotated[
        str,
        typer.Option(metavar="first|second|ENTRY", help="Which claim holds; `history` names their entries."),
    ],
    reason: Reason,
    yes: Yes = False,
) -> None:
    """Decide which of several claims about a UID holds.

    No row changes: the decision lies over the record, and the latest one counts.
    Findings that it explains are cleared. What was issued stays as it was issued.

    Examples:

      uid-registry resolve 1.2.826.0.99.1.1 --keep second --reason "the study was split"

      uid-registry resolve 1.2.826.0.99.1.1.1 --keep 17 --reason "entry 17 is the original"
    """
    from registry.render.deciding import choice, resolved
    from registry.services.resolving import choose, claims
    from registry.services.resolving import resolve as service

    with run.registry() as registry:
        found = claims(registry, uid)
        for line in choice(found, choose(found, keep)):
            tell(line)
        if run.may_ask and not yes and not typer.confirm("decide so?", err=True):
            raise typer.Exit(0)
        result = service(registry, uid, keep, looked_at(reason, "--reason") or "")
    show(resolved(result), run.settings.format)


def read_uids(values: list[str]) -> list[str]:
    """UIDs, the lines of standard input in place of ``-``: blank lines and what follows a # are nothing.

    Raises ``MalformedUid`` naming the first line that is no UID.
    """
    uids: list[str] = []
    for value in values:
        uids += _lines() if value == "-" else [value]
    return uids


def _lines() -> list[str]:
    uids = []
    for number, line in enumerate(sys.stdin, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        try:
            uids.append(parse(text))
        except MalformedUid as error:
            raise MalformedUid(
                f"line {number}: {error.message}; nothing was done", advice=error.advice
            ) from error
    return uids
