"""What the reader knows of PS3.6 by itself, held against pydicom."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydicom.datadict import DicomDictionary, keyword_for_tag, tag_for_keyword
from pydicom.uid import UID_dictionary

from registry.dicomfile.dictionary import name_of, tag, vr_of
from registry.dicomfile.keywords import TAGS
from registry.dicomfile.transfersyntaxes import is_transfer_syntax
from tests.objects import CT_CLASS, bundled


def test_each_keyword_has_pydicoms_tag() -> None:
    assert {keyword: tag_for_keyword(keyword) for keyword in TAGS} == TAGS


def test_a_keyword_that_is_none_is_a_mistake() -> None:
    with pytest.raises(LookupError, match="PatientsNaem"):
        tag("PatientsNaem")


def test_vrs_and_names_are_pydicoms() -> None:
    for number, (vr, *_) in DicomDictionary.items():
        assert (vr_of(number), name_of(number)) == (vr, keyword_for_tag(number) or _hex(number))


def _hex(number: int) -> str:
    return f"({number >> 16:04X},{number & 0xFFFF:04X})"


@pytest.mark.parametrize(
    "number", [0x0009_0010, 0x0009_1001, 0x6001_0010, 0x5001_3000, 0x0008_0000, 0x0008_0003]
)
def test_what_ps3_6_does_not_know_is_unknown(number: int) -> None:
    from pydicom.datadict import dictionary_VR

    with pytest.raises(KeyError):
        dictionary_VR(number)
    assert (vr_of(number), name_of(number)) == ("UN", _hex(number))


def test_transfer_syntaxes_are_pydicoms() -> None:
    known = {uid for uid, (_, sort, *_) in UID_dictionary.items() if sort == "Transfer Syntax"}
    assert {uid for uid in UID_dictionary if is_transfer_syntax(uid)} == known
    assert not is_transfer_syntax(CT_CLASS)
    assert not is_transfer_syntax("")


def test_an_ordinary_file_is_read_without_pydicom() -> None:
    """Importing it takes a worker longer than reading some hundred files."""
    (path,) = [path for path in bundled() if path.name == "CT_small.dcm"]
    program = (
        "import sys\n"
        "from registry.dicomfile import worker\n"
        "from registry.dicomfile.reader import Reader\n"
        "from registry.dicomfile.readerkeys import ReaderKeys\n"
        "from registry.dicomfile.sources import Source\n"
        "claim = Reader(ReaderKeys(b'fingerprint', b'digest')).read(Source(sys.argv[1]))\n"
        "print(type(claim).__name__, 'pydicom' in sys.modules, 'zipfile' in sys.modules)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert told.stdout.split() == ["ObjectClaim", "False", "False"]
