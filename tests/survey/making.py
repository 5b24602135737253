"""Objects as highdicom makes them, each in a series of its own: nothing here is wrong."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from tests.objects import DERIVED, DEVICE, save, segmentation, tiny
from tests.oracle.study import STUDY, study


def made(folder: Path) -> None:
    """Write a study of images and of all that is made of them here."""
    files = study({}, {})
    for name, data in files.items():
        place = folder / "study" / f"{name}.dcm"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    ct = [pydicom.dcmread(BytesIO(files[name])) for name in ("ct1", "ct2")]
    mr = [pydicom.dcmread(BytesIO(files[name])) for name in ("mr1", "mr2")]
    for number, (name, make) in enumerate(_MORE.items(), 40):
        series = f"{STUDY}.{number}"
        data_set = make(mr if "MR" in name else ct, series, f"{series}.1")
        save(data_set, folder / "study" / f"{name.lower().replace(' ', '-')}.dcm")
    slide = _slide(ct[0])
    save(slide, folder / "slide" / "slide.dcm")
    save(_annotations([slide], f"{STUDY}.51", f"{STUDY}.51.1"), folder / "slide" / "annotations.dcm")
    for number, (name, make) in enumerate(_OF_MR.items(), 60):
        save(make(mr, f"{STUDY}.{number}", f"{STUDY}.{number}.1"), folder / "of-mr" / f"{name}.dcm")


def _capture(sources: list[Dataset], series: str, instance: str) -> Dataset:
    return hd.sc.SCImage.from_ref_dataset(
        ref_dataset=sources[0],
        pixel_array=np.zeros((16, 16, 3), dtype=np.uint8),
        photometric_interpretation=hd.PhotometricInterpretationValues.RGB,
        bits_allocated=8,
        coordinate_system=hd.CoordinateSystemNames.PATIENT,
        series_instance_uid=series,
        series_number=30,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer=DEVICE["manufacturer"],
        patient_orientation=["L", "P"],
    )


def _converted(kind: Callable[..., Dataset]) -> Callable[[list[Dataset], str, str], Dataset]:
    def make(sources: list[Dataset], series: str, instance: str) -> Dataset:
        return kind(
            sources,
            series_instance_uid=series,
            series_number=31,
            sop_instance_uid=instance,
            instance_number=1,
        )

    return make


def _spatial_report(sources: list[Dataset], series: str, instance: str) -> Dataset:
    """A report with regions in space (PS3.3 A.35.13), made of TID 1500."""
    first = sources[0]
    region = hd.sr.ImageRegion3D(
        graphic_type=hd.sr.GraphicTypeValues3D.POINT,
        graphic_data=np.array([[1.0, 1.0, 1.0]]),
        frame_of_reference_uid=first.FrameOfReferenceUID,
    )
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=f"{instance}.7", identifier="lesion"),
        referenced_region=region,
        finding_type=codes.SCT.Neoplasm,
        measurements=[hd.sr.Measurement(name=codes.SCT.Length, value=10.0, unit=codes.UCUM.Millimeter)],
    )
    observer = hd.sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=hd.sr.DeviceObserverIdentifyingAttributes(uid=f"{instance}.8"),
    )
    content = hd.sr.MeasurementReport(
        observation_context=hd.sr.ObservationContext(observer_device_context=observer),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[group],
    )
    return hd.sr.Comprehensive3DSR(
        evidence=sources,
        content=content[0],
        series_instance_uid=series,
        series_number=32,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer=DEVICE["manufacturer"],
    )


def _labels(sources: list[Dataset], series: str, instance: str) -> Dataset:
    """A label map segmentation (PS3.3 A.91)."""
    template = segmentation(sources, series, instance)  # type: ignore[arg-type]
    mask = np.zeros((len(sources), sources[0].Rows, sources[0].Columns), dtype=np.uint8)
    mask[:, 4:8, 4:8] = 1
    return hd.seg.Segmentation(
        source_images=sources,
        pixel_array=mask,
        segmentation_type=hd.seg.SegmentationTypeValues.LABELMAP,
        segment_descriptions=[hd.seg.SegmentDescription.from_dataset(template.SegmentSequence[0])],
        series_instance_uid=series,
        series_number=33,
        sop_instance_uid=instance,
        instance_number=1,
        omit_empty_frames=False,
        **DEVICE,
    )


def _slide(like: Dataset) -> Dataset:
    """A small whole slide image, as far as annotations look at it (PS3.3 A.32.8)."""
    image = tiny(
        f"{STUDY}.50.1",
        f"{STUDY}.50",
        sop_class="1.2.840.10008.5.1.4.1.1.77.1.6",
        modality="SM",
        patient=like.PatientID,
        study=like.StudyInstanceUID,
        frame=f"{STUDY}.59",
        ImageType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
    )
    keywords = "PatientName PatientBirthDate PatientSex StudyDate StudyTime StudyID AccessionNumber"
    for keyword in [*keywords.split(), "ReferringPhysicianName"]:
        setattr(image, keyword, like.get(keyword))
    image.ContainerIdentifier = "C1"
    image.TotalPixelMatrixRows, image.TotalPixelMatrixColumns, image.NumberOfFrames = 1, 4, 1
    return image


def _annotations(sources: list[Dataset], series: str, instance: str) -> Dataset:
    """Bulk annotations of a slide (PS3.3 A.87)."""
    group = hd.ann.AnnotationGroup(
        number=1,
        uid=f"{instance}.5",
        label="nuclei",
        annotated_property_category=codes.SCT.Tissue,
        annotated_property_type=codes.SCT.ConnectiveTissue,
        graphic_type=hd.ann.GraphicTypeValues.POINT,
        graphic_data=[np.array([[1.0, 1.0]])],
        algorithm_type=hd.ann.AnnotationGroupGenerationTypeValues.MANUAL,
    )
    return hd.ann.MicroscopyBulkSimpleAnnotations(
        source_images=sources,
        annotation_coordinate_type=hd.ann.AnnotationCoordinateTypeValues.SCOORD,
        annotation_groups=[group],
        series_instance_uid=series,
        series_number=35,
        sop_instance_uid=instance,
        instance_number=1,
        **DEVICE,
    )


_MORE: dict[str, Callable[[list[Dataset], str, str], Dataset]] = {
    "Secondary Capture": _capture,
    "Legacy Converted Enhanced CT": _converted(hd.legacy.LegacyConvertedEnhancedCTImage),
    "Legacy Converted Enhanced MR": _converted(hd.legacy.LegacyConvertedEnhancedMRImage),
    "Comprehensive 3D SR": _spatial_report,
    "Label Map Segmentation": _labels,
}

_OF_MR: dict[str, Callable[..., Dataset]] = {name: make for name, make in DERIVED.items() if name != "PM"}
