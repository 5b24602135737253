"""`findings` and `rule`: what was found, what people say of it, and what that means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from registry.acknowledgement import State, Word
from registry.cli.arguments import (
    FINDING_STATES,
    Limit,
    chosen,
    parse_arc,
    parse_code,
    parse_severity,
    parse_time,
)
from registry.cli.options import Run, with_globals
from registry.cli.output import show as put
from registry.cli.output import tell
from registry.errors import BadRequest
from registry.uid import parse

if TYPE_CHECKING:
    from registry.services.acknowledging import Spoken
    from registry.services.opening import OpenRegistry
    from registry.store.findings import Which

app = typer.Typer(
    help="""What register found and keeps, and what people say of it.

Examples:

  uid-registry findings list --state open --severity error

  uid-registry findings show UID501 1.2.826.0.99.1.20.2

  uid-registry findings acknowledge --code UID204 --reason "phantoms"
""",
    no_args_is_help=True,
)

_ALL = "all"

Code = Annotated[str | None, typer.Argument(metavar="[CODE", help="Of one finding: its rule …")]
Uid = Annotated[str | None, typer.Argument(metavar="UID", help="… and what it is about …")]
Counterpart = Annotated[
    str | None, typer.Argument(metavar="[COUNTERPART]]", help="… and, of several, the other side.")
]
OfCode = Annotated[str | None, typer.Option("--code", metavar="CODE", help="All of this rule.")]
OfSeries = Annotated[
    str | None, typer.Option("--series", metavar="UID", help="All about this series and what is in it.")
]
OfRoot = Annotated[str | None, typer.Option("--root", metavar="OID", help="All about UIDs under this arc.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept apart from the trail. Name no patient.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask, however many they are.")]


def list_(
    run: Run,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Only of this rule.")] = None,
    severity: Annotated[
        str | None, typer.Option(metavar="error|warning|note", help="Only errors, warnings or notes.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(metavar="STATE", help="open, acknowledged, resolved or all; not the resolved ones."),
    ] = None,
    uid: Annotated[str | None, typer.Option(metavar="UID", help="Only about this UID.")] = None,
    study: Annotated[
        str | None, typer.Option(metavar="UID", help="Only about this study, its series and what is in them.")
    ] = None,
    series: Annotated[
        str | None, typer.Option(metavar="UID", help="Only about this series and what is in it.")
    ] = None,
    modality: Annotated[
        str | None,
        typer.Option(metavar="CS", help="Only about series of this modality and what is in them."),
    ] = None,
    root: Annotated[str | None, typer.Option(metavar="OID", help="Only about UIDs under this arc.")] = None,
    by: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only what this actor's act first showed.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only seen from then on, e.g. 2026-11-01.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Only first seen before then.")] = None,
    limit: Limit = None,
) -> None:
    """The findings that register has kept, and what was said of each.

    Examples:

      uid-registry findings list --state open --severity error

      uid-registry findings list --study 1.2.826.0.99.1 --code UID501

      uid-registry findings list --series 1.2.826.0.99.1.1 --format json
    """
    from registry.render.kept import listing
    from registry.services.querying import STANDING, all_findings
    from registry.store.findings import Which

    which = Which(
        code=parse_code(code),
        uid=uid,
        study=parse(study) if study else None,
        series=parse(series) if series else None,
        modality=modality,
        under=parse_arc(root),
        severity=parse_severity(severity),
        actor=by,
        since=parse_time(since),
        until=parse_time(until),
    )
    states = _states(state) if state else STANDING
    with run.registry(read_only=True) as registry:
        put(listing(all_findings(registry, which, states, limit)), run.settings.format)


def show(
    run: Run,
    code: Annotated[str, typer.Argument(metavar="CODE")],
    uid: Annotated[str, typer.Argument(metavar="UID")],
) -> None:
    """One finding, whole: what was seen, since when, what was said of it, and what to do.

    Example:

      uid-registry findings show UID501 1.2.826.0.99.1.20.2
    """
    from registry.render.kept import one
    from registry.rules import by_code
    from registry.services.querying import show_finding

    rule = by_code(code)
    with run.registry(read_only=True) as registry:
        put(one(show_finding(registry, rule.code, uid), rule), run.settings.format)


def acknowledge(
    run: Run,
    reason: Reason,
    code: Code = None,
    uid: Uid = None,
    counterpart: Counterpart = None,
    of_code: OfCode = None,
    series: OfSeries = None,
    root: OfRoot = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only until then, e.g. 2027-06-30.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Known and accepted: findings are told as acknowledged, and fail no check any more.

    They come back when the time is up, or when what was found changes.

    Examples:

      uid-registry findings acknowledge UID305 1.2.826.0.99.1.1 --reason "split by the old PACS"

      uid-registry findings acknowledge --code UID204 --root 1.2.826.0.1.3680043 --reason "phantoms"
    """
    from registry.services.acknowledging import acknowledge as service

    moment = parse_time(until)

    def act(registry: OpenRegistry, which: Which) -> Spoken:
        return service(registry, which, reason, until=datetime.fromisoformat(moment) if moment else None)

    _say(run, Word.ACKNOWLEDGED, _named(code, uid, counterpart, of_code, series, root), act, yes)


