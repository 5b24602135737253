"""Questions: what is this UID, what hangs under it, what became of it, what is there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from registry.acknowledgement import State
from registry.errors import MalformedUid, UnknownFinding, UnknownUid
from registry.records import Kind, Origin
from registry.services.opening import OpenRegistry
from registry.store import acknowledgements, findings, queries, schema
from registry.store.acknowledgements import Acknowledgement
from registry.store.claims import Claimed, claims_about
from registry.store.entries import ledger_size, log, refusals_about, trail_size
from registry.store.findings import KeptFinding, Which
from registry.store.queries import Branch, Filters, Listed
from registry.store.roots import load_roots
from registry.store.session import Connection
from registry.store.words import Words
from registry.uid import findable, printable

_PREFIX = frozenset("0123456789.")


@dataclass(frozen=True, slots=True)
class Shown:
    """What the registry says of one UID."""

    uid: str
    kind: Kind | None  # None: something names it, nobody has seen it
    state: str
    root: str | None
    findings: tuple[str, ...]
    listed: Listed | None = None
    purpose: str | None = None

    @property
    def was_issued(self) -> bool:
        return self.listed is not None and self.listed.origin is Origin.ISSUED


def show(registry: OpenRegistry, uid: str) -> Shown:
    """What the registry knows of a UID. Raises ``UnknownUid`` if nothing."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        listed = queries.one(connection, wanted)
        if listed is None and not queries.named_only(connection, wanted):
            raise UnknownUid(f"the registry has never heard of {wanted}")
        codes = tuple(sorted({finding.code for finding in findings.open_about(connection, [wanted])}))
        root = load_roots(connection).of(wanted)
        prefix = root.prefix if root else None
        if listed is None:
            return Shown(wanted, None, "foreign", prefix, codes)
        (entry,) = log(connection, ids=[listed.entry])
        return Shown(wanted, listed.kind, listed.state, prefix, codes, listed, entry.text)


@dataclass(slots=True)
class TreeNode:
    """A series in the tree of its study, with what is derived from it below."""

    series_instance_uid: str
    modality: str | None
    state: str
    instances: int
    findings: list[KeptFinding]
    below: list[TreeNode] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tree:
    """A study: its series, the derived ones under their sources."""

    study_instance_uid: str
    state: str
    findings: list[KeptFinding]
    series: list[TreeNode]


def tree(registry: OpenRegistry, uid: str) -> Tree:
    """The tree of the study that a UID is, or is in. Raises ``UnknownUid``."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        listed = queries.one(connection, wanted)
        if listed is None:
            raise UnknownUid(f"the registry has never heard of {wanted}")
        study = wanted if listed.kind is Kind.STUDY else listed.study_instance_uid
        root = queries.one(connection, study) if study is not None else None
        if root is None or study is None:
            raise UnknownUid(
                f"the {listed.kind.words} {wanted} is in no study that the registry knows",
                advice=f"`uid-registry history {wanted}` tells what was claimed of it.",
            )
        found = queries.branches(connection, study)
        nodes = {branch.series_instance_uid: _node(connection, branch) for branch in found}
        return Tree(study, root.state, findings.open_about(connection, [study]), _nested(found, nodes))


def _node(connection: Connection, branch: Branch) -> TreeNode:
    uid = branch.series_instance_uid
    about = findings.open_about(connection, [uid, *queries.instances_of(connection, uid)])
    return TreeNode(uid, branch.modality, branch.state, branch.instances, about)


def _nested(found: list[Branch], nodes: dict[str, TreeNode]) -> list[TreeNode]:
    """Each series below the first of its sources in the study; circles stay side by side."""
    above: dict[str, str] = {}
    for branch in found:
        uid = branch.series_instance_uid
        source = next((s for s in branch.sources if s in nodes and not _is_above(uid, s, above)), None)
        if source is not None:
            above[uid] = source
            nodes[source].below.append(nodes[uid])
    return [node for uid, node in nodes.items() if uid not in above]


def _is_above(uid: str, other: str, above: dict[str, str]) -> bool:
    """Whether ``uid`` is ``other`` or somewhere above it."""
    place: str | None = other
    while place is not None:
        if place == uid:
            return True
        place = above.get(place)
    return False


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a UID."""

    at: str
    entry: int
    actor: str
    what: str


