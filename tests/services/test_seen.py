"""The head that was last seen here: a trail that shrank or is another is refused by the next command."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry.errors import ActorNeeded, BadRequest, TrailBroken
from registry.note import Checkpoint
from registry.records import Kind
from registry.services.accepting import accept
from registry.services.auditing import audit_log, audit_verify
from registry.services.checkpointing import checkpoint
from registry.services.checkup import State
from registry.services.doctoring import doctor
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.requests import IssueRequest
from registry.services.seen import SeenHead
from registry.settings import Settings
from registry.store.session import parse_url, place_of
from registry.store.tree import head_of
from tests.conftest import Cli
from tests.forging import cut, rewritten

FORGED = pytest.mark.parametrize("forge", [cut, rewritten])


@pytest.fixture
def settings(new_settings: Callable[[], Settings], tmp_path: Path) -> Settings:
    return replace(new_settings(), seen=str(tmp_path / "state"))


@pytest.fixture
def used(settings: Settings) -> Settings:
    """A registry that was used from here, its newest entries those of two checkpoints."""
    with opened(settings) as registry:
        work(registry)
        checkpoint(registry)
        checkpoint(registry)
    return settings


def work(registry: OpenRegistry) -> None:
    issue(registry, IssueRequest(Kind.STUDY))


def place(registry: OpenRegistry) -> SeenHead:
    return SeenHead(registry.settings, registry.database, registry.identity.origin)


def kept(settings: Settings) -> Path:
    (file,) = (Path(str(settings.seen)) / "seen").iterdir()
    return file


def state_of(settings: Settings) -> State:
    (check,) = [check for check in doctor(settings).checks if check.name == "last seen"]
    return check.state


# --- keeping -------------------------------------------------------------------------------


def test_the_newest_head_is_kept_at_the_end(settings: Settings) -> None:
    with opened(settings) as registry:
        assert place(registry).read() is None
        work(registry)
        with registry.database.reading() as connection:
            newest = head_of(connection)
    seen = place(registry).read()
    assert seen is not None
    assert seen.head == newest
    assert Checkpoint.parse(kept(settings).read_text()).origin == registry.identity.origin
    with opened(settings, read_only=True) as registry:
        pass
    assert place(registry).read() == seen, "nothing happened since"


def test_also_when_the_session_ends_with_an_error(settings: Settings) -> None:
    with pytest.raises(ZeroDivisionError), opened(settings) as registry:
        work(registry)
        _ = 1 / 0
    seen = place(registry).read()
    with opened(settings) as registry:
        assert seen is not None
        assert seen.head.size == audit_verify(registry).size


def test_no_one_keeps_a_smaller_one(settings: Settings) -> None:
    """Sessions that end at the same time, in any order."""

    def session() -> None:
        with opened(settings) as registry:
            barrier.wait()
            for _ in range(3):
                work(registry)

    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=session) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with opened(settings) as registry:
        seen = place(registry).read()
        assert seen is not None
        assert seen.head.size == audit_verify(registry).size


def test_where_nothing_can_be_kept_the_work_goes_on(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with opened(settings) as registry:
        work(registry)
    assert place(registry).read() is None
    assert state_of(settings) is State.WARNING


def test_it_can_be_turned_off(used: Settings) -> None:
    off = replace(used, seen="none")
    cut(used)
    with opened(off) as registry:
        work(registry)
    assert state_of(off) is State.OK
    with opened(replace(off, seen=None)):  # the user's folder, where nothing was seen yet
        pass


@pytest.mark.parametrize("text", ["", "x", "dicom-uid-registry/other\n99\nabc\n", "\udcff"])
def test_a_file_that_says_nothing_is_as_if_it_were_not_there(used: Settings, text: str) -> None:
    kept(used).write_bytes(text.encode("utf-8", "surrogateescape"))
    with opened(used) as registry:
        assert place(registry).read() is None
    assert place(registry).read() is not None, "and is written anew"


def test_each_place_has_its_own(used: Settings, new_settings: Callable[[], Settings]) -> None:
    with opened(replace(new_settings(), seen=used.seen)):
        pass
    assert len(list((Path(str(used.seen)) / "seen").iterdir())) == 2


@pytest.mark.engine("sqlite")
def test_a_file_is_the_same_by_whatever_name(used: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    cut(used)
    file = Path(used.database)
    monkeypatch.chdir(file.parent)
    (file.parent / "link.db").symlink_to(file)
    for name in (file.name, f"sqlite:///{file}", "link.db"):
        with pytest.raises(TrailBroken), opened(replace(used, database=name)):
            pass


@pytest.mark.engine("postgresql")
def test_a_server_is_the_same_for_whatever_user(used: Settings) -> None:
    urls = ("postgresql://ann:x@db:1/r", "postgresql://bob@db:1/r", "postgres://db:1/r?user=x&password=y")
    assert {place_of(parse_url(url)) for url in urls} == {"postgresql://db:1/r"}
    with opened(used) as registry:
        assert place_of(registry.database.url) == place_of(parse_url(used.database))


# --- refusing -------------------------------------------------------------------------------


@FORGED
def test_a_forged_trail_is_refused_by_the_next_command(
    used: Settings, forge: Callable[[Settings], None]
) -> None:
    before = kept(used).read_bytes()
    forge(used)
    for read_only in (False, True):
        with (
            pytest.raises(TrailBroken, match=r"last seen here: .*seen from here at 20.*UTC") as caught,
            opened(used, read_only=read_only),
        ):
            pass
        assert "audit accept --reason" in caught.value.advice
    assert state_of(used) is State.FAILURE
    assert doctor(used).status == 5
    with opened(used, whatever_was_seen=True) as registry:
        assert not audit_verify(registry).ok
        for _ in range(5):
            work(registry)  # longer than what was seen, and not its continuation
    with pytest.raises(TrailBroken), opened(used):
        pass
    assert kept(used).read_bytes() == before, "what was seen stays, whatever came after"


@FORGED
def test_what_looks_into_it_still_works(
    used: Settings,
    forge: Callable[[Settings], None],
    cli: Cli,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UID_REGISTRY_SEEN", str(used.seen))
    monkeypatch.setenv("UID_REGISTRY_DATABASE", used.database)
    forge(used)
    refused = cli("issue", "study")
    assert (refused.code, refused.out) == (5, "")
    assert "error: the trail isn't the one that was last seen here" in refused.err
    assert [cli(*words).code for words in (("stats",), ("check", "."), ("audit", "checkpoint"))] == [5] * 3
    verified = cli("audit", "verify", "--format", "json")
    assert (verified.code, verified.json["ok"], verified.json["first_bad"]) == (5, False, None)
    for words in (("log",), ("key",), ("prove", 1)):
        assert cli("audit", *words).code == 0
    assert cli("db", "key").code == 0
    assert cli("config", "show").code == 0
    assert cli("doctor").code == 5
    accepted = cli("audit", "accept", "--reason", "restored on purpose", "--format", "json")
    assert accepted.code == 0
    assert cli("issue", "study").code == 0
    assert state_of(used) is State.OK


# --- accepting ------------------------------------------------------------------------------


def test_accepting_is_in_the_trail_with_what_was_seen(used: Settings) -> None:
    with opened(used) as registry:
        seen = place(registry).read()
    cut(used)
    with opened(used, whatever_was_seen=True) as registry:
        done = accept(registry, "the disk failed")
        (told,) = audit_log(registry, event="audit:accept")
        assert seen is not None
        assert done.kept
        assert told.entry.id == done.entry
        assert told.entry.note == "the disk failed"
        assert told.entry.detail["seen_size"] == seen.head.size
        assert told.entry.detail["seen_root"] == seen.head.root.hex()
        assert told.entry.detail["found_size"] < seen.head.size
        assert audit_verify(registry).ok
    with opened(used) as registry:
        work(registry)


def test_there_must_be_something_to_accept_and_a_reason(used: Settings) -> None:
    with opened(used) as registry:
        size = audit_verify(registry).size
        with pytest.raises(BadRequest, match="the one that was last seen"):
            accept(registry, "no reason")
        with pytest.raises(BadRequest, match="reason"):
            accept(registry, "  ")
        assert audit_verify(registry).size == size
    with opened(replace(used, seen="none")) as registry, pytest.raises(BadRequest, match="none"):
        accept(registry, "no reason")
    cut(used)
    nobody = replace(used, actor=" ")
    with opened(nobody, whatever_was_seen=True) as registry, pytest.raises(ActorNeeded):
        accept(registry, "no reason")
