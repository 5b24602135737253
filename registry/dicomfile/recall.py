"""What was made of one file, to be used for the next that is like it.

Most of what a claim says is the same for all files of a series: the patient, the
fingerprints, what they refer to. A *part* is a function of a data set that makes
some of it. It is handed a data set that notes which elements it is asked for; as long
as these are the same, what the part made is the same, because a part sees nothing
else. So nobody need keep a list of what depends on what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple, TypeVar, cast

from registry.dicomfile.canonical import Pieces, Runs
from registry.dicomfile.digests import NOT_DATA_SET, data_set_form
from registry.dicomfile.identity import names
from registry.dicomfile.tree import Element, Tree

_NAMING_VRS = frozenset({"UI", "SQ"})

_Made = TypeVar("_Made")


class Afresh:
    """Makes everything of every file anew."""

    def made(self, part: Callable[..., _Made], tree: Tree, *constants: object) -> _Made:
        """What a part makes of a data set. It sees nothing else but constants, which are the
        same for all files: keys."""
        return part(tree, *constants)

    def made_of(self, part: Callable[..., _Made], *arguments: object) -> _Made:
        """What a part makes of arguments that are mostly the same, and quick to compare."""
        return part(*arguments)

    def naming(self, meta: Tree, tree: Tree) -> tuple[Tree, Tree]:
        """The few elements of several hundred that name something besides the object itself,
        or may."""
        return _naming(meta), _naming(tree)

    def data_set_form(self, tree: Tree) -> Pieces:
        """The canonical form of everything but the bulk content."""
        return data_set_form(tree)


def _naming(tree: Tree) -> Tree:
    return {
        tag: element for tag, element in tree.items() if element[0] in _NAMING_VRS and names(tag, element)
    }


AFRESH = Afresh()


class Recall(Afresh):
    """Remembers what was made of the file before, for files that differ in some elements alone."""

    def __init__(self, meta: Tree, tree: Tree, varying: AbstractSet[int]) -> None:
        self._varying = varying
        self._made: dict[tuple[object, ...], _Remembered] = {}
        self._made_of: dict[object, tuple[tuple[object, ...], Any]] = {}
        self._names_in_meta, self._names = _Naming(meta, varying), _Naming(tree, varying)
        self._runs = Runs(tree, [tag for tag in sorted(tree) if tag not in NOT_DATA_SET], varying)

    def made(self, part: Callable[..., _Made], tree: Tree, *constants: object) -> _Made:
        known = self._made.get((part, *constants))
        if known is not None and all(tree[tag] == element for tag, element in known.seen):
            return cast(_Made, known.made)
        observed = _Observed(tree)
        made = part(cast(Tree, observed), *constants)
        seen = [(tag, tree[tag]) for tag in observed.asked & self._varying if tag in tree]
        self._made[part, *constants] = _Remembered(seen, made)
        return made

    def made_of(self, part: Callable[..., _Made], *arguments: object) -> _Made:
        known = self._made_of.get(part)
        if known is None or known[0] != arguments:
            self._made_of[part] = known = arguments, part(*arguments)
        return cast(_Made, known[1])

    def naming(self, meta: Tree, tree: Tree) -> tuple[Tree, Tree]:
        return self._names_in_meta.of(meta), self._names.of(tree)

    def data_set_form(self, tree: Tree) -> Pieces:
        return self._runs.form(tree)


class _Remembered(NamedTuple):
    seen: list[tuple[int, Element]]  # what of the elements that vary the part was told
    made: object


class _Observed(Mapping[int, Element]):
    """A data set that notes which elements it is asked for, be they there or not.

    Whatever is asked of a mapping comes down to these three.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.asked: set[int] = set()

    def __getitem__(self, tag: int) -> Element:
        self.asked.add(tag)
        return self._tree[tag]

    def __iter__(self) -> Iterator[int]:
        self.asked.update(self._tree)
        return iter(self._tree)

    def __len__(self) -> int:
        return len(self._tree)  # the same for all


class _Naming:
    """Which elements name something: those that are always the same are asked once."""

    def __init__(self, tree: Tree, varying: AbstractSet[int]) -> None:
        self._always = _naming({tag: element for tag, element in tree.items() if tag not in varying})
        self._perhaps = [tag for tag, (vr, _) in tree.items() if tag in varying and vr in _NAMING_VRS]
        self._order = [tag for tag in tree if tag in self._always or tag in self._perhaps]

    def of(self, tree: Tree) -> Tree:
        also = {tag for tag in self._perhaps if names(tag, tree[tag])}
        if not also:
            return self._always
        return {tag: tree[tag] for tag in self._order if tag in self._always or tag in also}
