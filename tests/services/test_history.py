"""The life of a UID: who, when, what for, what came of it, where it went."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.errors import UnknownUid
from registry.records import Kind
from registry.render.formats import rendered
from registry.render.history import MOST, folded
from registry.render.history import life as rendered_life
from registry.services.checking import check
from registry.services.history import Event, history, life
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry
from registry.services.registering import register
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.showing import show
from registry.services.withdrawing import reinstate, withdraw
from tests.objects import SEG_CLASS, ct_slices, save_all, tiny

IMAGE, SERIES, STUDY = "1.2.3.4.1", "1.2.3.4", "1.2.3"


@pytest.fixture
def put(registry: OpenRegistry, tmp_path: Path) -> Callable[..., list[str]]:
    """Registers objects; their files."""
    made = iter(range(1000))

    def put(*objects: Dataset) -> list[str]:
        paths = [str(path) for path in save_all(list(objects), tmp_path / f"{next(made)}")]
        register(registry, paths)
        return paths

    return put


def whats(registry: OpenRegistry, uid: str) -> list[str]:
    return [event.what for event in history(registry, uid)]


def table(registry: OpenRegistry, uid: str) -> list[str]:
    return list(rendered(rendered_life(life(registry, uid)), "table"))


def test_from_issue_to_withdrawal(registry: OpenRegistry) -> None:
    (study,) = issue(registry, IssueRequest(Kind.STUDY, purpose="trial 7")).uids
    withdraw(registry, [study], "a test")
    reinstate(registry, [study], "it was none")
    told = history(registry, study)
    assert [(event.event, event.what) for event in told] == [
        ("uid:issue", "issued as study: trial 7"),
        ("uid:withdraw", "withdrawn: a test"),
        ("uid:reinstate", "reinstated: it was none"),
    ]
    assert {event.actor for event in told} == {"tester"}
    head, place, *_ = table(registry, study)
    assert head == f"study {study} (issued)"
    assert place == ""


def test_what_was_made_from_it_is_told_by_series(
    registry: OpenRegistry, put: Callable[..., list[str]]
) -> None:
    slices = ct_slices(2)
    image, series = slices[0].SOPInstanceUID, slices[0].SeriesInstanceUID
    put(*slices)
    derived = derive(registry, DeriveRequest((image,), "SEG"))
    pending = f"source of SEG series {derived.series_instance_uid}, not seen yet"
    assert pending in whats(registry, image)
    put(
        *(
            tiny(
                f"1.2.7.{n}",
                "1.2.7",
                slices[0].StudyInstanceUID,
                sop_class=SEG_CLASS,
                modality="SEG",
                sources=(s,),
            )
            for n, s in ((1, slices[0]), (2, slices[0]), (3, slices[1]))
        )
    )
    assert "referred to by 2 objects of SEG series 1.2.7" in whats(registry, image)
    assert "referred to by 1 object of SEG series 1.2.7" in whats(registry, slices[1].SOPInstanceUID)
    assert "referred to by 3 objects of SEG series 1.2.7" in whats(registry, series)
    assert not any("referred" in what for what in whats(registry, "1.2.7"))
    wrong = tiny("1.2.7.9", series, slices[0].StudyInstanceUID, sop_class=SEG_CLASS, sources=(slices[1],))
    put(wrong)
    assert "referred to by 1 object of its own series" in whats(registry, slices[1].SOPInstanceUID)


def test_what_waits_for_it_is_told_once_it_is_there(
    registry: OpenRegistry, put: Callable[..., list[str]]
) -> None:
    source = tiny()
    put(tiny("1.2.7.1", "1.2.7", sop_class=SEG_CLASS, modality="SEG", sources=(source,)))
    assert history(registry, IMAGE) == []
    assert table(registry, IMAGE) == [f"{IMAGE} is named by objects, and nobody has seen it yet"]
    put(source)
    assert "referred to by 1 object of SEG series 1.2.7" in whats(registry, IMAGE)


def test_where_it_went_and_where_it_was_stopped(
    registry: OpenRegistry, put: Callable[..., list[str]]
) -> None:
    source = tiny()
    wrong = tiny("1.2.3.4.2", sop_class=SEG_CLASS, modality="SEG", sources=(source,))
    put(source)
    check(registry, [source], for_export="A")
    put(wrong)
    check(registry, [source, wrong], for_export="B")
    *_, approved, blocked = (event for event in history(registry, IMAGE) if event.event == "export:check")
    assert approved.what == "approved for export to A"
    assert blocked.what.startswith("blocked on its way to B: ")
    assert "UID501" in blocked.what
    assert life(registry, IMAGE).sent_to == show(registry, IMAGE).sent_to == ("A",)
    assert table(registry, IMAGE)[:2] == [
        f"CT instance {IMAGE} (registered)",
        f"in series {SERIES} of study {STUDY}; sent to A",
    ]
    assert table(registry, SERIES)[1] == f"of study {STUDY}; holds 2 instances; sent to A"


def test_what_went_unrecorded_has_a_history(registry: OpenRegistry) -> None:
    check(registry, [tiny()], for_export="A")
    assert whats(registry, IMAGE) == ["approved for export to A"]
    assert table(registry, IMAGE)[:2] == [f"{IMAGE} was checked for export, and is not recorded", "sent to A"]
    with pytest.raises(UnknownUid, match="was checked for an export, and isn't recorded"):
        show(registry, IMAGE)
    with pytest.raises(UnknownUid, match="never heard"):
        history(registry, "1.2.3.4.5.6")


def test_a_finding_tells_what_was_said_of_it(registry: OpenRegistry, put: Callable[..., list[str]]) -> None:
    from registry.services.acknowledging import acknowledge
    from registry.store.findings import Which

    put(tiny(), tiny("1.2.3.4.2", modality="MR"))
    acknowledge(registry, Which(code="UID401"), "phantoms")
    told = whats(registry, SERIES)
    assert any(what.startswith("found UID401: ") and what.endswith(" (acknowledged since)") for what in told)
    assert "acknowledged UID401: phantoms" in told


# --- on one screen ----------------------------------------------------------------------------------


def events(*alike: str) -> list[Event]:
    return [
        Event(f"2026-11-{1 + n // 24:02}T{n % 24:02}:00:00.000000Z", n, "ann", f"{name} {n}", "a:b", name)
        for n, name in enumerate(alike)
    ]


def test_a_short_life_is_told_whole() -> None:
    told = folded(events("a", *["b"] * 9), 10)
    assert [row["what"] for row in told] == ["a 0", *(f"b {n}" for n in range(1, 10))]
    assert told[0]["at"] == "2026-11-01 00:00:00"


def test_of_a_long_one_the_first_are_told_and_the_rest_counted() -> None:
    told = folded(events("made", *["b"] * 90, "ended"), 26)
    assert [row["what"] for row in told] == [
        "made 0",
        *(f"b {n}" for n in range(1, 6)),
        "85 more b, until 2026-11-04 18:00:00",
        "ended 91",
    ]
    assert told[6]["entry"] == "6-90"


def test_it_is_one_screen_whatever_happened() -> None:
    many = events(*(f"sort {n % 40}" for n in range(4000)))
    told = folded(many, 26)
    assert len(told) == 26
    assert told[0]["what"] == "sort 0 0"
    assert any("more lines: --format json tells each event" in str(row["what"]) for row in told)


def test_a_registry_that_saw_much_tells_it_on_one_screen(
    registry: OpenRegistry, put: Callable[..., list[str]]
) -> None:
    put(tiny())
    for _ in range(12):
        check(registry, [tiny()], for_export="SITE")
    put(*(tiny(IMAGE, f"1.2.3.{n}") for n in range(10, 30)))
    assert len(history(registry, IMAGE)) > MOST
    shown = table(registry, IMAGE)
    assert len(shown) <= MOST
    assert any("more claims that were refused, until" in line for line in shown)
    assert any("more approvals for SITE, until" in line for line in shown)
