"""The tables and the plot of benchmarks/growth.py, drawn from the JSON lines that it left; and how
what was measured gets into docs/scale.md."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks import paper, plot
from benchmarks.measured import ENGINES, Series, fit, read

RESULTS = Path(__file__).parent / "results"
PUBLISHED = ("growth", "paper", "sizing", "partitioning")


def draw(points: Path, folder: Path) -> None:
    """Write growth.md and growth.png."""
    series, conditions = read(points)
    engines = [engine for engine in ENGINES if (engine, "ours") in series and (engine, "floor") in series]
    parts = [f"{ENGINES[each['engine']]}: {each['conditions']}; {each['settings']}." for each in conditions]
    parts = ["\n\n".join(parts)]
    parts += [_table(ENGINES[e], series[e, "ours"], series[e, "floor"]) for e in engines]
    parts.append(_exponents(series, engines))
    (folder / "growth.md").write_text("\n\n".join(parts) + "\n")
    (folder / "paper.md").write_text(paper.on_paper(series, engines) + "\n")
    plot.draw(series, engines, folder / "growth.png")


class Page:
    """What a benchmark tells, on stdout and in a file of its results."""

    def __init__(self, name: str) -> None:
        RESULTS.mkdir(exist_ok=True)
        self._file = RESULTS / f"{name}.md"
        self._file.write_text("")

    def tell(self, text: str) -> None:
        print(text, flush=True)
        with self._file.open("a") as page:
            page.write(f"{text}\n")


def publish(results: Path, docs: Path) -> None:
    """Put what was measured into docs/scale.md, each between its marks."""
    page = docs / "scale.md"
    text = page.read_text()
    for name in PUBLISHED:
        measured = results / f"{name}.md"
        if measured.exists():
            begins, ends = f"<!-- {name}: as measured -->", "<!-- end -->"
            told = f"{begins}\n\n{measured.read_text().strip()}\n\n{ends}"
            before, mark, after = text.partition(begins)
            text = before + told + after.partition(ends)[2] if mark else text
    page.write_text(text)
    shutil.copy(results / "growth.png", docs / "growth.png")


# --- tables --------------------------------------------------------------------------------


def _table(engine: str, ours: Series, floor: Series) -> str:
    head = (
        f"{engine}|load, rows/s|floor|ratio|one look-up, p50 / p99|floor|10,000 look-ups|floor|ratio"
        "|check of 500 files|verified in|bytes a UID|floor|memory"
    ).split("|")
    rows = [head, ["-:"] * len(head)]
    for place, size in enumerate(ours.sizes):
        mine, theirs = ours.points[place], floor.points[place]
        load, bare = ours.rates[place], floor.rates[place]
        rows.append(
            [
                f"{size:,}",
                f"{load:,.0f}",
                f"{bare:,.0f}",
                f"{load / bare:.2f}",
                f"{_micro(mine['p50'])} / {_micro(mine['p99'])}",
                f"{_micro(theirs['p50'])} / {_micro(theirs['p99'])}",
                f"{mine['many'] * 1000:.0f} ms",
                f"{theirs['many'] * 1000:.0f} ms",
                f"{theirs['many'] / mine['many']:.2f}",
                f"{ours.checks()[place]:.2f} s",
                paper.long(mine["verify"]) if "verify" in mine else "-",
                f"{ours.bytes_each()[place]:.0f}",
                f"{floor.bytes_each()[place]:.0f}",
                f"{mine['memory'] / 1e6:.0f} MB",
            ]
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _micro(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs"


def _exponents(series: dict[tuple[str, str], Series], engines: Sequence[str]) -> str:
    """How costs grow with size: 1 is ten times for ten times, 0 is the same."""
    rows = [["growth", "load, all decades", "last decade", "10,000 look-ups", "last decade, times"]]
    rows.append(["-", *["-:"] * 4])
    for engine in engines:
        for who in ("ours", "floor"):
            each = series[engine, who]
            if len(each.sizes) < 2:
                continue
            many = each.of("many")
            rows.append(
                [
                    f"{ENGINES[engine]}, {who}",
                    f"{fit(each.sizes, each.total)[0]:.3f}",
                    f"{fit(each.sizes[-2:], each.total[-2:])[0]:.3f}",
                    f"{fit(each.sizes, many)[0]:.3f}",
                    f"{many[-1] / many[-2]:.2f}",
                ]
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
