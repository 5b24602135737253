"""Which UID may have been meant by one that nobody has ever heard of: a few key look-ups tell."""

from __future__ import annotations

from collections.abc import Iterator

from registry.errors import UnknownUid
from registry.store import queries
from registry.store.session import Connection
from registry.uid import MAX_LENGTH, is_key

_MOST = 3
_CHARACTERS = "0123456789."


def unknown(connection: Connection, uid: str) -> UnknownUid:
    """What to raise for a UID that isn't there, with what may have been meant."""
    error = UnknownUid(f"the registry has never heard of {uid}")
    if near := nearest(connection, uid):
        error.advice = f"Did you mean {' or '.join(near)}? {UnknownUid.advice}"
    return error


def nearest(connection: Connection, uid: str) -> list[str]:
    """Known UIDs that differ from one in a character, or that it begins or is begun by: it was
    cut off, or too much was copied."""
    near = queries.known(connection, filter(is_key, set(_a_character_off(uid))))
    if not near:
        near = queries.known(connection, filter(is_key, _beginnings(uid)))[-1:]
    if not near:
        near = queries.beginning(connection, uid, _MOST)
    return near[:_MOST]


def _a_character_off(uid: str) -> Iterator[str]:
    """One replaced, left out, put in, or changed for its neighbour."""
    for place in range(len(uid)):
        before, behind = uid[:place], uid[place + 1 :]
        yield before + behind
        yield from (before + other + behind for other in _CHARACTERS)
        yield before + behind[:1] + uid[place] + behind[1:]
    if len(uid) < MAX_LENGTH:
        for place in range(len(uid) + 1):
            yield from (uid[:place] + other + uid[place:] for other in _CHARACTERS)


def _beginnings(uid: str) -> Iterator[str]:
    """What a UID begins with, down to five components: beyond that everything begins alike."""
    parts = uid.split(".")
    for count in range(len(parts) - 1, 4, -1):
        yield ".".join(parts[:count])
