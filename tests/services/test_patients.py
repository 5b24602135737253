"""Patients joined and parted: what is found of them follows, and nothing of an ID is ever told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset

from registry.errors import BadRequest
from registry.services.auditing import audit_log
from registry.services.opening import OpenRegistry
from registry.services.patients import parse_lines, say
from registry.services.querying import kept_findings
from registry.services.registering import register
from registry.settings import Settings
from registry.store.verification import verify
from tests.databases import everything
from tests.objects import SEG_CLASS, save, tiny

ID1, ID2, ID3 = "HOSPITAL-4711", "CLINIC-0815", "PRACTICE-42"


def both(*ids: str) -> list[tuple[str, str]]:
    return [(each, "") for each in ids]


@pytest.fixture
def put(registry: OpenRegistry, tmp_path: Path) -> Callable[..., None]:
    made = iter(range(1000))

    def put(*objects: FileDataset) -> None:
        register(registry, [str(save(each, tmp_path / f"{next(made)}.dcm")) for each in objects])

    return put


def codes(registry: OpenRegistry) -> set[str]:
    return {finding.code for finding in kept_findings(registry)}


PATIENT_CODES = {"UID306", "UID309", "UID311", "UID507"}


@pytest.fixture
def mixed(registry: OpenRegistry, put: Callable[..., None]) -> None:
    """A study of two patients, a frame of reference of two, and a reference from one's study to another's."""
    source = tiny("1.2.3.4.1", patient=ID1, frame="1.2.3.9")
    put(source, tiny("1.2.3.4.2", patient=ID2))
    put(tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", patient=ID2, frame="1.2.3.9"))
    put(
        tiny("1.2.6.1.1", "1.2.6.1", "1.2.6", patient=ID1, frame="1.2.6.9"),
        tiny(
            "1.2.7.1.1",
            "1.2.7.1",
            "1.2.7",
            patient=ID2,
            sop_class=SEG_CLASS,
            modality="SEG",
            sources=(tiny("1.2.6.1.1", "1.2.6.1", "1.2.6"),),
        ),
    )
    assert {"UID306", "UID309", "UID507"} <= codes(registry)


@pytest.mark.usefixtures("mixed")
def test_a_merge_clears_and_a_split_brings_back(registry: OpenRegistry, put: Callable[..., None]) -> None:
    before = {(f.code, f.uid) for f in kept_findings(registry) if f.code in PATIENT_CODES}
    done = say(registry, both(ID1, ID2), same=True)
    assert (done.ids, done.unknown, done.linked) == (2, 0, 0)
    assert set(done.cleared) == {code for code, _ in before}
    assert not codes(registry) & PATIENT_CODES
    put(tiny("1.2.3.4.3", patient=ID2))
    assert not codes(registry) & PATIENT_CODES, "what comes later follows it too"
    done = say(registry, both(ID1, ID2), same=False)
    assert set(done.found) == {code for code, _ in before}
    assert {(f.code, f.uid) for f in kept_findings(registry) if f.code in PATIENT_CODES} == before
    say(registry, both(ID1, ID2), same=True)
    assert not codes(registry) & PATIENT_CODES, "the latest counts"
    with registry.database.reading() as connection:
        assert verify(connection).ok


def test_a_split_overrides_what_objects_say(registry: OpenRegistry, put: Callable[..., None]) -> None:
    put(tiny(patient=ID1, OtherPatientIDs=ID2), tiny("1.2.3.4.2", patient=ID2))
    assert "UID306" not in codes(registry)
    say(registry, both(ID1, ID2), same=False)
    assert "UID306" in codes(registry)
    put(tiny("1.2.3.4.3", patient=ID1, OtherPatientIDs=ID2))
    assert "UID306" in codes(registry)


def test_two_that_a_third_still_joins_are_told(registry: OpenRegistry, put: Callable[..., None]) -> None:
    put(tiny(patient=ID1), tiny("1.2.3.4.2", patient=ID2))
    say(registry, both(ID1, ID2, ID3), same=True)
    assert "UID306" not in codes(registry)
    done = say(registry, both(ID1, ID2), same=False)
    assert done.linked == 1
    assert "UID306" in codes(registry), "two who were parted are two, whoever is in between"
    assert say(registry, both(ID1, ID2, ID3), same=False).linked == 0


def test_an_issuer_that_is_missing_means_any(registry: OpenRegistry, put: Callable[..., None]) -> None:
    put(
        tiny(patient=ID1, IssuerOfPatientID="HERE"),
        tiny("1.2.3.4.2", patient=ID1, IssuerOfPatientID="THERE"),
    )
    assert "UID306" in codes(registry)
    say(registry, [(ID1, "HERE"), (ID1, "THERE")], same=True)
    assert "UID306" not in codes(registry)
    say(registry, [*both(ID1), (ID2, "HERE")], same=True)
    put(tiny("1.2.3.4.3", patient=ID2))
    assert "UID306" not in codes(registry)
    say(registry, both(ID1, ID2), same=False)
    assert "UID306" in codes(registry), "the split without issuers overrides the merge with one"


def test_ids_are_trimmed_and_counted_once(registry: OpenRegistry, put: Callable[..., None]) -> None:
    put(tiny(patient=f" {ID1} "), tiny("1.2.3.4.2", patient=ID2))
    done = say(registry, [(f"{ID1} ", ""), (ID1, ""), (f" {ID2}", ""), (ID3, " ")], same=True)
    assert (done.ids, done.unknown) == (3, 1)
    assert "UID306" not in codes(registry)
    with pytest.raises(BadRequest, match="1 different"):
        say(registry, [(ID1, ""), (f"{ID1} ", "")], same=True)


def test_nothing_of_an_id_is_in_the_registry(
    registry: OpenRegistry, put: Callable[..., None], settings: Settings
) -> None:
    put(tiny(patient=ID1))
    say(registry, both(ID1, ID2), same=True, reason="one person at the desk")
    (told,) = audit_log(registry, event="patient:merge")
    assert told.entry.detail == {"ids": 2, "unknown": 1, "linked": 0, "cleared": 0, "found": 0}
    assert told.entry.note == "one person at the desk"
    held = everything(settings)
    assert ID1.encode() not in held
    assert ID2.encode() not in held


def test_lines() -> None:
    assert parse_lines(["A", "", " B\tX\r", "C\t"]) == [("A", ""), ("B", "X"), ("C", "")]
    for bad in ("\tX", "A\tB\tC"):
        with pytest.raises(BadRequest, match="line 2") as error:
            parse_lines(["A", bad])
        assert "X" not in error.value.message
        assert "C" not in error.value.message
