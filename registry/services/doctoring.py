"""Doctor: is everything as it must be, from the disk to the key. Looks, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from registry.errors import IntegrityFailure, NoRegistry, OtherRegistry, SchemaOutdated, SchemaTooNew
from registry.services import filecondition, servercondition
from registry.services.checkup import Check, State, asked, failure, ok, skipped, warning
from registry.services.keeping import key_state
from registry.services.opening import OpenRegistry
from registry.services.outside import seen_check, signing_check
from registry.settings import Settings
from registry.store import schema
from registry.store.condition import newest_entry, server_state, version
from registry.store.description import described
from registry.store.entries import ledger_size, trail_size
from registry.store.expectation import Difference, differences, expected
from registry.store.fence import Sort, fence_of
from registry.store.session import Connection, Database, Identity, identity_of, revision_of

_AHEAD = timedelta(seconds=servercondition.SECONDS_APART)
_NAMED = 5

_STRUCTURE = {
    "tables": ("table", "column", "view", "sequence"),
    "constraints": ("constraint",),
    "triggers": ("trigger", "function", "rule"),
    "indexes": ("index",),
}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found."""

    database: str
    checks: list[Check]

    @property
    def status(self) -> int:
        """The exit status of the gravest failure; 0 where there is none."""
        return max(check.status for check in self.checks)

    @property
    def ok(self) -> bool:
        return self.status == 0

    def count(self, state: State) -> int:
        return sum(check.state is state for check in self.checks)


def doctor(settings: Settings) -> Diagnosis:
    """Look at everything that can be looked at; what can't be is said."""
    with Database(settings.database, read_only=True) as database:
        return Diagnosis(database.name, list(_checks(settings, database)))


def _checks(settings: Settings, database: Database) -> Iterator[Check]:
    reached, revision = _reached(database)
    yield reached
    there = reached.state is State.OK
    if database.sqlite_file is not None:
        yield from filecondition.beneath(database.sqlite_file)
        if there:
            yield from filecondition.inside(database)
    elif there:
        yield from servercondition.on_the_server(database)
    if not there:
        yield skipped("the rest", "the database can't be asked")
        return
    yield _schema(database, revision)
    if revision != schema.REVISION:
        yield skipped("the rest", "what there should be is known for the schema of this program")
        return
    if database.sqlite_file is None:
        yield servercondition.rights(database)
    yield from _structure(database)
    yield from _registry(settings, database)


def _reached(database: Database) -> tuple[Check, str | None]:
    """Whether the database answers, and the schema that it says to be at."""
    revisions: list[str | None] = []

    def ask(connection: Connection) -> Check:
        revisions.append(revision_of(connection))
        place = "" if database.sqlite_file else f", {server_state(connection).place}"
        return ok("database", f"{version(connection)}{place}")

    if database.sqlite_file is not None and not database.sqlite_file.is_file():
        return failure("database", f"there is no registry at {database.name}", NoRegistry.advice), None
    return asked(database, "database", ask), next(iter(revisions), None)


def _schema(database: Database, found: str | None) -> Check:
    if found is None:
        return failure("schema", f"{database.name} is a database, but holds no registry", NoRegistry.advice)
    if found == schema.REVISION:
        return ok("schema", found)
    kind, relation = (SchemaOutdated, "older") if found < schema.REVISION else (SchemaTooNew, "newer")
    return failure("schema", f"{found}, {relation} than {schema.REVISION} of this program", kind.advice)


def _structure(database: Database) -> Iterator[Check]:
    """Whether the database consists of what the migrations made."""
    found: list[Difference] = []

    def ask(connection: Connection) -> Check:
        found.extend(differences(expected(database.dialect), described(connection)))
        return ok("tables", "")

    answer = asked(database, "tables", ask)
    if answer.state is not State.OK:
        yield answer
        return
    for name, sorts in _STRUCTURE.items():
        yield _compared(name, [one for one in found if one.sort in sorts])


def _compared(name: str, wrong: list[Difference]) -> Check:
    if not wrong:
        return ok(name, "as the migrations made them")
    told = ", ".join(map(str, wrong[:_NAMED])) + (
        f" and {len(wrong) - _NAMED} more" if len(wrong) > _NAMED else ""
    )
    if name == "indexes":
        return warning(name, f"{told}: questions may be slow", "Let the owner make it again.")
    return failure(
        name,
        f"{told}: history isn't protected as it should be",
        "Find out who did that, let the owner put it back, and have `uid-registry audit verify` look "
        "whether history was changed meanwhile.",
        IntegrityFailure.exit_status,
    )


def _registry(settings: Settings, database: Database) -> Iterator[Check]:
    """Which registry it is, and its key."""
    found: list[Identity] = []

    def ask(connection: Connection) -> Check:
        identity = identity_of(connection)
        if identity is None:
            return failure("registry", "it was never initialised", NoRegistry.advice)
        found.append(identity)
        if settings.origin is not None and settings.origin != identity.origin:
            told = f"{identity.origin}; this project is pinned to {settings.origin}"
            return failure("registry", told, OtherRegistry.advice)
        sizes = f"{trail_size(connection):,} entries, {ledger_size(connection):,} UIDs"
        return ok("registry", f"{identity.origin}: {sizes}")

    yield asked(database, "registry", ask)
    yield asked(database, "newest entry", _newest)
    yield asked(database, "goes on here", _fence)
    if found:
        registry = OpenRegistry(settings, database, found[0])
        yield _key(registry)
        yield signing_check(registry)
        yield seen_check(registry)
    else:
        yield skipped("key", "it isn't known which it should be")


def _newest(connection: Connection) -> Check:
    at = newest_entry(connection)
    if at is None:
        return ok("newest entry", "none yet")
    if datetime.fromisoformat(at) > datetime.now(UTC) + _AHEAD:
        return warning(
            "newest entry",
            f"{at} is yet to come: the clock of this machine or of the one that wrote it is wrong",
            "Set the clocks by NTP; times in the trail stay as they are.",
        )
    return ok("newest entry", at)


def _fence(connection: Connection) -> Check:
    """Whether the trail takes entries in this database, or in another one alone."""
    found = fence_of(connection)
    if found is None:
        return ok("goes on here", "neither moved away nor a copy")
    if found.sort is Sort.MOVED:
        return failure("goes on here", found.said, found.error().advice)
    return warning("goes on here", found.said, found.error().advice)


def _key(registry: OpenRegistry) -> Check:
    state = key_state(registry, dated=False)
    if state.usable and not state.open_to_others:
        former = f"; former ones missing: {', '.join(state.missing)}" if state.missing else ""
        return ok("key", f"{state.found_key} in {state.file}{former}")
    if state.usable:
        return warning("key", f"others can read {state.file}", f"chmod 600 {state.file}")
    advice = "`uid-registry db key --install FILE` puts a copy of the registry's key there."
    if not state.file.exists() and not _may_record(registry.database):
        told = f"{state.problem}; this user records nothing, but `check` needs it too"
        return warning("key", told, advice)
    return failure("key", str(state.problem), advice)


def _may_record(database: Database) -> bool:
    return database.sqlite_file is not None or servercondition.may_record(database)
