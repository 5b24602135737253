"""A note that somebody hands in: is it a checkpoint of this registry, signed by whom it should be."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from registry.errors import MalformedNote, NoSuchPath, NoteNotSigned
from registry.note import LARGEST, Checkpoint, Note, VerifierKey
from registry.services.opening import OpenRegistry
from registry.store.signing import verifier_keys
from registry.store.tree import Head

_KEY_FILE = 1 << 16


@dataclass(frozen=True, slots=True)
class Trusted:
    """A checkpoint whose signature is right."""

    checkpoint: Checkpoint
    note: Note
    key: VerifierKey  # that signed it

    @property
    def head(self) -> Head:
        return Head(self.checkpoint.size, self.checkpoint.root)


class Handed(NamedTuple):
    """What should be a note, as somebody gave it."""

    name: str  # of the file
    data: bytes


def read_note(name: str) -> Handed:
    """A file, or - for standard input. Raises ``NoSuchPath``."""
    if name == "-":
        return Handed("standard input", sys.stdin.buffer.read(LARGEST + 1))
    try:
        with Path(name).expanduser().open("rb") as file:
            return Handed(name, file.read(LARGEST + 1))
    except OSError as error:
        raise NoSuchPath(
            f"{name} can't be read: {error.strerror}", advice="Give the file of a checkpoint, or -."
        ) from error


def read_notes(names: Sequence[str]) -> list[Handed]:
    """The same, for several; a folder stands for all checkpoints in it that this program named."""
    notes = []
    for name in names:
        if name != "-" and Path(name).expanduser().is_dir():
            found = [str(file) for _, file in sorted(numbered(Path(name).expanduser()))]
            if not found:
                raise NoSuchPath(
                    f"there is no checkpoint-….txt in {name}", advice="Give the files themselves."
                )
            notes += [read_note(file) for file in found]
        else:
            notes.append(read_note(name))
    return notes


def numbered(folder: Path) -> list[tuple[int, Path]]:
    """The checkpoints in a folder, each with the size in its name."""
    return [(int(found[1]), file) for file in folder.iterdir() if (found := _NAME.fullmatch(file.name))]


_NAME = re.compile(r"checkpoint-([0-9]{12,})\.txt")


def parse_keys(text: str) -> list[VerifierKey]:
    """The vkeys that ``--key`` names: one itself, or a file with one on each line.

    Raises ``MalformedNote`` or ``NoSuchPath``.
    """
    try:
        return [VerifierKey.parse(text.strip())]
    except MalformedNote as error:
        if not Path(text).is_file():
            raise MalformedNote(
                f"--key is neither a vkey nor a file: {error.message}",
                advice="Give what `uid-registry audit key` prints after `vkey`, or a file with it.",
            ) from error
    try:
        with Path(text).open("rb") as file:
            lines = file.read(_KEY_FILE).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise NoSuchPath(
            f"{text} can't be read as a file of vkeys", advice="One vkey on each line."
        ) from error
    keys = [VerifierKey.parse(line.strip()) for line in lines if line.strip() and not line.startswith("#")]
    if not keys:
        raise MalformedNote(f"there is no vkey in {text}", advice="One vkey on each line.")
    return keys


def own_keys(registry: OpenRegistry) -> list[VerifierKey]:
    """The keys that the database names. Who can change it can change them."""
    with registry.database.reading() as connection:
        return verifier_keys(connection)


def trusted(registry: OpenRegistry, given: Handed, keys: Sequence[VerifierKey]) -> Trusted:
    """The checkpoint that a note is.

    Raises ``MalformedNote`` where it is none, ``NoteNotSigned`` where it is another
    registry's, or no key of these signed it.
    """
    origin = registry.identity.origin
    try:
        note = Note.parse(given.data)
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin != origin:
            raise NoteNotSigned(
                f"this is a checkpoint of {checkpoint.origin}, and this registry is {origin}",
                advice="Give the --database that it belongs to.",
            )
        key = note.signed_by([key for key in keys if key.name == origin])
    except (MalformedNote, NoteNotSigned) as error:
        raise type(error)(f"{given.name}: {error.message}", advice=error.advice) from error
    return Trusted(checkpoint, note, key)
