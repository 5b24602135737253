"""What in a study comes of what: its series, where their objects refer to, and what was found there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from registry.errors import UnknownUid
from registry.records import Kind
from registry.services.nearest import unknown
from registry.services.opening import OpenRegistry, RegistryName
from registry.sopclass import family_of
from registry.store import branches, findings, queries
from registry.store.branches import Branch
from registry.store.findings import KeptFinding
from registry.store.queries import Listed
from registry.store.session import Connection
from registry.uid import findable, is_key

UNKNOWN = "unknown"
"""The state of a series that objects name, and that nobody has seen."""


@dataclass(frozen=True, slots=True)
class SeriesNode:
    """A series, and the findings about it and about what it holds."""

    series_instance_uid: str
    modality: str | None
    state: str
    instances: int | None  # None: of another study, and not counted
    elsewhere: bool  # it isn't in the study, or nobody knows
    study_instance_uid: str | None  # that it is in
    findings: tuple[KeptFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """That objects of one series refer to another, or that a finding says so."""

    source: str
    derived: str
    findings: tuple[KeptFinding, ...] = ()  # about this, each also among those of ``derived``


@dataclass(frozen=True, slots=True)
class Stray:
    """Objects that a finding says to refer to their own series: such as are derived from what is in it."""

    series_instance_uid: str
    what: str | None  # their class family: segmentation, report
    findings: tuple[KeptFinding, ...]  # each also among those of the series

    @property
    def uids(self) -> tuple[str, ...]:
        """The objects."""
        return tuple(dict.fromkeys(finding.uid for finding in self.findings))


@dataclass(frozen=True, slots=True)
class StudyGraph:
    """A study as a picture shows it."""

    registry: RegistryName
    study_instance_uid: str
    state: str
    findings: tuple[KeptFinding, ...]  # about the study itself
    series: tuple[SeriesNode, ...]  # those of the study in the order of their recording, then the others
    links: tuple[Link, ...]
    strays: tuple[Stray, ...]

    @property
    def own(self) -> tuple[SeriesNode, ...]:
        """The series that are in the study."""
        return tuple(node for node in self.series if not node.elsewhere)

    @property
    def all_findings(self) -> list[KeptFinding]:
        return [*self.findings, *(finding for node in self.series for finding in node.findings)]


def study_graph(registry: OpenRegistry, uid: str) -> StudyGraph:
    """The graph of the study that a UID is, or is in. Raises ``UnknownUid``."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        study, state = study_of(connection, wanted)
        found = branches.branches(connection, study)
        about = _findings(connection, [branch.series_instance_uid for branch in found])
        links, strays = _links(connection, found, about)
        return StudyGraph(
            registry.name(connection),
            study,
            state,
            tuple(findings.open_about(connection, [study])),
            (*(_node(study, branch, about) for branch in found), *_others(connection, found, links)),
            links,
            strays,
        )


def study_of(connection: Connection, wanted: str) -> tuple[str, str]:
    """The study that a UID is, or is in, and its state. Raises ``UnknownUid``."""
    listed = queries.one(connection, wanted)
    if listed is None:
        raise unknown(connection, wanted)
    study = wanted if listed.kind is Kind.STUDY else listed.study_instance_uid
    root = queries.one(connection, study) if study is not None else None
    if root is None or study is None:
        raise UnknownUid(
            f"the {listed.kind.words} {wanted} is in no study that the registry knows",
            advice=f"`uid-registry history {wanted}` tells what was claimed of it.",
        )
    return study, root.state


def _findings(connection: Connection, series: Iterable[str]) -> dict[str, list[KeptFinding]]:
    """What was found about each series and about what it holds, in the order of the findings' keys."""
    return {uid: found for uid in series if (found := branches.found_in(connection, uid))}


def _node(study: str, branch: Branch, about: Mapping[str, list[KeptFinding]]) -> SeriesNode:
    uid = branch.series_instance_uid
    found = tuple(about.get(uid, ()))
    return SeriesNode(uid, branch.modality, branch.state, branch.instances, False, study, found)


def _links(
    connection: Connection, found: list[Branch], about: Mapping[str, list[KeptFinding]]
) -> tuple[tuple[Link, ...], tuple[Stray, ...]]:
    """Every reference from series to series, what findings say of them, and what they say of objects
    that refer to their own series."""
    said: dict[tuple[str, str], list[KeptFinding]] = {
        (source, branch.series_instance_uid): [] for branch in found for source in branch.sources
    }
    strays: dict[tuple[str, str], list[KeptFinding]] = defaultdict(list)
    paired = {place: [each for each in some if each.counterpart] for place, some in about.items()}
    ends = {uid for some in paired.values() for each in some for uid in (each.uid, each.counterpart or "")}
    known = {row.uid: row for row in queries.among(connection, filter(is_key, ends))}
    for derived, some in paired.items():
        for finding in some:
            source = _series_of(finding.counterpart, known)
            if source == derived:
                listed = known.get(finding.uid)
                family = family_of(listed.sop_class_uid) if listed else None
                strays[derived, family or ""].append(finding)
            elif source is not None:
                said.setdefault((source, derived), []).append(finding)
    return (
        tuple(Link(*ends, tuple(each)) for ends, each in sorted(said.items())),
        tuple(Stray(uid, what or None, tuple(each)) for (uid, what), each in sorted(strays.items())),
    )


def _series_of(counterpart: str | None, known: Mapping[str, Listed]) -> str | None:
    """The series that the other side of a finding is, or is in."""
    if counterpart is None or (listed := known.get(counterpart)) is None:
        return None
    return counterpart if listed.kind is Kind.SERIES else listed.series_instance_uid


def _others(connection: Connection, found: list[Branch], links: Iterable[Link]) -> Iterator[SeriesNode]:
    """The series that are referred to and not in the study."""
    inside = {branch.series_instance_uid for branch in found}
    named = {link.source for link in links} - inside
    known = {row.uid: row for row in queries.among(connection, filter(is_key, named))}
    for uid in sorted(named):
        if (listed := known.get(uid)) is not None and listed.kind is Kind.SERIES:
            yield SeriesNode(uid, listed.modality, listed.state, None, True, listed.study_instance_uid)
        else:
            yield SeriesNode(uid, None, UNKNOWN, None, True, None)
