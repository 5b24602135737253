"""`audit checkpoint`, `prove`, `key`, `accept`: what makes the trail hold outside the database too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from registry.cli.arguments import in_range
from registry.cli.freetext import looked_at
from registry.cli.options import Run
from registry.cli.output import show, tell
from registry.errors import BadRequest

if TYPE_CHECKING:
    from registry.note import VerifierKey
    from registry.services.opening import OpenRegistry

KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="VKEY|FILE", help="The key that signs checkpoints, as you were given it."),
]
Unrecorded = Annotated[
    bool,
    typer.Option("--unrecorded", help="Write no entry: on a replica or a read-only copy, nowhere else."),
]


def keys_for(registry: OpenRegistry, key: str | None) -> list[VerifierKey]:
    """The keys that count: as given, else those that the database names, which is told."""
    from registry.services.trusting import own_keys, parse_keys

    if key is not None:
        return parse_keys(key)
    tell("note: checked with the key that the database names; --key VKEY is the one that you were given")
    return own_keys(registry)


def checkpoint(
    run: Run,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="PATH|-", help="A file, or a folder that gets one for each size; - for standard output."
        ),
    ] = None,
    unrecorded: Unrecorded = False,
) -> None:
    """Sign what the trail is now: a small note, to be kept on another system.

    A file that is there is replaced only by a checkpoint that goes on from it;
    exit status 5 if the trail doesn't.

    Examples:

      uid-registry audit checkpoint

      uid-registry audit checkpoint --to /mnt/write-once/registry/
    """
    from registry.render.checkpoints import checkpointed
    from registry.services.checkpointing import checkpoint as service

    with run.registry(read_only=unrecorded) as registry:
        result = service(registry, to, unrecorded=unrecorded)
    show(checkpointed(result), run.settings.format)


def prove(
    run: Run,
    entry: Annotated[
        int | None, typer.Argument(metavar="[ENTRY]", help="The entry to prove.", callback=in_range)
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="NOTE", help="A checkpoint that the trail goes on from.")
    ] = None,
    within: Annotated[
        str | None,
        typer.Option("--in", metavar="NOTE", help="Prove it in this checkpoint's trail, not in a new one's."),
    ] = None,
    key: KeyOption = None,
    unrecorded: Unrecorded = False,
) -> None:
    """Prove to others that an entry is in the trail, or that it goes on from an older checkpoint.

    What it prints can be checked without this program and without the database
    (c2sp.org/tlog-proof; with --from, what c2sp.org/tlog-witness takes).

    Examples:

      uid-registry audit prove 17 > entry-17.tlog-proof

      uid-registry audit prove --from january.txt --in december.txt
    """
    from registry.render.checkpoints import consistency, inclusion
    from registry.services.proving import prove_entry, prove_growth
    from registry.services.trusting import read_note

    if (entry is None) == (since is None):
        raise BadRequest(
            "one thing is proved at a time", advice="Give the number of an entry, or --from NOTE."
        )
    other = read_note(within) if within is not None else None
    old = read_note(since) if since is not None else None
    with run.registry(read_only=unrecorded, whatever_was_seen=True) as registry:
        keys = [] if other is None and old is None else keys_for(registry, key)
        if old is not None:
            output = consistency(prove_growth(registry, old, other, keys, unrecorded=unrecorded))
        else:
            output = inclusion(prove_entry(registry, entry or 0, other, keys, unrecorded=unrecorded))
    show(output, run.settings.format)


def key(
    run: Run,
    create: Annotated[
        bool, typer.Option("--create", help="Make a new one here; the one before signs no more.")
    ] = False,
) -> None:
    """The keys that sign checkpoints, and whether this machine has the one that signs now.

    Exit status 3 if it hasn't. Others verify with the vkey, which is no secret:
    write it down where nobody can change it with the database.

    Example:

      uid-registry audit key
    """
    from registry.render.checkpoints import signing_key_state as rendered
    from registry.services import signing

    with run.registry(read_only=not create, whatever_was_seen=True) as registry:
        state = signing.create(registry) if create else signing.signing_key_state(registry)
    show(rendered(state), run.settings.format)
    raise typer.Exit(0 if state.usable else 3)


def accept(
    run: Run,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; e.g. which backup was restored.")],
) -> None:
    """Go on with a trail that isn't the one last seen here: a backup was restored on purpose.

    What was seen, what is there now and why are in the trail from then on.

    Example:

      uid-registry audit accept --reason "restored the backup of 2027-01-31 after the disk failed"
    """
    from registry.render.checkpoints import accepted
    from registry.services.accepting import accept as service

    with run.registry(whatever_was_seen=True) as registry:
        result = service(registry, looked_at(reason, "--reason") or "")
    show(accepted(result), run.settings.format)
