"""What programs rely on: it changes with a line in the change log, and not by accident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import registry
from registry import Registry
from registry.errors import BadRequest
from tests.api.consumer import use
from tests.api.public import promised
from tests.objects import ROOT, ct_slices, save, tiny

PROMISED = Path(__file__).with_name("public.txt")


def test_the_public_names_are_the_promised_ones() -> None:
    assert promised() == PROMISED.read_text().splitlines(), (
        "what is public has changed: `python -m tests.api.public > tests/api/public.txt`, and CHANGELOG.md"
    )


def test_each_public_name_is_there_and_nothing_else() -> None:
    assert dir(registry) == registry.__all__ == sorted(registry.__all__)
    for name in registry.__all__:
        assert getattr(registry, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Rgeistry'"):
        registry.Rgeistry  # noqa: B018


def test_types_come_with_the_package() -> None:
    assert (Path(registry.__file__).parent / "py.typed").is_file()


@pytest.mark.engine("sqlite")
def test_the_program_that_is_type_checked_runs(ours: Registry, tmp_path: Path) -> None:
    slices = ct_slices()
    save(slices[0], tmp_path / "a.dcm")
    made = use(ours, slices, tmp_path)
    assert {shown.state for shown in ours.show_all(made)} == {"issued"}


@pytest.mark.engine("sqlite")
def test_what_cant_be_asked_says_so_in_our_words(ours: Registry) -> None:
    wrong: Any = None
    for ask in (
        lambda: ours.remap("1.2.3", scope="TRIAL", kind="nonsense"),
        lambda: ours.remap("1.2.3", scope="TRIAL", method="nonsense"),
        lambda: ours.remap_dataset(wrong, scope="TRIAL"),
        lambda: ours.register([tiny()]),  # type: ignore[list-item]
        lambda: ours.register(tiny()),
    ):
        with pytest.raises(BadRequest):
            ask()
    assert ours.remap("1.2.3", scope="TRIAL", root=f"{ROOT}.").startswith(f"{ROOT}.")
