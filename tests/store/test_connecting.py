"""Every way to name a database leads to it, and no password is ever told."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql

from registry.errors import BadSetting
from registry.services import showing
from registry.settings import Settings, load_settings
from registry.store.session import Database, parse_url, shown
from tests.conftest import Cli
from tests.postgres import Server, database_of

pytestmark = pytest.mark.engine("postgresql")

USER, PASSWORD = "locked", "S3cret@w:o/r?d#%41 'x'"
TOLD = "S3cret"
"""The part of the password that stays the same however it is written."""


@dataclass(frozen=True)
class Locked:
    """A user who needs a password, on a database."""

    server: Server
    name: str

    def url(self, login: str = f"{USER}@", more: str = "") -> str:
        return f"postgresql://{login}/{self.name}?host={self.server.folder}{more}"


@pytest.fixture(scope="module")
def _locked(server: Server) -> Iterator[None]:
    rules = server.folder / "pg_hba.conf"
    before = rules.read_text()
    with server.connect() as connection:
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN SUPERUSER PASSWORD {}").format(
                sql.Identifier(USER), sql.Literal(PASSWORD)
            )
        )
        rules.write_text(f"local all {USER} scram-sha-256\n{before}")
        connection.execute("SELECT pg_reload_conf()")
        _until_locked(server)
        yield
        rules.write_text(before)
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(USER)))


def _until_locked(server: Server) -> None:
    for _ in range(100):
        try:
            psycopg.connect(f"host={server.folder} dbname=postgres user={USER}").close()
        except psycopg.OperationalError:
            return
        time.sleep(0.05)


@pytest.fixture
def locked(_locked: None, server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Locked:
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGSERVICE", "PGPASSFILE"):
        monkeypatch.delenv(name, raising=False)
    return Locked(server, database_of(settings.database))


# --- ways to name it -------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_a_url(settings: Settings, cli: Cli, scheme: str) -> None:
    url = settings.database.replace("postgresql", scheme)
    assert cli("issue", "study", "--database", url).code == 0


def test_the_environment_alone(
    locked: Locked, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    passwords = tmp_path / "passwords"
    passwords.write_text(f"*:*:{locked.name}:{USER}:{escaped}\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGHOST", str(locked.server.folder))
    monkeypatch.setenv("PGDATABASE", locked.name)
    monkeypatch.setenv("PGUSER", USER)
    assert cli("issue", "study", "--database", "postgresql://").code == 3
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    assert cli("issue", "study", "--database", "postgresql://").code == 0
    assert f"{locked.name} as {USER}" in cli("doctor", "--database", "postgresql://").out
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert cli("issue", "study", "--database", "postgresql://").code == 0


def test_a_service_file(locked: Locked, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.write_text(
        f"[registry]\nhost={locked.server.folder}\ndbname={locked.name}\nuser={USER}\npassword={PASSWORD}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    url = "postgresql:///?service=registry"
    assert cli("issue", "study", "--database", url).code == 0
    result = cli("doctor", "--database", url)
    assert f"{locked.name} as {USER}" in result.out
    assert TOLD not in result.out
    for service, code in (("registry", 0), ("none", 3)):
        with monkeypatch.context() as environment:
            environment.setenv("PGSERVICE", service)
            assert cli("issue", "study", "--database", "postgresql://").code == code


# --- passwords -----------------------------------------------------------------------------------


def with_password(locked: Locked, place: str, password: str = PASSWORD) -> str:
    encoded = quote(password, safe="")
    return {
        "user": locked.url(f"{USER}:{encoded}@"),
        "query": locked.url(more=f"&password={encoded}"),
        "both": locked.url(f"{USER}:wrong@", f"&password={encoded}"),
    }[place]


@pytest.mark.parametrize("form", ["table", "json", "ndjson", "csv"])
@pytest.mark.parametrize("place", ["user", "query"])
def test_what_was_given_is_never_told(
    locked: Locked, cli: Cli, place: str, form: str, tmp_path: Path
) -> None:
    url = with_password(locked, place)
    for command, code in (
        (("init", "--root", "1.3.6.1.4.1.32473.1"), 0),
        (("issue", "study"), 0),
        (("doctor",), 0),
        (("db", "backup", "--to", tmp_path / "x"), 0),
        (("db", "current"), 0),
        (("db", "key"), 0),
        (("db", "roles"), 0),
        (("stats",), 0),
        (("audit", "log"), 0),
        (("show", "1.2.3"), 1),
        (("show", "nonsense"), 2),
    ):
        result = cli(*command, "--database", url, "--format", form)
        assert result.code == code, (command, result.err)
        assert TOLD not in result.out + result.err


@pytest.mark.parametrize("place", ["user", "query"])
def test_a_wrong_password_is_exit_status_3(locked: Locked, cli: Cli, place: str) -> None:
    url = with_password(locked, place, "S3cret wrong")
    for command in (
        ("init",),
        ("issue", "study"),
        ("doctor",),
        ("show", "1.2.3"),
        ("db", "backup", "--to", "x"),
    ):
        result = cli(*command, "--database", url)
        assert result.code == 3, result.err
        assert TOLD not in result.out + result.err
        assert "authentication failed" in result.out + result.err


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:S3cret@x@/db",
        "postgresql://u:p@S3cret:word@host/db",
        "postgresql://u:S3cret@host:port/db",
        "postgresql:/u:S3cret@host/db",
        "postgresql:u:S3cret@host/db",
        "postgres:/u:S3cret@host/db",
        "u:S3cret@host/db",
        "host=h user=u password=S3cret",
        "user=u password = 'S3cret'",
        "dbname=r password=S3cret",
        "postgre://u:S3cret@host/db",
        "mysql://u:S3cret@host/db",
        "://u:S3cret@host/db",
    ],
)
def test_what_cant_be_understood_is_not_repeated(
    cli: Cli, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (("init",), ("issue", "study"), ("doctor",)):
        result = cli(*command, "--database", url)
        assert result.code == 2, result.err
        assert "S3cret" not in result.out + result.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "option", ["PASSWORD", "passwd", "sslpassword", "oauth_client_secret", "scram_client_key"]
)
def test_what_only_looks_like_a_password_is_not_told_either(locked: Locked, cli: Cli, option: str) -> None:
    for command in (("issue", "study"), ("doctor",)):
        result = cli(*command, "--database", locked.url(more=f"&{option}=S3cret"))
        assert result.code == 3, result.err
        assert "S3cret" not in result.out + result.err


def test_settings_and_databases_dont_show_it(locked: Locked) -> None:
    url = with_password(locked, "user")
    settings = load_settings({"database": url}, {})
    assert TOLD not in repr(settings) + str(settings)
    with Database(url) as database:
        assert TOLD not in database.name + repr(database.url) + repr(database.engine)
    assert TOLD not in shown(parse_url(with_password(locked, "both")))
    with pytest.raises(BadSetting) as raised:
        parse_url("postgresql://u:S3cret@x@/db")
    assert TOLD not in str(raised.value)


def test_a_bug_doesnt_tell_it(locked: Locked, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    url = with_password(locked, "user")

    def bug(registry: object, *_: object) -> None:
        raise ValueError(f"{url} {registry!r}")

    monkeypatch.setattr(showing, "show", bug)
    result = cli("show", "1.2.3", "--database", url)
    assert result.code == 4
    assert TOLD not in result.out + result.err
    assert "ValueError" in result.err
