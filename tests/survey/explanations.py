"""Why each error that is found in real files is right: source, file, code -> the reason.

An error without an explanation fails the run.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import NamedTuple


class Explanation(NamedTuple):
    """Files by pattern (of source and path), codes, and why they are right there."""

    files: str
    codes: str
    text: str

    def holds(self, source: str, path: str, code: str) -> bool:
        return code in self.codes.split() and any(
            fnmatchcase(f"{source}/{path}", f"*{pattern}") for pattern in self.files.split(" | ")
        )


_NO_IDENTITY = "A fragment for a parser's tests: it has no {0}."

EXPLANATIONS = (
    Explanation(
        "chrSQEncoding*.dcm | UN_sequence.dcm | empty_charset_LEI.dcm"
        " | meta_missing_tsyntax.dcm | nested_priv_SQ.dcm | no_meta_group_length.dcm | /priv_SQ.dcm | bad.dcm"
        " | decimal_rescale.dcm | emri_small_jpeg_2k_lossless_too_short.dcm | GH1339.dcm",
        "UID109",
        _NO_IDENTITY.format("UIDs at all"),
    ),
    Explanation(
        "JPEGLSNearLossless_*.dcm | SC_rgb_jls_lossy_*.dcm | parrec2dcm*/reference.dcm | GH220.dcm"
        " | GH223.dcm | GH487.dcm | GH626.dcm | multiframe.dcm | FreezePattern.dcm",
        "UID109",
        _NO_IDENTITY.format("Study or Series (or, one of them, SOP) Instance UID"),
    ),
    Explanation(
        "chrJapMulti*.dcm | nibabel*/tests/data/*.dcm | badVR.dcm | rtdose*.dcm | rtplan*.dcm"
        " | bad_sequence.dcm | RTImageStorage.dcm | template_RS.dcm | sm_image_*.dcm"
        " | CR-ModalitySequenceLUT.dcm | GH1146.dcm | GH1376.dcm | GH364.dcm",
        "UID601",
        "SOPInstanceUID was changed and (0002,0003) left as it was: libraries renew it only when asked.",
    ),
    Explanation(
        "badVR.dcm | rtdose*.dcm",
        "UID103",
        "The plan that it refers to is 1.2.123.456.78.9.0123.4567.89012345678901, with leading zeros.",
    ),
    Explanation(
        "RTImageStorage.dcm",
        "UID103",
        "(0002,0003) has a component 00899525621963905141.",
    ),
    Explanation(
        "CR-ModalitySequenceLUT.dcm | FreezePattern.dcm | GH1146.dcm",
        "UID103",
        "Components with leading zeros, put in when it was de-identified or made.",
    ),
    Explanation(
        "meta_missing_tsyntax.dcm | nested_priv_SQ.dcm",
        "UID106",
        "Implementation Class UID 1234567890.1998.310: there is no such first arc.",
    ),
    Explanation(
        "test-SR.dcm | test_SR.dcm",
        "UID106",
        "It refers to 9.8.7.6.",
    ),
    Explanation(
        "color-p?.dcm | CR-ModalitySequenceLUT.dcm | HasFragmentSequence.dcm",
        "UID106",
        "UIDs under 999, which is no arc.",
    ),
    Explanation(
        "reportsi*.dcm",
        "UID105",
        "A reference in its content names the instance 0.",
    ),
    Explanation(
        "bad_sequence.dcm",
        "UID101",
        "UIDs replaced by hexadecimal hashes.",
    ),
    Explanation(
        "ExplVR_*EndNoMeta.dcm | rtstruct.dcm | OT-PAL-8-face.dcm | CR-MONO1-10-chest",
        "UID603",
        "No file meta information: what is sent on is a file without a transfer syntax.",
    ),
    Explanation(
        "meta_missing_tsyntax.dcm",
        "UID603",
        "Made without a transfer syntax, to test a reader.",
    ),
    Explanation(
        "dicomdirtests/*/MR* | TINY_ALPHA/* | ExplVR_*EndNoMeta.dcm",
        "UID307 UID308",
        "One UID as study and as frame of reference.",
    ),
    Explanation(
        "slicethickness_empty_string.dcm | CR-MONO1-10-chest",
        "UID307 UID308",
        "One UID as study and as series.",
    ),
    Explanation(
        "multiframe.dcm",
        "UID307 UID308",
        "One UID as series and as instance.",
    ),
    Explanation(
        "mr_brucker.dcm",
        "UID308",
        "Its Series Instance UID is also its Dimension Organization UID.",
    ),
    Explanation(
        "JPEG-lossy.dcm | JPEG2000-embedded-sequence-delimiter.dcm | MR_small*.dcm | SC_rgb*.dcm"
        " | SC_ybr*.dcm | rtdose*.dcm | rtplan*.dcm | OBXXXX1A*.dcm | sm_image*.dcm | GH179?.dcm",
        "UID301",
        "Variants made for a library's tests (another colour model, fewer frames, deeper samples, cut off, "
        "bytes exchanged) under the UID of the file that they were made of.",
    ),
    Explanation(
        "OBXXXX1A*.dcm",
        "UID304",
        "Once an ultrasound image, once a multi-frame one, under one UID.",
    ),
    Explanation(
        "SC_rgb_jpeg_dcmd.dcm | GH538-jpeg*.dcm",
        "UID504",
        "JPEG Baseline says that it lost something; another copy of the same UID says nothing of it.",
    ),
    Explanation(
        "CT-MONO2-16-ankle",
        "UID304",
        "Two files of one UID: a secondary capture and an object of a private class.",
    ),
    Explanation(
        "sr_document.dcm",
        "UID401 UID402 UID501",
        "The very thing that the registry is for: a report in the series of the CT image that it is about.",
    ),
    Explanation(
        "GH177_D_CLUNIE_CT1_IVRLE_BigEndian_undefined_length.dcm",
        "UID608",
        "Little and big endian in one file, made for a library's tests: nobody reads all of it.",
    ),
)


def explanation(source: str, path: str, code: str) -> str | None:
    """Why an error is right; None where nobody has said so yet."""
    return next((each.text for each in EXPLANATIONS if each.holds(source, path, code)), None)
