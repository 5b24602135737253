"""`root`: the arcs that the organisation owns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from registry.cli.arguments import chosen
from registry.cli.options import Run, with_globals
from registry.cli.output import show, tell
from registry.errors import BadRequest
from registry.roots import Policy

app = typer.Typer(
    help="""The issuer roots: which arcs are ours, and who mints there.

Examples:

  uid-registry root list

  uid-registry root add 1.3.6.1.4.1.32473.1.7 --policy delegated --minter RIS
""",
    no_args_is_help=True,
)


def add(
    run: Run,
    oid: Annotated[str, typer.Argument(metavar="OID")],
    policy: Annotated[
        str,
        typer.Option(
            metavar="POLICY",
            help="production: only this registry mints; delegated: another system; research.",
        ),
    ] = "production",
    organization: Annotated[str | None, typer.Option(metavar="NAME", help="Who owns it.")] = None,
    minter: Annotated[
        str | None, typer.Option(metavar="NAME", help="The system that mints under a delegated root.")
    ] = None,
    enforce_from: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="From when unissued UIDs there are errors (UID203): now, never or a date."
        ),
    ] = "now",
) -> None:
    """Add an issuer root, or change what holds for one. Safe to repeat.

    Examples:

      uid-registry root add 1.3.6.1.4.1.32473.1 --organization "St. Elsewhere"

      uid-registry root add 1.3.6.1.4.1.32473.1.7 --policy delegated --minter RIS
    """
    from registry.render.administering import root
    from registry.services.rooting import add_root, left_out, wanted_root

    wanted = wanted_root(
        oid, _policy(policy), organization=organization, minter=minter, enforced_from=_enforced(enforce_from)
    )
    with run.registry() as registry:
        show(root(add_root(registry, wanted)), run.settings.format)
    if (why := left_out(wanted)) is not None:
        tell(f"warning: {why}")


def list_(run: Run) -> None:
    """The roots as they are now.

    Example:

      uid-registry root list
    """
    from registry.render.administering import roots
    from registry.services.rooting import list_roots

    with run.registry(read_only=True) as registry:
        show(roots(list_roots(registry)), run.settings.format)


def retire(run: Run, oid: Annotated[str, typer.Argument(metavar="OID")]) -> None:
    """Issue nothing under a root any more. What was issued there stays.

    Example:

      uid-registry root retire 1.3.6.1.4.1.32473.1
    """
    from registry.render.administering import root
    from registry.services.rooting import retire_root

    with run.registry() as registry:
        show(root(retire_root(registry, oid)), run.settings.format)


def _policy(text: str) -> Policy:
    return chosen("--policy", text, {each.value: each for each in Policy})


def _enforced(text: str) -> datetime | None:
    if text == "never":
        return None
    if text == "now":
        return datetime.now(UTC)
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRequest(
            f"--enforce-from {text!r} is no date", advice="now, never, or e.g. 2027-01-01."
        ) from None


app.command()(with_globals(add))
app.command("list")(with_globals(list_))
app.command()(with_globals(retire))
