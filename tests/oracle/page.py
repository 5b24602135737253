"""docs/oracle.md: the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from tests.oracle import peers, reasons
from tests.oracle.cases import MUTATIONS
from tests.oracle.comparing import Told
from tests.oracle.flaws import PLACES
from tests.oracle.measuring import Compared

_HEAD = """\
<!-- Written by scripts/oracle; changes belong there. -->

# The oracle: dcentvfy and dciodvfy

[dicom3tools](https://www.dclunie.com/dicom3tools.html) has two programs that know more about UIDs than any
other: `dcentvfy` compares the entities of a set of files, `dciodvfy` validates one file at a time. The
registry is held against both: whatever they report about UIDs and entities has a finding here, or a reason
why not.

```sh
scripts/oracle            # all of it, some minutes; writes this page
scripts/oracle --check    # writes nothing, fails where this page is out of date
```

It fails if one case is without a finding and without a reason. A part of it is in the test suite.

What is compared: dicom3tools {version}, and `uid-registry check` with all rules. The files are a study of
CT (two slices), MR, segmentation, parametric map, report, key objects, presentation state and structure
set, with one thing changed in one object; for attributes of other classes, two objects of such a class.
What counts is what is said of the changed set and not of the set as it was.

{summary}
"""


_BLIND = """\
It knows the files of one call and no more, doesn't look at private classes, compares nothing with what
references say, and stops at the first 64-bit value. For each of its blind spots one case."""

_FLAWS = """\
`both`: both report it. `ours`: only the registry. A number: only dciodvfy, for the reason below. `-`:
neither."""

_ATTRIBUTES = """\
Which attributes dcentvfy compares was asked of the program itself: two instances with every attribute of
the data dictionary and other values, for each of {classes} storage classes; it knows {known} of them, and
compares {attributes} attributes in all. Each is changed within its entity:

{ways}

A cell: what dcentvfy says (E error, W warning, - nothing), then the registry's rule and its severity (E, W, N
note), or the number of the reason why it says nothing. Attributes that it compares for some classes only are
tried with one of these."""


class _Notes:
    """Reasons, numbered as they come."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def mark(self, told: Told) -> str:
        text = reasons.of(told.case)
        if text is None:
            return "**?**"
        return f"({self.numbers.setdefault(text, len(self.numbers) + 1)})"

    def listed(self) -> str:
        return "\n".join(f"{number}. {text}" for text, number in self.numbers.items())


def page(
    compared: Compared, unknown: Sequence[str], attributes: Sequence[Told], identities: Sequence[Told],
    blind: Sequence[Told], flaws: Sequence[Told], files: Sequence[Told],
) -> str:  # fmt: skip
    """The whole page."""
    notes = _Notes()
    body = [
        "## Attributes of patient, study, series, equipment and frame of reference",
        _attributes_text(compared, unknown),
        _attribute_table(compared, attributes, notes),
        "## Patients and the UIDs of the hierarchy",
        "What is said first of each: dcentvfy's severity, then the registry's rules with theirs.",
        _case_table(identities, notes),
        "## What dcentvfy doesn't see",
        _BLIND,
        _case_table(blind, notes),
        "## UIDs that are wrong as such, beside dciodvfy",
        _FLAWS,
        _flaw_table(flaws, notes),
        _file_table(files, notes),
        "## Reasons",
        "Why the registry is silent where the other program speaks.",
        notes.listed(),
    ]
    everything = [*attributes, *identities, *blind, *flaws, *files]
    return _HEAD.format(version=peers.VERSION, summary=_summary(everything)) + "\n" + "\n\n".join(body) + "\n"


def _summary(everything: Iterable[Told]) -> str:
    counts = Counter(told.verdict for told in everything)
    return (
        f"{sum(counts.values()):,} cases: {counts['both']:,} that both report, {counts['ours']:,} only the "
        f"registry, {counts['theirs']:,} only the other program (each with its reason), "
        f"{counts['neither']:,} neither."
    )


def _attributes_text(compared: Compared, unknown: Sequence[str]) -> str:
    known = {name for names in compared.values() for name in names}
    ways = "\n".join(f"- *{name}*: {what}" for name, what in MUTATIONS.items())
    return _ATTRIBUTES.format(
        classes=len(known) + len(unknown), known=len(known), attributes=len(compared), ways=ways
    )


def _attribute_table(compared: Compared, attributes: Sequence[Told], notes: _Notes) -> str:
    rows: dict[tuple[str, str], dict[str, Told]] = {}
    for told in attributes:
        rows.setdefault((told.case.entity, told.case.attribute), {})[told.case.mutation] = told  # type: ignore[union-attr]
    order = {
        name: place
        for place, name in enumerate(("Patient", "Study", "Series", "Equipment", "FrameOfReference"))
    }
    lines = [
        f"| entity | attribute | classes | {' | '.join(MUTATIONS)} |",
        f"|---|---|---|{'---|' * len(MUTATIONS)}",
    ]
    for entity, keyword in sorted(rows, key=lambda key: (order[key[0]], key[1])):
        found = rows[entity, keyword]
        cells = [_cell(found[name], notes) if name in found else "" for name in MUTATIONS]
        words = "frame of reference" if entity == "FrameOfReference" else entity.lower()
        lines.append(f"| {words} | {keyword} | {len(compared[entity, keyword])} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(told: Told, notes: _Notes) -> str:
    ours = " ".join(f"{code} {letter}" for code, letter in told.ours)
    if told.verdict == "theirs":
        ours = notes.mark(told)
    return f"{told.their_letter or '-'} / {ours or '-'}"


def _case_table(cases: Sequence[Told], notes: _Notes) -> str:
    lines = ["| case | dcentvfy | the registry |", "|---|---|---|"]
    for told in cases:
        ours = ", ".join(f"{code} {letter}" for code, letter in told.ours)
        if told.verdict == "theirs":
            ours = notes.mark(told)
        elif told.case.code and told.case.code not in told.codes:
            ours += " **?**"
        stops = any("stops" in said for said in told.theirs)
        lines.append(
            f"| {told.case.title} | {'stops' if stops else told.their_letter or '-'} | {ours or '-'} |"
        )  # type: ignore[union-attr]
    return "\n".join(lines)


def _flaw_table(flaws: Sequence[Told], notes: _Notes) -> str:
    rows: dict[str, dict[str, Told]] = {}
    for told in flaws:
        rows.setdefault(told.case.flaw, {})[told.case.place] = told  # type: ignore[union-attr]
    lines = [f"| flaw | rule | {' | '.join(PLACES)} |", f"|---|---|{'---|' * len(PLACES)}"]
    for flaw, found in rows.items():
        cells = [
            {
                "both": "both",
                "ours": "ours",
                "theirs": notes.mark(told) if told.verdict == "theirs" else "",
                "neither": "-",
            }[told.verdict]
            for told in (found[place] for place in PLACES)
        ]
        codes = " ".join(
            sorted({code for told in found.values() for code in told.case.code.split() if code in told.codes})
        )
        lines.append(f"| {flaw} | {codes} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _file_table(files: Sequence[Told], notes: _Notes) -> str:
    lines = ["| one file | dciodvfy | the registry |", "|---|---|---|"]
    for told in files:
        ours = ", ".join(f"{code} {letter}" for code, letter in told.ours)
        if told.verdict == "theirs":
            ours = notes.mark(told)
        lines.append(f"| {told.case.flaw} | {told.their_letter or '-'} | {ours or '-'} |")  # type: ignore[union-attr]
    return "\n".join(lines)
