"""Colour by plane and by pixel is one image; another image stays another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from registry.dicomfile.reader import read
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Source
from registry.records import ObjectClaim
from tests.objects import save, tiny

KEYS = ReaderKeys(b"fingerprint", b"digest")


def claim(data_set: Dataset, path: Path) -> ObjectClaim:
    found = read(Source(str(save(data_set, path))), KEYS)
    assert isinstance(found, ObjectClaim)
    return found


def colour(pixels: np.ndarray, *, by_plane: bool) -> Dataset:
    """An RGB image of frames, rows, columns and samples."""
    frames, rows, columns, samples = pixels.shape
    laid_out = pixels.transpose(0, 3, 1, 2) if by_plane else pixels
    bits = pixels.dtype.itemsize * 8
    return tiny(
        pixels=laid_out.tobytes(),
        Rows=rows,
        Columns=columns,
        SamplesPerPixel=samples,
        BitsAllocated=bits,
        BitsStored=bits,
        HighBit=bits - 1,
        NumberOfFrames=str(frames),
        PhotometricInterpretation="RGB",
        PlanarConfiguration=int(by_plane),
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("frames", [1, 3])
def test_by_plane_and_by_pixel_is_one_content(tmp_path: Path, dtype: type, frames: int) -> None:
    pixels = np.arange(1, frames * 5 * 7 * 3 + 1).reshape(frames, 5, 7, 3).astype(dtype)
    apart = claim(colour(pixels, by_plane=True), tmp_path / "apart.dcm")
    together = claim(colour(pixels, by_plane=False), tmp_path / "together.dcm")
    assert apart.content_digest == together.content_digest
    assert apart.data_set_digest != together.data_set_digest, "how it is laid out is told (UID315)"
    other = claim(colour(pixels[:, ::-1].copy(), by_plane=True), tmp_path / "other.dcm")
    assert other.content_digest != apart.content_digest


def test_what_is_shorter_than_it_says_is_taken_as_it_is(tmp_path: Path) -> None:
    pixels = np.arange(60, dtype=np.uint8).reshape(1, 4, 5, 3)
    cut = colour(pixels, by_plane=True)
    cut.PixelData = cut.PixelData[:30]
    whole = claim(colour(pixels, by_plane=True), tmp_path / "whole.dcm")
    assert claim(cut, tmp_path / "cut.dcm").content_digest not in (None, whole.content_digest)
