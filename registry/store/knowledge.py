"""What the registry knows of the UIDs in a batch: what stands, and all that was claimed.

A few queries for a whole batch, none for each file. Learning more later is fine:
facts are unions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection

from registry.agreement import Subject
from registry.epochs import ALWAYS, Epoch
from registry.facts import Facts, Placement, fingerprints_of
from registry.fingerprint import unpack as unpacked
from registry.records import Kind, Level, Mark, ObjectClaim, Origin, Patient, Trait
from registry.store import lookups
from registry.store.claimed import Claimed
from registry.store.fingerprinted import stored
from registry.store.labels import own_label
from registry.store.references import decode
from registry.store.words import Words


def older(connection: Connection, uids: Iterable[str], until: int) -> dict[str, int]:
    """Those UIDs that came into the ledger before an entry, each with the entry that brought it."""
    return {row.uid: row.entry for row in lookups.OLDER.rows(connection, uids, until=until)}


def joined_patients(connection: Connection, tokens: Iterable[bytes]) -> set[frozenset[Patient]]:
    """The pairs in which objects, or somebody, said that some Patient IDs are another's too."""
    listed, found = set(tokens), set[frozenset[Patient]]()
    for query in lookups.ALIASES:
        found |= {frozenset((Patient(*row[:2]), Patient(*row[2:]))) for row in query.rows(connection, listed)}
    for query in lookups.PATIENT_DECISIONS:
        rows = (row for row in query.rows(connection, listed) if row.same)
        found |= {frozenset((Patient(*row[2:4]), Patient(*row[4:]))) for row in rows}
    return found


def known_tokens(connection: Connection, tokens: Iterable[bytes]) -> set[bytes]:
    """Those among some tokens of Patient IDs that the registry has heard of."""
    return {row.token for row in lookups.TOKENS.rows(connection, tokens)}


