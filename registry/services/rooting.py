"""The issuer roots: adding, listing, retiring."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from registry.errors import BadRoot
from registry.minting import suffix_digits
from registry.roots import Policy, Root, Roots, parse_root
from registry.services.opening import OpenRegistry
from registry.store.act import Act
from registry.store.roots import load_roots, say


def wanted_root(
    prefix: str,
    policy: Policy,
    *,
    organization: str | None = None,
    minter: str | None = None,
    enforced_from: datetime | None = None,
) -> Root:
    """A root as someone asks for it. Raises ``BadRoot`` where it can't be one."""
    if minter is not None and policy is not Policy.DELEGATED:
        raise BadRoot(f"--minter goes with --policy delegated; a {policy} root has no other minter")
    enforced = enforced_from if policy is Policy.PRODUCTION else None
    return Root(parse_root(prefix, policy), policy, organization, minter, enforced)


def left_out(root: Root) -> str | None:
    """Why nothing can be issued under a root that this registry is to issue under; None: it can."""
    if root.policy is Policy.DELEGATED or root.retired:
        return None
    try:
        suffix_digits(root.prefix)
    except BadRoot as error:
        return f"nothing can be issued under {root.prefix}: {error.message}"
    return None


def add_root(registry: OpenRegistry, root: Root) -> Root:
    """Add a root, or change what is said of one. Saying the same again changes nothing."""

    def work(act: Act) -> Root:
        known, wanted = load_roots(act.connection).get(root.prefix), root
        if known is not None and _says_the_same(known, wanted):
            return known
        if wanted.organization is None and known is not None:
            wanted = replace(wanted, organization=known.organization)
        say(act, wanted)
        act.commit(prefix=wanted.prefix, policy=str(wanted.policy))
        return wanted

    return registry.perform("root:add", work)


def _says_the_same(known: Root, root: Root) -> bool:
    asked = (root.organization or known.organization, root.minter or known.minter)
    enforced = (
        known.enforced_from is None or root.enforced_from is None or known.enforced_from <= root.enforced_from
    )
    return (
        not known.retired
        and known.policy is root.policy
        and (known.enforced_from is None) == (root.enforced_from is None)
        and enforced
        and asked == (known.organization, known.minter)
    )


def retire_root(registry: OpenRegistry, prefix: str) -> Root:
    """Take a root out of use: nothing is issued there any more (UID207). Repeating is fine."""

    def work(act: Act) -> Root:
        roots = load_roots(act.connection)
        known = roots.get(prefix.removesuffix("."))
        if known is None:
            raise roots.unknown(prefix)
        if not known.retired:
            known = replace(known, retired=True)
            say(act, known)
            act.commit(prefix=known.prefix)
        return known

    return registry.perform("root:retire", work)


def list_roots(registry: OpenRegistry) -> Roots:
    """The roots as they are now."""
    with registry.database.reading() as connection:
        return load_roots(connection)
