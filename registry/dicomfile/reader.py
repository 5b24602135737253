"""One file, one reading: a claim, or why there is none."""

from __future__ import annotations

from registry.dicomfile.archive import Archives, members
from registry.dicomfile.beginning import PREAMBLE, is_marked, require_dicom
from registry.dicomfile.media import listed
from registry.dicomfile.objects import claim_of
from registry.dicomfile.parsed import Parsed
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.regularfile import read_regular
from registry.dicomfile.scan import Unusual
from registry.dicomfile.sources import Found, Source, is_dicomdir
from registry.dicomfile.tags import SOP_CLASS_UID, SOP_INSTANCE_UID
from registry.dicomfile.templates import Templates
from registry.dicomfile.tree import text
from registry.dicomfile.trees import by_pydicom
from registry.dicomfile.unreadable import NotDicom, UnreadableDicom, told
from registry.limits import Limits
from registry.records import NamedUid, ObjectClaim, Reading, Skipped, Unreadable
from registry.sopclass import MEDIA_DIRECTORY

_MEDIA_STORAGE_SOP_CLASS_UID = 0x0002_0002
_USUAL = Limits()


class Reader:
    """Reads files, one after the other, within the limits."""

    def __init__(self, keys: ReaderKeys, limits: Limits = _USUAL) -> None:
        self._keys, self._limits = keys, limits
        self._archives = Archives()
        self._templates = Templates()

    def close(self) -> None:
        self._archives.close()

    def read(self, source: Source, *, digests: bool = True) -> Reading:
        """Read one file, or one member of a zip archive. Never raises for what is in it."""
        try:
            return self._claim(self._bytes(source), source, digests)
        except Exception as error:  # noqa: BLE001 (pydicom raises whatever a broken file makes it raise)
            return told(source.name, error, self._limits)

    def named(self, source: Source) -> tuple[NamedUid, ...] | Unreadable | Skipped:
        """Every UID that a file names, or why that can't be told. Never raises for what is in it."""
        # Only where it is asked for, as in trees.py.
        from registry.dicomfile.named import named
        from registry.dicomfile.parsing import parse
        from registry.dicomfile.quiet import quiet_pydicom

        try:
            with quiet_pydicom():
                return named(*parse(self._bytes(source), self._limits))
        except Exception as error:  # noqa: BLE001 (as above)
            return told(source.name, error, self._limits)

    def look_into(self, path: str, changed: int) -> list[Found]:
        """The files in a zip archive or on a DICOMDIR's medium. Never raises for what is in it."""
        try:
            if is_dicomdir(path):
                return [Skipped(path, "a DICOMDIR, not an instance"), *listed(path, self._limits)]
            return list(members(path, changed))
        except Exception as error:  # noqa: BLE001 (as above)
            return [told(path, error, self._limits)]

    def _bytes(self, source: Source) -> bytes:
        if source.member is not None:
            return self._archives.read(source, self._limits)
        return read_regular(source.path, self._limits.file_size, require_dicom)

    def _claim(self, data: bytes, source: Source, digests: bool) -> ObjectClaim:
        parsed = self._parsed(data)
        meta, tree = parsed.meta, parsed.tree
        if text(meta, _MEDIA_STORAGE_SOP_CLASS_UID) == MEDIA_DIRECTORY:
            raise NotDicom("a DICOMDIR, not an instance")
        if not meta and not text(tree, SOP_CLASS_UID) and not text(tree, SOP_INSTANCE_UID):
            raise UnreadableDicom("after its DICM mark there is no data set of an object")
        preamble = data[:PREAMBLE] if is_marked(data) else b""
        return claim_of(
            parsed,
            self._keys,
            source.name,
            digests=digests,
            preamble=preamble,
            listings=source.listings,
        )

    def _parsed(self, data: bytes) -> Parsed:
        try:
            return self._templates.read(data)
        except Unusual:
            return Parsed(*by_pydicom(data, self._limits))


def read(source: Source, keys: ReaderKeys, *, digests: bool = True) -> Reading:
    """Read one file in this very process: for a file that is trusted, or a measurement."""
    reader = Reader(keys)
    try:
        return reader.read(source, digests=digests)
    finally:
        reader.close()