def history(registry: OpenRegistry, uid: str) -> list[Event]:
    """All that happened to a UID, in order. Raises ``UnknownUid``."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        listed = queries.one(connection, wanted)
        told = _told(connection, wanted, listed)
        entries = {entry.id: entry for entry in log(connection, ids={entry for entry, _, _ in told})}
        if not told and not queries.named_only(connection, wanted):
            raise UnknownUid(f"the registry has never heard of {wanted}")
    events = [
        Event(
            entries[entry].at,
            entry,
            entries[entry].actor,
            f"{what}: {entries[entry].text}" if reason else what,
        )
        for entry, what, reason in told
    ]
    return sorted(events, key=lambda event: (event.entry, event.what))


_RECORDED = {
    Origin.ISSUED: "issued",
    Origin.OBSERVED: "registered: first seen",
    Origin.FOREIGN: "recorded as a parent that was made elsewhere",
}


def _told(connection: Connection, uid: str, listed: Listed | None) -> list[tuple[int, str, bool]]:
    """Each thing that happened to a UID: its entry, what, and whether a reason goes with it."""
    told: list[tuple[int, str, bool]] = []
    about = claims_about(connection, Words(connection), uid)
    if about is not None and listed is not None:
        origin, (first, *others) = about
        told.append((first.entry, f"{_RECORDED[origin]} as {_place(first, listed)}", False))
        told += [
            (claim.entry, f"refused: claimed as {claim.words} (claim {claim.name})", False)
            for claim in others
        ]
    told += [
        (entry, _USES[state], state == schema.WITHDRAWN) for state, entry in queries.uses_of(connection, uid)
    ]
    told += [
        (entry, "withdrawn again" if again else "reinstated", True)
        for again, entry in queries.withdrawals_of(connection, uid)
    ]
    told += [(row.entry, _decision(row), True) for row in queries.decisions_about(connection, uid)]
    told += [
        (finding.first_entry, f"found {finding.code}: {finding.message}", False)
        for finding in findings.listing(connection, Which(uid=uid), State)
    ]
    told += [(word.entry, _word(word), False) for word in acknowledgements.about(connection, uid)]
    told += [
        (entry.id, f"refused: {entry.event}, {entry.detail.get('message') or entry.detail['reason']}", False)
        for entry in refusals_about(connection, uid)
    ]
    return told


_USES = {
    schema.USED: "used as recorded",
    schema.MISUSED: "used otherwise than it was issued for",
    schema.WITHDRAWN: "withdrawn",
}


def _place(first: Claimed, listed: Listed) -> str:
    series = f" in series {first.series_instance_uid}" if first.series_instance_uid else ""
    shared = first.kind > Kind.INSTANCE
    study = listed.study_instance_uid if shared else first.study_instance_uid
    return f"{first.kind.words}{series}{f' of study {study}' if study else ''}"


def _decision(row: Any) -> str:
    series = f" in series {row.series_uid}" if row.series_uid else ""
    study = f" of study {row.study_uid}" if row.study_uid else ""
    return f"decided: the claim of entry {row.chosen} holds, {Kind(row.kind).words}{series}{study}"


def _word(word: Acknowledgement) -> str:
    until = f" until {word.said.until}" if word.said.until else ""
    return f"{word.said.word.label} {word.code}{until}: {word.reason or 'it was seen again'}"


def listing(registry: OpenRegistry, filters: Filters, most: int | None = None) -> Iterator[Listed]:
    """The UIDs that pass some filters, in the order in which they were recorded."""
    if filters.under is not None:
        parse_prefix(filters.under)
    with registry.database.reading() as connection:
        yield from queries.listing(connection, filters, most)


def parse_prefix(text: str) -> str:
    """A beginning of a UID. Raises ``MalformedUid``."""
    if not text or not set(text) <= _PREFIX or text[0] == ".":
        raise MalformedUid(f"{printable(text)} is not the beginning of a UID")
    return text


@dataclass(frozen=True, slots=True)
class Stats:
    """The registry in numbers."""

    uids: int
    entries: int
    by_kind: dict[str, dict[str, int]]  # kind -> state -> how many
    by_modality: dict[str, int]  # series of each modality
    by_root: dict[str, int]
    findings: dict[str, int]


def stats(registry: OpenRegistry) -> Stats:
    """Count what there is. Reads the whole ledger."""
    with registry.database.reading() as connection:
        by_kind: dict[str, dict[str, int]] = {}
        for kind, state, count in queries.counts(connection, "kind", "state"):
            by_kind.setdefault(Kind(kind).label, {})[state] = count
        series = [row for row in queries.counts(connection, "kind", "modality") if row[0] == Kind.SERIES]
        return Stats(
            ledger_size(connection),
            trail_size(connection),
            by_kind,
            {modality or "(unknown)": count for _, modality, count in series},
            {root.prefix: queries.count_under(connection, root.prefix) for root in load_roots(connection)},
            findings.counts(connection),
        )


STANDING = (State.OPEN, State.ACKNOWLEDGED)
"""The states of findings that aren't over."""


def kept_findings(
    registry: OpenRegistry,
    which: Which | None = None,
    states: Iterable[State] = STANDING,
    most: int | None = None,
) -> list[KeptFinding]:
    """The findings that the registry keeps, each with the last that was said of it."""
    with registry.database.reading() as connection:
        return findings.listing(connection, which or Which(), states, most=most)


@dataclass(frozen=True, slots=True)
class ToldFinding:
    """One finding, and all that was ever said of it."""

    finding: KeptFinding
    history: tuple[Acknowledgement, ...]


def show_finding(registry: OpenRegistry, code: str, uid: str) -> list[ToldFinding]:
    """A finding, or several where it has several counterparts. Raises ``UnknownFinding``."""
    with registry.database.reading() as connection:
        found = findings.listing(connection, Which(code=code, subject=uid), State)
        if not found:
            raise UnknownFinding(f"the registry keeps no finding {code} about {printable(uid)}")
        said = acknowledgements.about(connection, uid, code)
    return [
        ToldFinding(each, tuple(word for word in said if word.counterpart == each.counterpart))
        for each in found
    ]
