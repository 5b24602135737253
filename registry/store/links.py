"""What refers to what: sets of references, where they lead, and what is still awaited.

A set's targets are looked up once they are known; until then each waits in
``pending_references``. What remains for ever is the set itself, compressed, and
one row for each series that it leads to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, select

from registry.facts import Facts
from registry.records import Kind, Reference
from registry.store import schema
from registry.store.act import Act
from registry.store.keyed import Keyed
from registry.store.packing import pack
from registry.store.references import encode

_SETS = Keyed(
    select(schema.reference_sets.c.id, schema.reference_sets.c.digest), schema.reference_sets.c.digest
)
_AWAITING = Keyed(select(schema.pending_references), schema.pending_references.c.target_uid)
_LEADING = Keyed(select(schema.derivations.c.set_id), schema.derivations.c.source_series_uid)
_REFERRING = Keyed(select(schema.reference_claims.c.uid), schema.reference_claims.c.set_id)


def _in_studies() -> tuple[Keyed, Keyed, Keyed]:
    series, nodes, ledger, claims = schema.series, schema.studies, schema.ledger, schema.reference_claims
    listed = select(series.c.uid).join_from(series, nodes, series.c.study_id == nodes.c.id)
    instances = (
        select(claims.c.uid)
        .join_from(nodes, series, series.c.study_id == nodes.c.id)
        .join(ledger, ledger.c.series_id == series.c.id)
        .join(claims, claims.c.uid == ledger.c.uid)
    )
    of_series = (
        select(claims.c.uid)
        .join_from(series, ledger, ledger.c.series_id == series.c.id)
        .join(claims, claims.c.uid == ledger.c.uid)
    )
    return Keyed(listed, nodes.c.uid), Keyed(instances, nodes.c.uid), Keyed(of_series, series.c.uid)


def _moved() -> tuple[Keyed, Keyed]:
    """Series and instances that somebody decided to be in some studies, then or now: who asks
    looks at more than must be rather than at less."""
    decisions, claims = schema.decisions, schema.reference_claims
    series = select(decisions.c.uid).where(decisions.c.kind == int(Kind.SERIES))
    instances = select(claims.c.uid).join_from(decisions, claims, claims.c.uid == decisions.c.uid)
    return Keyed(series, decisions.c.study_uid), Keyed(instances, decisions.c.study_uid)


_SERIES_IN, _STAYING, _REFERRING_OF = _in_studies()
_MOVED_IN, _DECIDED = _moved()
_REFERRING_IN = (_STAYING, _DECIDED)


def record_references(act: Act, named: Iterable[tuple[str, Sequence[Reference]]], facts: Facts) -> None:
    """Write what some UIDs refer to, and where that leads as far as is known."""
    write_references(act, find_sets(act, named), lambda _: facts)


@dataclass(frozen=True, slots=True)
class Sets:
    """What some UIDs refer to, each set of references once."""

    bodies: dict[bytes, bytes]  # by their digests
    references: dict[bytes, Sequence[Reference]]
    claims: frozenset[tuple[str, bytes]]
    known: dict[bytes, int]  # the numbers of those that were written before


def find_sets(act: Act, named: Iterable[tuple[str, Sequence[Reference]]]) -> Sets:
    """The sets of references that some UIDs name, and which of them are there."""
    bodies: dict[bytes, bytes] = {}
    listed: dict[bytes, Sequence[Reference]] = {}
    claims: set[tuple[str, bytes]] = set()
    for uid, references in named:
        digest, body = encode(references)
        bodies[digest], listed[digest] = body, references
        claims.add((uid, digest))
    return Sets(bodies, listed, frozenset(claims), _known_sets(act, bodies))


def write_references(
    act: Act, sets: Sets, learn: Callable[[set[str]], Facts], *, fresh: bool = False
) -> set[str]:
    """Write them, and where those that are new lead, as far as is known of their targets, which
    ``learn`` tells; all these targets.

    ``fresh`` UIDs name nothing yet: then all of it is sent with the entry, and the act lost a race
    where another one has written such a set since ``find_sets`` looked.
    """
    numbers = _set_ids(act, sets.bodies, sets.known, fresh)
    act.insert(
        schema.reference_claims,
        [{"uid": uid, "set_id": numbers[digest][0]} for uid, digest in sorted(sets.claims)],
        known_is_fine=not fresh,
    )
    new = {number: sets.references[digest] for digest, (number, is_new) in numbers.items() if is_new}
    targets = {reference.target for references in new.values() for reference in references}
    facts = learn(targets)
    for number, references in sorted(new.items()):
        _lead(act, number, references, facts, fresh)
    return targets


def _lead(act: Act, number: int, references: Iterable[Reference], facts: Facts, fresh: bool) -> None:
    """Write where a new set leads; what isn't known yet is awaited."""
    series: set[str] = set()
    awaited: set[str] = set()
    for reference in references:
        known = series_of(reference.target, facts)
        series |= known
        if reference.series_instance_uid:
            series.add(reference.series_instance_uid)
        if not known:
            awaited.add(reference.target)
    _insert_derivations(act, {(number, uid) for uid in series}, fresh)
    act.remember(schema.pending_references, [(pack(target), number) for target in awaited], fresh)


