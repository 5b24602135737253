"""Roles on PostgreSQL: each is logged in as, does what it is for, and tries what it mustn't."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from registry.errors import BadRequest, RightMissing
from registry.services.auditing import audit_verify
from registry.services.doctoring import doctor
from registry.services.granting import apply_roles, show_roles
from registry.services.initializing import init, upgrade_existing
from registry.services.opening import opened
from registry.services.showing import show
from registry.services.signing import signing_key_state
from registry.settings import Settings
from registry.store import migrating, roles, schema
from registry.store.act import Act
from registry.store.expectation import expected
from registry.store.postgresql import PostgresWriter
from registry.store.session import Database
from registry.trail import FIELDS, canonical_entry, leaf_hash
from tests.conftest import Cli, Registries, Result
from tests.hammering import writing
from tests.objects import ct_slices, save_all, tiny
from tests.postgres import Server, database_of

pytestmark = pytest.mark.engine("postgresql")

AUDITS = ("log", "verify", "checkpoint", "prove", "export", "export")
HISTORY = [table.name for table in schema.HISTORY]
STUDY = "1.2.826.0.99.1"


@dataclass
class Users:
    """Logins, each a member of one role, on one registry."""

    server: Server
    settings: Settings
    prefix: str

    def name(self, role: str | None) -> str:
        return f"{self.prefix}_{role or 'nobody'}_user"

    def login(self, role: str | None) -> Settings:
        """The registry's settings as a user of a role; None: of no role."""
        name = self.name(role)
        with self.server.connect() as connection:
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
            if role is not None:
                member = map(sql.Identifier, (f"{self.prefix}_{role}", name))
                connection.execute(sql.SQL("GRANT {} TO {}").format(*member))
        url = self.server.url(database_of(self.settings.database), name)
        return replace(self.settings, database=url)

    @contextmanager
    def raw(self, role: str) -> Iterator[psycopg.Connection[Any]]:
        """A connection of somebody of a role who knows SQL."""
        self.login(role)
        name = database_of(self.settings.database)
        with self.server.connect(name, self.name(role)) as connection:
            yield connection


@pytest.fixture
def prefixes(server: Server, settings: Settings) -> Iterator[Callable[[str], str]]:
    """Makes prefixes that nobody has; their roles go with the test."""
    made: list[str] = []

    def make(beginning: str = "r") -> str:
        made.append(f"{beginning}{secrets.token_hex(4)}")
        return made[-1]

    yield make
    server.drop(database_of(settings.database))  # it holds what the roles own
    with server.connect() as connection:
        for (name,) in connection.execute("SELECT rolname FROM pg_roles").fetchall():
            if any(name.startswith(prefix) for prefix in made):
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


@pytest.fixture
def users(server: Server, settings: Settings, prefixes: Callable[[str], str]) -> Users:
    """A registry with roles, in which no UID is yet."""
    prefix = prefixes("r")
    with opened(settings) as registry:
        apply_roles(registry, prefix)
    return Users(server, settings, prefix)


def refused(result: Result, *told: str) -> None:
    assert (result.code, result.out) == (3, ""), result.err
    assert "lets this user not do that" in result.err
    assert "db roles" in result.err
    for part in told:
        assert part in result.err


def denied(connection: Any, *statements: str) -> None:
    for statement in statements:
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement)


# --- making them -------------------------------------------------------------------------


def test_printed_sql_makes_the_roles_and_applying_it_again_changes_nothing(
    server: Server, settings: Settings, prefixes: Callable[[str], str], cli: Cli
) -> None:
    prefix = prefixes("""o'dd "%s" $$ """)
    printed = cli("db", "roles", "--prefix", prefix)
    assert printed.code == 0
    with server.connect(database_of(settings.database)) as connection:
        connection.execute(printed.out)
        before = grants(connection)
        assert cli("db", "roles", "--prefix", prefix, "--apply").code == 0
        assert grants(connection) == before
    with opened(settings) as registry:
        assert cli("db", "roles", "--prefix", prefix, "--format", "json").json["statements"] == (
            show_roles(registry, prefix).statements
        )


def grants(connection: psycopg.Connection[Any]) -> list[Any]:
    return connection.execute(
        "SELECT relname, relowner, relacl::text, relrowsecurity FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace ORDER BY relname"
    ).fetchall()


