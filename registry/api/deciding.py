"""What people decide about UIDs, findings and patients."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from registry.api.verbs import Verbs, several
from registry.rules import by_code
from registry.services import acknowledging, patients, resolving, withdrawing
from registry.services.acknowledging import Spoken
from registry.services.patients import Said
from registry.services.resolving import Resolved
from registry.services.withdrawing import Reinstated, Withdrawn
from registry.store.claims import Claimed
from registry.store.findings import Which


class Deciding(Verbs):
    """What people decide about UIDs, findings and patients."""

    def acknowledge(
        self,
        code: str | None = None,
        uid: str | None = None,
        counterpart: str | None = None,
        *,
        series_instance_uid: str | None = None,
        root: str | None = None,
        reason: str,
        until: datetime | None = None,
    ) -> Spoken:
        """Accept findings: one by its code and UID, or all of a code, series or root. They
        are told, and fail no check, ``until`` then or until what was found changes."""
        which = _which(code, uid, counterpart, series_instance_uid, root)
        return acknowledging.acknowledge(self._registry, which, reason, until=until)

    def resolve_findings(
        self,
        code: str | None = None,
        uid: str | None = None,
        counterpart: str | None = None,
        *,
        series_instance_uid: str | None = None,
        root: str | None = None,
        reason: str,
    ) -> Spoken:
        """Say that findings are mended, named as in ``acknowledge``."""
        which = _which(code, uid, counterpart, series_instance_uid, root)
        return acknowledging.resolve(self._registry, which, reason)

    def reopen_findings(
        self,
        code: str | None = None,
        uid: str | None = None,
        counterpart: str | None = None,
        *,
        series_instance_uid: str | None = None,
        root: str | None = None,
        reason: str,
    ) -> Spoken:
        """Let what was said of findings no longer count."""
        which = _which(code, uid, counterpart, series_instance_uid, root)
        return acknowledging.reopen(self._registry, which, reason)

    def withdraw(self, uids: str | Iterable[str], *, reason: str) -> Withdrawn:
        """Take UIDs, or a single one, out of use for ever."""
        return withdrawing.withdraw(self._registry, several(uids), reason)

    def reinstate(self, uids: str | Iterable[str], *, reason: str) -> Reinstated:
        """End the withdrawal of UIDs, or of a single one.

        Raises ``BadRequest`` for one that was issued for any use, and withdrawn before there was one."""
        return withdrawing.reinstate(self._registry, several(uids), reason)

    def claims(self, uid: str) -> list[Claimed]:
        """The claims about a UID, the first one first. Raises ``UnknownUid``."""
        return resolving.claims(self._registry, uid)

    def resolve(self, uid: str, *, keep: str, reason: str) -> Resolved:
        """Decide which claim about a UID holds: ``first``, ``second``, or the ``name`` of one."""
        return resolving.resolve(self._registry, uid, keep, reason)

    def merge_patients(self, ids: Iterable[tuple[str, str]], *, reason: str | None = None) -> Said:
        """Say that Patient IDs, each with its issuer or an empty text, are one person's."""
        return patients.say(self._registry, ids, same=True, reason=reason)

    def split_patients(self, ids: Iterable[tuple[str, str]], *, reason: str | None = None) -> Said:
        """Say that no Patient ID is another's person."""
        return patients.say(self._registry, ids, same=False, reason=reason)


def _which(
    code: str | None, uid: str | None, counterpart: str | None, series: str | None, root: str | None
) -> Which:
    rule = by_code(code).code if code else None
    return Which(code=rule, subject=uid, counterpart=counterpart, series=series, under=root)
