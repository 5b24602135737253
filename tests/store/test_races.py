"""Eight processes want the same UIDs at once: each has exactly one winner, and nobody is left hanging."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from queue import Queue

from sqlalchemy import select

from registry.decision import NewRow, Standing
from registry.errors import ParentMismatch, UidCollision
from registry.minting import Method, mint_keyed
from registry.records import Kind, Origin, Verdict
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.requests import IssueRequest
from registry.settings import Settings
from registry.store import schema
from registry.store.act import Act
from registry.store.ledger import enter
from registry.store.verification import verify
from registry.store.words import Words
from tests.databases import raw, run
from tests.objects import ROOT, save_all, tiny

WRITERS, WANTED, TOGETHER = 8, 10_000, 100

Outcome = tuple[int, str, tuple[str, ...]]
"""Who, what came of it, and for which UIDs."""


def at_once(work: Callable[..., None], *arguments: object) -> list[Outcome]:
    """What came of it in each of eight processes that begin together."""
    context = get_context("spawn")
    ready, outcomes = context.Barrier(WRITERS), context.SimpleQueue()
    processes = [
        context.Process(target=work, args=(number, ready, outcomes, *arguments)) for number in range(WRITERS)
    ]
    for process in processes:
        process.start()
    collected = [outcome for _ in processes for outcome in outcomes.get()]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * WRITERS
    return collected


def series_or_instances(
    number: int, ready: Barrier, outcomes: Queue[list[Outcome]], settings: Settings, uids: Sequence[str]
) -> None:
    """Half of the processes want the UIDs as series, the others as instances."""
    seen: list[Outcome] = []
    with opened(settings) as registry:
        parent = issue_parents(registry)
        chunks = [uids[start : start + TOGETHER] for start in range(0, len(uids), TOGETHER)]
        random.Random(number).shuffle(chunks)
        ready.wait()
        for chunk in chunks:

            def work(act: Act, chunk: Sequence[str] = chunk) -> None:
                if number % 2:
                    rows = [Standing(uid, Kind.SERIES, Origin.ISSUED, None, parent[0]) for uid in chunk]
                else:
                    rows = [Standing(uid, Kind.INSTANCE, Origin.ISSUED, parent[1]) for uid in chunk]
                enter(act, Words(act.connection), [NewRow(row) for row in rows])
                act.commit(writer=number)

            try:
                registry.perform("test:race", work)
                seen.append((number, "won", tuple(chunk)))
            except UidCollision:
                seen.append((number, "collision", tuple(chunk)))
    outcomes.put(seen)


def issue_parents(registry: OpenRegistry) -> tuple[str, str]:
    (study,) = issue(registry, IssueRequest(Kind.STUDY)).uids
    (series,) = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study)).uids
    return study, series


def test_ten_thousand_uids_have_one_winner_each(settings: Settings) -> None:
    uids = [f"1.2.840.99.{number}" for number in range(10**12, 10**12 + WANTED)]
    outcomes = at_once(series_or_instances, settings, uids)
    won = Counter(uid for _, what, chunk in outcomes if what == "won" for uid in chunk)
    assert won == Counter(uids), "one winner each"
    assert Counter(what for _, what, _ in outcomes) == {
        "won": WANTED // TOGETHER,
        "collision": (WRITERS - 1) * WANTED // TOGETHER,
    }
    winner = {uid: who for who, what, chunk in outcomes if what == "won" for uid in chunk}
    with opened(settings) as registry, registry.database.reading() as connection:
        ledger = schema.ledger
        kinds = dict(
            connection.execute(select(ledger.c.uid, ledger.c.kind).where(ledger.c.uid.in_(uids[:500]))).all()  # type: ignore[arg-type]
        )
    assert kinds == {uid: 2 if winner[uid] % 2 else 3 for uid in uids[:500]}
    sound(settings, acts_at_least=WANTED // TOGETHER)


KEYED = 120


def issue_or_register(
    number: int, ready: Barrier, outcomes: Queue[list[Outcome]], settings: Settings, folder: str
) -> None:
    """Half of the processes issue keyed UIDs, the others register objects that carry them."""
    seen: list[Outcome] = []
    order = list(range(KEYED))
    random.Random(number).shuffle(order)
    with opened(settings) as registry:
        ready.wait()
        if number % 2:
            report = register(registry, [f"{folder}/{index}.dcm" for index in order])
            seen += [(number, str(verdict), ("",) * count) for verdict, count in report.verdicts.items()]
        else:
            for index in order:
                request = IssueRequest(
                    Kind.INSTANCE,
                    "1.2.3",
                    "1.2.3.4",
                    method=Method.KEYED,
                    parts=(str(index),),
                )
                try:
                    seen.append((number, "issued", issue(registry, request).uids))
                except (UidCollision, ParentMismatch) as error:
                    seen.append((number, error.code, (str(index),)))
    outcomes.put(seen)


def test_issuing_and_registering_the_same_uids_at_once(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as registry:
        key = registry.key.subkey("mint")
        uids = [mint_keyed(key, ROOT, ("instance", str(index), "0")) for index in range(KEYED)]
        register(registry, [str(path) for path in save_all([tiny("1.2.3.4.1")], tmp_path / "first")])
    for index, path in enumerate(save_all([tiny(uid) for uid in uids], tmp_path)):
        path.rename(tmp_path / f"{index}.dcm")
    outcomes = at_once(issue_or_register, settings, str(tmp_path))
    verdicts = Counter[str]()
    for number, what, about in outcomes:
        verdicts[what] += len(about) if number % 2 else 1
    assert set(verdicts) <= {"issued", "UidCollision", Verdict.NEW, Verdict.REPEAT}
    with opened(settings) as registry, registry.database.reading() as connection:
        ledger = schema.ledger
        origins = dict(
            connection.execute(select(ledger.c.uid, ledger.c.origin).where(ledger.c.uid.in_(uids))).all()  # type: ignore[arg-type]
        )
        used = set(connection.execute(select(schema.uses.c.uid)).scalars())
    assert origins.keys() == set(uids)
    issued = {uid for uid, origin in origins.items() if origin == Origin.ISSUED}
    told = {uid for _, what, about in outcomes if what == "issued" for uid in about}
    assert told == issued, "what was handed out is what the ledger says was issued"
    assert used == issued, "and each of these was then seen in an object"
    # Each object was new to one of those who registered it, and a repeat to the others.
    assert verdicts[Verdict.NEW] == KEYED
    assert verdicts[Verdict.REPEAT] == KEYED * (WRITERS // 2 - 1)
    assert verdicts["UidCollision"] == (KEYED - len(issued)) * WRITERS // 2
    sound(settings)


def ask_again(
    number: int, ready: Barrier, outcomes: Queue[list[Outcome]], settings: Settings, requests: int
) -> None:
    """All processes make the same requests, each with its id."""
    seen: list[Outcome] = []
    with opened(settings) as registry:
        ready.wait()
        for index in range(requests):
            request = IssueRequest(Kind.STUDY, count=3, request_id=f"job-{index}")
            seen.append((number, request.request_id or "", issue(registry, request).uids))
    outcomes.put(seen)


def test_the_same_request_at_once_is_answered_alike_and_once(settings: Settings) -> None:
    outcomes = at_once(ask_again, settings, 40)
    answers: dict[str, set[tuple[str, ...]]] = {}
    for _, request_id, uids in outcomes:
        answers.setdefault(request_id, set()).add(uids)
    assert len(answers) == 40
    assert all(len(different) == 1 for different in answers.values())
    with opened(settings) as registry, registry.database.reading() as connection:
        assert len(connection.execute(select(schema.ledger.c.uid)).all()) == 40 * 3
    sound(settings)


def sound(settings: Settings, acts_at_least: int = 1) -> None:
    """The trail has no gap and verifies, and nobody had to be sacrificed to a deadlock."""
    with opened(settings) as registry, registry.database.reading() as connection:
        places = list(
            connection.execute(select(schema.entries.c.seq).order_by(schema.entries.c.seq)).scalars()
        )
        assert places == list(range(len(places)))
        assert len(places) > acts_at_least
        verified = verify(connection)
        assert verified.ok, verified.reason
    if settings.database.startswith("postgresql"):
        with raw(settings) as connection:
            deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            assert run(connection, deadlocks).scalar_one() == 0
