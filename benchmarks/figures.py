"""The table and the plot of benchmarks/growth.py, drawn from the JSON lines that it left."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

Point = dict[str, Any]

_ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_COLOURS = {"sqlite": "#1f5fa8", "postgresql": "#b3541e"}


def fit(sizes: Sequence[float], costs: Sequence[float]) -> tuple[float, float]:
    """Of ``cost = factor * size ** exponent`` the exponent and the factor: least squares of logarithms."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    middle, height = sum(x) / len(x), sum(y) / len(y)
    run = sum((each - middle) ** 2 for each in x)
    exponent = sum((a - middle) * (b - height) for a, b in zip(x, y, strict=True)) / run
    return exponent, math.exp(height - exponent * middle)


class Series:
    """What was measured of one contestant on one engine, a point for each size."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = sorted(points, key=lambda point: point["size"])
        self.sizes = [point["size"] for point in self.points]
        seconds = 0.0
        self.total: list[float] = []
        """The seconds of loading all, up to each size."""
        for point in self.points:
            seconds += point["seconds"]
            self.total.append(seconds)

    @property
    def rates(self) -> list[float]:
        """Rows a second between the size before and this one."""
        return [point["loaded"] / point["seconds"] for point in self.points]

    def of(self, name: str) -> list[float]:
        return [point[name] for point in self.points]

    def bytes_each(self) -> list[float]:
        """Bytes for each instance, of the whole database."""
        return [point["bytes"][""] / point["size"] for point in self.points]

    def checks(self) -> list[float]:
        """The seconds of checking the export."""
        return [median(point["check"]) for point in self.points]

    def curve(self) -> tuple[list[float], list[float]]:
        """Rows a second as the size grows."""
        sizes, rates = [], []
        for point in self.points:
            for (size, begun), (after, ended) in zip(point["marks"], point["marks"][1:], strict=False):
                sizes.append((size + after) / 2)
                rates.append((after - size) / (ended - begun))
        return sizes, rates


def read(path: Path) -> tuple[dict[tuple[str, str], Series], list[Point]]:
    """Each engine's contestants, and the conditions of each engine's run."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    points: dict[tuple[str, str], list[Point]] = {}
    for line in lines:
        if "size" in line:
            points.setdefault((line["engine"], line["who"]), []).append(line)
    return {key: Series(some) for key, some in points.items()}, [line for line in lines if "size" not in line]


def complete(path: Path, most: int) -> list[str]:
    """The lines of those engines that were measured to the end."""
    if not path.exists():
        return []
    series, _ = read(path)
    whole = {
        engine
        for engine in _ENGINES
        if all(most in series[engine, who].sizes for who in ("ours", "floor") if (engine, who) in series)
        and (engine, "floor") in series
    }
    return [line for line in path.read_text().splitlines() if json.loads(line)["engine"] in whole]


def draw(points: Path, folder: Path) -> None:
    """Write growth.md and growth.png."""
    series, conditions = read(points)
    engines = [engine for engine in _ENGINES if (engine, "ours") in series and (engine, "floor") in series]
    parts = [f"{_ENGINES[each['engine']]}: {each['conditions']}; {each['settings']}." for each in conditions]
    parts = ["\n\n".join(parts)]
    parts += [_table(_ENGINES[e], series[e, "ours"], series[e, "floor"]) for e in engines]
    parts.append(_exponents(series, engines))
    (folder / "growth.md").write_text("\n\n".join(parts) + "\n")
    _plot(series, engines, folder / "growth.png")


def publish(results: Path, docs: Path) -> None:
    """Put what was measured into docs/scale.md, between its marks."""
    page = docs / "scale.md"
    measured = (results / "growth.md").read_text()
    begins, ends = "<!-- growth: written by benchmarks/growth.py -->\n", "<!-- growth ends -->"
    text = re.sub(
        f"{re.escape(begins)}.*?{ends}",
        lambda _: f"{begins}\n{measured}\n{ends}",
        page.read_text(),
        flags=re.DOTALL,
    )
    page.write_text(text)
    shutil.copy(results / "growth.png", docs / "growth.png")


