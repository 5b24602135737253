"""The DICOM UID registry: one ledger for every UID that an organisation issues or sees.

>>> from registry import Registry
>>> with Registry.open("registry.db", actor="ann") as registry:  # doctest: +SKIP
...     uids = registry.derive(slices, modality="SEG")

What is named here is public, and so are the errors in ``registry.errors``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.version import __version__

if TYPE_CHECKING:
    from registry.api import Registry
    from registry.derived import Derived
    from registry.errors import FindingsError, Refused, RegistryError
    from registry.records import Finding, Kind, Severity
    from registry.services.issuing import Issued
    from registry.services.reports import Report
    from registry.services.showing import Shown

__all__ = [
    "Derived",
    "Finding",
    "FindingsError",
    "Issued",
    "Kind",
    "Refused",
    "Registry",
    "RegistryError",
    "Report",
    "Severity",
    "Shown",
    "__version__",
]

_HOMES = {
    "Derived": "registry.derived",
    "Finding": "registry.records",
    "FindingsError": "registry.errors",
    "Issued": "registry.services.issuing",
    "Kind": "registry.records",
    "Refused": "registry.errors",
    "Registry": "registry.api",
    "RegistryError": "registry.errors",
    "Report": "registry.services.reports",
    "Severity": "registry.records",
    "Shown": "registry.services.showing",
}


def __getattr__(name: str) -> object:
    # Imported when it is used: `uid-registry --version` needs no database.
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
