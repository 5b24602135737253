"""`remap`: UIDs, or whole objects, are given other UIDs, always the same within a scope."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli import reading
from registry.cli.issuing import Root
from registry.cli.options import Run
from registry.cli.output import Progress, show, tell
from registry.errors import BadRequest, MalformedUid
from registry.uid import is_key, parse

if TYPE_CHECKING:
    from registry.minting import Method
    from registry.services.remapfiles import Copies

Scope = Annotated[
    str, typer.Option("--scope", metavar="NAME", help="Within what replacement is one to one, e.g. TRIAL-7.")
]


def remap(
    run: Run,
    scope: Scope,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="UID|PATH...", help="UIDs; with --output what `check` reads too. - reads standard input."
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FOLDER", help="Write copies of files there.")
    ] = None,
    root: Root = None,
    method: Annotated[
        str, typer.Option("--method", metavar="random|uuid", help="How a replacement is made.")
    ] = "random",
    null: reading.Null = False,
    jobs: reading.Jobs = None,
) -> None:
    """Replace UIDs by others, within a scope always by the same ones.

    UIDs are printed with what replaces them. With --output, objects are copied into a
    folder, as STUDY/SERIES/INSTANCE.dcm by their new UIDs, with all their UIDs replaced at any
    depth. Nothing else is changed: this alone de-identifies nobody.

    Examples:

      uid-registry remap 1.2.840.113619.2.55.3 --scope TRIAL-7

      uid-registry remap study/ --scope TRIAL-7 --output copies/
    """
    from registry.minting import Method

    try:
        chosen = Method(method)
    except ValueError:
        raise BadRequest(f"--method {method!r} is unknown", advice="random or uuid.") from None
    prefix = root.removesuffix(".") if root else None
    given = reading.paths_given(what, null)
    if output is None:
        _uids(run, given, scope, prefix, chosen)
    else:
        _files(run, given, scope, prefix, chosen, output, jobs)


def _uids(run: Run, given: list[str], scope: str, root: str | None, method: Method) -> None:
    from registry.render.remapping import remapped
    from registry.services.remapping import remap as service

    uids = list(dict.fromkeys(text.strip() for text in given))
    for uid in uids:
        if not is_key(uid):
            try:
                parse(uid)
            except MalformedUid as error:
                raise MalformedUid(
                    error.message, advice="Is it a file or folder? --output FOLDER says where copies go."
                ) from None
    with run.registry() as registry:
        result = service(registry, uids, scope, root=root, method=method)
    _tell_new(result.scope, result.scope_is_new)
    show(remapped(result, uids), run.settings.format)


def _files(
    run: Run, paths: list[str], scope: str, root: str | None, method: Method, output: str, jobs: int | None
) -> None:
    from registry.render.remapping import copies
    from registry.services.remapfiles import FEW, Copiers, remap_files

    settings, progress = run.settings, Progress("copied")
    progress.among(paths)
    few = not any(map(os.path.isdir, paths)) and len(paths) < FEW
    with Copiers(settings.limits, 1 if few else jobs or settings.jobs) as copiers:
        from registry.services.remapping import Remapper

        with run.registry() as registry:
            remapper = Remapper(registry, scope, root=root, method=method)
            result = remap_files(copiers, remapper, paths, output, progress)
    progress.done()
    _tell_new(result.scope, result.scope_is_new)
    _tell(result)
    show(copies(result), settings.format)
    raise typer.Exit(1 if result.failed else 0)


def _tell_new(scope: str, is_new: bool) -> None:
    if is_new:
        tell(f"scope {scope} is new: nothing was replaced in it before")


def _tell(result: Copies) -> None:
    if result.skipped:
        tell(f"{len(result.skipped):,} skipped: no DICOM objects; --format json names them")
    if result.signed:
        tell(f"{result.signed:,} signed: in their copies the signatures hold no longer (PS3.15 Annex C)")
    if result.encrypted:
        tell(f"{result.encrypted:,} with encrypted attributes, in which UIDs are as they were")


def standard_input(name: str) -> list[str]:
    """The lines of a file, or of standard input."""
    if name == "-":
        return sys.stdin.read().splitlines()
    try:
        with open(name, encoding="utf-8-sig") as file:
            return file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it isn't text"
        raise BadRequest(f"{name} can't be read: {reason}", advice="Give a text file, or -.") from error
