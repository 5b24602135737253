"""What objects say of UIDs: recorded, or checked alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from registry.api.verbs import Verbs
from registry.dicomfile.datasets import is_data_set
from registry.errors import BadRequest
from registry.records import IndexRow
from registry.services import checking, indexfiles, indexing, registering, saving
from registry.services.reports import Report

if TYPE_CHECKING:
    from registry.dicomfile.memory import DataSet
    from registry.services.checking import Checkable


class Recording(Verbs):
    """What objects say of UIDs: recorded, or checked alone."""

    def register(
        self,
        paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
        *,
        digests: bool = True,
        context: str | None = None,
    ) -> Report:
        """Record what objects made elsewhere say: those in files, folders, zip archives and DICOMDIRs.

        ``context`` tells what they are copies for.
        ``Report.raise_for_findings("collision")`` raises where one was refused.
        """
        several: Any = [paths] if isinstance(paths, str | os.PathLike) or is_data_set(paths) else list(paths)
        if any(map(is_data_set, several)):
            raise BadRequest(
                "a Dataset is no file", advice="`save` records one and writes its file; `check` checks one."
            )
        listed = [os.fspath(path) for path in several]
        return registering.register(self._registry, listed, digests=digests, context=context)

    def save(
        self,
        data_set: DataSet,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = False,
        context: str | None = None,
        fail_on: str = "error",
    ) -> Report:
        """Check an object, record it and write its file; the report is of what was recorded.

        In an order that outlives a crash at any point: what has its name is whole and
        recorded. After a crash, or where it was saved before, the same call is a repeat.

        Raises ``FindingsError`` where a finding is as grave as ``fail_on`` (as in ``Report.passed``):
        then nothing was recorded and nothing written. Raises ``PathTaken`` where another file is
        there, unless ``overwrite``; ``NoSuchPath`` where its folder isn't; ``NotWritable`` where no
        file can be made of the Dataset, no value of which is changed.
        """
        if not is_data_set(data_set):
            raise BadRequest(f"a {type(data_set).__name__} isn't saved", advice="Give a pydicom Dataset.")
        return saving.save(
            self._registry, data_set, os.fspath(path), overwrite=overwrite, context=context, fail_on=fail_on
        )

    def register_rows(self, rows: Iterable[IndexRow]) -> Report:
        """Record what an archive's index says of its instances, without their files."""
        return indexing.register_rows(self._registry, rows)

    def register_index(
        self,
        path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        columns: Mapping[str, str] | None = None,
        context: str | None = None,
    ) -> Report:
        """Record what an archive's index says, from files: CSV, NDJSON or Parquet.

        ``columns`` says of columns that aren't called by their keyword which attribute they
        hold: ``{"series_uid": "SeriesInstanceUID"}``.
        """
        several = [path] if isinstance(path, str | os.PathLike) else path
        return indexfiles.register_index(
            self._registry, [os.fspath(each) for each in several], columns=columns, context=context
        )

    def check(
        self,
        objects: Checkable | Iterable[Checkable],
        *,
        digests: bool = True,
        context: str | None = None,
        for_export: str | None = None,
        fail_on: str | None = None,
        scope: str | None = None,
    ) -> Report:
        """What registering these objects would decide and find; writes nothing, unless ``for_export``.

        ``objects`` are paths (files, folders, zip archives, DICOMDIRs) and pydicom
        Datasets in memory, mixed as you like, or a single one; all of them are one
        batch. So a pipeline checks what it has made before it writes a file:

            registry.check([segmentation]).raise_for_findings()

        A Dataset isn't changed, and says what its file would say. The report calls it
        by its place: ``dataset 1``. Its ``file_meta`` and preamble are looked at (UID6)
        only where ``file_meta`` names a transfer syntax; without it there is no file
        yet, and nothing to be said about one.

        ``for_export`` names where the objects are to go. Then it is recorded whether they
        may (``Report.export``): not where a finding is as grave as ``fail_on``, which is
        what the configuration says unless it is given. ``raise_for_findings`` raises for
        what was blocked. Where the outcome can't be recorded, ``DatabaseUnusable`` is
        raised before anything is read.

        ``scope`` names the scope of replacement (``remap``) whose copies the objects are said to be:
        then every UID in them is looked at, and what is no replacement is found (UID7).

        Raises ``NoSuchPath``, ``UnknownScope``, ``ScopePurged``, or ``BadRequest`` for what is no
        path and no Dataset.
        """
        one = isinstance(objects, str | os.PathLike) or is_data_set(objects)
        several: Any = [objects] if one else objects
        return checking.check(
            self._registry,
            several,
            digests=digests,
            context=context,
            for_export=for_export,
            fail_on=fail_on,
            scope=scope,
        )
