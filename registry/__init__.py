"""The DICOM UID registry: one ledger for every UID that an organisation issues or sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.version import __version__

if TYPE_CHECKING:
    from registry.api import Registry

__all__ = ["Registry", "__version__"]


def __getattr__(name: str) -> object:
    # Imported when it is used: `uid-registry --version` needs no database.
    if name == "Registry":
        from registry.api import Registry

        return Registry
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
