"""Graphs of studies as the service tells them, made up."""

from __future__ import annotations

from collections.abc import Iterable

from registry.acknowledgement import State
from registry.records import Kind, Severity
from registry.render.page.frame import Made
from registry.services.opening import RegistryName
from registry.services.studygraph import Link, SeriesNode, Stray, StudyGraph
from registry.services.trailstate import TrailState
from registry.store.findings import KeptFinding

MADE = Made("2026-11-26T09:30:00.000000Z", "ann", "uid-registry report 1.2.3 -o report.html")
TRAIL = TrailState(3, "ab" * 32, None, None, None)
NAME = RegistryName("dicom-uid-registry/0123456789ab", "Example Hospital", 7)


def finding(
    code: str,
    uid: str,
    counterpart: str | None = None,
    severity: Severity = Severity.ERROR,
    state: State = State.OPEN,
) -> KeptFinding:
    at = "2026-11-26T09:30:00.000000Z"
    return KeptFinding(
        code, uid, counterpart, severity, Kind.SERIES, f"something is wrong with {uid}", (), 1, 1, 1,
        at, at, None, state, None, None, None, None,
    )  # fmt: skip


def series(number: int) -> str:
    return f"1.2.3.{number}"


def graph(
    modalities: Iterable[str],
    links: Iterable[tuple[int, int]] = (),
    findings: Iterable[KeptFinding] = (),
    *,
    strays: Iterable[Stray] = (),
    elsewhere: Iterable[int] = (),
    name: RegistryName = NAME,
) -> StudyGraph:
    """Series 1.2.3.0, 1.2.3.1 and so on of some modalities; a link is a source and what is derived."""
    found, outside = list(findings), set(elsewhere)
    nodes = tuple(
        SeriesNode(
            series(number),
            modality,
            "registered",
            None if number in outside else 10,
            number in outside,
            "1.2.9" if number in outside else "1.2.3",
            tuple(each for each in found if each.uid == series(number)),
        )
        for number, modality in enumerate(modalities)
    )
    arrows = tuple(
        Link(
            series(source),
            series(derived),
            tuple(
                each for each in found if (each.counterpart, each.uid) == (series(source), series(derived))
            ),
        )
        for source, derived in sorted(links)
    )
    return StudyGraph(name, "1.2.3", "registered", (), nodes, arrows, tuple(strays))
