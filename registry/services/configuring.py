"""What a run is configured with, told: each setting, its value, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from registry.checksettings import CheckSettings
from registry.errors import BadSetting
from registry.limits import size_text
from registry.settings import VARIABLES, Settings
from registry.store.session import parse_url, shown

DEFAULT = "default"


class Setting(NamedTuple):
    """One setting as it holds."""

    name: str
    value: str | list[str] | None
    origin: str


def configuration(settings: Settings) -> list[Setting]:
    """Every setting. A database URL is told without its password, wherever that stands."""
    values: dict[str, str | list[str] | None] = {
        "database": _database(settings.database),
        "actor": settings.actor,
        "format": settings.format,
        "paths": settings.paths,
        "key_file": settings.key_file,
        "signing_key_file": settings.signing_key_file,
        "seen": settings.seen,
        "origin": settings.origin,
        "modalities": list(settings.modalities),
        "file_limit": size_text(settings.limits.file_size),
        "memory_limit": size_text(settings.limits.memory),
        "time_limit": f"{settings.limits.seconds} seconds",
        "jobs": str(settings.jobs) if settings.jobs else None,
        **dict(_check(settings.check)),
    }
    return [Setting(name, value, _origin(name, settings)) for name, value in values.items()]


def _database(url: str) -> str | None:
    try:
        return shown(parse_url(url))
    except BadSetting:
        return None  # whatever it is, a password may be in it


def _check(check: CheckSettings) -> Iterator[tuple[str, str | list[str] | None]]:
    yield "check.select", [word for selection in check.selections for word in selection.select]
    yield "check.ignore", [word for selection in check.selections for word in selection.ignore]
    yield "check.external", list(check.external)
    yield "check.shared_frames", list(check.shared_frames)
    yield "check.fail_on", check.fail_on
    plain = [each for each in check.overrides if each.root is None and each.modality is None]
    yield "check.severity", [f"{'+'.join(each.rules)}={each.severity.label}" for each in plain]
    yield (
        "check.override",
        [
            f"{'+'.join(each.rules)}={each.severity.label}"
            + (f" under {each.root}" if each.root else "")
            + (f" for {each.modality}" if each.modality else "")
            for each in check.overrides
            if each not in plain
        ],
    )


def _origin(name: str, settings: Settings) -> str:
    """The flag, the variable, the file or files, or that nobody has set it."""
    source = settings.sources.get(name, DEFAULT)
    if source == "environment":
        return VARIABLES[name]
    return f"--{name.replace('_', '-')}" if source == "command line" else source