def test_applying_is_in_the_trail(users: Users, cli: Cli) -> None:
    (entry,) = cli("audit", "log", "--event", "role:apply", "--format", "json").json
    assert entry["detail"] == roles.named(users.prefix)._asdict()
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize("prefix", ["", "x" * 56, "two\nlines", "ü" * 28])
def test_a_prefix_that_makes_no_name_is_refused(settings: Settings, prefix: str) -> None:
    with opened(settings) as registry, pytest.raises(BadRequest, match="prefix"):
        show_roles(registry, prefix)


def test_who_may_make_no_roles_is_told(users: Users, cli: Cli) -> None:
    refused(cli("db", "roles", "--apply", "--database", users.login("writer").database))


def test_an_owner_who_is_no_superuser_brings_them_up_to_date(users: Users, cli: Cli) -> None:
    owner = users.login("owner").database
    with users.server.connect(database_of(users.settings.database)) as connection:
        connection.execute(f"REVOKE INSERT ON words FROM {users.prefix}_writer")
        before = grants(connection)
        assert cli("db", "roles", "--prefix", users.prefix, "--apply", "--database", owner).code == 0
        assert grants(connection) != before


def test_nothing_is_open_to_whoever_has_no_role(users: Users, cli: Cli) -> None:
    nobody = users.login(None).database
    for command in (("list",), ("audit", "log"), ("issue", "study")):
        result = cli(*command, "--database", nobody)
        assert result.code == 3, result.out


def test_applying_while_others_write_disturbs_nobody(users: Users) -> None:
    with writing(users.login("writer")) as acknowledged, opened(users.settings) as registry:
        for _ in range(3):
            before = len(acknowledged)
            apply_roles(registry, users.prefix)
            while len(acknowledged) < before + 100:
                time.sleep(0.01)
    with opened(users.settings) as registry:
        assert audit_verify(registry).ok
        for uid in acknowledged[-20:]:
            assert show(registry, uid).state == "issued"


def test_a_registry_in_a_schema_of_its_own(
    registries: Registries, server: Server, prefixes: Callable[[str], str]
) -> None:
    settings = registries.empty()
    with server.connect(database_of(settings.database)) as connection:
        connection.execute('CREATE SCHEMA "the registry"')
    settings = replace(
        settings, database=f"{settings.database}&options=-csearch_path%3D%22the%5C%20registry%22"
    )
    init(settings)
    with opened(settings) as registry:
        apply_roles(registry, prefixes("r"))
    found = doctor(settings)
    assert [check for check in found.checks if check.status] == []
    with server.connect(database_of(settings.database)) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)
    server.drop(database_of(settings.database))


@pytest.mark.engine("sqlite")
def test_an_sqlite_file_has_modes_instead(cli: Cli) -> None:
    for more in ((), ("--apply",)):
        result = cli("db", "roles", *more)
        assert (result.code, result.out) == (2, "")
        assert "odes" in result.err


# --- the remapper -------------------------------------------------------------------------

ORIGINAL = "1.2.840.99.77.1"


def test_the_remapper_replaces_and_nobody_else_sees_what(users: Users, cli: Cli) -> None:
    remapper = ("--database", users.login("remapper").database)
    for command in (
        ("remap", ORIGINAL, "--scope", "TRIAL-7"),
        ("remap", *(f"1.2.840.99.78.{number}" for number in range(600)), "--scope", "TRIAL-7"),
        ("scope", "export", "TRIAL-7"),
        ("issue", "study"),
        ("audit", "verify"),
        ("doctor",),
    ):
        done = cli(*command, *remapper)
        assert done.code == 0, (command, done.err)
    assert "amounts to a remapper" in done.out
    asked = ("remap", ORIGINAL, "--scope", "TRIAL-7")
    new = cli(*asked, "--format", "json", *remapper).json["uids"][0]["replacement"]
    for role in ("writer", "auditor"):
        theirs = ("--database", users.login(role).database)
        assert cli("show", new, *theirs).code == 0, "that it is a replacement is no secret"
        assert cli("audit", "verify", *theirs).code == 0
        for command in (
            asked,
            ("remap", "1.2.840.99.79", "--scope", "TRIAL-8"),
            ("scope", "original", new),
            ("scope", "export", "TRIAL-7"),
            ("scope", "purge", "TRIAL-7", "--reason", "x"),
        ):
            done = cli(*command, *theirs)
            refused(done)
            assert ORIGINAL not in done.err
        with users.raw(role) as connection:
            denied(
                connection,
                "SELECT * FROM originals",
                "SELECT count(*) FROM originals",
                "DELETE FROM originals",
                "INSERT INTO originals SELECT * FROM originals",
            )
    with users.raw("remapper") as connection:
        for statement in ("DELETE FROM originals", "UPDATE originals SET salt = salt"):
            with pytest.raises((psycopg.errors.IntegrityConstraintViolation, InsufficientPrivilege)):
                connection.execute(statement)
    purged = cli("scope", "purge", "TRIAL-7", "--reason", "over", *remapper)
    assert purged.code == 0, purged.err
    assert cli("audit", "verify").code == 0


