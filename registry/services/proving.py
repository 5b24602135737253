"""Proofs that somebody else can check: an entry is in a trail, one trail goes on from another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from registry.errors import BadRequest, TrailBroken
from registry.merkle import is_consistent, root_by_inclusion
from registry.note import Checkpoint, Note, SignerKey, VerifierKey, encoded
from registry.services.accounting import account
from registry.services.checkpointing import signed
from registry.services.opening import OpenRegistry
from registry.services.signing import signing_key
from registry.services.trusting import Handed, Trusted, trusted
from registry.store.proving import Leaf, leaf_of
from registry.store.session import Connection
from registry.store.tree import consistency_proof, head_of, inclusion_proof, misfit


@dataclass(frozen=True, slots=True)
class Inclusion:
    """An entry, and what proves it to be in the trail that a checkpoint stands for."""

    leaf: Leaf
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note

    @property
    def text(self) -> str:
        """As c2sp.org/tlog-proof writes it. What is ``extra`` there is the entry itself."""
        head = f"c2sp.org/tlog-proof@v1\nextra {encoded(self.leaf.canonical)}\nindex {self.leaf.place}\n"
        return f"{head}{_lines(self.hashes)}\n{self.note}"


@dataclass(frozen=True, slots=True)
class Consistency:
    """What proves that the trail of one checkpoint is the beginning of another's."""

    old: Checkpoint
    hashes: tuple[bytes, ...]
    checkpoint: Checkpoint
    note: Note

    @property
    def text(self) -> str:
        """As c2sp.org/tlog-witness wants it to be posted to ``add-checkpoint``."""
        return f"old {self.old.size}\n{_lines(self.hashes)}\n{self.note}"


def _lines(hashes: Sequence[bytes]) -> str:
    return "".join(f"{encoded(each)}\n" for each in hashes)


def prove_entry(
    registry: OpenRegistry,
    entry: int,
    within: Handed | None = None,
    keys: Sequence[VerifierKey] = (),
    *,
    unrecorded: bool = False,
) -> Inclusion:
    """Prove an entry to be in the trail of the checkpoint ``within``, else in a new one.

    Raises ``BadRequest`` where there was no such entry then, ``TrailBroken`` where it can't be proved.
    """
    target = _target(registry, within, keys)
    account(registry, "audit:prove", unrecorded=unrecorded, proved=entry)
    with registry.database.reading() as connection:
        leaf = leaf_of(connection, entry)
        checkpoint, note = _head(registry, connection, target)
        if leaf.place >= checkpoint.size:
            raise BadRequest(
                f"entry {entry} came after that checkpoint: it has the place {leaf.place}, "
                f"and the checkpoint {checkpoint.size} entries",
                advice="Give a later checkpoint, or none for a new one.",
            )
        hashes = tuple(inclusion_proof(connection, leaf.place, checkpoint.size))
    if root_by_inclusion(leaf.hash, leaf.place, checkpoint.size, hashes) != checkpoint.root:
        raise TrailBroken(f"entry {entry} can't be proved: the tree over the trail doesn't lead to its root")
    return Inclusion(leaf, hashes, checkpoint, note)


def prove_growth(
    registry: OpenRegistry,
    since: Handed,
    until: Handed | None = None,
    keys: Sequence[VerifierKey] = (),
    *,
    unrecorded: bool = False,
) -> Consistency:
    """Prove that the trail goes on from the checkpoint ``since``: up to another, else up to now.

    Raises ``BadRequest`` where the other is older, ``TrailBroken`` where it doesn't.
    """
    old = trusted(registry, since, keys)
    target = _target(registry, until, keys)
    account(registry, "audit:prove", unrecorded=unrecorded, proved_since=old.checkpoint.size)
    with registry.database.reading() as connection:
        _require_fit(connection, old)
        checkpoint, note = _head(registry, connection, target)
        before = old.checkpoint
        if before.size > checkpoint.size:
            raise BadRequest(
                f"the checkpoint of {before.size} entries can't be the beginning of one of {checkpoint.size}",
                advice="Give the older one with --from, the newer one with --in.",
            )
        hashes = tuple(consistency_proof(connection, before.size, checkpoint.size))
    if before.size and not is_consistent(before.size, before.root, checkpoint.size, checkpoint.root, hashes):
        raise TrailBroken("the tree over the trail doesn't lead from the one checkpoint to the other")
    return Consistency(before, hashes, checkpoint, note)


def _target(registry: OpenRegistry, note: Handed | None, keys: Sequence[VerifierKey]) -> Trusted | SignerKey:
    """The checkpoint to prove something in, or the key to sign a new one with."""
    return signing_key(registry) if note is None else trusted(registry, note, keys)


def _head(
    registry: OpenRegistry, connection: Connection, target: Trusted | SignerKey
) -> tuple[Checkpoint, Note]:
    if isinstance(target, Trusted):
        _require_fit(connection, target)
        return target.checkpoint, target.note
    made = signed(registry, target, head_of(connection))
    return made.checkpoint, made.note


def _require_fit(connection: Connection, given: Trusted) -> None:
    if (why := misfit(connection, given.head)) is not None:
        raise TrailBroken(f"the checkpoint of {given.checkpoint.size:,} entries isn't of this trail: {why}")
