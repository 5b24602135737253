"""What was issued for a derived object, as object makers want it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypedDict

from registry.errors import InstanceUnclear


class InstanceUids(TypedDict):
    """What one object is made with: ``**`` passes it to a constructor of highdicom."""

    series_instance_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Derived:
    """The UIDs of a derived object, named as object makers name them.

    A derivation of one instance is passed to a constructor with ``**``, which then gets
    ``series_instance_uid`` and ``sop_instance_uid``; highdicom's take the study from the
    sources, except ``SCImage``, which wants ``study_instance_uid`` beside it. Of several
    instances each has its own: ``for uids in derived.instances: make(**uids)``.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uids: tuple[str, ...]
    root: str
    entry: int

    @property
    def sop_instance_uid(self) -> str:
        """The one instance. Raises ``InstanceUnclear`` where there are several."""
        if len(self.sop_instance_uids) != 1:
            raise InstanceUnclear(
                f"{len(self.sop_instance_uids):,} instances were derived, and an object is made of one",
                advice="Make one for each: `for uids in derived.instances: make(**uids)`.",
            )
        return self.sop_instance_uids[0]

    @property
    def instances(self) -> tuple[InstanceUids, ...]:
        """What each of the objects is made with."""
        series = self.series_instance_uid
        return tuple(
            InstanceUids(series_instance_uid=series, sop_instance_uid=uid) for uid in self.sop_instance_uids
        )

    # What ``**`` asks of a mapping. ``Any``, because a type checker compares the values of
    # ``**`` with every parameter that a constructor has, whatever its type.

    def keys(self) -> Iterator[str]:
        """The names that ``**`` passes. Raises ``InstanceUnclear`` where there are several instances."""
        return iter(self._keywords)

    def __getitem__(self, keyword: str) -> Any:
        return self._keywords[keyword]  # type: ignore[literal-required]

    @property
    def _keywords(self) -> InstanceUids:
        return InstanceUids(
            series_instance_uid=self.series_instance_uid, sop_instance_uid=self.sop_instance_uid
        )
