"""The command line: parse, one service call, render.

Start-up imports nothing heavy: not the parser of options where nothing is to be parsed, no
command but the one that is asked for, no service before it runs.
"""

from __future__ import annotations

import gc
import os
import sys

from registry.version import __version__


def main() -> None:
    """Run the command line."""
    # What is imported stays: there is no point in looking for cycles in it (registry/cli/options.py).
    gc.set_threshold(1_000_000)
    if sys.argv[1:] == ["--version"]:
        from registry.cli.streams import told

        told(f"uid-registry {__version__}")
        return
    if "_UID_REGISTRY_COMPLETE" in os.environ:
        from registry.cli.completing import complete

        complete()
        return
    from registry.cli.running import run

    run()
