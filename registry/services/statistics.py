"""How many UIDs were issued and registered: by root, kind, modality, actor and time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from registry.errors import BadRequest
from registry.records import Kind, Origin
from registry.services.opening import OpenRegistry
from registry.store import tallies
from registry.store.roots import load_roots
from registry.store.tallies import PERIODS, Counting, Tally


class Dimension(StrEnum):
    """What UIDs are counted by."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    ROOT = "root"
    ACTOR = "actor"
    KIND = "kind"
    MODALITY = "modality"


@dataclass(frozen=True, slots=True)
class Count:
    """How many UIDs came into the ledger that have in common what was asked; the rest is None.

    Each counts once, by how it came in: an issued one stays *issued* when an object is registered
    that has it. *foreign* are those that were only named, as a parent or a target.
    """

    period: str | None = None  # 2026, 2026-11 or 2026-11-22, by the trail's clock, which is UTC
    root: str | None = None  # the registry's longest that they lie under; None: none of its own
    actor: str | None = None
    kind: Kind | None = None
    modality: str | None = None  # None: unknown, or of a kind that has none
    issued: int = 0
    registered: int = 0
    foreign: int = 0

    @property
    def total(self) -> int:
        return self.issued + self.registered + self.foreign


def statistics(
    registry: OpenRegistry,
    by: Iterable[Dimension],
    *,
    kind: Kind | None = None,
    under: str | None = None,
    actor: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> list[Count]:
    """How many UIDs came into the ledger, by some dimensions, sorted by them in the order of ``Count``.

    ``under`` is an arc; ``since`` and ``until`` are moments as the trail writes them. What it costs
    grows with the number of replacements; only by root (or below an arc) or by modality with that
    of all UIDs. Raises ``BadRequest`` for two sorts of time.
    """
    asked = set(by)
    periods = [each for each in PERIODS if each in asked]
    if len(periods) > 1:
        raise BadRequest(
            f"by {' and '.join(periods)} at once", advice="Choose one of them: a day tells its month."
        )
    counting = Counting(
        periods[0] if periods else None,
        Dimension.ACTOR in asked,
        Dimension.MODALITY in asked,
        actor,
        since,
        until,
    )
    with registry.database.reading() as connection:
        if Dimension.ROOT in asked:
            roots = [root.prefix for root in load_roots(connection)]
            found = list(tallies.by_root(connection, counting, roots, under))
        else:
            found = [(None, tallies.count(connection, counting, under))]
    return _counts(found, asked, kind)


class _Group(NamedTuple):
    """What is told as one."""

    period: str | None
    root: str | None
    actor: str | None
    kind: Kind | None
    modality: str | None

    @property
    def place(self) -> tuple[tuple[bool, object], ...]:
        """By which they sort: what is known before what isn't."""
        return tuple((part is None, part or "") for part in self)


def _counts(
    found: Iterable[tuple[str | None, Tally]], asked: set[Dimension], kind: Kind | None
) -> list[Count]:
    groups: defaultdict[_Group, Counter[Origin]] = defaultdict(Counter)
    for root, tally in found:
        for key, number in tally.items():
            if kind is None or key.kind is kind:
                of_kind = key.kind if Dimension.KIND in asked else None
                groups[_Group(key.period, root, key.actor, of_kind, key.modality)][key.origin] += number
    return [
        Count(*group, of[Origin.ISSUED], of[Origin.OBSERVED], of[Origin.FOREIGN])
        for group, of in sorted(groups.items(), key=lambda each: each[0].place)
    ]
