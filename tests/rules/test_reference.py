"""UID5: derived objects, and what they refer to."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.services.opening import OpenRegistry
from tests.objects import (
    CT_CLASS,
    DERIVED,
    MR_CLASS,
    PR_CLASS,
    RTSTRUCT_CLASS,
    SEG_CLASS,
    SR_CLASS,
    changed,
    ct_slices,
    presentation,
    reference_to,
    registration,
    segmentation,
    tiny,
)
from tests.rules.batches import Bench, E, N, W, of, one

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def bench(registry: OpenRegistry, tmp_path: Path) -> Bench:
    return Bench(registry, tmp_path)


def derived(sop_class: str = SEG_CLASS, *sources: Dataset, **more: object) -> Dataset:
    """An object that names its sources, in a series of its own."""
    modality = {SEG_CLASS: "SEG", SR_CLASS: "SR", PR_CLASS: "PR", RTSTRUCT_CLASS: "RTSTRUCT"}.get(sop_class)
    values = {"instance": "1.2.3.8.1", "series": "1.2.3.8", "modality": modality or "CT", **more}
    return tiny(sop_class=sop_class, sources=sources, **values)  # type: ignore[arg-type]


# --- UID501 -------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", DERIVED)
def test_derived_in_source_series(bench: Bench, sort: str) -> None:
    slices = ct_slices(2)
    series = slices[0].SeriesInstanceUID
    wrong = DERIVED[sort](slices, series, "1.2.9.1")
    right = DERIVED[sort](slices, "1.2.9", "1.2.9.1")
    for batch in ([wrong], [*slices, wrong]):
        found = one("UID501", bench.checked(*batch))
        assert (found.severity, found.uid, found.counterpart) == (E, "1.2.9.1", series)
    assert of("UID501", bench.checked(*slices, right)) == []


def test_derived_in_source_series_whichever_comes_first(bench: Bench) -> None:
    slices = ct_slices(1)
    wrong = derived(SEG_CLASS, slices[0], series=slices[0].SeriesInstanceUID)
    assert of("UID501", bench.registered(wrong)) == []  # nobody knows yet where its source is
    assert of("UID501", bench.registered(*slices)) == [(E, "1.2.3.8.1")]


def recoded(copy: Dataset, purpose: str) -> Dataset:
    """An image that says for what purpose it names its source, by a code of PS3.16 CID 7202."""
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = purpose, "DCM", "why it is named"
    made = changed(copy)
    made.SourceImageSequence[0].PurposeOfReferenceCodeSequence = [code]
    return made


def test_an_image_in_the_series_of_its_source(bench: Bench) -> None:
    source = tiny()
    copy = tiny("1.2.3.4.2", sources=(source,))
    assert of("UID501", bench.checked(source, copy)) == [(W, "1.2.3.4.2")]
    lossy = changed(copy, LossyImageCompression="01")
    assert of("UID501", bench.checked(source, lossy)) == [(N, "1.2.3.4.2")]
    assert of("UID501", bench.checked(source, recoded(copy, "121322"))) == [(W, "1.2.3.4.2")]
    assert of("UID501", bench.checked(source, recoded(copy, "121320"))) == [(N, "1.2.3.4.2")]
    beside = tiny("1.2.3.4.2", ReferencedImageSequence=[reference_to(source)])
    assert of("UID501", bench.checked(source, beside)) == []


def test_that_an_image_is_a_compressed_copy_is_remembered(bench: Bench) -> None:
    source = tiny()
    bench.registered(recoded(tiny("1.2.3.4.2", sources=(source,)), "121320"))
    assert of("UID501", bench.registered(source)) == [(N, "1.2.3.4.2")]
    assert of("UID501", bench.checked(tiny("1.2.3.4.2", sources=(source,)))) == [(N, "1.2.3.4.2")]


def test_what_an_object_says_of_its_making_is_remembered(bench: Bench) -> None:
    """A level of a pyramid that came long before the level it was made from."""
    slide = "1.2.840.10008.5.1.4.1.1.77.1.6"
    base = tiny(sop_class=slide, modality="SM")
    level = tiny("1.2.3.4.2", sop_class=slide, modality="SM", sources=(base,), PyramidUID="1.2.3.7")
    bench.registered(level)
    assert of("UID501", bench.registered(base)) == [(N, "1.2.3.4.2")]


def test_derived_among_originals(bench: Bench) -> None:
    original, made = (
        tiny(ImageType=["ORIGINAL", "PRIMARY"]),
        tiny("1.2.3.4.2", ImageType=["DERIVED", "PRIMARY"]),
    )
    assert of("UID502", bench.checked(original, made)) == [(N, "1.2.3.4")]
    assert of("UID502", bench.checked(made)) == []
    bench.registered(original)
    assert of("UID502", bench.checked(made)) == [(N, "1.2.3.4")]


def test_derived_keeps_source_uid(bench: Bench) -> None:
    slices = ct_slices(1)
    kept = segmentation(slices, "1.2.9", slices[0].SOPInstanceUID)
    assert of("UID503", bench.checked(kept)) == [(E, slices[0].SOPInstanceUID)]
    assert of("UID503", bench.checked(segmentation(slices, "1.2.9", "1.2.9.1"))) == []
    itself = tiny(ReferencedImageSequence=[reference_to(tiny())])
    assert of("UID503", bench.checked(itself)) == [(W, "1.2.3.4.1")]


# --- UID505 -------------------------------------------------------------------------------------


def test_frame_of_reference_differs_from_source(bench: Bench) -> None:
    source = tiny(frame="1.9.1")
    assert of("UID505", bench.checked(source, derived(SEG_CLASS, source, frame="1.9.2"))) == [
        (W, "1.2.3.8.1")
    ]
    assert of("UID505", bench.checked(source, derived(SEG_CLASS, source, frame="1.9.1"))) == []
    assert of("UID505", bench.checked(source, derived(SEG_CLASS, source))) == []
    assert of("UID505", bench.checked(tiny(), derived(SEG_CLASS, tiny(), frame="1.9.2"))) == []


def test_frames_of_reference_are_compared_in_any_order_of_arrival(bench: Bench) -> None:
    source = tiny(frame="1.9.1")
    bench.registered(derived(SEG_CLASS, source, frame="1.9.2"))
    assert of("UID505", bench.registered(source)) == [(W, "1.2.3.8.1")]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_a_registration_joins_two_frames_of_reference(bench: Bench, order: tuple[int, ...]) -> None:
    source = tiny(frame="1.9.1")
    objects = (
        source,
        derived(SEG_CLASS, source, frame="1.9.2"),
        registration("1.5.1", "1.5", "1.9.1", "1.9.2"),
    )
    for index in order:
        found = bench.registered(objects[index])
    assert of("UID505", found) == []
    assert of("UID505", bench.checked(objects[1])) == []


def test_a_structure_set_lies_where_its_contours_do(bench: Bench) -> None:
    source = tiny(frame="1.9.1")
    contours = derived(RTSTRUCT_CLASS, source)
    item = Dataset()
    item.FrameOfReferenceUID = "1.9.2"
    contours.ReferencedFrameOfReferenceSequence = [item]
    assert of("UID505", bench.checked(source, contours)) == [(W, "1.2.3.8.1")]
    item.FrameOfReferenceUID = "1.9.1"
    assert of("UID505", bench.checked(source, contours)) == []


# --- where references lead -------------------------------------------------------------------------


def naming(study: str, series: str, *targets: Dataset) -> Dataset:
    """An item of evidence: a study, a series in it, instances in that."""
    inside, around = Dataset(), Dataset()
    inside.SeriesInstanceUID, inside.ReferencedSOPSequence = series, [reference_to(one) for one in targets]
    around.StudyInstanceUID, around.ReferencedSeriesSequence = study, [inside]
    return around


def test_undeclared_other_study(bench: Bench) -> None:
    prior = tiny("1.7.1.1", "1.7.1", "1.7")
    assert of("UID506", bench.checked(prior, derived(SEG_CLASS, prior))) == [(W, "1.2.3.8.1")]
    assert of("UID506", bench.checked(prior, derived(SEG_CLASS, prior, study="1.7"))) == []
    said = derived(SR_CLASS, prior, PertinentOtherEvidenceSequence=[naming("1.7", "1.7.1", prior)])
    assert of("UID506", bench.checked(prior, said)) == []
    assert of("UID506", bench.checked(derived(SEG_CLASS, prior))) == []  # nobody knows where it is
    bench.registered(derived(SEG_CLASS, prior))
    assert of("UID506", bench.registered(prior)) == [(W, "1.2.3.8.1")]


def test_reference_to_another_patient(bench: Bench) -> None:
    stranger = tiny("1.7.1.1", "1.7.1", "1.7", patient="P2")
    assert of("UID507", bench.checked(stranger, derived(SEG_CLASS, stranger))) == [(E, "1.2.3.8.1")]
    stranger.PatientID = "P1"
    assert of("UID507", bench.checked(stranger, derived(SEG_CLASS, stranger))) == []


def test_dangling_reference(bench: Bench) -> None:
    source = tiny()
    made = derived(SEG_CLASS, source)
    assert of("UID508", bench.checked(made)) == [(N, "1.2.3.8.1")]
    assert of("UID508", bench.checked(made, source)) == []
    assert of("UID508", bench.registered(made)) == []  # it is awaited, which is kept apart
    bench.registered(source)
    assert of("UID508", bench.checked(made)) == []


def test_reference_class_mismatch(bench: Bench) -> None:
    source = tiny()
    wrong = derived(SR_CLASS)
    wrong.SourceImageSequence = [reference_to(source, MR_CLASS)]
    found = one("UID509", bench.checked(source, wrong))
    assert (found.severity, found.uid, found.counterpart) == (E, "1.2.3.8.1", "1.2.3.4.1")
    assert CT_CLASS in found.message
    assert of("UID509", bench.checked(wrong)) == []
    assert of("UID509", bench.checked(source, derived(SR_CLASS, source))) == []
    bench.registered(wrong)
    assert of("UID509", bench.registered(source)) == [(E, "1.2.3.8.1")]


def test_reference_parent_mismatch(bench: Bench) -> None:
    source = tiny()
    wrong = derived(SR_CLASS, CurrentRequestedProcedureEvidenceSequence=[naming("1.2.3", "1.2.3.66", source)])
    found = one("UID510", bench.checked(source, wrong))
    assert (found.severity, found.uid, found.counterpart) == (E, "1.2.3.8.1", "1.2.3.4.1")
    right = derived(SR_CLASS, CurrentRequestedProcedureEvidenceSequence=[naming("1.2.3", "1.2.3.4", source)])
    assert of("UID510", bench.checked(source, right)) == []
    assert of("UID510", bench.checked(wrong)) == []


def test_a_study_and_a_procedure_step_are_no_instances(bench: Bench) -> None:
    """Referenced Study Sequence (0008,1110) carries the Study Instance UID itself."""
    study, step = Dataset(), Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", "1.2.3"
    step.ReferencedSOPClassUID, step.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.3", "1.2.3.99"
    image = tiny(ReferencedStudySequence=[study], ReferencedPerformedProcedureStepSequence=[step])
    found = {finding.code for finding in bench.checked(image)}
    assert not found & {"UID307", "UID308", "UID508", "UID509", "UID510"}


def test_derived_in_another_study(bench: Bench) -> None:
    slices = ct_slices(1)
    for sort, severity in (("SEG", W), ("SR", W), ("PR", E), ("KO", N)):
        made = DERIVED[sort](slices, "1.2.9", "1.2.9.1")
        assert of("UID514", bench.checked(*slices, made)) == []
        elsewhere = changed(
            made, StudyInstanceUID="1.2.8"
        )  # a copy: highdicom shares elements with the source
        assert of("UID514", bench.checked(*slices, elsewhere)) == [(severity, "1.2.9.1")]


def test_reference_outside_export(bench: Bench) -> None:
    source = tiny()
    made = derived(SEG_CLASS, source)
    bench.registered(source)
    assert of("UID515", bench.checked(made, destination="A")) == [(N, "1.2.3.8.1")]
    assert of("UID515", bench.checked(made, source, destination="A")) == []
    assert of("UID515", bench.checked(made)) == [], "it goes nowhere"
    assert of("UID508", bench.checked(made, destination="A")) == []
    assert "nor went there before" in one("UID515", bench.checked(made, destination="A")).message


def test_a_right_presentation_state_raises_nothing(bench: Bench) -> None:
    slices = ct_slices(2)
    found = bench.checked(*slices, presentation(slices, "1.2.9", "1.2.9.1"))
    assert [(finding.code, finding.message) for finding in found if finding.severity >= W] == []
