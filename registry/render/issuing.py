"""What issuing and deriving give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.render.formats import Output

if TYPE_CHECKING:
    from registry.derived import Derived
    from registry.services.issuing import Issued


def issued(result: Issued) -> Output:
    document = {
        "uids": list(result.uids),
        "kind": result.kind.label,
        "study_instance_uid": result.study_instance_uid,
        "series_instance_uid": result.series_instance_uid,
        "root": result.root,
        "entry": result.entry,
    }
    place = {name: document[name] for name in list(document)[1:]}
    return Output(document, ({"uid": uid, **place} for uid in result.uids), result.uids)


def derived(result: Derived) -> Output:
    document = {
        "study_instance_uid": result.study_instance_uid,
        "series_instance_uid": result.series_instance_uid,
        "sop_instance_uids": list(result.sop_instance_uids),
        "root": result.root,
        "entry": result.entry,
    }
    lines = [
        f"STUDY_INSTANCE_UID={result.study_instance_uid}",
        f"SERIES_INSTANCE_UID={result.series_instance_uid}",
        f"SOP_INSTANCE_UIDS='{' '.join(result.sop_instance_uids)}'",
    ]
    return Output(document, [document], lines)
