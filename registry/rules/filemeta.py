"""UID6: does the file around the object fit it (PS3.10)."""

from __future__ import annotations

from collections.abc import Iterator

from registry.records import Kind, ObjectClaim, Severity, Unreadable, UnreadableRow
from registry.rules.base import Sighting, View
from registry.uid import STANDARD_ROOT, UUID_ROOT, is_under, printable


def media_storage_uid_mismatch(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files whose meta information names another instance than the object.

    What it does
    Compares Media Storage SOP Instance UID (0002,0003) with SOP Instance UID
    (0008,0018). An empty one differs; one that isn't there at all is passed over.

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
    if meta is not None and claim.sop_instance_uid and meta != claim.sop_instance_uid:
        yield Sighting(
            claim.sop_instance_uid,
            f"the file meta information names {printable(meta) if meta else 'no instance'} instead",
            Kind.INSTANCE,
            evidence=(meta,),
        )


def media_storage_class_mismatch(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files whose meta information names another SOP Class than the object.

    What it does
    Compares Media Storage SOP Class UID (0002,0002) with SOP Class UID (0008,0016).
    An empty one differs; one that isn't there at all is passed over.

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
    if meta is not None and claim.sop_class_uid and meta != claim.sop_class_uid:
        named = f"class {printable(meta)}" if meta else "no class"
        yield Sighting(
            claim.sop_instance_uid,
            f"the file meta information names {named}, the object {claim.sop_class_uid}",
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


def uuid_implementation_class(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files whose Implementation Class UID was made from a UUID.

    What it does
    Finds an Implementation Class UID (0002,0012) under 2.25.

    Why it matters
    It names a program for as long as its files exist. Made from a UUID, nobody can
    tell whose program it was, and mostly it is another one in each run.

    Example
    Bad: `2.25.329800735698586629295641978511506172918`.
    Good: `1.2.276.0.7230010.3.0.3.6.8`, a fixed UID under its maker's root.

    What to do
    Give the program one fixed UID under the root of who makes it.

    Standard
    PS3.5 section B.2 calls UUIDs usually not appropriate for such UIDs. That it is
    a warning is policy.
    """
    uid = claim.meta.implementation_class_uid if claim.meta else None
    if uid and is_under(uid, UUID_ROOT):
        yield Sighting(
            printable(uid).strip("'"), f"the Implementation Class UID {printable(uid)} was made from a UUID"
        )


def dicomdir_mismatch(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files that hold another object than their DICOMDIR says.

    What it does
    Where a DICOMDIR itself is named, compares the SOP Instance UID (0004,1511) and
    SOP Class UID (0004,1510) of each of its records with those of the file that
    the record leads to.

    Why it matters
    A viewer that opens the medium shows one image under the name of another, or
    refuses the file. Two records for one file mean that an image was overwritten.

    Example
    Bad: a record of instance `1.2.3.1` for a file that holds `1.2.3.2`.
    Good: both the same.

    What to do
    Write the medium anew: its DICOMDIR is made from the files, not carried over.

    Standard
    PS3.3 section F.3.2.2: they are the UIDs of the referenced file.
    """
    held = (claim.sop_instance_uid, claim.sop_class_uid)
    for listing in claim.listings:
        wrong = [
            f"{what} {printable(said)}"
            for what, said, own in zip(("instance", "class"), listing, held, strict=True)
            if said and said != own
        ]
        if wrong:
            yield Sighting(
                claim.sop_instance_uid,
                f"the DICOMDIR says of this file: {', '.join(wrong)}",
                Kind.INSTANCE,
                evidence=tuple(wrong),
            )


def executable_preamble(claim: ObjectClaim, view: View) -> Iterator[Sighting]:
    """Finds files that are also a program, a script, a document or an archive.

    What it does
    Looks at the 128 bytes before the DICM mark: programs of Windows, Linux, macOS,
    Android and WebAssembly, scripts, web pages, PDF and Office documents, zip,
    rar, 7z, gzip, bzip2, xz and cab archives. A TIFF header is fine, and so is
    anything else.

    Why it matters
    Such a file passes as an image wherever images pass, and runs where somebody
    opens or renames it. Virus scanners mostly leave images alone.

    Example
    Bad: a preamble that begins with `MZ`.
    Good: 128 zeros; `II*` for a file that is also a TIFF.

    What to do
    Don't open the file. Find out who wrote it; keep the object by writing it anew
    with an empty preamble, in pydicom: `ds.preamble = bytes(128)`.

    Standard
    PS3.10 section 7.1 gives the preamble to other formats, with TIFF in mind, and
    warns of this use. Which beginnings are refused is policy.
    """
    if claim.meta and claim.meta.preamble:
        yield Sighting(
            claim.sop_instance_uid,
            f"the file begins like {claim.meta.preamble} and will be taken for one",
            Kind.INSTANCE,
            evidence=(claim.meta.preamble,),
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
    if not isinstance(file, UnreadableRow):
        yield Sighting(None, f"can't be read: {file.reason}")


def unreadable_index_row(row: Unreadable, view: View) -> Iterator[Sighting]:
    """Finds rows of an archive's index of which nothing can be recorded.

    What it does
    Finds a row of a file given with `--index` that has too few or too many cells,
    isn't a JSON object, isn't UTF-8, has a number or a list where a text belongs, a
    cell far too long, or names neither an instance nor a series. A row with a UID
    that can't be one is told by UID101 to UID109 instead, and the rest of what it
    says is recorded.

    Why it matters
    What it was meant to say isn't in the registry, and nothing else will tell.

    Example
    Bad: a description with a comma in it that the export didn't quote.
    Good: an export by the database's own CSV writer.

    What to do
    Mend the export, and register the index again: rows that are recorded are repeats.

    Standard
    RFC 4180 for CSV, RFC 8259 for JSON. That a row is left out and the rest goes on is
    policy.
    """
    if isinstance(row, UnreadableRow):
        yield Sighting(None, row.reason)
