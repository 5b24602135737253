"""What was claimed of what stands: refused claims, further contents, uses, series, patients."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection

from registry.decision import Standing
from registry.epochs import ALWAYS, Epoch
from registry.facts import (
    Content,
    Placement,
    encoding_of,
)
from registry.records import Kind, Patient
from registry.store import lookups, schema
from registry.store.decided import Decided
from registry.store.frames import appearance
from registry.store.standings import Standings
from registry.store.words import Words


class Claimed(Standings):
    """What was claimed of the UIDs that stand, refused or not (``facts``).

    Of contents and patients it knows those of one context, and of one key's time in it, alone.
    """

    def __init__(self, connection: Connection, words: Words, epoch: Epoch = ALWAYS) -> None:
        super().__init__(connection, words, epoch)
        self._contexts = [each for each in (epoch.context, epoch.beside) if each]
        self._aliases_of: set[bytes] = set()

    def _learn_claims(self, known: list[str]) -> None:
        """Load what was claimed of some UIDs that stand."""
        self._learn_claimed_places(known)
        self._contents(known)
        self._patients(known)

    def _learn_claimed_places(self, known: list[str]) -> None:
        self._refused(known)
        self._uses(known)
        self._series_claims(known)

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
