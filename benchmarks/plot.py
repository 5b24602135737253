"""The plot of benchmarks/growth.py: every cost against the size of the registry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.measured import ENGINES, Series

_COLOURS = {"sqlite": "#1f5fa8", "postgresql": "#b3541e"}


def draw(series: dict[tuple[str, str], Series], engines: Sequence[str], path: Path) -> None:
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
    name = " ".join(part for part in (ENGINES[engine], "floor" if who == "floor" else "", what) if part)
    frame.annotate(
        name,
        (x[-1], y[-1]),
        xytext=(6, 0),
        textcoords="offset points",
        color=_COLOURS[engine],
        fontsize=8,
        va="center",
    )
