"""What `[check]` says in a configuration file: which rules are asked, how grave what they find is.

Only the shape is looked at here; which rules there are, ``registry.rules.policy`` knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from registry.errors import BadSetting
from registry.records import Severity
from registry.uid import flaws

COMMAND_LINE = "command line"
SEVERITIES = {severity.label: severity for severity in Severity}
FAIL_ON = (*SEVERITIES, "never")

_LISTS = ("select", "ignore", "external", "shared_frames")
_KNOWN = (*_LISTS, "fail_on", "severity", "override")
_OF_OVERRIDE = ("rules", "severity", "root", "modality")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rules one place selects and ignores: codes, names, families such as UID4, or ALL."""

    place: str  # the file, or the command line
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Override:
    """Another severity for what some rules find, perhaps only below a root or for a modality."""

    place: str
    rules: tuple[str, ...]
    severity: Severity
    root: str | None = None
    modality: str | None = None


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """All places together; in tuples of places the nearest comes first."""

    selections: tuple[Selection, ...] = ()
    overrides: tuple[Override, ...] = ()
    external: tuple[str, ...] = ()  # UIDs and arcs of others that references may lead to
    shared_frames: tuple[str, ...] = ()  # frames of reference that are shared on purpose
    fail_on: str | None = None  # None: as the command has it

    def asked(self, select: Iterable[str], ignore: Iterable[str]) -> CheckSettings:
        """The same with what the command line selects and ignores, which decides before all else."""
        first = Selection(COMMAND_LINE, tuple(select), tuple(ignore))
        if not first.select and not first.ignore:
            return self
        return replace(self, selections=(first, *self.selections))

    def canonical(self, **asked: object) -> dict[str, object]:
        """What decides about findings, as the trail keeps it, and what else was ``asked`` for.

        Places count by their order alone: where a file lies is nobody's business.
        """
        body: dict[str, object] = {name: value for name, value in asked.items() if value is not None}
        if selections := [
            {"select": sorted(set(each.select)), "ignore": sorted(set(each.ignore))}
            for each in self.selections
        ]:
            body["selections"] = selections
        if self.overrides:
            places = dict.fromkeys(override.place for override in self.overrides)
            body["severities"] = [
                sorted((_said(each) for each in self.overrides if each.place == place), key=repr)
                for place in places
            ]
        for name in ("external", "shared_frames"):
            if values := getattr(self, name):
                body[name] = sorted(set(values))
        return body


def _said(override: Override) -> dict[str, object]:
    said = {
        "rules": sorted(set(override.rules)),
        "severity": override.severity.label,
        "root": override.root,
        "modality": override.modality,
    }
    return {name: value for name, value in said.items() if value is not None}


def gathered(tables: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[CheckSettings, dict[str, str]]:
    """The ``[check]`` tables of some files, the nearest first, as one; and where each setting came from.

    Selections and severities of all files count, the nearest first; of the other
    settings the nearest file that has one decides.
    """
    selections: list[Selection] = []
    overrides: list[Override] = []
    single: dict[str, Any] = {}
    sources: dict[str, list[str]] = {}
    for file, table in tables:
        if "select" in table or "ignore" in table:
            chosen = (tuple(table.get(name, ())) for name in ("select", "ignore"))
            selections.append(Selection(file, *chosen))
        overrides += _overrides(file, table)
        for name, value in table.items():
            if name in ("external", "shared_frames", "fail_on"):
                if name in single:
                    continue
                single[name] = tuple(value) if isinstance(value, list) else value
            sources.setdefault(f"check.{name}", []).append(file)
    settings = CheckSettings(tuple(selections), tuple(overrides), **single)
    return settings, {name: ", ".join(files) for name, files in sources.items()}


def _overrides(file: str, table: Mapping[str, Any]) -> Iterable[Override]:
    for rule, severity in table.get("severity", {}).items():
        yield Override(file, (rule,), SEVERITIES[severity])
    for item in table.get("override", ()):
        severity = SEVERITIES[item["severity"]]
        yield Override(file, tuple(item["rules"]), severity, item.get("root"), item.get("modality"))


def require_shape(table: object, file: str) -> None:
    """Raise ``BadSetting`` where a ``[check]`` table isn't what it must be."""
    if not isinstance(table, dict):
        raise BadSetting(f"`check` in {file} must be a table", advice="Write [check] above its settings.")
    for name, value in table.items():
        if name not in _KNOWN:
            raise BadSetting(
                f"{file} sets `check.{name}`, which is no setting", advice=f"Known are {', '.join(_KNOWN)}."
            )
        _require_value(name, value, file)


def _require_value(name: str, value: object, file: str) -> None:
    if name in _LISTS:
        _require_list(f"check.{name}", value, file)
        if name in ("external", "shared_frames"):
            _require_uids(name, value, file)  # type: ignore[arg-type]
    elif name == "fail_on":
        if value not in FAIL_ON:
            raise BadSetting(
                f"{value!r} (`check.fail_on` in {file}) is unknown", advice=f"One of {', '.join(FAIL_ON)}."
            )
    elif name == "severity":
        if not isinstance(value, dict):
            raise BadSetting(f"`check.severity` in {file} must be a table", advice='E.g. UID204 = "error".')
        for rule, severity in value.items():
            _require_severity(f"check.severity.{rule}", severity, file)
    else:
        _require_overrides(value, file)


def _require_list(name: str, value: object, file: str) -> None:
    if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
        raise BadSetting(f"`{name}` in {file} must be a list of strings")


def _require_uids(name: str, value: list[str], file: str) -> None:
    for uid in value:
        if flaws(uid):
            raise BadSetting(f"`check.{name}` in {file} holds {uid!r}, which is no UID")


def _require_severity(name: str, value: object, file: str) -> None:
    if not isinstance(value, str) or value not in SEVERITIES:
        raise BadSetting(
            f"{value!r} (`{name}` in {file}) is no severity",
            advice=f"One of {', '.join(SEVERITIES)}; a rule that shall say nothing goes into `ignore`.",
        )


def _require_overrides(value: object, file: str) -> None:
    example = '[[check.override]] with rules = ["UID501"], modality = "MG", severity = "note"'
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise BadSetting(f"`check.override` in {file} must be a list of tables", advice=f"E.g. {example}.")
    for item in value:
        for name in item:
            if name not in _OF_OVERRIDE:
                raise BadSetting(
                    f"{file} sets `check.override.{name}`, which is no setting",
                    advice=f"Known are {', '.join(_OF_OVERRIDE)}.",
                )
        if not item.get("rules") or "severity" not in item:
            raise BadSetting(
                f"a `check.override` in {file} needs `rules` and `severity`", advice=f"E.g. {example}."
            )
        _require_list("check.override.rules", item["rules"], file)
        _require_severity("check.override.severity", item["severity"], file)
        for name in ("root", "modality"):
            if not isinstance(item.get(name, ""), str):
                raise BadSetting(f"`check.override.{name}` in {file} must be a string")
        if "root" in item:
            _require_uids("override.root", [item["root"]], file)
