"""The organisation's engine: many writers at once, READ COMMITTED, constraints.

What all writers share is the head of the trail. The lock on it spans one round
trip: the entry is numbered by the server, sent in one pipeline with the rows
before it and the commit behind it, so nobody holds the lock while a network or
a client is slow.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import Connection, Engine, LargeBinary, Table, create_engine, event
from sqlalchemy.dialects.postgresql import psycopg as dialect
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError

from registry.store import writer
from registry.store.columns import say_postgresql
from registry.store.constraints import typed
from registry.store.exchange import Prepared, Statement, exchange
from registry.store.failures import is_gone
from registry.store.keyed import Question
from registry.store.schema import entries
from registry.store.settling import settled
from registry.store.writer import Account, Begun, Row

if TYPE_CHECKING:
    import psycopg

LOCK_SECONDS = 30
"""How long one waits for what another holds: a UID that it is recording, the head of the trail."""

IDLE_SECONDS = 300
"""After how long the server ends the transaction of a client that stands still, so that
what it holds comes free."""

_CONNECT_SECONDS = 10

_AHEAD = 8
"""Numbers that are drawn at once at least."""

_COPIED = 50
_STAGED = 500
"""From how many rows on COPY is quicker than inserts; measured by benchmarks/storing.py."""


# What the driver logs when a connection is lost is told by the error that it raises; it
# goes to whoever asked for logs, and not by default to stderr.
logging.getLogger("psycopg").addHandler(logging.NullHandler())


def open_engine(url: URL, *, read_only: bool) -> Engine:
    """An engine on a server. What the URL leaves out comes from libpq's environment,
    its service file and its password file."""
    say_postgresql()
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="READ COMMITTED",
        connect_args=_connect_arguments(url),
    )
    event.listen(engine, "connect", _set_up_reader if read_only else _set_up_writer)
    return engine


def _connect_arguments(url: URL) -> dict[str, object]:
    """What the URL doesn't say otherwise: nobody waits for ever for a server that is gone."""
    arguments: dict[str, object] = {
        "application_name": "uid-registry",
        "client_encoding": "utf8",  # else text of a database in SQL_ASCII would come as bytes
        "connect_timeout": _CONNECT_SECONDS,
        "keepalives_idle": 30,
        "tcp_user_timeout": 30_000,  # milliseconds
    }
    return {name: value for name, value in arguments.items() if name not in url.query}


def _set_up_writer(connection: psycopg.Connection[Any], record: Any) -> None:
    told = _set(
        connection,
        f"SET lock_timeout = '{LOCK_SECONDS}s'; "
        f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; "
        # What an act asks, it asks by key: that has one good plan, through the index, also on a
        # table that was empty when the plan was made. Making it anew costs more than running it.
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; "
        # What waits for more than our own disk stays as the administrator set it.
        "SELECT set_config('synchronous_commit', 'on', false) "
        f"WHERE current_setting('synchronous_commit') = 'off'; {_ACCOUNT}",
    )
    record.info["account"] = Account(*told)


_ACCOUNT = (
    "SELECT session_user::text, coalesce((SELECT CASE "
    "WHEN pg_has_role(session_user, relowner, 'USAGE') THEN 'owner' "
    "WHEN has_table_privilege(session_user, oid, 'INSERT') THEN 'writer' ELSE 'auditor' END "
    "FROM pg_class WHERE oid = to_regclass('ledger')), 'owner')"
)
"""Who is logged in, and as what; whoever makes the tables is going to own them.
A trigger on the entries holds writers and auditors to it."""


def _set_up_reader(connection: psycopg.Connection[Any], _record: object) -> None:
    _set(connection, f"SET lock_timeout = '{LOCK_SECONDS}s'; SET default_transaction_read_only = on; SELECT")


def _set(connection: psycopg.Connection[Any], statements: str) -> tuple[Any, ...]:
    """Set a connection up; what the last statement answers."""
    from psycopg.types.array import ListBinaryDumper

    # Many keys at once are sent as they are, not written out as text.
    connection.adapters.register_dumper(list, ListBinaryDumper)
    # What pays is prepared by store/exchange.py. When it rolls back, the driver gives up all
    # statements that were prepared on a connection if it has prepared one itself.
    connection.prepare_threshold = None
    connection.autocommit = True
    cursor = connection.execute(statements)
    while cursor.nextset():
        pass
    answer = cursor.fetchone()
    connection.autocommit = False
    return answer or ()


