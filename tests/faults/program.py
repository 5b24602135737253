"""`uid-registry` with some of its constants changed: time-outs that a test can wait for.

usage: python -m tests.faults.program '{"module.NAME": value}' ARGUMENT...
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from typing import Any

HURRIED = {
    "registry.store.sqlite.PRAGMAS.busy_timeout": 500,
    "registry.store.postgresql.LOCK_SECONDS": 0.5,
    "registry.store.retrying._SECONDS": 1.0,
}
"""Time-outs of a second at most in place of half a minute."""


def change(constants: Mapping[str, Any]) -> None:
    """Set constants, named by their module, and values in those that are dictionaries."""
    for path, value in constants.items():
        owner, _, name = path.rpartition(".")
        try:
            setattr(importlib.import_module(owner), name, value)
        except ModuleNotFoundError:
            module, _, dictionary = owner.rpartition(".")
            getattr(importlib.import_module(module), dictionary)[name] = value


def main() -> None:
    from registry.cli import main as program

    change(json.loads(sys.argv.pop(1)))
    program()


if __name__ == "__main__":
    main()
