"""Acts that give out UIDs, in Python."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from registry.api.verbs import Verbs, without_dot
from registry.derived import Derived
from registry.dicomfile.datasets import is_data_set
from registry.kinds import parse_kind
from registry.minting import parse_method
from registry.services import issuing
from registry.services.issuing import Issued
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.sources import Source, named

if TYPE_CHECKING:
    from registry.services.sources import Nameable


class Issuing(Verbs):
    """Acts that give out UIDs, in Python."""

    def issue(
        self,
        kind: str,
        *,
        study_instance_uid: str | None = None,
        series_instance_uid: str | None = None,
        modality: str | None = None,
        source_images: Nameable | Iterable[Nameable] = (),
        count: int = 1,
        root: str | None = None,
        method: str = "random",
        parts: Sequence[str] = (),
        purpose: str | None = None,
        request_id: str | None = None,
    ) -> Issued:
        """Mint UIDs of a kind (``study``, ``series``, ``instance``, ``tracking``, ...) and record them.

        ``source_images`` are what a series or an instance is derived from, as in ``derive``.
        Raises ``BadRequest`` for what can't be asked like this, ``Refused`` where the ledger says no.
        """
        request = IssueRequest(
            parse_kind(kind),
            study_instance_uid,
            series_instance_uid,
            modality,
            _named(source_images),
            count,
            without_dot(root),
            parse_method(method),
            tuple(parts),
            purpose,
            request_id,
        )
        return issuing.issue(self._registry, request)

    def derive(
        self,
        source_images: Nameable | Iterable[Nameable],
        *,
        modality: str,
        n_instances: int = 1,
        study_instance_uid: str | None = None,
        root: str | None = None,
        method: str = "random",
        purpose: str | None = None,
        request_id: str | None = None,
    ) -> Derived:
        """All UIDs of a derived object: its source's study, a new series, new instances.

        ``source_images`` are what it is derived from: pydicom Datasets in memory, UIDs of
        series or instances, paths, mixed as you like, or a single one. What comes back is
        recorded, and passed to a constructor of highdicom with ``**``:

            uids = registry.derive(slices, modality="SEG")
            segmentation = hd.seg.Segmentation(source_images=slices, **uids, ...)

        Of several instances each has its own, in ``uids.instances``. The same ``request_id``
        gives the same UIDs again. Raises ``SourceUnclear`` for a source that has no valid UIDs
        (a Dataset is called by its place, ``dataset 2``) or whose study can't be told,
        ``BadRequest`` for what else can't be asked, ``Refused`` where the ledger says no.
        """
        request = DeriveRequest(
            _named(source_images), modality, n_instances, study_instance_uid, without_dot(root)
        )
        request = replace(request, method=parse_method(method), purpose=purpose, request_id=request_id)
        return issuing.derive(self._registry, request)


def _named(things: Nameable | Iterable[Nameable]) -> tuple[Source, ...]:
    one = isinstance(things, str | os.PathLike) or is_data_set(things)
    several: Any = things if isinstance(things, Iterable) and not one else [things]
    return named(several)
