"""The tree that errors.py draws is the tree that programs meet."""

from __future__ import annotations

import inspect
import re

import pytest

from registry import errors
from registry.errors import RegistryError

CLASSES = [
    cls
    for cls in vars(errors).values()
    if inspect.isclass(cls) and issubclass(cls, Exception) and cls.__module__ == errors.__name__
]

EVERY = pytest.mark.parametrize("error", CLASSES, ids=lambda cls: cls.__name__)

_LINE = re.compile(
    r"^ {4}(?P<bars>(?:[| ] {3})*)(?P<branch>[|`]-- )?(?P<name>\w+)(?: +(?P<status>\d) +\S.*)?$"
)


def drawn() -> list[tuple[str, str, int]]:
    """Name, parent and exit status of each class as the module's docstring draws them."""
    tree: list[tuple[str, str, int]] = []
    above: list[tuple[str, int]] = []  # the way down to the line before
    _, drawing = str(errors.__doc__).split("::\n\n", 1)
    for line in drawing.split("\n\n", 1)[0].splitlines():
        match = _LINE.match(line)
        assert match, f"no line of a tree: {line!r}"
        depth = len(match["bars"]) // 4 + bool(match["branch"])
        del above[depth:]
        parent, status = above[-1] if above else ("Exception", 0)
        status = int(match["status"] or status)
        tree.append((match["name"], parent, status))
        above.append((match["name"], status))
    return tree


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    assert drawn() == [(cls.__name__, cls.__base__.__name__, cls.exit_status) for cls in CLASSES]


def test_the_exit_statuses_are_those_of_the_contract() -> None:
    families = {base.__name__: base.exit_status for base in RegistryError.__subclasses__()}
    assert families == {
        "BadRequest": 2,
        "Refused": 1,
        "FindingsError": 1,
        "Unavailable": 3,
        "IntegrityFailure": 5,
    }
    assert RegistryError.exit_status == 4


@EVERY
def test_each_error_says_something_and_what_to_do_next_without_being_told(error: type[RegistryError]) -> None:
    raised = error()
    assert raised.message == inspect.cleandoc(error.__dict__["__doc__"])
    assert re.fullmatch(r"[A-Z][^\n]+\.", raised.message)
    assert re.fullmatch(r"[A-Z`][^\n]+\.", raised.advice)
    assert str(raised) == raised.message


@EVERY
def test_a_message_and_an_advice_of_its_own_come_first(error: type[RegistryError]) -> None:
    raised = error("the disk is full", advice="Make room.")
    assert (raised.message, raised.advice, str(raised)) == (
        "the disk is full",
        "Make room.",
        "the disk is full",
    )
    assert error().advice != "Make room."  # the class keeps its own


@EVERY
def test_the_code_of_an_error_is_the_name_of_its_class(error: type[RegistryError]) -> None:
    assert error().code == error.__name__


def test_only_a_bug_is_to_be_reported() -> None:
    assert [cls for cls in CLASSES if "bug" in cls.advice] == [RegistryError]
