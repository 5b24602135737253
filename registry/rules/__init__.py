"""The rule book: the one table of all rules, and asking them.

Codes are for ever: UID, family, two digits. A rule is retired with a version,
never renumbered.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from registry.errors import BadRequest
from registry.records import Finding, Kind, ObjectClaim, Severity, Unreadable
from registry.rules import (
    attributes,
    belonging,
    completeness,
    concatenation,
    dangling,
    deidentification,
    derivation,
    filemeta,
    given,
    hierarchy,
    identity,
    issuer,
    keeping,
    numbering,
    reference,
    source,
    syntax,
)
from registry.rules.base import Rule, Scope, Subject, View
from registry.rules.subjects import Subjects

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_FILE, _BATCH, _REGISTRY = Scope.FILE, Scope.BATCH, Scope.REGISTRY

RULES: tuple[Rule, ...] = (
    Rule("UID101", _E, _FILE, Subject.CLAIM, syntax.malformed_uid, given.bad_uids),
    Rule("UID102", _E, _FILE, Subject.CLAIM, syntax.overlong_uid, given.bad_uids),
    Rule("UID103", _E, _FILE, Subject.CLAIM, syntax.leading_zero_component, given.bad_uids),
    Rule("UID104", _W, _FILE, Subject.CLAIM, syntax.padded_uid, given.padded_uids, preview=True),
    Rule("UID105", _E, _FILE, Subject.CLAIM, syntax.bare_root, somewhere=syntax.bare_roots),
    Rule("UID106", _E, _FILE, Subject.CLAIM, syntax.unallocated_arc, given.bad_uids),
    Rule("UID107", _E, _FILE, Subject.CLAIM, syntax.impossible_uuid_arc, given.bad_uids),
    Rule(
        "UID108",
        _N,
        _FILE,
        Subject.CLAIM,
        syntax.non_rfc_uuid,
        given.nobodys,
        given.nobodys_named,
        preview=True,
    ),
    Rule("UID109", _E, _FILE, Subject.CLAIM, syntax.missing_uid, given.missing),
    Rule(
        "UID201", _E, _FILE, Subject.CLAIM, issuer.standard_root_instance, given.nobodys, given.nobodys_named
    ),
    Rule("UID202", _E, _FILE, Subject.CLAIM, issuer.example_root, given.nobodys, given.nobodys_named),
    Rule("UID203", _E, _REGISTRY, Subject.CLAIM, issuer.unissued_uid, somewhere=given.enforced_roots),
    Rule("UID204", _W, _REGISTRY, Subject.CLAIM, issuer.research_root, given.nobodys, given.nobodys_named),
    Rule(
        "UID205", _N, _FILE, Subject.CLAIM, issuer.loopback_host_id, somewhere=issuer.host_ids, preview=True
    ),
    Rule("UID206", _W, _REGISTRY, Subject.CLAIM, issuer.suffixed_uid, preview=True),
    Rule("UID207", _E, _REGISTRY, Subject.CLAIM, issuer.retired_root, somewhere=given.retired_roots),
    Rule("UID301", _E, _REGISTRY, Subject.INSTANCE, identity.changed_content, given.several_contents),
    Rule("UID302", _E, _REGISTRY, Subject.INSTANCE, identity.instance_in_two_series, given.several_places),
    Rule("UID303", _E, _REGISTRY, Subject.INSTANCE, identity.instance_in_two_studies, given.several_places),
    Rule("UID304", _E, _REGISTRY, Subject.INSTANCE, identity.instance_of_two_classes, given.several_classes),
    Rule("UID305", _E, _REGISTRY, Subject.SERIES, identity.series_in_two_studies),
    Rule("UID306", _E, _REGISTRY, Subject.STUDY, belonging.study_of_two_patients, retractable=True),
    Rule("UID307", _E, _FILE, Subject.CLAIM, identity.uid_in_two_roles, somewhere=given.several_roles),
    Rule("UID308", _E, _REGISTRY, Subject.UID, identity.uid_of_two_kinds, given.several_kinds),
    Rule(
        "UID309",
        _E,
        _REGISTRY,
        Subject.SHARED,
        belonging.frame_of_reference_of_two_patients,
        retractable=True,
    ),
    Rule("UID310", _N, _REGISTRY, Subject.SHARED, belonging.frame_of_reference_in_two_studies, preview=True),
    Rule("UID311", _E, _REGISTRY, Subject.SHARED, belonging.tracking_uid_of_two_patients, retractable=True),
    Rule("UID312", _E, _REGISTRY, Subject.CLAIM, belonging.withdrawn_uid, somewhere=given.withdrawn),
    Rule("UID313", _E, _REGISTRY, Subject.UID, belonging.issued_for_another_parent, somewhere=given.issued),
    Rule(
        "UID314",
        _E,
        _REGISTRY,
        Subject.UID,
        belonging.specimen_or_device_reused,
        given.a_thing,
        preview=True,
        labels=True,
        retractable=True,
    ),
    Rule("UID315", _N, _REGISTRY, Subject.INSTANCE, identity.changed_attributes, given.several_attributes),
    Rule("UID401", _E, _REGISTRY, Subject.SERIES, hierarchy.mixed_modality_series),
    Rule("UID402", _E, _REGISTRY, Subject.SERIES, hierarchy.incompatible_classes_in_series),
    Rule("UID403", _W, _REGISTRY, Subject.SERIES, attributes.mixed_equipment_series),
    Rule("UID404", _E, _REGISTRY, Subject.SERIES, hierarchy.mixed_frame_of_reference_series),
    Rule("UID405", _W, _REGISTRY, Subject.SERIES, attributes.series_attribute_mismatch),
    Rule("UID406", _W, _REGISTRY, Subject.STUDY, attributes.study_attribute_mismatch),
    Rule("UID407", _W, _REGISTRY, Subject.PATIENT, attributes.patient_attribute_mismatch),
    Rule(
        "UID408",
        _W,
        _REGISTRY,
        Subject.STUDY,
        numbering.series_per_instance,
        preview=True,
        labels=True,
        retractable=True,
    ),
    Rule("UID409", _N, _REGISTRY, Subject.UID, numbering.number_reused, preview=True, labels=True),
    Rule("UID410", _W, _FILE, Subject.CLAIM, completeness.empty_patient_id, given.patientless),
    Rule("UID411", _E, _BATCH, Subject.CONCATENATION, concatenation.concatenation_mismatch, preview=True),
    Rule("UID501", _E, _REGISTRY, Subject.INSTANCE, derivation.derived_in_source_series, given.references),
    Rule("UID502", _N, _REGISTRY, Subject.SERIES, source.derived_among_originals, preview=True, labels=True),
    Rule("UID503", _E, _REGISTRY, Subject.INSTANCE, derivation.derived_keeps_source_uid, given.references),
    Rule("UID504", _E, _REGISTRY, Subject.INSTANCE, keeping.lossy_keeps_uid, given.several_contents),
    Rule(
        "UID505",
        _W,
        _REGISTRY,
        Subject.INSTANCE,
        source.frame_of_reference_differs_from_source,
        given.frames,
        retractable=True,
    ),
    Rule(
        "UID506",
        _W,
        _REGISTRY,
        Subject.INSTANCE,
        reference.undeclared_other_study,
        given.references,
        retractable=True,
    ),
    Rule(
        "UID507",
        _E,
        _REGISTRY,
        Subject.INSTANCE,
        reference.reference_to_another_patient,
        given.references,
        retractable=True,
    ),
    Rule("UID508", _N, _REGISTRY, Subject.INSTANCE, dangling.dangling_reference, given.references),
    Rule(
        "UID509",
        _E,
        _REGISTRY,
        Subject.INSTANCE,
        reference.reference_class_mismatch,
        given.references,
        retractable=True,
    ),
    Rule(
        "UID510",
        _E,
        _REGISTRY,
        Subject.INSTANCE,
        reference.reference_parent_mismatch,
        given.references,
        retractable=True,
    ),
    Rule(
        "UID512",
        _W,
        _FILE,
        Subject.CLAIM,
        completeness.derived_without_source,
        somewhere=completeness.demanding,
    ),
    Rule(
        "UID513",
        _W,
        _REGISTRY,
        Subject.INSTANCE,
        keeping.changed_document_keeps_uid,
        given.several_contents,
        preview=True,
    ),
    Rule(
        "UID514",
        _W,
        _REGISTRY,
        Subject.INSTANCE,
        derivation.derived_in_another_study,
        given.references,
        retractable=True,
    ),
    Rule("UID515", _N, _BATCH, Subject.INSTANCE, dangling.reference_outside_export, given.references),
    Rule("UID601", _E, _FILE, Subject.CLAIM, filemeta.media_storage_uid_mismatch, given.incomplete_meta),
    Rule("UID602", _E, _FILE, Subject.CLAIM, filemeta.media_storage_class_mismatch, given.incomplete_meta),
    Rule("UID603", _E, _FILE, Subject.CLAIM, filemeta.unknown_transfer_syntax, given.incomplete_meta),
    Rule("UID604", _W, _FILE, Subject.CLAIM, filemeta.uuid_implementation_class, preview=True),
    Rule(
        "UID605",
        _W,
        _REGISTRY,
        Subject.INSTANCE,
        keeping.coerced_without_original_attributes,
        given.several_places,
        preview=True,
        labels=True,
        retractable=True,
    ),
    Rule("UID606", _W, _BATCH, Subject.CLAIM, filemeta.dicomdir_mismatch, given.listings, preview=True),
    Rule("UID607", _E, _FILE, Subject.CLAIM, filemeta.executable_preamble, given.preamble),
    Rule("UID608", _E, _FILE, Subject.UNREADABLE, filemeta.unreadable_dicom),
    Rule("UID609", _E, _FILE, Subject.UNREADABLE, filemeta.unreadable_index_row),
    Rule("UID701", _E, _REGISTRY, Subject.UNREADABLE, deidentification.mapping_not_one_to_one),
    Rule("UID702", _E, _REGISTRY, Subject.CLAIM, deidentification.original_uid_present, given.named),
    Rule("UID703", _E, _REGISTRY, Subject.CLAIM, deidentification.partly_replaced, given.named),
    Rule("UID704", _E, _REGISTRY, Subject.CLAIM, deidentification.replaced_otherwise, given.named),
)

_BY_CODE = {rule.code: rule for rule in RULES}
if len(_BY_CODE) != len(RULES):
    raise ValueError("a rule code is used twice")


def by_code(code: str) -> Rule:
    """The rule with a code, or with a name. Raises ``BadRequest`` for an unknown one."""
    wanted = code.strip()
    for rule in RULES:
        if wanted.upper() == rule.code or wanted.lower() == rule.name:
            return rule
    meant = f"Did you mean {' or '.join(near)}? " if (near := alike(wanted)) else ""
    raise BadRequest(f"there is no rule {wanted!r}", advice=f"{meant}`uid-registry rule` lists them all.")


_NUMBER = re.compile(r"(?:UID)?[ _-]*(\d)[ .-]*(\d{1,2})", re.IGNORECASE)


def alike(word: str, book: Iterable[Rule] = RULES) -> list[str]:
    """The codes and names that somebody may have meant by a word that is none of them."""
    names = [name for rule in book for name in (rule.code, rule.name)]
    shown = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), shown, n=12, cutoff=0.6)

    def same_places(name: str) -> int:
        return sum(one == other for one, other in zip(word.lower(), name, strict=False))

    found = [shown[name] for name in sorted(near, key=same_places, reverse=True)]
    if number := _NUMBER.fullmatch(word):  # UID51 for UID501: whoever leaves a digit out leaves out the 0
        found.insert(0, f"UID{number[1]}{int(number[2]):02}")
    return [name for name in dict.fromkeys(found) if name in names][:3]


def ask(rules: Iterable[Rule], subjects: Subjects, view: View) -> Iterator[Finding]:
    """What the rules find in the subjects; a finding about a file carries its path."""
    asked = _Asked(subjects, view)
    for rule in rules:
        if rule.somewhere is not None and not asked.somewhere(rule.somewhere):
            continue
        for subject in asked.of(rule):
            for sighting in rule.check(subject, view):
                finding = rule.finding(sighting)
                series = _series_of(finding, subject, view)
                path = subject.path or None if isinstance(subject, ObjectClaim | Unreadable) else None
                yield replace(finding, path=path, series_instance_uid=series)


class _Asked:
    """About which subjects each rule is asked: those that have what it speaks of."""

    def __init__(self, subjects: Subjects, view: View) -> None:
        self._subjects, self._view = subjects, view
        self._all: dict[Subject, Sequence[Any]] = {}
        self._having: dict[tuple[Subject, given.Given], Sequence[Any]] = {}
        self.somewhere = cache(lambda there: there(subjects, view))

    def of(self, rule: Rule) -> Sequence[Any]:
        return self._those(rule.subject, rule.given)

    def _those(self, sort: Subject, has: given.Given | None) -> Sequence[Any]:
        if sort not in self._all:
            self._all[sort] = self._subjects.of(sort)
        if has is None:
            return self._all[sort]
        if (sort, has) not in self._having:
            some = self._those(sort, given.AMONG.get(has))
            self._having[sort, has] = [
                one for one, it in zip(some, self._known(sort, some), strict=True) if has(it)
            ]
        return self._having[sort, has]

    def _known(self, sort: Subject, everyone: Sequence[Any]) -> Iterable[Any]:
        """What ``rules.given`` looks at."""
        match sort:
            case Subject.INSTANCE:
                instances = self._view.instances
                return [instances[uid] for uid in everyone]
            case Subject.UID:
                kinds = self._view.kinds
                return [kinds.get(uid, frozenset()) for uid in everyone]
            case _:
                return everyone


def _series_of(finding: Finding, subject: Any, view: View) -> str | None:
    """The series of the object that a finding is about, where it is about one."""
    if finding.kind is Kind.SERIES:
        return finding.uid
    if finding.kind not in (Kind.INSTANCE, None):
        return None
    if isinstance(subject, ObjectClaim):
        return subject.place[1]
    known = view.instances.get(finding.uid or "")
    return min(known.series, default=None) if known else None