# --- tables --------------------------------------------------------------------------------


def _table(engine: str, ours: Series, floor: Series) -> str:
    head = (
        f"{engine}|load, rows/s|floor|ratio|one look-up, p50 / p99|floor|10,000 look-ups|floor|ratio"
        "|check of 500 files|bytes a UID|floor|memory"
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
                    f"{_ENGINES[engine]}, {who}",
                    f"{fit(each.sizes, each.total)[0]:.3f}",
                    f"{fit(each.sizes[-2:], each.total[-2:])[0]:.3f}",
                    f"{fit(each.sizes, many)[0]:.3f}",
                    f"{many[-1] / many[-2]:.2f}",
                ]
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


# --- the plot ------------------------------------------------------------------------------


def _plot(series: dict[tuple[str, str], Series], engines: Sequence[str], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, frames = plt.subplots(2, 3, figsize=(15, 8.5), facecolor="white", layout="constrained")
    (load, one, many), (check, size, memory) = frames
    for engine in engines:
        for who in ("ours", "floor"):
            each = series[engine, who]
            _line(load, engine, who, *each.curve())
            _line(one, engine, who, each.sizes, [1e6 * value for value in each.of("p50")], "p50")
            if who == "ours":
                _line(one, engine, who, each.sizes, [1e6 * value for value in each.of("p99")], "p99", ":")
                _line(check, engine, who, each.sizes, each.checks())
                _line(memory, engine, who, each.sizes, [value / 1e6 for value in each.of("memory")])
            _line(many, engine, who, each.sizes, [1000 * value for value in each.of("many")])
            _line(size, engine, who, each.sizes, each.bytes_each())
    for frame, title in (
        (load, "loading: rows a second"),
        (one, "one look-up: µs"),
        (many, "10,000 look-ups at once: ms"),
        (check, "check of an export of 500 files: s"),
        (size, "bytes a UID"),
        (memory, "memory of the loading process: MB"),
    ):
        frame.set_xscale("log")
        if frame in (load, one, many):
            frame.set_yscale("log")
            low, high = frame.get_ylim()
            frame.set_ylim(low / 2, high * 2)
        else:
            frame.set_ylim(0, frame.get_ylim()[1] * 1.2)
        left, right = frame.get_xlim()
        frame.set_xlim(left, right * 12)  # room for the names of the lines
        frame.set_title(title, loc="left", fontsize=11)
        frame.set_xlabel("instances in the registry")
        frame.grid(True, which="major", color="#dddddd", linewidth=0.7)
        _part(frame)
        frame.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "Growing from 10⁴ on; dashed: the floor, the bare driver on the same tables", x=0.01, ha="left"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _part(frame: Any) -> None:
    """Move the names of lines apart that end at the same height."""
    frame.figure.canvas.draw()
    below = -math.inf
    for name in sorted(frame.texts, key=lambda text: frame.transData.transform(text.xy)[1]):
        height = frame.transData.transform(name.xy)[1]
        place = max(height, below + 12)
        name.set_position((6, (place - height) * 72 / frame.figure.dpi))
        below = place


def _line(
    frame: Any, engine: str, who: str, x: Sequence[float], y: Sequence[float], what: str = "", style: str = ""
) -> None:
    """A line that is named at its end."""
    if not x:
        return
    style = style or ("-" if who == "ours" else "--")
    markers = "o" if len(x) < 10 else None
    frame.plot(x, y, style, color=_COLOURS[engine], marker=markers, markersize=4, linewidth=1.6)
    name = " ".join(part for part in (_ENGINES[engine], "floor" if who == "floor" else "", what) if part)
    frame.annotate(
        name,
        (x[-1], y[-1]),
        xytext=(6, 0),
        textcoords="offset points",
        color=_COLOURS[engine],
        fontsize=8,
        va="center",
    )
