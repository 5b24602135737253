"""What a scope of replacement says of the UIDs in a batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from registry.errors import ScopePurged, UnknownScope
from registry.records import Origin
from registry.scoped import Expected, Scoped
from registry.store import replacements
from registry.store.replacements import Scope
from registry.store.session import Connection
from registry.store.standings import Standings
from registry.store.words import Words
from registry.suggestion import meant
from registry.uid import is_key


def scoped(
    connection: Connection, words: Words, name: str, uids: AbstractSet[str], instances: Iterable[str]
) -> Scoped:
    """What the scope says of some UIDs, and of those ``instances`` that are its replacements where
    they belong.

    Raises ``UnknownScope``, and ``ScopePurged`` where nobody knows any more what it replaced.
    """
    scope = replacements.scope_named(connection, name)
    if scope is None:
        names = [each.name for each in replacements.all_scopes(connection)]
        raise UnknownScope(f"there is no scope {name}", advice=f"{meant(name, names)}{UnknownScope.advice}")
    if scope.purged is not None:
        raise ScopePurged(
            f"the map of scope {name} was purged, entry {scope.purged}: nobody can tell an original any more"
        )
    keys = {uid for uid in uids if is_key(uid)}
    rows = {row.uid: row.scope_id for row in replacements.among(connection, keys)}
    ours = {uid for uid, within in rows.items() if within == scope.id}
    originals = replacements.known(connection, scope, uids).keys() - ours
    standings = Standings(connection, words)
    standings.learn_places(keys - rows.keys())
    issued = {uid for uid, stands in standings.standing.items() if stands.origin is Origin.ISSUED}
    expected = _expected(connection, words, scope, ours.intersection(instances))
    return Scoped(name, originals, ours, rows.keys() - ours, issued, expected)


def _expected(
    connection: Connection, words: Words, scope: Scope, instances: AbstractSet[str]
) -> Mapping[str, Expected]:
    """Where the replacements of some instances belong: into what replaces the parents of those they
    stand for, as far as those are recorded."""
    originals = replacements.revealed(connection, instances)
    standings = Standings(connection, words)
    standings.learn_places(original for original in originals.values() if is_key(original))
    places = {
        uid: standings.standing[original]
        for uid, original in originals.items()
        if original in standings.standing
    }
    parents = {
        uid
        for place in places.values()
        for uid in (place.series_instance_uid, place.study_instance_uid)
        if uid
    }
    replaced = replacements.known(connection, scope, parents)
    return {
        uid: Expected(
            replaced.get(place.series_instance_uid or ""), replaced.get(place.study_instance_uid or "")
        )
        for uid, place in places.items()
    }
