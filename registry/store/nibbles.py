"""UIDs as keys: two characters a byte.

Digits are the nibbles 0 to 9, the dot is A, and F fills the last half byte where
the length is odd. 64 characters are 32 bytes, and an arc is one range of keys. In
SQL ``replace(rtrim(hex(uid), 'F'), 'A', '.')`` reads it; the view ``uids`` does.

It is a key, not an order: nothing may rely on how packed keys sort.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

REMEMBERED = 16_384
"""Keys that are remembered: many questions are asked about the UIDs of one batch of files."""


@lru_cache(maxsize=REMEMBERED)
def pack(uid: str) -> bytes:
    """The key of a UID; the empty text has the empty key."""
    nibbles = uid.replace(".", "a")
    return bytes.fromhex(nibbles + "f" if len(nibbles) & 1 else nibbles)


def pack_all(uids: Sequence[str]) -> list[bytes]:
    """The keys of many UIDs, in their order, made at once."""
    nibbles = [uid + "f" if len(uid) & 1 else uid for uid in uids]
    packed = bytes.fromhex("".join(nibbles).replace(".", "a"))
    ends = list(accumulate(len(each) // 2 for each in nibbles))
    return [packed[start:end] for start, end in zip([0, *ends], ends, strict=False)]


@lru_cache(maxsize=REMEMBERED)
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
