"""What comes of what in a study, as the registry knows it, and what findings say of that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.acknowledgement import State
from registry.errors import UnknownUid
from registry.services.acknowledging import acknowledge
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import tree
from registry.services.registering import register
from registry.services.resolving import resolve
from registry.services.studygraph import UNKNOWN, StudyGraph, study_graph
from registry.settings import Settings
from registry.store.findings import Which
from tests.conftest import Registries
from tests.objects import SEG_CLASS, SR_CLASS, save_all, tiny

STUDY, OTHER = "1.2.3", "1.2.9"
CT, SEG, SR, PRIOR = "1.2.3.4", "1.2.3.5", "1.2.3.6", "1.2.9.4"


_PLACES: dict[int, Settings] = {}


@pytest.fixture
def full(registries: Registries, tmp_path: Path) -> Iterator[OpenRegistry]:
    """A registry with the study, for tests that leave it as it is."""
    if (settings := _PLACES.get(id(registries))) is None:
        settings = _PLACES[id(registries)] = registries.kept("fresh")
        with opened(settings) as registry:
            fill(registry, tmp_path)
    with opened(settings, read_only=True) as registry:
        yield registry


def fill(registry: OpenRegistry, folder: Path) -> None:
    """A CT, its segmentation, a report on that and on an older CT, and a segmentation that took over
    the CT's series."""
    images = [tiny(f"{CT}.{number}", CT) for number in (1, 2)]
    prior = tiny(f"{PRIOR}.1", PRIOR, OTHER)
    segmentation = tiny(f"{SEG}.1", SEG, sop_class=SEG_CLASS, modality="SEG", sources=tuple(images))
    report = tiny(f"{SR}.1", SR, sop_class=SR_CLASS, modality="SR", sources=(segmentation, prior))
    wrong = tiny(f"{CT}.9", CT, sop_class=SEG_CLASS, modality="SEG", sources=(images[0],))
    put(registry, folder, *images, prior, segmentation, report, wrong)


def put(registry: OpenRegistry, folder: Path, *objects: Dataset) -> None:
    register(registry, [str(path) for path in save_all(list(objects), folder)])


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


def test_what_other_studies_derive_from_it_is_there_with_its_findings(full: OpenRegistry) -> None:
    """Seen from the study of the older CT."""
    graph = study_graph(full, OTHER)
    assert ends(graph) == {(PRIOR, SR)}
    assert [(node.series_instance_uid, node.elsewhere) for node in graph.series] == [
        (PRIOR, False),
        (SR, True),
    ]
    assert graph.series[1].study_instance_uid == STUDY


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


def test_what_is_learned_later_counts(registry: OpenRegistry, tmp_path: Path) -> None:
    """An arrow is flagged by what names both of its ends: a report says that an image is a
    segmentation, of which UID509 names the report and the image. The segmentation was claimed for
    another series too, and that claim holds. A series is named that nobody has seen."""
    fill(registry, tmp_path / "first")
    image = tiny(f"{CT}.1", sop_class=SEG_CLASS)
    report = tiny(f"{SR}.2", SR, sop_class=SR_CLASS, modality="SR", sources=(image,))
    whole = Dataset()
    whole.SeriesInstanceUID = "1.2.8"
    report.ReferencedSeriesSequence = [whole]
    again = tiny(f"{SEG}.1", "1.2.3.7", sop_class=SEG_CLASS, modality="SEG")
    put(registry, tmp_path / "more", report, again)
    resolve(registry, f"{SEG}.1", "second", "the first was a copy")
    acknowledge(registry, Which(code="UID501"), "known")
    lost = tiny("1.2.11.1.1", "1.2.11.1", "1.2.11", sop_class=SEG_CLASS, modality="SEG", sources=(image,))
    put(registry, tmp_path / "lost", lost)
    graph = study_graph(registry, STUDY)
    assert (CT, "1.2.11.1") in ends(graph)
    codes = {node.series_instance_uid: {each.code for each in node.findings} for node in graph.series}
    assert "UID514" in codes["1.2.11.1"]
    flagged = {
        (link.source, link.derived): {finding.code for finding in link.findings}
        for link in graph.links
        if link.findings
    }
    assert flagged == {(CT, SR): {"UID509"}, (CT, "1.2.11.1"): {"UID509"}}
    assert (CT, "1.2.3.7") in ends(graph)
    assert {node.series_instance_uid: node.instances for node in graph.own}["1.2.3.7"] == 1
    assert [node.series_instance_uid for node in graph.series if node.state == UNKNOWN] == ["1.2.8"]
    assert [each.state for stray in graph.strays for each in stray.findings] == [State.ACKNOWLEDGED]


@pytest.mark.parametrize("uid", [CT, f"{SEG}.1"])
def test_any_uid_of_the_study_will_do(full: OpenRegistry, uid: str) -> None:
    assert study_graph(full, uid) == study_graph(full, STUDY)


def test_what_is_in_no_study_has_no_picture(full: OpenRegistry) -> None:
    with pytest.raises(UnknownUid, match="never heard of 1.2.7"):
        study_graph(full, "1.2.7")
