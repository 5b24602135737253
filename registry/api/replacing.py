"""Consistent replacement of UIDs, in Python."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeVar

from registry.api.verbs import Verbs, several, without_dot
from registry.dicomfile.datasets import is_data_set
from registry.errors import BadRequest
from registry.kinds import parse_kind
from registry.minting import parse_method
from registry.services import remapping, scoping
from registry.services.remapping import Remapped
from registry.services.scoping import Purged, ScopeState

if TYPE_CHECKING:
    from registry.dicomfile.memory import DataSet

    _DataSet = TypeVar("_DataSet", bound=DataSet)


def _text(uid: str) -> str:
    if not isinstance(uid, str):
        raise BadRequest(f"a {type(uid).__name__} is no UID", advice="Give its text.")
    return uid


def _texts(uids: str | Iterable[str]) -> list[str]:
    return [_text(uid) for uid in several(uids)]


class Remapper:
    """The replacements of one scope; what it has learnt it doesn't ask the database again.

    ``remapper.uid`` is what anonymizers take as a callable: an original in, its
    replacement out. Threads may share one.
    """

    def __init__(self, service: remapping.Remapper) -> None:
        """Use ``Registry.remapper``."""
        self._service = service

    @property
    def scope(self) -> str:
        """The name of the scope."""
        return self._service.scope

    def uid(self, original: str) -> str:
        """The replacement of one UID."""
        return self._service.uid(_text(original))

    __call__ = uid

    def uids(self, originals: str | Iterable[str]) -> dict[str, str]:
        """The replacements of some UIDs, those that are new in one act."""
        return self._service.all(_texts(originals))

    def dataset(self, ds: _DataSet, *, inplace: bool = False) -> _DataSet:
        """A copy of a data set whose UIDs are replaced, at any depth and in its file meta
        information; with ``inplace`` the data set itself.

        Attributes that name no instance (classes, transfer syntaxes, coding schemes: registry/dicomfile/
        structural.py) stay, and so does all that isn't a UI element.

        Raises ``BadRequest`` for what is no data set, and for one that names more UIDs than anybody can mean.
        """
        if not is_data_set(ds):
            raise BadRequest(
                f"the UIDs of a {type(ds).__name__} aren't replaced", advice="Give a pydicom Dataset."
            )
        from registry.dicomfile.replacing import find
        from registry.dicomfile.unreadable import UnreadableDicom

        changed = ds if inplace else copy.deepcopy(ds)
        try:
            places = find(changed)
        except UnreadableDicom as error:
            raise BadRequest(
                f"the UIDs of the data set can't be replaced: {error}", advice="It stays as it is."
            ) from None
        places.replace(self._service.all(places.uids))
        return changed


class Replacing(Verbs):
    """Consistent replacement of UIDs, in Python."""

    def remap(
        self,
        uid: str,
        *,
        scope: str,
        kind: str | None = None,
        root: str | None = None,
        method: str = "random",
    ) -> str:
        """What replaces a UID within a scope: the same for ever; made when first asked for.

        A UID that the standard defines stays, and so does one that is a replacement within the scope itself.

        Raises ``ScopePurged``, ``BadRoot``, ``BadRequest`` for what can't be a scope's name.
        """
        wanted = {_text(uid): parse_kind(kind) if kind else None}
        return remapping.remap(
            self._registry, wanted, scope, root=without_dot(root), method=parse_method(method)
        ).uids[uid]

    def remap_all(
        self, uids: str | Iterable[str], *, scope: str, root: str | None = None, method: str = "random"
    ) -> Remapped:
        """The same of many UIDs, in one act: ``.uids`` maps each to its replacement."""
        return remapping.remap(
            self._registry, _texts(uids), scope, root=without_dot(root), method=parse_method(method)
        )

    def remap_dataset(
        self, ds: _DataSet, *, scope: str, root: str | None = None, inplace: bool = False
    ) -> _DataSet:
        """A copy of a pydicom Dataset whose UIDs are replaced: ``Remapper.dataset``."""
        return self.remapper(scope, root=root).dataset(ds, inplace=inplace)

    def remapper(self, scope: str, *, root: str | None = None, method: str = "random") -> Remapper:
        """What replaces many UIDs within a scope, one after the other, for adapters and loops."""
        return Remapper(
            remapping.Remapper(self._registry, scope, root=without_dot(root), method=parse_method(method))
        )

    def original(self, replacement: str, *, scope: str | None = None) -> str:
        """What a replacement stands for. The trail tells that this was asked.

        Raises ``UnknownUid`` for what is no replacement (within the scope, if one is given),
        ``ScopePurged`` where nobody knows any more.
        """
        return scoping.reveal(self._registry, [replacement], scope)[replacement]

    def scopes(self) -> list[ScopeState]:
        """All scopes."""
        return scoping.list_scopes(self._registry)

    def import_map(self, pairs: Mapping[str, str], *, scope: str) -> Remapped:
        """Take over what another system replaced: original -> replacement.

        Raises ``NotOneToOne``, and ``UidCollision`` where a replacement was issued for something else.
        """
        return scoping.import_map(self._registry, pairs, scope)

    def purge_scope(self, scope: str, *, reason: str) -> Purged:
        """Take away, for ever, what the replacements of a scope stand for. That they are
        replacements stays, and nothing can be replaced in this scope any more."""
        return scoping.purge(self._registry, scope, reason)
