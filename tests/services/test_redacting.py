"""Redaction: the text is gone, the trail verifies, and who did it is known."""

from __future__ import annotations

import pytest

from registry.errors import BadRequest
from registry.records import Kind
from registry.services.auditing import audit_log, audit_verify
from registry.services.history import history
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.redacting import redact
from registry.services.requests import IssueRequest
from registry.services.showing import show
from registry.services.withdrawing import withdraw
from registry.settings import Settings
from tests.databases import REFUSED, everything, raw, run

TEXT = "belongs to Smith of ward 7, not to Jones"


@pytest.fixture
def noted(registry: OpenRegistry) -> int:
    """An entry whose text names somebody, among many others."""
    entry = 0
    for number in range(120):
        purpose = TEXT if number == 60 else f"purpose {number} {'x' * (number % 40)}"
        issued = issue(registry, IssueRequest(Kind.STUDY, purpose=purpose))
        entry = issued.entry if number == 60 else entry
    return entry


def test_the_text_is_gone_and_the_trail_verifies(
    registry: OpenRegistry, noted: int, settings: Settings
) -> None:
    assert TEXT.encode() in everything(settings)
    done = redact(registry, noted, "it named a patient")
    assert audit_verify(registry).ok
    assert TEXT.encode() not in everything(settings)
    (told,) = audit_log(registry, entry=noted)
    assert told.entry.note is None
    assert told.entry.text == f"(redacted by tester, entry {done.by})"
    (by,) = audit_log(registry, entry=done.by)
    assert (by.entry.event, by.entry.detail, by.entry.note) == (
        "audit:redact",
        {"redacted": noted},
        "it named a patient",
    )


def test_it_is_told_where_the_text_was(registry: OpenRegistry) -> None:
    issued = issue(registry, IssueRequest(Kind.STUDY, purpose=TEXT))
    (uid,) = issued.uids
    withdrawn = withdraw(registry, [uid], TEXT)
    assert withdrawn.entry is not None
    for entry in (issued.entry, withdrawn.entry):
        redact(registry, entry, "it named a patient")
    assert str(show(registry, uid).purpose).startswith("(redacted by tester, entry ")
    assert history(registry, uid)[-1].what.startswith("withdrawn: (redacted by tester, entry ")


def test_what_can_not_be_redacted(registry: OpenRegistry, noted: int) -> None:
    with pytest.raises(BadRequest, match="no free text"):
        redact(registry, 1, "why not")
    with pytest.raises(BadRequest, match="there is no entry 99999"):
        redact(registry, 99_999, "why not")
    with pytest.raises(BadRequest, match="reason"):
        redact(registry, noted, " ")
    redact(registry, noted, "it named a patient")
    with pytest.raises(BadRequest, match="gone already"):
        redact(registry, noted, "again")
    done = audit_log(registry, event="audit:redact")
    redact(registry, done[0].entry.id, "that one too")
    assert audit_verify(registry).ok


def test_an_emptied_text_that_nobody_redacted_is_found(
    registry: OpenRegistry, noted: int, settings: Settings
) -> None:
    with raw(settings) as connection:
        with pytest.raises(REFUSED, match="tr_notes_update"):
            run(connection, "UPDATE notes SET text = '', salt = :salt WHERE entry = :e", e=noted, salt=b"")
        _without_trigger(connection)
        run(connection, "UPDATE notes SET text = '', salt = :salt WHERE entry = :e", e=noted, salt=b"")
    result = audit_verify(registry)
    assert (result.ok, result.first_bad) == (False, noted)


def test_another_text_in_place_of_a_redacted_one_is_found(
    registry: OpenRegistry, noted: int, settings: Settings
) -> None:
    redact(registry, noted, "it named a patient")
    with raw(settings) as connection:
        with pytest.raises(REFUSED, match="tr_notes_update"):
            run(connection, "UPDATE notes SET text = 'forged' WHERE entry = :e", e=noted)
        _without_trigger(connection)
        run(connection, "UPDATE notes SET text = 'forged' WHERE entry = :e", e=noted)
    result = audit_verify(registry)
    assert (result.ok, result.first_bad) == (False, noted)


def test_a_forged_redaction_is_found(registry: OpenRegistry, noted: int, settings: Settings) -> None:
    """A row that says so, put into an entry that is written."""
    with raw(settings) as connection:
        name = "tr_redactions_sealed"
        run(connection, f"DROP TRIGGER {name}" + (" ON redactions" if _serves(connection) else ""))
        run(connection, "INSERT INTO redactions (note, entry) VALUES (:e, :e)", e=noted)
        run(connection, "UPDATE notes SET text = '', salt = :salt WHERE entry = :e", e=noted, salt=b"")
    result = audit_verify(registry)
    assert (result.ok, result.first_bad) == (False, noted)


def _serves(connection: object) -> bool:
    return connection.dialect.name == "postgresql"  # type: ignore[attr-defined, no-any-return]


def _without_trigger(connection: object) -> None:
    on = " ON notes" if _serves(connection) else ""
    run(connection, f"DROP TRIGGER tr_notes_update{on}")  # type: ignore[arg-type]


@pytest.mark.engine("sqlite")
def test_a_copy_that_is_open_elsewhere_keeps_nobody_from_redacting(
    registry: OpenRegistry, noted: int, settings: Settings
) -> None:
    with opened(settings, read_only=True) as reader, reader.database.reading() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM ledger").scalar_one()
        redact(registry, noted, "it named a patient")
    assert audit_verify(registry).ok
