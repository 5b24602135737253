"""What is tried: a set of files each, most of them the study with one thing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.oracle import study, values
from tests.oracle.measuring import Compared
from tests.oracle.study import Files, edited, numbered, setting

CT = "1.2.840.10008.5.1.4.1.1.2"
SR = "1.2.840.10008.5.1.4.1.1.88.33"

MUTATIONS = {
    "two values": "two different values",
    "absent": "absent from one object",
    "empty": "empty in one object",
    "items": "one item more in one object, for sequences",
    "otherwise": "the same value written in another way (1.0 for 1, spaces or carets at the end)",
}
"""How an attribute is made to differ; the columns of the table."""

_ELSEWHERE = ("seg", "sr", "pr", "ko", "pm", "rtstruct", "mr1")
"""Which object of another series says something else; they take turns."""


@dataclass(frozen=True)
class Case:
    """One set of files, and the same set without the change."""

    title: str
    files: Files
    before: Files
    attribute: str = ""
    entity: str = ""
    mutation: str = ""
    theirs: str = ""  # the class for which dcentvfy compares it, where it isn't CT
    code: str = ""  # the rule that is to speak
    known: Files = field(default_factory=dict)  # what was registered before


def attributes(compared: Compared) -> Iterator[Case]:
    """Each attribute that dcentvfy compares, mutated in each way within its entity."""
    whole = {
        keyword: values.value(keyword)
        for (entity, keyword), classes in compared.items()
        if CT in classes and (entity, keyword) not in _REAL
    }
    of_series = {
        keyword: value
        for keyword, value in whole.items()
        if not any((entity, keyword) in compared for entity in ("Patient", "Study"))
        or (("Series", keyword) in compared and CT in compared["Series", keyword])
    }
    shared = {keyword: value for keyword, value in whole.items() if keyword not in of_series}
    base = study.study(shared, of_series)
    turn = 0
    for (entity, keyword), classes in compared.items():
        for mutation in MUTATIONS:
            if not _possible(keyword, mutation):
                continue
            if CT in classes:
                turn += 1
                name = "ct2" if entity not in ("Patient", "Study") else _ELSEWHERE[turn % len(_ELSEWHERE)]
                yield _mutated(base, name, entity, keyword, mutation)
            else:
                files = study.pair(classes[0], entity, **{keyword: values.value(keyword)})
                case = _mutated(files, "b", entity, keyword, mutation)
                yield replace(case, theirs=classes[0])


def _possible(keyword: str, mutation: str) -> bool:
    if mutation == "items":
        return values.vr_of(keyword) == "SQ"
    return mutation != "otherwise" or values.otherwise(keyword) is not None


def _mutated(base: Files, name: str, entity: str, keyword: str, mutation: str) -> Case:
    """The base with one attribute of one of its objects made to differ."""
    match mutation:
        case "two values":
            change: dict[str, Any] = {keyword: values.value(keyword, second=True)}
            if (entity, keyword) in _REAL:
                change = {keyword: _REAL[entity, keyword]}
        case "absent":
            change = {keyword: None}
        case "items":
            change = {keyword: [*values.value(keyword), *values.value(keyword, second=True)]}
        case "empty":
            change = {keyword: [] if values.vr_of(keyword) == "SQ" else ""}
        case _:
            change = {keyword: values.otherwise(keyword)}
    files = {**base, name: edited(base[name], setting(**change))}
    title = f"{keyword}: {MUTATIONS[mutation]}"
    return Case(title, files, base, keyword, entity, mutation)


_REAL: dict[tuple[str, str], Any] = {
    ("Series", "Modality"): "PT",
    ("FrameOfReference", "FrameOfReferenceUID"): f"{study.STUDY}.7",
}
"""Attributes that mean something in the objects as they are: they keep their value, this is the other one."""


def placed(case: Case, number: int) -> dict[str, bytes]:
    """The files of a case with the UIDs and the patient of its number."""
    return numbered(case.files, number)
