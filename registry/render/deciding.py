"""What people decided: withdrawals and their end, claims that hold, patients, redactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from registry.render.formats import Output, Row, counted

if TYPE_CHECKING:
    from registry.services.patients import Said
    from registry.services.redacting import Redacted
    from registry.services.resolving import Resolved
    from registry.services.withdrawing import Reinstated, Withdrawn
    from registry.store.claims import Claimed


def withdrawn(result: Withdrawn) -> Output:
    document = {"withdrawn": list(result.uids), "before": list(result.before), "entry": result.entry}
    rows: list[Row] = [{"uid": uid, "withdrawn": "now"} for uid in result.uids]
    rows += [{"uid": uid, "withdrawn": "before"} for uid in result.before]
    lines = [f"withdrawn {uid}" for uid in result.uids]
    lines += [f"was withdrawn before: {uid}" for uid in result.before]
    return Output(document, rows, lines)


def reinstated(result: Reinstated) -> Output:
    document = {"reinstated": list(result.uids), "in_use": list(result.in_use), "entry": result.entry}
    rows: list[Row] = [{"uid": uid, "reinstated": "now"} for uid in result.uids]
    rows += [{"uid": uid, "reinstated": "wasn't withdrawn"} for uid in result.in_use]
    lines = [f"reinstated {uid}" for uid in result.uids]
    lines += [f"wasn't withdrawn: {uid}" for uid in result.in_use]
    return Output(document, rows, lines)


def choice(found: Sequence[Claimed], kept: Claimed) -> Iterator[str]:
    """The claims that there are, the one that is to hold marked: for a person to look at."""
    for claim in found:
        mark = "keep " if claim.name in kept.name.split("+") else "     "
        yield f"{mark}{claim.name}: {claim.words} ({claim.actor}, {claim.at})"


def resolved(result: Resolved) -> Output:
    kept = result.kept
    document = {
        "uid": result.uid,
        "kept": kept.name,
        "kind": kept.kind.label,
        "study_instance_uid": kept.study_instance_uid,
        "series_instance_uid": kept.series_instance_uid,
        "sop_class_uid": kept.sop_class_uid,
        "modality": kept.modality,
        "placed": result.placed,
        "cleared": list(result.cleared),
        "found": list(result.found),
        "entry": result.entry,
    }
    lines = [f"{result.uid} is {kept.words} (entry {result.entry})"]
    if result.placed:
        lines.append(f"{counted(result.placed, 'instance')} without a place went with it")
    return Output(document, [document], [*lines, *_consequences(result.cleared, result.found)])


def said(result: Said) -> Output:
    document = {
        "same": result.same,
        "ids": result.ids,
        "unknown": result.unknown,
        "still_linked": result.linked,
        "cleared": list(result.cleared),
        "found": list(result.found),
        "entry": result.entry,
        "missing_keys": list(result.missing_keys),
    }
    word = "are one person's" if result.same else "are no two of one person"
    lines = [f"{counted(result.ids, 'Patient ID')} {word} (entry {result.entry})"]
    if result.unknown:
        lines.append(f"{result.unknown:,} of them never heard of before")
    if result.linked:
        lines.append(f"a third ID still leads between {counted(result.linked, 'pair')}: split it off too")
    if result.missing_keys:
        keys = ", ".join(result.missing_keys)
        lines.append(f"nothing was said under the former key {keys}, which isn't on this machine")
    return Output(document, [document], [*lines, *_consequences(result.cleared, result.found)])


def redacted(result: Redacted) -> Output:
    document = {"entry": result.entry, "redacted_in": result.by}
    return Output(document, [document], [f"the text of entry {result.entry} is gone (entry {result.by})"])


def _consequences(cleared: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    for word, codes in (("cleared", cleared), ("found", found)):
        if codes:
            counts = Counter(codes)
            listed = ", ".join(f"{code}{f' ({n:,})' if n > 1 else ''}" for code, n in counts.items())
            yield f"{word} {listed}"
