"""A parsed file, and what is made of it for the claim.

A *part* is a function of a data set that makes some of what the claim says. It sees
nothing but the data set that it is given, and constants: that is why what it made of
the file before may stand for this one (recall.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from registry.dicomfile.canonical import Pieces
from registry.dicomfile.digests import data_set_form
from registry.dicomfile.identity import names
from registry.dicomfile.tree import Tree

NAMING_VRS = frozenset({"UI", "SQ"})

Made = TypeVar("Made")

Part = Callable[..., Made]
"""From a data set and constants to something."""


class Parsed:
    """File meta information and data set of one file; everything is made anew."""

    def __init__(self, meta: Tree, tree: Tree) -> None:
        self.meta, self.tree = meta, tree

    def made(self, part: Part[Made], *constants: object) -> Made:
        """What a part makes of the data set."""
        return part(self.tree, *constants)

    def made_of_meta(self, part: Part[Made], *constants: object) -> Made:
        """What a part makes of the file meta information."""
        return part(self.meta, *constants)

    def made_of_names(self, part: Callable[[Tree, Tree], Made]) -> Made:
        """What a part makes of the few elements, of several hundred, that name something: of
        the file meta information, and of the data set."""
        return part(naming(self.meta), naming(self.tree))

    def data_set_form(self) -> Pieces:
        """The canonical form of everything but the bulk content."""
        return data_set_form(self.tree)


def naming(tree: Tree) -> Tree:
    """The elements that name something besides the object itself, or may."""
    return {tag: element for tag, element in tree.items() if element[0] in NAMING_VRS and names(tag, element)}