class PostgresWriter:
    """The writing side of one transaction. Rows that can only go in or be refused are
    noted down and sent with the entry; what is asked for in between is sent first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._queued: list[tuple[Table, Sequence[Row]]] = []
        self._transaction_id = ""

    @property
    def _driver(self) -> psycopg.Connection[Any]:
        return cast("psycopg.Connection[Any]", self._connection.connection.driver_connection)

    def _exchange(self, *statements: Statement) -> list[list[tuple[Any, ...]]]:
        prepared: Prepared = self._connection.info.setdefault("prepared", Prepared())
        with self._as_sqlalchemy():
            driver = self._driver
            try:
                return exchange(driver, prepared, statements)
            except BaseException:
                if driver.closed:  # then there is nothing to be rolled back on it, whatever happened
                    self._connection.invalidate()
                raise

    def begin(self, *, alone: bool, question: Question | None) -> Begun:
        statements = []
        if not self._driver.info.transaction_status:  # idle
            statements.append(Statement("BEGIN ISOLATION LEVEL READ COMMITTED"))
        if alone:
            # By itself: what is read must be what stands when all the others are done.
            statements.append(Statement(f"SELECT pg_advisory_xact_lock({_ALONE}, {_TRAIL})"))
        before = len(statements)
        statements.append(Statement(_BEGIN))
        if question is not None:
            text, values = question.query.for_psycopg
            statements.append(Statement(text, {**values, "keys": list(question.keys)}))
        answers = self._exchange(*statements)[before:]
        begun, answer = answers[0], answers[1] if question is not None else None
        ((_, ticket, self._transaction_id, at, newest, roots),) = begun
        return Begun(ticket, at, self._connection.info["account"], newest, roots, answer)

    def ids(self, table: Table, count: int) -> Sequence[int]:
        # A few are drawn ahead, for the acts that follow on this connection.
        drawn: list[int] = self._connection.info.setdefault("ids", {}).setdefault(table.name, [])
        if (missing := count - len(drawn)) > 0:
            with self._as_sqlalchemy():
                rows = self._driver.execute(
                    "SELECT nextval(%s) FROM generate_series(1, %s)",
                    (f"{table.name}_ids", max(missing, _AHEAD)),
                ).fetchall()
            drawn += sorted(number for (number,) in rows)
        given, drawn[:] = drawn[:count], drawn[count:]
        return given

    def insert(self, table: Table, rows: Sequence[Row], known_is_fine: bool) -> int:
        if not known_is_fine and len(rows) < _COPIED:
            self._queued.append((table, rows))
            return len(rows)
        self.flush()
        with self._as_sqlalchemy():
            if not known_is_fine:
                self._copy(table, table.name, rows)
                return len(rows)
            if len(rows) >= _STAGED:
                return self._stage(table, rows)
        statement = f"{_statement(table, True)} RETURNING 1"
        return sum(map(len, self._exchange(*(Statement(statement, row) for row in rows))))

    def _stage(self, table: Table, rows: Sequence[Row]) -> int:
        """Into a table of our own first; then one statement decides which are new."""
        staged = f"staged_{table.name}"
        cursor = self._driver.cursor()
        cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {staged} (LIKE {table.name}) ON COMMIT DELETE ROWS")
        cursor.execute(f"TRUNCATE {staged}")
        self._copy(table, staged, rows)
        keys = ", ".join(column.name for column in table.primary_key)
        cursor.execute(
            f"INSERT INTO {table.name} SELECT * FROM {staged} ORDER BY {keys} ON CONFLICT DO NOTHING"
        )
        return cursor.rowcount

    def _copy(self, table: Table, into: str, rows: Sequence[Row]) -> None:
        names = ", ".join(column.name for column in table.columns)
        with self._driver.cursor().copy(f"COPY {into} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(_types(table))
            for row in rows:
                copy.write_row(row)

    def flush(self) -> None:
        if self._queued:
            self._exchange(*self._noted())

    def _noted(self) -> list[Statement]:
        queued, self._queued = self._queued, []
        return [Statement(_statement(table, False), row) for table, rows in queued for row in rows]

    def append(self, entry: Mapping[str, object], added: int, unless_after: int | None) -> int:
        try:
            *_, placed, _ = self._exchange(
                *self._noted(),
                # Two statements: the second must see what was committed before the lock.
                Statement(f"SELECT pg_advisory_xact_lock({_HEAD}, {_TRAIL})"),
                Statement(_APPEND, {**entry, "added": added, "unless_after": unless_after}),
                Statement("COMMIT"),
            )
            ((seq,),) = placed
        except DBAPIError as error:
            if not is_gone(error):
                raise
            seq = settled(self._connection.engine, self._transaction_id, entry, error)
        else:
            self._connection.commit()  # nothing is left to do; SQLAlchemy is told that it is over
        return int(seq)

    @contextmanager
    def _as_sqlalchemy(self) -> Iterator[None]:
        """What the driver raises, as SQLAlchemy raises it; a refused row as its typed error."""
        import psycopg

        driver = self._driver
        try:
            yield
        except psycopg.Error as error:
            if driver.pgconn.pipeline_status and not driver.closed:
                driver.close()  # lost within a pipeline: the driver may not have noticed, but can't go on
            raised = DBAPIError.instance(
                None,
                None,
                error,
                psycopg.Error,
                connection_invalidated=driver.closed,
                dialect=self._connection.dialect,
            )
            if driver.closed:
                self._connection.invalidate()
            if isinstance(raised, IntegrityError):
                raise typed(raised) from error
            raise raised from error


_HEAD, _ALONE = 1, 2
"""Advisory locks on the trail: who appends, and who acts alone."""

_TRAIL = "'entries'::regclass::oid::int"

_BEGIN = (
    f"SELECT pg_advisory_xact_lock_shared({_ALONE}, {_TRAIL}), nextval('entry_tickets'), "
    "pg_current_xact_id()::text, clock_timestamp(), coalesce((SELECT max(seq) FROM entries), -1), "
    "(SELECT max(entry) FROM roots)"
)

# Of an act that made rows: it says something of UIDs that it didn't issue itself.
_SAYS_SOMETHING = (
    "rows <> '{}' AND (event ~ ':register$' OR rows ~ '_claims|derivations|uses|decisions|withdrawals')"
)

_PLACED = ("seq", "prev", "ledger_size")


def _append_statement() -> str:
    """The entry behind the head, numbered by the server. Where something was said that the
    act doesn't know of, it gets a place that no entry may have, and so is refused."""
    given = [column for column in entries.columns if column.name not in _PLACED]
    names = ", ".join([*_PLACED, *(column.name for column in given)])
    values = ", ".join(f"%({column.name})s::{_type(column)}" for column in given)
    return (
        f"INSERT INTO entries ({names}) SELECT "
        "CASE WHEN EXISTS (SELECT 1 FROM entries WHERE seq > %(unless_after)s::bigint "
        f"AND {_SAYS_SOMETHING}) THEN -1 ELSE coalesce(head.seq + 1, 0) END, head.seq, "
        f"coalesce(head.ledger_size, 0) + %(added)s, {values} FROM (SELECT 1) AS one "
        "LEFT JOIN (SELECT seq, ledger_size FROM entries ORDER BY seq DESC LIMIT 1) AS head ON true "
        "RETURNING seq"
    )


def _type(column: Any) -> str:
    return str(column.type.compile(dialect=_DIALECT)).split("(", maxsplit=1)[0].split(" COLLATE")[0].lower()


_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]
_APPEND = _append_statement()


@cache
def _types(table: Table) -> list[str]:
    """The types of a table's columns, as COPY needs them."""
    return ["bytea" if isinstance(c.type, LargeBinary) else _type(c) for c in table.columns]


@cache
def _statement(table: Table, known_is_fine: bool) -> str:
    return writer.statement(table, "%s", known_is_fine)
