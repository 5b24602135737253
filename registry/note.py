"""Signed notes and checkpoints (c2sp.org/signed-note, c2sp.org/tlog-checkpoint), pure.

A note is text with signatures under it; a checkpoint is a note that says how many
entries a trail has and which root stands for them. Both are read by the tools of
other transparency logs, Go's ``sumdb/note`` among them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from registry.errors import MalformedNote, NoteNotSigned

LARGEST = 1 << 20
"""Bytes of a note that are read; what is larger is none."""
MOST_SIGNATURES = 100

_ED25519 = b"\x01"  # the signature type, as signed-note assigns it
_DASH = "\N{EM DASH} "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class Signature:
    """A line under a note: whose key signed it, and what that gave."""

    name: str
    key_id: bytes  # four bytes: short on purpose, it only tells keys apart
    value: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encoded(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signatures."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(map(str, self.signatures))}"

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a note. Raises ``MalformedNote``; whether its signatures are right it doesn't ask."""
        if len(data) > LARGEST:
            raise MalformedNote(f"the note is larger than {LARGEST:,} bytes")
        try:
            whole = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise MalformedNote("the note isn't UTF-8") from error
        if _CONTROL.search(whole):
            raise MalformedNote("there are control characters in the note")
        text, parted, below = whole.rpartition("\n\n")
        if not parted or not below.endswith("\n"):
            raise MalformedNote("there is no signature under the note")
        lines = below[:-1].split("\n")
        if len(lines) > MOST_SIGNATURES:
            raise MalformedNote(f"there are more than {MOST_SIGNATURES} signatures under the note")
        return cls(f"{text}\n", tuple(map(_signature, lines)))

    def signed_by(self, keys: Iterable[VerifierKey]) -> VerifierKey:
        """The first of the keys that signed the note.

        Signatures by other keys count for nothing, as the specification has it. Raises
        ``NoteNotSigned`` where one claims to be by a known key and isn't, or none is by one.
        """
        known = {(key.name, key.id): key for key in keys}
        found: VerifierKey | None = None
        for signature in self.signatures:
            key = known.get((signature.name, signature.key_id))
            if key is None:
                continue
            if not key.verifies(self.text.encode(), signature.value):
                raise NoteNotSigned(
                    f"the signature by {key.name}+{key.id.hex()} is wrong: the note was changed or forged"
                )
            found = found or key
        if found is None:
            there = ", ".join(f"{each.name}+{each.key_id.hex()}" for each in self.signatures)
            wanted = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in known) or "none"
            raise NoteNotSigned(f"the note is signed by {there}; the keys that count are {wanted}")
        return found


def _signature(line: str) -> Signature:
    name, _, value = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise MalformedNote("a line under the note is no signature")
    data = decoded(value)
    if len(data) < 5:
        raise MalformedNote("a signature under the note is too short")
    return Signature(name, data[:4], data[4:])


def is_key_name(text: str) -> bool:
    """Whether a text may name a key: something, without spaces and plus."""
    odd = any(letter.isspace() or "\ud800" <= letter <= "\udfff" for letter in text)
    return bool(text) and "+" not in text and not odd


# --- keys -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of an Ed25519 key, with the name that it signs under."""

    name: str
    public_key: bytes

    @property
    def id(self) -> bytes:
        """SHA-256(name || newline || type || public key), its first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:4]

    def __str__(self) -> str:
        """As it is handed out: a *vkey*, which Go's tools read."""
        return f"{self.name}+{self.id.hex()}+{encoded(_ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a vkey. Raises ``MalformedNote``."""
        name, _, rest = text.partition("+")
        key = cls(name, _keyed(name, rest))
        if rest.partition("+")[0] != key.id.hex():
            raise MalformedNote("the vkey's id doesn't fit its key: it was cut or mistyped")
        return key

    def verifies(self, text: bytes, signature: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SignerKey:
    """A private Ed25519 key, with the name that it signs under. Its ``repr`` doesn't show it."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> Self:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @property
    def verifier(self) -> VerifierKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return VerifierKey(self.name, private.public_key().public_bytes_raw())

    def sign(self, text: str) -> Note:
        """The text as a note. Ed25519 gives the same signature each time (RFC 8032)."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if not text.endswith("\n") or _CONTROL.search(text):
            raise MalformedNote("what is to be signed is no text of a note")
        value = Ed25519PrivateKey.from_private_bytes(self.seed).sign(text.encode())
        return Note(text, (Signature(self.name, self.verifier.id, value),))


def _keyed(name: str, rest: str) -> bytes:
    """The 32 bytes of a key that is written as HEXID+BASE64(type || key)."""
    if not is_key_name(name):
        raise MalformedNote("the key has no name")
    data = decoded(rest.partition("+")[2])
    if data[:1] != _ED25519 or len(data) != 33:
        raise MalformedNote("the key isn't an Ed25519 key of 32 bytes")
    return data[1:]


# --- checkpoints ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its name, its size, the root over its entries."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()  # lines below, which mean nothing here and are kept

    @property
    def text(self) -> str:
        """The text of a note, to be signed."""
        return "".join(f"{line}\n" for line in (self.origin, self.size, encoded(self.root), *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text of a note. Raises ``MalformedNote``."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise MalformedNote("the note is no checkpoint: an origin, a size and a root hash are due")
        origin, size, root, *extensions = lines
        if not _NUMBER.fullmatch(size):
            raise MalformedNote("the checkpoint's size is no number")
        digest = decoded(root)
        if len(digest) != 32:
            raise MalformedNote("the checkpoint's root hash hasn't 32 bytes")
        return cls(origin, int(size), digest, tuple(extensions))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decoded(text: str) -> bytes:
    """Base 64 as RFC 4648 section 4 has it; one text for the same bytes, not several."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedNote("there is something that isn't base 64") from error
    if encoded(data) != text:
        raise MalformedNote("there is base 64 that isn't written in its one proper way")
    return data
