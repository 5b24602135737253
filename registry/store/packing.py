"""UIDs as keys: two characters a byte.

Digits are the nibbles 0 to 9, the dot is A, and F fills the last half byte where
the length is odd. 64 characters are 32 bytes, and an arc is one range of keys. In
SQL ``replace(rtrim(hex(uid), 'F'), 'A', '.')`` reads it; the view ``uids`` does.

It is a key, not an order: nothing may rely on how packed keys sort.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from sqlalchemy import LargeBinary
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_REMEMBERED = 16_384
"""A batch asks many questions about the same UIDs."""


@lru_cache(maxsize=_REMEMBERED)
def pack(uid: str) -> bytes:
    """The key of a UID; the empty text has the empty key."""
    nibbles = uid.replace(".", "a")
    return bytes.fromhex(nibbles + "f" if len(nibbles) & 1 else nibbles)


def pack_all(uids: Sequence[str]) -> list[bytes]:
    """The keys of UIDs, in their order. Those of one length, as issued ones are, are made at once."""
    lengths = set(map(len, uids))
    if len(lengths) != 1 or not (length := lengths.pop()):
        return list(map(pack, uids))
    fill = "f" if length & 1 else ""
    packed = bytes.fromhex((fill.join(uids) + fill).replace(".", "a"))
    size = (length + 1) // 2
    return [packed[start : start + size] for start in range(0, len(packed), size)]


@lru_cache(maxsize=_REMEMBERED)
def unpack(key: bytes) -> str:
    """The UID of a key."""
    return key.hex().rstrip("f").replace("a", ".")


def prefix_range(prefix: str) -> tuple[bytes, bytes]:
    """The keys from which and below which all UIDs lie that begin with ``prefix``.

    ``prefix`` is any beginning of a UID; with a dot at its end it is the whole of
    what lies below an arc. With an odd number of characters the range begins and
    ends inside a byte, which the zero nibble at both ends takes care of.
    """
    nibbles = prefix.replace(".", "a")
    beyond = format(int(nibbles, 16) + 1, f"0{len(nibbles)}x") if nibbles else "f"
    return tuple(bytes.fromhex(text + "0" if len(text) & 1 else text) for text in (nibbles, beyond))  # type: ignore[return-value]


class PackedUid(TypeDecorator[str]):
    """A column that holds packed UIDs and shows them as text."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        return None if value is None else pack(value)

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        return None if value is None else unpack(bytes(value))
