"""Two writers who can't see each other's rows overlook nothing together (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset

from registry.errors import DatabaseBusy
from registry.records import Kind
from registry.services import desk, registering
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import kept_findings, tree
from registry.services.registering import register
from registry.services.requests import DeriveRequest, IssueRequest
from registry.settings import Settings
from registry.store import concurrent, retrying
from registry.store.entries import log
from registry.store.verification import verify
from tests.objects import SEG_CLASS, save_all, tiny

pytestmark = pytest.mark.engine("postgresql")

IMAGE = tiny("1.9.1.1", "1.9.1", "1.9")
IN_ITS_SERIES = tiny("1.9.1.2", "1.9.1", "1.9", sop_class=SEG_CLASS, modality="SEG", sources=(IMAGE,))
"""A segmentation in the series of the image that it is made from: UID501."""
OTHER_PATIENT = tiny("1.9.2.1", "1.9.2", "1.9", patient="P77")
"""Another patient in the same study: UID306."""

PAIRS = [
    pytest.param(IMAGE, IN_ITS_SERIES, "UID501", id="the image first"),
    pytest.param(IN_ITS_SERIES, IMAGE, "UID501", id="the segmentation first"),
    pytest.param(tiny("1.9.1.9", "1.9.1", "1.9"), OTHER_PATIENT, "UID306", id="two patients"),
]


@pytest.fixture
def files(tmp_path: Path) -> Callable[[Dataset], list[str]]:
    return lambda each: [str(path) for path in save_all([each], tmp_path / str(each.SOPInstanceUID))]


def known_before(registry: OpenRegistry, files: Callable[[Dataset], list[str]]) -> None:
    """Series and study are in the ledger already, so that no key makes one writer wait for the other."""
    for each in (tiny("1.9.1.77", "1.9.1", "1.9"), tiny("1.9.2.77", "1.9.2", "1.9")):
        register(registry, files(each))


class Meanwhile:
    """Lets another writer act at one point of this one's act, once."""

    def __init__(self, before: Callable[..., Any], other: Callable[[], object], *, after: bool) -> None:
        self._before, self._other, self._after = before, other, after
        self.calls = 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        if self._after:
            result = self._before(*arguments)
            self._act()
            return result
        self._act()
        return self._before(*arguments)

    def _act(self) -> None:
        if self.calls == 1:
            self._other()


@pytest.mark.parametrize(("first", "second", "code"), PAIRS)
@pytest.mark.parametrize("after", [False, True], ids=["before it looks again", "after it has looked again"])
def test_what_two_writers_record_at_once_is_found(
    settings: Settings,
    files: Callable[[Dataset], list[str]],
    monkeypatch: pytest.MonkeyPatch,
    first: Dataset,
    second: Dataset,
    code: str,
    after: bool,
) -> None:
    with opened(settings) as one, opened(settings) as other:
        known_before(one, files)
        assert code not in {finding.code for finding in kept_findings(one)}
        meanwhile = Meanwhile(concurrent.confirm, lambda: register(other, files(first)), after=after)
        monkeypatch.setattr(registering, "confirm", meanwhile)
        report = register(one, files(second))
        assert code in {finding.code for finding in report.findings}
        assert code in {finding.code for finding in kept_findings(one)}
        assert meanwhile.calls == 3, "the other's, ours in vain, ours again"
        with one.database.reading() as connection:
            assert verify(connection).ok


def test_an_image_that_brings_nothing_but_itself_is_noticed_at_the_last_moment(
    settings: Settings, files: Callable[[Dataset], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its act makes one row in the ledger and no other."""
    with opened(settings) as one, opened(settings) as other:
        known_before(one, files)
        meanwhile = Meanwhile(concurrent.confirm, lambda: register(other, files(IMAGE)), after=True)
        monkeypatch.setattr(registering, "confirm", meanwhile)
        register(one, files(IN_ITS_SERIES))
        assert "UID501" in {finding.code for finding in kept_findings(one)}
        with one.database.reading() as connection:
            *_, theirs, ours = log(connection, event="object:register")
        assert {table for table, made in theirs.rows.items() if made} == {"ledger"}
        assert ours.rows["derivations"] == 1


def test_who_says_nothing_about_it_is_in_nobodys_way(
    settings: Settings, files: Callable[[Dataset], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(settings) as one, opened(settings) as other:
        known_before(one, files)

        def elsewhere() -> None:
            register(other, files(tiny("1.8.1.1", "1.8.1", "1.8", patient="P8")))
            issue(other, IssueRequest(Kind.STUDY))

        meanwhile = Meanwhile(concurrent.confirm, elsewhere, after=False)
        monkeypatch.setattr(registering, "confirm", meanwhile)
        register(one, files(IMAGE))
        assert meanwhile.calls == 2, "the other's, and ours at the first try"


def test_a_source_that_comes_while_something_is_derived_from_it_is_linked(
    settings: Settings, files: Callable[[Dataset], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(settings) as one, opened(settings) as other:
        known_before(one, files)
        meanwhile = Meanwhile(concurrent.confirm, lambda: register(other, files(IMAGE)), after=False)
        monkeypatch.setattr(desk, "confirm", meanwhile)
        derived = derive(one, DeriveRequest((str(IMAGE.SOPInstanceUID),), "SEG", study_instance_uid="1.9"))
        below = {node.series_instance_uid: node.below for node in tree(one, "1.9").series}
        assert [node.series_instance_uid for node in below["1.9.1"]] == [derived.series_instance_uid]


def test_an_act_that_is_disturbed_for_ever_ends_and_says_so(
    settings: Settings, files: Callable[[Dataset], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def always(*_: object) -> None:
        raise retrying.LostRace

    monkeypatch.setattr(registering, "confirm", always)
    monkeypatch.setattr(retrying, "_LONGEST_PAUSE", 0.001)
    with opened(settings) as registry, pytest.raises(DatabaseBusy, match=r"\(tried 12 times in \d+ s\)"):
        register(registry, files(IMAGE))
