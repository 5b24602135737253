"""The templates of the files that were read last, and how they are learnt."""

from __future__ import annotations

from registry.dicomfile.digests import BULK
from registry.dicomfile.parsed import Parsed
from registry.dicomfile.scan import scan
from registry.dicomfile.tags import TRANSFER_SYNTAX_UID
from registry.dicomfile.template import LARGEST, Template, besides_bulk
from registry.dicomfile.tree import Element, Tree

_MOST = 4
"""Templates that are kept. Files mostly come series by series, a few kinds to a study."""

_MOST_VARYING = 128
"""With more elements than this that vary, a file is parsed as quickly without a template."""

_PRICE, _BUDGET = 32, 256
"""Learning costs about as much as parsing two files. It is paid for by files that were read,
so that files of which nothing is to be learnt cost next to nothing more."""


class _Shape:
    """Files with the same elements, of which some vary."""

    def __init__(self, meta: Tree, tree: Tree) -> None:
        self.layout = _layout(meta, tree)
        self.varying = BULK & tree.keys()
        self.before = _of_interest(meta, tree)
        self.template: Template | None = None

    def learn(self, data: bytes, meta: Tree, tree: Tree) -> None:
        """See what another of these files has that those before it had not."""
        now = _of_interest(meta, tree)
        self.varying |= {tag for tag, element in now.items() if element != self.before[tag]}
        self.before = now
        if len(self.varying) > _MOST_VARYING:
            self.varying, self.template = BULK & tree.keys(), None
        else:
            self.template = Template(data, meta, tree, self.varying)


def _layout(meta: Tree, tree: Tree) -> tuple[object, ...]:
    """What two files have to share to be read by one template."""
    return meta[TRANSFER_SYNTAX_UID], *meta, *tree


def _of_interest(meta: Tree, tree: Tree) -> dict[int, Element]:
    """What is to be compared: not the bulk content, which always varies and is large."""
    return {tag: element for tag, element in (meta | tree).items() if tag not in BULK}


class Templates:
    """Reads ordinary files by templates, which it learns from them."""

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []  # the one that fitted last comes first
        self._budget = _BUDGET

    def read(self, data: bytes) -> Parsed:
        """A whole DICOM file, as ``scan`` reads it. Raises ``Unusual``."""
        self._budget = min(self._budget + 1, _BUDGET)
        for place, shape in enumerate(self._shapes):
            if shape.template is not None and (parsed := shape.template.read(data)) is not None:
                self._first(place)
                return parsed
        meta, tree = scan(data)
        self._learn(data, meta, tree)
        return Parsed(meta, tree)

    def _learn(self, data: bytes, meta: Tree, tree: Tree) -> None:
        if not tree or besides_bulk(data, tree) > LARGEST:
            return
        layout = _layout(meta, tree)
        for place, shape in enumerate(self._shapes):
            if shape.layout == layout:
                if self._budget >= _PRICE:
                    self._budget -= _PRICE
                    shape.learn(data, meta, tree)
                self._first(place)
                return
        self._shapes.insert(0, _Shape(meta, tree))
        del self._shapes[_MOST:]

    def _first(self, place: int) -> None:
        if place:
            self._shapes.insert(0, self._shapes.pop(place))
