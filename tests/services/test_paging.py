"""Lists, look-ups and counts of any length: what is read a page at a time is what there is, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from registry.acknowledgement import State
from registry.errors import UnknownUid
from registry.records import Kind, Origin
from registry.services.listing import listed
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import all_findings, kept_findings, stats
from registry.services.showing import UNKNOWN, show, show_all
from registry.store import listing
from registry.store.exports import Way
from registry.store.findings import Which
from registry.store.listing import Filters
from registry.store.packing import pack
from registry.store.queries import Listed
from tests.conftest import Registries

EARLY, LATE = "2000-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"

FILTERS = {
    "all": Filters(),
    "instances": Filters(kind=Kind.INSTANCE),
    "series": Filters(kind=Kind.SERIES),
    "tracking": Filters(kind=Kind.TRACKING),
    "issued": Filters(state="issued"),
    "issued series": Filters(state="issued", kind=Kind.SERIES),
    "registered": Filters(state="registered"),
    "foreign": Filters(state="foreign"),
    "withdrawn": Filters(state="withdrawn"),
    "unused": Filters(issued_unused=True),
    "unplaced": Filters(parent_unknown=True),
    "modality": Filters(modality="CT"),
    "series of a modality": Filters(modality="CT", kind=Kind.SERIES),
    "prefix": Filters(under="1.2"),
    "study": Filters(study="1.2.3"),
    "series UID": Filters(series="1.2.3.4"),
    "actor": Filters(actor="tester"),
    "nobody": Filters(actor="nobody"),
    "since": Filters(since=EARLY),
    "until": Filters(until=EARLY),
    "between": Filters(since=EARLY, until=LATE, actor="tester", kind=Kind.INSTANCE),
}


@pytest.fixture
def filled_registry(registries: Registries) -> Iterator[OpenRegistry]:
    with opened(registries.shared("filled"), read_only=True) as registry:
        yield registry


def found(registry: OpenRegistry, filters: Filters, **options: object) -> list[Listed]:
    items = listed(registry, filters, **options).items  # type: ignore[arg-type]
    return [item.listed for item in items if item.listed]


@pytest.mark.parametrize("name", FILTERS)
def test_a_list_is_the_same_in_pages_of_any_size(
    filled_registry: OpenRegistry, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = found(filled_registry, Filters())
    whole = found(filled_registry, FILTERS[name])
    in_ledger = {one.uid for one in everything[: stats(filled_registry).uids]}
    waits = [one.uid not in in_ledger for one in whole]
    keys = [(wait, one.entry, pack(one.uid)) for wait, one in zip(waits, whole, strict=True)]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert set(whole) <= set(everything)
    for page, few, entries in ((1, -1, 1), (3, -1, 2), (7, 2, 1000), (1000, -1, 1000), (1, 1000, 1)):
        monkeypatch.setattr(listing, "PAGE", page)
        monkeypatch.setattr(listing, "_FEW", few)
        monkeypatch.setattr(listing, "_ENTRIES", entries)
        assert found(filled_registry, FILTERS[name]) == whole


def test_the_filters_pass_what_they_say(
    filled_registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held beside the whole list, taken apart here."""
    everything = found(filled_registry, Filters())
    of_series = {one.uid: one for one in everything if one.kind is Kind.SERIES}
    says = {
        "instances": lambda one: one.kind is Kind.INSTANCE,
        "series": lambda one: one.kind is Kind.SERIES,
        "tracking": lambda one: one.kind is Kind.TRACKING,
        "issued": lambda one: one.state == "issued",
        "unused": lambda one: one.state == "issued",
        "registered": lambda one: one.state == "registered",
        "foreign": lambda one: one.state == "foreign",
        "withdrawn": lambda one: one.state == "withdrawn",
        "unplaced": lambda one: (
            one.origin is not Origin.ISSUED
            and (
                (one.kind is Kind.INSTANCE and one.series_instance_uid is None)
                or (one.kind is Kind.SERIES and one.study_instance_uid is None)
            )
        ),
        "modality": lambda one: one.modality == "CT",
        "prefix": lambda one: one.uid.startswith("1.2"),
        "series UID": lambda one: "1.2.3.4" in (one.uid, one.series_instance_uid),
        "actor": lambda one: one.actor == "tester",
    }
    assert of_series
    for few in (-1, 100_000):
        monkeypatch.setattr(listing, "_FEW", few)
        for name, passes in says.items():
            assert found(filled_registry, FILTERS[name]) == [one for one in everything if passes(one)], name


