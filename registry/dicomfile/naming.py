"""Which objects data sets in memory are: their UIDs alone, whatever else is in them."""

from __future__ import annotations

from pydicom.dataset import Dataset

from registry.dicomfile import tags
from registry.errors import SourceUnclear
from registry.records import Reference, Role
from registry.uid import flaws, is_key

_KEYWORDS = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "SOPClassUID")
_TAGS = (tags.SOP_INSTANCE_UID, tags.SERIES_INSTANCE_UID, tags.STUDY_INSTANCE_UID, tags.SOP_CLASS_UID)


def reference_to(data_set: Dataset, name: str) -> Reference:
    """A reference to an object as to a source; ``name`` is what messages call it.

    Raises ``SourceUnclear`` where it has no valid SOP, Series or Study Instance UID.
    """
    *uids, sop_class = (_text(data_set, tag) for tag in _TAGS)
    for keyword, uid in zip(_KEYWORDS, uids, strict=False):
        if uid is None or not is_key(uid):
            said = "no" if uid is None else "no valid"
            raise SourceUnclear(
                f"{name} has {said} {keyword}",
                advice="A source is an image or another object that has its UIDs already.",
            )
    instance, series, study = uids
    sop_class = sop_class if sop_class and not flaws(sop_class) else None
    return Reference(instance, sop_class, series, study, Role.SOURCE)


def _text(data_set: Dataset, tag: int) -> str | None:
    """One value as plain text; None where it is absent, empty or several. As it was read: pydicom
    would convert it, and warn of what is in it."""
    if tag not in data_set:
        return None
    value = data_set.get_item(tag).value
    if isinstance(value, bytes):
        value = value.rstrip(b"\0 ").decode("latin-1")
    return str(value) if isinstance(value, str) and value and "\\" not in value else None
