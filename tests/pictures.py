"""What the pages of `report` are looked at with: a study of real objects, and a registry's year.

``python -m tests.pictures`` (scripts/pictures) makes docs/report-*.png of them in a headless Chromium.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from PIL import Image

from registry.cli import main
from registry.records import Kind
from registry.roots import Policy, Root
from registry.services.acknowledging import acknowledge
from registry.services.checkpointing import checkpoint
from registry.services.initializing import init
from registry.services.issuing import derive, issue
from registry.services.opening import opened
from registry.services.registering import register
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.rooting import add_root
from registry.settings import Settings
from registry.store.act import Act
from registry.store.findings import Which
from tests.objects import DERIVED, ROOT, SR_CLASS, bundled, ct_slices, save, save_all, segmentation, tiny

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

STUDY = "1.2.826.0.99.27182818284590452353"
RIGHT = {"SEG": "20", "PM": "21", "SR": "22", "KO": "23", "PR": "24"}
"""The last arcs of the series of what is derived as it should be."""


def objects(folder: Path) -> Path:
    """A CT series, what highdicom derives from it, and a segmentation that took over its source's series."""
    slices = ct_slices(6, study=STUDY)
    save_all(slices, folder / "ct")
    made = {name: DERIVED[name](slices, f"{STUDY}.{arc}", f"{STUDY}.{arc}.1") for name, arc in RIGHT.items()}
    made["second"] = tiny(
        f"{STUDY}.25.1", f"{STUDY}.25", STUDY, sop_class=SR_CLASS, modality="SR", sources=(made["SEG"],)
    )
    for name, data_set in made.items():
        save(data_set, folder / f"{name}.dcm")
    save(segmentation(slices, slices[0].SeriesInstanceUID, f"{STUDY}.20.2"), folder / "wrong.dcm")
    return folder


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """All acts in here are done at this moment, as the trail tells it."""
    begin = Act.__enter__

    def then(self: Act) -> Act:
        begin(self)
        self.now = moment
        return self

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Act, "__enter__", then)
        yield


LAST = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
"""When the year of the pictures ends."""

WHO = (("seg-pipeline", ROOT, 40), ("ann", ROOT, 22), ("bob", ROOT, 9), ("trial-import", f"{ROOT}.7", 30))
"""Who issues under which root, and how much."""


def year(settings: Settings, *, most: int = 10) -> None:
    """A registry's first twelve months, the same each time, of a pipeline, two people and a trial."""
    chance = Random(1)
    with at(LAST - timedelta(days=365)):
        init(settings, root=ROOT, organization="Example Hospital")
        with opened(settings) as registry:
            add_root(registry, Root(f"{ROOT}.7", Policy.RESEARCH, "Example Trial"))
    for month in range(12):
        with at(LAST - timedelta(days=30 * (11 - month))):
            for actor, root, share in WHO:
                count = chance.randrange(share * most // 2, share * most)
                if root == ROOT or month > 4:
                    with opened(replace(settings, actor=actor)) as registry:
                        issue(registry, IssueRequest(Kind.STUDY, count=count, root=root))


def study(settings: Settings, folder: Path) -> None:
    """Register the study, and issue what is to be derived next."""
    with opened(settings) as registry:
        register(registry, [str(objects(folder))])
        derive(registry, DeriveRequest((f"{STUDY}.1",), "SEG", root=ROOT))


def shot(page: Path, picture: Path, width: int, height: int, *, dark: bool = False) -> str:
    """A page as a browser shows it, and what the browser had to say."""
    scheme = ["--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(
        [
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            "--enable-logging=stderr", "--log-level=0", f"--user-data-dir={picture.parent}/profile",
            f"--window-size={width},{height}", f"--screenshot={picture}", *scheme, page.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    return done.stderr


def pictures(folder: Path, to: Path) -> None:
    """Make the pictures of docs/report.md."""
    settings = Settings(f"{folder}/registry.db", actor="ann", seen="none")
    year(settings)
    with at(LAST):
        with opened(settings) as registry:
            register(registry, [str(path) for path in bundled()])
            acknowledge(registry, Which(code="UID410"), "test files of a library")
            checkpoint(registry)
        study(settings, folder / "objects")
    for name, arguments, height in (("study", [STUDY], 1045), ("registry", ["--until", "2026-11-21"], 1400)):
        page = folder / f"{name}.html"
        run("report", *arguments, "-o", page, "--database", settings.database, "--actor", "ann")
        for scheme in ("light", "dark"):
            picture = to / f"report-{name}-{scheme}.png"
            shot(page, folder / picture.name, 1240, height, dark=scheme == "dark")
            # Few colours: a third of the bytes.
            image = Image.open(folder / picture.name).convert("RGB").quantize(128)
            image.save(picture, optimize=True)


def run(*arguments: object) -> None:
    """Run a command in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["uid-registry", *map(str, arguments)])
        patch.setenv("UID_REGISTRY_SEEN", "none")
        with suppress(SystemExit):
            main()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        pictures(Path(made), Path(__file__).parent.parent / "docs")
