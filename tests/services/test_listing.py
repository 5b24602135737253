"""Which UIDs went where, and which are one person's; of whom nothing is kept, told or logged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.errors import BadRequest, DatabaseUnusable
from registry.records import Kind
from registry.services import people
from registry.services.auditing import audit_log
from registry.services.checking import check
from registry.services.issuing import issue
from registry.services.listing import Listing, listed
from registry.services.opening import OpenRegistry, opened
from registry.services.patients import say
from registry.services.people import By, asked
from registry.services.registering import register
from registry.services.requests import IssueRequest
from registry.services.resolving import resolve
from registry.settings import Settings
from registry.store.exports import Way
from registry.store.listing import Filters
from tests.databases import everything
from tests.objects import save_all, tiny

ID, OTHER, NUMBER = "HOSPITAL-4711", "CLINIC-0815", "ACC-99"


@pytest.fixture
def put(registry: OpenRegistry, tmp_path: Path) -> Callable[..., list[Dataset]]:
    """Registers objects, and gives them back."""
    made = iter(range(1000))

    def put(*objects: Dataset, context: str | None = None) -> list[Dataset]:
        paths = [str(path) for path in save_all(list(objects), tmp_path / f"{next(made)}")]
        register(registry, paths, context=context)
        return list(objects)

    return put


def uids(found: Listing) -> list[str]:
    return sorted(item.uid for item in found.items if item.listed)


def of_patient(registry: OpenRegistry, *lines: str, **options: object) -> Listing:
    filters = options.pop("filters", Filters())
    return listed(registry, filters, whose=asked(By.PATIENT, lines), **options)  # type: ignore[arg-type]


def of_accession(registry: OpenRegistry, *lines: str, **options: object) -> set[str]:
    return set(uids(listed(registry, Filters(), whose=asked(By.ACCESSION, lines), **options)))  # type: ignore[arg-type]


# --- what went where ---------------------------------------------------------------------------------


def test_what_was_approved_went_there_and_nothing_else(
    registry: OpenRegistry, put: Callable[..., list[Dataset]]
) -> None:
    one, other = put(tiny()), put(tiny("1.2.5.1.1", "1.2.5.1", "1.2.5"))
    check(registry, one, for_export="A")
    check(registry, [*one, *other], for_export="B")
    wrong = put(tiny("1.2.6.1.1", "1.2.6.1", "1.2.6"), tiny("1.2.6.1.1", "1.2.6.1", "1.2.6", pixels=b"\7"))
    check(registry, wrong, for_export="A")
    of_one, of_other = ["1.2.3", "1.2.3.4", "1.2.3.4.1"], ["1.2.5", "1.2.5.1", "1.2.5.1.1"]
    assert uids(listed(registry, Filters(sent=Way("A")))) == of_one
    assert uids(listed(registry, Filters(sent=Way("B")))) == [*of_one, *of_other]
    assert uids(listed(registry, Filters(sent=Way("a")))) == []
    assert uids(listed(registry, Filters(sent=Way("B"), study="1.2.5"))) == of_other
    assert uids(listed(registry, Filters(sent=Way("A"), study="1.2.5"))) == []
    assert uids(listed(registry, Filters(sent=Way("B"), series="1.2.5.1"))) == of_other[1:]
    assert uids(listed(registry, Filters(sent=Way("B"), kind=Kind.SERIES))) == ["1.2.3.4", "1.2.5.1"]
    assert len(list(listed(registry, Filters(sent=Way("B")), most=2).items)) == 2


def test_who_let_it_out_and_when(registry: OpenRegistry, put: Callable[..., list[Dataset]]) -> None:
    paths = put(tiny())
    entries = [check(registry, paths, for_export="A").export for _ in range(2)]
    first, second = (next(audit_log_of(registry, export.entry)) for export in entries if export)
    found = listed(registry, Filters(sent=Way("A")))
    assert {(sent.entry, sent.at) for _, _, sent in found.items if sent} == {first}
    again = listed(registry, Filters(sent=Way("A", since=second[1])))
    assert {(sent.entry, sent.at) for _, _, sent in again.items if sent} == {second}
    assert uids(listed(registry, Filters(sent=Way("A", until=first[1])))) == []
    assert uids(listed(registry, Filters(sent=Way("A", actor="ben")))) == []
    assert len(uids(listed(registry, Filters(sent=Way("A", actor="tester"))))) == 3


def audit_log_of(registry: OpenRegistry, entry: int):  # type: ignore[no-untyped-def]
    return ((told.entry.id, told.entry.at) for told in audit_log(registry, entry=entry))


def test_what_went_unrecorded_is_told_as_far_as_it_can_be(
    registry: OpenRegistry, put: Callable[..., list[Dataset]]
) -> None:
    known = put(tiny())
    unknown = [tiny("1.2.5.1.1", "1.2.5.1", "1.2.5")]
    check(registry, [*known, *unknown], for_export="A")

    def found(**filters: object) -> tuple[list[str], list[str], int]:
        result = listed(registry, Filters(sent=Way("A"), **filters))  # type: ignore[arg-type]
        items = list(result.items)
        there, elsewhere = (
            sorted(i.uid for i in items if (i.listed is None) == new) for new in (False, True)
        )
        return there, elsewhere, result.left_out

    assert found() == (["1.2.3", "1.2.3.4", "1.2.3.4.1"], ["1.2.5", "1.2.5.1", "1.2.5.1.1"], 0)
    assert found(kind=Kind.SERIES) == (["1.2.3.4"], ["1.2.5.1"], 0)
    assert found(under="1.2.5.") == ([], ["1.2.5.1", "1.2.5.1.1"], 0)
    assert found(study="1.2.3") == (["1.2.3", "1.2.3.4", "1.2.3.4.1"], [], 3)
    assert found(modality="CT", kind=Kind.SERIES) == (["1.2.3.4"], [], 1)
    few = listed(registry, Filters(sent=Way("A")), most=4).items
    assert [item.listed is not None for item in few] == [True, True, True, False]
    put(*unknown)
    assert found()[1:] == ([], 0)


# --- one person's -------------------------------------------------------------------------------------


def test_all_that_is_one_persons(registry: OpenRegistry, put: Callable[..., list[Dataset]]) -> None:
    put(tiny(patient=ID, frame="1.2.3.9"), tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", patient=OTHER))
    (series,) = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid="1.2.3", modality="SEG")).uids
    (shared,) = issue(registry, IssueRequest(Kind.TRACKING, study_instance_uid="1.2.3")).uids
    found = of_patient(registry, ID)
    assert set(uids(found)) == {"1.2.3", "1.2.3.4", "1.2.3.4.1", "1.2.3.9", series, shared}
    assert found.persons is not None
    assert (found.persons.unknown, found.persons.others) == (0, 0)
    assert uids(of_patient(registry, ID, filters=Filters(state="issued", kind=Kind.SERIES))) == [series]
    assert set(uids(of_patient(registry, OTHER))) == {"1.2.5", "1.2.5.1", "1.2.5.1.1"}
    assert len(uids(of_patient(registry, f"{ID} \r", OTHER, ""))) == 9
    nobody = of_patient(registry, "NOBODY")
    assert uids(nobody) == []
    assert nobody.persons is not None
    assert nobody.persons.unknown == 1


def test_all_ids_of_a_person_count_as_objects_and_people_say(
    registry: OpenRegistry, put: Callable[..., list[Dataset]]
) -> None:
    put(
        tiny(patient=ID, OtherPatientIDs="P3"),
        tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", patient=OTHER),
        tiny("1.2.6.1.1", "1.2.6.1", "1.2.6", patient="P3"),
    )
    studies = Filters(kind=Kind.STUDY)
    assert uids(of_patient(registry, ID, filters=studies)) == ["1.2.3", "1.2.6"]
    say(registry, [(ID, ""), (OTHER, "")], same=True)
    found = of_patient(registry, OTHER, filters=studies)
    assert uids(found) == ["1.2.3", "1.2.5", "1.2.6"]
    assert found.persons is not None
    assert found.persons.others == 2
    say(registry, [(ID, ""), ("P3", "")], same=False)
    assert uids(of_patient(registry, OTHER, filters=studies)) == ["1.2.3", "1.2.5"]


def test_an_issuer_tells_two_with_one_id_apart(
    registry: OpenRegistry, put: Callable[..., list[Dataset]]
) -> None:
    put(
        tiny(patient=ID, IssuerOfPatientID="A"),
        tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", patient=ID, IssuerOfPatientID="B"),
        tiny("1.2.6.1.1", "1.2.6.1", "1.2.6", patient=ID),
    )
    studies = Filters(kind=Kind.STUDY)
    assert uids(of_patient(registry, f"{ID}\tA", filters=studies)) == ["1.2.3", "1.2.6"]
    assert uids(of_patient(registry, f"{ID}\tB", filters=studies)) == ["1.2.5", "1.2.6"]
    assert uids(of_patient(registry, ID, filters=studies)) == ["1.2.3", "1.2.5", "1.2.6"]


def test_decisions_are_followed(registry: OpenRegistry, put: Callable[..., list[Dataset]]) -> None:
    put(tiny(patient=ID), tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", patient=OTHER))
    put(tiny("1.2.3.4.2", study="1.2.5", patient=OTHER))
    assert "1.2.3.4" in uids(of_patient(registry, ID))
    resolve(registry, "1.2.3.4", "second", "it was another's")
    assert "1.2.3.4" not in uids(of_patient(registry, ID))
    assert {"1.2.3.4", "1.2.3.4.1"} <= set(uids(of_patient(registry, OTHER)))


def test_what_of_a_person_went_there(registry: OpenRegistry, put: Callable[..., list[Dataset]]) -> None:
    mine, others = put(tiny(patient=ID)), put(tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", patient=OTHER))
    put(tiny("1.2.3.4.2", patient=ID))
    check(registry, [*mine, *others, tiny("1.2.7.1.1", "1.2.7.1", "1.2.7")], for_export="A")
    found = of_patient(registry, ID, filters=Filters(sent=Way("A")))
    items = list(found.items)
    assert sorted(item.uid for item in items) == ["1.2.3", "1.2.3.4", "1.2.3.4.1"]
    assert all(item.listed for item in items)
    assert found.left_out == 3
    assert uids(of_patient(registry, ID, filters=Filters(sent=Way("B")))) == []


def test_by_accession_number(registry: OpenRegistry, put: Callable[..., list[Dataset]]) -> None:
    put(
        tiny(patient=ID, AccessionNumber=NUMBER),
        tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", AccessionNumber=NUMBER),
        tiny("1.2.6.1.1", "1.2.6.1", "1.2.6", AccessionNumber="ACC-98", StudyDate="20260101"),
        tiny("1.2.7.1.1", "1.2.7.1", "1.2.7"),
    )
    one, two, three = ({s, f"{s}.{n}", f"{s}.{n}.1"} for s, n in (("1.2.3", 4), ("1.2.5", 1), ("1.2.6", 1)))
    assert of_accession(registry, NUMBER) == one | two
    assert of_accession(registry, f" {NUMBER} \r", "ACC-98", "") == one | two | three
    assert of_accession(registry, "ACC") == set()
    # Corrected later: it was both.
    put(tiny("1.2.7.1.1", "1.2.7.1", "1.2.7", AccessionNumber="ACC-97"))
    put(tiny("1.2.7.1.1", "1.2.7.1", "1.2.7", AccessionNumber="ACC-96"))
    assert "1.2.7" in of_accession(registry, "ACC-97") & of_accession(registry, "ACC-96")
    unknown = listed(registry, Filters(), whose=asked(By.ACCESSION, [NUMBER, "ACC-1"])).persons
    assert unknown is not None
    assert unknown.unknown == 1


def test_persons_are_looked_for_within_one_context(
    registry: OpenRegistry, put: Callable[..., list[Dataset]]
) -> None:
    put(tiny(patient=ID, AccessionNumber=NUMBER))
    put(tiny("1.2.5.1.1", "1.2.5.1", "1.2.5", patient=ID, AccessionNumber=NUMBER), context="research")
    assert "1.2.5" not in uids(of_patient(registry, ID))
    assert set(uids(of_patient(registry, ID, context="research"))) == {"1.2.5", "1.2.5.1", "1.2.5.1.1"}
    assert of_accession(registry, NUMBER) == {"1.2.3", "1.2.3.4", "1.2.3.4.1"}
    assert of_accession(registry, NUMBER, context="research") == {"1.2.5", "1.2.5.1", "1.2.5.1.1"}


# --- that somebody asked ---------------------------------------------------------------------------


def test_that_somebody_asked_is_recorded_and_not_for_whom(
    registry: OpenRegistry, settings: Settings, put: Callable[..., list[Dataset]]
) -> None:
    put(tiny(patient=ID, AccessionNumber=NUMBER))
    of_patient(registry, ID, f"{OTHER}\tISSUER-1", filters=Filters(sent=Way("A")))
    of_accession(registry, NUMBER, context="research")
    one, two = (told.entry for told in audit_log(registry, event="patient:list"))
    assert one.detail == {"by": "patient", "count": 2, "destination": "A"}
    assert two.detail == {"by": "accession", "count": 1, "context": "research"}
    held = str(everything(settings))
    assert not any(secret in held for secret in (ID, OTHER, "ISSUER-1", NUMBER))
    assert not any(secret in repr(asked(By.PATIENT, [ID])) for secret in (ID,))


def test_where_that_cannot_be_recorded_nothing_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(settings, read_only=True) as registry:
        with pytest.raises(DatabaseUnusable):
            of_patient(registry, ID)
        with pytest.raises(BadRequest, match="can be written, so this is recorded"):
            of_patient(registry, ID, unrecorded=True)
        before = everything(settings)
        monkeypatch.setattr(type(registry.database), "can_write", lambda _: False)
        assert uids(of_patient(registry, ID, unrecorded=True)) == []
        assert everything(settings) == before


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("by", By)
def test_what_is_asked_for_is_counted_and_never_quoted(by: By) -> None:
    with pytest.raises(BadRequest, match="0 .* were given; from 1 to 200 are needed"):
        asked(by, ["", " "])
    with pytest.raises(BadRequest, match="201 .* were given"):
        asked(by, [f"{ID}-{n}" for n in range(people.MOST + 1)])
    with pytest.raises(BadRequest, match="line 2") as error:
        asked(by, [ID, f"{ID}\t{OTHER}\tB"])
    assert ID not in error.value.message + error.value.advice
