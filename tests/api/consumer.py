"""How a program that is checked with `mypy --strict` uses the package; the gate checks it too (pyproject)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import UID

from registry import Derived, Finding, FindingsError, Registry, RegistryError, Report, Severity


class Maker(Dataset):
    """An object maker with the arguments that highdicom's have."""

    def __init__(
        self,
        source_images: Sequence[Dataset],
        series_instance_uid: str,
        sop_instance_uid: str,
        series_number: int,
        **more: str,
    ) -> None:
        super().__init__()
        self.StudyInstanceUID = source_images[0].StudyInstanceUID
        self.SeriesInstanceUID, self.SOPInstanceUID = series_instance_uid, sop_instance_uid


def use(registry: Registry, source_images: Sequence[Dataset], folder: Path) -> list[str]:
    """All that a pipeline does; the UIDs of what it has made."""
    uids: Derived = registry.derive(source_images, modality="OT")
    made = Maker(source_images, series_number=3, **uids)
    several = registry.derive([*source_images, folder, "1.2.3.4"], modality="OT", n_instances=2)
    each: list[str] = [one["sop_instance_uid"] for one in several.instances]
    parts = [Maker(source_images, series_number=4, **one) for one in several.instances]
    fresh: UID = registry.generate_uid(entropy_srcs=["a"])
    generate = registry.uid_generator("instance", series_instance_uid=uids.series_instance_uid)
    with registry.patch_pydicom():
        another: UID = generate()
    try:
        report: Report = registry.check([made, *parts])
        report.raise_for_findings("error")
    except FindingsError as error:
        findings: Sequence[Finding] = error.findings
        assert all(finding.severity is Severity.ERROR for finding in findings)
    except RegistryError as error:
        raise AssertionError(error.message, error.advice) from error
    kinds = [listed.kind.label for listed in registry.list(study_instance_uid=uids.study_instance_uid)]
    assert "series" in kinds
    return [uids.sop_instance_uid, *each, fresh, another]
