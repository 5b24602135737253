"""The recipes of docs/ci.md: each is run, as the service that it is for would."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import parse

import pytest
import yaml
from pre_commit.clientlib import load_config, load_manifest

from tests.objects import ct_slices, save, save_all, segmentation, tiny

HOME = Path(__file__).parent.parent
HOOKS = HOME / ".pre-commit-hooks.yaml"
RECIPES = re.findall(r"^```yaml\n(.*?)^```$", (HOME / "docs" / "ci.md").read_text(), re.MULTILINE | re.DOTALL)


def recipes(key: str) -> list[Any]:
    return [found for text in RECIPES if key in (found := yaml.safe_load(text))]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository with objects in `data`: a CT series and a segmentation."""
    slices = ct_slices(2)
    save_all(slices, tmp_path / "data")
    save(segmentation(slices, "1.2.826.0.99.1.20", "1.2.826.0.99.1.20.1"), tmp_path / "data" / "seg.dcm")
    return tmp_path


def spoil(place: Path) -> None:
    """Put a segmentation into its source's series."""
    wrong = segmentation(ct_slices(2), "1.2.826.0.99.1.1", "1.2.826.0.99.1.20.2")
    save(wrong, place / "data" / "WRONG.DCM")


def run(place: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PATH": path, "PYTHONPATH": str(HOME), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def git(place: Path, *arguments: str) -> str:
    names = {
        f"GIT_{who}_{what}": "x@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    done = run(
        place, "git", "-c", "init.defaultBranch=main", *arguments, **names, GIT_CONFIG_GLOBAL=os.devnull
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_hook_looks_at_files_that_are_called_like_objects() -> None:
    (hook,) = load_manifest(HOOKS)
    looked_at = re.compile(hook["files"])
    assert all(map(looked_at.search, ("a.dcm", "data/IM1.DCM", "b.dicom", "c.IMA")))
    assert not any(map(looked_at.search, ("a.py", "dcm", "a.dcm.txt")))
    assert hook["require_serial"]


def test_each_configuration_is_one_that_pre_commit_takes(tmp_path: Path) -> None:
    for number, text in enumerate(text for text in RECIPES if "repos:" in text):
        config = tmp_path / f"{number}.yaml"
        config.write_text(text)
        (repository,) = load_config(config)["repos"]
        assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in load_manifest(HOOKS)]


def test_pre_commit_runs_the_hook(place: Path) -> None:
    """From a repository that has the hook, with the program that is installed."""
    (place / "hooks").mkdir()
    (place / "hooks" / HOOKS.name).write_text(HOOKS.read_text())
    for repository in (place, place / "hooks"):
        git(repository, "init", "-q")
    git(place / "hooks", "add", ".")
    git(place / "hooks", "commit", "-qm", "hooks")
    config = recipes("repos")[0]
    (repository,) = config["repos"]
    repository |= {"repo": str(place / "hooks"), "rev": git(place / "hooks", "rev-parse", "HEAD")}
    (hook,) = repository["hooks"]
    hook["language"] = "system"
    (place / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git(place, "add", "data", ".pre-commit-config.yaml")
    settings = {"PRE_COMMIT_HOME": str(place / "cache"), "UID_REGISTRY_DATABASE": "uids.db"}

    def pre_commit() -> subprocess.CompletedProcess[str]:
        return run(place, sys.executable, "-m", "pre_commit", "run", "--all-files", **settings)

    done = pre_commit()
    assert done.returncode == 1
    assert "exit code: 3" in done.stdout
    assert "`uid-registry init` creates one" in done.stdout
    assert run(place, "uid-registry", "init", "--research", **settings).returncode == 0
    done = pre_commit()
    assert done.returncode == 0, done.stdout
    spoil(place)
    git(place, "add", "data")
    done = pre_commit()
    assert (done.returncode, "UID501" in done.stdout) == (1, True), done.stdout


def steps_of_github() -> list[str]:
    ((job,),) = [recipe["jobs"].values() for recipe in recipes("jobs")]
    return [step["run"] for step in job["steps"] if "run" in step]


def script_of_gitlab() -> list[str]:
    (recipe,) = recipes("uids")
    return list(recipe["uids"]["script"])


@pytest.mark.parametrize("steps", [steps_of_github(), script_of_gitlab()], ids=["github", "gitlab"])
def test_the_jobs_pass_and_fail_as_the_objects_are(place: Path, steps: list[str]) -> None:
    install, init, *checks = steps
    assert install == "pip install dicom-uid-registry"

    def job() -> list[int]:
        return [run(place, "sh", "-ec", step, UID_REGISTRY_DATABASE="uids.db").returncode for step in checks]

    assert run(place, "sh", "-ec", init, UID_REGISTRY_DATABASE="uids.db").returncode == 0
    assert not any(job())
    spoil(place)
    assert job()[-1] == 1
    for report in place.glob("uids.sarif"):
        assert "UID501" in {each["ruleId"] for each in json.loads(report.read_text())["runs"][0]["results"]}
    for report in place.glob("uids.xml"):
        assert int(parse(report).getroot().get("failures", 0)) > 0
    assert [*place.glob("uids.sarif"), *place.glob("uids.xml")]


def test_the_key_comes_from_a_secret(place: Path) -> None:
    assert run(place, "uid-registry", "init", "--research", "--database", "r.db").returncode == 0
    secret = (place / "r.db.key").read_text().strip()
    (place / "r.db.key").unlink()
    save(tiny(), place / "a.dcm")
    (recipe,) = recipes("steps")
    (step,) = [step["run"] for step in recipe["steps"]]
    runner = {"RUNNER_TEMP": str(place), "GITHUB_ENV": str(place / "env"), "UID_REGISTRY_KEY": secret}
    assert run(place, "sh", "-ec", step, **runner).returncode == 0
    name, _, value = (place / "env").read_text().strip().partition("=")
    assert Path(value).stat().st_mode & 0o77 == 0
    assert run(place, "uid-registry", "check", "--database", "r.db", "a.dcm").returncode == 3
    assert run(place, "uid-registry", "check", "--database", "r.db", "a.dcm", **{name: value}).returncode == 0
