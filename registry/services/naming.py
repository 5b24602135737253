"""How a report names files: whole, by their name alone, by a keyed hash, not at all.

A path may hold a patient's name, and a report may go where that name mustn't.
The hash is keyed, so that nobody who has the report can try out names against it.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

from registry.keys import RegistryKey
from registry.records import Skipped
from registry.services.reports import Report

_ROW = re.compile(r"(.*?)(, row [0-9,]+)?", re.DOTALL)
"""A file, and in an index the row: what is hashed is the file alone."""

_HEX = 16  # characters: that two of a million files are alike happens once in forty million reports

Namer = Callable[[str], str | None]


def rename(report: Report, way: str, key: Callable[[], RegistryKey]) -> None:
    """Have a report name its files in one of the ways of ``settings.PATHS``.

    Messages and reasons hold no path, so the fields are all that there is to change.
    """
    if way == "full":
        return
    name = _namer(way, key)
    report.findings = [
        replace(
            finding,
            path=name(finding.path),
            also=tuple(also for path in finding.also if (also := name(path))),
        )
        if finding.path
        else finding
        for finding in report.findings
    ]
    report.skipped = [Skipped(name(skip.path) or "", skip.reason) for skip in report.skipped]


def _namer(way: str, key: Callable[[], RegistryKey]) -> Namer:
    if way == "none":
        return lambda _: None
    if way == "name":
        return os.path.basename
    secret = key().subkey("paths")

    @cache
    def hashed(path: str) -> str:
        file, row = _ROW.fullmatch(path).groups()  # type: ignore[union-attr]
        return hmac.digest(secret, os.fsencode(file), hashlib.sha256).hex()[:_HEX] + (row or "")

    return hashed
