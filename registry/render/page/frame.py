"""What every page has: its head, who made it and when, the trail, the rules that are spoken of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from registry.render.page.markup import Element, Inside, tag
from registry.render.rulebook import rule_heading
from registry.rules import by_code
from registry.rules.base import HEADINGS
from registry.version import __version__

if TYPE_CHECKING:
    from registry.services.opening import RegistryName
    from registry.services.trailstate import TrailState
    from registry.store.entries import Entry

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""Nothing is loaded, run or sent, whatever a text that somebody typed may say."""


@dataclass(frozen=True, slots=True)
class Made:
    """When a page was made, by whom and how."""

    at: str  # as the trail writes moments
    by: str
    command: str  # that makes it again


def page(title: str, of: RegistryName, made: Made, *body: Inside) -> Element:
    """A whole page."""
    style = files("registry.render.page").joinpath("style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", **{"http-equiv": "Content-Security-Policy", "content": _POLICY}),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        tag("style", " ".join(style.split())),
    )
    whose = of.organization or "No organisation"
    facts = tag(
        "p",
        tag("bdi", whose),
        " · registry ",
        tag("code", of.origin),
        f" · {of.size:,} UIDs · {moment(made.at)} UTC, by ",
        tag("bdi", made.by),
        class_="facts",
    )
    main = tag("main", tag("header", facts, tag("h1", title)), *body, _footer(made))
    return tag("html", head, tag("body", main), lang="en")


def _footer(made: Made) -> Element:
    return tag(
        "footer",
        tag("p", "Made by uid-registry ", __version__, " with ", tag("code", made.command), "."),
        tag(
            "p",
            "It holds no patient's data and no path, and shows what the registry knew at that moment. "
            "UIDs are pseudonymous data: hand it to those alone who may have them.",
        ),
    )


def moment(at: str) -> str:
    """A moment as a person reads it, to the minute."""
    return at[:16].replace("T", " ")


def section(heading: str, *inside: Inside, id: str | None = None) -> Element:  # noqa: A002 (its name in HTML)
    return tag("section", tag("h2", heading), *inside, id=id)


def table(headings: Sequence[str], rows: Iterable[Element], numbers: Collection[int] = ()) -> Element:
    """A table that scrolls by itself where the window is too narrow for it; ``numbers`` are the
    columns that have some."""
    names = [
        tag("th", tag("bdi", each), scope="col", class_="number" if place in numbers else None)
        for place, each in enumerate(headings)
    ]
    return tag(
        "div",
        tag("table", tag("thead", tag("tr", names)), tag("tbody", list(rows))),
        class_="wide",
        tabindex=0,
    )


def row(*cells: Inside | int, id: str | None = None, class_: str | None = None) -> Element:  # noqa: A002
    """A row of a table. Numbers are set to the right."""
    return tag("tr", [_cell(each) for each in cells], id=id, class_=class_)


def _cell(inside: Inside | int) -> Element:
    if isinstance(inside, int):
        return tag("td", f"{inside:,}", class_="number")
    return tag("td", inside)


def code_of(text: str) -> Element:
    """A UID or another text that is read letter by letter."""
    return tag("code", text)


def pill(label: str) -> Element:
    """A severity or a state, as a word in its colour."""
    return tag("span", label, class_=f"pill {label}")


def tiles(numbers: Sequence[tuple[str, int, str | None]]) -> Element:
    """Numbers side by side; one that is grave stands out unless it is 0."""
    return tag(
        "ul",
        [
            tag(
                "li", tag("strong", f"{count:,}"), f" {_of_one(name, count)}", class_=grave if count else None
            )
            for name, count, grave in numbers
        ],
        class_="tiles",
    )


def _of_one(name: str, count: int) -> str:
    """What is counted, in the singular where there is one."""
    if count != 1:
        return name
    return " ".join(word if word == "series" else word.removesuffix("s") for word in name.split())


# --- the rules -------------------------------------------------------------------------------


def rules(codes: Iterable[str]) -> Element | None:
    """What the rules say that found something, each to be opened."""
    told = [_rule(code) for code in sorted(set(codes))]
    return section("What these rules say", told, id="rules") if told else None


def _rule(code: str) -> Element:
    rule = by_code(code)
    parts = [
        (tag("h3", heading), [tag("p", _joined(part)) for part in rule.sections[heading].split("\n\n")])
        for heading in HEADINGS
    ]
    summary = tag("summary", tag("strong", rule.code), f" {rule.name} ", tag("small", rule_heading(rule)))
    return tag("details", summary, parts, id=f"rule-{code}")


def _joined(text: str) -> str:
    return " ".join(text.split())


def rule_link(code: str) -> Element:
    return tag("a", code, href=f"#rule-{code}")


# --- the trail -------------------------------------------------------------------------------


def trail(state: TrailState) -> Element:
    """How it stands with the trail."""
    facts: list[tuple[str, Inside]] = [
        ("Entries", f"{state.size:,}"),
        ("Root hash", code_of(state.root_hash)),
    ]
    if state.newest is not None:
        facts.append(("Newest entry", f"{moment(state.newest.at)} UTC"))
    facts.append(("Last checkpoint", _entry(state.checkpoint) or "none was ever signed"))
    facts.append(("Last verified", _verified(state.verified)))
    return section(
        "The audit trail",
        _verdict(state),
        tag("dl", [(tag("dt", name), tag("dd", value)) for name, value in facts]),
        id="trail",
    )


def _entry(entry: Entry | None) -> Inside:
    if entry is None:
        return None
    return [f"{moment(entry.at)} UTC, by ", tag("bdi", entry.actor), f" (entry {entry.id:,})"]


def _verified(entry: Entry | None) -> Inside:
    told = _entry(entry)
    if entry is None or told is None:
        return "never, as far as the trail tells"
    return [told, ": ", pill("ok" if entry.outcome == "done" else "failed")]


def _verdict(state: TrailState) -> Element:
    found = state.verification
    if found is None:
        words = (
            "This page didn't recompute the trail: it has the size and the root hash that the database says. "
        )
        return tag("p", words, tag("code", "uid-registry audit verify"), " does, and so does --verify.")
    if found.ok:
        return tag(
            "p",
            pill("ok"),
            f" The whole trail was recomputed for this page: all {found.size:,} entries hold.",
        )
    first = "" if found.first_bad is None else f" from entry {found.first_bad:,} on"
    words = (
        f" The trail doesn't hold{first}: {found.reason}. "
        "Trust nothing on this page until somebody knows why."
    )
    return tag("p", pill("failed"), words, role="alert", class_="alarm")
