"""What became of a commit whose connection was lost: the server is asked, until it tells."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, OperationalError

from registry.errors import OutcomeUnknown
from registry.store.failures import sql_state

SETTLE_SECONDS = 30
"""How long the server is asked."""


def settled(engine: Engine, transaction_id: str, entry: Mapping[str, object], error: DBAPIError) -> int:
    """The place of an entry whose commit lost its connection, if it came through.

    The server is asked what became of the transaction; it may still be at work
    on it. Then only the entry itself says that it was written, by its hash: a
    server that crashed may have forgotten the numbers of the transaction and the
    ticket, and given them to another act. Raises ``error`` again where nothing
    of it is there, ``OutcomeUnknown`` where nobody can be asked.
    """
    ticket, deadline = entry["id"], time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        try:
            with engine.connect() as another:
                over = _is_over(another, transaction_id)
            with engine.connect() as another:
                written = "SELECT seq FROM entries WHERE id = %(id)s AND leaf = %(leaf)s"
                found = another.exec_driver_sql(written, {"id": ticket, "leaf": entry["leaf"]})
                if (seq := found.scalar_one_or_none()) is not None:
                    return int(seq)
            if over:
                raise error
        except OperationalError as failed:
            if failed is error:
                raise
        time.sleep(0.2)
    raise OutcomeUnknown(
        "the connection to the database was lost while this was being recorded, and it can't be asked "
        f"whether entry {ticket} was written",
        advice="A call with --request-id can simply be repeated: it gives the same answer. For any other "
        f"`uid-registry audit log {ticket}` tells, when the database is back, whether it is yours.",
    ) from error


def _is_over(connection: Connection, transaction_id: str) -> bool:
    """Whether a transaction has ended, one way or the other."""
    try:
        asked = "SELECT pg_xact_status(%(id)s::xid8)"
        return bool(connection.exec_driver_sql(asked, {"id": transaction_id}).scalar_one() != "in progress")
    except DBAPIError as error:
        if sql_state(error) != _NEVER_GIVEN:
            raise
        return True  # the server crashed, and nothing of the transaction had reached its disk


_NEVER_GIVEN = "22023"
"""What is said of a transaction's number that is yet to be given."""
