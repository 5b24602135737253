"""Opening an index: which format it has, and which of its columns is what."""

from __future__ import annotations

from registry.archiveindex.blocks import Table
from registry.archiveindex.cleaning import Cleaner
from registry.archiveindex.delimited import Delimited
from registry.archiveindex.fields import NotAnIndex
from registry.archiveindex.files import BROKEN, IndexFile
from registry.archiveindex.ndjson import Ndjson
from registry.archiveindex.parquet import Parquet
from registry.archiveindex.tasks import Chunk, Open, Opened, Rows
from registry.dicomfile.readerkeys import ReaderKeys


class Index:
    """An open index. Raises ``NotAnIndex``, ``BadRequest``, ``OSError``."""

    def __init__(self, task: Open, keys: ReaderKeys) -> None:
        self._file = IndexFile(task.source)
        self._cleaner = Cleaner(keys)
        self._done = 0
        try:
            self._table = self._opened(task)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    @property
    def opened(self) -> Opened:
        return Opened(self._table.columns, self._table.rows)

    def read(self, task: Rows) -> Chunk:
        """The next rows, cleaned."""
        block = self._table.read(task.most, wanted=task.wanted)
        self._done += block.total
        share = self._done / self._table.rows if self._table.rows else self._file.read
        if not task.wanted:
            return Chunk(block.total, (), [], [], share, block.broken)
        columns, dirty, flawed = self._cleaner.clean(block.cells, block.numbers)
        return Chunk(block.total, columns, [*block.dirty, *dirty], flawed, share, block.broken)

    def _opened(self, task: Open) -> Table:
        file = self._file
        form = task.form or ("parquet" if file.is_parquet else None)
        if form == "parquet":
            if isinstance(task.source, int):
                raise NotAnIndex("Parquet can't be read from standard input", advice="Give it as a file.")
            if not file.is_parquet:
                raise NotAnIndex("the index is no Parquet file")
            return Parquet(file.bytes, task.columns, task.at_once)
        if form is None:
            try:
                start = file.bytes.peek(1).lstrip(b"\xef\xbb\xbf \t\r\n")
            except BROKEN:
                raise NotAnIndex("nothing can be read of the index: it is cut off or broken") from None
            if not start:
                raise NotAnIndex("the index is empty")
            if start.startswith(b"["):
                raise NotAnIndex(
                    "the index is a JSON list, not one object a line",
                    advice="`jq -c '.[]' FILE | uid-registry register --index -` reads it.",
                )
            form = "ndjson" if start.startswith(b"{") else "csv"
        return Ndjson(file.bytes, task.columns) if form == "ndjson" else Delimited(file.bytes, task.columns)
