"""Which objects data sets in memory are: their UIDs alone, whatever else is in them."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset

from registry.dicomfile.quiet import ALONE, quiet_pydicom
from registry.errors import SourceUnclear
from registry.records import Reference, Role
from registry.uid import flaws, is_key

_KEYWORDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def references_to(data_sets: Sequence[Dataset], names: Sequence[str]) -> list[Reference]:
    """References to some objects as to sources; the names are what messages call them.

    Raises ``SourceUnclear`` for one that has no valid SOP, Series or Study Instance UID.
    """
    with ALONE, quiet_pydicom():
        said = [[_text(each, keyword) for keyword in (*_KEYWORDS, "SOPClassUID")] for each in data_sets]
    return [_reference(uids, name) for uids, name in zip(said, names, strict=True)]


def _reference(said: list[str | None], name: str) -> Reference:
    *uids, sop_class = said
    for keyword, uid in zip(_KEYWORDS, uids, strict=True):
        if uid is None or not is_key(uid):
            none = "no" if uid is None else "no valid"
            raise SourceUnclear(
                f"{name} has {none} {keyword}",
                advice="A source is an image or another object that has its UIDs already.",
            )
    instance, series, study = uids
    sop_class = sop_class if sop_class and not flaws(sop_class) else None
    return Reference(instance, sop_class, series, study, Role.SOURCE)


def _text(data_set: Dataset, keyword: str) -> str | None:
    """One value as plain text; None where it is absent, empty or several."""
    try:
        value = data_set.get(keyword)
    except Exception:  # noqa: BLE001 (pydicom raises whatever a broken data set makes it raise)
        return None
    return str(value) if isinstance(value, str) and value else None
