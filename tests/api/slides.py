"""A whole slide image as wsidicom writes one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID
from wsidicom import WsiDicom

from tests.objects import save, tiny

_SLIDE_CLASS = "1.2.840.10008.5.1.4.1.1.77.1.6"


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def slide() -> FileDataset:
    """One level of a slide, four tiles (PS3.3 A.32.8), with UIDs of its scanner's."""
    made = tiny("1.2.3.7.1", "1.2.3.7", "1.2.3", sop_class=_SLIDE_CLASS, modality="SM", frame="1.2.3.8")
    tiles = np.arange(4 * 16 * 16 * 3, dtype=np.uint32).astype(np.uint8)
    measures = _item(PixelSpacing=[0.001, 0.001], SliceThickness=0.001, SpacingBetweenSlices=0.001)
    path = _item(
        OpticalPathIdentifier="1",
        IlluminationTypeCodeSequence=[_item(CodeValue="111744", CodingSchemeDesignator="DCM")],
    )
    values = {
        "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
        "Rows": 16,
        "Columns": 16,
        "TotalPixelMatrixRows": 32,
        "TotalPixelMatrixColumns": 32,
        "NumberOfFrames": 4,
        "TotalPixelMatrixFocalPlanes": 1,
        "NumberOfOpticalPaths": 1,
        "ExtendedDepthOfField": "NO",
        "FocusMethod": "AUTO",
        "ImagedVolumeWidth": 0.032,
        "ImagedVolumeHeight": 0.032,
        "ImagedVolumeDepth": 0.001,
        "ImageOrientationSlide": [0, -1, 0, -1, 0, 0],
        "TotalPixelMatrixOriginSequence": [
            _item(XOffsetInSlideCoordinateSystem=0, YOffsetInSlideCoordinateSystem=0)
        ],
        "DimensionOrganizationType": "TILED_FULL",
        "DimensionOrganizationSequence": [_item(DimensionOrganizationUID="1.2.3.9")],
        "SamplesPerPixel": 3,
        "PlanarConfiguration": 0,
        "PhotometricInterpretation": "RGB",
        "LossyImageCompression": "00",
        "SpecimenLabelInImage": "NO",
        "BurnedInAnnotation": "NO",
        "InstanceNumber": 1,
        "SharedFunctionalGroupsSequence": [
            _item(
                PixelMeasuresSequence=[measures],
                WholeSlideMicroscopyImageFrameTypeSequence=[
                    _item(FrameType=["ORIGINAL", "PRIMARY", "VOLUME", "NONE"])
                ],
                OpticalPathIdentificationSequence=[_item(OpticalPathIdentifier="1")],
            )
        ],
        "OpticalPathSequence": [path],
        "PixelData": tiles.tobytes(),
    }
    for keyword, value in values.items():
        setattr(made, keyword, Sequence(value) if keyword.endswith("Sequence") else value)
    made["PixelData"].VR = "OB"
    return made


def write_slide(folder: Path, uid_generator: Callable[[], UID]) -> list[Path]:
    """The files that wsidicom makes of it, with UIDs of the generator's."""
    save(slide(), folder / "scanned" / "slide.dcm")
    with WsiDicom.open(folder / "scanned") as opened:
        written = opened.save(folder / "written", uid_generator=uid_generator, workers=1)
    return [Path(str(path)) for path in written]
