"""The life of a UID: all that happened to it, in order, as the trail and the ledger tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

from registry.acknowledgement import State
from registry.records import Kind, Origin
from registry.services.nearest import unknown
from registry.services.opening import OpenRegistry
from registry.store import acknowledgements, branches, exports, findings, queries, replacements, schema
from registry.store import life as store
from registry.store.acknowledgements import Acknowledgement
from registry.store.claims import Claimed, claims_about
from registry.store.entries import Entry, log, refusals_about
from registry.store.findings import Which
from registry.store.life import Referring
from registry.store.queries import Listed
from registry.store.session import Connection
from registry.store.words import Words
from registry.uid import findable


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a UID."""

    at: str
    entry: int
    actor: str
    what: str
    event: str  # the noun:verb of the act in which it did
    alike: str  # what several of its like are called together


@dataclass(frozen=True, slots=True)
class Life:
    """What a UID is now, and how it came to that."""

    uid: str
    listed: Listed | None  # None: it isn't in the ledger
    sent_to: tuple[str, ...]
    held: int  # instances in it, and series, where it is a series or study
    events: list[Event]


def history(registry: OpenRegistry, uid: str) -> list[Event]:
    """All that happened to a UID, in order. Raises ``UnknownUid``."""
    return life(registry, uid).events


