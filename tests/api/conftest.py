"""A registry as a Python program has it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry import Registry
from registry.settings import Settings


@pytest.fixture
def ours(settings: Settings) -> Iterator[Registry]:
    """A fresh registry, opened as a program opens one."""
    with Registry(settings) as registry:
        yield registry
