"""What in a study comes of what: its series, where their objects refer to, and what was found there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

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

MOST_ELSEWHERE = 5_000
"""References from other studies that are looked at: an atlas may have any number."""


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
    cut: bool = False  # other studies refer to it more often than was looked at

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
        inside = [branch.series_instance_uid for branch in found]
        about = {each: some for each in inside if (some := branches.found_in(connection, each))}
        strays = _strays(connection, about)
        referring = _from_elsewhere(connection, study, inside)
        objects = {series: [uid for uid, _ in each] for series, each in referring.items()}
        about |= _findings(connection, objects)
        ends = {(source, branch.series_instance_uid) for branch in found for source in branch.sources}
        ends |= {(source, series) for series, each in referring.items() for _, source in each}
        links = _links(connection, ends, about)
        others = {end for link in links for end in (link.source, link.derived)}.difference(inside)
        return StudyGraph(
            registry.name(connection),
            study,
            state,
            tuple(findings.open_about(connection, [study])),
            (*(_node(study, branch, about) for branch in found), *_others(connection, others, about)),
            links,
            strays,
            sum(map(len, referring.values())) >= MOST_ELSEWHERE,
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


def _findings(connection: Connection, held: Mapping[str, Iterable[str]]) -> dict[str, list[KeptFinding]]:
    """What was found about some series and what each of them holds, in the order of the findings' keys."""
    place = {uid: series for series, instances in held.items() for uid in (series, *instances)}
    about: dict[str, list[KeptFinding]] = defaultdict(list)
    for finding in sorted(findings.open_about(connection, place), key=lambda finding: finding.key):
        about[place[finding.uid]].append(finding)
    return about


def _node(study: str, branch: Branch, about: Mapping[str, list[KeptFinding]]) -> SeriesNode:
    uid = branch.series_instance_uid
    found = tuple(about.get(uid, ()))
    return SeriesNode(uid, branch.modality, branch.state, branch.instances, False, study, found)


def _others(
    connection: Connection, others: Iterable[str], about: Mapping[str, list[KeptFinding]]
) -> Iterator[SeriesNode]:
    """The series that are tied to the study's and not in it."""
    ordered = sorted(others)
    known = _known(connection, ordered)
    for uid in ordered:
        found = tuple(about.get(uid, ()))
        if (listed := known.get(uid)) is not None and listed.kind is Kind.SERIES:
            study = listed.study_instance_uid
            yield SeriesNode(uid, listed.modality, listed.state, None, True, study, found)
        else:
            yield SeriesNode(uid, None, UNKNOWN, None, True, None, found)


def _from_elsewhere(
    connection: Connection, study: str, inside: Iterable[str]
) -> dict[str, list[tuple[str, str]]]:
    """The series of other studies whose objects refer to series of this one: who does, and to which."""
    pairs = list(islice(branches.from_elsewhere(connection, study, inside), MOST_ELSEWHERE))
    known = _known(connection, {uid for _, uid in pairs})
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for source, uid in pairs:
        listed = known.get(uid)
        if listed is not None and listed.study_instance_uid != study:
            series = uid if listed.kind is Kind.SERIES else listed.series_instance_uid
            if series is not None:
                found[series].append((uid, source))
    return found


def _links(
    connection: Connection, ends: Iterable[tuple[str, str]], about: Mapping[str, list[KeptFinding]]
) -> tuple[Link, ...]:
    """Every reference from series to series, and what findings say of it."""
    said: dict[tuple[str, str], list[KeptFinding]] = {each: [] for each in ends}
    for derived, finding, source in _paired(connection, about):
        if source != derived:
            said.setdefault((source, derived), []).append(finding)
    return tuple(Link(*each, tuple(found)) for each, found in sorted(said.items()))


def _strays(connection: Connection, about: Mapping[str, list[KeptFinding]]) -> tuple[Stray, ...]:
    """What findings say of objects that refer to their own series."""
    found: dict[tuple[str, str], list[KeptFinding]] = defaultdict(list)
    own = [(series, finding) for series, finding, source in _paired(connection, about) if source == series]
    known = _known(connection, {finding.uid for _, finding in own})
    for series, finding in own:
        listed = known.get(finding.uid)
        family = family_of(listed.sop_class_uid) if listed else None
        found[series, family or ""].append(finding)
    return tuple(Stray(uid, what or None, tuple(each)) for (uid, what), each in sorted(found.items()))


def _paired(
    connection: Connection, about: Mapping[str, list[KeptFinding]]
) -> Iterator[tuple[str, KeptFinding, str]]:
    """The findings that have another side which is in a series: where they are, and that one."""
    paired = [(series, each) for series, some in about.items() for each in some if each.counterpart]
    known = _known(connection, {finding.counterpart or "" for _, finding in paired})
    for series, finding in paired:
        if (listed := known.get(finding.counterpart or "")) is not None:
            source = listed.uid if listed.kind is Kind.SERIES else listed.series_instance_uid
            if source is not None:
                yield series, finding, source


def _known(connection: Connection, uids: Iterable[str]) -> dict[str, Listed]:
    """What the ledger holds of some UIDs, as far as it does."""
    return {row.uid: row for row in queries.among(connection, filter(is_key, uids))}
