"""What a rule saw, as it is told and kept."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from registry.kinds import Kind, Severity


class Place(NamedTuple):
    """What a UID is, and where: as one file claims it, or as the ledger has it."""

    kind: Kind
    series_instance_uid: str | None = None  # of an instance
    study_instance_uid: str | None = None
    modality: str | None = None
    sop_class_uid: str | None = None


class Recorded(NamedTuple):
    """What the ledger says of a UID, since when and by whom."""

    place: Place
    state: str  # issued, registered, foreign or withdrawn
    at: str
    actor: str
    entry: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule saw. Its key is code and UIDs, never the file."""

    code: str
    name: str
    severity: Severity
    uid: str | None  # the subject; None where a file has no UID to speak of
    message: str
    fix: str
    kind: Kind | None = None
    counterpart: str | None = None  # the source series or target that is part of the key
    related: tuple[str, ...] = ()  # other UIDs that show it
    evidence: tuple[str, ...] = ()  # what else shows it: modalities, names of attributes, counts
    series_instance_uid: str | None = None  # of the object that it is about, where that is in one
    path: str | None = None
    also: tuple[str, ...] = ()  # the other files of its batch that hold the instance
    acknowledged: bool = False  # somebody knows of it: it is told, and fails nothing
    claimed: Place | None = None  # what the file says that its UID is
    recorded: Recorded | None = None  # what the ledger says of it; None where it holds nothing
    disagrees: tuple[str, ...] = ()  # keywords of the attributes that tell the two apart
    weight: Severity | None = None  # its severity by what was found alone, where a gate makes it another

    @property
    def key(self) -> tuple[str, str | None, str | None]:
        return (self.code, self.uid, self.counterpart)

    @property
    def facts(self) -> bytes:
        """A digest of what was found, words aside; 16 bytes. An acknowledgement lasts as long as it."""
        weight = self.severity if self.weight is None else self.weight
        parts = (str(int(weight)), "|".join(sorted(self.related)), "|".join(sorted(self.evidence)))
        return blake2b("\0".join(parts).encode(errors="surrogateescape"), digest_size=16).digest()
