"""Acknowledge, resolve, reopen: what people say of kept findings, many in one act."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

from registry.acknowledgement import State, Word
from registry.errors import BadRequest, UnknownFinding
from registry.services.opening import OpenRegistry
from registry.services.querying import STANDING
from registry.services.refusing import recorded
from registry.store import findings
from registry.store.acknowledgements import say
from registry.store.act import Act, timestamp
from registry.store.findings import KeptFinding, Which
from registry.store.session import Connection
from registry.uid import printable

_EVENTS = {
    Word.ACKNOWLEDGED: "finding:acknowledge",
    Word.RESOLVED: "finding:resolve",
    Word.REOPENED: "finding:reopen",
}
_OF_ONE = {
    Word.ACKNOWLEDGED: (State.OPEN, State.ACKNOWLEDGED, State.RESOLVED),
    Word.RESOLVED: STANDING,
    Word.REOPENED: (State.ACKNOWLEDGED, State.RESOLVED),
}
"""In which states a finding that is named itself must be."""

# Said of one that has its own word already, a bulk act would put its reason in the place of that one's.
_OF_MANY = {**_OF_ONE, Word.ACKNOWLEDGED: (State.OPEN,)}


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said, and of which findings."""

    word: Word
    findings: tuple[KeptFinding, ...]  # as they were before
    until: str | None
    entry: int


def acknowledge(
    registry: OpenRegistry, which: Which, reason: str, *, until: datetime | None = None
) -> Spoken:
    """Known and accepted: it is told, and fails nothing, ``until`` then or for as long as
    what was found stays the same.

    Raises ``UnknownFinding`` where no kept finding is meant, and ``BadRequest``.
    """
    return _say(registry, Word.ACKNOWLEDGED, which, reason, until)


def resolve(registry: OpenRegistry, which: Which, reason: str) -> Spoken:
    """Mended: it isn't listed and told any more, unless an object comes that shows it again."""
    return _say(registry, Word.RESOLVED, which, reason)


def reopen(registry: OpenRegistry, which: Which, reason: str) -> Spoken:
    """Whatever was said of it no longer counts."""
    return _say(registry, Word.REOPENED, which, reason)


def meant(registry: OpenRegistry, word: Word, which: Which) -> int:
    """How many findings an act would speak of."""
    with registry.database.reading() as connection:
        return len(_meant(connection, word, which))


def _say(
    registry: OpenRegistry, word: Word, which: Which, reason: str, until: datetime | None = None
) -> Spoken:
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest("what is said of a finding needs its reason", advice="Give it with --reason TEXT.")
    if which == Which():
        raise BadRequest(
            "no finding is named", advice="Name one by code and UID, or several by code, series or root."
        )
    if until is not None and until <= datetime.now(UTC):
        raise BadRequest(f"{timestamp(until)} is over", advice="--until takes a moment in the future.")
    moment = None if until is None else timestamp(until)

    def work(act: Act) -> Spoken:
        found = _meant(act.connection, word, which)
        if not found:
            raise _none_meant(act.connection, word, which)
        say(act, word, {finding.key: finding.facts for finding in found}, moment)
        act.note(reason)
        codes = Counter(finding.code for finding in found)
        act.commit(count=len(found), findings=dict(sorted(codes.items())), until=moment)
        return Spoken(word, tuple(found), moment, act.entry)

    about = (which.subject, which.uid)
    return recorded(registry, _EVENTS[word], work, actor=actor, about=about)


def _meant(connection: Connection, word: Word, which: Which) -> list[KeptFinding]:
    states = (_OF_MANY if which.subject is None else _OF_ONE)[word]
    return findings.listing(connection, which, states)


def _none_meant(connection: Connection, word: Word, which: Which) -> Exception:
    """Why there is nothing to be said: nothing is kept, or it is in another state already."""
    kept = findings.listing(connection, which, State)
    if not kept:
        return UnknownFinding("the registry keeps no such finding")
    if which.subject is None:
        return UnknownFinding(
            f"none of these findings can be {word.label}: they are "
            f"{' or '.join(sorted({finding.state for finding in kept}))} already",
            advice="`uid-registry findings list --state all` shows them.",
        )
    return UnknownFinding(
        f"{kept[0].code} about {printable(kept[0].uid)} is {kept[0].state} already",
        advice=f"`uid-registry findings show {kept[0].code} {printable(kept[0].uid)}` tells the rest.",
    )
