"""How the engines answer what is asked: each look-up, filter and listing by an index, whatever
the size of the tables. The statements are those that the services really send."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, event, text

from registry.errors import UnknownFinding
from registry.records import IndexRow, Kind
from registry.services import people
from registry.services.auditing import audit_log, recorded_name
from registry.services.checking import check
from registry.services.history import life
from registry.services.indexing import register_rows
from registry.services.issuing import issue
from registry.services.listing import listed
from registry.services.opening import OpenRegistry, opened
from registry.services.overview import overview
from registry.services.people import By, asked
from registry.services.querying import kept_findings, show_finding, stats, tree
from registry.services.requests import IssueRequest
from registry.services.resolving import claims
from registry.services.showing import show_all
from registry.services.statistics import Dimension, statistics
from registry.services.studygraph import study_graph
from registry.settings import Settings
from registry.store import listing
from registry.store.exports import Way
from registry.store.findings import Which
from registry.store.listing import Filters
from registry.store.schema import HISTORY
from tests.conftest import Registries
from tests.objects import ct_slices, segmentation, tiny

FEW = {
    "registry": "one row",
    "roots": "what the organisation owns",
    "words": "SOP Classes, transfer syntaxes, modalities",
    "key_rotations": "keys",
    "signing_keys": "keys",
    "policies": "as many as there ever were",
    "exports": "one a check before export",
    "redactions": "what people took out",
    "decisions": "what people decided",
    "patient_decisions": "what people decided",
    "withdrawals": "what people said after a withdrawal",
    "acknowledgements": "what people said",
}
"""Tables that don't grow with the ledger, or only as fast as people type."""

GROWING = {table.name for table in HISTORY} - FEW.keys() | {"findings", "pending_references", "labels"}

LARGE = {"ledger", "entries"}
"""Those of which the tests' PostgreSQL has so many rows that its plans tell something."""

ALLOWED = {
    ("stats", "series"): "counts the series of each modality",
    ("stats", "uses"): "counts what was issued and then seen",
    ("stats", "findings"): "counts what there is of each code",
    ("statistics", "entries"): "each entry says how many UIDs it brought in",
    ("statistics by modality", "ledger"): "counts the instances of each series",
    ("statistics by modality", "series"): "counts the series of each modality",
    **{
        (name, "replacements"): "each counts when it was issued, and not again when an object was seen"
        for name in (
            "stats",
            "overview",
            "statistics",
            "statistics by month",
            "statistics since",
            "statistics by root",
            "statistics by modality",
        )
    },
    ("list finding", "findings"): "those of the code, which the key begins with",
    ("overview", "entries"): "each entry says how many UIDs it brought in",
    ("overview", "findings"): "counts what there is of each code",
    ("findings", "findings"): "walks what there is, in the order in which it is told",
    ("log", "entries"): "walks the trail from its newest entry, and stops at the limit",
    ("accession", "fingerprints"): "the hash is bound to the study, so each study is tried",
}
"""Question and table: why it may be read from one end to the other."""

PARTIAL = (
    "ix_ledger_kind",
    "ix_ledger_unplaced",
    "ix_uses_withdrawn",
    "ix_entries_refused",
    "ix_traits_generated",
)
"""Indexes that hold what is asked for and nothing else: they may be read from one end to the other."""

Ask = Callable[[OpenRegistry], object]

STUDY, SERIES, INSTANCE = "1.2.3", "1.2.3.4", "1.2.3.4.1"
SINCE = "2020-01-01T00:00:00.000000Z"


def of(filters: Filters, **options: Any) -> Ask:
    return lambda registry: list(islice(listed(registry, filters, **options).items, 50))


def found(**which: Any) -> Ask:
    return lambda registry: kept_findings(registry, Which(**which))


def counted(*by: Dimension, **narrowed: Any) -> Ask:
    return lambda registry: statistics(registry, by, **narrowed)


def log(**filters: Any) -> Ask:
    return lambda registry: audit_log(registry, **filters)


def persons(by: By) -> Ask:
    def ask(registry: OpenRegistry) -> None:
        with registry.database.reading() as connection:
            people.found(registry, connection, asked(by, ["P1"]), None)

    return ask


def finding(registry: OpenRegistry) -> None:
    with pytest.raises(UnknownFinding):
        show_finding(registry, "UID501", INSTANCE)


def checked(registry: OpenRegistry) -> None:
    slices = ct_slices(2)
    check(registry, [*slices, segmentation(slices, "1.2.9.1", "1.2.9.1.1"), tiny()])