def resolve(
    run: Run,
    reason: Reason,
    code: Code = None,
    uid: Uid = None,
    counterpart: Counterpart = None,
    of_code: OfCode = None,
    series: OfSeries = None,
    root: OfRoot = None,
    yes: Yes = False,
) -> None:
    """Mended: findings are no longer listed and told, unless an object comes that shows them again.

    Example:

      uid-registry findings resolve UID501 1.2.826.0.99.1.20.2 --reason "written anew, the copy is deleted"
    """
    from registry.services.acknowledging import resolve as service

    def act(registry: OpenRegistry, which: Which) -> Spoken:
        return service(registry, which, reason)

    _say(run, Word.RESOLVED, _named(code, uid, counterpart, of_code, series, root), act, yes)


def reopen(
    run: Run,
    reason: Reason,
    code: Code = None,
    uid: Uid = None,
    counterpart: Counterpart = None,
    of_code: OfCode = None,
    series: OfSeries = None,
    root: OfRoot = None,
    yes: Yes = False,
) -> None:
    """What was said of findings no longer counts: they are open.

    Example:

      uid-registry findings reopen UID305 1.2.826.0.99.1.1 --reason "the PACS is to mend it after all"
    """
    from registry.services.acknowledging import reopen as service

    def act(registry: OpenRegistry, which: Which) -> Spoken:
        return service(registry, which, reason)

    _say(run, Word.REOPENED, _named(code, uid, counterpart, of_code, series, root), act, yes)


def rule(run: Run, code: Annotated[str | None, typer.Argument(metavar="[CODE]")] = None) -> None:
    """What each rule finds, why it matters, what to do, and which part of the standard it rests on.

    Examples:

      uid-registry rule

      uid-registry rule UID501
    """
    from registry.render.administering import rule as rendered
    from registry.render.administering import rules
    from registry.rules import by_code

    put(rendered(by_code(code)) if code else rules(), run.settings.format)


def _named(
    code: str | None,
    uid: str | None,
    counterpart: str | None,
    of_code: str | None,
    series: str | None,
    root: str | None,
) -> Which:
    """The one finding or the many that a command names."""
    from registry.store.findings import Which

    if code is not None and uid is None:
        raise BadRequest(
            f"which finding of {code} is meant?", advice=f"Name its UID, or all of them: --code {code}."
        )
    if code is not None and (of_code or series or root):
        raise BadRequest(
            "one finding is named, and several", advice="Give CODE and UID, or --code, --series and --root."
        )
    if code is not None:
        return Which(code=parse_code(code), subject=uid, counterpart=counterpart)
    return Which(code=parse_code(of_code), series=parse(series) if series else None, under=parse_arc(root))


def _say(
    run: Run, word: Word, which: Which, service: Callable[[OpenRegistry, Which], Spoken], yes: bool
) -> None:
    from registry.render.kept import spoken
    from registry.services.acknowledging import meant

    with run.registry() as registry:
        if which.subject is None and run.may_ask and not yes and (count := meant(registry, word, which)):
            tell(f"{count:,} findings are meant")
            if not typer.confirm(f"have them {word.label}?", err=True):
                raise typer.Exit(0)
        result = service(registry, which)
    put(spoken(result), run.settings.format)


def _states(text: str) -> tuple[State, ...]:
    named = {each: (State(each),) for each in FINDING_STATES if each != _ALL}
    return chosen("--state", text, {**named, _ALL: tuple(State)})


app.command("list")(with_globals(list_))
for _command in (show, acknowledge, resolve, reopen):
    app.command()(with_globals(_command))
