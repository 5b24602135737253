"""A policy counts for whatever reads objects: files, data of an index, the Python library."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from registry import Registry
from registry.checksettings import CheckSettings, Override, Selection
from registry.errors import BadSetting
from registry.records import IndexRow, Severity
from registry.services.indexing import register_rows
from registry.services.opening import OpenRegistry
from registry.services.querying import kept_findings
from registry.settings import Settings
from tests.objects import CT_CLASS, save, tiny

EXAMPLE = IndexRow("2.999.1.1.1", CT_CLASS, "2.999.1.1", "2.999.1", "CT")


def with_policy(registry: OpenRegistry, check: CheckSettings) -> OpenRegistry:
    return replace(registry, settings=replace(registry.settings, check=check))


def test_the_rows_of_an_index_are_asked_about_as_the_policy_says(registry: OpenRegistry) -> None:
    ignoring = with_policy(registry, CheckSettings((Selection("project", ignore=("UID202",)),)))
    assert register_rows(ignoring, [EXAMPLE]).findings == []
    assert kept_findings(registry) == []
    milder = with_policy(
        registry, CheckSettings(overrides=(Override("project", ("UID202",), Severity.NOTE, modality="CT"),))
    )
    report = register_rows(milder, [EXAMPLE])
    assert {finding.severity for finding in report.findings} == {Severity.NOTE}
    assert report.worst() is Severity.NOTE
    assert {finding.severity for finding in kept_findings(registry)} == {Severity.ERROR}


def test_the_library_follows_the_projects_file(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(save(tiny("2.999.1.1.1", "2.999.1.1", "2.999.1"), tmp_path / "1.dcm"))
    project = tmp_path / "uid-registry.toml"
    monkeypatch.chdir(tmp_path)
    if settings.key_file:
        monkeypatch.setenv("UID_REGISTRY_KEY_FILE", settings.key_file)
    with Registry.open(settings.database, actor="tester") as registry:
        assert {finding.code for finding in registry.check([file]).findings} == {"UID202"}
    # A format that the command line's `check` alone speaks is no matter of the library's.
    project.write_text('format = "sarif"\n[check]\nignore = ["UID2"]')
    with Registry.open(settings.database, actor="tester") as registry:
        assert registry.check([file]).findings == []
    project.write_text('[check]\nignore = ["UID2O2"]')
    with Registry.open(settings.database, actor="tester") as registry, pytest.raises(BadSetting):
        registry.check([file])
