"""Questions: what hangs under a UID, what is there, what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from registry.acknowledgement import State
from registry.errors import UnknownFinding
from registry.services.opening import OpenRegistry
from registry.services.studygraph import study_of
from registry.store import acknowledgements, branches, census, counting, findings, reserved
from registry.store.acknowledgements import Acknowledgement
from registry.store.branches import Branch, Held
from registry.store.entries import ledger_size, trail_size
from registry.store.findings import KeptFinding, Which
from registry.store.roots import load_roots
from registry.uid import findable, printable


@dataclass(slots=True)
class TreeNode:
    """A series in the tree of its study, with what is derived from it below."""

    series_instance_uid: str
    modality: str | None
    state: str
    instances: int
    findings: list[KeptFinding]  # about it and about what it holds
    below: list[TreeNode] = field(default_factory=list)
    withdrawn: int = 0  # of its instances
    listed: list[Held] = field(default_factory=list)  # of its instances, where that was asked


@dataclass(frozen=True, slots=True)
class Tree:
    """A study: its series, the derived ones under their sources."""

    study_instance_uid: str
    state: str
    findings: list[KeptFinding]
    series: list[TreeNode]


def tree(registry: OpenRegistry, uid: str, *, instances: int = 0) -> Tree:
    """The tree of the study that a UID is, or is in; with so many ``instances`` of each series at
    most. Raises ``UnknownUid``."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        study, state = study_of(connection, wanted)
        found, withdrawn = branches.branches(connection, study), branches.withdrawn_in(connection, study)
        nodes = {}
        for branch in found:
            series = branch.series_instance_uid
            nodes[series] = TreeNode(
                series,
                branch.modality,
                branch.state,
                branch.instances,
                branches.found_in(connection, series),
                withdrawn=withdrawn.get(series, 0),
                listed=branches.instances_of(connection, series, instances) if instances else [],
            )
        return Tree(study, state, findings.open_about(connection, [study]), _nested(found, nodes))


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
class Stats:
    """The registry in numbers."""

    uids: int
    waiting: (
        int  # issued as replacements or for any use, and no object was seen with them: not among ``uids``
    )
    entries: int
    by_kind: dict[str, dict[str, int]]  # kind -> state -> how many
    by_modality: dict[str, int]  # series of each modality
    by_root: dict[str, int]
    findings: dict[str, int]


def stats(registry: OpenRegistry) -> Stats:
    """Count what there is."""
    with registry.database.reading() as connection:
        by_kind = counting.by_state(connection)
        return Stats(
            ledger_size(connection),
            reserved.waiting(connection),
            trail_size(connection),
            {kind.label: states for kind, states in by_kind.items()},
            {modality or "(unknown)": n for modality, n in counting.by_modality(connection).items()},
            {root.prefix: counting.below(connection, root.prefix) for root in load_roots(connection)},
            census.counts(connection),
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


PAGE = 1_000
"""Findings that are read in one transaction."""


def all_findings(
    registry: OpenRegistry, which: Which, states: Iterable[State], most: int | None = None
) -> Iterator[KeptFinding]:
    """The same however many they are, a page at a time."""
    wanted, left, after = frozenset(states), most, None
    while left is None or left > 0:
        page = PAGE if left is None else min(PAGE, left)
        with registry.database.reading() as connection:
            found = findings.listing(connection, which, wanted, most=page, after=after)
        yield from found
        if len(found) < page:
            return
        after, left = found[-1].key, None if left is None else left - page


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
