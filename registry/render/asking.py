"""What the registry answers: one UID, a study, a life, a list, the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, columns, counted, streamed_columns

if TYPE_CHECKING:
    from registry.services.listing import Item, Listing
    from registry.services.querying import Stats
    from registry.services.showing import Shown
    from registry.store.exports import Sent
    from registry.store.queries import Listed


def shown(result: Shown) -> Output:
    document = _shown(result)
    told = {name: value for name, value in document.items() if value not in (None, [])}
    if result.was_issued:
        told = {name: value for name, value in told.items() if not name.startswith("recorded_")}
    lines = columns([{"name": name, "value": value} for name, value in told.items()], ("name", "value"))
    return Output(document, [document], lines)


def all_shown(results: Iterator[Shown]) -> Output:
    """Many of them as they come, one a line."""
    rows = map(_shown, results)
    names = ("uid", "kind", "state", "modality", "recorded_at", "recorded_by", "findings")
    return Output(rows, rows, _table(rows, names, "no UIDs"))


def _shown(result: Shown) -> dict[str, object]:
    listed = result.listed
    return {
        "uid": result.uid,
        "kind": result.kind.label if result.kind else None,
        "state": result.state,
        "study_instance_uid": listed.study_instance_uid if listed else None,
        "series_instance_uid": listed.series_instance_uid if listed else None,
        "modality": listed.modality if listed else None,
        "sop_class_uid": listed.sop_class_uid if listed else None,
        "root": result.root,
        "issued_by": result.issued.by if result.issued else None,
        "issued_at": result.issued.at if result.issued else None,
        "recorded_by": listed.actor if listed else None,
        "recorded_at": listed.at if listed else None,
        "purpose": result.purpose,
        "findings": list(result.findings),
        "sent_to": list(result.sent_to),
        "scope": result.scope,
        "scope_purged": result.scope_purged,
    }


def listing(found: Listing) -> Output:
    """A list as it comes: nothing of it is kept."""
    rows = map(_item, found.items)
    names = ["uid", "kind", "state", "modality", "recorded_at", "recorded_by"]
    if found.way is not None:
        names[-2:] = ["sent_at", "sent_entry"]
    return Output(rows, rows, _table(rows, names, "no such UIDs"))


def _table(rows: Iterator[Row], names: Sequence[str], empty: str) -> Iterator[str]:
    """UIDs, one in a line while the screen is wide enough for that."""
    headings = [name.replace("_", " ") for name in names]
    return streamed_columns(rows, names, headings, empty, ("recorded_by", "recorded_at"))


def _item(item: Item) -> Row:
    if item.sent is None:
        return {} if item.listed is None else _listed(item.listed)
    row = _unrecorded(item.sent) if item.listed is None else _listed(item.listed)
    return {**row, "sent_at": item.sent.at, "sent_entry": item.sent.entry}


def _listed(item: Listed) -> Row:
    return {
        "uid": item.uid,
        "kind": item.kind.label,
        "state": item.state,
        "modality": item.modality,
        "study_instance_uid": item.study_instance_uid,
        "series_instance_uid": item.series_instance_uid,
        "sop_class_uid": item.sop_class_uid,
        "entry": item.entry,
        "recorded_at": item.at,
        "recorded_by": item.actor,
    }


_OF_THE_LEDGER = (
    "modality", "study_instance_uid", "series_instance_uid", "sop_class_uid", "entry", "recorded_at",
    "recorded_by",
)  # fmt: skip


def _unrecorded(sent: Sent) -> Row:
    """What went somewhere and isn't in the ledger: of it nothing else is known."""
    known = {"uid": sent.uid, "kind": sent.kind.label, "state": "unrecorded"}
    return known | dict.fromkeys(_OF_THE_LEDGER)


def stats(result: Stats) -> Output:
    document = {
        "uids": result.uids,
        "waiting": result.waiting,
        "entries": result.entries,
        "kinds": result.by_kind,
        "series_by_modality": result.by_modality,
        "uids_by_root": result.by_root,
        "findings": result.findings,
    }
    return Output(document, [document], _stats_lines(result))


def _stats_lines(result: Stats) -> Iterator[str]:
    yield f"{counted(result.uids, 'UID')}, {counted(result.entries, 'audit entry', 'audit entries')}"
    if result.waiting:
        yield f"{counted(result.waiting, 'UID')} beside them issued for an object that wasn't seen yet"
    states = [{"kind": kind, **counts} for kind, counts in result.by_kind.items()]
    if states:
        names = ["kind", *sorted({state for counts in result.by_kind.values() for state in counts})]
        yield ""
        yield from columns(states, names, names)
    for heading, counts in (
        ("modality", result.by_modality),
        ("root", result.by_root),
        ("finding", result.findings),
    ):
        if counts:
            yield ""
            rows = [{"name": name, "count": f"{count:,}"} for name, count in counts.items()]
            yield from columns(
                rows, ("name", "count"), (heading, "series" if heading == "modality" else "count")
            )
