"""Real DICOM objects for the tests: pydicom's own files, and what highdicom makes of them."""

from __future__ import annotations

import warnings
from copy import deepcopy
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian

PYDICOM_FILES = Path(pydicom.__file__).parent / "data" / "test_files"
"""pydicom's bundled test files. Found here, not through its data manager, which would download."""

ROOT = "1.3.6.1.4.1.32473.1"
"""The private enterprise number that IANA keeps for examples (RFC 5612), as a production root."""

DEVICE = {
    "manufacturer": "Example Maker",
    "manufacturer_model_name": "Model 1",
    "software_versions": "1.0",
    "device_serial_number": "1",
}


def bundled() -> list[Path]:
    """Every file that pydicom brings along, DICOM or not."""
    return sorted(path for path in PYDICOM_FILES.rglob("*") if path.is_file())


def ct_slices(count: int = 2, *, study: str = "1.2.826.0.99.1", patient: str = "P1") -> list[FileDataset]:
    """Slices of one CT series, made of pydicom's CT_small.dcm with UIDs of their own."""
    slices = []
    for index in range(count):
        image = pydicom.dcmread(PYDICOM_FILES / "CT_small.dcm")
        image.PatientID = patient
        image.StudyInstanceUID = study
        image.SeriesInstanceUID = f"{study}.1"
        image.SOPInstanceUID = f"{study}.1.{index + 1}"
        image.FrameOfReferenceUID = f"{study}.9"
        image.InstanceNumber = index + 1
        image.ImagePositionPatient = [0.0, 0.0, float(index)]
        image.ImageOrientationPatient = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
        image.Laterality = ""
        pixels = image.pixel_array.copy()
        pixels[0, 0] = index + 1
        image.PixelData = pixels.tobytes()
        slices.append(image)
    return slices


def changed(data_set: Dataset, **values: Any) -> FileDataset:
    """A copy of an object with some attributes changed; None removes one."""
    copy = deepcopy(data_set)
    for keyword, value in values.items():
        if value is None:
            delattr(copy, keyword)
        else:
            setattr(copy, keyword, value)
    return copy  # type: ignore[return-value]


