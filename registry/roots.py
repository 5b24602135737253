"""Issuer roots: who mints under which arc, and what the registry thinks of it.

Roots nest: a hospital's root may hold an arc that its RIS mints under. For a
UID the longest root that it lies under counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from registry.errors import BadRoot
from registry.minting import Method, suffix_digits
from registry.suggestion import meant
from registry.uid import (
    EXAMPLE_ROOT,
    STANDARD_ROOT,
    TOOLKIT_ROOTS,
    UUID_ROOT,
    flaws,
    is_under,
    longest_root,
    printable,
)


class Policy(StrEnum):
    """Who mints under a root."""

    PRODUCTION = "production"  # only this registry: an unknown UID there is an error (UID203)
    DELEGATED = "delegated"  # another system: registered here, never issued
    RESEARCH = "research"  # anybody in the organisation, for work that isn't clinical


@dataclass(frozen=True, slots=True)
class Root:
    """One arc that the organisation owns."""

    prefix: str
    policy: Policy
    organization: str | None = None
    minter: str | None = None  # the system that mints under a delegated root
    enforced_from: datetime | None = None  # UID203 holds from then on; None: not yet
    retired: bool = False


class Roots:
    """The issuer roots of one registry."""

    def __init__(self, roots: Iterable[Root] = ()) -> None:
        self._roots = {root.prefix: root for root in roots}
        self.any_retired = any(root.retired for root in self)
        self.any_enforced = any(root.enforced_from is not None for root in self)
        # Several rules ask it of every UID of a batch.
        self.of = lru_cache(maxsize=65536)(self._of)

    def __iter__(self) -> Iterator[Root]:
        return iter(sorted(self._roots.values(), key=lambda root: root.prefix))

    def __contains__(self, uid: str) -> bool:
        return uid in self._roots

    def _of(self, uid: str) -> Root | None:
        """The root that counts for ``uid``: the longest that it lies under."""
        prefix = longest_root(uid, self._roots)
        return self._roots[prefix] if prefix else None

    def get(self, prefix: str) -> Root | None:
        return self._roots.get(prefix)

    @property
    def in_production(self) -> bool:
        """Whether the registry serves production: it has a production root in force."""
        return any(root.policy is Policy.PRODUCTION and not root.retired for root in self._roots.values())

    @property
    def organization(self) -> str | None:
        """The name of the organisation, as given with its first root."""
        return next((root.organization for root in self._roots.values() if root.organization), None)

    def for_issuing(self, prefix: str | None, method: Method) -> Root:
        """The root to issue under: the one asked for, or the only one there is.

        Raises ``BadRoot`` where it is unknown, delegated, retired or too long.
        """
        if method is Method.UUID:
            if prefix not in (None, UUID_ROOT):
                raise BadRoot(
                    f"a UUID gives a UID under {UUID_ROOT}, not under {prefix}",
                    advice="Leave out --root, or use --method random.",
                )
            return Root(UUID_ROOT, Policy.PRODUCTION)
        root = self._asked_for(prefix)
        _require_open(root)
        suffix_digits(root.prefix)
        return root

    def arc_for(self, prefix: str) -> str:
        """The arc to mint under for an object maker that asks for a prefix, without a final dot: that
        arc, if it lies under a root of ours; where a toolkit asks for the one that all who run
        it share, ours.

        Raises ``BadRoot`` like ``for_issuing``.
        """
        if longest_root(prefix, TOOLKIT_ROOTS):
            return self.for_issuing(None, Method.RANDOM).prefix
        root = self.of(prefix)
        if root is None:
            raise BadRoot(f"{printable(prefix)} lies under no root of this registry")
        _require_open(root)
        suffix_digits(prefix)
        return prefix

    def unknown(self, prefix: str) -> BadRoot:
        """What to raise for a root that isn't one of these, with which may have been meant."""
        advice = f"{meant(prefix, self._roots)}{BadRoot.advice}"
        return BadRoot(f"{printable(prefix)} is not a root of this registry", advice=advice)

    def _asked_for(self, prefix: str | None) -> Root:
        if prefix is not None:
            asked = self._roots.get(prefix)
            if asked is None:
                raise self.unknown(prefix)
            return asked
        open_roots = [root for root in self if not root.retired and root.policy is not Policy.DELEGATED]
        choice = [root for root in open_roots if root.policy is Policy.PRODUCTION] or open_roots
        if not choice:
            raise BadRoot(
                "this registry has no root to issue under",
                advice="Add the organisation's own with `uid-registry root add OID --policy production`, "
                "or use --method uuid.",
            )
        if len(choice) > 1:
            listed = ", ".join(root.prefix for root in choice)
            raise BadRoot(
                f"there are several roots to issue under: {listed}", advice="Choose one with --root."
            )
        return choice[0]


def _require_open(root: Root) -> None:
    if root.retired:
        raise BadRoot(f"the root {root.prefix} is retired; nothing is issued under it any more")
    if root.policy is Policy.DELEGATED:
        minter = root.minter or "another system"
        raise BadRoot(f"{minter} mints under {root.prefix}; the registry only records what it sees there")


def parse_root(text: str, policy: Policy) -> str:
    """``text`` without a final dot, if an organisation can own it as a root.

    Raises ``BadRoot`` for what isn't an OID, for arcs of the standard and of
    documents, and for shared ones under a policy that claims them alone.
    """
    prefix = text.removesuffix(".")
    found = flaws(prefix)
    if found:
        raise BadRoot(
            f"{printable(text)} is not an OID: {found[0].value}", advice="A root is e.g. 1.2.840.113619."
        )
    if is_under(prefix, STANDARD_ROOT):
        raise BadRoot(
            f"{prefix} lies under DICOM's own root {STANDARD_ROOT}, not for instances (PS3.5 chapter 9)",
            advice="Use the root that a registration authority gave your organisation.",
        )
    if is_under(prefix, EXAMPLE_ROOT):
        raise BadRoot(
            f"{prefix} lies under {EXAMPLE_ROOT}, which is for examples in documents",
            advice="Use the root that a registration authority gave your organisation.",
        )
    if is_under(prefix, UUID_ROOT):
        raise BadRoot(
            f"{prefix} lies under {UUID_ROOT}, which is for UUIDs and belongs to nobody",
            advice="`uid-registry issue ... --method uuid` needs no root.",
        )
    for shared in (STANDARD_ROOT, EXAMPLE_ROOT, UUID_ROOT, *TOOLKIT_ROOTS):
        if shared != prefix and is_under(shared, prefix):
            raise BadRoot(
                f"{prefix} holds {shared}, which is not yours alone",
                advice="Use the root that a registration authority gave your organisation, in full.",
            )
    toolkit = longest_root(prefix, TOOLKIT_ROOTS)
    if toolkit and policy is not Policy.RESEARCH:
        raise BadRoot(
            f"{prefix} lies under {toolkit}, which everybody who uses {TOOLKIT_ROOTS[toolkit]} shares",
            advice="Use a root of your own, or --policy research.",
        )
    return prefix
