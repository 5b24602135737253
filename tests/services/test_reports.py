"""What a report adds to findings: where to look."""

from __future__ import annotations

from pathlib import Path

from registry.services.checking import check
from registry.services.opening import OpenRegistry
from tests.objects import save_all, tiny


def test_a_patient_that_nobody_names_has_a_file_to_look_into(registry: OpenRegistry, tmp_path: Path) -> None:
    """The finding's subject is a pseudonym: without a path nobody would know whose it is."""
    two = [tiny(f"1.2.4.1.{n}", "1.2.4.1", "1.2.4", PatientSex=sex) for n, sex in enumerate("FM", 1)]
    paths = save_all(two, tmp_path / "two")
    (found,) = (one for one in check(registry, [str(tmp_path / "two")]).findings if one.code == "UID407")
    assert found.path == str(paths[0])
    assert found.series_instance_uid is None
