"""What people said of findings: rows of history, of which the latest about a finding counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from registry.acknowledgement import Said, Word
from registry.store.act import Act
from registry.store.keyed import Keyed
from registry.store.schema import acknowledgements, entries, notes

Key = tuple[str, str, str]
"""Code, subject and counterpart (empty: none) of a finding."""

REDACTED = "(redacted)"

_SAID = Keyed(select(acknowledgements), acknowledgements.c.uid)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One thing that was said of a finding: what, by whom, when and why."""

    code: str
    uid: str
    counterpart: str | None
    said: Said
    entry: int
    at: str
    actor: str
    reason: str | None  # None: `register` saw it again


def last_said(connection: Connection, keys: Iterable[Key]) -> dict[Key, Said]:
    """The last that was said of each of some findings: one question, however many they are."""
    wanted = set(keys)
    last: dict[Key, tuple[int, Said]] = {}
    for row in _SAID.rows(connection, {uid for _, uid, _ in wanted}):
        key = (row.code, row.uid, row.counterpart)
        if key in wanted and (key not in last or last[key][0] < row.entry):
            last[key] = (row.entry, Said(Word(row.state), row.facts, row.until))
    return {key: said for key, (_, said) in last.items()}


def say(act: Act, word: Word, facts: Mapping[Key, bytes | None], until: str | None = None) -> None:
    """Say something of findings, each with the facts that it is said of."""
    act.insert(
        acknowledgements,
        [
            {
                "code": code,
                "uid": uid,
                "counterpart": counterpart,
                "state": int(word),
                "until": until,
                "facts": digest,
            }
            for (code, uid, counterpart), digest in facts.items()
        ],
    )


def about(connection: Connection, uid: str, code: str | None = None) -> list[Acknowledgement]:
    """All that was said of the findings about a UID, in order."""
    query = (
        select(acknowledgements, entries.c.at, entries.c.actor, notes.c.text)
        .join_from(acknowledgements, entries, acknowledgements.c.entry == entries.c.id)
        .join(notes, notes.c.entry == acknowledgements.c.entry, isouter=True)
        .where(acknowledgements.c.uid == uid)
        .order_by(acknowledgements.c.entry, acknowledgements.c.code, acknowledgements.c.counterpart)
    )
    if code is not None:
        query = query.where(acknowledgements.c.code == code)
    return [
        Acknowledgement(
            row.code,
            row.uid,
            row.counterpart or None,
            Said(Word(row.state), row.facts, row.until),
            row.entry,
            row.at,
            row.actor,
            reason_of(row),
        )
        for row in connection.execute(query)
    ]


def reason_of(row: Any) -> str | None:
    """The free text given with an act; what was taken out of it is told as such."""
    return REDACTED if row.text == "" else row.text