# --- the writer ---------------------------------------------------------------------------


def test_the_writer_does_the_daily_work(users: Users, cli: Cli, tmp_path: Path) -> None:
    slices = ct_slices(2)
    save_all([*slices, tiny("1.2.3.4.5", sources=(slices[0],))], tmp_path / "some")
    save_all([tiny(f"1.2.3.4.9.{number}") for number in range(600)], tmp_path / "many")
    (tmp_path / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\2\0")
    writer = ("--database", users.login("writer").database)
    for command in (
        ("init",),
        ("db", "upgrade"),
        ("root", "add", "1.3.6.1.4.1.32473.1.7", "--policy", "delegated"),
        ("issue", "study", "--purpose", "trial", "--request-id", "r1"),
        ("issue", "series", "--study", STUDY, "--modality", "CT"),
        ("issue", "study", "--method", "keyed", "--part", "x"),
        ("register", tmp_path / "many"),
        ("register", tmp_path / "some"),
        ("register", tmp_path / "some"),
        ("derive", "1.2.826.0.99.1.1.1", "--modality", "SEG"),
        ("check", tmp_path / "some"),
        ("show", STUDY),
        ("list",),
        ("findings", "list"),
        ("withdraw", "1.2.826.0.99.1.1.2", "--reason", "wrong"),
        ("reinstate", "1.2.826.0.99.1.1.2", "--reason", "by mistake"),
        ("audit", "log"),
        ("audit", "verify"),
        ("db", "key"),
        ("doctor",),
    ):
        result = cli(*command, *writer)
        assert result.code == 0, (command, result.err, result.out)
    assert "amounts to a writer" in result.out
    withdrawn = cli("audit", "log", "--event", "uid:withdraw", "--format", "json", *writer).json
    assert cli("audit", "redact", withdrawn[0]["entry"], "--reason", "a name", *writer).code == 0
    assert cli("audit", "verify", *writer).code == 0
    # What is found goes into a table of work, and is updated there.
    save_all([tiny("1.2.3.4.5", study="1.2.9")], tmp_path / "other")
    for _ in range(2):
        assert cli("register", tmp_path / "other", *writer).code == 1


def test_the_writer_changes_no_history(users: Users, filled_history: None) -> None:
    with users.raw("writer") as connection:
        for table in HISTORY:
            (column, *_) = (c.name for c in schema.metadata.tables[table].columns)
            changing = (f"UPDATE {table} SET {column} = {column}", f"SELECT FROM {table} FOR UPDATE")
            if table == "notes":  # redaction empties a text; anything else its trigger refuses
                with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="tr_notes_update"):
                    connection.execute(changing[0])
            else:
                denied(connection, *changing)
            denied(
                connection,
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
                f"DROP TABLE {table} CASCADE",
                f"ALTER TABLE {table} ADD COLUMN more int",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
                f"ALTER TABLE {table} DISABLE TRIGGER tr_{table}_update",
                f"DROP TRIGGER tr_{table}_update ON {table}",
                f"CREATE TRIGGER more BEFORE INSERT ON {table} EXECUTE FUNCTION history_refuse()",
                f"ALTER TABLE {table} OWNER TO current_user",
                f"CREATE RULE more AS ON INSERT TO {table} DO INSTEAD NOTHING",
                f"CREATE INDEX more ON {table} (({column}))",
            )
            connection.execute(f"GRANT DELETE ON {table} TO PUBLIC")  # a warning, and nothing is granted
            denied(connection, f"DELETE FROM {table}")


@pytest.fixture
def filled_history(users: Users, cli: Cli) -> None:
    assert cli("issue", "study", "--purpose", "trial").code == 0


