"""What there is: lists of UIDs, the tree of a study, numbers, roots."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from registry.api.verbs import Verbs
from registry.errors import BadRequest
from registry.kinds import STATES, parse_kind
from registry.roots import Root
from registry.services import listing, querying, rooting
from registry.services.querying import Stats, Tree
from registry.store.act import timestamp
from registry.store.listing import Filters
from registry.store.queries import Listed
from registry.uid import parse


class Browsing(Verbs):
    """What there is: lists of UIDs, the tree of a study, numbers, roots."""

    def list(
        self,
        *,
        kind: str | None = None,
        state: str | None = None,
        study_instance_uid: str | None = None,
        series_instance_uid: str | None = None,
        modality: str | None = None,
        root: str | None = None,
        actor: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Listed]:
        """The UIDs that pass some filters, in the order in which they were recorded, as they are read:
        none of them is kept, and no transaction is open meanwhile."""
        if state is not None and state not in STATES:
            raise BadRequest(f"{state!r} is no state", advice=f"One of {', '.join(STATES)}.")
        filters = Filters(
            kind=parse_kind(kind) if kind else None,
            state=state,
            study=parse(study_instance_uid) if study_instance_uid else None,
            series=parse(series_instance_uid) if series_instance_uid else None,
            modality=modality,
            under=f"{parse(root.removesuffix('.'))}." if root else None,
            actor=actor,
            since=timestamp(since) if since else None,
            until=timestamp(until) if until else None,
        )
        return self._listed(filters)

    def find(self, prefix: str) -> Iterator[Listed]:
        """The UIDs that begin with these characters, in the order in which they were recorded."""
        return self._listed(Filters(under=prefix))

    def _listed(self, filters: Filters) -> Iterator[Listed]:
        found = listing.listed(self._registry, filters)
        return (item.listed for item in found.items if item.listed is not None)

    def tree(self, uid: str) -> Tree:
        """The study that a UID is, or is in: its series, derived ones below their sources, and what
        was found. Raises ``UnknownUid``."""
        return querying.tree(self._registry, uid)

    def stats(self) -> Stats:
        """The registry in numbers."""
        return querying.stats(self._registry)

    def roots(self) -> tuple[Root, ...]:
        """The issuer roots, as they are now."""
        return tuple(rooting.list_roots(self._registry))
