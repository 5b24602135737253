"""Running the cases through both programs, and saying who saw what."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.records import Severity
from tests.oracle import peers
from tests.oracle.cases import Case
from tests.oracle.flaws import Flaw
from tests.oracle.study import FIRST, Files, numbered

_LETTERS = {Severity.ERROR.label: "E", Severity.WARNING.label: "W", Severity.NOTE.label: "N"}
_ATTRIBUTE_RULES = ("UID403", "UID405", "UID406", "UID407")
_OF_ONE_FILE = ("UID1", "UID2", "UID307", "UID6")


@dataclass(frozen=True)
class Told:
    """What was said of one case, and not of the same set without the change."""

    case: Case | Flaw
    theirs: frozenset[str]  # "E ..." or "W ..."
    ours: tuple[tuple[str, str], ...]  # code and letter of the severity, the gravest first

    @property
    def their_letter(self) -> str:
        return min((said[0] for said in self.theirs), default="")

    @property
    def codes(self) -> set[str]:
        return {code for code, _ in self.ours}

    @property
    def verdict(self) -> str:
        """Who speaks: ``both``, ``ours``, ``theirs`` or ``neither``."""
        return {(True, True): "both", (False, True): "ours", (True, False): "theirs"}.get(
            (bool(self.theirs), bool(self.ours)), "neither"
        )


def compare(cases: Sequence[Case], folder: Path) -> list[Told]:
    """Each case before dcentvfy and before `check`."""
    sets = _Sets(folder)
    places = [(sets.put(case.before, once=True), sets.put(case.files)) for case in cases]
    for case, (_, number) in zip(cases, places, strict=True):
        if case.known:
            sets.put_known(case.known, number)
    numbers = sorted({number for pair in places for number in pair})
    said = dict(zip(numbers, peers.at_once(peers.dcentvfy, [sets.paths[n] for n in numbers]), strict=True))
    findings = sets.findings()
    told = []
    for case, (before, number) in zip(cases, places, strict=True):
        remarks = {r for r in said[number] if not case.attribute or r.attribute in (case.attribute, None)}
        theirs = {_plain(f"{r.severity} {r.text}", number) for r in remarks}
        theirs -= {_plain(f"{r.severity} {r.text}", before) for r in said[before] if r in said[before]}
        if case.attribute:
            theirs = {text for text in theirs if "information entities" not in text}
        told.append(Told(case, frozenset(theirs), _new(case, findings, before, number)))
    return told


def compare_flaws(cases: Sequence[Flaw], folder: Path) -> list[Told]:
    """Each flaw before dciodvfy and before `check`."""
    sets = _Sets(folder)
    places = [(sets.put(case.before, once=True), sets.put(case.files)) for case in cases]
    numbers = sorted({number for pair in places for number in pair})
    said = dict(zip(numbers, peers.at_once(peers.dciodvfy, [sets.paths[n][0] for n in numbers]), strict=True))
    findings = sets.findings()
    told = []
    for case, (before, number) in zip(cases, places, strict=True):
        theirs = {_plain(line, number) for line in said[number]}
        theirs -= {_plain(line, before) for line in said[before]}
        theirs = {line for line in theirs if "/Laterality" not in line}
        ours = tuple(
            each for each in _new(None, findings, before, number) if each[0].startswith(_OF_ONE_FILE)
        )
        told.append(Told(case, frozenset(theirs), ours))
    return told


class _Sets:
    """Folders of sets of files, each with its number in all UIDs."""

    def __init__(self, folder: Path) -> None:
        self.paths: dict[int, list[Path]] = {}
        self._folder, self._known = folder / "sets", folder / "known"
        self._placed: dict[int, int] = {}
        self._next = 1

    def put(self, files: Files, *, once: bool = False) -> int:
        """Write a set; with ``once`` the same one isn't written again."""
        if once and id(files) in self._placed:
            return self._placed[id(files)]
        number, self._next = self._next, self._next + 1
        self.paths[number] = self._write(self._folder, files, number)
        if once:
            self._placed[id(files)] = number
        return number

    def put_known(self, files: Files, number: int) -> None:
        self._write(self._known, files, number)

    @staticmethod
    def _write(top: Path, files: Files, number: int) -> list[Path]:
        folder = top / str(FIRST + number)
        folder.mkdir(parents=True)
        for name, data in numbered(files, number).items():
            (folder / f"{name}.dcm").write_bytes(data)
        return sorted(folder.iterdir())

    def findings(self) -> dict[int, list[dict[str, Any]]]:
        """The findings of each set."""
        by_set: dict[int, list[dict[str, Any]]] = {number: [] for number in self.paths}
        for finding in peers.check(self._folder, self._known if self._known.exists() else None):
            if not finding["path"]:
                raise SystemExit(f"nobody knows which set this is about: {finding}")
            by_set[int(Path(finding["path"]).parent.name) - FIRST].append(finding)
        return by_set


def _new(
    case: Case | None, findings: dict[int, list[dict[str, Any]]], before: int, number: int
) -> tuple[tuple[str, str], ...]:
    """The codes that the change brought, with their severities."""

    def plain(finding: dict[str, Any], of: int) -> tuple[str, str, str]:
        return finding["code"], finding["severity"], _plain(finding["message"], of)

    known = {plain(finding, before) for finding in findings[before]}
    new = {}
    for finding in findings[number]:
        if plain(finding, number) in known:
            continue
        names_it = case is None or not case.attribute or case.attribute in json.dumps(finding)
        if names_it or finding["code"] not in _ATTRIBUTE_RULES:
            letter = _LETTERS[finding["severity"]]
            new[finding["code"]] = min(letter, new.get(finding["code"], letter), key="EWN".index)
    return tuple(sorted(new.items(), key=lambda each: ("EWN".index(each[1]), each[0])))


def _plain(text: str, number: int) -> str:
    return text.replace(str(FIRST + number), str(FIRST))
