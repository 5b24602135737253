"""The process that copies files for another, confined like those that read them (worker.py)."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO

from registry.dicomfile.confinement import confine, hear, run, say, start_clock, timed
from registry.dicomfile.copytasks import Charge, Look, Looked, Write
from registry.dicomfile.tasks import READY, LookInto
from registry.limits import Limits

if TYPE_CHECKING:
    from registry.dicomfile.copying import Copier


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Do what is asked until the parent closes its end."""
    # Nothing here looks at pixels, and without these pydicom starts in half the time.
    sys.modules.update(dict.fromkeys(("numpy", "PIL", "gdcm")))  # type: ignore[arg-type]
    from registry.dicomfile.copying import Copier

    gc.set_threshold(100_000, 20, 50)
    gc.freeze()
    with suppress(EOFError, BrokenPipeError):
        say(answers, READY)
        charge: Charge = hear(tasks)
        confine(charge.limits)
        copier = Copier(charge.limits)
        while True:
            task: LookInto | Look | Write = hear(tasks)
            with timed(charge.limits):
                answer = _done(task, copier, charge.limits)
            say(answers, answer)


def _done(task: LookInto | Look | Write, copier: Copier, limits: Limits) -> object:
    if isinstance(task, LookInto):
        return copier.look_into(task.path, task.changed)
    if isinstance(task, Write):
        written = []
        for held in copier.held:
            start_clock(limits)
            written.append(copier.write(held, task.replacement, task.folder))
        return written
    looked = Looked([], {})
    copier.held = []
    for source in task.sources:
        start_clock(limits)
        looked.files.append(copier.look(source, looked.uids))
    return looked


if __name__ == "__main__":
    run(serve)
