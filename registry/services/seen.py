"""The head of the trail that this machine saw last: kept outside the database, so that a trail
that shrank or was written anew is refused by the next command.

Whoever can change the database needn't be able to change the files of those who use
it. One small file for each registry, for each user: a checkpoint that nobody signed.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from registry.errors import MalformedNote, RegistryError, TrailBroken, Unavailable
from registry.note import Checkpoint
from registry.placement import alone_in, replaced
from registry.settings import APPLICATION, Settings
from registry.store.session import Connection, Database, place_of
from registry.store.tree import Head, head_of, heads_of, misfit, size_of

OFF = "none"


@dataclass(frozen=True, slots=True)
class Seen:
    """A head that was seen, and when."""

    head: Head
    at: datetime


class SeenHead:
    """Where the head of one registry is kept. All files may be missing, none must be there."""

    def __init__(self, settings: Settings, database: Database, origin: str) -> None:
        self._database, self._origin = database, origin
        folder = Path(settings.seen or platformdirs.user_state_dir(APPLICATION)).expanduser()
        name = hashlib.sha256(f"{origin}\n{place_of(database.url)}".encode()).hexdigest()[:32]
        self.file = folder / "seen" / name if settings.seen != OFF else None

    def read(self) -> Seen | None:
        """What was seen; None where nothing was, or the file doesn't say it any more: it isn't
        synced to the disk, and a power failure may empty it."""
        if self.file is None:
            return None
        try:
            with self.file.open("rb") as file:
                text, at = file.read(_LARGEST), self.file.stat().st_mtime
            said = Checkpoint.parse(text.decode("utf-8"))
        except (OSError, UnicodeDecodeError, MalformedNote):
            return None
        if said.origin != self._origin:
            return None
        return Seen(Head(said.size, said.root), datetime.fromtimestamp(at, UTC))

    def problem(self) -> str | None:
        """Why the trail isn't the one that was seen; None: it is, or goes on from it."""
        if self.read() is None:
            return None
        with self._database.reading() as connection:
            return self._problem(connection)

    def _problem(self, connection: Connection) -> str | None:
        if (seen := self.read()) is None:
            return None
        why = misfit(connection, seen.head)
        return why and f"{why} (seen from here at {seen.at:%Y-%m-%d %H:%M:%S} UTC, in {self.file})"

    def differs(self) -> bool:
        """Whether the trail isn't the one that was seen, or can't be told to be."""
        try:
            return self.problem() is not None
        except TrailBroken:  # the tree has holes
            return True

    def require(self, connection: Connection) -> None:
        """Raise ``TrailBroken`` where the trail isn't the one that was seen."""
        if (why := self._problem(connection)) is not None:
            raise TrailBroken(f"the trail isn't the one that was last seen here: {why}", advice=ADVICE)

    def writable(self) -> bool:
        """Whether a head could be kept: in the folder, or in one that is still to be made."""
        if self.file is None:
            return False
        there = next(folder for folder in self.file.parents if folder.exists())
        return there.is_dir() and os.access(there, os.W_OK)

    def keep(self, *, whatever_was: bool = False) -> bool:
        """Keep the newest head, if it goes on from the one kept; whether it is kept now.

        ``whatever_was`` there before: somebody accepted that it isn't the same.
        """
        if self.file is None:
            return False
        with suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            head = self._next(None if whatever_was else self.read())
            return head is not None and self._put(self.file, head, whatever_was)
        return False

    def _next(self, seen: Seen | None) -> Head | None:
        """The newest head, if it goes on from what was seen."""
        with self._database.reading() as connection:
            size = size_of(connection)
            if seen is None:
                return head_of(connection, size)
            if size <= seen.head.size:
                return seen.head if size == seen.head.size else None
            before, head = heads_of(connection, seen.head.size, size)
            return head if before == seen.head else None

    def _put(self, file: Path, head: Head, whatever_was: bool) -> bool:
        # Nothing is asked of the database in here: whoever waits for it keeps no one waiting.
        with alone_in(file.parent):
            there = None if whatever_was else self.read()
            if there is None or there.head.size < head.size:
                with replaced(file, durable=False) as written:
                    written.write_text(Checkpoint(self._origin, head.size, head.root).text, encoding="utf-8")
        return True

    def keep_after(self, error: BaseException | None) -> None:
        """Keep the newest head at the end of a session, however that ended; where it can't be
        kept, the session is none the worse."""
        if error is None or (isinstance(error, Exception) and not isinstance(error, Unavailable)):
            with suppress(RegistryError, OSError):
                self.keep()


_LARGEST = 4096

ADVICE = (
    "Keep the database as it is, and compare it with a checkpoint: `uid-registry audit verify --against "
    "FILE`. If a backup was restored on purpose: `uid-registry audit accept --reason TEXT`."
)