def life(registry: OpenRegistry, uid: str) -> Life:
    """What a UID is and all that happened to it, in order. Raises ``UnknownUid`` of what is
    neither recorded nor named by an object nor was ever checked for an export."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        listed = queries.one(connection, wanted)
        told = list(_told(connection, wanted, listed))
        entries = {entry.id: entry for entry in log(connection, ids={one.entry for one in told})}
        if not told and not store.named_only(connection, wanted):
            raise unknown(connection, wanted)
        holds = listed is not None and listed.kind in (Kind.STUDY, Kind.SERIES)
        held = branches.children(connection, wanted) if holds else 0
        destinations = exports.destinations_of(connection, wanted)
    events = [_event(one, entries[one.entry]) for one in told]
    return Life(wanted, listed, tuple(destinations), held, sorted(events, key=attrgetter("entry")))


class _Told(NamedTuple):
    """What is to be told of an entry."""

    entry: int
    what: str
    alike: str
    reason: bool = False  # the free text of the act goes with it, if there is one


def _event(one: _Told, entry: Entry) -> Event:
    what = f"{one.what}: {entry.text}" if one.reason and entry.text is not None else one.what
    return Event(entry.at, one.entry, entry.actor, what, entry.event, one.alike)


_RECORDED = {
    Origin.ISSUED: "issued",
    Origin.OBSERVED: "registered: first seen",
    Origin.FOREIGN: "recorded as a parent that was made elsewhere",
}


def _told(connection: Connection, uid: str, listed: Listed | None) -> Iterator[_Told]:
    """What is to be told; of one act what it says of the UID before what follows from that."""
    if (generated := store.generated_in(connection, uid)) is not None:
        yield _Told(generated, "issued for any use", "records")
    about = claims_about(connection, Words(connection), uid)
    if about is not None and listed is not None:
        # What was never used came into the ledger only to be withdrawn, which is told below.
        if generated is None or listed.origin is not Origin.ISSUED or listed.kind is not Kind.OTHER:
            yield from _claimed(*about, listed)
        if listed.kind in (Kind.SERIES, Kind.INSTANCE):
            for one in store.referring_to(connection, uid, listed.kind, listed.series_instance_uid):
                yield _Told(one.entry, _referring(one, listed), "series that refer to it")
    yield from _replacing(connection, uid)
    for state, entry in store.uses_of(connection, uid):
        ended = state == schema.WITHDRAWN
        yield _Told(entry, _USES[state], "withdrawals" if ended else "uses", ended)
    for again, entry in store.withdrawals_of(connection, uid):
        yield _Told(entry, "withdrawn again" if again else "reinstated", "withdrawals", True)
    for row in store.decisions_about(connection, uid):
        yield _Told(row.entry, _decision(row), "decisions", True)
    for finding in findings.listing(connection, Which(uid=uid), State):
        now = "" if finding.state is State.OPEN else f" ({finding.state} since)"
        what = f"found {finding.code}: {finding.message}{now}"
        yield _Told(finding.first_entry, what, f"findings of {finding.code}")
    for word in acknowledgements.about(connection, uid):
        yield _Told(word.entry, _word(word), f"words about {word.code}")
    for refusal in refusals_about(connection, uid):
        why = refusal.detail.get("message") or refusal.detail["reason"]
        yield _Told(refusal.id, f"refused: {refusal.event}, {why}", "acts that were refused")
    yield from _exported(connection, uid)


def _replacing(connection: Connection, uid: str) -> Iterator[_Told]:
    for row in replacements.among(connection, [uid]):
        scope = next(scope for scope in replacements.all_scopes(connection) if scope.id == row.scope_id)
        how = "issued" if row.origin == Origin.ISSUED else "brought by another system's map"
        yield _Told(row.entry, f"{how} to replace another within scope {scope.name}", "replacements")
        if scope.purged is not None:
            yield _Told(
                scope.purged, f"what it stands for was purged with scope {scope.name}", "purges", True
            )


_USES = {
    schema.USED: "used as recorded",
    schema.MISUSED: "used otherwise than it was issued for",
    schema.WITHDRAWN: "withdrawn",
}


def _claimed(origin: Origin, claims: list[Claimed], listed: Listed) -> Iterator[_Told]:
    first, *others = claims
    yield _Told(first.entry, f"{_RECORDED[origin]} as {_place(first, listed)}", "records", True)
    for claim in others:
        yield _Told(
            claim.entry, f"refused: claimed as {claim.words} (claim {claim.name})", "claims that were refused"
        )


def _place(first: Claimed, listed: Listed) -> str:
    series = f" in series {first.series_instance_uid}" if first.series_instance_uid else ""
    shared = first.kind > Kind.INSTANCE
    study = listed.study_instance_uid if shared else first.study_instance_uid
    return f"{first.kind.words}{series}{f' of study {study}' if study else ''}"


def _referring(one: Referring, listed: Listed) -> str:
    modality = f"{one.modality} " if one.modality else ""
    series = f"{modality}series {one.series_instance_uid}" if one.series_instance_uid else "no series"
    if one.series_instance_uid in (listed.uid, listed.series_instance_uid):
        series = "its own series"
    if not one.objects:
        return f"source of {series}, not seen yet"
    return f"referred to by {one.objects:,} object{'s' * (one.objects > 1)} of {series}"


def _exported(connection: Connection, uid: str) -> Iterator[_Told]:
    decided = exports.about(connection, uid)
    blocked = {one.entry for one in decided if not one.approved}
    codes = {entry.id: _blocking(entry.detail) for entry in log(connection, ids=blocked)} if blocked else {}
    for one in decided:
        if one.approved:
            what, alike = f"approved for export to {one.destination}", f"approvals for {one.destination}"
        else:
            what = f"blocked on its way to {one.destination}{codes.get(one.entry, '')}"
            alike = f"blocks for {one.destination}"
        yield _Told(one.entry, what, alike)


def _blocking(detail: Mapping[str, Any]) -> str:
    """What in its batch blocked it; not all of that need be about this UID."""
    codes = ", ".join(detail.get("blocking", {}))
    return f": {codes} in what was to go" if codes else ""


def _decision(row: Any) -> str:
    series = f" in series {row.series_uid}" if row.series_uid else ""
    study = f" of study {row.study_uid}" if row.study_uid else ""
    return f"decided: the claim of entry {row.chosen} holds, {Kind(row.kind).words}{series}{study}"


def _word(word: Acknowledgement) -> str:
    until = f" until {word.said.until}" if word.said.until else ""
    return f"{word.said.word.label} {word.code}{until}: {word.reason or 'it was seen again'}"