QUESTIONS: dict[str, Ask] = {
    "show": lambda registry: list(show_all(registry, [STUDY, SERIES, INSTANCE, "1.2.99"])),
    "tree": lambda registry: tree(registry, INSTANCE),
    "history of a study": lambda registry: life(registry, STUDY),
    "history of a series": lambda registry: life(registry, SERIES),
    "history of an instance": lambda registry: life(registry, INSTANCE),
    "claims": lambda registry: claims(registry, INSTANCE),
    "list": of(Filters()),
    "list some": of(Filters(), most=2),
    "list after": of(Filters(), after=INSTANCE),
    "list instances": of(Filters(kind=Kind.INSTANCE)),
    "list series": of(Filters(kind=Kind.SERIES)),
    "list series of a modality": of(Filters(kind=Kind.SERIES, modality="CT")),
    "list tracking": of(Filters(kind=Kind.TRACKING)),
    "list modality": of(Filters(modality="CT")),
    "list issued": of(Filters(state="issued")),
    "list issued instances": of(Filters(kind=Kind.INSTANCE, state="issued")),
    "list registered": of(Filters(state="registered")),
    "list foreign": of(Filters(state="foreign")),
    "list withdrawn": of(Filters(state="withdrawn")),
    "list unused": of(Filters(issued_unused=True)),
    "list unplaced": of(Filters(parent_unknown=True)),
    "list study": of(Filters(study=STUDY)),
    "list series UID": of(Filters(series=SERIES)),
    "list study and series": of(Filters(study=STUDY, series=SERIES, kind=Kind.INSTANCE)),
    "list study after": of(Filters(study=STUDY), after=STUDY),
    "list by": of(Filters(actor="tester")),
    "list by nobody": of(Filters(actor="nobody")),
    "list since": of(Filters(since=SINCE)),
    "list until": of(Filters(until=SINCE)),
    "list by since": of(Filters(actor="tester", since=SINCE, kind=Kind.SERIES)),
    "list root": of(Filters(under="1.3.6.1.4.1.32473.1.")),
    "list sent": of(Filters(sent=Way("TRIAL_PACS"))),
    "list sent by": of(Filters(sent=Way("TRIAL_PACS", actor="tester", since=SINCE, until=SINCE))),
    "list finding": of(Filters(), finding="UID301"),
    "list finding of a series": of(Filters(series=SERIES), finding="UID301"),
    "find": of(Filters(under="1.2.3"), most=5),
    "stats": stats,
    "overview": overview,
    "overview of an arc": lambda registry: overview(registry, under="1.2.3"),
    "study graph": lambda registry: study_graph(registry, STUDY),
    "statistics": counted(),
    "statistics by month": counted(Dimension.MONTH, Dimension.ACTOR, Dimension.KIND),
    "statistics since": counted(Dimension.DAY, since=SINCE, actor="tester"),
    "statistics of nobody": counted(Dimension.KIND, actor="nobody"),
    "statistics by root": counted(Dimension.ROOT, Dimension.YEAR),
    "statistics of a root": counted(Dimension.MODALITY, under="1.3.6.1.4.1.32473.1"),
    "statistics by modality": counted(Dimension.MODALITY, Dimension.ROOT),
    "findings": found(),
    "findings severity": found(severity=1),
    "findings code": found(code="UID501"),
    "findings uid": found(uid=INSTANCE),
    "findings series": found(series=SERIES),
    "findings root": found(under="1.2.3"),
    "findings since": found(since=SINCE),
    "findings until": found(until=SINCE),
    "findings by": found(actor="tester"),
    "findings study": found(study=STUDY),
    "findings modality": found(modality="CT"),
    "findings one": finding,
    "log": log(newest=50),
    "log event": log(event="uid:", newest=50),
    "log actor": log(actor="tester", newest=50),
    "log since": log(since=SINCE, until=SINCE, newest=50),
    "log uid": log(uid=INSTANCE),
    "log entry": log(entry=1),
    "name of an actor": lambda registry: recorded_name(registry, "nobody"),
    "patient": persons(By.PATIENT),
    "accession": persons(By.ACCESSION),
    "check": checked,
}

WIDE = [name for name in QUESTIONS if name.startswith(("list", "find"))]
"""Those that go another way where they are of very many UIDs."""


_MADE: dict[int, Settings] = {}


@pytest.fixture
def registry(registries: Registries, engine: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenRegistry]:
    """A registry in which no history table is empty; one in which some are of a size on PostgreSQL."""
    monkeypatch.setattr(listing, "PAGE", 300)  # a small part of it
    if engine == "sqlite":
        settings = registries.shared("filled")
    elif (settings := _MADE.get(id(registries))) is None:
        settings = _MADE[id(registries)] = registries.kept("filled")
        _fill(settings)
    with opened(settings, read_only=True) as registry:
        yield registry


