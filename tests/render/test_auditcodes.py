"""Every event has codes, and the codes are those of the standard."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.events import EVENTS
from registry.render.auditcodes import ALERT, CODES, REFUSED, codes_of, outcome_of
from tests.foreign import made, told

# PS3.16 CID 400 and, for the type, CID 403; A.5.3 says which action goes with which event.
ACTIONS = {
    "110100": "E",
    "110101": "R",
    "110103": "CRUD",
    "110106": "R",
    "110107": "C",
    "110112": "E",
    "110113": "E",
}
ALERTS = {*map(str, range(110126, 110143))}


def test_every_event_of_the_trail_has_codes() -> None:
    assert [event.name for event in EVENTS] == list(CODES)


def test_every_outcome_is_told() -> None:
    outcomes = {outcome for event in EVENTS for outcome in event.outcomes}
    assert {outcome: outcome_of(outcome) for outcome in outcomes} == {
        "done": 0,
        "refused": 4,
        "blocked": 8,
        "failed": 8,
    }


@pytest.mark.parametrize("event", CODES)
def test_the_codes_of_an_event_go_together(event: str) -> None:
    codes = CODES[event]
    assert codes.action in ACTIONS[codes.event.value]
    assert (codes.event == ALERT) == (codes.kind is not None and codes.kind.value in ALERTS)
    (message,) = told(made(event))
    assert message.find("EventIdentification/EventID").get("csd-code") == codes.event.value
    types = [each.get("csd-code") for each in message.iterfind("EventIdentification/EventTypeCode")]
    assert types[-1] == event


@pytest.mark.parametrize(("outcome", "indicator"), [("refused", "4"), ("blocked", "8"), ("failed", "8")])
@pytest.mark.parametrize("event", ["uid:issue", "export:check", "audit:verify"])
def test_what_went_wrong_is_an_alert_whatever_it_was(event: str, outcome: str, indicator: str) -> None:
    (message,) = told(made(event, outcome=outcome, detail={"message": "1.2.3 is taken"}))
    identification = message.find("EventIdentification")
    assert identification.find("EventID").get("csd-code") == "110113"
    assert identification.get("EventOutcomeIndicator") == indicator
    assert identification.findtext("EventOutcomeDescription") == "1.2.3 is taken"


def test_what_a_newer_program_may_write_is_told_as_grave() -> None:
    assert codes_of("laser:fire") == REFUSED
    assert outcome_of("exploded") == 8


def test_the_page_has_the_codes() -> None:
    page = (Path(__file__).parents[2] / "docs" / "audit-export.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `") and ":" in line.split("|")[1]]
    kinds = {
        event: f" {codes.kind.value} {codes.kind.meaning}" if codes.kind else ""
        for event, codes in CODES.items()
    }
    assert rows == [
        f"| `{event}` | {codes.event.value} {codes.event.meaning} |{kinds[event]} | {codes.action} |"
        for event, codes in CODES.items()
    ]
