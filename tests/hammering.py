"""Somebody who writes without a pause, while a test does something else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from registry.records import Kind
from registry.services.issuing import issue
from registry.services.opening import opened
from registry.services.requests import IssueRequest
from registry.settings import Settings


@contextmanager
def writing(settings: Settings) -> Iterator[list[str]]:
    """Somebody issues as fast as it goes; what was acknowledged."""
    stop, acknowledged = threading.Event(), list[str]()

    failed: list[Exception] = []

    def hammer() -> None:
        try:
            with opened(settings) as registry:
                while not stop.is_set():
                    acknowledged.extend(issue(registry, IssueRequest(Kind.STUDY, count=20)).uids)
        except Exception as error:  # noqa: BLE001 (the test is told)
            failed.append(error)

    thread = threading.Thread(target=hammer)
    thread.start()
    try:
        while len(acknowledged) < 100 and not failed:
            thread.join(0.01)
        yield acknowledged
    finally:
        stop.set()
        thread.join()
        assert failed == []
