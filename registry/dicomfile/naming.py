"""Which object a data set in memory is: its UIDs alone, whatever else is in it."""

from __future__ import annotations

from pydicom.dataset import Dataset

from registry.dicomfile.quiet import ALONE, quiet_pydicom
from registry.errors import SourceUnclear
from registry.records import Reference, Role
from registry.uid import flaws, is_key

_KEYWORDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


def reference_to(data_set: Dataset, name: str) -> Reference:
    """A reference to an object as to a source; ``name`` is what messages call it.

    Raises ``SourceUnclear`` where it has no valid SOP, Series or Study Instance UID.
    """
    with ALONE, quiet_pydicom():
        uids = {keyword: _text(data_set, keyword) for keyword in _KEYWORDS}
        sop_class = _text(data_set, "SOPClassUID")
    for keyword, uid in uids.items():
        if uid is None or not is_key(uid):
            said = "no" if uid is None else "no valid"
            raise SourceUnclear(
                f"{name} has {said} {keyword}",
                advice="A source is an image or another object that has its UIDs already.",
            )
    instance, series, study = uids.values()
    return Reference(
        instance, sop_class if sop_class and not flaws(sop_class) else None, series, study, Role.SOURCE
    )


def _text(data_set: Dataset, keyword: str) -> str | None:
    """One value as plain text; None where it is absent, empty or several."""
    try:
        value = data_set.get(keyword)
    except Exception:  # noqa: BLE001 (pydicom raises whatever a broken data set makes it raise)
        return None
    return str(value) if isinstance(value, str) and value else None
