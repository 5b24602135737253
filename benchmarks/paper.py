"""What was measured, carried on to sizes that nobody has measured."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.measured import ENGINES, Series, fit

_PAGES = {"sqlite": 4096, "postgresql": 8192}
_FULL = 0.7
_INNER = 32 + 8 + 4  # a key of 64 characters, the header of its entry, its pointer in the page
_COPIED = 200e6
"""Bytes a second that a backup copies: a plain disk or network."""


def levels(uids: float, each: float, page: int) -> int:
    """Of the key's tree, leaves included; ``each`` is what it takes for a UID, all told."""
    pages, height = uids * each / page, 1
    while pages > 1:
        pages, height = pages / (page * _FULL / _INNER), height + 1
    return height


def on_paper(series: dict[tuple[str, str], Series], engines: Sequence[str]) -> str:
    """What was measured at the greatest size, carried on: bytes and seconds for each UID stay as they
    are there; loading goes on at its last rate, or else grows by its own exponent."""
    head = ["instances", "engine", "bytes", "loaded in", "levels of the key", "verified in", "copied in"]
    rows = [head, ["-:", "-", *["-:"] * 5]]
    for power in range(8, 12):
        for engine in engines:
            ours = series[engine, "ours"]
            last, size = ours.points[-1], 10.0**power
            times = size / last["size"]
            exponent = fit(ours.sizes, ours.total)[0] if len(ours.sizes) > 1 else 1.0
            loads = sorted((size / ours.rates[-1], ours.total[-1] * times**exponent))
            loads = [loads[0]] if long(loads[0]) == long(loads[1]) else loads
            taken, key = ours.bytes_each()[-1] * size, _KEYS[engine]
            rows.append(
                [
                    f"10^{power}",
                    ENGINES[engine],
                    _much(taken),
                    " to ".join(map(long, loads)),
                    f"{levels(size, last['bytes'][key] / last['size'], _PAGES[engine])}",
                    long(last["verify"] * times) if "verify" in last else "-",
                    long(taken / _COPIED),
                ]
            )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


_KEYS = {"sqlite": "sqlite_autoindex_ledger_1", "postgresql": "pk_ledger"}


def _much(amount: float) -> str:
    for unit in ("GB", "TB"):
        amount /= 1e9 if unit == "GB" else 1e3
        if amount < 1000 or unit == "TB":
            return f"{amount:,.0f} {unit}" if amount >= 10 else f"{amount:.1f} {unit}"
    raise AssertionError


def long(seconds: float) -> str:
    for unit, length, most in (("s", 1, 120), ("min", 60, 120), ("h", 3600, 72), ("days", 86400, 730)):
        if seconds / length < most:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400 / 365:.0f} years"
