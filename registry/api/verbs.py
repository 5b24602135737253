"""What the verbs of the Python interface have in common: the open registry that they ask."""

from __future__ import annotations

from registry.services.opening import OpenRegistry


class Verbs:
    """Some of the verbs of ``Registry``, which is made of them all."""

    _registry: OpenRegistry
