"""`findings` and `rule`: what was found, and what that means."""

from __future__ import annotations

from typing import Annotated

import typer

from registry.cli.options import Run, with_globals
from registry.cli.output import show as put
from registry.errors import UnknownUid

app = typer.Typer(help="What register found, and keeps.", no_args_is_help=True)

Limit = Annotated[int | None, typer.Option(metavar="N", help="At most so many.")]


def list_(
    run: Run,
    code: Annotated[str | None, typer.Option(metavar="CODE", help="Only of this rule.")] = None,
    uid: Annotated[str | None, typer.Option(metavar="UID", help="Only about this UID.")] = None,
    limit: Limit = None,
) -> None:
    """The open findings."""
    from registry.render.findings import kept
    from registry.rules import by_code
    from registry.services.querying import kept_findings

    wanted = by_code(code).code if code else None
    with run.registry(read_only=True) as registry:
        put(kept(kept_findings(registry, code=wanted, uid=uid, most=limit)), run.settings.format)


def show(
    run: Run,
    code: Annotated[str, typer.Argument(metavar="CODE")],
    uid: Annotated[str, typer.Argument(metavar="UID")],
) -> None:
    """One finding, whole: what was seen, since when, and what to do."""
    from registry.render.findings import kept_one
    from registry.rules import by_code
    from registry.services.querying import kept_findings

    rule = by_code(code)
    with run.registry(read_only=True) as registry:
        found = kept_findings(registry, code=rule.code, uid=uid)
    if not found:
        raise UnknownUid(
            f"there is no open finding {rule.code} about {uid}", advice="`uid-registry findings list`"
        )
    put(kept_one(found, rule), run.settings.format)


def rule(run: Run, code: Annotated[str | None, typer.Argument(metavar="[CODE]")] = None) -> None:
    """What each rule finds, why it matters, what to do, and which part of the standard it rests on."""
    from registry.render.administering import rule as rendered
    from registry.render.administering import rules
    from registry.rules import by_code

    put(rendered(by_code(code)) if code else rules(), run.settings.format)


app.command("list")(with_globals(list_))
app.command()(with_globals(show))
