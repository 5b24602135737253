"""Findings that last: what people say of them, what it does to check and register, when it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import event

from registry.acknowledgement import State, Word
from registry.api import Registry
from registry.errors import ActorNeeded, BadRequest, UnknownFinding
from registry.records import IndexRow, Severity, Verdict
from registry.services import acknowledging
from registry.services.acknowledging import acknowledge, reopen, resolve
from registry.services.auditing import audit_log, audit_verify
from registry.services.checking import check
from registry.services.history import history
from registry.services.indexing import register_rows
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import kept_findings, show_finding, stats, tree
from registry.services.registering import register
from registry.services.reports import Report
from registry.services.showing import show
from registry.settings import Settings
from registry.store.acknowledgements import say
from registry.store.findings import KeptFinding, Which
from tests.objects import CT_CLASS, MR_CLASS, SEG_CLASS, save, tiny

CT = tiny("1.9.9.1", "1.9.9", "1.9")
MR = tiny("1.9.9.2", "1.9.9", "1.9", sop_class=MR_CLASS, modality="MR")
PT = tiny("1.9.9.3", "1.9.9", "1.9", modality="PT")
MIXED = Which(code="UID401", subject="1.9.9")
"""CT and MR in one series: a finding about the series."""

EXAMPLE = Which(code="UID202", subject="2.999.4.1")
UNDER_EXAMPLE = tiny("2.999.4.1", "1.9.4", "1.9")
"""An instance under the root for examples: a finding about an object."""

Run = Callable[..., Report]


@pytest.fixture
def take(registry: OpenRegistry, tmp_path: Path) -> Run:
    """Has objects registered (or checked), each from a file of its own."""

    def take(*objects: Dataset, how: Callable[..., Report] = register) -> Report:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        paths = [str(save(each, folder / f"{index:04}.dcm")) for index, each in enumerate(objects)]
        return how(registry, paths)

    return take


def told(report: Report, code: str) -> list[bool]:
    """For each finding of a rule that is told, whether it is acknowledged."""
    return [finding.acknowledged for finding in report.findings if finding.code == code]


def kept(registry: OpenRegistry, which: Which) -> KeptFinding:
    (found,) = kept_findings(registry, which, State)
    return found


def state(registry: OpenRegistry, which: Which) -> State:
    return kept(registry, which).state


def rows(registry: OpenRegistry, table: str) -> int:
    with registry.database.reading() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


# --- acknowledged ---------------------------------------------------------------------------


def test_an_acknowledged_finding_is_told_and_fails_nothing(registry: OpenRegistry, take: Run) -> None:
    take(UNDER_EXAMPLE)
    assert take(UNDER_EXAMPLE, how=check).worst() is Severity.ERROR
    spoken = acknowledge(registry, EXAMPLE, "phantoms of the teaching lab")
    assert [finding.uid for finding in spoken.findings] == ["2.999.4.1"]
    for how in (check, register):
        report = take(UNDER_EXAMPLE, how=how)
        assert told(report, "UID202") == [True]
        assert report.worst() is None
    assert kept(registry, EXAMPLE).seen == 2, "it is still counted"
    assert show(registry, "2.999.4.1").findings == ("UID202",)
    assert stats(registry).findings == {"UID202": 1}
    assert audit_verify(registry).ok


def test_only_the_finding_that_is_meant_is_acknowledged(registry: OpenRegistry, take: Run) -> None:
    other = tiny("2.999.4.2", "1.9.4", "1.9")
    take(UNDER_EXAMPLE, other)
    acknowledge(registry, EXAMPLE, "a phantom")
    report = take(UNDER_EXAMPLE, other, how=check)
    assert sorted(told(report, "UID202")) == [False, True]
    assert report.worst() is Severity.ERROR
    assert [finding.acknowledged for finding in report.sorted_findings()] == [False, True]


def test_it_comes_back_when_what_was_found_has_grown(registry: OpenRegistry, take: Run) -> None:
    take(CT, MR)
    acknowledge(registry, MIXED, "fused by the scanner")
    assert told(take(CT, how=check), "UID401") == [True]
    assert told(take(PT, how=check), "UID401") == [False], "a third modality"
    assert state(registry, MIXED) is State.ACKNOWLEDGED, "check writes nothing"
    assert told(take(PT), "UID401") == [False]
    assert state(registry, MIXED) is State.OPEN
    assert told(take(CT, how=check), "UID401") == [False]
    acknowledge(registry, MIXED, "that one too")
    assert told(take(CT, how=check), "UID401") == [True]


def test_it_comes_back_when_more_is_there_than_its_message_names(registry: OpenRegistry, take: Run) -> None:
    """`related` is kept short; the facts aren't."""
    frames = Which(code="UID404", subject="1.9.9")
    take(*(tiny(f"1.9.9.{n}", "1.9.9", "1.9", frame=f"1.9.5.{n}") for n in range(1, 6)))
    acknowledge(registry, frames, "a localizer and its slices")
    beyond = tiny("1.9.9.6", "1.9.9", "1.9", frame="1.9.5.9")
    report = take(beyond, how=check)
    (finding,) = (finding for finding in report.findings if finding.code == "UID404")
    assert finding.related == kept(registry, frames).related
    assert not finding.acknowledged