def test_the_writer_makes_nothing_of_its_own_and_sets_no_number_back(users: Users) -> None:
    names = {
        sort: [name for kind, name in expected("postgresql") if kind == sort]
        for sort in ("sequence", "function")
    }
    with users.raw("writer") as connection:
        denied(
            connection,
            "CREATE TABLE more (id int)",
            "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OR REPLACE FUNCTION history_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
            "SET session_replication_role = replica",
            "ALTER TABLE entries DISABLE ROW LEVEL SECURITY",
            "DROP POLICY entries_add ON entries",
            "DELETE FROM findings",
            "UPDATE pending_references SET set_id = set_id",
            "UPDATE resume_marks SET mark = mark",
            "UPDATE alembic_version SET version_num = '9999'",
            f"CREATE ROLE {users.prefix}_more",
            f"SET ROLE {users.prefix}_owner",
            *(f"SELECT setval('{name}', 1)" for name in names["sequence"]),
            *(f"ALTER SEQUENCE {name} RESTART" for name in names["sequence"]),
            *(f"DROP FUNCTION {name}() CASCADE" for name in names["function"]),
        )


def test_upgrading_as_the_writer_is_refused(users: Users, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    with users.server.connect(database_of(users.settings.database)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    monkeypatch.setattr(
        migrating,
        "upgrade",
        lambda connection: connection.exec_driver_sql("ALTER TABLE entries ADD COLUMN more int"),
    )
    for command in (("db", "upgrade"), ("init",)):
        refused(cli(*command, "--database", users.login("writer").database), "owner")
    assert upgrade_existing(users.login("owner")).up_to_date


def test_the_owner_upgrades_and_the_writer_does_not(users: Users, cli: Cli) -> None:
    owner, writer = users.login("owner"), ("--database", users.login("writer").database)
    with Database(owner.database) as database, database.writing() as connection:
        migrating.downgrade(connection, "0001")
        connection.commit()
    refused(cli("db", "upgrade", *writer))
    for command in (("issue", "study"), ("doctor",)):
        assert cli(*command, *writer).code == 3
    asked = ("--database", owner.database)
    assert cli("db", "upgrade", *asked).code == 0
    assert cli("db", "roles", "--prefix", users.prefix, "--apply", *asked).code == 0
    assert cli("issue", "study", *writer).code == 0
    assert cli("doctor", *writer).code == 0
    with users.server.connect(database_of(users.settings.database)) as connection:
        owners = connection.execute(
            "SELECT DISTINCT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace"
        ).fetchall()
    assert owners == [(f"{users.prefix}_owner",)], "also of what the upgrade made"


def test_making_a_registry_needs_the_right_to_make_tables(users: Users, cli: Cli) -> None:
    name = users.server.create()
    users.login("writer")
    url = users.server.url(name, users.name("writer"))
    refused(cli("init", "--database", url))
    users.server.drop(name)


# --- the auditor --------------------------------------------------------------------------


def test_the_auditor_reads_everything(users: Users, cli: Cli, tmp_path: Path) -> None:
    save_all(ct_slices(2), tmp_path / "ct")
    assert cli("register", tmp_path / "ct").code == 0
    auditor = ("--database", users.login("auditor").database)
    for command in (
        ("show", STUDY),
        ("tree", STUDY),
        ("history", STUDY),
        ("list",),
        ("find", "1.2"),
        ("stats",),
        ("report",),
        ("report", STUDY),
        ("check", tmp_path / "ct"),
        ("findings", "list"),
        ("root", "list"),
        ("audit", "log"),
        ("audit", "verify"),
        ("audit", "checkpoint"),
        ("audit", "prove", 1),
        ("audit", "export", "--format", "csv"),
        ("audit", "export", "--format", "dicom"),
        ("db", "current"),
        ("config", "history"),
        ("doctor",),
    ):
        result = cli(*command, *auditor)
        assert result.code == 0, (command, result.err, result.out)
    assert "amounts to an auditor" in result.out
    told = cli("audit", "log", "--event", "audit:", "--format", "json", *auditor).json
    assert {(entry["account"], entry["role"]) for entry in told} == {(users.name("auditor"), "auditor")}
    assert [entry["event"] for entry in told] == [f"audit:{verb}" for verb in AUDITS]
    with users.raw("auditor") as connection:
        assert connection.execute("SELECT count(*) FROM uids").fetchone()[0] > 0


def test_the_auditor_records_nothing(users: Users, cli: Cli, tmp_path: Path) -> None:
    save_all([*ct_slices(2), tiny("2.999.4.1")], tmp_path / "ct")
    assert cli("register", tmp_path / "ct").code == 0
    before = trail(users)
    auditor = ("--database", users.login("auditor").database)
    for command in (
        ("issue", "study"),
        ("derive", "1.2.826.0.99.1.1.1", "--modality", "SEG"),
        ("register", tmp_path / "ct"),
        ("check", "--for-export", "ARCHIVE", tmp_path / "ct"),
        ("withdraw", STUDY, "--reason", "x"),
        ("findings", "acknowledge", "--code", "UID202", "--reason", "x"),
        ("root", "add", "1.3.6.1.4.1.32473.2"),
        ("root", "retire", "1.3.6.1.4.1.32473.1"),
    ):
        refused(cli(*command, *auditor))
    assert trail(users) == before


def test_the_auditor_adds_nothing_to_any_table(users: Users) -> None:
    with users.raw("auditor") as connection:
        for table in schema.metadata.tables:
            if table != "entries":
                denied(connection, f"INSERT INTO {table} DEFAULT VALUES", f"DELETE FROM {table}")
        denied(
            connection,
            "UPDATE entries SET event = event",
            "DELETE FROM entries",
            "SELECT setval('entry_tickets', 1)",
            "SELECT nextval('words_ids')",
            "CREATE TABLE mine (id int)",
        )
        assert connection.execute("SELECT nextval('entry_tickets')").fetchone()


def test_the_auditor_adds_the_entry_that_says_it_read(users: Users, cli: Cli) -> None:
    with opened(users.login("auditor")) as registry, registry.act("audit:export") as act:
        act.commit(entries=3)
    (entry,) = cli("audit", "log", "--event", "audit:", "--format", "json").json
    assert (entry["event"], entry["rows"]) == ("audit:export", {})
    assert cli("audit", "verify").code == 0


def test_the_auditor_takes_checkpoints_and_proves_entries(users: Users, cli: Cli, tmp_path: Path) -> None:
    auditor = ("--database", users.login("auditor").database)
    assert cli("audit", "checkpoint", "--to", tmp_path / "note", *auditor).code == 0
    assert cli("audit", "prove", 1, "--in", tmp_path / "note", *auditor).code == 0
    assert cli("audit", "verify", "--against", tmp_path / "note", *auditor).code == 0
    key_file = signing_key_file(users)
    before = key_file.read_bytes()
    refused(cli("audit", "key", "--create", *auditor))
    assert key_file.read_bytes() == before, "who may not make a key loses none"


def signing_key_file(users: Users) -> Path:
    with opened(users.login("auditor")) as registry:
        return signing_key_state(registry).file


@pytest.mark.parametrize(
    "event", ["uid:issue", "registry:init", "role:apply", "audit", "xaudit:log", "AUDIT:log"]
)
def test_the_auditor_forges_no_entry(
    users: Users, cli: Cli, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.store.act.is_known", lambda *_: True)
    before = trail(users)
    with (
        opened(users.login("auditor")) as registry,
        pytest.raises(RightMissing, match="row-level security"),
        registry.act(event) as act,
    ):
        act.commit(count=1)
    assert trail(users) == before


def test_the_auditor_claims_no_rows_and_no_note(users: Users, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(users.login("auditor")) as registry:
        with pytest.raises(RightMissing), registry.act("audit:log") as act:
            act.note("a reason")
            act.commit()
        monkeypatch.setattr(Act, "_touched", lambda self: [schema.ledger])
        with pytest.raises(RightMissing), registry.act("audit:log") as act:
            act.commit()


@pytest.mark.parametrize("role", ["writer", "auditor"])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("account", "somebody"),
        ("role", "owner"),
        ("at", "2020-01-01T00:00:00.000000Z"),
        ("at", "2999-01-01T00:00:00.000000Z"),
        ("id", 77_777),
        ("format", 1),
    ],
)
def test_what_the_server_knows_of_an_entry_nobody_says_otherwise(
    users: Users, monkeypatch: pytest.MonkeyPatch, role: str, column: str, value: object
) -> None:
    otherwise(monkeypatch, **{column: value})
    with opened(users.login(role)) as registry, pytest.raises(RightMissing), registry.act("audit:log") as act:
        act.commit()
    assert verified(users.settings)


@pytest.mark.parametrize("leaf", [bytes(32), b"x" * 32])
def test_an_auditor_adds_no_entry_whose_hash_is_wrong(
    users: Users, monkeypatch: pytest.MonkeyPatch, leaf: bytes
) -> None:
    otherwise(monkeypatch, leaf=leaf)
    login = users.login("auditor")
    with opened(login) as registry, pytest.raises(RightMissing), registry.act("audit:log") as act:
        act.commit()
    assert verified(users.settings)


def test_an_auditor_says_nothing_of_the_size_of_the_ledger(
    users: Users, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = PostgresWriter.append
    monkeypatch.setattr(
        PostgresWriter, "append", lambda self, entry, _, unless: append(self, entry, 5, unless)
    )
    login = users.login("auditor")
    with opened(login) as registry, pytest.raises(RightMissing), registry.act("audit:log") as act:
        act.commit()
    assert verified(users.settings)


@pytest.mark.parametrize("text", ["Zoë", "\U0001f600 \U0010ffff", '\x7f\x01\n"\\\u2028', "ÿ\ud7ff"])
def test_the_server_hashes_what_an_auditor_says_as_the_program_does(users: Users, text: str) -> None:
    with (
        opened(replace(users.login("auditor"), actor=f"a{text}b")) as registry,
        registry.act("audit:log") as act,
    ):
        act.commit(by=text)
    assert verified(users.settings)


def otherwise(monkeypatch: pytest.MonkeyPatch, **said: object) -> None:
    """Have the program say something else in its next entries, with the leaf that belongs to it."""
    append = PostgresWriter.append

    def told(self: PostgresWriter, entry: dict[str, Any], added: int, unless_after: int | None) -> int:
        entry = {**entry, **said}
        form = entry["format"]
        fields = {name: entry[name] for name in FIELDS[form]}
        if "leaf" not in said:
            entry["leaf"] = leaf_hash(canonical_entry(fields, form))
        return append(self, entry, added, unless_after)

    monkeypatch.setattr(PostgresWriter, "append", told)


def trail(users: Users) -> tuple[bool, int, str]:
    """Whether it verifies, its size and its root hash; asking writes nothing."""
    with opened(users.settings, read_only=True) as registry:
        found = audit_verify(registry)
        return found.ok, found.size, found.root_hash


def verified(settings: Settings) -> bool:
    with opened(settings, read_only=True) as registry:
        return audit_verify(registry).ok


# --- what doctor says of them ------------------------------------------------------------------


def test_doctor_tells_a_role_that_isnt_whole(users: Users) -> None:
    writer, auditor, owner = map(users.login, ("writer", "auditor", "owner"))
    assert rights(owner) == ("warning", 0)
    assert rights(users.settings) == ("warning", 0)  # a superuser
    with users.server.connect(database_of(users.settings.database)) as connection:
        connection.execute(f"REVOKE USAGE ON SEQUENCE words_ids FROM {users.prefix}_writer")
        assert rights(writer) == ("failure", 3)
        connection.execute(f"GRANT USAGE ON SEQUENCE words_ids TO {users.prefix}_writer")
        assert rights(writer) == ("ok", 0)
        connection.execute(f"GRANT TRUNCATE ON words TO {users.prefix}_writer")
        assert rights(writer) == ("warning", 0)
        connection.execute("ALTER TABLE entries DISABLE ROW LEVEL SECURITY")
        assert rights(auditor) == ("warning", 0)
        connection.execute("ALTER TABLE entries ENABLE ROW LEVEL SECURITY")
        assert rights(auditor) == ("ok", 0)
        connection.execute(f"REVOKE INSERT ON entries FROM {users.prefix}_auditor")
        assert rights(auditor) == ("ok", 0)  # a reader
        connection.execute(f"REVOKE SELECT ON uses FROM {users.prefix}_auditor")
        assert rights(auditor) == ("failure", 3)


def test_only_who_records_fails_for_want_of_the_key(users: Users, tmp_path: Path) -> None:
    for role, state, status in (("writer", "failure", 3), ("auditor", "warning", 0)):
        found = doctor(replace(users.login(role), key_file=str(tmp_path / "none")))
        (check,) = (check for check in found.checks if check.name == "key")
        assert (str(check.state), found.status) == (state, status)


def rights(settings: Settings) -> tuple[str, int]:
    (check,) = (check for check in doctor(settings).checks if check.name == "rights")
    return str(check.state), check.status
