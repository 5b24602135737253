"""What comes of what in a study, as the registry knows it, and what findings say of that."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.acknowledgement import State
from registry.errors import UnknownUid
from registry.records import Kind
from registry.services.acknowledging import acknowledge
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry
from registry.services.querying import tree
from registry.services.registering import register
from registry.services.requests import IssueRequest
from registry.services.resolving import resolve
from registry.services.studygraph import UNKNOWN, StudyGraph, study_graph
from registry.store.findings import Which
from tests.objects import SEG_CLASS, SR_CLASS, save_all, tiny

STUDY, OTHER = "1.2.3", "1.2.9"
CT, SEG, SR, PRIOR = "1.2.3.4", "1.2.3.5", "1.2.3.6", "1.2.9.4"


@pytest.fixture
def full(registry: OpenRegistry, tmp_path: Path) -> OpenRegistry:
    """A CT, its segmentation, a report on that and on an older CT; a segmentation that took over
    the CT's series; a report that names a CT's instance of which it says the wrong class; what is
    referred to by series alone, and unknown."""
    images = [tiny(f"{CT}.{number}", CT) for number in (1, 2)]
    prior = tiny(f"{PRIOR}.1", PRIOR, OTHER)
    segmentation = tiny(f"{SEG}.1", SEG, sop_class=SEG_CLASS, modality="SEG", sources=tuple(images))
    report = tiny(f"{SR}.1", SR, sop_class=SR_CLASS, modality="SR", sources=(segmentation, prior))
    wrong = tiny(f"{CT}.9", CT, sop_class=SEG_CLASS, modality="SEG", sources=(images[0],))
    paths = [str(path) for path in save_all([*images, prior, segmentation, report, wrong], tmp_path)]
    register(registry, paths)
    return registry


def ends(graph: StudyGraph) -> set[tuple[str, str]]:
    return {(link.source, link.derived) for link in graph.links}


def test_series_are_linked_to_what_refers_to_them(full: OpenRegistry) -> None:
    graph = study_graph(full, STUDY)
    assert ends(graph) == {(CT, SEG), (SEG, SR), (PRIOR, SR)}
    assert [(node.series_instance_uid, node.modality, node.instances) for node in graph.own] == [
        (CT, "CT", 3),
        (SEG, "SEG", 1),
        (SR, "SR", 1),
    ]


def test_series_of_other_studies_are_named_with_their_study(full: OpenRegistry) -> None:
    (node,) = [node for node in study_graph(full, STUDY).series if node.elsewhere]
    assert astuple(node) == (PRIOR, "CT", "registered", None, True, OTHER, ())


def test_objects_in_their_source_s_series_stand_apart(full: OpenRegistry) -> None:
    (stray,) = study_graph(full, STUDY).strays
    assert (stray.series_instance_uid, stray.what, stray.uids) == (CT, "segmentation", (f"{CT}.9",))
    assert [finding.code for finding in stray.findings] == ["UID501"]


def test_the_findings_are_those_of_the_tree(full: OpenRegistry) -> None:
    graph = study_graph(full, STUDY)
    of_tree = {
        node.series_instance_uid: {finding.key for finding in node.findings}
        for top in tree(full, STUDY).series
        for node in (top, *top.below, *(each for below in top.below for each in below.below))
    }
    assert {
        node.series_instance_uid: {finding.key for finding in node.findings} for node in graph.own
    } == of_tree
    assert any(of_tree.values())


def test_an_arrow_is_flagged_by_what_names_both_of_its_ends(full: OpenRegistry, tmp_path: Path) -> None:
    """The report says that an image is a segmentation: UID509 names the report and the image."""
    image = tiny(f"{CT}.1", sop_class=SEG_CLASS)
    report = tiny(f"{SR}.2", SR, sop_class=SR_CLASS, modality="SR", sources=(image,))
    register(full, [str(path) for path in save_all([report], tmp_path / "more")])
    graph = study_graph(full, STUDY)
    flagged = {
        (link.source, link.derived): {finding.code for finding in link.findings}
        for link in graph.links
        if link.findings
    }
    assert flagged == {(CT, SR): {"UID509"}}
    acknowledge(full, Which(code="UID509"), "known")
    (finding,) = [each for each in study_graph(full, STUDY).all_findings if each.code == "UID509"]
    assert finding.state is State.ACKNOWLEDGED


def test_a_series_that_nobody_has_seen_is_unknown(registry: OpenRegistry, tmp_path: Path) -> None:
    issued = issue(registry, IssueRequest(Kind.STUDY)).uids[0]
    report = tiny("1.2.3.6.1", SR, issued, sop_class=SR_CLASS, modality="SR")
    whole = Dataset()
    whole.SeriesInstanceUID = "1.2.8"
    report.ReferencedSeriesSequence = [whole]
    register(registry, [str(path) for path in save_all([report], tmp_path)])
    graph = study_graph(registry, issued)
    assert ends(graph) == {("1.2.8", SR)}
    assert [node.state for node in graph.series if node.elsewhere] == [UNKNOWN]


@pytest.mark.parametrize("uid", [CT, f"{SEG}.1"])
def test_any_uid_of_the_study_will_do(full: OpenRegistry, uid: str) -> None:
    assert study_graph(full, uid) == study_graph(full, STUDY)


def test_what_is_in_no_study_has_no_picture(full: OpenRegistry) -> None:
    with pytest.raises(UnknownUid, match="never heard of 1.2.7"):
        study_graph(full, "1.2.7")


def test_a_decision_counts(full: OpenRegistry, tmp_path: Path) -> None:
    """The segmentation was claimed for another series too, and that claim holds."""
    again = tiny(f"{SEG}.1", "1.2.3.7", sop_class=SEG_CLASS, modality="SEG")
    register(full, [str(path) for path in save_all([again], tmp_path / "again")])
    resolve(full, f"{SEG}.1", "second", "the first was a copy")
    graph = study_graph(full, STUDY)
    assert {node.series_instance_uid: node.instances for node in graph.own}["1.2.3.7"] == 1
    assert (CT, "1.2.3.7") in ends(graph)
