"""Zip archives, read where they are. Nothing is ever extracted: names of members are only names.

Members are known by their place in the archive's directory, because nothing
forbids two of one name, and each of them may be an object.
"""

from __future__ import annotations

from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Self, cast

from registry.dicomfile.beginning import START, require_dicom
from registry.dicomfile.regularfile import open_regular, require_size
from registry.dicomfile.sources import Source
from registry.dicomfile.unreadable import NotDicom, UnreadableDicom
from registry.limits import BOMB_RATIO, BOMB_SIZE, MOST_LISTED, Limits

if TYPE_CHECKING:
    import zipfile

_LOCAL_HEADER = 30  # bytes, before the name (APPNOTE.TXT section 4.3.7)


def members(path: str, changed: int) -> list[Source]:
    """The members of an archive, by name, folders left out.

    Raises ``UnreadableDicom`` for an archive that is broken or a bomb: it may hold
    objects that nobody could see, so it is no file to be passed over.
    """
    with Archives() as archives:
        archive = archives.opened(path)
        infos = archive.infolist()
        if len(infos) > MOST_LISTED:
            raise UnreadableDicom(f"the archive has more than {MOST_LISTED:,} members")
        _require_no_bomb(infos, archive.start_dir)
        files = [(info.filename, place) for place, info in enumerate(infos) if not info.is_dir()]
        if not files:
            raise NotDicom("a zip archive without files")
        return [Source(path, name, infos[place].file_size, changed, place) for name, place in sorted(files)]


def _require_no_bomb(infos: list[zipfile.ZipInfo], size: int) -> None:
    """Raise for members that lie in each other, or unpack to absurdly much.

    Overlapping members share what is packed, which is how some ten thousand bytes
    become as many gigabytes; archivers never write them.
    """
    spans = sorted(
        (info.header_offset, info.header_offset + _LOCAL_HEADER + info.compress_size) for info in infos
    )
    if any(end > start for (_, end), (start, _) in pairwise([*spans, (size, size)])):
        raise UnreadableDicom("the archive's members overlap, as in a zip bomb")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > BOMB_SIZE and unpacked > BOMB_RATIO * size:
        raise UnreadableDicom(
            f"the archive unpacks to {unpacked:,} bytes, more than {BOMB_RATIO} times its size: a zip bomb"
        )


class Archives:
    """The archive that was read last, kept open: its members mostly come one after the other."""

    def __init__(self) -> None:
        self._path: str | None = None
        self._file: BinaryIO | None = None
        self._archive: zipfile.ZipFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()
        if self._file is not None:
            self._file.close()
        self._path = self._file = self._archive = None

    def opened(self, path: str) -> zipfile.ZipFile:
        """The archive at a path. Raises ``UnreadableDicom`` where it is broken."""
        if self._archive is None or self._path != path:
            self.close()
            import zipfile  # few runs meet an archive

            self._file = open_regular(path)
            try:
                self._archive = zipfile.ZipFile(self._file)
            except MemoryError:
                raise
            except Exception as error:
                # A directory that was tampered with makes zipfile raise anything.
                self.close()
                raise UnreadableDicom("a broken zip archive") from error
            self._path = path
        return self._archive

    def read(self, source: Source, limits: Limits) -> bytes:
        """The bytes of one member, as far as they are DICOM's.

        Raises ``NotDicom``, or ``UnreadableDicom`` for what is too large, broken or encrypted.
        """
        archive = self.opened(source.path)
        infos = archive.infolist()
        if not (source.place < len(infos) and infos[source.place].filename == source.member):
            raise UnreadableDicom("the archive changed while it was read")
        info = infos[source.place]
        require_dicom(self._unpacked(info, START))
        require_size(info.file_size, limits.file_size)
        return self._unpacked(info, info.file_size)

    def _unpacked(self, info: zipfile.ZipInfo, most: int) -> bytes:
        archive = cast("zipfile.ZipFile", self._archive)
        try:
            with archive.open(info) as file:
                return file.read(most)
        except MemoryError:
            raise
        except Exception as error:
            # zipfile, zlib, bz2 and lzma each have their own errors for broken data.
            if info.flag_bits & 1:
                raise UnreadableDicom("the archive's member is encrypted") from error
            raise UnreadableDicom(f"the archive's member is broken ({type(error).__name__})") from error
