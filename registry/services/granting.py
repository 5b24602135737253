"""The roles of a registry's database: printed, or made."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import BadRequest
from registry.services.opening import OpenRegistry
from registry.store import roles as grants
from registry.store.act import Act
from registry.store.roles import Roles

PREFIX = "uid_registry"


@dataclass(frozen=True, slots=True)
class Granted:
    """The roles, the SQL that makes them, and the entry that says it was executed."""

    roles: Roles
    statements: list[str]
    entry: int | None


def show_roles(registry: OpenRegistry, prefix: str = PREFIX) -> Granted:
    """The SQL that makes the roles. Raises ``BadRequest`` for an SQLite file."""
    roles = _named(registry, prefix)
    with registry.database.reading() as connection:
        return Granted(roles, grants.statements(connection, roles), None)


def apply_roles(registry: OpenRegistry, prefix: str = PREFIX) -> Granted:
    """Make the roles, or bring them to what they should be, all in one transaction. Safe to repeat.

    Raises ``BadRequest`` for an SQLite file, ``RightMissing`` where the user may not.
    """
    roles = _named(registry, prefix)

    def work(act: Act) -> Granted:
        wanted = grants.statements(act.connection, roles)
        grants.apply(act.connection, wanted)
        act.commit(**roles._asdict())
        return Granted(roles, wanted, act.entry)

    return registry.perform("role:apply", work)


def _named(registry: OpenRegistry, prefix: str) -> Roles:
    if registry.database.sqlite_file is not None:
        raise BadRequest(
            "an SQLite registry has no roles: who may write its file may do anything",
            advice="Modes of the file and its folder say who reads and writes; roles come with PostgreSQL.",
        )
    return grants.named(prefix)
