"""Taking over what another program replaced: a map, pair by pair.

What fits is recorded, what would make two of one or one of two isn't, and is told
(UID701): bad pairs never cost the good ones. Of pairs that contradict each other within
the map none is taken, whatever order they come in; what is recorded stays as it is.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from registry.errors import BadRequest, NotOneToOne, RegistryError
from registry.records import Finding, MapRow, Origin, Skipped, Verdict
from registry.rules import by_code
from registry.rules.policy import Policy
from registry.services.opening import OpenRegistry
from registry.services.refusing import recorded
from registry.services.remapping import LONGEST, scope_name, stays
from registry.services.reports import MOST_TOLD, Report
from registry.store import findings, replacements
from registry.store.act import Act
from registry.store.standings import Standings
from registry.store.words import Words
from registry.uid import is_key, parse, printable

_RULE = by_code("UID701")


class Pair(NamedTuple):
    """A line of a map."""

    original: str
    replacement: str
    place: str = ""  # for the person who reads the report; never recorded


def read_map(text: str, name: str) -> Iterator[Pair]:
    """The pairs of a map that another program has written: a JSON object of originals and their
    replacements, or lines with both, a comma, a semicolon, blanks or a tab in between. What
    ``scope export`` prints as JSON is read too.

    A line that is no pair is one without an original. Raises ``BadRequest`` where nothing is.
    """
    if text.lstrip().startswith("{"):
        try:
            pairs = _json_pairs(text)
        except ValueError as error:
            raise BadRequest(
                f"{name} is no JSON: {error}", advice="Give an object of UIDs, or CSV."
            ) from None
        for number, (original, replacement) in enumerate(pairs, 1):
            yield Pair(str(original), str(replacement), f"{name}, row {number:,}")
        return
    for number, line in enumerate(text.splitlines(), 1):
        parts = [part.strip("\"'") for part in _BETWEEN.split(line.strip())]
        if parts == [""] or (number == 1 and not any(map(is_key, parts))):
            continue  # nothing, or a heading
        place = f"{name}, row {number:,}"
        original, replacement = parts if len(parts) == 2 else ("", "")
        yield Pair(original, replacement, place)


def _json_pairs(text: str) -> Iterable[tuple[Any, Any]]:
    """The pairs of a JSON object, or of a map as this program writes it in JSON or line by line.

    Raises ``ValueError``.
    """
    try:
        found = json.loads(text)
        exported = found.get("uids") if "scope" in found else [found]
    except ValueError:
        exported = [json.loads(line) for line in text.splitlines() if line.strip()]
        if not _are_pairs(exported):
            raise
    return (
        [(each["original"], each["replacement"]) for each in exported]
        if _are_pairs(exported)
        else found.items()
    )


def _are_pairs(listed: object) -> bool:
    """Whether this is what ``scope export`` says of each UID: no map of another program has these words."""
    return isinstance(listed, list) and all(
        isinstance(each, dict) and each.keys() == {"original", "replacement"} for each in listed
    )


_BETWEEN = re.compile(r"[,;\s]+")


@dataclass(slots=True)
class _Sorted:
    """The pairs of a map by what becomes of them."""

    good: dict[str, Pair] = field(default_factory=dict)  # by its original
    refused: list[MapRow] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    repeats: int = 0


def take_over(registry: OpenRegistry, pairs: Iterable[Pair], scope: str) -> Report:
    """Record what another system replaced within a scope. Saying the same again changes nothing.

    The report counts pairs as rows: ``new``, ``repeats``, and as ``collisions`` those that were
    refused, each with a finding (UID701). What is no pair of UIDs is skipped.

    Raises ``BadRequest`` for what can't be a scope's name and for a map without any pair, ``ScopePurged``.
    """
    name, actor = scope_name(scope), registry.settings.named_actor()
    given = _sorted(pairs)
    if given.skipped and not (given.good or given.refused):
        first = given.skipped[0]
        raise BadRequest(
            f"there is no pair of UIDs in the map: {first.path or 'a line'}: {first.reason}",
            advice="Original and replacement on each line, e.g. a CSV file of two columns.",
        )
    policy = Policy(registry.settings.check)
    with registry.database.reading() as connection:
        report = Report(registry.name(connection), policy)

    def work(act: Act) -> _Sorted:
        fitting = _fitting(act, given, replacements.scope_named(act.connection, name))
        new = {original: pair.replacement for original, pair in fitting.good.items()}
        if new:
            found, _ = replacements.open_scope(act, name)
            if replacements.replace(act, found, new, {}, Origin.OBSERVED) != new:
                raise NotOneToOne(f"somebody else replaces in scope {name} just now; import the map again")
        if new or fitting.refused:
            findings.save(act, [finding for row in fitting.refused for finding in _found(row)], {})
            told = {"refused": len(fitting.refused)} if fitting.refused else {}
            act.commit(scope=name, count=len(new), **told)
        return fitting

    _tell(report, recorded(registry, "scope:import", work, actor=actor))
    return report


def _found(row: MapRow) -> Iterator[Finding]:
    for sighting in _RULE.check(row, None):  # type: ignore[arg-type]  # it looks at the pair alone
        yield replace(_RULE.finding(sighting), path=row.path or None)


def _tell(report: Report, fitting: _Sorted) -> None:
    """Fill a report with what became of a map."""
    report.skipped = fitting.skipped
    report.verdicts[Verdict.NEW] = len(fitting.good)
    report.verdicts[Verdict.REPEAT] = fitting.repeats
    report.verdicts[Verdict.COLLISION] = len(fitting.refused)
    report.rows = report.verdicts.total() + len(fitting.skipped)
    for finding in (finding for row in fitting.refused for finding in _found(row)):
        severity = report.policy.severity(finding)
        if len(report.findings) < MOST_TOLD:
            report.findings.append(replace(finding, severity=severity))
        else:
            report.untold[severity] += 1


def _sorted(pairs: Iterable[Pair]) -> _Sorted:
    """What a map says by itself: lines that contradict each other, and what is no pair."""
    result = _Sorted()
    by_original, by_replacement = defaultdict[str, set[str]](set), defaultdict[str, set[str]](set)
    listed = list[Pair]()
    for pair in pairs:
        if reason := _flaw(pair):
            result.skipped.append(Skipped(pair.place, reason))
            continue
        by_original[pair.original].add(pair.replacement)
        by_replacement[pair.replacement].add(pair.original)
        listed.append(pair)
    for pair in listed:
        if len(by_original[pair.original]) > 1:
            others = len(by_original[pair.original]) - 1
            reason = f"what it replaces has {others:,} other{'s' * (others > 1)} in the map"
        elif len(by_replacement[pair.replacement]) > 1:
            reason = f"replaces {len(by_replacement[pair.replacement]):,} originals in the map"
        elif pair.original in result.good:
            result.repeats += 1
            continue
        else:
            result.good[pair.original] = pair
            continue
        result.refused.append(MapRow(pair.place, reason, pair.replacement))
    return result


def _flaw(pair: Pair) -> str | None:
    """Why a line says nothing of a replacement; it isn't quoted."""
    if not pair.original or len(pair.original) > LONGEST:
        return "it is no original and its replacement"
    try:
        parse(pair.replacement)
    except RegistryError:
        return f"{printable(pair.replacement)} is no UID to replace another"
    if pair.original == pair.replacement:
        return "the original stays as it is"
    if stays(pair.original) or stays(pair.replacement):
        return "the standard defines such UIDs, which are never replaced"
    return None