@pytest.mark.parametrize("name", ["all", "series", "study", "prefix"])
def test_a_list_goes_on_from_any_of_its_uids(
    filled_registry: OpenRegistry, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found(filled_registry, FILTERS[name])
    for page in (2, 5000):
        monkeypatch.setattr(listing, "PAGE", page)
        for place in range(0, len(whole), 5):
            rest = found(filled_registry, FILTERS[name], after=whole[place].uid)
            assert rest == whole[place + 1 :]
            assert found(filled_registry, FILTERS[name], after=whole[place].uid, most=2) == rest[:2]


def test_nothing_comes_after_what_is_unknown(filled_registry: OpenRegistry) -> None:
    with pytest.raises(UnknownUid):
        listed(filled_registry, Filters(), after="1.2.99999")


def test_no_transaction_is_open_while_a_page_is_told(
    filled_registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = listed(filled_registry, Filters()).items
    next(items)
    assert filled_registry.database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_many_are_looked_up_as_each_is(filled_registry: OpenRegistry) -> None:
    everything = [one.uid for one in found(filled_registry, Filters())]
    everything += [finding.uid for finding in kept_findings(filled_registry)]
    known = [show(filled_registry, uid) for uid in everything]
    asked = ["1.2.99999", *everything, "P-1 is no UID", everything[0]]
    answers = list(show_all(filled_registry, iter(asked)))
    assert [answer.uid for answer in answers] == asked
    assert answers[1:-2] == known
    assert answers[-1] == known[0]
    assert [answers[0].state, answers[-2].state] == [UNKNOWN, UNKNOWN]
    assert any(answer.findings for answer in answers)
    assert any(answer.purpose for answer in answers)
    assert any(answer.sent_to for answer in answers)


def test_the_counts_are_those_of_the_list(filled_registry: OpenRegistry, registries: Registries) -> None:
    told = stats(filled_registry)
    whole = found(filled_registry, Filters())
    everything = whole[: told.uids]  # behind them is what waits for its object
    assert len(whole) == told.uids + told.waiting
    assert told.waiting > 1
    counted = Counter((one.kind.label, one.state) for one in everything)
    assert {
        (kind, state): n for kind, states in told.by_kind.items() for state, n in states.items()
    } == counted
    series = Counter(one.modality or "(unknown)" for one in everything if one.kind is Kind.SERIES)
    assert told.by_modality == series
    assert told.uids == len(everything)
    for root, count in told.by_root.items():
        assert count == sum(one.uid.startswith(f"{root}.") for one in everything)


def test_what_went_somewhere_in_pages(filled_registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled_registry.database.reading() as connection:
        destinations = connection.exec_driver_sql("SELECT DISTINCT destination FROM exports").scalars().all()
    for destination in destinations:
        way = Filters(sent=Way(destination))
        whole = list(listed(filled_registry, way).items)
        monkeypatch.setattr("registry.services.listing._AT_ONCE", 1)
        monkeypatch.setattr(listing, "PAGE", 1)
        assert list(listed(filled_registry, way).items) == whole
        assert list(listed(filled_registry, way, most=1).items) == whole[:1]


def test_findings_are_the_same_in_pages_of_any_size(
    filled_registry: OpenRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = kept_findings(filled_registry, Which(), State)
    assert len(whole) > 2
    for page in (1, 2, 1000):
        monkeypatch.setattr("registry.services.querying.PAGE", page)
        assert list(all_findings(filled_registry, Which(), State)) == whole
        for most in (0, 1, 2, 3, len(whole), 1000):
            assert list(all_findings(filled_registry, Which(), State, most)) == whole[:most]
