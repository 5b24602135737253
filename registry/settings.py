"""What a run is configured with: flag > environment > project TOML > user TOML > default.

The project's file is ``uid-registry.toml`` in the working folder or the nearest
folder above it; the user's is ``config.toml`` in the user's configuration folder.
"""

from __future__ import annotations

import getpass
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from registry.checksettings import CheckSettings, gathered, require_shape
from registry.epochs import CLINICAL
from registry.errors import ActorNeeded, BadSetting
from registry.limits import LEAST_MEMORY, Limits, parse_jobs, parse_seconds, parse_size

APPLICATION = "uid-registry"
PROJECT_FILE = "uid-registry.toml"
FORMATS = ("table", "json", "ndjson", "csv")
CHECK_FORMATS = (*FORMATS, "sarif", "junit", "github")
"""What `check` speaks: also what other tools show findings from."""
EXPORT_FORMATS = ("ndjson", "csv", "dicom", "fhir")
"""What `audit export` speaks: what other systems read a trail from."""
PATHS = ("full", "name", "hash", "none")
"""How a report names files: a path may hold a patient's name."""

VARIABLES = {
    "database": "UID_REGISTRY_DATABASE",
    "actor": "UID_REGISTRY_ACTOR",
    "format": "UID_REGISTRY_FORMAT",
    "paths": "UID_REGISTRY_PATHS",
    "key_file": "UID_REGISTRY_KEY_FILE",
    "signing_key_file": "UID_REGISTRY_SIGNING_KEY_FILE",
    "seen": "UID_REGISTRY_SEEN",
    "context": "UID_REGISTRY_CONTEXT",
    "file_limit": "UID_REGISTRY_FILE_LIMIT",
    "memory_limit": "UID_REGISTRY_MEMORY_LIMIT",
    "time_limit": "UID_REGISTRY_TIME_LIMIT",
    "jobs": "UID_REGISTRY_JOBS",
}
_STRINGS = (
    *("database", "actor", "format", "key_file", "signing_key_file", "seen", "origin", "context"),
    "paths",
)
_LIMITS = {"file_limit": "file_size", "memory_limit": "memory", "time_limit": "seconds"}
_NUMBERS = (*_LIMITS, "jobs")
_LEAST = {"file_limit": 1, "memory_limit": LEAST_MEMORY}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run; ``sources`` tells where each came from.

    Its ``repr`` leaves the database out: there may be a password in its URL.
    """

    database: str = field(repr=False)
    actor: str | None = None  # None: the operating system's user
    format: str = "table"
    key_file: str | None = None
    signing_key_file: str | None = None  # None: beside the key
    seen: str | None = None  # the folder of the heads last seen; None: the user's; "none": not kept
    origin: str | None = None  # the registry that the project is pinned to
    modalities: tuple[str, ...] = ()  # private terms that `issue` accepts besides the standard's
    paths: str = "full"
    context: str = CLINICAL  # within which contents and patients are compared
    limits: Limits = field(default_factory=Limits)  # what reading one file may take
    jobs: int | None = None  # processes that read; None: one for each processor
    check: CheckSettings = field(default_factory=CheckSettings)
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def who(self) -> str:
        """The actor for the audit trail: as given, else the operating system's user."""
        return (self.actor or "").strip() or _system_user() or "unknown"

    def within(self, context: str | None) -> str | None:
        """The context that is asked for, or set; None: the clinical one. Raises ``BadSetting``."""
        name = parse_context(context or self.context)
        return None if name == CLINICAL else name

    def named_actor(self) -> str:
        """The actor of an act that needs a name.

        Raises ``ActorNeeded`` where none was given and the system's user says
        nothing about a person: root, or nobody known.
        """
        given = (self.actor or "").strip()
        user = given or _system_user()
        if not user or (not given and (user == "root" or self.actor is not None)):
            raise ActorNeeded(
                f"this act needs the name of who does it; the system only says {user or 'nothing'!r}"
            )
        return user


