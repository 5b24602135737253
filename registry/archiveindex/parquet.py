"""An index as Parquet: of its columns only those are read that say something here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

from registry.archiveindex.blocks import Block
from registry.archiveindex.fields import FIELDS, Columns, NotAnIndex, columns_of
from registry.errors import BadRequest
from registry.uid import printable

if TYPE_CHECKING:
    import pyarrow as pa


class Parquet:
    """An index as Parquet. Raises ``BadRequest`` without pyarrow."""

    def __init__(self, file: BinaryIO, given: Columns, at_once: int) -> None:
        # Its own pools of memory take far more address space than they use.
        os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
        try:
            import pyarrow as pa
            from pyarrow import parquet
        except ImportError as error:
            raise BadRequest(
                "Parquet can't be read here", advice="pip install 'dicom-uid-registry[parquet]'"
            ) from error
        pa.set_cpu_count(1)
        try:
            index = parquet.ParquetFile(file, pre_buffer=False)
            schema = index.schema_arrow
        except MemoryError:
            raise
        except Exception as error:
            raise NotAnIndex("the index is no Parquet, or broken") from error
        self.rows = index.metadata.num_rows
        self.columns = columns_of(schema.names, given)
        for keyword, name in self.columns.items():
            if not _is_text(schema.field(name).type):
                kind = str(schema.field(name).type)[:40]
                raise NotAnIndex(
                    f"column {printable(name)} holds {kind}, and {keyword} is text",
                    advice=f"Export it as text: as a number it loses what stands before it. --column {name}= "
                    "leaves it out.",
                )
        shared = [name for keyword, name in self.columns.items() if keyword in ("SOPClassUID", "Modality")]
        index = parquet.ParquetFile(
            file,
            pre_buffer=False,
            buffer_size=1 << 20,
            read_dictionary=[n for n in shared if _is_plain(schema, n)],
        )
        names = list(dict.fromkeys(self.columns.values()))
        self._batches: Iterator[pa.RecordBatch] = index.iter_batches(
            batch_size=at_once, columns=names, use_threads=False
        )
        self._number = 0

    def read(self, count: int, *, wanted: bool) -> Block:
        """See ``Table.read``."""
        got = 0
        cells: list[list[Any] | None] = [[] if keyword in self.columns else None for keyword in FIELDS]
        broken = None
        while got < count:
            try:
                batch = next(self._batches, None)
                if batch is None:
                    break
                got += batch.num_rows
                if wanted:
                    for keyword, column in zip(FIELDS, cells, strict=True):
                        if column is not None:
                            place = batch.schema.names.index(self.columns[keyword])
                            column.extend(_listed(batch.column(place)))
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 (as above)
                broken = "it is cut off or broken"
                break
        first, self._number = self._number + 1, self._number + got
        if not wanted:
            return Block(got, broken=broken)
        whole = min((len(column) for column in cells if column is not None), default=0)
        cells = [column and column[:whole] for column in cells]
        return Block(got, cells, range(first, first + whole), (), broken)


def _listed(column: pa.Array) -> list[Any]:
    """The values of a column; equal ones of a dictionary are one object."""
    import pyarrow as pa

    if isinstance(column, pa.DictionaryArray):
        words = [*_listed(column.dictionary), None]
        return [words[-1 if place is None else place] for place in column.indices.to_pylist()]
    try:
        return column.to_pylist()  # type: ignore[no-any-return]
    except UnicodeDecodeError:  # what isn't UTF-8 costs its own row alone
        values = column.cast(pa.large_binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in values]


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return str(kind) in ("string", "large_string", "string_view", "null")


def _is_plain(schema: pa.Schema, name: str) -> bool:
    return str(schema.field(name).type) in ("string", "large_string")
