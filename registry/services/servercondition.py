"""What `doctor` looks at on a PostgreSQL server: its settings, its clock, what the user may do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from registry.errors import IntegrityFailure, RightMissing
from registry.services.checkup import Check, asked, failure, ok, skipped, warning
from registry.store.condition import (
    UserRights,
    collation_versions,
    server_clock,
    server_state,
    user_rights,
)
from registry.store.roles import TICKETS, auditor_rights, remapper_rights, writer_rights
from registry.store.session import Connection, Database

SECONDS_APART = 5
"""How far two clocks may be apart before it is told."""

_KNOWS_VERSIONS = 150000  # PostgreSQL 15 tells the collation's version of a database


def on_the_server(database: Database) -> Iterator[Check]:
    """What can be asked of any database on the server."""
    yield asked(database, "durability", _durability)
    yield asked(database, "encoding", _encoding)
    yield asked(database, "collation", _collation)
    yield asked(database, "triggers fire", _replication_role)
    yield asked(database, "writable", _writable)
    yield asked(database, "clock", _clock)
    yield skipped("free space", "a server doesn't tell it; watch the disk under its data folder")


def rights(database: Database) -> Check:
    """Which role the user's rights amount to."""
    return asked(database, "rights", lambda connection: _rights(user_rights(connection)))


def may_record(database: Database) -> bool:
    """Whether the user may add to the ledger."""
    answers: list[bool] = []

    def ask(connection: Connection) -> Check:
        answers.append("INSERT" in user_rights(connection).tables.get("ledger", ()))
        return ok("rights", "")

    asked(database, "rights", ask)
    return answers != [False]


def _durability(connection: Connection) -> Check:
    found = server_state(connection)
    off = [name for name in ("fsync", "full_page_writes") if getattr(found, name) != "on"]
    if off:
        return warning(
            "durability",
            f"{' and '.join(off)} off: if the server's machine fails, what was acknowledged may be lost",
            f"Set {' and '.join(f'{name} = on' for name in off)} in postgresql.conf.",
        )
    return ok("durability", "fsync and full_page_writes on; acts wait for synchronous_commit")


def _encoding(connection: Connection) -> Check:
    found = server_state(connection).encoding
    if found != "UTF8":
        return warning(
            "encoding",
            f"{found}: names and reasons that it can't hold are refused",
            "Restore a dump into a database made with ENCODING 'UTF8'.",
        )
    return ok("encoding", found)


def _collation(connection: Connection) -> Check:
    if server_state(connection).version < _KNOWS_VERSIONS:
        return skipped("collation", "this version of PostgreSQL doesn't tell it")
    made, now = collation_versions(connection)
    if made != now:
        return warning(
            "collation",
            f"the database was made with version {made} of its collation, the library has {now}: "
            "indexes over text may be out of order (those over UIDs are not: they compare byte by byte)",
            "REINDEX DATABASE, then ALTER DATABASE … REFRESH COLLATION VERSION.",
        )
    return ok("collation", f"version {now}" if now else "without a version, nothing can change")


def _replication_role(connection: Connection) -> Check:
    found = server_state(connection).replication_role
    if found != "origin":
        return failure(
            "triggers fire",
            f"session_replication_role is {found} for this user: triggers that keep history don't fire",
            "ALTER ROLE … RESET session_replication_role, and the same for the database.",
            IntegrityFailure.exit_status,
        )
    return ok("triggers fire", "session_replication_role origin")


def _writable(connection: Connection) -> Check:
    found = server_state(connection)
    if found.in_recovery or found.read_only == "on":
        why = "a standby" if found.in_recovery else "default_transaction_read_only is on"
        return warning(
            "writable",
            f"{why}: `check`, `show` and `list` work, acts that write don't",
            "Give the database of the primary server, or leave it so where nothing should be recorded.",
        )
    return ok("writable", "the server takes writes")


def _clock(connection: Connection) -> Check:
    before = datetime.now(UTC)
    server = server_clock(connection)
    after = datetime.now(UTC)
    apart = (server - (before + (after - before) / 2)).total_seconds()
    if abs(apart) > SECONDS_APART:
        relation = "ahead of" if apart > 0 else "behind"
        return warning(
            "clock",
            f"the server's clock is {abs(apart):,.0f} s {relation} this machine's",
            "Set both by NTP: the trail tells when by the clock of the machine that acts.",
        )
    return ok("clock", f"{abs(apart):.1f} s from the server's")


def _rights(found: UserRights) -> Check:
    if found.superuser:
        return warning(
            "rights",
            f"{found.user} is a superuser: no trigger binds it",
            "`uid-registry db roles` makes a writer for daily work and an auditor.",
        )
    if found.owner or found.against_history:
        what = "owner" if found.owner else ", ".join(found.against_history)
        return warning(
            "rights",
            f"{found.user} may change what must stay: {what}",
            "Use it for `db upgrade` alone; `uid-registry db roles` makes a writer for daily work.",
        )
    if "INSERT" in found.tables.get("ledger", ()):
        if "SELECT" in found.tables.get("originals", ()):
            return _amounts_to(
                "remapper", found, [*_lacking(found, remapper_rights()), *_lacking_beside(found)]
            )
        return _amounts_to("writer", found, [*_lacking(found, writer_rights()), *_lacking_beside(found)])
    if "INSERT" in found.tables.get("entries", ()):
        return _auditor(found)
    wanted = {table: frozenset({"SELECT"}) for table in auditor_rights()}
    return _amounts_to("reader", found, _lacking(found, wanted))


def _auditor(found: UserRights) -> Check:
    lacking = _lacking(found, auditor_rights())
    if "USAGE" not in found.sequences.get(TICKETS, ()):
        lacking.append(f"USAGE on {TICKETS}")
    if not lacking and not found.restricted:
        return warning(
            "rights",
            f"{found.user} amounts to an auditor who may add any entry",
            "`uid-registry db roles --apply` has the database look at what it adds.",
        )
    return _amounts_to("auditor", found, lacking)


def _lacking(found: UserRights, wanted: Mapping[str, frozenset[str]]) -> list[str]:
    return [
        f"{right} on {table}"
        for table, rights in wanted.items()
        for right in sorted(rights - found.tables.get(table, frozenset()))
    ]


def _lacking_beside(found: UserRights) -> list[str]:
    lacking = [f"USAGE on {name}" for name, rights in found.sequences.items() if "USAGE" not in rights]
    return lacking if found.temporary else [*lacking, "TEMPORARY on the database"]


_NAMED = 3


def _amounts_to(role: str, found: UserRights, lacking: list[str]) -> Check:
    if not lacking:
        return ok("rights", f"{found.user} amounts to {'an' if role[0] in 'ao' else 'a'} {role}")
    told = ", ".join(lacking[:_NAMED]) + (
        f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
    )
    return failure(
        "rights",
        f"{found.user} is no whole {role}: it lacks {told}",
        "Let the owner run `uid-registry db roles --apply`, and make the user a member of a role.",
        RightMissing.exit_status,
    )
