"""Resolving: a person says which claim holds, and everything follows it; no row changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydicom.dataset import FileDataset

from registry.errors import ActorNeeded, BadRequest, ParentMismatch, UidCollision, UnknownUid
from registry.records import Kind, Severity
from registry.services.auditing import audit_log
from registry.services.checking import check
from registry.services.history import history
from registry.services.issuing import derive, issue
from registry.services.listing import listed
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import kept_findings, stats, tree
from registry.services.registering import register
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.resolving import claims, resolve
from registry.services.showing import show
from registry.settings import Settings
from registry.store.findings import Which
from registry.store.listing import Filters
from registry.store.verification import verify
from tests.objects import MR_CLASS, SR_CLASS, reference_to, save, tiny
from tests.services.test_order import _lasting_readers  # noqa: F401 (the same readers for all)

IMAGE, SERIES, STUDY, ANOTHER = "1.2.3.4.1", "1.2.3.4", "1.2.3", "1.2.9"
OTHER = b"\5\6\7\x08"


@pytest.fixture
def put(registry: OpenRegistry, tmp_path: Path) -> Callable[..., str]:
    """Registers objects, each batch an act; tells the verdict of the last."""
    made = iter(range(1000))

    def put(*objects: FileDataset) -> str:
        paths = [str(save(each, tmp_path / f"{next(made)}.dcm")) for each in objects]
        verdicts = register(registry, paths).verdicts
        return " and ".join(sorted(str(verdict) for verdict, count in verdicts.items() if count))

    return put


def codes(registry: OpenRegistry) -> set[tuple[str, str]]:
    return {(finding.code, finding.uid) for finding in kept_findings(registry)}


def place(registry: OpenRegistry, uid: str) -> tuple[str | None, str | None]:
    listed = show(registry, uid).listed
    assert listed is not None
    return listed.series_instance_uid, listed.study_instance_uid


def sound(registry: OpenRegistry) -> bool:
    with registry.database.reading() as connection:
        return verify(connection).ok


# --- a series that was moved ---------------------------------------------------------------


def test_a_series_that_came_into_the_wrong_study_first_is_put_right(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE, SERIES, STUDY), tiny("1.2.3.4.2", SERIES, STUDY))
    put(tiny(IMAGE, SERIES, ANOTHER))
    put(tiny("1.2.3.4.3", SERIES, ANOTHER))  # only there, so it has no place yet
    assert {("UID305", SERIES), ("UID303", IMAGE)} <= codes(registry)
    assert place(registry, "1.2.3.4.3") == (None, None)

    done = resolve(registry, SERIES, "second", "the study was split")
    assert done.placed == 1
    assert not {code for code, _ in codes(registry)} & {"UID302", "UID303", "UID305"}
    for uid in (IMAGE, "1.2.3.4.2", "1.2.3.4.3"):
        assert place(registry, uid) == (SERIES, ANOTHER)
    assert [node.series_instance_uid for node in tree(registry, ANOTHER).series] == [SERIES]
    assert tree(registry, ANOTHER).series[0].instances == 3
    assert tree(registry, STUDY).series == []
    assert {each.uid for each in listed(registry, Filters(study=ANOTHER)).items} == {
        ANOTHER,
        SERIES,
        IMAGE,
        "1.2.3.4.2",
        "1.2.3.4.3",
    }
    assert {each.uid for each in listed(registry, Filters(study=STUDY)).items} == {STUDY}
    assert {each.uid for each in listed(registry, Filters(series=SERIES)).items} == {
        SERIES,
        IMAGE,
        "1.2.3.4.2",
        "1.2.3.4.3",
    }
    assert not list(listed(registry, Filters(parent_unknown=True)).items)

    assert put(tiny(IMAGE, SERIES, ANOTHER)) == "repeat"
    assert put(tiny("1.2.3.4.4", SERIES, ANOTHER)) == "new"
    assert place(registry, "1.2.3.4.4") == (SERIES, ANOTHER)
    assert not {code for code, _ in codes(registry)} & {"UID302", "UID303", "UID305"}
    assert put(tiny(IMAGE, SERIES, STUDY)) == "collision"
    assert {("UID305", SERIES), ("UID303", IMAGE)} <= codes(registry), (
        "what contradicts a decision is found again"
    )
    assert sound(registry)


def test_a_contradiction_of_a_decision_is_known_ever_after(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny(IMAGE, SERIES, ANOTHER))
    resolve(registry, SERIES, "second", "split")
    put(tiny(IMAGE, SERIES, STUDY))
    assert len(claims(registry, SERIES)) == 2, "the same said again is the same claim"
    resolve(registry, SERIES, "first", "not split after all")
    assert place(registry, IMAGE) == (SERIES, STUDY)
    assert ("UID305", SERIES) not in codes(registry)
    assert put(tiny(IMAGE, SERIES, STUDY)) == "repeat"
    assert put(tiny(IMAGE, SERIES, ANOTHER)) == "collision"
    assert ("UID305", SERIES) in codes(registry)
    assert put(tiny(IMAGE, SERIES, STUDY)) == "repeat"
    assert ("UID305", SERIES) in codes(registry)
    assert sound(registry)


def test_what_is_issued_under_a_moved_series_is_in_its_new_study(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny(IMAGE, SERIES, ANOTHER))
    resolve(registry, SERIES, "second", "split")
    issued = issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=SERIES))
    assert issued.study_instance_uid == ANOTHER
    assert place(registry, issued.uids[0]) == (SERIES, ANOTHER)
    with pytest.raises(ParentMismatch):
        issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=SERIES, study_instance_uid=STUDY))
    assert derive(registry, DeriveRequest((IMAGE,), "SEG")).study_instance_uid == ANOTHER
    assert put(tiny(issued.uids[0], SERIES, ANOTHER)) == "new"
    assert not [code for code in codes(registry) if code[0] == "UID313"]


def test_a_reference_that_names_the_former_study_is_a_warning(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    report = tiny("1.2.5.1", "1.2.5", STUDY, sop_class=SR_CLASS, modality="SR")
    item = FileDataset("", {})
    item.StudyInstanceUID = STUDY
    series = FileDataset("", {})
    series.SeriesInstanceUID = SERIES
    series.ReferencedSOPSequence = [reference_to(tiny(IMAGE))]
    item.ReferencedSeriesSequence = [series]
    report.CurrentRequestedProcedureEvidenceSequence = [item]
    put(report)
    put(tiny(IMAGE, SERIES, ANOTHER))
    assert not [finding for finding in kept_findings(registry) if finding.code == "UID510"]
    resolve(registry, SERIES, "second", "split")
    (found,) = kept_findings(registry, Which(code="UID510"))
    assert (found.uid, found.severity) == ("1.2.5.1", Severity.WARNING)
    resolve(registry, SERIES, "first", "not split after all")
    assert kept_findings(registry, Which(code="UID510")) == []


# --- an instance ----------------------------------------------------------------------------


def test_the_content_that_holds_is_a_repeat_and_the_first_a_collision(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE))
    assert put(tiny(IMAGE, pixels=OTHER)) == "collision"
    assert ("UID301", IMAGE) in codes(registry)
    resolve(registry, IMAGE, "second", "the first was a test")
    assert ("UID301", IMAGE) not in codes(registry)
    assert put(tiny(IMAGE, pixels=OTHER)) == "repeat"
    assert ("UID301", IMAGE) not in codes(registry)
    assert put(tiny(IMAGE)) == "collision"
    assert ("UID301", IMAGE) in codes(registry)
    assert put(tiny(IMAGE, pixels=OTHER)) == "repeat"
    assert put(tiny(IMAGE, pixels=b"\x09\x09\x09\x09")) == "collision"
    assert sound(registry)


def test_place_class_and_content_of_one_object_are_one_claim(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny(IMAGE, "1.2.3.5", STUDY, sop_class=MR_CLASS, modality="MR", pixels=OTHER))
    assert {("UID301", IMAGE), ("UID302", IMAGE), ("UID304", IMAGE)} <= codes(registry)
    assert len(claims(registry, IMAGE)) == 2
    resolve(registry, IMAGE, "second", "the first was a copy")
    assert not {(code, uid) for code, uid in codes(registry) if uid == IMAGE}
    shown = show(registry, IMAGE)
    assert shown.listed is not None
    assert place(registry, IMAGE) == ("1.2.3.5", STUDY)
    assert (shown.listed.sop_class_uid, shown.listed.modality) == (MR_CLASS, "MR")
    assert tree(registry, STUDY).series[0].instances == 0
    assert tree(registry, STUDY).series[1].instances == 1
    assert [each.uid for each in listed(registry, Filters(kind=Kind.INSTANCE, modality="MR")).items] == [
        IMAGE
    ]
    assert put(tiny(IMAGE, "1.2.3.5", STUDY, sop_class=MR_CLASS, modality="MR", pixels=OTHER)) == "repeat"
    assert put(tiny(IMAGE, SERIES, STUDY)) == "collision"
    assert {("UID301", IMAGE), ("UID302", IMAGE), ("UID304", IMAGE)} <= codes(registry)


def test_keeping_the_first_clears_what_was_found(registry: OpenRegistry, put: Callable[..., str]) -> None:
    put(tiny(IMAGE))
    put(tiny(IMAGE, "1.2.3.5", pixels=OTHER))
    resolve(registry, IMAGE, "first", "the second was a bad copy")
    assert not {(code, uid) for code, uid in codes(registry) if uid == IMAGE}
    assert place(registry, IMAGE) == (SERIES, STUDY)
    assert put(tiny(IMAGE)) == "repeat"


def test_a_derived_object_beside_its_source_by_mistake(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    """The bad copy of a report was in the series of its source; the right one is in its own."""
    put(tiny(IMAGE))
    wrong = tiny("1.2.7.1", SERIES, STUDY, sop_class=SR_CLASS, modality="SR", sources=(tiny(IMAGE),))
    put(wrong)
    assert ("UID501", "1.2.7.1") in codes(registry)
    put(tiny("1.2.7.1", "1.2.7", STUDY, sop_class=SR_CLASS, modality="SR", sources=(tiny(IMAGE),)))
    resolve(registry, "1.2.7.1", "second", "a bad export")
    assert ("UID501", "1.2.7.1") not in codes(registry)


def test_a_uid_of_two_kinds_stays_what_it_stands_as(registry: OpenRegistry, put: Callable[..., str]) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny("1.2.8.1", STUDY, "1.2.8"))  # the study as a series
    assert ("UID308", STUDY) in codes(registry)
    with pytest.raises(UidCollision, match="stands as a study"):
        resolve(registry, STUDY, "second", "the other way round")
    assert [told.entry.outcome for told in audit_log(registry, event="uid:resolve")] == ["refused"]
    resolve(registry, STUDY, "first", "the other was a bug")
    assert ("UID308", STUDY) not in codes(registry)


# --- which claim is meant --------------------------------------------------------------------


def test_claims_are_chosen_by_their_entry(registry: OpenRegistry, put: Callable[..., str]) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny(IMAGE, "1.2.3.5", STUDY))
    put(tiny(IMAGE, "1.2.3.6", STUDY))
    found = claims(registry, IMAGE)
    assert [claim.series_instance_uid for claim in found] == [SERIES, "1.2.3.5", "1.2.3.6"]
    resolve(registry, IMAGE, found[2].name, "it is there")
    assert place(registry, IMAGE) == ("1.2.3.6", STUDY)
    events = [event.what for event in history(registry, IMAGE)]
    assert f"decided: the claim of entry {found[2].entry} holds" in events[-1]
    assert events[-1].endswith(": it is there")
    assert "registered: first seen as instance in series 1.2.3.4 of study 1.2.3" in events
    for claim in found[1:]:
        assert any(f"(claim {claim.name})" in what for what in events)


def test_an_entry_that_made_several_claims_is_ambiguous_and_they_are_listed(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE, SERIES, STUDY), tiny(IMAGE, "1.2.3.5", STUDY), tiny(IMAGE, "1.2.3.6", STUDY))
    found = claims(registry, IMAGE)
    entry = found[0].entry
    assert {claim.name for claim in found} == {f"{entry}.1", f"{entry}.2", f"{entry}.3"}
    with pytest.raises(BadRequest, match="made 3 claims") as error:
        resolve(registry, IMAGE, str(entry), "this one")
    assert all(claim.words in error.value.message and "tester" in error.value.message for claim in found)
    with pytest.raises(BadRequest, match="names no claim"):
        resolve(registry, IMAGE, "999", "this one")
    resolve(registry, IMAGE, found[2].name, "this one")
    assert place(registry, IMAGE)[0] == found[2].series_instance_uid


def test_two_objects_of_one_act_are_told_apart_and_one_object_can_be_put_together(
    registry: OpenRegistry, put: Callable[..., str]
) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny(IMAGE, "1.2.3.5", STUDY), tiny(IMAGE, SERIES, STUDY, pixels=OTHER))
    first, moved, other = claims(registry, IMAGE)
    assert (moved.series_instance_uid, moved.content_number) == ("1.2.3.5", None)
    assert (other.series_instance_uid, other.content_number) == (SERIES, 2)
    resolve(registry, IMAGE, other.name, "the right image")
    assert place(registry, IMAGE)[0] == SERIES
    assert put(tiny(IMAGE, SERIES, STUDY, pixels=OTHER)) == "repeat"
    with pytest.raises(BadRequest, match="can't be one object's"):
        resolve(registry, IMAGE, f"{first.name}+{other.name}", "both")
    resolve(registry, IMAGE, f"{moved.name}+{other.name}", "both were of one object")
    assert place(registry, IMAGE)[0] == "1.2.3.5"
    assert put(tiny(IMAGE, "1.2.3.5", STUDY, pixels=OTHER)) == "repeat"


def test_what_can_not_be_decided(registry: OpenRegistry, put: Callable[..., str], settings: Settings) -> None:
    put(tiny(IMAGE))
    with pytest.raises(UnknownUid):
        resolve(registry, "1.2.77", "first", "why not")
    with pytest.raises(BadRequest, match="only one claim"):
        resolve(registry, IMAGE, "first", "why not")
    put(tiny(IMAGE, "1.2.3.5"))
    with pytest.raises(BadRequest, match="reason"):
        resolve(registry, IMAGE, "first", "  ")


def test_what_was_issued_never_moves(registry: OpenRegistry, put: Callable[..., str]) -> None:
    study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    series = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study, modality="CT")).uids[0]
    instance = issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series)).uids[0]
    put(tiny(instance, "1.2.9.1", "1.2.9"))
    with pytest.raises(ParentMismatch, match="never moves") as error:
        resolve(registry, instance, "second", "it is there")
    assert "withdraw" in error.value.advice
    put(tiny(instance, series, study))
    put(tiny(instance, series, study, pixels=OTHER))
    (other,) = [claim for claim in claims(registry, instance) if claim.content_number == 2]
    resolve(registry, instance, other.name, "the right image")
    assert put(tiny(instance, series, study, pixels=OTHER)) == "repeat"


def test_an_instance_goes_with_its_series(registry: OpenRegistry, put: Callable[..., str]) -> None:
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny(IMAGE, SERIES, ANOTHER))
    with pytest.raises(ParentMismatch, match=f"series {SERIES} is in study {STUDY}"):
        resolve(registry, IMAGE, "second", "it is there")


# --- properties ------------------------------------------------------------------------------

POOL = [
    {"series": SERIES, "study": STUDY},
    {"series": SERIES, "study": ANOTHER},
    {"series": "1.2.3.5", "study": STUDY},
    {"series": SERIES, "study": STUDY, "pixels": OTHER},
    {"series": SERIES, "study": STUDY, "sop_class": MR_CLASS},
]


@given(data=st.data())
@hypothesis_settings(max_examples=8, phases=(Phase.generate,))
def test_after_a_decision_the_same_claims_get_the_same_verdicts_in_any_order(
    data: st.DataObject, new_settings: Callable[[], Settings], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("claims")
    files = [str(save(tiny(IMAGE, **each), folder / f"{i}.dcm")) for i, each in enumerate(POOL)]  # type: ignore[arg-type]
    with opened(new_settings()) as registry:
        for path in data.draw(st.permutations(files)):
            register(registry, [path])
        uid = data.draw(st.sampled_from([IMAGE, SERIES]))
        chosen = data.draw(st.sampled_from(claims(registry, uid)))
        try:
            resolve(registry, uid, chosen.name, "so it is")
        except ParentMismatch:
            assert uid == IMAGE, "its series has to be decided first"
            return
        assert {code for code, about in codes(registry) if about == uid} <= {"UID315"}
        verdicts = {path: check(registry, [path]).verdicts for path in files}
        found = {path: {f.key for f in check(registry, [path]).findings} for path in files}
        for path in data.draw(st.permutations(files)):
            assert register(registry, [path]).verdicts == verdicts[path]
        for path in data.draw(st.permutations(files)):
            assert register(registry, [path]).verdicts == verdicts[path]
            assert found[path] <= {(f.code, f.uid, f.counterpart) for f in kept_findings(registry)}
        assert sound(registry)


def test_everything_is_counted_once(registry: OpenRegistry, put: Callable[..., str]) -> None:
    before = stats(registry)
    put(tiny(IMAGE, SERIES, STUDY))
    put(tiny(IMAGE, SERIES, ANOTHER))
    resolve(registry, SERIES, "second", "split")
    resolve(registry, SERIES, "first", "or not")
    resolve(registry, SERIES, "second", "yes it was")
    assert stats(registry).uids == before.uids + 4
    assert len(list(listed(registry, Filters()).items)) == 4
    assert stats(registry).by_modality == {"CT": 1}


def test_a_decision_needs_a_name(registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = OpenRegistry(
        Settings(registry.settings.database, actor=""), registry.database, registry.identity
    )
    with pytest.raises(ActorNeeded):
        resolve(nobody, IMAGE, "first", "why not")
