"""What a rule isn't asked about, it would have said nothing about.

Held in all tests of this folder and, over objects that contradict one another in every
way, here: an autouse fixture asks each rule about every subject too (conftest.py).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from registry.records import ObjectClaim
from registry.rules import RULES, ask
from registry.rules.subjects import Subjects
from registry.services.opening import OpenRegistry
from registry.services.registering import register
from tests.objects import bundled, save
from tests.rules.conftest import asked_about_all
from tests.services.test_order import contradictions


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("batch", [7, 100])
def test_nothing_is_hidden_in_objects_that_contradict_one_another(
    registry: OpenRegistry, tmp_path: Path, batch: int
) -> None:
    paths = [str(save(each, tmp_path / f"{i:02}.dcm")) for i, each in enumerate(contradictions())]
    codes = set[str]()
    for start in range(0, len(paths), batch):
        codes |= {finding.code for finding in register(registry, paths[start : start + batch]).findings}
    assert codes & {rule.code for rule in RULES if rule.given}


def test_nothing_is_hidden_in_any_bundled_file(registry: OpenRegistry) -> None:
    found = register(registry, [str(path) for path in bundled()]).findings
    assert {finding.code for finding in found} & {rule.code for rule in RULES if rule.given}


def test_the_fixture_sees_what_is_hidden() -> None:
    claim = ObjectClaim(None, None, None, None, missing=("SOPInstanceUID",))
    (rule,) = (rule for rule in RULES if rule.code == "UID109")
    seen = list(ask([rule], Subjects([claim]), None))  # type: ignore[arg-type]
    assert seen == asked_about_all([rule], Subjects([claim]), None)  # type: ignore[arg-type]
    assert len(seen) == 1
