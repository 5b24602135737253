"""The registry over a time: what was issued, by whom, and what was found that still stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from registry.acknowledgement import State
from registry.errors import BadRequest
from registry.records import Severity
from registry.services.opening import OpenRegistry, RegistryName
from registry.services.statistics import Count, Dimension, statistics
from registry.store.census import Sort, tally
from registry.store.findings import Which
from registry.store.roots import load_roots

MONTHS_BACK = 12
"""What is looked at where nobody says since when."""

_MOST_DAYS, _MOST_MONTHS = 92, 60


@dataclass(frozen=True, slots=True)
class RuleCount:
    """The findings of a rule that are equally grave, and aren't resolved."""

    code: str
    severity: Severity
    open: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The registry as a picture shows it."""

    registry: RegistryName
    since: str  # as the trail writes moments
    until: str
    under: str | None  # an arc; None: all there is
    period: Dimension  # day, month or year
    periods: tuple[str, ...]  # all of them, also those in which nothing was done
    counts: tuple[Count, ...]  # by period, root and actor
    roots: dict[str, str | None]  # those of the registry, and their organisation
    findings: tuple[RuleCount, ...]  # the gravest first

    @property
    def issued(self) -> int:
        return sum(count.issued for count in self.counts)

    @property
    def registered(self) -> int:
        return sum(count.registered for count in self.counts)


def overview(
    registry: OpenRegistry,
    *,
    since: str | None = None,
    until: str | None = None,
    under: str | None = None,
    now: datetime | None = None,
) -> Overview:
    """What was done between two moments, as the trail writes them, and what stands now; by default
    in the last twelve months and the present one, or those before ``until``. ``under`` narrows both
    to an arc. Raises ``BadRequest`` where there is no time between the two."""
    today = (now or datetime.now(UTC)).date()
    last = date.fromisoformat(until[:10]) if until else today
    first = date.fromisoformat(since[:10]) if since else _months_before(last, MONTHS_BACK)
    begin, end = since or _as_moment(first), until or _as_moment(today + timedelta(days=1))
    if begin >= end:
        raise BadRequest(
            f"nothing lies between {_shown(begin)} and {_shown(end)}"
            if until
            else f"{_shown(begin)} lies in the future",
            advice="Give an earlier --since, or a later --until.",
        )
    period = _period(first, last)
    counts = statistics(
        registry, (period, Dimension.ROOT, Dimension.ACTOR), under=under, since=begin, until=end
    )
    with registry.database.reading() as connection:
        found = tally(connection, Which(under=under), now)
        name, roots = registry.name(connection), load_roots(connection)
    return Overview(
        name,
        begin,
        end,
        under,
        period,
        tuple(_periods(period, first, last)),
        tuple(counts),
        {root.prefix: root.organization for root in roots},
        tuple(_standing(found)),
    )


def _standing(found: Counter[Sort]) -> Iterator[RuleCount]:
    """What isn't resolved, the gravest first."""
    rules = {(-sort.severity, sort.code) for sort in found if sort.state is not State.RESOLVED}
    for grave, code in sorted(rules):
        severity = Severity(-grave)
        opened, known = (found[Sort(code, severity, state)] for state in (State.OPEN, State.ACKNOWLEDGED))
        yield RuleCount(code, severity, opened, known)


def _shown(moment: str) -> str:
    return moment.replace(":00.000000Z", "Z")


def _as_moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00.000000Z"


def _months_before(day: date, months: int) -> date:
    """The first day of the month so many before that of a day."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, 1)


def _period(first: date, last: date) -> Dimension:
    """The shortest sort of period of which there aren't too many to look at."""
    if (last - first).days <= _MOST_DAYS:
        return Dimension.DAY
    months = (last.year - first.year) * 12 + last.month - first.month
    return Dimension.MONTH if months <= _MOST_MONTHS else Dimension.YEAR


def _periods(period: Dimension, first: date, last: date) -> Iterator[str]:
    """All periods from the one of a day to that of another, as statistics name them."""
    width = {Dimension.DAY: 10, Dimension.MONTH: 7}.get(period, 4)
    before = None
    for days in range((last - first).days + 1):
        if (name := (first + timedelta(days=days)).isoformat()[:width]) != before:
            yield name
        before = name
