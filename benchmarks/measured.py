"""What benchmarks/growth.py measured, read back from its JSON lines."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

Point = dict[str, Any]

ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


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
        for engine in ENGINES
        if all((engine, who) in series and most in series[engine, who].sizes for who in ("ours", "floor"))
    }
    return [line for line in path.read_text().splitlines() if json.loads(line)["engine"] in whole]
