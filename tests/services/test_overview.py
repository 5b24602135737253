"""The registry over a time: periods without gaps, who issued under which root, what stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from registry.acknowledgement import State
from registry.errors import BadRequest
from registry.records import Kind, Severity
from registry.services.acknowledging import acknowledge, reopen, resolve
from registry.services.auditing import audit_verify
from registry.services.checkpointing import checkpoint
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.overview import Overview, overview
from registry.services.querying import STANDING, kept_findings, stats
from registry.services.registering import register
from registry.services.requests import IssueRequest
from registry.services.statistics import Dimension
from registry.services.trailstate import TrailState, trail_state
from registry.settings import Settings
from registry.store.findings import Which, listing
from tests.conftest import Registries
from tests.databases import raw, run
from tests.objects import ROOT, save_all, tiny
from tests.pictures import at

NOW = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


def moment(day: str) -> str:
    return f"{day}T00:00:00.000000Z"


def state_of(registry: OpenRegistry) -> TrailState:
    with registry.database.reading() as connection:
        return trail_state(connection)


def of_rules(found: Overview) -> dict[tuple[str, Severity], tuple[int, int]]:
    return {(rule.code, rule.severity): (rule.open, rule.acknowledged) for rule in found.findings}


def test_the_last_twelve_months_and_the_present_one(registry: OpenRegistry) -> None:
    found = overview(registry, now=NOW)
    assert (found.since, found.until) == (moment("2025-11-01"), moment("2026-11-27"))
    assert found.period is Dimension.MONTH
    assert found.periods[0] == "2025-11"
    assert found.periods[-1] == "2026-11"
    assert len(found.periods) == 13


@pytest.mark.parametrize(
    ("since", "until", "period", "first", "many"),
    [
        ("2026-02-27", "2026-03-02", Dimension.DAY, "2026-02-27", 4),
        ("2024-02-15", "2026-03-02", Dimension.MONTH, "2024-02", 26),
        ("1999-02-15", "2026-03-02", Dimension.YEAR, "1999", 28),
    ],
)
def test_a_picture_has_neither_too_many_periods_nor_gaps(
    registries: Registries, since: str, until: str, period: Dimension, first: str, many: int
) -> None:
    with opened(registries.shared("filled"), read_only=True) as registry:
        found = overview(registry, since=moment(since), until=moment(until))
    assert (found.period, len(found.periods)) == (period, many)
    assert found.periods[0] == first


def test_the_twelve_months_before_a_moment(registries: Registries) -> None:
    with opened(registries.shared("filled"), read_only=True) as registry:
        found = overview(registry, until=moment("2020-03-15"), now=NOW)
    assert (found.since, found.periods[0], found.periods[-1]) == (moment("2019-03-01"), "2019-03", "2020-03")


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("since", "until", "told"),
    [
        ("2026-03-02", "2026-02-27", "nothing lies between 2026-03-02T00:00Z and 2026-02-27T00:00Z"),
        ("2026-03-02", "2026-03-02", "nothing lies between 2026-03-02T00:00Z and 2026-03-02T00:00Z"),
        ("2026-11-27", None, "2026-11-27T00:00Z lies in the future"),
    ],
)
def test_a_picture_needs_some_time(registries: Registries, since: str, until: str | None, told: str) -> None:
    with (
        opened(registries.shared("filled"), read_only=True) as registry,
        pytest.raises(BadRequest, match=f"^{told}$"),
    ):
        overview(registry, since=moment(since), until=until and moment(until), now=NOW)


def test_each_count_is_of_a_period_a_root_and_an_actor(settings: Settings) -> None:
    for actor, day, count in (("ann", 3, 5), ("bob", 3, 2), ("ann", 25, 1)):
        with at(NOW.replace(day=day)), opened(replace(settings, actor=actor)) as registry:
            issue(registry, IssueRequest(Kind.STUDY, count=count))
    with opened(settings, read_only=True) as registry:
        found = overview(registry, since=moment("2026-11-01"), until=moment("2026-11-20"))
    told = {(each.period, each.root, each.actor): each.issued for each in found.counts}
    assert told == {("2026-11-03", ROOT, "ann"): 5, ("2026-11-03", ROOT, "bob"): 2}
    assert found.issued == 7
    assert {each.period for each in found.counts} <= set(found.periods)


def test_what_stands_is_counted_by_rule_and_what_was_said_of_it(filled: Settings, tmp_path: Path) -> None:
    """Some were acknowledged, for ever or until a time that is over or isn't, or until more of it was
    found; some are resolved, of some it was said that they count again."""
    images = [tiny(f"2.999.4.{number}", "1.9.4", "1.9") for number in range(7)]
    later = datetime.now(UTC) + timedelta(days=2)
    with opened(filled) as registry:
        register(registry, [str(path) for path in save_all(images, tmp_path)])
        each = [Which(code="UID202", subject=f"2.999.4.{number}") for number in range(6)]
        acknowledge(registry, each[0], "known", until=later - timedelta(days=1))
        acknowledge(registry, each[1], "known", until=later + timedelta(days=1))
        acknowledge(registry, each[2], "known")
        acknowledge(registry, each[3], "known")
        resolve(registry, each[4], "mended")
        resolve(registry, each[5], "mended")
        reopen(registry, each[5], "it wasn't")
        with raw(filled) as connection:
            run(connection, "UPDATE findings SET facts = :more WHERE uid = '2.999.4.3'", more=b"more")
        found, numbers = overview(registry, now=later), stats(registry).findings
        with registry.database.reading() as connection:
            standing = listing(connection, Which(), STANDING, now=later)
    assert of_rules(found)["UID202", Severity.ERROR] == (4, 2)
    by_hand = Counter((each.code, each.severity, each.state) for each in standing)
    assert of_rules(found) == {
        (code, severity): (by_hand[code, severity, State.OPEN], by_hand[code, severity, State.ACKNOWLEDGED])
        for code, severity, _ in by_hand
    }
    assert numbers == Counter(each.code for each in standing)
    assert [-rule.severity for rule in found.findings] == sorted(-rule.severity for rule in found.findings)


def test_an_arc_narrows_what_was_issued_and_what_was_found(registries: Registries) -> None:
    with opened(registries.shared("filled"), read_only=True) as registry:
        everything, under = overview(registry), overview(registry, under="1.2.3")
        standing = kept_findings(registry, Which(under="1.2.3"), STANDING)
    assert under.issued == 0 < everything.issued
    assert 0 < under.registered < everything.registered
    assert sum(rule.open + rule.acknowledged for rule in under.findings) == len(standing) > 0


def test_a_registry_in_which_nothing_was_done(registry: OpenRegistry) -> None:
    found = overview(registry)
    assert (found.issued, found.registered, found.findings) == (0, 0, ())


def test_the_trail_says_when_it_was_last_handed_out_and_verified(registry: OpenRegistry) -> None:
    assert (state_of(registry).checkpoint, state_of(registry).verified) == (None, None)
    checkpoint(registry)
    state = state_of(registry)
    assert state.checkpoint is not None
    assert state.checkpoint == state.newest
    assert state.size == state.newest.seq + 1
    verification = audit_verify(registry)
    with registry.database.reading() as connection:
        verified = trail_state(connection, verification)
    assert (verified.size, verified.root_hash) == (state.size, state.root_hash)
    assert verified.verification is verification
