"""Forwarding: whatever breaks, all entries arrive, and the mark says no more than what surely did."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registry.errors import BadRequest, ReceiverUnusable, TrailBroken
from registry.records import Kind
from registry.services import forwarding
from registry.services.auditing import audit_log
from registry.services.forwarding import Arrived, Course, Mark, forward, mark_file
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry
from registry.services.requests import IssueRequest
from registry.store.feed import Whole
from registry.syslogtls import Trust, parse_address
from tests.collector import Authority, Behaviour, Collector, breaking_after, curt, leaving_after, polite
from tests.services.test_exporting import whole


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority: Authority) -> Path:
    return authority.signed("localhost")


def written(entry: Whole) -> Iterator[bytes]:
    yield b"%d" % entry.seq


ONCE = Course(None, lambda _message: None, lambda _seconds: True)

Send = Callable[..., int]


@pytest.fixture
def send(registry: OpenRegistry, authority: Authority, tmp_path: Path) -> Send:
    """Forwards to a collector; what got there is kept in one mark."""

    def send(collector: Collector, course: Course = ONCE, state: Path | None = tmp_path / "mark") -> int:
        address, context = parse_address(collector.address), Trust(str(authority.file)).context()
        return forward(registry, address, context, written, course, form="ndjson", state=state)

    return send


def seqs(collector: Collector) -> list[int]:
    return [int(message) for message in collector.messages]


def size(registry: OpenRegistry) -> int:
    return audit_log(registry)[-1].entry.seq + 1


def test_it_goes_on_where_it_stopped(registry: OpenRegistry, certificate: Path, send: Send) -> None:
    with Collector(certificate) as collector:
        assert send(collector) == size(registry) == 3  # init, root, and that it is forwarded
        issue(registry, IssueRequest(Kind.STUDY))
        assert send(collector) == 2
        assert send(collector) == 1  # its own entry
        assert seqs(collector) == list(range(6))
    forwards = audit_log(registry, event="audit:forward")
    assert [told.entry.detail["receiver"] for told in forwards] == [collector.address] * 3


def test_many_rounds_are_one_run(
    registry: OpenRegistry, certificate: Path, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarding, "ROUND", 4)
    for _ in range(10):
        issue(registry, IssueRequest(Kind.STUDY))
    with Collector(certificate) as collector:
        assert send(collector) == 13
    assert seqs(collector) == list(range(13))
    assert collector.connections == 4


def test_a_run_that_breaks_off_leaves_the_mark_where_all_had_arrived(
    registry: OpenRegistry, certificate: Path, send: Send, tmp_path: Path
) -> None:
    with Collector(certificate, polite, breaking_after(1), polite) as collector:
        send(collector)
        issue(registry, IssueRequest(Kind.STUDY))
        mark = (tmp_path / "mark").read_text()
        with pytest.raises(ReceiverUnusable):
            send(collector)
        assert (tmp_path / "mark").read_text() == mark
        send(collector)
    assert seqs(collector) == [0, 1, 2, 3, 3, 4, 5]


behaviours = st.one_of(
    st.just(polite),
    st.just(curt),
    st.builds(breaking_after, st.integers(0, 6)),
    st.builds(leaving_after, st.integers(0, 6)),
)


@pytest.mark.engine("sqlite")
@hypothesis_settings(max_examples=12)
@given(st.lists(behaviours, max_size=6), st.integers(1, 7), st.integers(0, 12))
def test_whatever_breaks_all_entries_arrive_in_order_and_none_is_left_out(
    registry: OpenRegistry,
    authority: Authority,
    certificate: Path,
    broken: list[Behaviour],
    rounds: int,
    more: int,
) -> None:
    last = whole(registry)[-1]
    for _ in range(more):
        issue(registry, IssueRequest(Kind.STUDY))
    told: list[str] = []
    with pytest.MonkeyPatch.context() as patch, Collector(certificate, *broken, polite) as collector:
        patch.setattr(forwarding, "ROUND", rounds)
        due = range(last.seq + 1, last.seq + more + 2)  # its own entry comes after
        waits = Course(1.0, told.append, lambda seconds: seconds != 1.0 or bool(told and told.pop()))
        address, context = parse_address(collector.address), Trust(str(authority.file)).context()
        mark = Mark(mark_file(registry.identity.origin, address), registry.identity.origin, address)
        with mark.held():
            mark.write(Arrived(last.seq, last.leaf.hex()))
        for _ in range(len(broken) + 2):
            forward(registry, address, context, written, waits, form="ndjson")
        arrived = seqs(collector)
    assert set(arrived) >= set(due)
    # Nothing comes before its predecessor has come once.
    assert all(seq <= max(arrived[:place], default=last.seq) + 1 for place, seq in enumerate(arrived))
    assert mark.read().seq == max(arrived)


def test_who_follows_tries_again_and_ends_when_told(
    registry: OpenRegistry, certificate: Path, send: Send
) -> None:
    told: list[str] = []
    waited: list[float] = []

    def wait(seconds: float) -> bool:
        if seconds:
            waited.append(seconds)
        if seconds == 5.0:
            issue(registry, IssueRequest(Kind.STUDY))
        return len(waited) < 6

    with Collector(certificate, breaking_after(1), breaking_after(0), polite) as collector:
        assert send(collector, Course(5.0, told.append, wait)) == 6
    assert waited == [1.0, 2.0, 5.0, 5.0, 5.0, 5.0]
    assert sorted(set(seqs(collector))) == list(range(6))
    assert len(told) == 2
    assert all("the next try is in" in message for message in told)
    assert len(audit_log(registry, event="audit:forward")) == 1


def test_it_ends_between_two_entries_when_told(registry: OpenRegistry, certificate: Path, send: Send) -> None:
    asked = iter([True, False, False])
    with Collector(certificate) as collector:
        assert send(collector, Course(5.0, str, lambda _seconds: next(asked))) == 2
        assert seqs(collector) == [0, 1]
        assert send(collector) == 2
    assert seqs(collector) == [0, 1, 2, 3]


def test_a_trail_that_is_another_one_is_not_sent_on(
    registry: OpenRegistry, certificate: Path, send: Send, tmp_path: Path
) -> None:
    with Collector(certificate) as collector:
        send(collector)
        mark = json.loads((tmp_path / "mark").read_text())
        for changed in ({"leaf": "00" * 32}, {"seq": 1000}):
            (tmp_path / "mark").write_text(json.dumps({**mark, **changed}))
            with pytest.raises(TrailBroken, match="the trail was changed"):
                send(collector)
        assert len(seqs(collector)) == 3


def test_one_process_forwards_with_a_mark(
    certificate: Path, registry: OpenRegistry, send: Send, tmp_path: Path
) -> None:
    with Collector(certificate) as collector:
        mark = Mark(tmp_path / "mark", registry.identity.origin, parse_address(collector.address))
        with mark.held(), pytest.raises(BadRequest, match="another process"):
            send(collector)
        assert audit_log(registry, event="audit:forward") == []


def test_a_mark_of_another_receiver_or_of_nothing_is_refused(
    certificate: Path, registry: OpenRegistry, send: Send, tmp_path: Path
) -> None:
    with Collector(certificate) as collector:
        send(collector)
        good = (tmp_path / "mark").read_text()
        for bad in (good.replace("localhost", "elsewhere"), good[:-5], "[]", "{}"):
            (tmp_path / "mark").write_text(bad)
            with pytest.raises(BadRequest):
                send(collector)


def test_the_mark_is_for_its_owner_alone(certificate: Path, registry: OpenRegistry, send: Send) -> None:
    with Collector(certificate) as collector:
        send(collector, state=None)
    mark = mark_file(registry.identity.origin, parse_address(collector.address))
    assert mark.stat().st_mode & 0o077 == 0
    assert "/" not in mark.name