class Knowledge(Claimed):
    """What stands in the ledger (``standing``) and what was claimed (``facts``).

    Of contents and patients it knows those of one context, and of one key's time in it, alone.
    """

    def __init__(self, connection: Connection, words: Words, epoch: Epoch = ALWAYS) -> None:
        super().__init__(connection, words, epoch)
        self._learned: set[str] = set()
        self._related: set[str] = set()
        self._described: set[bytes] = set()
        self.generated: set[str] = set()

    @property
    def learned(self) -> frozenset[str]:
        """All UIDs that were asked for, known or not."""
        return frozenset(self._learned | self._related)

    @property
    def described(self) -> frozenset[bytes]:
        """The subjects of all fingerprints that were asked for, as their rows name them."""
        return frozenset(self._described)

    def learn(self, uids: Iterable[str]) -> None:
        """Load all that is known of some UIDs, except what they refer to."""
        new = sorted(set(uids) - self._learned)
        if not new:
            return
        self._learned.update(new)
        if known := self._learn_standing(new):
            self._learn_claims(known)

    def learn_whereabouts(self, uids: Iterable[str]) -> Facts:
        """Load only in which series some UIDs are, or were said to be; the facts."""
        new = set(uids) - self._learned
        self.learn_places(new)
        known = [uid for uid in new if uid in self.standing]
        contested = {row.uid for row in self._rows(lookups.CONTESTED, known)}
        if rest := sorted(uid for uid in known if uid in contested or not self._is_just_seen(uid)):
            self._learn_standing(rest)
            self._learn_claimed_places(rest)
        return self.facts

    def _is_just_seen(self, uid: str) -> bool:
        """Whether a UID stands for what it was first seen as, and that says in which series it is; if so,
        the facts have it."""
        standing = self.standing[uid]
        if standing.origin is not Origin.OBSERVED or standing.study_instance_uid is None:
            return False
        if standing.kind is Kind.SERIES:
            self.facts.series[uid].studies.add(standing.study_instance_uid)
        elif standing.kind is Kind.INSTANCE and standing.series_instance_uid is not None:
            placement = Placement(standing.series_instance_uid, standing.study_instance_uid)
            self.facts.instances[uid].placements.add(placement)
        else:
            return False
        return True

    def _learn_standing(self, uids: list[str]) -> list[str]:
        """Load what the ledger and decisions say; those that are known."""
        rows = list(self._rows(lookups.LEDGER, uids))
        # Whatever was claimed of a UID, refused or not, the ledger holds the UID itself.
        known = sorted(row.uid for row in rows)
        if known:
            self._learn_decisions(known)
            self._ledger(rows)
            self._series([uid for uid in known if self._stands_as(uid, Kind.SERIES)])
        return known

    def _held(self, uids: Iterable[str]) -> list[str]:
        """Those UIDs of which the registry may hold something: that weren't looked for in vain."""
        return [uid for uid in uids if uid in self.standing or uid not in self._learned]

    def replacing(self, uids: Iterable[str]) -> set[str]:
        """Those of some UIDs that were minted here to replace others (schema/replacements.py)."""
        return {row.uid for row in self._rows(lookups.REPLACEMENTS, uids) if row.origin == Origin.ISSUED}

    def learn_attributes(self, claims: Iterable[ObjectClaim]) -> None:
        """Load what was said of the patients, studies and series of some claims."""
        subjects = {
            (level, stored(subject, context)): subject
            for claim in claims
            for level, subject, _ in fingerprints_of(claim)
            for context in (self._context, *filter(None, [self._epoch.beside]))
        }
        self._described.update(kept for _, kept in subjects)
        known = {
            kept
            for (_, kept), subject in subjects.items()
            if isinstance(subject, bytes) or subject in self.facts.kinds
        }
        for row in self._rows(lookups.FINGERPRINTS, known):
            if (subject := subjects.get((Level(row.level), row.subject))) and self._compares(row, subject):
                self.facts.attributes.know(Level(row.level), subject, row.attributes)

    def _compares(self, row: Any, subject: Subject) -> bool:
        """Whether a fingerprint is under the key of this time. One without any attribute is under every."""
        beside = self._epoch.beside
        if beside is not None and row.subject == stored(subject, beside):
            return True
        return self._epoch.holds(row.entry) or not any(unpacked(row.attributes))

    def learn_traits(self, uids: Iterable[str]) -> None:
        """Load what known instances say of how they came to be, and their frames of reference."""
        instances = [uid for uid in uids if Kind.INSTANCE in self.facts.kinds.get(uid, ())]
        known = self._held(instances)
        for row in self._rows(lookups.TRAITS, known):
            self._trait(row)
        for uid in instances:
            facts = self.facts.instances[uid]
            if any(True in lost for lost in facts.lossy.values()):
                facts.traits.add(Trait.LOSSY)
        for row in self._rows(lookups.FRAMES, known):
            self.facts.instances[row.uid].frames.add(row.frame_uid)

    def _trait(self, row: Any) -> None:
        facts, trait = self.facts.instances[row.uid], Trait(row.trait)
        if not row.content:
            facts.traits.add(trait)
            return
        for content in facts.contents:
            if content.digest == row.content:
                # What is written says otherwise than the transfer syntax does.
                facts.lossy[content] = {trait is Trait.LOSSY}

    def learn_generated(self, uids: Iterable[str]) -> None:
        """Load which UIDs that nobody has used yet were issued before anybody said for what."""
        unknown = [uid for uid in uids if uid not in self.standing]
        self.generated |= {row.uid for row in self._rows(lookups.GENERATED, unknown)}

    def learn_registrations(self, frames: Iterable[str]) -> None:
        """Load which frames of reference registrations join with some, as far as it leads."""
        new = set(frames)
        while new := new - self._related:
            self._related |= new
            reached: set[str] = set()
            for query in lookups.REGISTRATIONS:
                for row in self._rows(query, new):
                    self.facts.registered.add((row.frame_uid, row.other_uid))
                    reached |= {row.frame_uid, row.other_uid}
            new = reached

    def learn_frames(self, frames: Iterable[str]) -> None:
        """Load the series that are in some frames of reference."""
        self.learn({row.series_uid for row in self._rows(lookups.SERIES_IN_FRAMES, frames)})

    def learn_labels(self, scopes: Iterable[str]) -> None:
        """Load the labels that were remembered in some scopes."""
        for row in self._rows(lookups.LABELS, self._held(scopes)):
            if (label := own_label(row.label, self._epoch)) is not None:
                mark, value = Mark(label[0]), label[1:]
                self.facts.labels[row.scope_uid, mark][value].add(row.uid)

    def learn_references(self, uids: Iterable[str]) -> set[str]:
        """Load what some instances refer to; all the targets."""
        sets: dict[int, list[str]] = {}
        for row in self._rows(lookups.REFERENCE_CLAIMS, self._held(uids)):
            sets.setdefault(row.set_id, []).append(row.uid)
        targets: set[str] = set()
        for number, references in self.reference_sets(sets):
            targets.update(reference.target for reference in references)
            for uid in sets[number]:
                self.facts.instances[uid].references.update(references)
        return targets

    def reference_sets(self, numbers: Iterable[int]) -> Iterator[tuple[int, list[Any]]]:
        """The references of some sets."""
        for row in self._rows(lookups.REFERENCE_SETS, numbers):
            yield row.id, decode(row.body)
