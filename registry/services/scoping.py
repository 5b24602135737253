"""Scopes of replacement: listing, looking into their map, taking one over, purging it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from registry.errors import BadRequest, NotOneToOne, ScopePurged, UnknownScope, UnknownUid
from registry.records import Kind, Origin
from registry.services.opening import OpenRegistry
from registry.services.refusing import recorded
from registry.services.remapping import LONGEST, Remapped, scope_name, stays
from registry.store import redacting, replacements
from registry.store.act import Act
from registry.store.replacements import Scope
from registry.store.session import Connection
from registry.suggestion import meant
from registry.uid import parse, printable


@dataclass(frozen=True, slots=True)
class ScopeState:
    """A scope as it stands."""

    name: str
    uids: int  # replacements that were ever given in it
    entry: int  # that made it
    at: str
    actor: str
    purged_entry: int | None = None
    purged_at: str | None = None
    purged_by: str | None = None


@dataclass(frozen=True, slots=True)
class Purged:
    """A scope whose map is gone."""

    scope: str
    uids: int  # originals that were taken away
    entry: int


def list_scopes(registry: OpenRegistry) -> list[ScopeState]:
    """All scopes, by name."""
    with registry.database.reading() as connection:
        return _states(connection, replacements.all_scopes(connection))


def show_scope(registry: OpenRegistry, name: str) -> ScopeState:
    """One of them. Raises ``UnknownScope``."""
    with registry.database.reading() as connection:
        return _states(connection, [_known(connection, name)])[0]


def _states(connection: Connection, scopes: Sequence[Scope]) -> list[ScopeState]:
    sizes = replacements.sizes(connection)
    ids = [each for scope in scopes for each in (scope.id, scope.purged) if each is not None]
    made = replacements.made_at(connection, ids)
    return [
        ScopeState(
            scope.name,
            sizes.get(scope.id, 0),
            scope.id,
            *made[scope.id],
            *(() if scope.purged is None else (scope.purged, *made[scope.purged])),
        )
        for scope in scopes
    ]


def _known(connection: Connection, name: str) -> Scope:
    scope = replacements.scope_named(connection, scope_name(name))
    if scope is None:
        names = [each.name for each in replacements.all_scopes(connection)]
        raise UnknownScope(f"there is no scope {name}", advice=f"{meant(name, names)}{UnknownScope.advice}")
    return scope


def reveal(registry: OpenRegistry, uids: Sequence[str], scope: str | None = None) -> dict[str, str]:
    """What some replacements stand for; the trail tells that it was asked.

    Raises ``MalformedUid``, ``UnknownUid``, ``ScopePurged``, ``UnknownScope``.
    """
    actor = registry.settings.named_actor()
    for uid in uids:
        parse(uid)

    def work(act: Act) -> dict[str, str]:
        connection = act.connection
        wanted = None if scope is None else _known(connection, scope)
        by_id = {each.id: each for each in replacements.all_scopes(connection)}
        rows = {row.uid: by_id[row.scope_id] for row in replacements.among(connection, uids)}
        for uid in uids:
            found = rows.get(uid)
            if found is None or (wanted is not None and found != wanted):
                where = "" if wanted is None else f" in scope {wanted.name}"
                raise UnknownUid(f"{uid} replaces nothing{where}")
            if found.purged is not None:
                raise ScopePurged(
                    f"what {uid} stands for was purged with scope {found.name}, entry {found.purged}",
                    advice="Nobody knows it any more; that is what a purge is for.",
                )
        originals = replacements.revealed(connection, uids)
        act.commit(
            count=len(originals),
            uids=sorted(originals)[:_NAMED],
            scopes=sorted({s.name for s in rows.values()}),
        )
        return {uid: originals[uid] for uid in uids}

    return registry.perform("uid:reveal", work, actor=actor)


_NAMED = 20
"""Replacements that the entry of such a question names."""


def export_map(registry: OpenRegistry, name: str) -> list[tuple[str, str]]:
    """Each original of a scope with its replacement; the trail tells that it was read.

    Raises ``UnknownScope``, ``ScopePurged``.
    """
    actor = registry.settings.named_actor()

    def work(act: Act) -> list[tuple[str, str]]:
        scope = _known(act.connection, name)
        replacements.require_open(scope)
        pairs = list(replacements.whole_map(act.connection, scope))
        act.commit(scope=scope.name, count=len(pairs))
        return pairs

    return registry.perform("scope:export", work, actor=actor)


def import_map(registry: OpenRegistry, pairs: Mapping[str, str], name: str) -> Remapped:
    """Take over what another system replaced: original -> replacement. Saying the same again changes nothing.

    Raises ``BadRequest``, ``MalformedUid``, ``NotOneToOne``, ``UidCollision``, ``ScopePurged``.
    """
    actor, name = registry.settings.named_actor(), scope_name(name)
    wanted = {original: new for original, new in pairs.items() if original != new}
    for original, new in wanted.items():
        parse(new)
        if stays(original) or stays(new) or len(original) > LONGEST:
            raise BadRequest(
                f"{printable(original)} can't be replaced by {new}: the standard defines such UIDs"
            )
    (most, times), *_ = Counter(wanted.values()).most_common(1) or [("", 0)]
    if times > 1:
        raise NotOneToOne(f"{most} replaces {times} originals")
    kinds: dict[str, Kind | None] = {}

    def work(act: Act) -> Remapped:
        scope, made = replacements.open_scope(act, name)
        before = replacements.known(act.connection, scope, wanted)
        new = {original: uid for original, uid in wanted.items() if original not in before}
        holds = before | replacements.replace(act, scope, new, kinds, Origin.OBSERVED)
        for original, uid in wanted.items():
            if holds[original] != uid:
                raise NotOneToOne(
                    f"what {uid} would replace is replaced by {holds[original]} in scope {name}"
                )
        if new or made:
            act.commit(scope=name, count=len(new))
        return Remapped(name, holds, len(new), act.entry if new or made else None, made)

    return recorded(registry, "scope:import", work, actor=actor)


def purge(registry: OpenRegistry, name: str, reason: str) -> Purged:
    """Take away, for ever, what the replacements of a scope stand for.

    Raises ``UnknownScope``, ``ScopePurged`` where that was done already, ``BadRequest`` without a reason.
    """
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest("a purge needs its reason", advice="Give it with --reason TEXT; name no patient.")

    def work(act: Act) -> Purged:
        scope = _known(act.connection, name)
        replacements.require_open(scope)
        gone = replacements.purge(act, scope)
        act.note(reason)
        act.commit(scope=scope.name, count=gone)
        return Purged(scope.name, gone, act.entry)

    # Alone: what somebody is replacing just now must not come into the map after it.
    done = registry.perform("scope:purge", work, actor=actor, alone=True)
    redacting.forget(registry.database)
    return done