def _fitting(act: Act, given: _Sorted, scope: replacements.Scope | None) -> _Sorted:
    """What of a map fits to what is recorded; None: there is no such scope yet."""
    if scope is not None:
        replacements.require_open(scope)
    result = _Sorted({}, list(given.refused), given.skipped, given.repeats)
    uids = {pair.replacement for pair in given.good.values()}
    known = replacements.known(act.connection, scope, given.good) if scope is not None else {}
    taken = {row.uid for row in replacements.among(act.connection, uids)}
    standings = Standings(act.connection, Words(act.connection))
    standings.learn_places(uids)
    for original, pair in given.good.items():
        stands, holds = standings.standing.get(pair.replacement), known.get(original)
        if holds == pair.replacement:
            result.repeats += 1
        elif holds is not None:
            reason = f"what it would replace is replaced by {holds}"
            result.refused.append(MapRow(pair.place, reason, pair.replacement))
        elif pair.replacement in taken:
            result.refused.append(MapRow(pair.place, "replaces something else already", pair.replacement))
        elif stands is not None and stands.origin is Origin.ISSUED:
            reason = f"was issued as {stands.kind.words}, and not to replace another"
            result.refused.append(MapRow(pair.place, reason, pair.replacement))
        else:
            result.good[original] = pair
    return result
