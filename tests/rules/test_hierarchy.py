"""UID4: do the objects of one series, study, patient fit together."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from registry.services.opening import OpenRegistry
from tests.objects import MR_CLASS, PR_CLASS, SC_CLASS, SEG_CLASS, SR_CLASS, ct_slices, segmentation, tiny
from tests.rules.batches import Bench, E, N, W, of, one

pytestmark = pytest.mark.engine("sqlite")

SERIES, STUDY = "1.2.3.4", "1.2.3"
DOCUMENT_CLASS = "1.2.840.10008.5.1.4.1.1.104.1"
KO_CLASS = "1.2.840.10008.5.1.4.1.1.88.59"
SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"


@pytest.fixture
def bench(registry: OpenRegistry, tmp_path: Path) -> Bench:
    return Bench(registry, tmp_path)


def pair(**second: object) -> tuple[Dataset, Dataset]:
    """Two objects of one series; the second says something else."""
    return tiny(), tiny("1.2.3.4.2", **second)  # type: ignore[arg-type]


def said(keyword: str, one_value: object, other: object, **more: object) -> tuple[Dataset, Dataset]:
    """Two objects of one series that say two things of one attribute; None: nothing."""
    values = (one_value, other)
    return tuple(  # type: ignore[return-value]
        tiny(f"1.2.3.4.{number}", **{keyword: value}, **more)  # type: ignore[arg-type]
        for number, value in enumerate(values, 1)
    )


def test_mixed_modality_series(bench: Bench) -> None:
    assert of("UID401", bench.checked(*pair(modality="MR"))) == [(E, SERIES)]
    assert of("UID401", bench.checked(*pair())) == []
    assert of("UID401", bench.checked(*pair(modality=None))) == []


def test_incompatible_classes_in_series(bench: Bench) -> None:
    assert of("UID402", bench.checked(*pair(sop_class=SEG_CLASS))) == [(E, SERIES)]  # though Modality is CT
    assert of("UID402", bench.checked(*pair(sop_class=MR_CLASS))) == []  # both are images
    assert of("UID402", bench.checked(*pair(sop_class=DOCUMENT_CLASS))) == [(W, SERIES)]
    assert of("UID402", bench.checked(*pair(sop_class="1.2.840.113619.4.30"))) == []  # private


def test_mixed_equipment_series(bench: Bench) -> None:
    for keyword, one_value, other in (
        ("Manufacturer", "A", "B"),
        ("DeviceSerialNumber", "1", "2"),
        ("SoftwareVersions", ["1", "2"], ["1", "3"]),
        ("InstitutionName", "North", "South"),
        ("StationName", "CT1", "CT2"),
        ("DeviceUID", "1.6.1", "1.6.2"),
        ("ConversionType", "WSD", "SD"),
    ):
        found = one("UID403", bench.checked(*said(keyword, one_value, other)))
        assert (found.severity, found.uid, found.evidence) == (W, SERIES, (keyword,))
    found = one("UID403", bench.checked(*said("Manufacturer", "A", None)))
    assert (found.severity, found.evidence) == (N, ("Manufacturer",))
    assert of("UID403", bench.checked(*said("ConversionType", "WSD", None))) == []
    assert of("UID403", bench.checked(*said("Manufacturer", "A", "A "))) == []


def test_an_attribute_is_compared_with_what_the_registry_knows(bench: Bench) -> None:
    first, second = said("Manufacturer", "A", "B")
    assert of("UID403", bench.registered(first)) == []
    assert of("UID403", bench.checked(second)) == [(W, SERIES)]


def test_a_value_is_nowhere_in_a_finding(bench: Bench) -> None:
    found = bench.checked(*said("PatientName", "Rosenblatt^Ada", "Rosenblatt^Eda"))
    assert found
    assert "Rosenblatt" not in repr(found)


def test_mixed_frame_of_reference_series(bench: Bench) -> None:
    assert of("UID404", bench.checked(tiny(frame="1.9"), tiny("1.2.3.4.2", frame="1.10"))) == [(E, SERIES)]
    assert of("UID404", bench.checked(tiny(frame="1.9"), tiny("1.2.3.4.2"))) == [(W, SERIES)]
    label = tiny("1.2.3.4.2", sop_class=SLIDE_CLASS)
    assert of("UID404", bench.checked(tiny(frame="1.9", sop_class=SLIDE_CLASS), label)) == []
    capture = tiny("1.2.3.4.2", sop_class=SC_CLASS)
    assert of("UID404", bench.checked(tiny(frame="1.9"), capture)) == []


def test_series_attribute_mismatch(bench: Bench) -> None:
    for keyword, one_value, other, severity in (
        ("SeriesNumber", 1, 2, W),
        ("SeriesDescription", "axial", "coronal", W),
        ("BodyPartExamined", "HEAD", "CHEST", W),
        ("PositionReferenceIndicator", "XY", "OM", W),
        ("OperatorsName", "A", "B", N),
    ):
        found = one("UID405", bench.checked(*said(keyword, one_value, other)))
        assert (found.severity, found.uid, found.evidence) == (severity, SERIES, (keyword,))
    for keyword, one_value, other in (
        ("SeriesDescription", "axial", None),
        ("SeriesTime", "100000", "110000"),
        ("PerformedProcedureStepEndTime", "100000", "110000"),
        ("SmallestPixelValueInSeries", 1, 2),
        ("SeriesNumber", "1", "01"),
    ):
        assert of("UID405", bench.checked(*said(keyword, one_value, other))) == []


def test_study_attribute_mismatch(bench: Bench) -> None:
    for keyword, one_value, other, severity in (
        ("AccessionNumber", "1", "2", W),
        ("StudyDate", "20260101", "20260102", W),
        ("StudyDescription", "head", "chest", N),
        ("PatientAge", "050Y", "051Y", N),
    ):
        found = one("UID406", bench.checked(*said(keyword, one_value, other)))
        assert (found.severity, found.uid, found.evidence) == (severity, STUDY, (keyword,))
    assert of("UID406", bench.checked(*said("AccessionNumber", "1", None))) == []
    series = tiny(AccessionNumber="1"), tiny("1.2.3.5.1", "1.2.3.5", AccessionNumber="2")
    assert of("UID406", bench.checked(*series)) == [(W, STUDY)]


def test_patient_attribute_mismatch(bench: Bench) -> None:
    for keyword, one_value, other, severity in (
        ("PatientName", "Doe^Jane", "Doe^Joan", W),
        ("PatientBirthDate", "19700101", "19700102", W),
        ("PatientSex", "F", "M", W),
        ("EthnicGroup", "a", "b", N),
    ):
        found = one("UID407", bench.checked(*said(keyword, one_value, other)))
        assert (found.severity, found.evidence) == (severity, (keyword,))
        assert found.uid is not None
        assert found.uid.startswith("patient-")
    assert of("UID407", bench.checked(*said("PatientName", "Doe^Jane", "Doe^Jane^^"))) == []
    assert of("UID407", bench.checked(*said("PatientName", "Doe^Jane", None))) == []


def test_one_patient_id_of_two_issuers_is_two_patients(bench: Bench) -> None:
    first = tiny(PatientName="Doe^Jane", IssuerOfPatientID="A")
    second = tiny("1.8.1", "1.8", "1.7", PatientName="Roe^Rick", IssuerOfPatientID="B")
    third = tiny("1.6.1", "1.6", "1.5", PatientName="Poe^Paul")
    bench.registered(first)
    assert of("UID407", bench.registered(second)) == []
    assert [severity for severity, _ in of("UID407", bench.registered(third))] == [W]


def test_series_per_instance(bench: Bench) -> None:
    def sliced(count: int, **more: object) -> list[Dataset]:
        return [
            tiny(
                f"1.2.3.{n}.1",
                f"1.2.3.{n}",
                SeriesNumber=3,
                SeriesDescription="axial",
                InstanceNumber=n,
                **more,
            )  # type: ignore[arg-type]
            for n in range(1, count + 1)
        ]

    assert of("UID408", bench.checked(*sliced(5))) == [(W, STUDY)]
    assert of("UID408", bench.checked(*sliced(3))) == []
    numbered = sliced(5)
    for number, image in enumerate(numbered):
        image.SeriesNumber = number
    assert of("UID408", bench.checked(*numbered)) == []
    bench.registered(*sliced(3))
    assert of("UID408", bench.checked(sliced(4)[3])) == [(W, STUDY)]
    full = [*sliced(4), *(tiny(f"1.2.3.{n}.2", f"1.2.3.{n}", InstanceNumber=9) for n in range(1, 5))]
    assert of("UID408", bench.checked(*full)) == []
    for sop_class in (SEG_CLASS, SR_CLASS, PR_CLASS, KO_CLASS):
        assert of("UID408", bench.checked(*sliced(5, sop_class=sop_class))) == []


def test_number_reused(bench: Bench) -> None:
    assert of("UID409", bench.checked(*said("InstanceNumber", 1, "01"))) == []  # two texts
    assert of("UID409", bench.checked(*said("InstanceNumber", 1, 1))) == [(N, SERIES)]
    assert of("UID409", bench.checked(*said("InstanceNumber", 1, 2))) == []
    series = tiny(SeriesNumber=1), tiny("1.2.3.5.1", "1.2.3.5", SeriesNumber=1)
    assert of("UID409", bench.checked(*series)) == [(N, STUDY)]
    bench.registered(series[0])
    assert of("UID409", bench.checked(series[1])) == [(N, STUDY)]
    assert of("UID409", bench.checked(series[0])) == []


def test_a_segmentation_in_its_source_series_disagrees_with_it_in_everything(bench: Bench) -> None:
    slices = ct_slices(2)
    found = bench.checked(*slices, segmentation(slices, slices[0].SeriesInstanceUID, "1.2.9.1"))
    assert {"UID401", "UID402", "UID403", "UID405", "UID501"} <= {finding.code for finding in found}
