"""Making a registry, and bringing one to the schema of this program."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.errors import NoRegistry, SchemaTooNew
from registry.keys import create_key, load_key
from registry.roots import Policy, Root
from registry.services.keeping import key_state
from registry.services.opening import OpenRegistry, key_path, make_room, signing_key_path
from registry.services.rooting import add_root, wanted_root
from registry.services.signing import SigningKeyState, ensure, enter, signing_key_state
from registry.settings import Settings
from registry.store import migrating, schema
from registry.store.act import Act
from registry.store.fence import fence_of
from registry.store.retrying import again
from registry.store.session import Database, Identity, KnownKey, identity_of, revision_of


@dataclass(frozen=True, slots=True)
class Initialized:
    """What `init` did."""

    origin: str
    database: str
    key_file: str
    key_usable: bool  # False: the registry was there, and its key isn't on this machine
    signing_key: SigningKeyState
    created: bool  # False: it was there before
    upgraded: str | None  # the schema it was brought to; None if it was there already
    root: Root | None


def init(
    settings: Settings, *, root: str | None = None, organization: str | None = None, research: bool = False
) -> Initialized:
    """Create a registry or upgrade it, and add the issuer root. Safe to repeat.

    Raises ``RegistryElsewhere`` where it was moved away, or is a copy.
    """
    wanted = None
    if root is not None:
        policy = Policy.RESEARCH if research else Policy.PRODUCTION
        wanted = wanted_root(root, policy, organization=organization, enforced_from=datetime.now(UTC))
    with Database(settings.database) as database:
        if database.sqlite_file is not None:
            make_room(database.sqlite_file)
        upgraded = upgrade(settings, database)
        identity, created = again(lambda _: _identify(settings, database))
        registry = OpenRegistry(settings, database, identity)
        if not created:
            _must_go_on(database)
            ensure(registry)
        added = add_root(registry, wanted) if wanted is not None else None
        return Initialized(
            identity.origin,
            database.name,
            str(key_path(settings, database, identity.origin)),
            key_state(registry).usable,
            signing_key_state(registry),
            created,
            upgraded,
            added,
        )


def _must_go_on(database: Database) -> None:
    with database.reading() as connection:
        if (found := fence_of(connection)) is not None:
            raise found.error()


def upgrade(settings: Settings, database: Database) -> str | None:
    """Run the migrations that are due; the schema reached, None if none was due.

    The entry that says so is written in their transaction; a new registry's is `registry:init`.
    """
    found = again(lambda _: _migrate(settings, database))
    return None if found == schema.REVISION else schema.REVISION


def _migrate(settings: Settings, database: Database) -> str | None:
    """Run what is due; the schema that the database stood at before."""
    with database.writing() as connection:
        migrating.wait_for_others(connection)
        found = revision_of(connection)
        if found is not None and found > schema.REVISION:
            raise SchemaTooNew(
                f"the schema of {database.name} is {found}, newer than {schema.REVISION} of this program"
            )
        if found != schema.REVISION:
            migrating.upgrade(connection)
            if found is None:
                connection.commit()
                return None
            with Act(database, "schema:upgrade", settings.who, within=connection) as act:
                act.commit(before=found, after=schema.REVISION)
    return found


@dataclass(frozen=True, slots=True)
class SchemaState:
    """Where a database stands, and where this program expects it."""

    database: str
    found: str | None
    expected: str

    @property
    def up_to_date(self) -> bool:
        return self.found == self.expected


def current(settings: Settings) -> SchemaState:
    """The schema that a database stands at. Raises ``NoRegistry`` where there is none."""
    with Database(settings.database, read_only=True) as database:
        return SchemaState(database.name, _existing(database), schema.REVISION)


def upgrade_existing(settings: Settings) -> SchemaState:
    """Bring an existing registry to the schema of this program. Safe to repeat."""
    with Database(settings.database) as database:
        found = _existing(database)
        reached = upgrade(settings, database)
        return SchemaState(database.name, reached or found, schema.REVISION)


def _existing(database: Database) -> str:
    if database.sqlite_file is not None and not database.sqlite_file.is_file():
        raise NoRegistry(f"there is no registry at {database.name}")
    with database.reading() as connection:
        found = revision_of(connection)
    if found is None:
        raise NoRegistry(f"{database.name} is a database, but holds no registry")
    return found


def _identify(settings: Settings, database: Database) -> tuple[Identity, bool]:
    """The registry's identity, made now where there is none; whether it was made."""
    # Alone: who comes second finds it made, and makes no key of its own.
    with Act(database, "registry:init", settings.who, alone=True) as act:
        if (identity := identity_of(act.connection)) is not None:
            return identity, False
        origin = f"dicom-uid-registry/{secrets.token_hex(6)}"
        path = key_path(settings, database, origin)
        # A key from an init that was cut off, or one put there on purpose, is taken.
        key = load_key(path) if path.exists() else create_key(path)
        act.insert(schema.registry, [{"id": 1, "origin": origin, "key_id": key.id, "key_check": key.check}])
        signing = enter(act, signing_key_path(settings, database, origin), origin, (), [])
        act.commit(origin=origin, schema=schema.REVISION, signing_key=signing.id.hex())
        return Identity(origin, (KnownKey(key.id, key.check, act.entry),)), True
