"""Where UIDs are issued: parents looked at, UIDs minted, rows written, inside one act."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from registry.decision import NewRow, Standing
from registry.errors import KeyUnusable, ParentMismatch, ParentNeeded, UidCollision, UidWithdrawn
from registry.minting import Method, mint_keyed, mint_many, mint_uuid
from registry.records import Kind, Origin, Reference
from registry.services.opening import OpenRegistry
from registry.store import links, schema
from registry.store.act import Act
from registry.store.concurrent import Ground, confirm
from registry.store.knowledge import Knowledge
from registry.store.ledger import Issue, enter, enter_issued
from registry.store.reserved import given_among
from registry.store.retrying import LostRace
from registry.store.roots import load_roots
from registry.store.session import Connection
from registry.store.standings import places_of
from registry.store.words import Words


class IssuingDesk:
    """The state of issuing within one act."""

    def __init__(self, registry: OpenRegistry, act: Act) -> None:
        self._registry, self._act = registry, act
        self._words = Words(act.connection)
        self.knowledge = Knowledge(act.connection, self._words)
        self.knowledge.take_places(act.question, act.answer)
        self.roots = load_roots(act.connection, act.roots_said)
        self._parents: list[NewRow] = []  # that the ledger doesn't have yet
        self._issued: list[Issue] = []
        self._derived: dict[str, tuple[Reference, ...]] = {}
        self._may_repeat = False

    def parents(self, study: str | None, series: str | None, *, needs_study: bool) -> str | None:
        """Look at the parents asked for; the study that counts.

        An unknown one was made elsewhere and is recorded as foreign, unless it was issued
        here before anybody said for what. Raises
        ``UidCollision``, ``ParentMismatch`` or ``UidWithdrawn`` where one can't be
        the parent, ``ParentNeeded`` where one is missing.
        """
        self._learn_places(uid for uid in (study, series) if uid)
        if series is not None:
            known = self._usable(series, Kind.SERIES)
            if known is None:
                if study is None:
                    raise ParentNeeded(
                        f"the registry doesn't know the series {series}",
                        advice="Name its study too: --study UID.",
                    )
            elif study is None:
                return known.study_instance_uid
            elif known.study_instance_uid != study:
                raise ParentMismatch(
                    f"series {series} is in study {known.study_instance_uid or '(none)'}, not in {study}"
                )
        if study is None:
            if needs_study:
                raise ParentNeeded("a series belongs to a study")
            return None
        new = [Standing(study, Kind.STUDY, Origin.FOREIGN)] if self._usable(study, Kind.STUDY) is None else []
        if series is not None and series not in self.knowledge.standing:
            new.append(Standing(series, Kind.SERIES, Origin.FOREIGN, study_instance_uid=study))
        given = given_among(self._act.connection, (row.uid for row in new)) if new else ()
        self._parents += (
            NewRow(replace(row, origin=Origin.ISSUED) if row.uid in given else row) for row in new
        )
        return study

    def _learn_places(self, uids: Iterable[str]) -> None:
        """As the engine answers it best."""
        new = [uid for uid in uids if uid not in self.knowledge.standing]
        question = places_of(new)
        if question is not None:
            self.knowledge.take_places(question, self._act.ask(question))
            self.knowledge.learn_places(new)

    def _settle_repeats(self) -> None:
        """Have the ledger say now whether a keyed UID was taken meanwhile: then it is
        looked at again, and may be a repeat."""
        try:
            self._act.flush()
        except UidCollision as error:
            raise LostRace from error

    def _usable(self, uid: str, kind: Kind) -> Standing | None:
        known = self.knowledge.standing.get(uid)
        if known is None:
            return None
        if known.kind is not kind:
            raise UidCollision(f"{uid} is recorded as a {known.kind.words}; it can't be a {kind.words}")
        if known.withdrawn:
            raise UidWithdrawn(
                f"the {kind.words} {uid} was withdrawn", advice="`uid-registry history UID` tells why."
            )
        return known

    def mint(self, kind: Kind, root: str, method: Method, count: int, parts: Sequence[str] = ()) -> list[str]:
        """Fresh UIDs, or those that the parts always give."""
        if method is Method.KEYED:
            return self._keyed(root, [(kind.label, *parts, str(index)) for index in range(count)])
        uids: set[str] = set()
        while (missing := count - len(uids)) > 0:
            if method is Method.UUID:
                uids.update(mint_uuid() for _ in range(missing))
            else:
                uids.update(mint_many(root, missing))
        return sorted(uids)

    def _keyed(self, root: str, named: Sequence[Sequence[str]]) -> list[str]:
        """What each of these names gives, and gave: a UID that came of it under a former key is
        still its own (PS3.17 KKK.7 asks for a mapping that doesn't change)."""
        each = keyed_under(self._registry, self._act.connection, root, named)
        if any(len(uids) > 1 for uids in each):
            self.knowledge.learn_places(uid for uids in each for uid in uids)
        return [next((uid for uid in uids if uid in self.knowledge.standing), uids[-1]) for uids in each]

    def take(
        self,
        kind: Kind,
        uids: Sequence[str],
        study: str | None,
        series: str | None = None,
        modality: str | None = None,
        *,
        may_repeat: bool = False,
    ) -> None:
        """Enter UIDs as issued.

        ``may_repeat`` for keyed ones: one that was issued before for the same place
        is a repeat, for another it is refused. A fresh one that is taken is refused
        by the ledger's key.
        """
        fresh = list(uids)
        if may_repeat:
            self._may_repeat = True
            self.knowledge.learn_places(uids)
            for uid in uids:
                if (before := self.knowledge.standing.get(uid)) is not None:
                    _require_same(before, Standing(uid, kind, Origin.ISSUED, series, study, modality))
                    fresh.remove(uid)
        self._issued.append(Issue(kind, tuple(fresh), study, series, modality))

    def derived_from(self, uids: Iterable[str], references: tuple[Reference, ...]) -> None:
        """Remember what the issued UIDs are derived from."""
        if references:
            self._derived |= dict.fromkeys(uids, references)

    def write(self, purpose: str | None, request: Mapping[str, object] | None) -> None:
        """Write all of it. Raises ``LostRace`` where a parent was recorded meanwhile."""
        act = self._act
        # Asked before anything is written: what is noted down until then is sent with the entry.
        sets = links.find_sets(act, self._derived.items()) if self._derived else None
        self._words.add(act, (issue.modality for issue in self._issued))
        if self._parents and not enter(act, self._words, self._parents, known_is_fine=True):
            raise LostRace
        for issue in self._issued:
            enter_issued(act, self._words, issue, self.knowledge.nodes)
        if self._may_repeat:
            self._settle_repeats()
        if sets is not None:
            fresh = not self._may_repeat
            targets = links.write_references(act, sets, self.knowledge.learn_whereabouts, fresh=fresh)
            # Where a set leads that is there already, whoever wrote it has seen to.
            if targets:
                confirm(act, Ground(frozenset(targets)))
        if request is not None:
            act.insert(schema.requests, [request])
        if purpose:
            act.note(purpose)


def keyed_under(
    registry: OpenRegistry, connection: Connection, root: str, named: Iterable[Sequence[str]]
) -> list[list[str]]:
    """What some names give under each of the registry's keys, the newest last.

    Raises ``KeyUnusable`` where one of them isn't here.
    """
    registry.require_key(connection)
    ring = registry.ring
    keys = [key.subkey("mint") for key in reversed(ring) if key is not None]
    if len(keys) < len(ring):
        raise KeyUnusable(
            "a keyed UID may have been made under a former key that isn't on this machine",
            advice="`uid-registry db key` tells which is missing; `db key --install FILE` adds it.",
        )
    return [[mint_keyed(key, root, parts) for key in keys] for parts in named]


def _require_same(before: Standing, asked: Standing) -> None:
    """Raise unless a UID was issued before for the very same thing."""
    if before.origin is not Origin.ISSUED or before.kind is not asked.kind:
        raise UidCollision(f"{asked.uid} is taken: it is recorded as a {before.kind.words}")
    if asked.kind in (Kind.SERIES, Kind.INSTANCE):
        places = [(s.series_instance_uid, s.study_instance_uid, s.modality) for s in (asked, before)]
        if places[0] != places[1]:
            raise ParentMismatch(f"{asked.uid} was issued for {' '.join(filter(None, places[1]))}")