def _fill(settings: Settings) -> None:
    with opened(settings) as registry:
        for study in range(8):
            register_rows(registry, rows(f"1.2.4.{study}"))
        issue(registry, IssueRequest(Kind.STUDY, count=1000))
        for _ in range(50):
            issue(registry, IssueRequest(Kind.STUDY))
        with registry.database.engine.connect() as begun:
            connection = begun.execution_options(isolation_level="AUTOCOMMIT")
            # Else the whole ledger is one of the ranges of pages of which that index tells something.
            connection.exec_driver_sql("ALTER INDEX ix_ledger_entry SET (pages_per_range = 1)")
            connection.exec_driver_sql("REINDEX INDEX ix_ledger_entry")
            connection.exec_driver_sql("ANALYZE")


def rows(study: str) -> Iterator[IndexRow]:
    for number in range(500):
        series = f"{study}.{number % 20}"
        yield IndexRow(f"{series}.{number}", "1.2.840.10008.5.1.4.1.1.2", series, study, "CT")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_has_its_index(registry: OpenRegistry, name: str) -> None:
    assert not unallowed(registry, name)


@pytest.mark.parametrize("name", WIDE)
def test_of_very_many_too(registry: OpenRegistry, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_FEW", 1)
    assert not unallowed(registry, name)


def test_a_table_that_is_read_as_a_whole_is_noticed(registry: OpenRegistry) -> None:
    def ask(registry: OpenRegistry) -> None:
        with registry.database.reading() as connection:
            connection.execute(text("SELECT uid FROM ledger WHERE content IS NULL"))

    assert [walk.table for walk in walks(registry, ask)] == ["ledger"]


class Walk(NamedTuple):
    """A table that is read as a whole."""

    table: str
    statement: str


def unallowed(registry: OpenRegistry, name: str) -> list[Walk]:
    return [
        walk
        for walk in walks(registry, QUESTIONS[name])
        if not any(name.startswith(question) and walk.table == table for question, table in ALLOWED)
    ]


def walks(registry: OpenRegistry, ask: Ask) -> list[Walk]:
    with noted(registry) as statements:
        ask(registry)
    assert statements
    with registry.database.reading() as connection:
        if connection.dialect.name == "sqlite":
            return [walk for one in statements for walk in _sqlite(connection, *one)]
        # As if looking at many rows were never the quickest way; of the tables of a few rows the
        # planner tells nothing, but the other engine does.
        off = ("seqscan", "hashjoin", "mergejoin", "material")
        connection.exec_driver_sql("; ".join(f"SET LOCAL enable_{way} = off" for way in off))
        return [walk for one in statements for walk in _postgresql(connection, *one)]


@contextmanager
def noted(registry: OpenRegistry) -> Iterator[list[tuple[str, Any]]]:
    """The statements that are sent meanwhile, each once, with its values."""
    seen: dict[str, Any] = {}

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")) and "pg_catalog" not in statement:
            seen.setdefault(statement, values)

    event.listen(registry.database.engine, "before_cursor_execute", note)
    found: list[tuple[str, Any]] = []
    try:
        yield found
    finally:
        event.remove(registry.database.engine, "before_cursor_execute", note)
        found += seen.items()


def _sqlite(connection: Connection, statement: str, values: Any) -> Iterator[Walk]:
    named = {
        alias or name: name for name, alias in re.findall(r"(?:FROM|JOIN|,) (\w+)(?: AS (\w+))?", statement)
    }
    for *_, told in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values):
        walked = re.match(r"SCAN (\w+)", told)
        if walked and not told.endswith(PARTIAL) and (table := named.get(walked[1], walked[1])) in GROWING:
            yield Walk(table, f"{told}: {statement}")


def _postgresql(connection: Connection, statement: str, values: Any) -> Iterator[Walk]:
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).scalars()
    plan = json.loads(plan) if isinstance(plan, str) else plan

    def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield node
        for below in node.get("Plans", ()):
            if node["Node Type"] != "Limit" or "Filter" in below:  # else it ends with what it is to give
                yield from nodes(below)

    for node in nodes(plan[0]["Plan"]):
        index = node.get("Index Name")
        walked = node["Node Type"] == "Seq Scan" or (
            index is not None and index not in PARTIAL and "Index Cond" not in node
        )
        if walked and (table := _of(node)) in LARGE:
            yield Walk(table, f"{node['Node Type']} {index}: {statement}")


def _of(node: dict[str, Any]) -> str:
    """The table that a node reads; a scan of an index for a bitmap tells the index alone."""
    return str(
        node.get("Relation Name")
        or next(
            (name for name in sorted(GROWING, key=len, reverse=True) if f"_{name}" in node["Index Name"]), ""
        )
    )
