"""What people have said of findings, laid over those of a batch.

An acknowledged one is told as such. A resolved one isn't told, as long as it
only follows from what was claimed long ago; where an object of this batch shows
it, it is back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from registry.acknowledgement import Said, State, state_of
from registry.decision import Decision
from registry.records import Finding, Kind, Verdict
from registry.store.acknowledgements import Key, last_said
from registry.store.act import timestamp
from registry.store.session import Connection

_OF_COLLISIONS = frozenset({"UID301", "UID302", "UID303", "UID304", "UID305", "UID306", "UID308", "UID313"})
"""The rules of which one at least finds something where a claim is refused."""

_OF_PATIENTS = "UID407"
"""Its subject is a patient: no object, and of no kind."""


@dataclass(slots=True)
class Weighed:
    """The findings of a batch, as they are to be told."""

    told: list[Finding] = field(default_factory=list)
    reopened: dict[Key, Finding] = field(default_factory=dict)  # had been resolved, and are seen again
    accepted: int = 0  # collisions of which all findings are acknowledged


def weigh(connection: Connection, found: Iterable[Finding], decision: Decision, now: datetime) -> Weighed:
    """Lay over the findings of a batch what was said of them: one question for all."""
    keyed = [(_key(finding), finding) for finding in found]
    said = last_said(connection, {key for key, _ in keyed if key is not None}) if keyed else {}
    return _weighed(keyed, said, decision, timestamp(now))


def _weighed(
    keyed: Iterable[tuple[Key | None, Finding]], said: Mapping[Key, Said], decision: Decision, now: str
) -> Weighed:
    weighed, seen = Weighed(), _Seen(decision)
    for key, finding in keyed:
        spoken = said.get(key) if key is not None else None
        state = state_of(spoken, finding.facts, now) if spoken else State.OPEN
        if state is State.RESOLVED and key is not None:
            if not seen.in_batch(finding):
                continue
            weighed.reopened.setdefault(key, finding)
        weighed.told.append(replace(finding, acknowledged=True) if state is State.ACKNOWLEDGED else finding)
    weighed.accepted = seen.accepted(weighed.told)
    return weighed


def _key(finding: Finding) -> Key | None:
    return None if finding.uid is None else (finding.code, finding.uid, finding.counterpart or "")


class _Seen:
    """What the objects of a batch show themselves."""

    def __init__(self, decision: Decision) -> None:
        self._instances = {claim.sop_instance_uid for claim, _ in decision.verdicts}
        self._colliding = [
            {uid for _, uid in claim.identities}
            for claim, verdict in decision.verdicts
            if verdict is Verdict.COLLISION
        ]
        self._refused: set[str] = set().union(*self._colliding)

    def in_batch(self, finding: Finding) -> bool:
        """Whether an object of the batch shows a finding, not only what is known from before."""
        if finding.code == _OF_PATIENTS:
            return False
        if finding.path is not None or finding.kind is None:
            return True
        if finding.kind is Kind.INSTANCE:
            return finding.uid in self._instances
        return finding.code in _OF_COLLISIONS and finding.uid in self._refused

    def accepted(self, told: Iterable[Finding]) -> int:
        """How many collisions somebody knows of in every respect."""
        about: dict[str | None, list[bool]] = {}
        for finding in told if self._colliding else ():
            if finding.code in _OF_COLLISIONS:
                about.setdefault(finding.uid, []).append(finding.acknowledged)
        each = ([known for uid in uids for known in about.get(uid, ())] for uids in self._colliding)
        return sum(bool(known) and all(known) for known in each)
