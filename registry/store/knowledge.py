"""What the registry knows of the UIDs in a batch: what stands, and all that was claimed.

A few queries for a whole batch, none for each file. Learning more later is fine:
facts are unions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection

from registry.decision import Standing
from registry.epochs import ALWAYS, Epoch
from registry.facts import (
    Content,
    Facts,
    Placement,
    Subject,
    encoding_of,
    fingerprints_of,
    lossy_by,
)
from registry.fingerprint import unpack as unpacked
from registry.records import Kind, Level, Mark, ObjectClaim, Origin, Patient, Trait
from registry.store import lookups, schema
from registry.store.decided import Decided, decided
from registry.store.fingerprinted import stored
from registry.store.frames import appearance
from registry.store.keyed import Keyed, Question
from registry.store.labels import own_label
from registry.store.packing import pack, unpack
from registry.store.references import decode
from registry.store.words import Words


def places_of(uids: Iterable[str | None]) -> Question | None:
    """The question where some UIDs stand, for an act to begin with; None for no UID."""
    keys = sorted({pack(uid) for uid in uids if uid})
    return Question(lookups.PLACES, keys) if keys else None


def _text(uid: str | bytes | None) -> str:
    return unpack(uid) if isinstance(uid, bytes) else uid or ""


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


class Knowledge:
    """What stands in the ledger (``standing``) and what was claimed (``facts``).

    Of contents and patients it knows those of one context, and of one key's time in it, alone.
    """

    def __init__(self, connection: Connection, words: Words, epoch: Epoch = ALWAYS) -> None:
        self._connection = connection
        self._words = words
        self._epoch, self._context = epoch, epoch.context
        self._contexts = [each for each in (epoch.context, epoch.beside) if each]
        self._decisions: dict[str, Decided | None] = {}  # None: nothing was decided
        self._learned: set[str] = set()
        self._placed: set[str] = set()
        self._related: set[str] = set()
        self._described: set[bytes] = set()
        self._aliases_of: set[bytes] = set()
        self.standing: dict[str, Standing] = {}
        self.nodes: dict[str, int] = {}  # the surrogate keys of studies and series, as far as they are known
        self.facts = Facts()

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
        rows = list(self._rows(lookups.LEDGER, new))
        # Whatever was claimed of a UID, refused or not, the ledger holds the UID itself.
        known = sorted(row.uid for row in rows)
        if not known:
            return
        self._learn_decisions(known)
        self._ledger(rows)
        self._series([uid for uid in known if self._stands_as(uid, Kind.SERIES)])
        self._refused(known)
        self._contents(known)
        self._uses(known)
        self._series_claims(known)
        self._patients(known)

    def _held(self, uids: Iterable[str]) -> list[str]:
        """Those UIDs of which the registry may hold something: that weren't looked for in vain."""
        return [uid for uid in uids if uid in self.standing or uid not in self._learned]

    def learn_places(self, uids: Iterable[str]) -> None:
        """Load only ``standing``, and nothing of what was claimed: enough to issue under them."""
        if new := set(uids) - self.standing.keys() - self._placed:
            self._place(self._rows(lookups.PLACES, new))

    def take_places(self, question: Question | None, answer: Iterable[Sequence[Any]] | None) -> None:
        """What an act has already answered to ``places_of``."""
        if question is not None and answer is not None:
            self._placed.update(map(unpack, question.keys))
            self._place(answer)

    def _place(self, rows: Iterable[Sequence[Any]]) -> None:
        for row in rows:
            uid, kind, origin, sop_class, series, modality, study, withdrawn, node = row
            standing = Standing(
                _text(uid),
                Kind(kind),
                Origin(origin),
                _text(series) or None,
                _text(study) or None,
                self._words.value(modality),
                self._words.value(sop_class),
                withdrawn=bool(withdrawn),
            )
            self.standing[standing.uid] = standing
            if node is not None:
                self.nodes[standing.uid] = node

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

    def _stands_as(self, uid: str, kind: Kind) -> bool:
        return uid in self.standing and self.standing[uid].kind is kind

    def _rows(self, query: Keyed, keys: Iterable[Any]) -> Iterator[Any]:
        return query.rows(self._connection, keys)

    def _learn_decisions(self, uids: Iterable[str | None]) -> None:
        new = {uid for uid in uids if uid} - self._decisions.keys()
        self._decisions |= dict.fromkeys(new)
        self._decisions.update(decided(self._connection, self._words, new))

    def _ledger(self, rows: list[Any]) -> None:
        # The study of an instance is that of its series, and that may have been moved.
        said = (self._decisions[row.uid] for row in rows)
        self._learn_decisions(each.series_instance_uid for each in said if each)
        self._learn_decisions(row.series_uid for row in rows)
        for row in rows:
            kind, origin, said_of_it = Kind(row.kind), Origin(row.origin), self._decisions[row.uid]
            series, study = row.series_uid, row.study_uid
            if said_of_it is not None and said_of_it.series_instance_uid:
                series, study = said_of_it.series_instance_uid, said_of_it.study_instance_uid
            standing = Standing(row.uid, kind, origin, series, self._study_of(series, study))
            standing.decided = said_of_it.entry if said_of_it is not None else None
            self.standing[row.uid] = standing
            self.facts.kinds[row.uid].add(kind)
            if kind is Kind.INSTANCE:
                self._instance(standing, row, said_of_it)

    def _study_of(self, series: str | None, study: str | None) -> str | None:
        """The study that an instance is in which is in this series, and was recorded in that study."""
        said = self._decisions.get(series) if series else None
        return said.study_instance_uid or study if said else study

    def _instance(self, standing: Standing, row: Any, said: Decided | None) -> None:
        facts = self.facts.instances[standing.uid]
        if standing.series_instance_uid is not None:
            placement = Placement(standing.series_instance_uid, standing.study_instance_uid)
            if standing.origin is Origin.ISSUED:
                facts.issued = placement
            else:
                facts.placements.add(placement)
            if row.series_uid is not None and (row.series_uid, row.study_uid) != placement:
                facts.former.add(Placement(row.series_uid, row.study_uid))
        sop_class = said.sop_class_uid if said else None
        if (sop_class := sop_class or self._words.value(row.sop_class_id)) is not None:
            standing.sop_class_uid = sop_class
            facts.sop_classes.add(sop_class)
        if row.content is not None and self._context is None and self._epoch.holds(row.entry):
            self._content(standing, row)

    def _content(self, standing: Standing, row: Any) -> None:
        syntax = self._words.value(row.transfer_syntax_id)
        content = Content(encoding_of(syntax), row.content)
        standing.contents.setdefault(content.encoding, []).append(row.content)
        facts = self.facts.instances[standing.uid]
        attributes = facts.contents.setdefault(content, set())
        facts.lossy.setdefault(content, set()).add(lossy_by(syntax))
        if row.data_set is not None:
            attributes.add(row.data_set)

    def _decide_contents(self, uid: str, said: Decided, later: set[Content]) -> None:
        """Of a decided instance one content stands in each encoding: the decided one, else the
        first. Besides it only those count that were claimed ``later``."""
        standing, facts = self.standing[uid], self.facts.instances[uid]
        overruled = self._is_beside(uid, said)
        for encoding, digests in list(standing.contents.items()):
            stands = said.content if said.content in digests else digests[0]
            kept = {} if overruled else {stands: None}
            kept |= {each: None for each in digests if Content(encoding, each) in later}
            for each in set(digests) - kept.keys():
                del facts.contents[Content(encoding, each)]
                facts.lossy.pop(Content(encoding, each), None)
            standing.contents[encoding] = list(kept)

    def _is_beside(self, uid: str, said: Decided) -> bool:
        """Whether what was decided is a content that was refused under an older key: then none that
        was recorded under this one before stands."""
        if said.content is None or self._epoch.number == 1:
            return False
        return any(row.content == said.content for row in self._rows(lookups.BESIDE, [uid]))

    def _series(self, uids: list[str]) -> None:
        for row in self._rows(lookups.SERIES, uids):
            standing, facts, said = (
                self.standing[row.uid],
                self.facts.series[row.uid],
                self._decisions[row.uid],
            )
            standing.study_instance_uid = (said.study_instance_uid if said else None) or row.study_uid
            standing.modality = (said.modality if said else None) or self._words.value(row.modality_id)
            if standing.origin is Origin.ISSUED:
                facts.issued_study, facts.issued_modality = row.study_uid, standing.modality
            elif standing.study_instance_uid is not None:
                facts.studies.add(standing.study_instance_uid)
            if row.study_uid not in (None, standing.study_instance_uid):
                facts.former.add(row.study_uid)

    def _refused(self, uids: list[str]) -> None:
        rows = list(self._rows(lookups.REFUSED, uids))
        self._learn_decisions(row.series_uid for row in rows)
        for row in rows:
            said, kind = self._decisions[row.uid], Kind(row.kind)
            if said is not None and row.entry <= said.entry:
                self._overruled(row, kind)
                continue
            self.facts.kinds[row.uid].add(kind)
            if kind is Kind.INSTANCE:
                self._refused_instance(row)
            elif kind is Kind.SERIES and row.study_uid is not None:
                self.facts.series[row.uid].studies.add(row.study_uid)

    def _refused_instance(self, row: Any) -> None:
        facts = self.facts.instances[row.uid]
        if row.series_uid is not None:
            said = self._decisions[row.series_uid]
            study = row.study_uid
            if said is not None and row.entry <= said.entry and study is not None:
                study = self._study_of(row.series_uid, study)  # it goes with its series
            facts.placements.add(Placement(row.series_uid, study))
        if (sop_class := self._words.value(row.sop_class_id)) is not None:
            facts.sop_classes.add(sop_class)
            if self._stands_as(row.uid, Kind.INSTANCE):
                standing = self.standing[row.uid]
                standing.sop_class_uid = standing.sop_class_uid or sop_class

    def _overruled(self, row: Any, kind: Kind) -> None:
        """A claim about a UID of which somebody decided after it was made."""
        if kind is Kind.INSTANCE and row.series_uid is not None:
            self.facts.instances[row.uid].former.add(Placement(row.series_uid, row.study_uid))
        elif kind is Kind.SERIES and row.study_uid is not None:
            self.facts.series[row.uid].former.add(row.study_uid)

    def _contents(self, uids: list[str]) -> None:
        later: dict[str, set[Content]] = {}
        for row in self._content_rows(uids):
            self._content(self.standing[row.uid], row)
            said = self._decisions[row.uid]
            if said is not None and row.entry > said.entry:
                encoding = encoding_of(self._words.value(row.transfer_syntax_id))
                later.setdefault(row.uid, set()).add(Content(encoding, row.content))
        for uid in uids:
            if self._context is None and (said := self._decisions[uid]) is not None:
                self._decide_contents(uid, said, later.get(uid, set()))

    def _content_rows(self, uids: list[str]) -> Iterator[Any]:
        if self._context is None:
            yield from self._within(self._rows(lookups.CONTENTS, uids))
        for context in self._contexts:
            rows = lookups.CONTEXT_CONTENTS.rows(self._connection, uids, context=context)
            yield from rows if context == self._epoch.beside else self._within(rows)

    def _within(self, rows: Iterable[Any]) -> Iterator[Any]:
        """Those rows that are under the key of this time."""
        return (row for row in rows if self._epoch.holds(row.entry))

    def _uses(self, uids: list[str]) -> None:
        for row in self._rows(lookups.USES, uids):
            standing, said = self.standing[row.uid], self._decisions[row.uid]
            if row.state == schema.WITHDRAWN:
                standing.withdrawn = True
                continue
            standing.seen.add(row.state == schema.USED)
            if (sop_class := self._words.value(row.sop_class_id)) is not None:
                overruled = said is not None and said.sop_class_uid is not None and row.entry <= said.entry
                standing.sop_class_uid = standing.sop_class_uid or sop_class
                if not overruled:
                    self.facts.instances[row.uid].sop_classes.add(sop_class)
            if row.state == schema.USED:
                self._used_as_recorded(standing)
        for row in self._rows(lookups.WITHDRAWALS, uids):
            self.standing[row.uid].withdrawn = bool(row.withdrawn)

    def _used_as_recorded(self, standing: Standing) -> None:
        if standing.kind is Kind.INSTANCE:
            facts = self.facts.instances[standing.uid]
            if facts.issued is not None:
                facts.placements.add(facts.issued)
        elif standing.kind is Kind.SERIES and standing.study_instance_uid is not None:
            self.facts.series[standing.uid].studies.add(standing.study_instance_uid)

    def _series_claims(self, uids: list[str]) -> None:
        for row in self._rows(lookups.SERIES_CLAIMS, uids):
            self.facts.appear(
                row.series_uid,
                appearance(
                    self._words.value(row.sop_class_id),
                    self._words.value(row.modality_id),
                    row.frame_of_reference_uid,
                ),
            )

    def _patients(self, uids: list[str]) -> None:
        found: set[Patient] = set()
        for row in self._patient_rows(uids):
            patient = Patient(row.token, row.issuer)
            self.facts.patients[row.uid].add(patient)
            found.add(patient)
            standing = self.standing.get(row.uid)
            if standing is not None and standing.patient is None:
                standing.patient = patient
        self.learn_aliases({patient.token for patient in found})

    def _patient_rows(self, uids: list[str]) -> Iterator[Any]:
        if self._context is None:
            yield from self._within(self._rows(lookups.PATIENTS, uids))
        for context in self._contexts:
            rows = lookups.CONTEXT_PATIENTS.rows(self._connection, uids, context=context)
            yield from rows if context == self._epoch.beside else self._within(rows)

    def learn_aliases(self, tokens: set[bytes]) -> None:
        """Load which Patient IDs were said or decided to be one person's or not, as far as it leads."""
        decisions: dict[frozenset[Patient], tuple[int, int]] = {}
        while tokens := tokens - self._aliases_of:
            self._aliases_of |= tokens
            reached: set[bytes] = set()
            for query in lookups.ALIASES:
                for row in self._rows(query, tokens):
                    self.facts.aliases.add(frozenset((Patient(*row[:2]), Patient(*row[2:]))))
                    reached |= {row[0], row[2]}
            for query in lookups.PATIENT_DECISIONS:
                for row in self._rows(query, tokens):
                    pair = frozenset((Patient(*row[2:4]), Patient(*row[4:])))
                    decisions[pair] = max(decisions.get(pair, (0, 0)), (row.entry, row.same))
                    reached |= {row[2], row[4]}
            tokens = reached
        for pair, (_, same) in decisions.items():
            (self.facts.aliases if same else self.facts.parted).add(pair)