def save(data_set: Dataset, path: Path) -> Path:
    """Write an object as a proper DICOM file, its file meta information renewed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if getattr(data_set, "file_meta", None) is not None:
            for keyword, name in (
                ("MediaStorageSOPInstanceUID", "SOPInstanceUID"),
                ("MediaStorageSOPClassUID", "SOPClassUID"),
            ):
                if name in data_set:
                    setattr(data_set.file_meta, keyword, data_set[name].value)
        data_set.save_as(path, enforce_file_format=True)
    return path


def save_all(data_sets: list[Any], folder: Path) -> list[Path]:
    return [save(data_set, folder / f"{index}.dcm") for index, data_set in enumerate(data_sets)]


CT_CLASS = "1.2.840.10008.5.1.4.1.1.2"
MR_CLASS = "1.2.840.10008.5.1.4.1.1.4"
SC_CLASS = "1.2.840.10008.5.1.4.1.1.7"
SEG_CLASS = "1.2.840.10008.5.1.4.1.1.66.4"
SR_CLASS = "1.2.840.10008.5.1.4.1.1.88.33"
PR_CLASS = "1.2.840.10008.5.1.4.1.1.11.1"
REG_CLASS = "1.2.840.10008.5.1.4.1.1.66.1"
RTSTRUCT_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"


def tiny(
    instance: str | None = "1.2.3.4.1",
    series: str | None = "1.2.3.4",
    study: str | None = "1.2.3",
    *,
    sop_class: str | None = CT_CLASS,
    modality: str | None = "CT",
    patient: str = "P1",
    frame: str | None = None,
    pixels: bytes = b"\1\2\3\4",
    sources: tuple[Dataset, ...] = (),
    **more: Any,
) -> FileDataset:
    """The smallest object that says something about UIDs; None leaves an attribute out.

    ``sources`` are named as Source Images; ``more`` are further attributes.
    """
    values = {
        "SOPClassUID": sop_class,
        "SOPInstanceUID": instance,
        "SeriesInstanceUID": series,
        "StudyInstanceUID": study,
        "Modality": modality,
        "PatientID": patient,
        "FrameOfReferenceUID": frame,
        "Rows": 1,
        "Columns": len(pixels),
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "SamplesPerPixel": 1,
        "PixelRepresentation": 0,
        "PhotometricInterpretation": "MONOCHROME2",
        "PixelData": pixels,
        **more,
    }
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword, value in values.items():
        if value is not None:
            setattr(data_set, keyword, value)
    if sources:
        data_set.SourceImageSequence = [reference_to(source) for source in sources]
    return data_set


def registration(instance: str, series: str, *frames: str, study: str = "1.2.3") -> FileDataset:
    """A spatial registration between frames of reference (PS3.3 C.20.2), the first being its own."""
    made = tiny(instance, series, study, sop_class=REG_CLASS, modality="REG", frame=frames[0])
    made.RegistrationSequence = []
    for frame in frames:
        item = Dataset()
        item.FrameOfReferenceUID = frame
        made.RegistrationSequence.append(item)
    return made


def reference_to(target: Dataset, sop_class: str | None = None) -> Dataset:
    """An item that names an instance."""
    item = Dataset()
    item.ReferencedSOPClassUID = sop_class or target.SOPClassUID
    item.ReferencedSOPInstanceUID = target.SOPInstanceUID
    return item


def segmentation(sources: list[FileDataset], series: str, instance: str) -> Dataset:
    """A binary segmentation of CT slices (PS3.3 A.51)."""
    first = sources[0]
    mask = np.zeros((len(sources), first.Rows, first.Columns), dtype=np.uint8)
    mask[:, 10:20, 10:20] = 1
    algorithm = hd.AlgorithmIdentificationSequence(
        name="threshold", version="1.0", family=codes.cid7162.ArtificialIntelligence
    )
    description = hd.seg.SegmentDescription(
        segment_number=1,
        segment_label="tissue",
        segmented_property_category=codes.SCT.Tissue,
        segmented_property_type=codes.SCT.ConnectiveTissue,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=algorithm,
    )
    return hd.seg.Segmentation(
        source_images=sources,
        pixel_array=mask,
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[description],
        series_instance_uid=series,
        series_number=20,
        sop_instance_uid=instance,
        instance_number=1,
        omit_empty_frames=False,
        **DEVICE,
    )


def parametric_map(sources: list[FileDataset], series: str, instance: str) -> Dataset:
    """A parametric map over CT slices (PS3.3 A.75)."""
    first = sources[0]
    values = np.zeros((len(sources), first.Rows, first.Columns), dtype=np.float32)
    mapping = hd.pm.RealWorldValueMapping(
        lut_label="1",
        lut_explanation="ratio",
        unit=codes.UCUM.NoUnits,
        value_range=(0.0, 1.0),
        intercept=0.0,
        slope=1.0,
    )
    return hd.pm.ParametricMap(
        sources,
        pixel_array=values,
        series_instance_uid=series,
        series_number=21,
        sop_instance_uid=instance,
        instance_number=1,
        contains_recognizable_visual_features=False,
        real_world_value_mappings=[mapping],
        voi_lut_transformations=[hd.VOILUTTransformation(window_center=0.5, window_width=1.0)],
        **DEVICE,
    )


def report(sources: list[FileDataset], series: str, instance: str, **more: Any) -> Dataset:
    """A comprehensive report that measures something on a CT slice (PS3.3 A.35.3)."""
    first = sources[0]
    region = hd.sr.ImageRegion(
        graphic_type=hd.sr.GraphicTypeValues.POINT,
        graphic_data=np.array([[10.0, 10.0]]),
        source_image=hd.sr.SourceImageForRegion(
            referenced_sop_class_uid=first.SOPClassUID, referenced_sop_instance_uid=first.SOPInstanceUID
        ),
    )
    group = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(
            uid=more.pop("tracking_uid", f"{instance}.7"), identifier="lesion"
        ),
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
    return hd.sr.ComprehensiveSR(
        evidence=sources,
        content=content[0],
        series_instance_uid=series,
        series_number=22,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer=DEVICE["manufacturer"],
        is_complete=True,
        is_final=True,
        is_verified=False,
        **more,
    )


def key_objects(sources: list[FileDataset], series: str, instance: str) -> Dataset:
    """A key object selection of CT slices (PS3.3 A.35.4)."""
    content = hd.ko.KeyObjectSelection(
        document_title=codes.DCM.Manifest, referenced_objects=sources, description="for the board"
    )
    return hd.ko.KeyObjectSelectionDocument(
        evidence=sources,
        content=content,
        series_instance_uid=series,
        series_number=23,
        sop_instance_uid=instance,
        instance_number=1,
        manufacturer=DEVICE["manufacturer"],
    )


def presentation(sources: list[FileDataset], series: str, instance: str) -> Dataset:
    """A grayscale presentation state of CT slices (PS3.3 A.33.1)."""
    return hd.pr.GrayscaleSoftcopyPresentationState(
        referenced_images=sources,
        series_instance_uid=series,
        series_number=24,
        sop_instance_uid=instance,
        instance_number=1,
        content_label="NARROW",
        voi_lut_transformations=[hd.pr.SoftcopyVOILUTTransformation(window_center=40, window_width=400)],
        **DEVICE,
    )


DERIVED = {
    "SEG": segmentation,
    "PM": parametric_map,
    "SR": report,
    "KO": key_objects,
    "PR": presentation,
}
"""What highdicom makes: a function of sources, series and instance UID for each sort of object."""