def test_it_comes_back_when_its_time_is_up(registry: OpenRegistry, take: Run) -> None:
    take(UNDER_EXAMPLE)
    in_a_while = datetime.now(UTC) + timedelta(days=1)
    assert acknowledge(registry, EXAMPLE, "until the move", until=in_a_while).until is not None
    assert told(take(UNDER_EXAMPLE, how=check), "UID202") == [True]
    finding = kept(registry, EXAMPLE)
    with registry.act("finding:acknowledge") as act:  # as it is a day later
        say(act, Word.ACKNOWLEDGED, {finding.key: finding.facts}, "2020-01-01T00:00:00.000000Z")
        act.commit()
    assert told(take(UNDER_EXAMPLE, how=check), "UID202") == [False]
    assert state(registry, EXAMPLE) is State.OPEN


def test_a_check_that_is_stricter_than_register_asks_of_the_same_finding(
    registry: OpenRegistry, tmp_path: Path
) -> None:
    """No file meta information: a note while an archive is taken in, an error before an export."""
    bare = tmp_path / "bare.dcm"
    tiny("1.9.4.3", "1.9.4", "1.9").save_as(tmp_path / "whole.dcm", enforce_file_format=True)
    raw = (tmp_path / "whole.dcm").read_bytes()
    length = int.from_bytes(raw[140:144], "little")
    bare.write_bytes(raw[144 + length :])
    register(registry, [str(bare)])
    acknowledge(registry, Which(code="UID603", subject="1.9.4.3"), "the sender can't")
    report = check(registry, [str(bare)])
    (finding,) = (finding for finding in report.findings if finding.code == "UID603")
    assert (finding.severity, finding.acknowledged) == (Severity.ERROR, True)
    assert report.worst() is None


def test_a_collision_of_which_all_is_acknowledged_is_accepted(registry: OpenRegistry, take: Run) -> None:
    edited = tiny("1.9.9.1", "1.9.9", "1.9", pixels=b"\5\6\7\x08")
    take(CT)
    report = take(edited)
    assert (report.verdicts[Verdict.COLLISION], report.accepted) == (1, 0)
    acknowledge(registry, Which(code="UID301", subject="1.9.9.1"), "the sender edits in place")
    report = take(edited)
    assert (report.verdicts[Verdict.COLLISION], report.accepted) == (1, 1)
    again = tiny("1.9.9.1", "1.9.8", "1.9", pixels=b"\5\6\7\x08")
    report = take(edited, again)
    assert (report.verdicts[Verdict.COLLISION], report.accepted) == (2, 0), "UID302 is new"


