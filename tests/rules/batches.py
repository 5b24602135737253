"""Asking every rule about a batch of real objects, in a registry that may know others before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pydicom
from pydicom.dataset import Dataset

from registry.checksettings import CheckSettings
from registry.dicomfile.reader import read
from registry.dicomfile.sources import Source
from registry.records import Finding, Severity
from registry.rules.policy import Policy
from registry.services.assessing import assess
from registry.services.opening import OpenRegistry
from registry.services.registering import write
from registry.store.roots import load_roots
from registry.store.words import Words
from tests.objects import save

EVERYTHING = Policy(CheckSettings().asked(("ALL",), ()))
"""Every rule there is, those that are off unless selected too."""

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE


@contextmanager
def lax() -> Iterator[None]:
    """pydicom lets wrong values pass in silence, which are what these tests are about."""
    settings = pydicom.config.settings
    before = settings.reading_validation_mode, settings.writing_validation_mode
    settings.reading_validation_mode = settings.writing_validation_mode = pydicom.config.IGNORE
    try:
        yield
    finally:
        settings.reading_validation_mode, settings.writing_validation_mode = before


@dataclass(frozen=True)
class Bench:
    """A registry, and a folder to write files into."""

    registry: OpenRegistry
    folder: Path

    def checked(self, *objects: Dataset, destination: str | None = None) -> list[Finding]:
        """What every rule finds in some objects before an export; nothing is written."""
        with self.registry.database.reading() as connection:
            roots, now = load_roots(connection), datetime.now(UTC)
            found = assess(
                connection,
                Words(connection),
                self._claims(objects),
                roots,
                now,
                gate=True,
                policy=EVERYTHING,
                destination=destination,
            )
        return found.findings

    def registered(self, *objects: Dataset) -> list[Finding]:
        """What every rule finds in some objects that are recorded."""
        with self.registry.act("object:register") as act:
            words, roots = Words(act.connection), load_roots(act.connection, act.roots_said)
            claims = self._claims(objects)
            found = assess(act.connection, words, claims, roots, act.now, gate=False, policy=EVERYTHING)
            write(act, words, found)
            act.commit()
        return found.findings

    def _claims(self, objects: Iterable[Dataset]) -> list[Any]:
        with lax():
            paths = [save(one, self.folder / f"{index}.dcm") for index, one in enumerate(objects)]
        return [read(Source(str(path)), self.registry.reader_keys) for path in paths]


def of(code: str, findings: Sequence[Finding]) -> list[tuple[Severity, str | None]]:
    """What one rule found: how grave, and about which UID."""
    return sorted((finding.severity, finding.uid) for finding in findings if finding.code == code)


def one(code: str, findings: Sequence[Finding]) -> Finding:
    """The only finding of a rule."""
    (found,) = (finding for finding in findings if finding.code == code)
    return found
