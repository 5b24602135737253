"""The trail as others get it: whole, in order, of one state, and valid for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from registry.errors import BadRequest
from registry.merkle import TreeHead
from registry.records import Kind
from registry.render.auditcodes import CODES
from registry.render.auditevents import audit_events
from registry.render.auditrows import csv_lines, entry_line
from registry.render.auditxml import audit_messages
from registry.services.auditing import audit_log, audit_verify
from registry.services.exporting import Choice, exported
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.requests import IssueRequest
from registry.settings import Settings
from registry.store import feed as feeding
from registry.store.entries import uids_of
from registry.store.feed import Wanted, Whole, feed
from tests.conftest import Registries
from tests.foreign import valid_event, valid_message
from tests.render.test_auditrows import recomputed


@pytest.fixture
def shared(registries: Registries) -> Iterator[OpenRegistry]:
    """A registry in which every history table has rows; all tests here share it."""
    with opened(registries.shared("filled")) as registry:
        yield registry


ALL, EVERY = Wanted(), Choice()


def whole(registry: OpenRegistry, wanted: Wanted = ALL, **options: Any) -> list[Whole]:
    with registry.database.reading() as connection:
        return list(feed(connection, wanted, **options))


def export(registry: OpenRegistry, choice: Choice = EVERY, form: str = "ndjson") -> list[Whole]:
    with exported(registry, choice, form, placed=form in ("dicom", "fhir")) as entries:
        return list(entries)


def test_the_root_of_the_tree_follows_from_the_lines_alone(filled: Settings) -> None:
    with opened(filled) as registry:
        origin = registry.identity.origin
        lines = [entry_line(entry, origin) for entry in export(registry)]
        head, size = TreeHead(), audit_verify(registry).size
        for line in lines:
            assert recomputed(line) == json.loads(line)["leaf"]
            head.append(bytes.fromhex(recomputed(line)))
        # Whatever verifies may write an entry about it.
        more = [entry.leaf for entry in whole(registry) if len(lines) <= entry.seq < size]
        for leaf in more:
            head.append(leaf)
        result = audit_verify(registry)
    assert [json.loads(line)["seq"] for line in lines] == list(range(len(lines)))
    if result.size == size:
        assert head.root.hex() == result.root_hash


def test_an_export_is_the_last_entry_that_it_tells_of(registry: OpenRegistry) -> None:
    uid = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    entries = export(registry, Choice(actor="Jane^Doe", uid=uid, since="2020-01-01T00:00:00.000000Z"), "csv")
    assert entries == []
    (own,) = export(registry, Choice(event="audit:export"))[:-1]
    assert own.detail == {
        "format": "csv",
        "since": "2020-01-01T00:00:00.000000Z",
        "uid": uid,
        "by": "(nobody of this registry)",
    }
    assert own.touched == ()


def test_every_entry_is_valid_for_those_who_read_dicom_or_fhir(shared: OpenRegistry) -> None:
    entries = whole(shared)
    assert {entry.event for entry in entries} <= CODES.keys()
    origin = shared.identity.origin
    for entry in entries:
        messages = [valid_message(line) for line in audit_messages(entry, origin)]
        events = [valid_event(line) for line in audit_events(entry, origin)]
        refused = any(touched.refused for touched in entry.touched)
        assert len(messages) == len(events) == 1 + refused
    ids = [json.loads(line)["id"] for entry in entries for line in audit_events(entry, origin)]
    assert len(set(ids)) == len(ids)


def test_the_uids_are_those_of_the_trail(shared: OpenRegistry) -> None:
    for placed in (True, False):
        for entry in whole(shared, placed=placed):
            with shared.database.reading() as connection:
                assert sorted(uids_of(connection, entry.fields["id"])) == list(entry.uids)


def test_uids_stand_where_they_belong(registry: OpenRegistry) -> None:
    study = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    series = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study)).uids[0]
    instance = issue(registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series)).uids[0]
    touched = [one for entry in whole(registry) for one in entry.touched]
    assert [(one.uid, one.kind, one.study, one.series) for one in touched] == [
        (study, Kind.STUDY, study, None),
        (series, Kind.SERIES, study, series),
        (instance, Kind.INSTANCE, study, series),
    ]


def test_what_was_refused_is_told_as_it_was_claimed(shared: OpenRegistry) -> None:
    refused = [one for entry in whole(shared) for one in entry.touched if one.refused]
    assert {(one.uid, one.kind, one.study, one.series) for one in refused} == {
        ("1.2.3.4", Kind.SERIES, "1.2.9", "1.2.3.4"),
        ("1.2.3.4.1", Kind.INSTANCE, "1.2.9", "1.2.3.4"),
    }


@pytest.mark.parametrize(
    "wanted",
    [
        {"event": "uid:issue"},
        {"event": "uid:"},
        {"actor": "tester"},
        {"actor": "nobody"},
        {"since": "2020-01-01T00:00:00.000000Z", "until": "2100-01-01T00:00:00.000000Z"},
        {"until": "2020-01-01T00:00:00.000000Z"},
        {"ids": {3, 5}},
        {"ids": set()},
    ],
)
def test_a_choice_is_that_of_the_log(shared: OpenRegistry, wanted: dict[str, Any]) -> None:
    from registry.store.entries import log

    with shared.database.reading() as connection:
        seqs = [entry.seq for entry in log(connection, **wanted)]
    assert [entry.seq for entry in whole(shared, Wanted(**wanted))] == seqs


def test_pages_change_nothing(shared: OpenRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = whole(shared)
    for page, rows in ((1, 1), (2, 20_000), (7, 3)):
        monkeypatch.setattr(feeding, "_PAGE", page)
        monkeypatch.setattr(feeding, "_ROWS", rows)
        assert whole(shared) == at_once
    assert whole(shared, after=3, most=5) == at_once[4:9]
    assert whole(shared, after=len(at_once)) == []


def test_what_was_redacted_is_gone_and_told_so(shared: OpenRegistry) -> None:
    (redacted,) = [entry for entry in whole(shared) if entry.redacted_in is not None]
    (by,) = whole(shared, Wanted(event="audit:redact"))
    assert (redacted.note, redacted.redacted_in) == (None, by.fields["id"])
    assert redacted.fields["note_hash"]


Lines = Callable[[Whole, str], Iterator[str]]


@pytest.mark.parametrize(
    "lines",
    [
        lambda entry, origin: [entry_line(entry, origin)],
        lambda entry, origin: csv_lines([entry], origin),
        audit_messages,
        audit_events,
    ],
    ids=["ndjson", "csv", "dicom", "fhir"],
)
def test_no_patient_and_no_path_goes_out(shared: OpenRegistry, lines: Lines) -> None:
    out = "\n".join(line for entry in whole(shared) for line in lines(entry, shared.identity.origin))
    for secret in ("P1", "P9", "CompressedSamples", "CT1", "undecided", ".dcm", "/tmp", "for Smith"):
        assert secret not in out


def test_reading_unrecorded_is_for_what_cannot_be_written(registry: OpenRegistry) -> None:
    with pytest.raises(BadRequest), exported(registry, Choice(), "csv", placed=False, unrecorded=True):
        pass
    assert [told.entry.event for told in audit_log(registry, event="audit:export")] == []


def test_a_uid_that_is_none_is_refused_before_anything_is_recorded(registry: OpenRegistry) -> None:
    with pytest.raises(BadRequest), exported(registry, Choice(uid="no uid"), "csv", placed=False):
        pass
    assert audit_log(registry, event="audit:export") == []
