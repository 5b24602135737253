"""What the registry knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from registry.acknowledgement import State
from registry.api.verbs import Verbs
from registry.errors import BadRequest
from registry.records import Severity
from registry.rules import by_code
from registry.services import history, querying, showing
from registry.services.history import Event
from registry.services.querying import STANDING
from registry.services.showing import Shown
from registry.store.findings import KeptFinding, Which

_Member = TypeVar("_Member")


class Answering(Verbs):
    """What the registry knows."""

    def show(self, uid: str) -> Shown:
        """What the registry knows of a UID. Raises ``UnknownUid`` if nothing."""
        return showing.show(self._registry, uid)

    def show_all(self, uids: str | Iterable[str]) -> Iterator[Shown]:
        """The same of each of many UIDs, in their order, as they are looked up. Where nothing is known
        of one, or it can't be a UID, its ``state`` is ``unknown``."""
        return showing.show_all(self._registry, [uids] if isinstance(uids, str) else uids)

    def history(self, uid: str) -> list[Event]:
        """All that happened to a UID, in order. Raises ``UnknownUid``."""
        return history.history(self._registry, uid)

    def findings(
        self,
        code: str | None = None,
        uid: str | None = None,
        *,
        series_instance_uid: str | None = None,
        root: str | None = None,
        severity: str | None = None,
        state: str | None = None,
    ) -> list[KeptFinding]:
        """The findings that are kept; those that are resolved only with ``state="resolved"``."""
        which = Which(
            code=by_code(code).code if code else None,
            uid=uid,
            series=series_instance_uid,
            under=root,
            severity=_one_of(Severity.__members__, "severity", severity) if severity else None,
        )
        states = (_one_of(State.__members__, "state", state),) if state else STANDING
        return querying.kept_findings(self._registry, which, states)


def _one_of(members: Mapping[str, _Member], what: str, label: str) -> _Member:
    """What is called so. Raises ``BadRequest``."""
    known = {name.lower(): member for name, member in members.items()}
    if label not in known:
        raise BadRequest(f"{label!r} is no {what}", advice=f"One of {', '.join(known)}.")
    return known[label]
