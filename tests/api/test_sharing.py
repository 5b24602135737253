"""One ``Registry`` in the hands of several threads, and of processes that were forked from it."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Barrier

import pytest

from registry import Registry
from registry.errors import BadRequest
from registry.settings import Settings
from tests.objects import ct_slices, tiny

TOGETHER, EACH = 8, 5


def _work(registry: Registry, generate: Callable[[], str]) -> list[str]:
    """Some of everything; the fresh UIDs of it."""
    made: list[str] = []
    for number in range(EACH):
        derived = registry.derive(ct_slices(1), modality="SEG", n_instances=2)
        made += [derived.series_instance_uid, *derived.sop_instance_uids, generate()]
        registry.generate_uid(entropy_srcs=["same", str(number)])
        assert registry.check(tiny(made[-1])).failing() == []
        assert registry.show(made[-2]).state == "issued"
    return made


def _sound(registry: Registry, made: list[str], count: int) -> None:
    assert len(made) == count * EACH * 4
    assert max(Counter(made).values()) == 1
    assert {shown.state for shown in registry.show_all(made)} == {"issued"}
    assert registry.verify().ok


def test_threads_use_one_registry_at_once(ours: Registry) -> None:
    ready, generate = Barrier(TOGETHER), ours.uid_generator(at_once=3)

    def work(_: int) -> list[str]:
        ready.wait()
        return _work(ours, generate)

    with ThreadPoolExecutor(TOGETHER) as pool:
        made = [uid for uids in pool.map(work, range(TOGETHER)) for uid in uids]
    _sound(ours, made, TOGETHER)


def _forked(registry: Registry, generate: Callable[[], str], answer: Connection) -> None:
    answer.send(_work(registry, generate))


def test_forked_processes_use_the_one_that_was_opened_before(ours: Registry) -> None:
    context, generate = get_context("fork"), ours.uid_generator(at_once=20)
    generate()  # some are left, and mustn't be given out by all
    before = ours.issue("study").uids[0]  # a connection is open
    with ours.patch_pydicom():
        pipes, children = [], []
        for _ in range(4):
            receive, send = context.Pipe(duplex=False)
            children.append(context.Process(target=_forked, args=(ours, generate, send)))
            children[-1].start()
            send.close()
            pipes.append(receive)
        made = _work(ours, generate)
        made += [uid for pipe in pipes for uid in pipe.recv()]
        for child in children:
            child.join()
    assert [child.exitcode for child in children] == [0] * 4
    _sound(ours, made, 5)
    assert ours.show(before).state == "issued"


@pytest.mark.engine("sqlite")
def test_it_isnt_sent_to_another_process(ours: Registry, settings: Settings) -> None:
    with pytest.raises(TypeError, match=r"open one there, with Registry\.open"):
        pickle.dumps(ours)
    assert pickle.loads(pickle.dumps(settings)) == settings


@pytest.mark.engine("sqlite")
def test_once_closed_it_stays_closed(ours: Registry) -> None:
    generator = ours.uid_generator()
    generator()
    ours.close()
    ours.close()
    for ask in (generator, ours.stats, ours.list, lambda: ours.show("1.2.3")):
        with pytest.raises(BadRequest, match="was closed"):
            ask()
