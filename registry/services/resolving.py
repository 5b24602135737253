"""Resolve: a person says which of several claims about a UID holds.

No row changes: the decision lies over the record, the latest one counts. What it
explains is no longer found; what contradicts it from now on is a collision. What
was issued stays as it was issued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry.errors import BadRequest, ParentMismatch, UidCollision, UnknownUid
from registry.records import Kind, Origin
from registry.services.opening import OpenRegistry
from registry.services.reassessing import RETRACTABLE, ask_again
from registry.services.refusing import recorded
from registry.store import links, schema
from registry.store.act import Act
from registry.store.claims import Claimed, claims_about
from registry.store.concurrent import Ground, confirm
from registry.store.decided import instances_among, unplaced
from registry.store.knowledge import Knowledge
from registry.store.words import Words
from registry.uid import findable

CLEARED = RETRACTABLE | {"UID301", "UID302", "UID303", "UID304", "UID305", "UID308", "UID501"}
"""What a decision may explain: collisions, and where a derived object and its source are."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Which claim holds from now on."""

    uid: str
    kept: Claimed
    placed: int  # instances that had no place, and now go with their series
    cleared: tuple[str, ...]
    found: tuple[str, ...]
    entry: int


def claims(registry: OpenRegistry, uid: str) -> list[Claimed]:
    """The claims about a UID, the first one first. Raises ``UnknownUid``."""
    wanted = findable(uid)
    with registry.database.reading() as connection:
        return _claims(claims_about(connection, Words(connection), wanted), wanted)[1]


def choose(found: Sequence[Claimed], keep: str) -> Claimed:
    """The claim that is meant: the ``first``, the ``second``, or one by its entry; where an
    entry made one of another place and one of another content, both of them: ``17.1+17.2``.

    Raises ``BadRequest``, whose message lists them, where none or several are.
    """
    wanted = keep.strip().lower()
    if len(found) < 2:
        raise BadRequest(
            "there is only one claim about it, and that holds",
            advice="`uid-registry history UID` tells what was claimed.",
        )
    if wanted in ("first", "second"):
        return found[0 if wanted == "first" else 1]
    if len(parts := [claim for claim in found if claim.name in wanted.split("+")]) == 2 and "+" in wanted:
        return _joined(found[0], *parts)
    meant = [claim for claim in found if wanted in (claim.name, str(claim.entry))]
    if len(meant) == 1:
        return meant[0]
    said = f"entry {wanted} made {len(meant)} claims" if meant else f"--keep {keep!r} names no claim"
    listed = "".join(f"\n  {claim.name}: {claim.words} ({claim.actor}, {claim.at})" for claim in found)
    raise BadRequest(f"{said} about it:{listed}", advice="Give one of the names before the colon.")


def _joined(first: Claimed, one: Claimed, other: Claimed) -> Claimed:
    """Another place and another content that one object claimed. Raises ``BadRequest`` where it can't be."""
    place, content = (one, other) if other.content is not None else (other, one)
    if one.entry != other.entry or place.content is not None or content is first or place is first:
        raise BadRequest(
            f"the claims {one.name} and {other.name} can't be one object's",
            advice="One must be of another place, one of another content, both of one entry.",
        )
    name = f"{one.name}+{other.name}"
    return replace(place, name=name, content=content.content, content_number=content.content_number)


def resolve(registry: OpenRegistry, uid: str, keep: str, reason: str) -> Resolved:
    """Decide which claim about a UID holds.

    Raises ``BadRequest`` where the claim can't be told, ``Refused`` where it can't hold.
    """
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest("a decision needs its reason", advice="Give it with --reason TEXT.")
    wanted = findable(uid)

    def work(act: Act) -> Resolved:
        registry.require_key(act.connection)
        words = Words(act.connection)
        origin, found = _claims(claims_about(act.connection, words, wanted), wanted)
        kept = choose(found, keep)
        knowledge = Knowledge(act.connection, words)
        knowledge.learn(
            [wanted, *(uid for uid in (kept.series_instance_uid, kept.study_instance_uid) if uid)]
        )
        _require_possible(wanted, origin, found[0], kept, knowledge)
        rows = [_row(wanted, kept, found[0], knowledge, words), *_placed(act, wanted, kept)]
        act.insert(schema.decisions, rows)
        act.note(reason)
        again = ask_again(act, words, _concerned(act, wanted, kept.kind), CLEARED, registry.epochs(None))
        confirm(act, Ground(again.ground.uids | knowledge.learned))
        act.commit(uid=wanted, kept=kept.name, cleared=len(again.cleared), found=len(again.found))
        return Resolved(wanted, kept, len(rows) - 1, again.cleared, again.found, act.entry)

    return recorded(registry, "uid:resolve", work, actor=actor, about=[wanted])


