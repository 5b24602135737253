"""The issuer roots of a registry: what was last said of each counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, select

from registry.roots import Policy, Root, Roots
from registry.store.act import Act, timestamp
from registry.store.schema import roots


def load_roots(connection: Connection, said: int | None = None) -> Roots:
    """The roots as they are now.

    ``said`` is the newest entry that said something of one, where that is known: then
    they are read only if it is another than when they were last read.
    """
    if said is not None and (seen := connection.info.get("roots")) and seen[0] == said:
        return seen[1]  # type: ignore[no-any-return]
    latest = {root.prefix: root for root in _said(connection)}
    roots = Roots(latest.values())
    if said is not None:
        connection.info["roots"] = (said, roots)
    return roots


def _said(connection: Connection) -> Iterator[Root]:
    for row in connection.execute(select(roots).order_by(roots.c.entry)):
        enforced = datetime.fromisoformat(row.enforced_from) if row.enforced_from else None
        yield Root(row.prefix, Policy(row.policy), row.organization, row.minter, enforced, bool(row.retired))


def say(act: Act, root: Root) -> None:
    """Write what holds for a root from now on."""
    act.insert(
        roots,
        [
            {
                "prefix": root.prefix,
                "policy": str(root.policy),
                "organization": root.organization,
                "minter": root.minter,
                "enforced_from": timestamp(root.enforced_from) if root.enforced_from else None,
                "retired": int(root.retired),
            }
        ],
    )
