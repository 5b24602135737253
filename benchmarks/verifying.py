"""Verifies one registry in a process of its own, and tells the seconds and the memory that took."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from registry.services.auditing import audit_verify
from registry.services.opening import opened
from registry.settings import Settings


def main() -> None:
    database, key_file = sys.argv[1:]
    with opened(Settings(database, key_file=key_file or None, seen="none"), read_only=True) as registry:
        before = _resident()
        begun, used = time.perf_counter(), time.process_time()
        result = audit_verify(registry, progress=lambda *_: None)
        told = {
            "ok": result.ok,
            "entries": result.size,
            "seconds": round(time.perf_counter() - begun, 2),
            "cpu_seconds": round(time.process_time() - used, 2),
            "max_rss_mb": _resident(),
            "rss_before_mb": before,
        }
    print(json.dumps(told))


def _resident() -> int:
    """The greatest so far, in megabytes. On Linux the usual figure goes on from that of the parent."""
    if (status := Path("/proc/self/status")).exists():
        (most,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(most) / 2**10)
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)


if __name__ == "__main__":
    main()
