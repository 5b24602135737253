"""An act: one transaction that ends with its audit entry, or leaves nothing.

Leaving the block rolls back; ``commit`` is a word that you write. It reads
nothing back but what others may have written first, digests the rows that the
act made, appends the entry and commits; so no row of history is ever committed
without the entry that accounts for it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import socket
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from itertools import repeat
from operator import itemgetter
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, LargeBinary, Select, Table, func, select, type_coerce

from registry.errors import RegistryError
from registry.events import DONE, is_known
from registry.store import schema
from registry.store.keyed import Question
from registry.store.packing import PackedUid
from registry.store.session import Database
from registry.store.writer import Row, encoder
from registry.trail import FIELDS, FORMAT, RowsDigest, canonical_entry, leaf_hash
from registry.version import __version__

APPLICATION = f"dicom-uid-registry {__version__}"


class Act:
    """A unit of work on the registry. ``entry`` is the ticket that its rows carry."""

    def __init__(
        self,
        database: Database,
        event: str,
        actor: str,
        *,
        request_id: str | None = None,
        alone: bool = False,
        question: Question | None = None,
        within: Connection | None = None,
    ) -> None:
        """``event`` is one of ``registry.events``, ``actor`` who does it.

        ``within`` is a connection whose transaction the act goes on with, and ends.
        ``alone`` waits until no other act is under way, and lets none begin. Where the
        engine can, it answers the ``question`` right away (``answer``).
        """
        if not is_known(event):
            raise RegistryError(f"{event} is no event of registry/events.py")
        self._alone, self.question, self._within = alone, question, within
        self._database = database
        self._event, self._actor, self._request_id = event, actor, request_id
        self._made: dict[Table, list[Row]] = defaultdict(list)  # rows that are surely ours
        self._unsure: set[Table] = set()  # tables where others may have been first
        self._session: ExitStack | None = None
        self._note: tuple[bytes, str] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as session:  # what fails in here leaves the session properly too
            self._connection = self._within or session.enter_context(self._database.writing())
            self._writer = self._database.writer(self._connection)
            begun = self._writer.begin(alone=self._alone, question=self.question)
            self._session = session.pop_all()
        self.entry, self.now, self._account = begun.ticket, begun.at, begun.account
        self.began_after, self.roots_said, self.answer = begun.after, begun.roots, begun.answer
        self._confirmed: int | None = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.__exit__(kind, error, traceback)

    @property
    def connection(self) -> Connection:
        """For questions; they see all that the act has inserted so far."""
        self.flush()
        return self._connection

    def flush(self) -> None:
        """Send what was only noted down, so that what is refused is refused now."""
        self._writer.flush()

    def next_ids(self, table: Table, count: int) -> Sequence[int]:
        """``count`` free surrogate keys of a table, ascending."""
        return self._writer.ids(table, count)

    def insert(self, table: Table, rows: Iterable[Mapping[str, Any]], *, known_is_fine: bool = False) -> int:
        """Insert rows of history under this act's entry; how many went in.

        A row that is refused raises a typed error, unless ``known_is_fine``: then
        one that is already there stays as it is.
        """
        encode = encoder(table)
        return self._insert(table, [encode({"entry": self.entry, **row}) for row in rows], known_is_fine)

    def insert_alike(
        self, table: Table, groups: Iterable[tuple[Mapping[str, object], Iterable[bytes]]]
    ) -> int:
        """Insert one row for each packed UID, all else being the same within a group; how many."""
        place = list(table.columns.keys()).index("uid")
        encode, rows = encoder(table), list[Row]()
        for row, keys in groups:
            alike = encode({"entry": self.entry, **row})
            columns = (keys if index == place else repeat(value) for index, value in enumerate(alike))
            rows += zip(*columns, strict=False)
        return self._insert(table, rows, False)

    def remember(self, table: Table, rows: list[Row], fresh: bool = False) -> None:
        """Insert rows of work, which the trail doesn't cover; one that is there already stays.
        ``fresh`` ones surely aren't there."""
        if rows:
            self._writer.insert(table, sorted(rows), not fresh)

    def insert_columns(
        self, table: Table, names: Sequence[str], rows: Sequence[Row], *, known_is_fine: bool = False
    ) -> int:
        """Insert rows of which only some columns have a value, as the database stores it."""
        given = (*names, "entry")
        places = [given.index(column.name) if column.name in given else -1 for column in table.columns]
        # The last value stands for every column that is left out.
        pick = itemgetter(*places)
        rest = (self.entry, None)
        return self._insert(table, [pick(row + rest) for row in rows], known_is_fine)

    def _insert(self, table: Table, encoded: list[Row], known_is_fine: bool) -> int:
        if not encoded:
            return 0
        # Whoever waits for another's row waits in one order, so that no two wait for each other.
        encoded.sort(key=_key_of(table))
        inserted = self._writer.insert(table, encoded, known_is_fine)
        if inserted == len(encoded):
            self._made[table] += encoded
        else:
            self._unsure.add(table)
        return inserted

    def confirmed(self, place: int) -> None:
        """What the act decided still holds at this place of the trail; beyond it, it is given up."""
        self._confirmed = place

    def note(self, text: str) -> None:
        """Keep a free text with the entry: apart from it, so that it can be redacted."""
        self._note = (secrets.token_bytes(16), text)
        self.insert(schema.notes, [{"salt": self._note[0], "text": text}])

    def commit(self, outcome: str = DONE, /, **detail: object) -> int:
        """Append the entry and commit; the entry's place in the trail.

        ``detail`` is what the entry says of the act: counts, codes, UIDs.
        """
        if not is_known(self._event, outcome):
            raise RegistryError(f"{self._event} {outcome} is no event of registry/events.py")
        said: dict[str, object] = {
            "id": self.entry,
            "at": timestamp(self.now),
            "event": self._event,
            "outcome": outcome,
            "actor": self._actor[:200],
            "account": self._account.name[:200],
            "role": self._account.role,
            "host": socket.gethostname()[:255],
            "application": APPLICATION,
            "request_id": self._request_id,
            "note_hash": note_hash(*self._note).hex() if self._note else None,
            "detail": _json(detail),
            "rows": _json({table.name: self._digest(table) for table in self._touched()}),
        }
        fields = {name: said[name] for name in FIELDS[FORMAT]}
        columns = {
            **dict.fromkeys(said),
            **fields,
            "format": FORMAT,
            "leaf": leaf_hash(canonical_entry(fields, FORMAT)),
        }
        if self._note:
            columns["note_hash"] = note_hash(*self._note)
        return self._writer.append(columns, self._added_to_ledger(), self._confirmed)

    def _touched(self) -> list[Table]:
        return sorted({*self._made, *self._unsure}, key=lambda table: table.name)

    def _digest(self, table: Table) -> list[object]:
        rows = self._made[table]
        if table in self._unsure:
            ours = self.connection.execute(stored_rows(table).where(table.c.entry == self.entry))
            rows = [tuple(row) for row in ours]
        digest = RowsDigest()
        digest.add_all(sorted(rows, key=_key_of(table)))
        return [digest.count, digest.hexdigest()]

    def _added_to_ledger(self) -> int:
        if schema.ledger in self._unsure:
            ours = select(func.count()).where(schema.ledger.c.entry == self.entry)
            return int(self.connection.execute(ours).scalar_one())
        return len(self._made[schema.ledger])


def timestamp(moment: datetime) -> str:
    """A moment as the trail writes it: UTC, microseconds, fixed width."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def note_hash(salt: bytes, text: str) -> bytes:
    """The hash of a free text; without the salt nothing can be tried out against it."""
    return hashlib.sha256(salt + text.encode()).digest()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def stored_rows(table: Table) -> Select[Any]:
    """A query for rows as they are stored, packed UIDs as bytes."""
    return select(
        *(type_coerce(c, LargeBinary) if isinstance(c.type, PackedUid) else c for c in table.columns)
    )


@cache
def _key_of(table: Table) -> Callable[[Sequence[Any]], Any]:
    return itemgetter(*(list(table.columns).index(column) for column in table.primary_key.columns))
