"""UID6: does the file around the object fit it (PS3.10)."""

from __future__ import annotations

from collections.abc import Iterator

from registry.records import Kind, ObjectClaim, Severity, Unreadable
from registry.rules.base import Sighting, View
from registry.uid import STANDARD_ROOT, is_under, printable


def media_storage_uid_mismatch(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files whose meta information names another instance than the object.

    What it does
    Compares Media Storage SOP Instance UID (0002,0003) with SOP Instance UID
    (0008,0018).

    Why it matters
    Programs that read only the file meta information file the object under the
    wrong UID. It is what is left behind when a UID is changed and the file saved
    as it was.

    Example
    Bad: a new (0008,0018) with the source's (0002,0003).
    Good: both equal.

    What to do
    Write the file with the meta information renewed, in pydicom:
    `ds.save_as(path, enforce_file_format=True)`.

    Standard
    PS3.10 section 7.1: it is the SOP Instance UID of the data set.
    """
    meta = claim.meta.media_storage_sop_instance_uid if claim.meta else None
    if meta and claim.sop_instance_uid and meta != claim.sop_instance_uid:
        yield Sighting(
            claim.sop_instance_uid,
            f"the file meta information names {printable(meta)} instead",
            Kind.INSTANCE,
            evidence=(meta,),
        )


def media_storage_class_mismatch(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files whose meta information names another SOP Class than the object.

    What it does
    Compares Media Storage SOP Class UID (0002,0002) with SOP Class UID (0008,0016).

    Why it matters
    A receiver that agreed to one class is sent another, and refuses it.

    Example
    Bad: a segmentation in a file that says it holds a CT image.
    Good: both equal.

    What to do
    Write the file with the meta information renewed, in pydicom:
    `ds.save_as(path, enforce_file_format=True)`.

    Standard
    PS3.10 section 7.1: it is the SOP Class UID of the data set.
    """
    meta = claim.meta.media_storage_sop_class_uid if claim.meta else None
    if meta and claim.sop_class_uid and meta != claim.sop_class_uid:
        yield Sighting(
            claim.sop_instance_uid,
            f"the file meta information names class {printable(meta)}, the object {claim.sop_class_uid}",
            Kind.INSTANCE,
            evidence=(meta, claim.sop_class_uid),
        )


def unknown_transfer_syntax(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files whose transfer syntax is absent or unknown.

    What it does
    Finds a file without Transfer Syntax UID (0002,0010) or with one that the
    standard doesn't define. A private one is a warning. A file without any meta
    information is an error before an export and a note while archives are
    registered.

    Why it matters
    A reader has to guess how the object is encoded.

    Example
    Bad: file meta information without (0002,0010).
    Good: `1.2.840.10008.1.2.1`.

    What to do
    Write the object as a DICOM file, in pydicom: `ds.save_as(path, enforce_file_format=True)`.

    Standard
    PS3.10 section 7.1: type 1; the list is in PS3.6 Annex A.
    """
    if claim.meta is None:
        return
    syntax = claim.meta.transfer_syntax_uid
    if not claim.meta.present:
        severity = Severity.ERROR if view.gate else Severity.NOTE
        yield Sighting(
            claim.sop_instance_uid,
            "the file has no file meta information",
            Kind.INSTANCE,
            severity,
            evidence=("no file meta information",),
            weight=Severity.NOTE,
        )
    elif not syntax:
        yield Sighting(
            claim.sop_instance_uid,
            "the file names no transfer syntax",
            Kind.INSTANCE,
            evidence=("no transfer syntax",),
        )
    elif not claim.meta.transfer_syntax_known:
        private = not is_under(syntax, STANDARD_ROOT)
        yield Sighting(
            claim.sop_instance_uid,
            f"the transfer syntax {printable(syntax)} is {'private' if private else 'unknown'}",
            Kind.INSTANCE,
            Severity.WARNING if private else Severity.ERROR,
            evidence=(syntax,),
        )


def unreadable_dicom(file: Unreadable, view: View) -> Iterator[Sighting]:
    """Finds files that say they are DICOM and can't be read.

    What it does
    Finds a file with the DICM mark, or one that begins like a data set, of which
    no object can be made.

    Why it matters
    Nothing can be said of its UIDs, so it mustn't pass a check unseen.

    Example
    Bad: a file that was cut off in its first sequence.
    Good: a text file among images, which is skipped and counted.

    What to do
    Get the file again from where it came; leave it out of the export otherwise.

    Standard
    PS3.10 section 7.1.
    """
    yield Sighting(None, f"can't be read: {file.reason}")
