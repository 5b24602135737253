"""UID3: one UID, one thing."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEGBaseline8Bit

from registry.records import Kind
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry
from registry.services.requests import IssueRequest
from registry.services.withdrawing import withdraw
from tests.objects import MR_CLASS, ROOT, SR_CLASS, ct_slices, report, tiny
from tests.rules.batches import Bench, E, N, W, of, one

pytestmark = pytest.mark.engine("sqlite")


@pytest.fixture
def bench(registry: OpenRegistry, tmp_path: Path) -> Bench:
    return Bench(registry, tmp_path)


I = "1.2.3.4.1"  # noqa: E741 (the instance that `tiny` makes)


def test_changed_content(bench: Bench) -> None:
    found = bench.checked(tiny(), tiny(pixels=b"\5\6\7\x08"))
    assert of("UID301", found) == [(E, I)]
    assert of("UID301", bench.checked(tiny(), tiny())) == []
    assert of("UID301", bench.checked(tiny(), tiny(PatientName="Corrected"))) == []


def test_changed_content_is_seen_against_the_registry_too(bench: Bench) -> None:
    bench.registered(tiny())
    assert of("UID301", bench.checked(tiny(pixels=b"\5\6\7\x08"))) == [(E, I)]


def test_instance_in_two_series(bench: Bench) -> None:
    assert of("UID302", bench.checked(tiny(), tiny(series="1.2.3.5"))) == [(E, I)]
    assert of("UID302", bench.checked(tiny(), tiny("1.2.3.5.1", series="1.2.3.5"))) == []


def test_instance_and_series_in_two_studies(bench: Bench) -> None:
    found = bench.checked(tiny(), tiny(study="1.2.9"))
    assert (of("UID303", found), of("UID305", found)) == ([(E, I)], [(E, "1.2.3.4")])
    assert of("UID305", bench.checked(tiny(), tiny("1.2.3.4.2"))) == []


def test_instance_of_two_classes(bench: Bench) -> None:
    assert of("UID304", bench.checked(tiny(), tiny(sop_class=MR_CLASS))) == [(E, I)]
    assert of("UID304", bench.checked(tiny(), tiny())) == []


def test_study_of_two_patients(bench: Bench) -> None:
    assert of("UID306", bench.checked(tiny(), tiny("1.2.3.4.2", patient="P2"))) == [(E, "1.2.3")]
    for patient, more in (
        (" P1 ", {}),  # trimmed
        ("", {}),  # compared with nothing
        ("P1", {"IssuerOfPatientID": "HOSP"}),  # an issuer that is missing on one side
        ("P2", {"OtherPatientIDs": "P1"}),  # one person's
    ):
        assert of("UID306", bench.checked(tiny(), tiny("1.2.3.4.2", patient=patient, **more))) == []
    two = tiny(IssuerOfPatientID="A"), tiny("1.2.3.4.2", IssuerOfPatientID="B")
    assert of("UID306", bench.checked(*two)) == [(E, "1.2.3")]


def test_uid_in_two_roles(bench: Bench) -> None:
    assert of("UID307", bench.checked(tiny(frame="1.2.3"))) == [(E, "1.2.3")]
    assert of("UID307", bench.checked(tiny(series="1.2.3"))) == [(E, "1.2.3")]
    assert of("UID307", bench.checked(tiny(frame="1.2.3.9"))) == []


def test_uid_of_two_kinds(bench: Bench) -> None:
    bench.registered(tiny())
    assert of("UID308", bench.checked(tiny("1.8.1", "1.8", I))) == [(E, I)]
    assert of("UID308", bench.checked(tiny("1.8.1", "1.8", "1.7", frame="1.2.3.4"))) == [(E, "1.2.3.4")]
    assert of("UID308", bench.checked(tiny("1.8.1", "1.8", "1.7", frame="1.2.3.9"))) == []


def test_frame_of_reference_of_two_patients(bench: Bench) -> None:
    bench.registered(tiny(frame="1.9"))
    other = tiny("1.8.1", "1.8", "1.7", patient="P2", frame="1.9")
    assert of("UID309", bench.checked(other)) == [(E, "1.9")]
    other.PatientID = "P1"
    assert of("UID309", bench.checked(other)) == []
    atlas = "1.2.840.10008.1.4.1.1"  # Talairach, which all share on purpose
    pair = tiny(frame=atlas), tiny("1.8.1", "1.8", "1.7", patient="P2", frame=atlas)
    assert of("UID309", bench.checked(*pair)) == []


def test_frame_of_reference_in_two_studies(bench: Bench) -> None:
    bench.registered(tiny(frame="1.9"))
    assert of("UID310", bench.checked(tiny("1.8.1", "1.8", "1.7", frame="1.9"))) == [(N, "1.9")]
    assert of("UID310", bench.checked(tiny("1.8.1", "1.8", "1.2.3", frame="1.9"))) == []


def test_frame_of_reference_is_seen_in_two_studies_though_a_later_object_names_none(bench: Bench) -> None:
    bench.registered(tiny(frame="1.9"))
    bench.registered(tiny("1.8.1", "1.8", None, frame="1.9"))
    assert of("UID310", bench.checked(tiny("1.8.2", "1.8", "1.7"))) == [(N, "1.9")]


def test_tracking_uid_of_two_patients(bench: Bench) -> None:
    slices = ct_slices(1), ct_slices(1, study="1.2.826.0.99.2", patient="P2")
    for (image,) in slices:
        del image.OtherPatientIDsSequence  # by which the two would be one
    reports = [report(s, f"1.2.9.{i}", f"1.2.9.{i}.1", tracking_uid="1.2.77") for i, s in enumerate(slices)]
    assert of("UID311", bench.checked(*reports)) == [(E, "1.2.77")]
    same = [report(slices[0], f"1.2.9.{i}", f"1.2.9.{i}.1", tracking_uid="1.2.77") for i in range(2)]
    assert of("UID311", bench.checked(*same)) == []


def test_withdrawn_uid(bench: Bench) -> None:
    bench.registered(tiny())
    withdraw(bench.registry, [I], "wrong export")
    assert of("UID312", bench.checked(tiny())) == [(E, I)]
    assert of("UID312", bench.checked(tiny("1.2.3.4.2"))) == []


def test_issued_for_another_parent(bench: Bench) -> None:
    study, other = issue(bench.registry, IssueRequest(Kind.STUDY, count=2)).uids
    (series,) = issue(bench.registry, IssueRequest(Kind.SERIES, study_instance_uid=study, modality="SR")).uids
    (uid,) = issue(bench.registry, IssueRequest(Kind.INSTANCE, series_instance_uid=series)).uids
    right = {"sop_class": SR_CLASS, "modality": "SR"}
    assert of("UID313", bench.checked(tiny(uid, series, study, **right))) == []
    assert of("UID313", bench.checked(tiny(uid, series, study))) == [(E, series)]
    assert of("UID313", bench.checked(tiny(uid, "1.2.3.4", study, **right))) == [(E, uid)]
    assert of("UID313", bench.checked(tiny(f"{ROOT}.9.9", series, other, **right))) == [(E, series)]


def specimen(uid: str, identifier: str) -> list[Dataset]:
    item = Dataset()
    item.SpecimenUID, item.SpecimenIdentifier = uid, identifier
    return [item]


def test_specimen_or_device_reused(bench: Bench) -> None:
    bench.registered(tiny(SpecimenDescriptionSequence=specimen("1.5.1", "S1")))
    again = tiny("1.2.3.4.2", SpecimenDescriptionSequence=specimen("1.5.1", "S1"))
    assert of("UID314", bench.checked(again)) == []
    other = tiny("1.2.3.4.2", SpecimenDescriptionSequence=specimen("1.5.1", "S2"))
    assert of("UID314", bench.checked(other)) == [(E, "1.5.1")]
    stranger = tiny("1.8.1", "1.8", "1.7", patient="P2", SpecimenDescriptionSequence=specimen("1.5.1", "S1"))
    assert of("UID314", bench.checked(stranger)) == [(E, "1.5.1")]
    device = {"DeviceUID": "1.6.1", "Manufacturer": "Maker"}
    pair = [tiny(f"1.2.3.4.{n}", DeviceSerialNumber=str(n), **device) for n in (1, 2)]
    assert of("UID314", bench.checked(*pair)) == [(E, "1.6.1")]
    pair = [tiny(f"1.2.3.4.{n}", DeviceSerialNumber="1", **device) for n in (1, 2)]
    assert of("UID314", bench.checked(*pair)) == []


def test_changed_attributes(bench: Bench) -> None:
    assert of("UID315", bench.checked(tiny(), tiny(PatientName="Corrected"))) == [(N, I)]
    assert of("UID315", bench.checked(tiny(), tiny())) == []
    assert of("UID315", bench.checked(tiny(), tiny(pixels=b"\5\6\7\x08"))) == []


def test_suffixed_uid(bench: Bench) -> None:
    study, sibling = issue(bench.registry, IssueRequest(Kind.STUDY, count=2)).uids
    found = bench.checked(tiny(f"{study}.1.1", f"{study}.1", study))
    assert of("UID206", found) == [(W, f"{study}.1"), (W, f"{study}.1.1")]
    assert of("UID206", bench.checked(tiny("1.2.3.4.1", "1.2.3.4", study))) == []
    assert of("UID206", bench.checked(tiny(f"{study}7.1", "1.2.3.4", sibling))) == []


# --- lossy copies, changed documents, moved objects ---------------------------------------------


def jpeg(data_set: Dataset) -> Dataset:
    data_set.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    return data_set


def encapsulated(data: bytes) -> bytes:
    from pydicom.encaps import encapsulate

    return encapsulate([data])


def test_lossy_keeps_uid(bench: Bench) -> None:
    copy = jpeg(tiny(pixels=encapsulated(b"\xff\xd8\xff\xe0"), LossyImageCompression="01"))
    assert of("UID504", bench.checked(tiny(), copy)) == [(E, I)]
    assert of("UID504", bench.checked(copy)) == []  # lossy from the start
    bench.registered(copy)
    assert of("UID504", bench.checked(tiny())) == [(E, I)]
    assert of("UID504", bench.checked(copy)) == []


def test_lossy_keeps_uid_when_the_copy_was_decompressed(bench: Bench) -> None:
    """Its transfer syntax tells nothing any more; the attribute does, and is remembered."""
    bench.registered(tiny(pixels=b"\1\2\3\5", LossyImageCompression="01"))
    assert of("UID504", bench.checked(tiny())) == [(E, I)]
    assert of("UID504", bench.checked(tiny(pixels=b"\1\2\3\5", LossyImageCompression="01"))) == []


def test_changed_document_keeps_uid(bench: Bench) -> None:
    slices = ct_slices(1)
    first, second = (report(slices, "1.2.9", "1.2.9.1", tracking_uid=f"1.2.77.{n}") for n in (1, 2))
    assert of("UID513", bench.checked(first, second)) == [(W, "1.2.9.1")]
    assert of("UID513", bench.checked(first, first)) == []
    assert of("UID513", bench.checked(tiny(), tiny(pixels=b"\5\6\7\x08"))) == []


def test_coerced_without_original_attributes(bench: Bench) -> None:
    bench.registered(tiny())
    assert of("UID605", bench.checked(tiny(study="1.2.9"))) == [(W, I)]
    was = Dataset()
    was.StudyInstanceUID = "1.2.3"
    why = Dataset()
    why.ModifiedAttributesSequence, why.ReasonForTheAttributeModification = [was], "COERCE"
    moved = tiny(study="1.2.9", OriginalAttributesSequence=[why])
    assert of("UID605", bench.checked(moved)) == []
    bench.registered(moved)
    assert of("UID605", bench.checked(tiny())) == []


def test_a_finding_names_what_to_do(bench: Bench) -> None:
    found = one("UID302", bench.checked(tiny(), tiny(series="1.2.3.5")))
    assert found.related == ("1.2.3.4", "1.2.3.5")
    assert "uid-registry derive" in found.fix
