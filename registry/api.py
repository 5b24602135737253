"""The registry in Python: the verbs of the command line, with the field's argument names.

>>> from registry import Registry
>>> with Registry.open("registry.db", actor="ann") as registry:  # doctest: +SKIP
...     uids = registry.derive(["ct/slice.dcm"], modality="SEG")
...     segmentation = make(uids.series_instance_uid, uids.sop_instance_uids)
...     registry.check(segmentation).raise_for_findings()
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar

from registry.acknowledgement import State
from registry.dicomfile.datasets import is_data_set
from registry.errors import BadRequest
from registry.minting import Method
from registry.records import IndexRow, Kind, Severity
from registry.rules import by_code
from registry.services import (
    acknowledging,
    auditing,
    checking,
    checkpointing,
    history,
    indexfiles,
    indexing,
    initializing,
    issuing,
    patients,
    proving,
    querying,
    redacting,
    registering,
    resolving,
    showing,
    trusting,
    withdrawing,
)
from registry.services.acknowledging import Spoken
from registry.services.checkpointing import Checkpointed
from registry.services.history import Event
from registry.services.initializing import Initialized
from registry.services.issuing import Derived, Issued
from registry.services.opening import opened
from registry.services.patients import Said
from registry.services.proving import Inclusion
from registry.services.querying import STANDING
from registry.services.redacting import Redacted
from registry.services.reports import Report
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.resolving import Resolved
from registry.services.showing import Shown
from registry.services.withdrawing import Reinstated, Withdrawn
from registry.settings import CHECK_FORMATS, Settings, load_settings
from registry.store.claims import Claimed
from registry.store.findings import KeptFinding, Which
from registry.store.verification import Verification

if TYPE_CHECKING:
    from registry.services.checking import Checkable

_Member = TypeVar("_Member")


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
        return cls(load_settings({"database": url, "actor": actor}, formats=CHECK_FORMATS))

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
        settings = load_settings({"database": url, "actor": actor}, formats=CHECK_FORMATS)
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
        """Record what objects made elsewhere say; ``context`` tells what they are copies for.

        ``Report.raise_for_findings("collision")`` raises where one was refused.
        """
        return registering.register(self._registry, list(paths), digests=digests, context=context)

    def register_rows(self, rows: Iterable[IndexRow]) -> Report:
        """Record what an archive's index says of its instances, without their files."""
        return indexing.register_rows(self._registry, rows)

    def register_index(
        self,
        path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
        *,
        columns: Mapping[str, str] | None = None,
        context: str | None = None,
    ) -> Report:
        """Record what an archive's index says, from files: CSV, NDJSON or Parquet.

        ``columns`` says of columns that aren't called by their keyword which attribute they
        hold: ``{"series_uid": "SeriesInstanceUID"}``.
        """
        several = [path] if isinstance(path, str | os.PathLike) else path
        return indexfiles.register_index(
            self._registry, [os.fspath(each) for each in several], columns=columns, context=context
        )

    def check(
        self,
        objects: Checkable | Iterable[Checkable],
        *,
        digests: bool = True,
        context: str | None = None,
        for_export: str | None = None,
        fail_on: str | None = None,
    ) -> Report:
        """What registering these objects would decide and find; writes nothing, unless ``for_export``.

        ``objects`` are paths (files, folders, zip archives, DICOMDIRs) and pydicom
        Datasets in memory, mixed as you like, or a single one; all of them are one
        batch. So a pipeline checks what it has made before it writes a file:

            registry.check([segmentation]).raise_for_findings()

        A Dataset isn't changed, and says what its file would say. The report calls it
        by its place: ``dataset 1``. Its ``file_meta`` and preamble are looked at (UID6)
        only where ``file_meta`` names a transfer syntax; without it there is no file
        yet, and nothing to be said about one.

        ``for_export`` names where the objects are to go. Then it is recorded whether they
        may (``Report.export``): not where a finding is as grave as ``fail_on``, which is
        what the configuration says unless it is given. ``raise_for_findings`` raises for
        what was blocked. Where the outcome can't be recorded, ``DatabaseUnusable`` is
        raised before anything is read.

        Raises ``NoSuchPath``, or ``BadRequest`` for what is no path and no Dataset.
        """
        one = isinstance(objects, str | os.PathLike) or is_data_set(objects)
        several: Any = [objects] if one else objects
        return checking.check(
            self._registry, several, digests=digests, context=context, for_export=for_export, fail_on=fail_on
        )

    def show(self, uid: str) -> Shown:
        """What the registry knows of a UID. Raises ``UnknownUid`` if nothing."""
        return showing.show(self._registry, uid)

    def show_all(self, uids: Iterable[str]) -> Iterator[Shown]:
        """The same of each of many UIDs, in their order, as they are looked up. Where nothing is known
        of one, or it can't be a UID, its ``state`` is ``unknown``."""
        return showing.show_all(self._registry, uids)

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

    def checkpoint(self, to: str | os.PathLike[str] | None = None) -> Checkpointed:
        """Sign what the trail is now; ``to`` is a file or a folder that gets the note.

        Raises ``SigningKeyUnusable`` where the key isn't, ``TrailBroken`` where what is
        there already shows that the trail was changed.
        """
        return checkpointing.checkpoint(self._registry, None if to is None else os.fspath(to))

    def prove(self, entry: int) -> Inclusion:
        """Prove to others that an entry is in the trail, in that of a new checkpoint."""
        return proving.prove_entry(self._registry, entry)

    def verify(
        self, against: Sequence[str | os.PathLike[str]] = (), *, key: str | None = None
    ) -> Verification:
        """Recompute the trail, and compare it with checkpoints, files or folders of them.

        ``key`` is the vkey that you were given; without it the database's own counts.
        """
        notes = trusting.read_notes([os.fspath(each) for each in against])
        keys = trusting.parse_keys(key) if key else trusting.own_keys(self._registry)
        return auditing.audit_verify(
            self._registry, [trusting.trusted(self._registry, note, keys) for note in notes]
        )


def _one_of(members: Mapping[str, _Member], what: str, label: str) -> _Member:
    """What is called so. Raises ``BadRequest``."""
    known = {name.lower(): member for name, member in members.items()}
    if label not in known:
        raise BadRequest(f"{label!r} is no {what}", advice=f"One of {', '.join(known)}.")
    return known[label]


def _which(
    code: str | None, uid: str | None, counterpart: str | None, series: str | None, root: str | None
) -> Which:
    rule = by_code(code).code if code else None
    return Which(code=rule, subject=uid, counterpart=counterpart, series=series, under=root)
