"""Asking rules about real files: written to a disk, read by the workers, judged before an export."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from registry.records import Finding, Kind, ObjectClaim, Reading, Severity
from registry.rules import RULES, ask
from registry.rules.base import Rule, View
from registry.rules.subjects import Subjects
from registry.services import assessing
from registry.services.checking import check
from registry.services.opening import OpenRegistry, opened
from registry.services.reading import read_all
from tests.conftest import Registries
from tests.objects import save

E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE

Seen = tuple[Severity, str | None, Kind | None]
"""What a test looks at in a finding: how grave, about which UID, of what kind."""


@dataclass(frozen=True)
class Case:
    """One file, and what one rule must find in it: nothing, where ``seen`` is empty."""

    code: str
    name: str
    file: Dataset | bytes
    seen: Seen | Sequence[Seen] = ()
    message: str = ""  # a part of it

    @property
    def expected(self) -> list[Seen]:
        one = isinstance(self.seen, tuple) and self.seen and isinstance(self.seen[0], Severity)
        return [self.seen] if one else list(self.seen)  # type: ignore[list-item, arg-type]

    @property
    def id(self) -> str:
        return f"{self.code}: {self.name}"


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


@pytest.fixture(autouse=True)
def _lax() -> Iterator[None]:
    with lax():
        yield


def asked_about_all(rules: Iterable[Rule], subjects: Subjects, view: View) -> list[Finding]:
    """What some rules find, each asked about every subject, whatever its row says."""
    return list(ask([replace(rule, given=None, somewhere=None) for rule in rules], subjects, view))


def asked_both_ways(rules: Iterable[Rule], subjects: Subjects, view: View) -> list[Finding]:
    """What some rules find. About what they aren't asked they have nothing to tell."""
    rules = list(rules)
    found = list(ask(rules, subjects, view))
    assert found == asked_about_all(rules, subjects, view)
    return found


@pytest.fixture(autouse=True)
def _nothing_is_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assessing, "ask", asked_both_ways)


def cases(table: Sequence[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", table, ids=lambda case: case.id)


def bytes_of(data_set: Dataset, preamble: bytes = b"", *, renewed: bool = True) -> bytes:
    """An object as a file, its first bytes those of ``preamble``; ``renewed=False`` leaves the
    file meta information as it is, right or wrong."""
    file = io.BytesIO()
    data_set.preamble = preamble.ljust(128, b"\0")
    with lax():
        data_set.save_as(file, enforce_file_format=renewed)
    return file.getvalue()


def write(one: Dataset | bytes, path: Path) -> Path:
    if isinstance(one, bytes):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(one)
        return path
    if one.get("SOPClassUID") and one.get("SOPInstanceUID"):
        with lax():
            return save(one, path)
    return write(bytes_of(one, renewed=False), path)  # which pydicom wouldn't write as a proper file


OFF = frozenset({"UID104", "UID108", "UID205", "UID411", "UID604", "UID606"})
"""Rules that see a file or a batch and are off unless selected. Not one of them looks at the
registry, so they are asked of the claims themselves, whatever is selected."""


def judged(registry: OpenRegistry, paths: Sequence[Path]) -> list[Finding]:
    """All that is found in some files before an export, by the rules that are ``OFF`` too."""
    names = [str(path) for path in paths]
    limits = registry.settings.limits
    readings: list[Reading] = [reading for _, reading in read_all(names, registry.reader_keys, limits)]
    claims = [reading for reading in readings if isinstance(reading, ObjectClaim)]
    subjects = Subjects(claims, uids={uid for claim in claims for _, uid in claim.identities})
    off = [rule for rule in RULES if rule.code in OFF]
    on = [finding for finding in check(registry, names).findings if finding.code not in OFF]
    return [*on, *asked_both_ways(off, subjects, None)]  # type: ignore[arg-type]


Judged = Callable[[Case], list[Finding]]


@pytest.fixture(scope="module")
def in_file(
    request: pytest.FixtureRequest,
    _registries: Callable[[str], Registries],
    tmp_path_factory: pytest.TempPathFactory,
) -> Judged:
    """The findings of a case's rule in its file. The files of a module's table are read in one
    run, because starting a worker for each would take longer than all else."""
    table: Sequence[Case] = request.module.CASES
    folder = tmp_path_factory.mktemp("cases")
    paths = {case.id: write(case.file, folder / f"{index}.dcm") for index, case in enumerate(table)}
    assert len(paths) == len(table), "two cases have one name"
    with opened(_registries("sqlite").make()) as registry:
        findings = judged(registry, list(paths.values()))

    def of(case: Case) -> list[Finding]:
        return [f for f in findings if f.path == str(paths[case.id]) and f.code == case.code]

    return of


def seen(findings: Sequence[Finding]) -> list[Seen]:
    return [(finding.severity, finding.uid, finding.kind) for finding in findings]


def agrees(case: Case, findings: Sequence[Finding]) -> None:
    """Assert that a rule found what the case says and nothing else."""
    assert seen(findings) == case.expected, [finding.message for finding in findings]
    assert all(case.message in finding.message for finding in findings)


@pytest.fixture
def look(registry: OpenRegistry, tmp_path: Path) -> Callable[..., list[Finding]]:
    """The findings of one rule about some objects in one batch."""

    def about(code: str, *objects: Dataset | bytes) -> list[Finding]:
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        paths = [write(one, folder / f"{index}.dcm") for index, one in enumerate(objects)]
        return [finding for finding in judged(registry, paths) if finding.code == code]

    return about
