"""What somebody may have meant: words, and UIDs that differ in a character or were cut off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry.errors import BadRequest, BadRoot, UnknownUid
from registry.roots import Policy, Root, Roots
from registry.rules import by_code
from registry.services.history import history
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import tree
from registry.services.showing import show
from registry.suggestion import alike, meant
from tests.conftest import Cli, Registries

IMAGE = "1.2.826.0.99.1.1.1"  # of tests.objects.ct_slices, in the filled registry


def test_the_most_alike_comes_first_and_case_does_not_matter() -> None:
    assert alike("sereis", ["study", "series", "instance"]) == ["series"]
    assert alike("seg", ["SR", "SEG"]) == ["SEG"]
    assert meant("sereis", ["series"]) == "Did you mean series? "
    assert meant("xyzzy", ["series"]) == ""


@pytest.mark.parametrize(
    ("wrong", "code"), [("UID51", "UID501"), ("uid 501", "UID501"), ("501", "UID501"), ("UID-5.3", "UID503")]
)
def test_a_code_without_its_zero_is_the_first_that_is_offered(wrong: str, code: str) -> None:
    with pytest.raises(BadRequest) as error:
        by_code(wrong)
    assert error.value.advice.startswith(f"Did you mean {code}")


def test_a_root_one_digit_off_is_offered() -> None:
    roots = Roots([Root("1.3.6.1.4.1.32473.1", Policy.PRODUCTION)])
    error = roots.unknown("1.3.6.1.4.1.32473.2")
    assert isinstance(error, BadRoot)
    assert "Did you mean 1.3.6.1.4.1.32473.1?" in error.advice


@pytest.fixture
def known(registries: Registries) -> Iterator[OpenRegistry]:
    with opened(registries.shared("filled"), read_only=True) as registry:
        yield registry


@pytest.mark.parametrize(
    "wrong",
    [
        "1.2.826.0.99.1.1.3",  # another digit
        "1.2.826.0.99.1.1.11",  # one more
        "1.2.826.0.9.1.1.1",  # one less
        "1.2.862.0.99.1.1.1",  # neighbours changed
        "1.2.826.0.99.1.1.1.7.8",  # too much of it
    ],
)
def test_a_uid_nearly_right_is_offered(known: OpenRegistry, wrong: str) -> None:
    for ask in (show, history, tree):
        with pytest.raises(UnknownUid) as error:
            ask(known, wrong)
        assert IMAGE in error.value.advice


def test_what_was_cut_off_is_offered_whole(known: OpenRegistry) -> None:
    with pytest.raises(UnknownUid) as error:
        show(known, "1.2.826.0.99")
    assert error.value.advice.startswith("Did you mean 1.2.826.0.99.1")


def test_of_what_is_like_nothing_nothing_is_offered(known: OpenRegistry) -> None:
    with pytest.raises(UnknownUid) as error:
        show(known, "1.9.8.7.6.5.4.3")
    assert error.value.advice == UnknownUid.advice


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("arguments", "offered"),
    [
        (["lst"], "list"),
        (["findings", "lst"], "list"),
        (["check", "--fail-onn", "error", "x"], "--fail-on"),
        (["issue", "stdy"], "study"),
        (["issue", "series", "--modality", "SGE"], "SEG"),
        (["list", "--state", "isued"], "issued"),
        (["list", "--finding", "derived-in-sorce-series"], "derived-in-source-series"),
        (["stats", "--per", "mnth"], "month"),
        (["check", "--fail-on", "eror", "x"], "error"),
        (["audit", "log", "--event", "uid:isue"], "uid:issue"),
        (["root", "add", "1.2.3.4", "--policy", "producton"], "production"),
    ],
)
def test_a_command_offers_what_may_have_been_meant(cli: Cli, arguments: list[str], offered: str) -> None:
    result = cli(*arguments)
    assert result.code == 2
    assert offered in result.err
