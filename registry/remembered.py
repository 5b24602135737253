"""A property that is worked out once: ``functools.cached_property`` without the lock that
it takes on Python 3.11, which costs more than most of what is worked out here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class remembered(Generic[T]):  # noqa: N801 (it stands where ``property`` would)
    """A property whose value is kept in the object's dictionary, and found there from then on."""

    def __init__(self, work: Callable[[Any], T]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, one: Any, owner: type) -> T:
        value = one.__dict__[self._name] = self._work(one)
        return value
