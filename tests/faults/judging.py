"""The judge: is everything there that was told, whole, and does the trail verify?

It looks at the tables and not through the program's own questions.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, select, text

from registry.records import Kind
from registry.settings import Settings
from registry.store.schema import entries, ledger, series, studies
from registry.store.session import Database
from registry.store.verification import verify
from tests.databases import raw


class Parents(NamedTuple):
    """What a UID is, and under what."""

    kind: str
    study: str | None = None
    series: str | None = None


Told = Mapping[str, Parents]
"""What was told of UIDs: by a program's stdout, or by the answer of a call."""


@dataclass
class Judgement:
    """What the judge found."""

    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    trail: list[str] = field(default_factory=list)
    acts: dict[int, str] = field(default_factory=dict)  # those that gave UIDs: entry -> event
    uids: dict[str, Parents] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)  # how many acts carry a request id

    @property
    def violations(self) -> list[str]:
        return [*self.lost, *self.half, *self.trail]


def judge(settings: Settings, told: Told, batch: int | None = None) -> Judgement:
    """Judge a registry; ``batch`` is how many files a whole batch of `register` has."""
    found = Judgement()
    with raw(settings) as connection:
        if connection.dialect.name == "sqlite":
            said = connection.execute(text("PRAGMA integrity_check")).scalar_one()
            found.trail += [] if said == "ok" else [f"the file is damaged: {said}"]
        found.uids, made = _ledger(connection)
        found.lost += [
            f"{uid} was told as {parents} and is {found.uids.get(uid, 'not there')}"
            for uid, parents in told.items()
            if found.uids.get(uid) != parents
        ]
        _acts(connection, made, found, batch)
    with Database(settings.database, read_only=True) as database, database.reading() as connection:
        verified = verify(connection)
    if not verified.ok:
        found.trail.append(f"entry {verified.first_bad}: {verified.reason}")
    return found


def _ledger(connection: Connection) -> tuple[dict[str, Parents], dict[int, Counter[str]]]:
    """Every UID with its parents; for each entry, how many it made of each kind."""
    known = {
        row.id: (row.uid, row.study)
        for row in connection.execute(
            select(series.c.id, series.c.uid, studies.c.uid.label("study")).join(
                studies, series.c.study_id == studies.c.id, isouter=True
            )
        )
    }
    study_of = dict(known.values())
    uids: dict[str, Parents] = {}
    made: dict[int, Counter[str]] = {}
    query = select(ledger.c.uid, ledger.c.kind, ledger.c.series_id, ledger.c.entry)
    for uid, kind, series_id, entry in connection.execute(query):
        label = Kind(kind).label
        series_uid, study = known.get(series_id, (None, None))
        uids[uid] = Parents(label, study_of.get(uid) if kind == Kind.SERIES else study, series_uid)
        made.setdefault(entry, Counter())[label] += 1
    return uids, made


def _acts(connection: Connection, made: dict[int, Counter[str]], found: Judgement, batch: int | None) -> None:
    rows = list(connection.execute(select(entries).order_by(entries.c.seq)))
    found.half += [f"rows without their entry {entry}" for entry in made.keys() - {row.id for row in rows}]
    if [row.seq for row in rows] != list(range(len(rows))):
        found.trail.append("the places in the trail have a gap")
    found.requests.update(row.request_id for row in rows if row.request_id)
    short = 0
    for row in rows:
        detail: dict[str, Any] = json.loads(row.detail)
        there = made.get(row.id, Counter())
        if row.outcome == "done" and row.event in ("uid:issue", "object:derive"):
            found.acts[row.id] = row.event
            if there.total() != detail["count"]:
                found.half.append(f"entry {row.id} issued {detail['count']} and made {there.total()} rows")
        if row.event == "object:register":
            if there["instance"] != detail["new"] or detail["new"] + detail["repeats"] < detail["files"]:
                found.half.append(f"entry {row.id} registered {detail} and made {there}")
            short += batch is not None and detail["files"] != batch
    if short > 1:
        found.half.append(f"{short} batches are not whole")


def untold(found: Judgement, known: Iterable[int]) -> set[int]:
    """The acts that gave UIDs of which nobody was told; ``known`` are the entries that were."""
    return found.acts.keys() - set(known)
