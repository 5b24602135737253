"""`init` and `db`: the database under the registry."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from registry.cli import transferring
from registry.cli.freetext import looked_at
from registry.cli.options import Run, Unrecorded, with_globals
from registry.cli.output import show, tell
from registry.errors import BadRequest

app = typer.Typer(
    help="""The database under the registry.

Examples:

  uid-registry db current

  uid-registry db backup --to /backup/registry-2027-01-31.db
""",
    no_args_is_help=True,
)


def init(
    run: Run,
    root: Annotated[str | None, typer.Option(metavar="OID", help="The organisation's issuer root.")] = None,
    organization: Annotated[str | None, typer.Option(metavar="NAME", help="Who owns the root.")] = None,
    research: Annotated[
        bool, typer.Option("--research", help="The root is for research, not for production.")
    ] = False,
) -> None:
    """Create the registry, or upgrade it, and add the issuer root. Safe to repeat.

    Examples:

      uid-registry init --root 1.3.6.1.4.1.32473.1 --organization "St. Elsewhere"

      uid-registry init --database sqlite:////srv/registry.db
    """
    from registry.render.administering import initialized
    from registry.services.initializing import init as service
    from registry.services.rooting import left_out

    result = service(run.settings, root=root, organization=organization, research=research)
    show(initialized(result), run.settings.format)
    if result.root is not None and (why := left_out(result.root)) is not None:
        tell(f"warning: {why}")


def upgrade(run: Run) -> None:
    """Bring the database to the schema of this program.

    Example:

      uid-registry db upgrade
    """
    from registry.render.administering import schema_state
    from registry.services.initializing import upgrade_existing

    show(schema_state(upgrade_existing(run.settings)), run.settings.format)


def current(run: Run) -> None:
    """The schema that the database stands at. Exit status 3 if it isn't this program's.

    Example:

      uid-registry db current
    """
    from registry.render.administering import schema_state
    from registry.services.initializing import current as service

    state = service(run.settings)
    show(schema_state(state), run.settings.format)
    raise typer.Exit(0 if state.up_to_date else 3)


def backup(
    run: Run,
    to: Annotated[str, typer.Option("--to", metavar="FILE", help="The copy; there must be no such file.")],
    unrecorded: Unrecorded = False,
) -> None:
    """Copy an SQLite registry while others write; for PostgreSQL, say what to run.

    The key isn't in it. The entry that says that the copy was made is.

    Examples:

      uid-registry db backup --to /backup/registry-2027-01-31.db

      uid-registry --database postgresql:///registry db backup --to registry.dump | sh
    """
    from registry.render.operating import backup as rendered
    from registry.services.copying import backup as service

    with run.registry(read_only=unrecorded) as registry:
        show(rendered(service(registry, to, unrecorded=unrecorded)), run.settings.format)


def key(
    run: Run,
    install: Annotated[
        str | None,
        typer.Option("--install", metavar="FILE", help="Put this key in its place; - for standard input."),
    ] = None,
    rotate: Annotated[bool, typer.Option("--rotate", help="Make another key, and write with it.")] = False,
    reason: Annotated[str | None, typer.Option(metavar="TEXT", help="Why it is rotated.")] = None,
    unrecorded: Unrecorded = False,
) -> None:
    """The registry's keys, and which of them this machine has. Exit status 3 without the present one.

    Examples:

      uid-registry db key

      ssh first cat /srv/registry/registry.key | uid-registry db key --install -

      uid-registry db key --rotate --reason "the administrator has left"
    """
    from registry.keys import LARGEST
    from registry.render.operating import key_state as rendered
    from registry.services import keeping

    if rotate != (reason is not None) or (rotate and install is not None):
        raise BadRequest(
            "--rotate and --reason TEXT go together, and without --install",
            advice='E.g. `uid-registry db key --rotate --reason "the administrator has left"`.',
        )
    if rotate:
        with run.registry() as registry:
            state = keeping.rotate_key(registry, looked_at(reason, "--reason") or "")
        show(rendered(state), run.settings.format)
        return
    name, text = install, b""
    if install == "-":
        name, text = "standard input", sys.stdin.buffer.read(LARGEST + 1)
    elif install is not None:
        text = keeping.read_key_file(Path(install))
    with run.registry(read_only=unrecorded or not name, whatever_was_seen=True) as registry:
        state = (
            keeping.install_key(registry, text, name, unrecorded=unrecorded)
            if name
            else keeping.key_state(registry)
        )
    show(rendered(state), run.settings.format)
    raise typer.Exit(0 if state.usable else 3)


def roles(
    run: Run,
    apply: Annotated[bool, typer.Option("--apply", help="Execute it, in one transaction.")] = False,
    prefix: Annotated[
        str, typer.Option(metavar="NAME", help="What the roles' names begin with.")
    ] = "uid_registry",
) -> None:
    """The SQL that makes the roles owner, writer, auditor and remapper on PostgreSQL. Safe to repeat.

    Run it after `init` and after each `db upgrade`, as the owner or a superuser; then
    make users members: GRANT uid_registry_writer TO workstation.

    Examples:

      uid-registry db roles

      uid-registry --database postgresql:///registry db roles --apply
    """
    from registry.render.operating import granted
    from registry.services.granting import apply_roles, show_roles

    with run.registry(read_only=not apply) as registry:
        result = apply_roles(registry, prefix) if apply else show_roles(registry, prefix)
    show(granted(result), run.settings.format)


app.command()(with_globals(upgrade))
app.command()(with_globals(current))
app.command()(with_globals(backup))
transferring.add_to(app)
app.command()(with_globals(key))
app.command()(with_globals(roles))