def series_of(target: str, facts: Facts) -> set[str]:
    """The series that a target is known to be in, or to be."""
    if target in facts.instances and (series := facts.instances[target].series):
        return series
    known = facts.series.get(target)
    return {target} if known and (known.studies or known.appearances or known.issued_study) else set()


def settle(act: Act, waiting: Mapping[str, set[int]], facts: Facts) -> None:
    """Write where pending references lead whose targets are known by now."""
    known = {
        target: series for target, sets in waiting.items() if sets and (series := series_of(target, facts))
    }
    _insert_derivations(
        act,
        {(number, uid) for target, series in known.items() for number in waiting[target] for uid in series},
    )
    if known:
        pending = schema.pending_references
        act.connection.execute(
            delete(pending).where(pending.c.target_uid == bindparam("gone")),
            [{"gone": target} for target in known],
        )


def lead_on(act: Act, sets: Iterable[tuple[int, Sequence[Reference]]], moved: Mapping[str, set[str]]) -> None:
    """Write that sets lead to further series, because a target was claimed there too."""
    _insert_derivations(
        act,
        {
            (number, uid)
            for number, references in sets
            for reference in references
            for uid in moved.get(reference.target, ())
        },
    )


def _insert_derivations(act: Act, pairs: set[tuple[int, str]], fresh: bool = False) -> None:
    rows = [{"set_id": number, "source_series_uid": uid} for number, uid in sorted(pairs)]
    act.insert(schema.derivations, rows, known_is_fine=not fresh)


def _set_ids(
    act: Act, bodies: dict[bytes, bytes], known: dict[bytes, int], fresh: bool
) -> dict[bytes, tuple[int, bool]]:
    """For each set its number, and whether it is new."""
    numbers = {digest: (number, False) for digest, number in known.items()}
    new = sorted(bodies.keys() - numbers.keys())
    if not new:
        return numbers
    given = dict(zip(new, act.next_ids(schema.reference_sets, len(new)), strict=True))
    inserted = act.insert(
        schema.reference_sets,
        [{"id": number, "digest": digest, "body": bodies[digest]} for digest, number in given.items()],
        known_is_fine=not fresh,
    )
    if inserted == len(new):
        return numbers | {digest: (number, True) for digest, number in given.items()}
    # Another act was first with one of them.
    return numbers | {
        digest: (number, number == given[digest]) for digest, number in _known_sets(act, new).items()
    }


def _known_sets(act: Act, digests: Iterable[bytes]) -> dict[bytes, int]:
    return {row.digest: row.id for row in _SETS.rows(act.connection, digests)}


def awaiting(connection: Connection, targets: Iterable[str]) -> dict[str, set[int]]:
    """The sets that wait for some targets."""
    found: dict[str, set[int]] = defaultdict(set)
    for row in _AWAITING.rows(connection, targets):
        found[row.target_uid].add(row.set_id)
    return found


def leading_to(connection: Connection, series: Iterable[str]) -> set[int]:
    """The sets that lead to some series."""
    return {row.set_id for row in _LEADING.rows(connection, series)}


def referring(connection: Connection, sets: Iterable[int]) -> set[str]:
    """The UIDs of the objects and issued series that refer to some sets."""
    return {row.uid for row in _REFERRING.rows(connection, sets)}


def series_in(connection: Connection, studies: Iterable[str]) -> set[str]:
    """The series that the ledger holds in some studies, or that were moved there."""
    listed = set(studies)
    return {row.uid for query in (_SERIES_IN, _MOVED_IN) for row in query.rows(connection, listed)}


def referring_instances_of(connection: Connection, studies: Iterable[str]) -> set[str]:
    """The instances of some studies that refer to anything, those that were moved there included."""
    listed = set(studies)
    moved = {row.uid for row in _MOVED_IN.rows(connection, listed)}
    found = {row.uid for query in _REFERRING_IN for row in query.rows(connection, listed)}
    return found | {row.uid for row in _REFERRING_OF.rows(connection, moved)}
