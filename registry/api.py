"""The registry in Python: the verbs of the command line, with the field's argument names.

>>> from registry import Registry
>>> with Registry.open("registry.db", actor="ann") as registry:  # doctest: +SKIP
...     uids = registry.derive(["ct/slice.dcm"], modality="SEG")
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Self

from registry.minting import Method
from registry.records import IndexRow, Kind
from registry.services import (
    checking,
    indexing,
    initializing,
    issuing,
    patients,
    querying,
    redacting,
    registering,
    resolving,
    withdrawing,
)
from registry.services.initializing import Initialized
from registry.services.issuing import Derived, Issued
from registry.services.opening import opened
from registry.services.patients import Said
from registry.services.querying import Event, Shown
from registry.services.redacting import Redacted
from registry.services.reports import Report
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.resolving import Resolved
from registry.services.withdrawing import Reinstated, Withdrawn
from registry.settings import Settings, load_settings
from registry.store.claims import Claimed


class Registry:
    """An open registry; close it, or use it in a ``with`` block."""

    def __init__(self, settings: Settings) -> None:
        """Use ``Registry.open``, which finds the settings."""
        self._stack = ExitStack()
        self._registry = self._stack.enter_context(opened(settings))

    @classmethod
    def open(cls, url: str | None = None, *, actor: str | None = None) -> Self:
        """Open the registry at ``url`` (an SQLAlchemy URL or the path of an SQLite file),
        or the one that environment and configuration files name.

        ``actor`` goes into the audit trail. Raises ``Unavailable`` where there is no
        registry that this program can use.
        """
        return cls(load_settings({"database": url, "actor": actor}))

    @staticmethod
    def init(
        url: str | None = None,
        *,
        root: str | None = None,
        organization: str | None = None,
        research: bool = False,
        actor: str | None = None,
    ) -> Initialized:
        """Create a registry or upgrade it, and add the issuer root. Safe to repeat."""
        settings = load_settings({"database": url, "actor": actor})
        return initializing.init(settings, root=root, organization=organization, research=research)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()

    def issue(
        self,
        kind: str,
        *,
        study_instance_uid: str | None = None,
        series_instance_uid: str | None = None,
        modality: str | None = None,
        sources: Sequence[str] = (),
        count: int = 1,
        root: str | None = None,
        method: str = "random",
        parts: Sequence[str] = (),
        purpose: str | None = None,
        request_id: str | None = None,
    ) -> Issued:
        """Mint UIDs of a kind (``study``, ``series``, ``instance``, ``tracking``, ...) and record them."""
        request = IssueRequest(
            Kind[kind.upper()],
            study_instance_uid,
            series_instance_uid,
            modality,
            tuple(sources),
            count,
            root,
            Method(method),
            tuple(parts),
            purpose,
            request_id,
        )
        return issuing.issue(self._registry, request)

    def derive(
        self,
        sources: Sequence[str],
        *,
        modality: str,
        n_instances: int = 1,
        study_instance_uid: str | None = None,
        root: str | None = None,
        purpose: str | None = None,
        request_id: str | None = None,
    ) -> Derived:
        """All UIDs of a derived object: its source's study, a new series, new instances.

        ``sources`` are UIDs or paths of DICOM files.
        """
        request = DeriveRequest(tuple(sources), modality, n_instances, study_instance_uid, root)
        return issuing.derive(self._registry, replace(request, purpose=purpose, request_id=request_id))

    def register(self, paths: Sequence[str], *, digests: bool = True, context: str | None = None) -> Report:
        """Record what objects made elsewhere say; ``context`` tells what they are copies for."""
        return registering.register(self._registry, list(paths), digests=digests, context=context)

    def register_rows(self, rows: Iterable[IndexRow]) -> Report:
        """Record what an archive's index says of its instances, without their files."""
        return indexing.register_rows(self._registry, rows)

    def check(self, paths: Sequence[str], *, digests: bool = True, context: str | None = None) -> Report:
        """What registering these files would decide and find; writes nothing."""
        return checking.check(self._registry, list(paths), digests=digests, context=context)

    def show(self, uid: str) -> Shown:
        """What the registry knows of a UID. Raises ``UnknownUid`` if nothing."""
        return querying.show(self._registry, uid)

    def history(self, uid: str) -> list[Event]:
        """All that happened to a UID, in order. Raises ``UnknownUid``."""
        return querying.history(self._registry, uid)

    def withdraw(self, uids: Sequence[str], *, reason: str) -> Withdrawn:
        """Take UIDs out of use for ever."""
        return withdrawing.withdraw(self._registry, list(uids), reason)

    def reinstate(self, uids: Sequence[str], *, reason: str) -> Reinstated:
        """End the withdrawal of UIDs."""
        return withdrawing.reinstate(self._registry, list(uids), reason)

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

    def redact(self, entry: int, *, reason: str) -> Redacted:
        """Take the free text of an entry out of the registry."""
        return redacting.redact(self._registry, entry, reason)
