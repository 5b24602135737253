"""What the registry can offer to who is typing: UIDs, roots, names. It writes nothing, opens
nothing but the database, and gives nothing where anything is amiss.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from registry.settings import Settings
from registry.store import glance
from registry.store.glance import Ask

MOST = 50
"""What is offered at most."""

TABLES = {"study": "studies", "series": "series"}
"""Where UIDs of a kind are found by themselves; all others are in the ledger alone."""


def uids(settings: Settings, prefix: str, kind: str | None = None) -> list[str]:
    """UIDs that begin with some characters, or, where those are many, how they go on."""
    if not set(prefix) <= set("0123456789.") or prefix.startswith("."):
        return []
    return _glance(settings, lambda ask: glance.uids(ask, prefix, MOST, TABLES.get(kind or "", "ledger")))


def roots(settings: Settings) -> list[str]:
    """The issuer roots."""
    return _glance(settings, glance.roots)


def actors(settings: Settings) -> list[str]:
    """Those who have acted."""
    return _glance(settings, lambda ask: glance.actors(ask, MOST))


def destinations(settings: Settings) -> list[str]:
    """Where objects were checked for."""
    return _glance(settings, lambda ask: glance.destinations(ask, MOST))


def scopes(settings: Settings) -> list[str]:
    """The scopes of replacement."""
    return _glance(settings, lambda ask: glance.scopes(ask, MOST))


def found(settings: Settings, code: str, prefix: str) -> list[str]:
    """What findings of a rule are about."""
    return _glance(settings, lambda ask: glance.about(ask, code, prefix, MOST))


def _glance(settings: Settings, look: Callable[[Ask], list[str]]) -> list[str]:
    with suppress(Exception), glance.glancing(settings.database) as ask:
        return look(ask)
    return []
