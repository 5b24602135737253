"""Whether the objects of one patient, study or series agree about what they must share,
as far as fingerprints tell."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from registry.fingerprint import KEYWORDS, Variants, unpack
from registry.records import Level


class Disagreement(NamedTuple):
    """What the objects of one patient, study or series don't agree about: keywords."""

    different: frozenset[str]  # two different values were seen
    wanting: frozenset[str]  # some objects have it, all alike, and some lack it


_AGREED = Disagreement(frozenset(), frozenset())

_ISSUER = KEYWORDS[Level.PATIENT].index("IssuerOfPatientID")

Subject = str | bytes
"""What attributes are of: a study's or series' UID, or a patient's token."""


class Attributes:
    """The attributes of patients, studies and series, as far as fingerprints tell.

    One Patient ID may be two people's where its issuers differ, so a patient's
    fingerprints are kept apart by issuer; without an issuer one goes with each.
    """

    def __init__(self) -> None:
        self._seen: dict[tuple[Level, Subject], dict[bytes, Variants]] = defaultdict(dict)
        self._issuers: dict[bytes, bytes] = {}
        self.novel: list[tuple[Level, Subject, bytes]] = []  # what told something new

    def __eq__(self, other: object) -> bool:
        """Whether the same is known: which of many values were seen first doesn't matter."""
        return isinstance(other, Attributes) and self._known() == other._known()

    __hash__ = None  # type: ignore[assignment]

    def _known(self) -> dict[tuple[Level, Subject], Disagreement]:
        return {(level, subject): self.disagreement(level, subject) for level, subject in self._seen}

    def know(self, level: Level, subject: Subject, packed: bytes) -> bool:
        """Take in a fingerprint; whether it told something new."""
        issuer = b""
        if level is Level.PATIENT:
            if packed not in self._issuers:
                self._issuers[packed] = unpack(packed)[_ISSUER] or b""
            issuer = self._issuers[packed]
        variants = self._seen[level, subject]
        if issuer not in variants:
            variants[issuer] = Variants()
        return variants[issuer].take(packed)

    def learn(self, level: Level, subject: Subject, packed: bytes) -> None:
        """Take in what an object says."""
        if self.know(level, subject, packed):
            self.novel.append((level, subject, packed))

    def disagreement(self, level: Level, subject: Subject) -> Disagreement:
        """What the objects don't agree about."""
        seen = self._seen.get((level, subject), {})
        if len(seen) < 2 and all(variants.is_one for variants in seen.values()):
            return _AGREED
        without = seen.get(b"")
        groups = [variants if without is None else variants | without for i, variants in seen.items() if i]
        if without is not None:
            groups.append(without)
        names = KEYWORDS[level]
        different = {names[index] for group in groups for index in group.disagreeing()}
        wanting = {names[index] for group in groups for index in group.wanting()}
        return Disagreement(frozenset(different), frozenset(wanting - different))
