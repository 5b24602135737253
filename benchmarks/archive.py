"""An archive of any size, made up: the same seed gives the same rows, one study after the other.

Its series are as large as those of the public Imaging Data Commons (version 25): half of them hold one
object, nine in ten at most 162, 99 in 100 at most 554, and few hold thousands; 98 on average here, five
series to a study. Its UIDs are like those in circulation, 50 to 64 characters: a quarter count up within
a series as some scanners do, a quarter carry a time and random digits, half are what de-identification
leaves, random from end to end.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import count, islice
from random import Random

from registry.records import IndexRow

_SIZES = ((0.52, 1, 1), (0.9, 1, 162), (0.99, 162, 554), (1.0, 554, 5600))
"""Up to which share of the series they are how large, evenly in between."""

_CT, _MR, _PT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.128"
_SEG, _SR = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.88.33"
_MANY = ((_CT, "CT"), (_CT, "CT"), (_MR, "MR"), (_PT, "PT"))
_SINGLE = ((_SEG, "SEG"), (_SR, "SR"))
"""What a series with one object holds: what was derived from another."""

CHUNK = 10_000
"""Rows that are made in one go."""


def rows(seed: int = 0) -> Iterator[IndexRow]:
    """All rows of the archive, without end."""
    for number in count():
        yield from study(number, seed)


def study(number: int, seed: int = 0) -> list[IndexRow]:
    """The rows of one study: its images first, then what was derived from them."""
    digits = Random(f"{seed} {number}")
    sizes = sorted((_size(digits) for _ in range(digits.randint(4, 6))), reverse=True)
    style = digits.randrange(4)
    uid = _arc(digits, style, number)
    made: list[IndexRow] = []
    for place, size in enumerate(sizes):
        sop_class, modality = digits.choice(_SINGLE if size == 1 and place else _MANY)
        series = f"{_arc(digits, style, number)}.{place}" if style == 0 else _arc(digits, style, number)
        instances = _instances(digits, style, series, size)
        made += [IndexRow(instance, sop_class, series, uid, modality) for instance in instances]
    return made


def _size(digits: Random) -> int:
    share = digits.random()
    least, most = next((least, most) for until, least, most in _SIZES if share < until)
    return digits.randint(least, most)


def _instances(digits: Random, style: int, series: str, size: int) -> Iterator[str]:
    if style == 0:
        for number in range(size):
            yield f"{series}.{number + 1}"
    else:
        arc = series.rpartition(".")[0]
        if style == 1:
            moment = series.rpartition(".")[2][:14]
            for _ in range(size):
                yield f"{arc}.{moment}{digits.randrange(10**15, 10**16)}"
        else:
            for _ in range(size):
                yield f"{arc}.{digits.randrange(10**30, 10**31)}"


def _arc(digits: Random, style: int, number: int) -> str:
    """A UID for a study or series; what it ends with makes it one of a kind."""
    device = number % 97 + 100
    if style == 0:
        return f"1.2.840.113619.2.{device}.{604688000 + device}.{10**10 + number}.{digits.getrandbits(31)}"
    if style == 1:
        moment = f"20{digits.randrange(10, 26)}{digits.randrange(10**10, 10**11) % 10**10:010}"
        return f"1.3.12.2.1107.5.1.4.{60000 + device}.{moment[:14]}{digits.randrange(10**15, 10**16)}"
    return f"1.3.6.1.4.1.14519.5.2.1.{device}.{4000 + device}.{digits.randrange(10**30, 10**31)}"


def stride(size: int, sampled: int) -> int:
    """Each so-and-so-many-th of so many is picked."""
    return max(1, size // sampled)


class Source:
    """Some rows of an archive, one chunk after another, and what can be told of them afterwards."""

    def __init__(self, rows: Iterable[IndexRow], until: int, sampled: int, done: int = 0) -> None:
        """``until`` is the size of the archive when they are through, ``done`` how much of that is behind.

        As many as ``sampled`` UIDs are picked, evenly over the whole.
        """
        self._rows, self._until, self.done = iter(rows), until, done
        self._stride = stride(until, sampled)
        self.seconds = 0.0
        """How long making the rows took."""
        self.sample: list[str] = []

    def chunks(self) -> Iterator[list[IndexRow]]:
        while self.done < self._until:
            begun = time.perf_counter()
            chunk = list(islice(self._rows, min(CHUNK, self._until - self.done)))
            first = -self.done % self._stride
            self.sample += [str(row.sop_instance_uid) for row in chunk[first :: self._stride]]
            self.done += len(chunk)
            self.seconds += time.perf_counter() - begun
            yield chunk
