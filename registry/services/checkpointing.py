"""Checkpoints: a signed note of what the trail is now, to be kept where nobody of here can change it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from registry.errors import BadRequest, NoSuchPath, TrailBroken
from registry.note import Checkpoint, Note, SignerKey, VerifierKey
from registry.placement import alone_in, replaced
from registry.services.accounting import account
from registry.services.opening import OpenRegistry
from registry.services.signing import signing_key
from registry.services.trusting import Trusted, numbered, own_keys, read_note, trusted
from registry.store.session import Connection
from registry.store.tree import Head, head_of, misfit


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """A checkpoint that was made."""

    checkpoint: Checkpoint
    note: Note
    key: VerifierKey
    entry: int | None  # that says so; None: it was not recorded
    file: Path | None = None  # where it was written

    @property
    def text(self) -> str:
        """The note, as it is kept."""
        return str(self.note)


def checkpoint(registry: OpenRegistry, to: str | None = None, *, unrecorded: bool = False) -> Checkpointed:
    """Sign what the trail is now, the entry that says so included.

    ``to`` is a file, or a folder that gets one file for each size. What is there already
    is replaced only by a checkpoint that goes on from it: else ``TrailBroken`` is
    raised, and the old one kept. Raises ``SigningKeyUnusable`` where nothing can be signed.
    """
    key = signing_key(registry)
    if to is None or to == "-":
        entry = account(registry, "audit:checkpoint", unrecorded=unrecorded, key=key.verifier.id.hex())
        with registry.database.reading() as connection:
            return signed(registry, key, head_of(connection), entry)
    place = Path(to).expanduser()
    with _written_by_one(place), registry.database.reading() as connection:
        _require_next(registry, connection, _newest(place))
    entry = account(registry, "audit:checkpoint", unrecorded=unrecorded, key=key.verifier.id.hex())
    with _written_by_one(place) as folder, registry.database.reading() as connection:
        # Once more: another process may have been here meanwhile, and have come farther.
        made = signed(registry, key, head_of(connection), entry)
        _require_next(registry, connection, _newest(place))
        file = folder / f"checkpoint-{made.checkpoint.size:012}.txt" if place.is_dir() else place
        return Checkpointed(made.checkpoint, made.note, made.key, entry, _put(file, made.note))


def signed(registry: OpenRegistry, key: SignerKey, head: Head, entry: int | None = None) -> Checkpointed:
    """A head as a checkpoint."""
    said = Checkpoint(registry.identity.origin, head.size, head.root)
    return Checkpointed(said, key.sign(said.text), key.verifier, entry)


@contextmanager
def _written_by_one(place: Path) -> Iterator[Path]:
    """The folder that is written to, no other process writing a checkpoint there."""
    folder = place if place.is_dir() else place.parent
    if not folder.is_dir():
        raise NoSuchPath(f"there is no folder {folder}", advice="Make it, or give another --to.")
    try:
        with alone_in(folder):
            yield folder
    except PermissionError as error:
        raise _unwritable(place, error) from error


def _newest(place: Path) -> Path | None:
    """The checkpoint that is there already: the file itself, or the one of the largest size in a folder."""
    if not place.is_dir():
        return place if place.exists() else None
    return max(numbered(place))[1] if numbered(place) else None


def _require_next(registry: OpenRegistry, connection: Connection, there: Path | None) -> None:
    if there is None:
        return
    before = _before(registry, there)
    if (why := misfit(connection, before.head)) is not None:
        raise TrailBroken(
            f"{there} was signed when the trail had {before.checkpoint.size:,} entries, and this one isn't "
            f"its continuation: {why}; that checkpoint was kept",
            advice="Keep that file and the database as they are: `uid-registry audit verify --against FILE`.",
        )


def _before(registry: OpenRegistry, there: Path) -> Trusted:
    try:
        return trusted(registry, read_note(str(there)), own_keys(registry))
    except BadRequest as error:
        raise BadRequest(
            f"{there} is there and is no checkpoint; it was left as it is", advice="Give another --to."
        ) from error


def _put(file: Path, note: Note) -> Path:
    try:
        with replaced(file, mode=0o666) as written:  # it is there to be read
            written.write_text(str(note), encoding="utf-8")
    except OSError as error:
        raise _unwritable(file, error) from error
    return file


def _unwritable(place: Path, error: OSError) -> BadRequest:
    return BadRequest(
        f"the checkpoint can't be written to {place}: {error.strerror}", advice="Give another --to."
    )
