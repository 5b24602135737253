"""Acts that give out UIDs, in Python."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from registry.api.verbs import Verbs
from registry.minting import Method
from registry.records import Kind
from registry.services import issuing
from registry.services.issuing import Derived, Issued
from registry.services.requests import DeriveRequest, IssueRequest


class Issuing(Verbs):
    """Acts that give out UIDs, in Python."""

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
