"""How many UIDs came in, by whatever is asked: what counting each of them by hand gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, combinations
from typing import Any, NamedTuple

import pytest

from registry.errors import BadRequest
from registry.records import Kind, Origin
from registry.roots import Policy, Root
from registry.services.generating import generate
from registry.services.issuing import issue
from registry.services.listing import listed
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.remapping import remap
from registry.services.requests import IssueRequest
from registry.services.resolving import resolve
from registry.services.rooting import add_root
from registry.services.statistics import Count, Dimension, statistics
from registry.store.listing import Filters
from registry.store.reserved import given
from registry.uid import longest_root
from tests.conftest import Registries
from tests.objects import ROOT, save_all, tiny

INNER = f"{ROOT}.7"
EARLY, LATE = "2000-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"

_PLACES: dict[int, Any] = {}


@pytest.fixture
def full(registries: Registries, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenRegistry]:
    """A registry with roots in roots, several actors, and instances that a decision moved."""
    settings = _PLACES.get(id(registries))
    if settings is None:
        settings = _PLACES[id(registries)] = registries.kept("filled")
        with opened(settings) as registry:
            add_root(registry, Root(INNER, Policy.PRODUCTION))
            add_root(registry, Root("1.2.3", Policy.RESEARCH))
            issue(registry, IssueRequest(Kind.STUDY, root=INNER, count=3))
            objects = [
                tiny("1.2.3.77.1", "1.2.3.77", "1.2.3.70", modality="MR"),
                tiny("1.2.3.77.1", "1.2.3.78", "1.2.3.70", modality="US"),
            ]
            folder = tmp_path_factory.mktemp("objects")
            register(registry, [str(path) for path in save_all(objects, folder)])
            resolve(registry, "1.2.3.77.1", "second", "the other was a mistake")
            used, _ = generate(registry, f"{INNER}.", count=2)
            copied = remap(registry, ["1.2.3.77.1", "1.2.3.77", "1.2.3.70"], "TRIAL-7", root=INNER).uids
        with opened(replace(settings, actor="somebody else")) as registry:
            issue(registry, IssueRequest(Kind.SERIES, study_instance_uid="1.2.826.0.1.7", root=INNER))
            objects = [
                tiny(used, "1.2.3.77", "1.2.3.70", modality="MR"),
                tiny(copied["1.2.3.77.1"], copied["1.2.3.77"], "1.2.3.70", modality="MR"),
            ]
            folder = tmp_path_factory.mktemp("later")
            register(registry, [str(path) for path in save_all(objects, folder)])
    with opened(settings, read_only=True) as registry:
        yield registry


class Known(NamedTuple):
    """A UID by how it came in; of one that was issued before it was in the ledger, by that."""

    uid: str
    kind: Kind
    origin: Origin
    at: str
    actor: str
    modality: str | None


def everything(registry: OpenRegistry) -> list[Known]:
    rows = [item.listed for item in listed(registry, Filters()).items if item.listed]
    known = {row.uid: Known(row.uid, row.kind, row.origin, row.at, row.actor, row.modality) for row in rows}
    with registry.database.reading() as connection:
        for uid, entry, kind in connection.execute(given()):
            at, actor = connection.exec_driver_sql(f"SELECT at, actor FROM entries WHERE id = {entry}").one()
            waiting = Known(uid, Kind(kind or Kind.OTHER), Origin.ISSUED, at, actor, None)
            known[uid] = known.get(uid, waiting)._replace(origin=Origin.ISSUED, at=at, actor=actor)
    return list(known.values())


def by_hand(by: set[Dimension], rows: list[Known]) -> Counter[Any]:
    roots = {ROOT, INNER, "1.2.3"}
    counts: Counter[Any] = Counter()
    for row in rows:
        width = {Dimension.YEAR: 4, Dimension.MONTH: 7, Dimension.DAY: 10}
        period = next((row.at[: width[each]] for each in width if each in by), None)
        counts[
            period,
            longest_root(row.uid.rpartition(".")[0], roots) if Dimension.ROOT in by else None,
            row.actor if Dimension.ACTOR in by else None,
            row.kind if Dimension.KIND in by else None,
            row.modality if Dimension.MODALITY in by else None,
            row.origin,
        ] += 1
    return counts


def told(counts: list[Count]) -> Counter[Any]:
    found: Counter[Any] = Counter()
    for each in counts:
        key = (each.period, each.root, each.actor, each.kind, each.modality)
        found[*key, Origin.ISSUED] += each.issued
        found[*key, Origin.OBSERVED] += each.registered
        found[*key, Origin.FOREIGN] += each.foreign
    return +found


FREE = [Dimension.MONTH, Dimension.ROOT, Dimension.ACTOR, Dimension.KIND, Dimension.MODALITY]
SETS = list(chain.from_iterable(combinations(FREE, size) for size in range(len(FREE) + 1)))


def test_by_anything_it_is_what_counting_by_hand_gives(full: OpenRegistry) -> None:
    rows = everything(full)
    assert {row.origin for row in rows} == set(Origin)
    for by in SETS:
        assert told(statistics(full, by)) == by_hand(set(by), rows), by


@pytest.mark.parametrize(
    "narrowed",
    [{"kind": Kind.INSTANCE}, {"kind": Kind.STUDY}, {"under": "1.2.3"}, {"under": f"{INNER}.1"},
     {"under": ROOT}, {"actor": "somebody else"}, {"actor": "nobody"}, {"until": EARLY},
     {"since": EARLY, "until": LATE, "actor": "tester"}],
    ids=str,
)  # fmt: skip
def test_narrowed_it_counts_what_a_list_would_tell(full: OpenRegistry, narrowed: dict[str, Any]) -> None:
    arc, actor, kind = (narrowed.get(name) for name in ("under", "actor", "kind"))
    rows = [
        row
        for row in everything(full)
        if (arc is None or row.uid.startswith(f"{arc}."))
        and (actor is None or row.actor == actor)
        and (kind is None or row.kind is kind)
        and narrowed.get("since", EARLY) <= row.at < narrowed.get("until", LATE)
    ]
    for by in ((), (Dimension.ROOT, Dimension.MODALITY), (Dimension.DAY, Dimension.ACTOR, Dimension.KIND)):
        assert told(statistics(full, by, **narrowed)) == by_hand(set(by), rows), by


def test_a_decision_moves_an_instance_to_the_modality_of_its_new_series(full: OpenRegistry) -> None:
    counts = statistics(full, [Dimension.MODALITY], under="1.2.3.77", kind=Kind.INSTANCE)
    assert [(each.modality, each.registered) for each in counts] == [("US", 1)]


def test_two_sorts_of_time_are_refused(full: OpenRegistry) -> None:
    with pytest.raises(BadRequest, match="month and day"):
        statistics(full, [Dimension.DAY, Dimension.MONTH])
