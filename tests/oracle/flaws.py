"""UIDs that are wrong as such, wherever they stand in one file: the registry beside dciodvfy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.objects import reference_to
from tests.oracle.study import STUDY, Files, edited, setting, study

FLAWS: dict[str, tuple[str, str]] = {
    "a letter": (f"{STUDY}.4a", "UID101"),
    "an empty component": (f"{STUDY}..4", "UID101"),
    "a dot at the end": (f"{STUDY}.4.", "UID101"),
    "a dot at the start": (f".{STUDY}.4", "UID101"),
    "a space inside": (f"{STUDY} .4", "UID101"),
    "a line break at the end": (f"{STUDY}.4\n", "UID101"),
    "a NUL inside": (f"{STUDY}\0.4", "UID101 UID104"),
    "a space at the end": (f"{STUDY}.47 ", "UID104"),
    "65 characters": (f"{STUDY}.{'4' * 64}"[:65], "UID102"),
    "66 characters": (f"{STUDY}.{'4' * 65}"[:66], "UID102"),
    "a leading zero": (f"{STUDY}.04", "UID103"),
    "a component of zeros": (f"{STUDY}.00", "UID103"),
    "one component": ("1", "UID105"),
    "the bare root 2.25": ("2.25", "UID105"),
    "a first arc of 3": (f"3.1.{STUDY[2:]}", "UID106"),
    "a second arc of 40 under 1": (f"1.40.{STUDY[4:]}", "UID106"),
    "an unused second arc under 1": (f"1.4.{STUDY[4:]}", ""),
    "an unused second arc under 2": (f"2.600.{STUDY[4:]}", ""),
    "2.25 and more than 128 bits": (f"2.25.{'9' * 39}", "UID107"),
    "2.25 and two components": ("2.25.4.713000", "UID107"),
    "the nil UUID": ("2.25.0", "UID108"),
    "a UUID without variant and version": ("2.25.329800735698586629295641978511506173", "UID108"),
    "under the standard's root": (f"1.2.840.10008.{STUDY[-6:]}", "UID201"),
    "under the example root 2.999": (f"2.999.{STUDY[-6:]}", "UID202"),
    "two values": (f"{STUDY}.44\\{STUDY}.45", "UID109"),
    "no value": ("", "UID109"),
}
"""What is wrong with a UID -> such a UID, and the rule that is to say so."""

IDENTITIES = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID")

PLACES: dict[str, Callable[[Dataset, str], None]] = {
    **{
        keyword: lambda data_set, uid, keyword=keyword: _put(data_set, keyword, uid)  # type: ignore[misc]
        for keyword in (
            *IDENTITIES,
            "SOPClassUID",
            "InstanceCreatorUID",
            "DeviceUID",
            "SynchronizationFrameOfReferenceUID",
        )
    },
    "SourceImageSequence > ReferencedSOPInstanceUID": lambda data_set, uid: _refer(
        data_set, "ReferencedSOPInstanceUID", uid
    ),
    "SourceImageSequence > ReferencedSOPClassUID": lambda data_set, uid: _refer(
        data_set, "ReferencedSOPClassUID", uid
    ),
    "a private attribute": lambda data_set, uid: _private(data_set, uid),  # noqa: PLW0108 (defined below)
    "MediaStorageSOPInstanceUID": lambda data_set, uid: _put(
        data_set.file_meta, "MediaStorageSOPInstanceUID", uid
    ),
    "ImplementationClassUID": lambda data_set, uid: _put(data_set.file_meta, "ImplementationClassUID", uid),
}
"""Where it stands -> how it gets there."""

_STAND_IN = "9.8.7.6.5.4.3.2.1.9.8.7.6.5.4.3.2.1.9.8.7.6.5.4.3.2.1.9.8.7.6.5.4"
"""Written by the library, then exchanged for what no library writes."""


@dataclass(frozen=True)
class Flaw:
    """One file with one thing wrong, and the file without it."""

    flaw: str
    place: str
    files: Files
    before: Files
    code: str


def flawed() -> Iterator[Flaw]:
    """Each flaw in each place."""
    image = study({}, {})["ct1"]
    for place, put in PLACES.items():
        right = _with(image, put, f"{STUDY}.48")
        for flaw, (uid, code) in FLAWS.items():
            yield Flaw(flaw, place, {"a": _with(image, put, uid)}, {"a": right}, _expected(flaw, place, code))


def _expected(flaw: str, place: str, code: str) -> str:
    """Only what must be there can be missing, and only what identifies an instance can't be of a root."""
    core = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")
    if code == "UID109" and place not in core:
        return "UID601" if place == "MediaStorageSOPInstanceUID" else ""
    if code in ("UID201", "UID202", "UID105", "UID108") and place not in IDENTITIES:
        return ""
    return code


