"""The trees of a whole file: by the short cut where it is ordinary, else by pydicom."""

from __future__ import annotations

from registry.dicomfile.scan import Unusual, scan
from registry.dicomfile.tree import Tree
from registry.limits import Limits


def trees_of(data: bytes, limits: Limits) -> tuple[Tree, Tree]:
    """File meta information and data set.

    Raises ``NotDicom``, ``UnreadableDicom``, or whatever pydicom raises for a broken file.
    """
    try:
        return scan(data)
    except Unusual:
        return by_pydicom(data, limits)


def by_pydicom(data: bytes, limits: Limits) -> tuple[Tree, Tree]:
    """The same where the file isn't ordinary."""
    # Only now: importing pydicom takes as long as reading two hundred files.
    from registry.dicomfile.parsedtree import tree_of
    from registry.dicomfile.parsing import parse
    from registry.dicomfile.quiet import quiet_pydicom

    with quiet_pydicom():
        meta, data_set = parse(data, limits)
        return tree_of(meta), tree_of(data_set)