def test_what_is_acknowledged_in_one_batch_and_has_grown_in_the_next_is_told_open(
    registry: OpenRegistry, take: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(CT, MR)
    acknowledge(registry, MIXED, "fused by the scanner")
    monkeypatch.setattr("registry.services.registering.BATCH", 1)
    assert take(CT, PT).worst() is Severity.ERROR


# --- resolved and reopened ------------------------------------------------------------------


def test_a_resolved_finding_that_rests_on_old_claims_is_not_told(registry: OpenRegistry, take: Run) -> None:
    take(CT, MR)
    resolve(registry, MIXED, "the MR image was deleted from the archive")
    for how in (check, register):
        assert told(take(tiny("1.9.9.7", "1.9.9", "1.9"), how=how), "UID401") == []
    assert state(registry, MIXED) is State.RESOLVED
    assert "UID401" not in show(registry, "1.9.9").findings
    assert "UID401" not in stats(registry).findings
    assert tree(registry, "1.9.9").series[0].findings == kept_findings(registry, Which(series="1.9.9"))
    assert "UID401" not in {finding.code for finding in kept_findings(registry)}
    assert told(take(PT, how=check), "UID401") == [False], "the facts have changed"


def test_a_resolved_finding_about_an_object_that_comes_again_is_open_again(
    registry: OpenRegistry, take: Run
) -> None:
    take(UNDER_EXAMPLE)
    resolve(registry, EXAMPLE, "written anew under our root")
    assert told(take(tiny("1.9.4.8", "1.9.4", "1.9"), how=check), "UID202") == []
    report = take(UNDER_EXAMPLE, how=check)
    assert told(report, "UID202") == [False]
    assert report.worst() is Severity.ERROR
    assert state(registry, EXAMPLE) is State.RESOLVED, "check writes nothing"
    assert told(take(UNDER_EXAMPLE), "UID202") == [False]
    assert state(registry, EXAMPLE) is State.OPEN
    (finding,) = show_finding(registry, "UID202", "2.999.4.1")
    assert [(word.said.word, word.reason) for word in finding.history] == [
        (Word.RESOLVED, "written anew under our root"),
        (Word.REOPENED, None),
    ]
    assert audit_log(registry)[-1].entry.detail["reopened"] == 1
    before = rows(registry, "acknowledgements")
    take(UNDER_EXAMPLE)
    assert rows(registry, "acknowledgements") == before, "once is enough"
    assert audit_verify(registry).ok


def test_a_resolved_finding_about_an_object_that_only_others_bring_up_is_not_told(
    registry: OpenRegistry, take: Run
) -> None:
    """What an object refers to is claimed elsewhere: the rules look at the object again."""
    image, elsewhere = tiny("1.9.4.7", "1.9.4", "1.9"), tiny("1.9.4.7", "1.9.6", "1.9")
    derived = Which(code="UID501", subject="1.9.4.8")
    take(image, tiny("1.9.4.8", "1.9.4", "1.9", sop_class=SEG_CLASS, modality="SEG", sources=(image,)))
    assert told(take(elsewhere, how=check), "UID501") == [False]
    resolve(registry, derived, "the segmentation was deleted")
    assert told(take(elsewhere), "UID501") == []
    assert state(registry, derived) is State.RESOLVED
    assert kept(registry, derived).seen == 2


def test_a_resolved_collision_that_is_claimed_again_is_open_again(registry: OpenRegistry, take: Run) -> None:
    torn = Which(code="UID305", subject="1.9.9")
    elsewhere = tiny("1.9.9.2", "1.9.9", "1.7")
    take(CT, elsewhere)
    resolve(registry, torn, "the copy is deleted")
    assert told(take(CT, how=check), "UID305") == [], "the object that is right"
    assert told(take(elsewhere, how=check), "UID305") == [False], "the one that isn't"
    take(elsewhere)
    assert state(registry, torn) is State.OPEN


def test_the_rows_of_an_index_that_show_it_again_reopen_it_too(registry: OpenRegistry) -> None:
    row = IndexRow("2.999.4.1", CT_CLASS, "1.9.4", "1.9", "CT")
    register_rows(registry, [row])
    resolve(registry, EXAMPLE, "written anew")
    assert told(register_rows(registry, [row._replace(sop_instance_uid="1.9.4.5")]), "UID202") == []
    assert told(register_rows(registry, [row]), "UID202") == [False]
    assert state(registry, EXAMPLE) is State.OPEN


def test_reopening_takes_back_what_was_said(registry: OpenRegistry, take: Run) -> None:
    take(UNDER_EXAMPLE)
    for word in (acknowledge, resolve):
        word(registry, EXAMPLE, "mistaken")
        reopen(registry, EXAMPLE, "it was the other one")
        assert state(registry, EXAMPLE) is State.OPEN
        assert told(take(UNDER_EXAMPLE, how=check), "UID202") == [False]


# --- many in one act ------------------------------------------------------------------------


def examples(count: int, series: str = "1.9.4") -> list[Any]:
    return [tiny(f"2.999.4.{10 + n}", series, "1.9") for n in range(count)]


def test_many_in_one_act_are_one_entry(registry: OpenRegistry, take: Run) -> None:
    take(*examples(40))
    entries = rows(registry, "entries")
    assert len(acknowledge(registry, Which(code="UID202"), "phantoms").findings) == 40
    assert rows(registry, "entries") == entries + 1
    (act,) = audit_log(registry, event="finding:acknowledge")
    assert (act.entry.rows, act.entry.note) == ({"acknowledgements": 40, "notes": 1}, "phantoms")
    assert act.entry.detail == {"count": 40, "findings": {"UID202": 40}, "until": None}
    assert set(act.uids) <= {str(each.SOPInstanceUID) for each in examples(40)}
    assert [told.entry.id for told in audit_log(registry, uid="2.999.4.17")][-1] == act.entry.id
    report = take(*examples(40), how=check)
    assert told(report, "UID202") == [True] * 40
    assert audit_verify(registry).ok


def test_a_check_asks_once_for_all_its_findings(registry: OpenRegistry, take: Run, engine: str) -> None:
    asked: list[str] = []
    take(*examples(600))
    acknowledge(registry, Which(code="UID202"), "phantoms")

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "acknowledgements" in statement:
            asked.append(statement)

    event.listen(registry.database.engine, "before_cursor_execute", note)
    assert told(take(*examples(600), how=check), "UID202") == [True] * 600
    assert len(asked) == (1 if engine == "postgresql" else 2), "SQLite takes 500 at a time"


def test_findings_are_meant_by_series_root_and_rule_together(registry: OpenRegistry, take: Run) -> None:
    take(*examples(3), tiny("2.999.5.1", "1.9.5", "1.9"), CT, MR)

    def subjects(which: Which) -> set[str]:
        return {finding.uid for finding in kept_findings(registry, which)}

    assert subjects(Which(series="1.9.4")) == {"2.999.4.10", "2.999.4.11", "2.999.4.12"}
    assert subjects(Which(under="2.999.5")) == {"2.999.5.1"}
    assert subjects(Which(under="2.99")) == set(), "an arc, not a beginning"
    assert subjects(Which(series="1.9.9")) == {"1.9.9"}, "about the series itself"
    assert subjects(Which(series="1.9.9", code="UID202")) == set()
    spoken = acknowledge(registry, Which(code="UID202", series="1.9.4", under="2.999"), "phantoms")
    assert len(spoken.findings) == 3


def test_an_act_on_many_leaves_alone_what_has_its_own_word(registry: OpenRegistry, take: Run) -> None:
    take(*examples(3))
    acknowledge(registry, Which(code="UID202", subject="2.999.4.10"), "its own reason")
    assert len(acknowledge(registry, Which(code="UID202"), "all the rest").findings) == 2
    assert kept(registry, Which(code="UID202", subject="2.999.4.10")).reason == "its own reason"
    acknowledge(registry, Which(code="UID202", subject="2.999.4.10"), "named itself, it is said anew")
    assert kept(registry, Which(code="UID202", subject="2.999.4.10")).reason.startswith("named")  # type: ignore[union-attr]
    with pytest.raises(UnknownFinding, match="they are acknowledged already"):
        acknowledge(registry, Which(code="UID202"), "again")


# --- what is refused ------------------------------------------------------------------------


def test_what_only_check_has_found_is_to_be_registered_first(registry: OpenRegistry, take: Run) -> None:
    assert told(take(UNDER_EXAMPLE, how=check), "UID202") == [False]
    with pytest.raises(UnknownFinding) as caught:
        acknowledge(registry, EXAMPLE, "phantoms")
    assert "register" in caught.value.advice


def test_what_can_not_be_said_is_refused_and_nothing_is_written(registry: OpenRegistry, take: Run) -> None:
    take(UNDER_EXAMPLE)
    entries = rows(registry, "entries")
    with pytest.raises(UnknownFinding, match="open already"):
        reopen(registry, EXAMPLE, "for fun")
    assert [told.entry.outcome for told in audit_log(registry, event="finding:reopen")] == ["refused"]
    with pytest.raises(BadRequest, match="needs its reason"):
        acknowledge(registry, EXAMPLE, " ")
    with pytest.raises(BadRequest, match="no finding is named"):
        acknowledge(registry, Which(), "all there is")
    with pytest.raises(BadRequest, match="is over"):
        acknowledge(registry, EXAMPLE, "too late", until=datetime.now(UTC))
    nobody = replace(registry, settings=replace(registry.settings, actor=""))
    with pytest.raises(ActorNeeded):
        acknowledge(nobody, EXAMPLE, "who?")
    assert rows(registry, "entries") == entries + 1
    assert rows(registry, "acknowledgements") == 0


def test_of_several_counterparts_one_or_all_are_meant(registry: OpenRegistry, take: Run) -> None:
    others = [tiny(f"1.8.{n}.1", f"1.8.{n}", f"1.8.{n}.9", patient="P2") for n in (1, 2)]
    take(*others, tiny("1.9.4.1", "1.9.4", "1.9", sources=tuple(others)))
    one = Which(code="UID507", subject="1.9.4.1", counterpart="1.8.1.1")
    assert len(acknowledge(registry, one, "a donor").findings) == 1
    states = [finding.state for finding in kept_findings(registry, Which(code="UID507"))]
    assert states == [State.ACKNOWLEDGED, State.OPEN]
    assert len(acknowledge(registry, Which(code="UID507", subject="1.9.4.1"), "donors").findings) == 2


def test_history_tells_who_said_what(registry: OpenRegistry, take: Run) -> None:
    take(UNDER_EXAMPLE)
    until = datetime(2099, 1, 1, tzinfo=UTC)
    acknowledge(registry, EXAMPLE, "a phantom", until=until)
    resolve(registry, EXAMPLE, "written anew")
    take(UNDER_EXAMPLE)
    assert [event.what for event in history(registry, "2.999.4.1")][-3:] == [
        "acknowledged UID202 until 2099-01-01T00:00:00.000000Z: a phantom",
        "resolved UID202: written anew",
        "reopened UID202: it was seen again",
    ]


def test_in_python(settings: Settings, tmp_path: Path) -> None:
    path = str(save(UNDER_EXAMPLE, tmp_path / "a.dcm"))
    opened_one = Registry(settings)
    with opened_one as registry:
        registry.register([path])
        assert [finding.uid for finding in registry.findings("example-root")] == ["2.999.4.1"]
        registry.acknowledge("UID202", "2.999.4.1", reason="a phantom")
        assert registry.check([path]).worst() is None
        assert [f.reason for f in registry.findings(state="acknowledged", severity="error")] == ["a phantom"]
        registry.resolve_findings(series_instance_uid="1.9.4", reason="gone")
        assert registry.findings() == []
        for wrong in ({"state": "gone"}, {"severity": "fatal"}):
            with pytest.raises(BadRequest) as caught:
                registry.findings(**wrong)  # type: ignore[arg-type]
            assert caught.value.advice in (
                "One of open, acknowledged, resolved.",
                "One of note, warning, error.",
            )
        registry.reopen_findings("UID202", "2.999.4.1", reason="it is back")
        assert [finding.state for finding in registry.findings(root="2.999")] == [State.OPEN]


def test_two_who_speak_of_the_same_finding_are_both_in_the_history(
    registry: OpenRegistry, take: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    take(UNDER_EXAMPLE)
    with opened(replace(settings, actor="ben")) as other:
        acknowledge(registry, EXAMPLE, "one")
        acknowledging.acknowledge(other, EXAMPLE, "two")
    (finding,) = show_finding(registry, "UID202", "2.999.4.1")
    assert [(word.actor, word.reason) for word in finding.history] == [("tester", "one"), ("ben", "two")]
    assert (finding.finding.said_by, finding.finding.reason) == ("ben", "two")
