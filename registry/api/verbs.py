"""What the verbs of the Python interface have in common: the open registry that they ask."""

from __future__ import annotations

from collections.abc import Iterable

from registry.services.opening import OpenRegistry


class Verbs:
    """Some of the verbs of ``Registry``, which is made of them all."""

    _registry: OpenRegistry


def several(uids: str | Iterable[str]) -> list[str]:
    """Some UIDs, of which one alone needs no list around it: a text is one, not its characters."""
    return [uids] if isinstance(uids, str) else list(uids)


def without_dot(root: str | None) -> str | None:
    """A root as the registry writes it; object makers end theirs with a dot."""
    return root.removesuffix(".") if root else None
