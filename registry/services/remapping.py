"""Remap: a UID is replaced by another, within a scope always by the same one.

The replacement is minted, never made from the original: without the registry nobody
comes from the one to the other. It counts as issued. What DICOM itself defines (classes,
transfer syntaxes, well-known frames of reference) is nobody's and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

from registry.errors import BadRequest, MalformedUid
from registry.limits import LONGEST_NAMED
from registry.minting import Method, mint_many, mint_uuid
from registry.records import Kind, Origin
from registry.services.opening import OpenRegistry
from registry.services.refusing import recorded
from registry.store import replacements
from registry.store.act import Act
from registry.store.roots import load_roots
from registry.uid import STANDARD_ROOT, is_key, is_under, printable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")

LONGEST = LONGEST_NAMED
"""Characters of an original at most."""


@dataclass(frozen=True, slots=True)
class Remapped:
    """What replaces what; ``uids`` holds all that was asked for, in the order of the request."""

    scope: str
    uids: Mapping[str, str]
    new: int  # of which so many were replaced for the first time
    entry: int | None  # that says so; None where there was nothing new
    scope_is_new: bool


def scope_name(text: str) -> str:
    """``text`` if a scope can be called so. Raises ``BadRequest``."""
    if not isinstance(text, str) or not _NAME.match(text):
        raise BadRequest(
            f"{printable(str(text))} can't be the name of a scope",
            advice="Letters, digits, dots, dashes and underscores, 64 at most, e.g. TRIAL-7. "
            "It is in the trail: name no patient.",
        )
    return text


def stays(uid: str) -> bool:
    """Whether a UID is never replaced: the standard defines what it names (PS3.6 Annex A)."""
    return not uid or is_under(uid, STANDARD_ROOT)


def remap(
    registry: OpenRegistry,
    uids: Mapping[str, Kind | None] | Iterable[str],
    scope: str,
    *,
    root: str | None = None,
    method: Method = Method.RANDOM,
) -> Remapped:
    """The replacements of some UIDs within a scope; who has none yet gets one, all in one act.

    A mapping says of which kind each UID is, where that is known. What is a replacement
    within the scope itself stays as it is, so that objects may pass through twice.
    Where nothing is new, nothing is written.

    Raises ``ScopePurged``, ``BadRoot``, ``BadRequest``.
    """
    kinds = uids if isinstance(uids, Mapping) else dict.fromkeys(uids)
    name = scope_name(scope)
    holds, missing, exists = _before(registry, kinds, name)
    if not missing and exists:
        return Remapped(name, {uid: holds[uid] for uid in kinds}, 0, None, scope_is_new=False)
    if method is Method.KEYED:
        raise BadRequest(
            "a replacement is minted, not made from the original", advice="--method random, or uuid."
        )
    actor = registry.settings.named_actor()

    def work(act: Act) -> Remapped:
        found, made = replacements.open_scope(act, name)
        chosen = load_roots(act.connection, act.roots_said).for_issuing(root, method)
        minted = _mint(chosen.prefix, method, len(missing))
        wanted = dict(zip(missing, minted, strict=True))
        now = replacements.replace(act, found, wanted, kinds, Origin.ISSUED)
        new = sum(now[uid] == wanted[uid] for uid in missing)
        if new or made:
            act.commit(scope=name, count=new, root=chosen.prefix)
        replaced = {**holds, **now}
        entry = act.entry if new or made else None
        return Remapped(name, {uid: replaced[uid] for uid in kinds}, new, entry, made)

    return recorded(registry, "uid:remap", work, actor=actor)


def _before(registry: OpenRegistry, uids: Iterable[str], name: str) -> tuple[dict[str, str], list[str], bool]:
    """What holds already, what has no replacement yet, and whether there is such a scope."""
    holds, asked = {}, list[str]()
    for uid in uids:
        if stays(uid):
            holds[uid] = uid
        elif len(uid) > LONGEST:
            raise MalformedUid(f"{printable(uid)} is not a valid UID: it has {len(uid):,} characters")
        else:
            asked.append(uid)
    with registry.database.reading() as connection:
        scope = replacements.scope_named(connection, name)
        if scope is not None and scope.purged is None:
            holds |= replacements.known(connection, scope, asked)
            left = [uid for uid in asked if uid not in holds and is_key(uid)]
            holds |= {uid: uid for uid in replacements.within(connection, scope, left)}
    missing = [uid for uid in asked if uid not in holds]
    return holds, missing, scope is not None and scope.purged is None


def _mint(root: str, method: Method, count: int) -> list[str]:
    if method is Method.UUID:
        return [mint_uuid() for _ in range(count)]
    return mint_many(root, count) if count else []


class Remapper:
    """The replacements of one scope, for whoever asks for many, one after the other.

    What it has learnt it doesn't ask again: within a scope nothing ever changes. Threads may share one.
    """

    def __init__(
        self, registry: OpenRegistry, scope: str, *, root: str | None = None, method: Method = Method.RANDOM
    ) -> None:
        self._registry, self.scope = registry, scope_name(scope)
        self._root, self._method = root, method
        self._learnt: dict[str, str] = {}
        self._lock = Lock()
        self.new = 0  # replaced for the first time
        self.scope_is_new = False

    def all(self, uids: Mapping[str, Kind | None] | Iterable[str]) -> dict[str, str]:
        """The replacements of some UIDs. Raises like ``remap``."""
        kinds = uids if isinstance(uids, Mapping) else dict.fromkeys(uids)
        unknown = {uid: kind for uid, kind in kinds.items() if uid not in self._learnt}
        if unknown:
            with self._lock:
                found = remap(self._registry, unknown, self.scope, root=self._root, method=self._method)
                self._learnt.update(found.uids)
                self.new += found.new
                self.scope_is_new |= found.scope_is_new
        return {uid: self._learnt[uid] for uid in kinds}

    def uid(self, original: str, kind: Kind | None = None) -> str:
        """The replacement of one UID."""
        return self._learnt.get(original) or self.all({original: kind})[original]
