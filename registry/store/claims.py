"""All the claims about one UID, told apart so that a person can say which of them holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, select

from registry.epochs import CLINICAL
from registry.records import Kind, Origin
from registry.store import schema
from registry.store.entries import log
from registry.store.words import Words

FIRST = "first"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What was claimed of a UID, and in which entry."""

    name: str  # by which it is chosen: the entry, with a number where that made several
    entry: int
    at: str
    actor: str
    kind: Kind
    series_instance_uid: str | None = None
    study_instance_uid: str | None = None
    sop_class_uid: str | None = None
    modality: str | None = None
    content: bytes | None = None
    content_number: int | None = None  # where the UID was claimed for several contents: which

    @property
    def words(self) -> str:
        """What it says, for a person."""
        parts = [self.kind.words]
        for name, value in (
            ("in series", self.series_instance_uid),
            ("of study", self.study_instance_uid),
            ("of class", self.sop_class_uid),
            ("with modality", self.modality),
            ("with content", self.content_number),
        ):
            if value is not None:
                parts.append(f"{name} {value}")
        return " ".join(parts)

    @property
    def says(self) -> tuple[object, ...]:
        """All of it that can differ."""
        place = (self.kind, self.series_instance_uid, self.study_instance_uid)
        return (*place, self.sop_class_uid, self.modality, self.content)


def claims_about(connection: Connection, words: Words, uid: str) -> tuple[Origin, list[Claimed]] | None:
    """How a UID came into the ledger and the claims about it, the first one first, which its
    row holds; None where it isn't in there."""
    row = connection.execute(_row(uid)).one_or_none()
    if row is None:
        return None
    first = Claimed(
        FIRST,
        row.entry,
        "",
        "",
        Kind(row.kind),
        row.series_uid,
        row.study_uid or row.own_study_uid,
        words.value(row.sop_class_id) or _first_class(connection, words, uid),
        words.value(row.modality_id),
        row.content or _first_content(connection, uid),
    )
    found = _told(connection, _numbered([first, *_others(connection, words, uid, first)]))
    return Origin(row.origin), found


def _row(uid: str) -> Any:
    ledger, studies, series = schema.ledger, schema.studies, schema.series
    own, own_place = series.alias("own"), studies.alias("own_place")
    return (
        select(
            ledger,
            series.c.uid.label("series_uid"),
            studies.c.uid.label("study_uid"),
            own_place.c.uid.label("own_study_uid"),
            own.c.modality_id,
        )
        .join_from(ledger, series, ledger.c.series_id == series.c.id, isouter=True)
        .join(studies, series.c.study_id == studies.c.id, isouter=True)
        .join(own, own.c.uid == ledger.c.uid, isouter=True)
        .join(own_place, own.c.study_id == own_place.c.id, isouter=True)
        .where(ledger.c.uid == uid)
    )


def _first_class(connection: Connection, words: Words, uid: str) -> str | None:
    """The SOP Class with which an issued instance was first seen."""
    uses = schema.uses
    query = select(uses.c.sop_class_id).where(uses.c.uid == uid, uses.c.sop_class_id.is_not(None))
    number = connection.execute(query.order_by(uses.c.entry)).scalars().first()
    return words.value(number)


def _first_content(connection: Connection, uid: str) -> bytes | None:
    """The first content of an instance that came into the ledger without one."""
    seen = schema.content_claims
    query = select(seen.c.content).where(seen.c.uid == uid, seen.c["first"] == 1)
    return connection.execute(query.order_by(seen.c.entry)).scalars().first()


def _others(connection: Connection, words: Words, uid: str, first: Claimed) -> list[Claimed]:
    """The claims that the row doesn't hold, in the order of their entries. Another place and
    another content are one claim where the act was about one object; else nobody can tell."""
    places: dict[int, list[Claimed]] = {}
    told = {replace(first, content=None).says}
    refused = schema.refused_claims
    for row in connection.execute(
        select(refused).where(refused.c.uid == uid).order_by(refused.c.entry, refused.c.claim)
    ):
        claim = Claimed(
            "",
            row.entry,
            "",
            "",
            Kind(row.kind),
            row.series_uid,
            row.study_uid,
            words.value(row.sop_class_id),
            words.value(row.modality_id),
        )
        if claim.says not in told:
            told.add(claim.says)
            places.setdefault(row.entry, []).append(claim)
    contents: dict[int, list[bytes]] = {}
    known = {first.content}
    for row in connection.execute(_other_contents(uid)):
        if row.content not in known:
            known.add(row.content)
            contents.setdefault(row.entry, []).append(row.content)
    listed: list[Claimed] = []
    single = {
        e.id for e in log(connection, ids=places.keys() & contents.keys()) if e.detail.get("files") == 1
    }
    for entry in sorted(places.keys() | contents.keys()):
        here, digests = places.get(entry, []), contents.get(entry, [])
        if len(here) == len(digests) == 1 and entry in single:
            listed.append(replace(here[0], content=digests[0]))
            continue
        listed += here
        listed += [replace(first, entry=entry, content=digest) for digest in digests]
    return listed


def _other_contents(uid: str) -> Any:
    """The contents that came after the first, those too that were compared under a former key."""
    seen, beside = schema.content_claims, schema.context_contents
    other = select(seen.c.entry, seen.c.content).where(seen.c.uid == uid, seen.c["first"] == 0)
    older = select(beside.c.entry, beside.c.content).where(
        beside.c.uid == uid, beside.c["first"] == 0, beside.c.context.startswith(f"{CLINICAL}.")
    )
    return other.union(older).order_by("entry", "content")


def _numbered(claims: list[Claimed]) -> list[Claimed]:
    """Each with the name by which it is chosen, and with the number of its content."""
    entries = Counter(claim.entry for claim in claims)
    several = len({claim.content for claim in claims if claim.content is not None}) > 1
    counted: Counter[int] = Counter()
    contents: dict[bytes, int] = {}
    named = []
    for claim in claims:
        counted[claim.entry] += 1
        name = str(claim.entry)
        if entries[claim.entry] > 1:
            name += f".{counted[claim.entry]}"
        number = None
        if several and claim.content is not None:
            number = contents.setdefault(claim.content, len(contents) + 1)
        named.append(replace(claim, name=name, content_number=number))
    return named


def _told(connection: Connection, claims: list[Claimed]) -> list[Claimed]:
    """With when and by whom."""
    entries = {entry.id: entry for entry in log(connection, ids={claim.entry for claim in claims})}
    return [replace(c, at=entries[c.entry].at, actor=entries[c.entry].actor) for c in claims]
