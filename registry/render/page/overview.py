"""The page of a registry: what was issued over a time, what was found, how it stands with the trail."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from registry.records import Severity
from registry.render.page.chart import Bars, chart
from registry.render.page.frame import (
    Made,
    moment,
    page,
    pill,
    row,
    rule_link,
    rules,
    section,
    table,
    tiles,
    trail,
)
from registry.render.page.markup import Element, Inside, tag
from registry.rules import by_code

if TYPE_CHECKING:
    from registry.services.overview import Overview, RuleCount
    from registry.services.trailstate import TrailState

_BAR = 160


def overview_page(of: Overview, state: TrailState, made: Made) -> Element:
    """The page of a registry."""
    below: Inside = [" below ", tag("code", of.under)] if of.under else None
    return page(
        "What was issued, and what was found",
        of.registry,
        made,
        tag("p", f"From {_day(of.since)} to before {_day(of.until)} (UTC)", below, "."),
        _summary(of),
        section(
            "Issued over time",
            chart(_by_root(of), f"UIDs issued a {of.period}, by root", "by-root"),
            chart(_by_actor(of), f"UIDs issued a {of.period}, by actor", "by-actor"),
            id="issued",
        ),
        _findings(of),
        trail(state),
        rules(count.code for count in of.findings),
    )


def _day(at: str) -> str:
    return moment(at).removesuffix(" 00:00")


def _summary(of: Overview) -> Element:
    standing: Counter[Severity] = Counter()
    for count in of.findings:
        standing[count.severity] += count.open
    return tiles(
        [
            ("UIDs issued", of.issued, None),
            ("registered", of.registered, None),
            ("open errors now", standing[Severity.ERROR], "error"),
            ("open warnings now", standing[Severity.WARNING], "warning"),
            ("notes", standing[Severity.NOTE], None),
            ("acknowledged", sum(count.acknowledged for count in of.findings), None),
        ]
    )


def _by_root(of: Overview) -> Bars:
    counts: Counter[tuple[str, str]] = Counter()
    for count in of.counts:
        counts[count.period or "", _root(of, count.root)] += count.issued
    return Bars("UIDs", of.periods, counts)


def _root(of: Overview, prefix: str | None) -> str:
    """A root, and whose it is where that isn't said at the top already."""
    if prefix is None:
        return "under no root of the registry"
    whose = of.roots.get(prefix)
    return prefix if whose in (None, of.registry.organization) else f"{prefix} ({whose})"


def _by_actor(of: Overview) -> Bars:
    counts: Counter[tuple[str, str]] = Counter()
    for count in of.counts:
        counts[count.period or "", count.actor or "unknown"] += count.issued
    return Bars("UIDs", of.periods, counts)


def _findings(of: Overview) -> Element:
    if not of.findings:
        return section("Findings that stand", tag("p", "Nothing that was found stands."), id="findings")
    most = max(count.open + count.acknowledged for count in of.findings)
    headings = ("Severity", "Rule", "Open", "Acknowledged", "")
    return section(
        "Findings that stand now",
        table(headings, [_rule(count, most) for count in of.findings], numbers=(2, 3)),
        tag("p", tag("code", "uid-registry findings list --code CODE"), " lists them.", class_="legend"),
        id="findings",
    )


def _rule(count: RuleCount, most: int) -> Element:
    told = count.open + count.acknowledged
    width, known = (f"{_BAR * number / most:.1f}" for number in (told, count.acknowledged))
    bar = tag(
        "svg",
        tag("rect", width=width, height=14, class_=f"share {count.severity.label}"),
        tag("rect", width=known, height=14, x=f"{_BAR * count.open / most:.1f}", class_="share acknowledged"),
        width=_BAR,
        height=14,
        aria_hidden="true",
    )
    return row(
        pill(count.severity.label),
        [rule_link(count.code), " ", tag("small", by_code(count.code).name)],
        count.open,
        count.acknowledged,
        bar,
    )
