"""Adopting a check policy: that a registry is used with one that it has never seen is an act."""

from __future__ import annotations

import json

from registry.errors import BadRequest
from registry.services.opening import OpenRegistry
from registry.store import policies
from registry.store.act import Act
from registry.store.policies import Adopted


def adopt(registry: OpenRegistry) -> str:
    """What entries call the policy of the settings. Its first use in this registry is an entry of its own.

    The program's own, where nobody has set anything, needs none.
    """
    body = policies.body_of(registry.settings.check, registry.settings.modalities)
    digest = policies.digest_of(body)
    name = policies.name_of(digest)
    if body == policies.DEFAULT:
        return name
    with registry.database.reading() as connection:
        if policies.is_known(connection, digest):
            return name

    def work(act: Act) -> None:
        if not policies.is_known(act.connection, digest):
            policies.remember(act, body)
            act.commit(policy=name, sets=sorted(json.loads(body)))

    registry.perform("policy:adopt", work)
    return name


def adopted(registry: OpenRegistry, name: str | None = None) -> list[Adopted]:
    """The policies that were ever in use, by first use; or the one whose name begins so.

    Raises ``BadRequest`` where there is none.
    """
    with registry.database.reading() as connection:
        found = policies.listed(connection)
    if name is None:
        return found
    meant = [each for each in found if each.name.startswith(name.lower()[: policies.SHOWN])]
    if len(meant) != 1:
        raise BadRequest(
            f"{len(meant)} policies of this registry have a name that begins so",
            advice="`uid-registry config history` lists them; the program's own, where nobody has set "
            f"anything, is {policies.name_of(policies.digest_of(policies.DEFAULT))}.",
        )
    return meant