def one_file() -> Iterator[Flaw]:
    """One UID in two roles, file meta information that doesn't fit, references that don't."""
    files = study({}, {})
    image, report = files["ct1"], files["sr"]

    def case(title: str, code: str, data: bytes, before: bytes = image) -> Flaw:
        return Flaw(title, "", {"a": data}, {"a": before}, code)

    kinds = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
    for number, one in enumerate(kinds):
        for other in kinds[number + 1 :]:
            changed = edited(image, setting(**{other: _value(image, one)}))
            yield case(f"one UID as {one} and {other}", "UID307", changed)
    for keyword in kinds:
        uid = _value(image, keyword)
        yield case(
            f"one UID as {keyword} and Specimen UID",
            "UID307",
            edited(image, _specimens(uid)),
            edited(image, _specimens(f"{STUDY}.70")),
        )
    yield case(
        "a Specimen UID twice",
        "",
        edited(image, _specimens(f"{STUDY}.70", f"{STUDY}.70")),
        edited(image, _specimens(f"{STUDY}.70", f"{STUDY}.71")),
    )
    yield case(
        "Media Storage SOP Instance UID of another instance",
        "UID601",
        _with(image, PLACES["MediaStorageSOPInstanceUID"], f"{STUDY}.1.99"),
    )
    yield case(
        "Media Storage SOP Class UID of another class",
        "UID602",
        _with(
            image,
            lambda d, uid: _put(d.file_meta, "MediaStorageSOPClassUID", uid),
            "1.2.840.10008.5.1.4.1.1.4",
        ),
    )
    yield case("no Transfer Syntax UID", "UID603", _without_meta(image, b"\x02\x00\x10\x00UI"))
    yield case(
        "an unknown Transfer Syntax UID",
        "UID603",
        image.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.7\0"),
    )
    yield case(
        "an Implementation Class UID that is a UUID",
        "UID604",
        _with(image, PLACES["ImplementationClassUID"], "2.25.329800735698586629295641978511506172"),
    )
    yield case(
        "a report that points to an image that its evidence doesn't name",
        "",
        edited(report, _without_evidence),
        report,
    )
    yield case(
        "a report whose evidence gives an image another class", "", edited(report, _of_another_class), report
    )


def _put(data_set: Dataset, keyword: str, uid: str) -> None:
    setattr(data_set, keyword, uid)


def _refer(data_set: Dataset, keyword: str, uid: str) -> None:
    item = reference_to(data_set)
    item.ReferencedSOPInstanceUID = f"{STUDY}.1.2"
    setattr(item, keyword, uid)
    item.is_undefined_length_sequence_item = True  # so that a length inside may change
    data_set.SourceImageSequence = [item]
    data_set["SourceImageSequence"].is_undefined_length = True


def _private(data_set: Dataset, uid: str) -> None:
    block = data_set.private_block(0x0099, "EXAMPLE", create=True)
    block.add_new(0x01, "UI", uid)


def _with(data: bytes, put: Callable[[Dataset, str], None], uid: str) -> bytes:
    """A file with a UID in a place, byte for byte as given, padded to even length as text is padded."""
    data_set = pydicom.dcmread(BytesIO(data))
    put(data_set, _STAND_IN)
    made = BytesIO()
    data_set.save_as(made, enforce_file_format=False)
    raw = made.getvalue()
    place = raw.index(_STAND_IN.encode())
    value = uid.encode() + b"\0" * (len(uid) % 2)
    length = len(value)
    changed = raw[: place - 2] + length.to_bytes(2, "little") + value + raw[place + len(_STAND_IN) + 1 :]
    return _lengths_renewed(changed, place, length - len(_STAND_IN) - 1)


def _lengths_renewed(raw: bytes, place: int, grown: int) -> bytes:
    """File Meta Information Group Length after a change inside the group (PS3.10 7.1)."""
    length = int.from_bytes(raw[140:144], "little")
    if place < 144 + length:
        return raw[:140] + (length + grown).to_bytes(4, "little") + raw[144:]
    return raw


def _without_meta(raw: bytes, head: bytes) -> bytes:
    start = raw.index(head)
    size = 8 + int.from_bytes(raw[start + 6 : start + 8], "little")
    return _lengths_renewed(raw[:start] + raw[start + size :], start, -size)


def _value(data: bytes, keyword: str) -> str:
    return str(pydicom.dcmread(BytesIO(data))[keyword].value)


def _specimens(*uids: str) -> Callable[[Dataset], None]:
    def change(data_set: Dataset) -> None:
        items = []
        for uid in uids:
            item = Dataset()
            item.SpecimenIdentifier, item.SpecimenUID = uid[-4:], uid
            items.append(item)
        data_set.SpecimenDescriptionSequence = items

    return change


def _without_evidence(data_set: Dataset) -> None:
    (evidence,) = data_set.CurrentRequestedProcedureEvidenceSequence
    (series,) = evidence.ReferencedSeriesSequence
    series.ReferencedSOPSequence = Sequence(list(series.ReferencedSOPSequence)[1:])


def _of_another_class(data_set: Dataset) -> None:
    (evidence,) = data_set.CurrentRequestedProcedureEvidenceSequence
    (series,) = evidence.ReferencedSeriesSequence
    for item in series.ReferencedSOPSequence:
        item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