def load_settings(
    flags: Mapping[str, str | None],
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    *,
    formats: Sequence[str] = FORMATS,
) -> Settings:
    """The settings of a run; ``flags`` are the command line's, None where not given,
    ``formats`` those that the command speaks.

    Raises ``BadSetting`` naming the file, variable or flag that is wrong.
    """
    environment = os.environ if environment is None else environment
    layers: list[tuple[str, Mapping[str, object]]] = [
        ("command line", {name: value for name, value in flags.items() if value is not None}),
        ("environment", {name: environment[key] for name, key in VARIABLES.items() if environment.get(key)}),
    ]
    files = (_project_file(folder or Path.cwd()), _user_file())
    read = [(str(file), _read(file)) for file in files if file is not None and file.is_file()]
    tables: list[tuple[str, Any]] = [(name, table.pop("check")) for name, table in read if "check" in table]
    layers += read
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    for source, layer in layers:
        for name, value in layer.items():
            if name not in values:
                values[name], sources[name] = value, source
    modalities = values.pop("modalities", ())
    strings = {name: str(values[name]) for name in _STRINGS if name in values}
    strings.setdefault("database", default_database())
    _require_one_of("format", formats, strings, sources)
    _require_one_of("paths", PATHS, strings, sources)
    if "context" in strings:
        parse_context(strings["context"], _named("context", sources["context"]))
    numbers = {name: _number(name, str(values[name]), sources[name]) for name in _NUMBERS if name in values}
    limits = {field: numbers[name] for name, field in _LIMITS.items() if name in numbers}
    check, check_sources = gathered(tables)
    return Settings(
        **strings,
        modalities=tuple(modalities),  # type: ignore[arg-type]
        limits=Limits(**limits),
        jobs=numbers.get("jobs"),
        check=check,
        sources=sources | check_sources,
    )


def _require_one_of(
    name: str, known: Sequence[str], values: Mapping[str, str], sources: Mapping[str, str]
) -> None:
    if name not in values or values[name] in known:
        return
    wanted = values[name]
    is_none = f"{wanted!r} (from {_named(name, sources[name])}) is no {_NOUNS[name]}"
    also = ""
    if name == "format" and wanted in (*CHECK_FORMATS, *EXPORT_FORMATS):
        is_none += " of this command"
        speaker = "check" if wanted in CHECK_FORMATS else "audit export"
        also = f" `uid-registry {speaker}` speaks {wanted} too."
    raise BadSetting(is_none, advice=f"One of {', '.join(known)}.{also}")


_NOUNS = {"format": "format", "paths": "way to name files", "jobs": "number of processes"}


def parse_context(text: str, where: str = "--context") -> str:
    """The name of a context. Raises ``BadSetting``."""
    if not _CONTEXT.fullmatch(text):
        raise BadSetting(
            f"{text!r} (from {where}) is no name of a context",
            advice="Small letters, digits and dashes, 32 at most, e.g. research.",
        )
    return text


_CONTEXT = re.compile(r"[a-z0-9-]{1,32}")


def _number(name: str, value: str, source: str) -> int:
    try:
        if name == "jobs":
            return parse_jobs(value)
        return parse_seconds(value) if name == "time_limit" else parse_size(value, _LEAST[name])
    except ValueError as error:
        noun = _NOUNS.get(name, name.replace("_", " "))
        raise BadSetting(
            f"{value!r} (from {_named(name, source)}) is no {noun}", advice=f"Give {error}."
        ) from error


def _named(setting: str, source: str) -> str:
    """What a person has to mend: the flag, the variable or the file."""
    return {"command line": f"--{setting.replace('_', '-')}", "environment": VARIABLES.get(setting)}.get(
        source
    ) or source


def default_database() -> str:
    """The URL of the embedded database in the user's data folder."""
    return f"sqlite:///{Path(platformdirs.user_data_dir(APPLICATION)) / 'registry.db'}"


def _project_file(folder: Path) -> Path | None:
    return next(
        (place / PROJECT_FILE for place in (folder, *folder.parents) if (place / PROJECT_FILE).is_file()),
        None,
    )


def _user_file() -> Path:
    return Path(platformdirs.user_config_dir(APPLICATION)) / "config.toml"


def _read(file: Path) -> dict[str, object]:
    """One TOML file's settings, checked. A setting that nobody knows is a mistake."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadSetting(f"{file} can't be read: {error}") from error
    except RecursionError:
        raise BadSetting(f"{file} can't be read: its values are nested too deeply") from None
    for name, value in values.items():
        if name == "modalities":
            if not (isinstance(value, list) and all(isinstance(item, str) for item in value)):
                raise BadSetting(f"`modalities` in {file} must be a list of strings")
        elif name in _NUMBERS:
            if isinstance(value, bool) or not isinstance(value, str | int):
                raise BadSetting(f"`{name}` in {file} must be a number or a string")
        elif name == "check":
            require_shape(value, str(file))
        elif name not in _STRINGS:
            known = ", ".join((*_STRINGS, "modalities", *_NUMBERS, "check"))
            raise BadSetting(f"{file} sets `{name}`, which is no setting", advice=f"Known are {known}.")
        elif not isinstance(value, str):
            raise BadSetting(f"`{name}` in {file} must be a string")
    return values


def _system_user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return None
