"""For how long what was said of a finding counts."""

from __future__ import annotations

import pytest

from registry.acknowledgement import Said, State, Word, state_of

FACTS, OTHERS = b"f" * 16, b"o" * 16
EARLIER, NOW, LATER = (f"2026-11-2{day}T00:00:00.000000Z" for day in (4, 5, 6))


def test_a_finding_of_which_nothing_was_said_is_open() -> None:
    assert state_of(None, FACTS, NOW) is State.OPEN


@pytest.mark.parametrize(
    ("word", "state"),
    [
        (Word.ACKNOWLEDGED, State.ACKNOWLEDGED),
        (Word.RESOLVED, State.RESOLVED),
        (Word.REOPENED, State.OPEN),
    ],
)
def test_what_was_said_counts_as_long_as_the_facts(word: Word, state: State) -> None:
    assert state_of(Said(word, FACTS), FACTS, NOW) is state
    assert state_of(Said(word, FACTS), OTHERS, NOW) is State.OPEN
    assert state_of(Said(word, FACTS), None, NOW) is State.OPEN


@pytest.mark.parametrize(
    ("until", "state"), [(LATER, State.ACKNOWLEDGED), (NOW, State.OPEN), (EARLIER, State.OPEN)]
)
def test_it_counts_until_its_time_is_up(until: str, state: State) -> None:
    assert state_of(Said(Word.ACKNOWLEDGED, FACTS, until), FACTS, NOW) is state


def test_the_numbers_that_are_stored_stay() -> None:
    assert [(word.name, int(word)) for word in Word] == [
        ("ACKNOWLEDGED", 1),
        ("RESOLVED", 2),
        ("REOPENED", 3),
    ]
