"""What was made of one file, to be used for the next that is like it.

Most of what a claim says is the same for all files of a series: the patient, the
fingerprints, what they refer to. Each part of it is made from a data set that notes
what it is asked for; as long as these elements are the same, what the part made is the
same, because a part sees nothing else. So nobody need keep a list of what depends on what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, cast

from registry.dicomfile.canonical import Pieces, Runs
from registry.dicomfile.digests import BULK, NOT_DATA_SET
from registry.dicomfile.identity import names
from registry.dicomfile.parsed import NAMING_VRS, Made, Parsed, naming
from registry.dicomfile.tree import Element, Tree


class Recall:
    """What was made of the last of some files that differ in their varying elements alone."""

    def __init__(self, meta: Tree, tree: Tree, varying: AbstractSet[int]) -> None:
        self.meta, self.tree = _Last(meta, varying), _Last(tree, varying)
        self._names_in_meta, self._names = _Names(meta, varying), _Names(tree, varying)
        self._named: dict[object, Any] = {}
        self._runs = Runs(tree, [tag for tag in sorted(tree) if tag not in NOT_DATA_SET], varying)
        self.turn = 0

    def turn_to(self, meta: Tree, tree: Tree) -> Parsed:
        """The next of the files. What was made of elements that are others now is forgotten."""
        in_meta = self._names_in_meta.turn_to(meta, self.meta.turn_to(meta))
        in_tree = self._names.turn_to(tree, self.tree.turn_to(tree))
        if in_meta or in_tree:
            self._named.clear()
        self.turn += 1
        return _Recalled(meta, tree, self)

    def of_names(self, part: Callable[[Tree, Tree], Made]) -> Made:
        """What a part makes of the elements that name something."""
        if part not in self._named:
            self._named[part] = part(self._names_in_meta.now, self._names.now)
        return cast(Made, self._named[part])

    def data_set_form(self, tree: Tree) -> Pieces:
        return self._runs.form(tree)


class _Recalled(Parsed):
    """A file of which only what is another than before is made anew."""

    def __init__(self, meta: Tree, tree: Tree, recall: Recall) -> None:
        super().__init__(meta, tree)
        self._recall, self._turn = recall, recall.turn

    def made(self, part: Callable[..., Made], *constants: object) -> Made:
        if self._turn != self._recall.turn:  # another file came since
            return part(self.tree, *constants)
        return self._recall.tree.made(self.tree, part, *constants)

    def made_of_meta(self, part: Callable[..., Made], *constants: object) -> Made:
        if self._turn != self._recall.turn:
            return part(self.meta, *constants)
        return self._recall.meta.made(self.meta, part, *constants)

    def made_of_names(self, part: Callable[[Tree, Tree], Made]) -> Made:
        if self._turn != self._recall.turn:
            return super().made_of_names(part)
        return self._recall.of_names(part)

    def data_set_form(self) -> Pieces:
        return self._recall.data_set_form(self.tree)


class _Last:
    """What the varying elements were last, and what was made of them and the others."""

    def __init__(self, tree: Tree, varying: AbstractSet[int]) -> None:
        self._bulk = BULK & varying & tree.keys()  # too large to compare
        self._elements = {tag: tree[tag] for tag in varying - BULK if tag in tree}
        self._made: dict[tuple[object, ...], tuple[set[int], Any]] = {}

    def turn_to(self, tree: Tree) -> AbstractSet[int]:
        """Forget what was made of what is another now; which elements these are."""
        last = self._elements
        changed = {tag for tag, element in last.items() if tree[tag] != element} | self._bulk
        for tag in changed - self._bulk:
            last[tag] = tree[tag]
        stale = [key for key, (asked, _) in self._made.items() if not asked.isdisjoint(changed)]
        for key in stale:
            del self._made[key]
        return changed

    def made(self, tree: Tree, part: Callable[..., Made], *constants: object) -> Made:
        known = self._made.get((part, *constants))
        if known is None:
            observed = _Observed(tree)
            known = observed.asked, part(cast(Tree, observed), *constants)
            self._made[part, *constants] = known
        return cast(Made, known[1])


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


class _Names:
    """The elements that name something."""

    def __init__(self, tree: Tree, varying: AbstractSet[int]) -> None:
        self.now = self._always = naming({tag: tree[tag] for tag in tree if tag not in varying})
        self._perhaps = {tag for tag, (vr, _) in tree.items() if tag in varying and vr in NAMING_VRS}
        self._order = [tag for tag in tree if tag in self._always or tag in self._perhaps]
        self._also = set[int]()

    def turn_to(self, tree: Tree, changed: AbstractSet[int]) -> bool:
        """Whether any of them is another now."""
        before = self._also & changed
        naming_now = {tag for tag in changed & self._perhaps if names(tag, tree[tag])}
        if not before and not naming_now:
            return False
        self._also = self._also - changed | naming_now
        self.now = {tag: tree[tag] for tag in self._order if tag in self._always or tag in self._also}
        return True