def _claims(found: tuple[Origin, list[Claimed]] | None, uid: str) -> tuple[Origin, list[Claimed]]:
    if found is None:
        raise UnknownUid(f"the ledger holds nothing of {uid}, so there is nothing to decide")
    return found


def _require_possible(uid: str, origin: Origin, first: Claimed, kept: Claimed, knowledge: Knowledge) -> None:
    if kept.kind is not first.kind:
        raise UidCollision(
            f"{uid} stands as a {first.kind.words}, and things may hang on that: it can't become a "
            f"{kept.kind.words}",
            advice="Give the other thing a UID of its own, and decide for this one: --keep first.",
        )
    if origin is Origin.ISSUED and not _same_place(first, kept):
        raise ParentMismatch(
            f"{uid} was issued as {first.words}; what was issued never moves",
            advice=f"`uid-registry withdraw {uid}`, and issue another UID for the place where the object is.",
        )
    series, study = kept.series_instance_uid, kept.study_instance_uid
    for parent, kind in ((series, Kind.SERIES), (study, Kind.STUDY)):
        stands = knowledge.standing.get(parent) if parent else None
        if stands is not None and stands.kind is not kind:
            raise UidCollision(f"{parent} is recorded as a {stands.kind.words}; it can't be a {kind.words}")
    if kept.kind is Kind.INSTANCE and series and study:
        stands = knowledge.standing.get(series)
        if stands is not None and stands.study_instance_uid not in (None, study):
            raise ParentMismatch(
                f"series {series} is in study {stands.study_instance_uid}, not in {study}",
                advice=f"Decide about the series first, and its instances go with it: resolve {series}.",
            )


def _same_place(first: Claimed, kept: Claimed) -> bool:
    pairs = (
        (first.series_instance_uid, kept.series_instance_uid),
        (first.study_instance_uid, kept.study_instance_uid),
        (first.modality, kept.modality),
    )
    return all(not one or not other or one == other for one, other in pairs)


def _row(uid: str, kept: Claimed, first: Claimed, knowledge: Knowledge, words: Words) -> dict[str, object]:
    """The decision: all that the claim says, and what stands where it says nothing."""
    standing = knowledge.standing[uid]
    stands = next((digests[0] for digests in standing.contents.values()), None)
    series, study = kept.series_instance_uid, kept.study_instance_uid
    if kept is not first:
        series, study = series or standing.series_instance_uid, study or standing.study_instance_uid
    return {
        "uid": uid,
        "chosen": kept.entry,
        "kind": int(kept.kind),
        "series_uid": series,
        "study_uid": study,
        "sop_class_id": words.find(kept.sop_class_uid or standing.sop_class_uid or ""),
        "modality_id": words.find(kept.modality or standing.modality or ""),
        "content": kept.content or stands,
    }


def _placed(act: Act, uid: str, kept: Claimed) -> list[dict[str, object]]:
    """Decisions about the instances that had no place because their series stood in another study."""
    if kept.kind is not Kind.SERIES or kept.study_instance_uid is None:
        return []
    rows: dict[str, dict[str, object]] = {}
    for claim in act.connection.execute(unplaced(uid, kept.study_instance_uid)):
        place = {"series_uid": claim.series_uid, "study_uid": claim.study_uid}
        rows.setdefault(
            claim.uid,
            {
                "uid": claim.uid,
                "chosen": claim.entry,
                "kind": claim.kind,
                "sop_class_id": claim.sop_class_id,
                **place,
            },
        )
    return list(rows.values())


def _concerned(act: Act, uid: str, kind: Kind) -> set[str]:
    """Whom a decision about a UID concerns: itself, what is in it, and what refers to either."""
    inside = instances_among(act.connection, [uid]) if kind is Kind.SERIES else {uid}
    knowledge = Knowledge(act.connection, Words(act.connection))
    knowledge.learn([uid])
    facts = knowledge.facts
    series = {uid} if kind is Kind.SERIES else set[str]()
    if uid in facts.instances:
        known = facts.instances[uid]
        series |= known.series | {place.series_instance_uid for place in known.former}
    return {uid} | inside | links.referring(act.connection, links.leading_to(act.connection, series))
