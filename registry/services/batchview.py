"""What rules see of the registry: a batch laid over the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from functools import cached_property

from registry.agreement import Attributes
from registry.facts import InstanceFacts, SeriesFacts
from registry.records import Kind, Mark, Origin, Patient
from registry.roots import Roots
from registry.rules.policy import PLAIN, Policy
from registry.scoped import Scoped
from registry.store.knowledge import Knowledge


class BatchView:
    """The registry as rules see it: the batch laid over the ledger (``rules.base.View``)."""

    def __init__(
        self,
        knowledge: Knowledge,
        roots: Roots,
        now: datetime,
        gate: bool,
        batch: AbstractSet[str],  # the series and instances of the objects that are here
        policy: Policy = PLAIN,
        sent: AbstractSet[str] | None = None,  # what was let out before to where the batch goes
        scope: Scoped | None = None,  # whose replacements the objects are said to be
    ) -> None:
        self.scope = scope
        self.knowledge, self.roots, self.now, self.gate = knowledge, roots, now, gate
        self._batch, self._policy, self._sent = batch, policy, sent
        facts = knowledge.facts
        self.kinds: Mapping[str, AbstractSet[Kind]] = facts.kinds
        self.instances: Mapping[str, InstanceFacts] = facts.instances
        self.series: Mapping[str, SeriesFacts] = facts.series
        self.patients: Mapping[str, AbstractSet[Patient]] = facts.patients
        self.attributes: Attributes = facts.attributes
        self.frame_series: Mapping[str, AbstractSet[str]] = facts.frame_series
        self.labels: Mapping[tuple[str, Mark], Mapping[bytes, AbstractSet[str]]] = facts.labels
        self.shared_frames: AbstractSet[str] = policy.shared_frames
        self._asked: set[str] = set()
        self._replacing: set[str] = set()

    def is_external(self, uid: str) -> bool:
        return self._policy.is_external(uid)

    def in_batch(self, uid: str) -> bool:
        return uid in self._batch

    @property
    def leaves(self) -> bool:
        return self._sent is not None

    def was_sent(self, uid: str) -> bool:
        return self._sent is not None and uid in self._sent

    def joined(self, frame: str) -> AbstractSet[str]:
        return self.knowledge.facts.joined(frame)

    def was_known(self, uid: str) -> bool:
        return uid in self.knowledge.standing or uid in self.knowledge.generated or self._replaces(uid)

    def was_issued(self, uid: str) -> bool:
        found = self.knowledge.standing.get(uid)
        return (found is not None and found.origin is Origin.ISSUED) or self._replaces(uid)

    def _replaces(self, uid: str) -> bool:
        """Whether it was given out as a replacement of another: that is issued, and in no ledger yet."""
        if self.roots.of(uid) is None:
            return False
        if uid not in self._asked:
            ours = {each for each in self.knowledge.learned if self.roots.of(each)} | {uid}
            self._replacing |= self.knowledge.replacing(ours - self._asked)
            self._asked |= ours
        return uid in self._replacing

    def is_withdrawn(self, uid: str) -> bool:
        return uid in self.knowledge.standing and self.knowledge.standing[uid].withdrawn

    @cached_property
    def any_issued(self) -> bool:
        standing = self.knowledge.standing.values()
        return any(found.origin is Origin.ISSUED for found in standing) or any(
            map(self._replaces, self.knowledge.learned)
        )

    @cached_property
    def any_withdrawn(self) -> bool:
        return any(found.withdrawn for found in self.knowledge.standing.values())

    def one_patient(self, one: Patient, other: Patient) -> bool:
        return self.knowledge.facts.one_patient(one, other)

    def two_patients(self, patients: AbstractSet[Patient]) -> bool:
        return self.knowledge.facts.two_patients(patients)
