"""What went wrong in the database, told in our words; and whether trying again may help.

A refused row is not among it: that is for store/constraints.py, and is never
tried again. What may be tried again is a transaction that the database gave up
(PostgreSQL's classes 40, 55, 57 and 08; SQLite's BUSY) or that lost its
connection before it committed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError

from registry.errors import (
    BadRequest,
    DatabaseBusy,
    DatabaseGone,
    DatabaseUnusable,
    NoRegistry,
    RegistryError,
    RightMissing,
)

_NAMED_IN_MESSAGES = 300

_RETRIED_STATES = {
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock not available: lock_timeout
    "25P03",  # the server ended a transaction that stood idle
    "26000",  # somebody between us and the server gave up what was prepared
}
_UNSTORABLE = "22021"  # character not in repertoire
_GONE_STATES = re.compile(r"08...|57P0[1-5]")  # connection exceptions; the server stops, crashed or starts

# Where no connection is made, the driver gives no state: only its words tell a server
# that is down or on its way from one that doesn't let us in.
_UNREACHABLE = re.compile(
    r"Is the server running|Connection refused|the database system is |server closed the connection"
    r"|connection timeout|timeout expired|could not connect to server"
)
_SERVER_ADVICE = (
    "Is the server running, and is its place in the URL right? Run the same command again when it is back."
)

_WORKS = "`check`, `show`, `list`, `audit verify` and `audit log --unrecorded` work"

_ADVICE = (
    ("not a database", "This file is something else; name the registry's with --database."),
    (
        "readonly|read-only",
        f"It is opened or stored read-only; {_WORKS}; acts that write don't.",
    ),
    ("unable to open", f"May you write in its folder? On a read-only one {_WORKS}."),
    ("disk is full|No space left", "Make room where the database is, and run the same command again."),
    ("disk I/O error", "Look at the disk under it. `uid-registry audit verify` tells whether all is there."),
    ("malformed", "The file is damaged: keep a copy of it as it is, and restore the last backup."),
    ("password|authentication", "Name the user in the URL; its password in ~/.pgpass or PGPASSWORD."),
    ("does not exist", "Is the database made, and its name in the URL right? `createdb NAME` makes one."),
)


@contextmanager
def told_in_our_words(name: str) -> Iterator[None]:
    """Turn what the driver raises into a typed error; ``name`` is the database's, without a password."""
    try:
        yield
    except IntegrityError:
        raise
    except UnicodeEncodeError as error:
        raise _unstorable() from error
    except DBAPIError as error:
        if (known := translated(name, error)) is not None:
            raise known from error
        raise


def translated(name: str, error: DBAPIError) -> RegistryError | None:
    """The typed error for what a driver says; None for what can only be a bug of ours."""
    reason = " ".join(_said(error).split())[:_NAMED_IN_MESSAGES]
    state = sql_state(error)
    if _is_unreachable(error):
        return DatabaseGone(f"{name} can't be reached: {reason}", advice=_SERVER_ADVICE)
    if is_gone(error):
        return DatabaseGone(f"{name} went away: {reason}")
    if state in _RETRIED_STATES or _is_busy(error):
        return DatabaseBusy(f"{name} is busy: {reason}")
    if state == _UNSTORABLE:
        return _unstorable()
    if state == "42501":
        return RightMissing(f"{name} lets this user not do that: {reason}")
    if state in ("42P01", "3F000"):
        return NoRegistry(f"{name} holds no registry that this user sees: {reason}")
    # Drivers without a state: SQLite. "file is not a database" comes as a bare DatabaseError.
    if (
        isinstance(error, OperationalError | InterfaceError)
        or state[:2] in ("25", "53", "54", "58", "XX")
        or (type(error.orig).__name__ == "DatabaseError")
        or (not state and type(error.orig).__module__.startswith("psycopg"))  # an option that there isn't
    ):
        return DatabaseUnusable(f"{name} can't be used: {reason}", advice=_advice(reason))
    return None


def _unstorable() -> BadRequest:
    return BadRequest(
        "a text holds characters that can't be stored: it isn't UTF-8, or there is a NUL in it",
        advice="Write names, reasons and purposes in UTF-8.",
    )


def is_gone(error: DBAPIError) -> bool:
    """Whether the connection was lost or could not be made because the server is down."""
    return (
        bool(error.connection_invalidated)
        or _GONE_STATES.fullmatch(sql_state(error)) is not None
        or _is_unreachable(error)
    )


def _is_unreachable(error: DBAPIError) -> bool:
    """Whether no connection was made, because of the server and not of who asked."""
    made = error.connection_invalidated or sql_state(error)
    return isinstance(error, OperationalError) and not made and bool(_UNREACHABLE.search(str(error.orig)))


def _said(error: DBAPIError) -> str:
    """What the database says, without the place in our data where it noticed."""
    diagnostics = getattr(error.orig, "diag", None)
    return getattr(diagnostics, "message_primary", None) or str(error.orig)


def sql_state(error: DBAPIError) -> str:
    """PostgreSQL's five characters for what happened; empty where there are none."""
    return getattr(error.orig, "sqlstate", None) or ""


def _is_busy(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def _advice(reason: str) -> str | None:
    return next((advice for mark, advice in _ADVICE if re.search(mark, reason)), None)
