"""The life of a UID on one screen: what it is, and then what happened, repeats told as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.records import Kind
from registry.render.formats import Output, Row, columns, counted

if TYPE_CHECKING:
    from registry.services.history import Event, Life

MOST = 30
"""Lines of the table at most."""

_NAMES = ("at", "entry", "actor", "what")


def life(result: Life) -> Output:
    rows: list[Row] = [
        {"at": e.at, "entry": e.entry, "actor": e.actor, "event": e.event, "what": e.what}
        for e in result.events
    ]
    return Output({"uid": result.uid, "events": rows}, rows, _lines(result))


def _lines(result: Life) -> Iterator[str]:
    head = list(_head(result))
    yield from head
    if result.events:
        yield ""
        told = folded(result.events, MOST - len(head) - 2)
        yield from columns(told, _NAMES, ("at (UTC)", *_NAMES[1:]))


def _head(result: Life) -> Iterator[str]:
    listed = result.listed
    sent = f"sent to {', '.join(result.sent_to)}" if result.sent_to else ""
    if listed is None:
        acts = {event.event for event in result.events}
        if any(event.what.startswith("issued ") for event in result.events):
            yield f"{result.uid} was issued, and nobody has seen an object with it yet"
        elif "export:check" in acts:
            yield f"{result.uid} was checked for export, and is not recorded"
        else:
            yield f"{result.uid} is named by objects, and nobody has seen it yet"
        if sent:
            yield sent
        return
    modality = f"{listed.modality} " if listed.modality else ""
    yield f"{modality}{listed.kind.words} {result.uid} ({listed.state})"
    series = f"in series {listed.series_instance_uid}" if listed.series_instance_uid else ""
    study = f"of study {listed.study_instance_uid}" if listed.study_instance_uid else ""
    one, several = (
        ("instance", "instances")
        if listed.kind is Kind.SERIES
        else ("series or instance", "series and instances")
    )
    held = f"holds {counted(result.held, one, several)}" if result.held else ""
    place = " ".join(filter(None, (series, study)))
    if told := "; ".join(filter(None, (place, held, sent))):
        yield told


def folded(events: Sequence[Event], most: int) -> list[Row]:
    """Events as rows, not more than ``most``: of those that are alike the first few, the rest as one."""
    rows = [_row(event) for event in events]
    for kept in (5, 3, 2, 1):
        if len(rows) <= most:
            return rows
        rows = _folded(events, kept)
    if len(rows) > most:  # there are too many different things
        before = most // 2
        rest = rows[before : len(rows) - (most - before - 1)]
        told = {"what": f"{len(rest):,} more lines: --format json tells each event"}
        rows = [*rows[:before], told, *rows[before + len(rest) :]]
    return rows


def _folded(events: Sequence[Event], kept: int) -> list[Row]:
    counts, seen = Counter(event.alike for event in events), Counter[str]()
    rest: dict[str, list[Event]] = {}
    rows: list[Row | str] = []
    for event in events:
        seen[event.alike] += 1
        if seen[event.alike] <= kept or counts[event.alike] == kept + 1:
            rows.append(_row(event))
            continue
        if event.alike not in rest:
            rows.append(event.alike)
        rest.setdefault(event.alike, []).append(event)
    return [_rest(rest[row], row) if isinstance(row, str) else row for row in rows]


def _rest(events: Sequence[Event], alike: str) -> Row:
    first, last = events[0], events[-1]
    actors = sorted({event.actor for event in events})
    return {
        "at": _moment(first.at),
        "entry": first.entry if first.entry == last.entry else f"{first.entry}-{last.entry}",
        "actor": actors[0] if len(actors) == 1 else f"{len(actors)} people",
        "what": f"{len(events):,} more {alike}, until {_moment(last.at)}",
    }


def _row(event: Event) -> Row:
    return {"at": _moment(event.at), "entry": event.entry, "actor": event.actor, "what": event.what}


def _moment(at: str) -> str:
    return f"{at[:10]} {at[11:19]}"
