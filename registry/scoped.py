"""What a scope of replacement says of the UIDs in a batch that claims to be its replacements.

The map itself isn't in here: which original is whose is nobody's business who only checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple


class Expected(NamedTuple):
    """What replaces the series and the study of the instance that a replacement stands for;
    None where they aren't replaced, or nobody knows them."""

    series_instance_uid: str | None
    study_instance_uid: str | None


class Scoped(NamedTuple):
    """A scope, as far as a batch has to do with it."""

    name: str
    originals: AbstractSet[str] = frozenset()  # UIDs of the batch that are replaced within the scope
    replacements: AbstractSet[str] = frozenset()  # those that replace one within it
    elsewhere: AbstractSet[str] = frozenset()  # those that replace one within another scope
    issued: AbstractSet[str] = frozenset()  # those that this registry issued for something new
    expected: Mapping[str, Expected] = {}  # of instances among the replacements
