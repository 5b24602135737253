"""What each of eight processes does that begin together; a module of its own, so that they start quickly."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from registry.decision import NewRow, Standing
from registry.errors import ParentMismatch, UidCollision, UnknownFinding
from registry.minting import Method
from registry.records import Kind, Origin
from registry.services import acknowledging
from registry.services.initializing import init
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.requests import IssueRequest
from registry.services.resolving import claims, resolve
from registry.settings import Settings
from registry.store.act import Act
from registry.store.findings import Which
from registry.store.ledger import enter
from registry.store.words import Words

ROOT = "1.3.6.1.4.1.32473.1"
WRITERS, WANTED, TOGETHER = 8, 10_000, 100

Outcome = tuple[int, str, tuple[str, ...]]
"""Who, what came of it, and for which UIDs."""


def at_once(work: Callable[..., None], *arguments: object) -> list[Outcome]:
    """What came of it in each of eight processes that begin together."""
    context = get_context("spawn")
    ready, pipes, processes = context.Barrier(WRITERS, timeout=120), [], []
    for number in range(WRITERS):
        ours, theirs = context.Pipe(duplex=False)
        processes.append(context.Process(target=work, args=(number, ready, theirs, *arguments)))
        processes[-1].start()
        theirs.close()  # so that we notice when a process ends without an answer
        pipes.append(ours)
    collected = [outcome for pipe in pipes for outcome in _received(pipe)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * WRITERS
    return collected


def _received(pipe: Connection) -> list[Outcome]:
    try:
        outcomes: list[Outcome] = pipe.recv()
    except EOFError:
        return []
    finally:
        pipe.close()
    return outcomes


def series_or_instances(
    number: int, ready: Barrier, outcomes: Connection, settings: Settings, uids: Sequence[str]
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
                registry.perform("uid:issue", work)
                seen.append((number, "won", tuple(chunk)))
            except UidCollision:
                seen.append((number, "collision", tuple(chunk)))
    outcomes.send(seen)


def issue_parents(registry: OpenRegistry) -> tuple[str, str]:
    (study,) = issue(registry, IssueRequest(Kind.STUDY)).uids
    (series,) = issue(registry, IssueRequest(Kind.SERIES, study_instance_uid=study)).uids
    return study, series


KEYED = 120


def issue_or_register(
    number: int, ready: Barrier, outcomes: Connection, settings: Settings, folder: str
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
    outcomes.send(seen)


def ask_again(number: int, ready: Barrier, outcomes: Connection, settings: Settings, requests: int) -> None:
    """All processes make the same requests, each with its id."""
    seen: list[Outcome] = []
    with opened(settings) as registry:
        ready.wait()
        for index in range(requests):
            request = IssueRequest(Kind.STUDY, count=3, request_id=f"job-{index}")
            seen.append((number, request.request_id or "", issue(registry, request).uids))
    outcomes.send(seen)


DISPUTED, TURNS = "1.2.3.4.1", 6


def decide_or_register(
    number: int, ready: Barrier, outcomes: Connection, settings: Settings, files: Sequence[str]
) -> None:
    """Two processes each register what was said of one UID, acknowledge what was found, decide
    which claim holds, and say of all findings that they are mended or that they aren't."""
    chosen, what = random.Random(number), ("register", "acknowledge", "decide", "mend")[number % 4]
    seen: list[Outcome] = []
    with opened(settings) as registry:
        ready.wait()
        for turn in range(TURNS):
            try:
                if what == "register":
                    register(registry, [chosen.choice(files)])
                elif what == "acknowledge":
                    which = Which(code=chosen.choice(("UID301", "UID302")), subject=DISPUTED)
                    acknowledging.acknowledge(registry, which, "known")
                elif what == "decide":
                    names = [claim.name for claim in claims(registry, DISPUTED)]
                    resolve(registry, DISPUTED, chosen.choice(names), "so it is")
                else:
                    say = acknowledging.resolve if turn % 2 else acknowledging.reopen
                    say(registry, Which(series="1.2.3.4"), "by turns")
                seen.append((number, what, ()))
            except UnknownFinding:
                seen.append((number, "nothing to say", ()))
    outcomes.send(seen)


def make(number: int, ready: Barrier, outcomes: Connection, settings: Settings) -> None:
    """All processes make the registry."""
    ready.wait()
    made = init(settings, root=ROOT)
    outcomes.send([(number, "created" if made.created else "found", (made.origin,))])
