"""What stands: the rows of the ledger that a batch is about, with what people decided of them."""

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
    encoding_of,
    lossy_by,
)
from registry.records import Kind, Origin
from registry.store import lookups
from registry.store.decided import Decided, decided
from registry.store.keyed import Keyed, Question
from registry.store.packing import pack, unpack
from registry.store.words import Words


def places_of(uids: Iterable[str | None]) -> Question | None:
    """The question where some UIDs stand, for an act to begin with; None for no UID."""
    keys = sorted({pack(uid) for uid in uids if uid})
    return Question(lookups.PLACES, keys) if keys else None


def _text(uid: str | bytes | None) -> str:
    return unpack(uid) if isinstance(uid, bytes) else uid or ""


class Standings:
    """What stands in the ledger (``standing``), and what that says (``facts``).

    Of contents it knows those of one context, and of one key's time in it, alone.
    """

    def __init__(self, connection: Connection, words: Words, epoch: Epoch = ALWAYS) -> None:
        self._connection = connection
        self._words = words
        self._epoch, self._context = epoch, epoch.context
        self._decisions: dict[str, Decided | None] = {}  # None: nothing was decided
        self._placed: set[str] = set()
        self.standing: dict[str, Standing] = {}
        self.nodes: dict[str, int] = {}  # the surrogate keys of studies and series, as far as they are known
        self.facts = Facts()

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
