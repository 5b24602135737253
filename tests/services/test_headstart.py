"""What workers were given before anything was known changes nothing but the time it takes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.dicomfile.readerkeys import ReaderKeys
from registry.keys import RegistryKey, create_key, extend_ring, load_key, new_key
from registry.limits import Limits
from registry.records import ObjectClaim, Reading
from registry.services import headstart, reading, workers
from registry.services.opening import OpenRegistry
from registry.services.reading import PROBED, Readers, get_ready
from registry.services.workers import Worker
from registry.settings import Settings
from tests.conftest import Cli
from tests.objects import save_all, tiny

FILES = 30
_USUAL = Limits()


@pytest.fixture(autouse=True)
def _none_is_left(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(reading, "_CHUNK", 4)
    monkeypatch.setattr(reading, "PROBED", 3)
    yield
    headstart._dismiss()
    workers._dismiss()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_all([tiny(f"1.2.3.4.{n}") for n in range(FILES)], tmp_path / "ct")
    return tmp_path / "ct"


@pytest.fixture
def keyed(tmp_path: Path) -> Settings:
    create_key(tmp_path / "registry.db.key")
    return Settings(str(tmp_path / "registry.db"))


def keys_of(keyed: Settings, context: str | None = None) -> ReaderKeys:
    return ReaderKeys.of(load_key(Path(f"{keyed.database}.key")), context)


def begun() -> list[Worker]:
    return [worker for each in headstart._begun for worker in each.workers]


def read(
    folder: Path, keys: ReaderKeys, *, digests: bool = True, limits: Limits | None = None
) -> list[Reading]:
    with Readers(keys, limits or Limits(), digests=digests, jobs=2) as readers:
        return [made for _, made in readers.read(readers.expand([str(folder)]))]


def plainly(folder: Path, keys: ReaderKeys, *, digests: bool = True) -> list[Reading]:
    """As it is read where nothing was begun."""
    headstart._dismiss()
    return read(folder, keys, digests=digests)


@pytest.mark.parametrize("digests", [True, False])
@pytest.mark.parametrize("context", [None, "research"])
def test_what_was_read_ahead_is_what_would_have_been_read(
    folder: Path, keyed: Settings, digests: bool, context: str | None
) -> None:
    expected = plainly(folder, keys_of(keyed, context), digests=digests)
    get_ready([str(folder)], keyed, context=context, digests=digests)
    ahead = begun()
    assert len(ahead) == min(2, os.cpu_count() or 1)
    (start,) = headstart._begun
    assert sum(len(chunk) for chunk, _ in start.given) == FILES
    assert read(folder, keys_of(keyed, context), digests=digests) == expected
    assert all(not worker._ahead for worker in ahead), "each answer was taken"
    assert not start.given


def test_a_file_that_came_or_went_meanwhile_is_as_if_nothing_was_begun(folder: Path, keyed: Settings) -> None:
    for change in (
        lambda files: save_all([tiny("1.2.3.4.99")], files[0].parent / "a"),
        lambda files: files[0].unlink(),
        lambda files: files[7].unlink(),
        lambda files: files[-1].unlink(),
    ):
        get_ready([str(folder)], keyed)
        assert begun()
        change(sorted(folder.rglob("*.dcm")))
        found = read(folder, keys_of(keyed))
        assert found == plainly(folder, keys_of(keyed))
        assert len(found) == len(list(folder.rglob("*.dcm")))


def test_what_is_asked_for_otherwise_is_read_otherwise(folder: Path, keyed: Settings) -> None:
    other = ReaderKeys.of(new_key(), None)
    for keys, digests, limits in (
        (other, True, Limits()),
        (keys_of(keyed), False, Limits()),
        (keys_of(keyed), True, Limits(seconds=77)),
        (keys_of(keyed, "research"), True, Limits()),
    ):
        expected = plainly(folder, keys, digests=digests)
        get_ready([str(folder)], keyed)
        assert begun()
        assert read(folder, keys, digests=digests, limits=limits) == expected


def test_a_worker_that_dies_of_what_it_was_given_costs_no_file(folder: Path, keyed: Settings) -> None:
    expected = plainly(folder, keys_of(keyed))
    for victim in (0, -1):
        get_ready([str(folder)], keyed)
        begun()[victim].greet()
        begun()[victim].kill()
        assert read(folder, keys_of(keyed)) == expected


def test_before_the_others_some_are_asked_for_without_digests(folder: Path, keyed: Settings) -> None:
    """As a check does: once it goes on without digests, and once with them."""
    keys = keys_of(keyed)
    for digests in (False, True):
        expected = [*plainly(folder, keys, digests=False)[:3], *plainly(folder, keys, digests=digests)[3:]]
        get_ready([str(folder)], keyed, digests=False, probed=True)
        with Readers(keys, Limits(), jobs=2) as readers:
            sources = iter(list(readers.expand([str(folder)])))
            first = [next(sources) for _ in range(3)]
            made = list(readers.read(first, digests=False)) + list(readers.read(sources, digests=digests))
        assert [each for _, each in made] == expected


def test_an_archive_is_nothing_for_this_process(folder: Path, keyed: Settings, tmp_path: Path) -> None:
    shutil.make_archive(str(folder / "0007"), "zip", tmp_path, "ct")
    expected = plainly(folder, keys_of(keyed))
    get_ready([str(folder)], keyed)
    assert read(folder, keys_of(keyed)) == expected
    assert sum(isinstance(each, ObjectClaim) for each in expected) == 2 * FILES


def test_whoever_stops_reading_leaves_nothing_to_the_next(folder: Path, keyed: Settings) -> None:
    expected = plainly(folder, keys_of(keyed))
    get_ready([str(folder)], keyed)
    with Readers(keys_of(keyed), Limits(), jobs=2) as readers:
        next(readers.read(readers.expand([str(folder)])))
        again = [made for _, made in readers.read(readers.expand([str(folder)]))]
    assert again == read(folder, keys_of(keyed)) == expected
    get_ready([str(folder)], keyed)
    with Readers(keys_of(keyed), Limits(), jobs=2):
        pass
    assert read(folder, keys_of(keyed)) == expected


def test_where_little_is_to_be_read_or_no_key_is_sure_nothing_is_begun(
    folder: Path, keyed: Settings, tmp_path: Path
) -> None:
    save_all([tiny(f"1.2.3.4.{n}") for n in range(8)], tmp_path / "few")
    for paths, where in (
        ([str(tmp_path / "few")], keyed),
        ([str(tmp_path / "nowhere"), *map(str, range(99))], keyed),
        ([str(folder)], Settings("elsewhere.db")),
        ([str(folder)], Settings("postgresql://example.org/registry")),
    ):
        get_ready(paths, where)
        assert not begun()
    extend_ring(Path(f"{keyed.database}.key"), [RegistryKey(bytes(32))])
    get_ready([str(folder)], keyed)
    assert not begun(), "which of two keys is the registry's the database says"


def test_a_relative_path_is_read_where_it_was_given(
    folder: Path, keyed: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    save_all([tiny(f"1.2.3.9.{n}", series="1.2.3.9") for n in range(FILES)], tmp_path / "other" / "ct")
    monkeypatch.chdir(tmp_path)
    get_ready(["ct"], keyed)
    monkeypatch.chdir(tmp_path / "other")
    found = read(Path("ct"), keys_of(keyed))
    assert {each.series_instance_uid for each in found if isinstance(each, ObjectClaim)} == {"1.2.3.9"}


def test_a_fork_leaves_what_was_begun_to_its_parent(folder: Path, keyed: Settings) -> None:
    get_ready([str(folder)], keyed)
    child = os.fork()
    if child == 0:
        os._exit(len(headstart._begun))
    assert os.waitpid(child, 0)[1] == 0
    assert len(read(folder, keys_of(keyed))) == FILES


@pytest.mark.engine("sqlite")
def test_a_command_takes_what_it_had_begun(
    cli: Cli, registry: OpenRegistry, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def told(*arguments: object) -> object:
        taken.append(original(*arguments))  # type: ignore[arg-type]
        return taken[-1]

    original = headstart.taken
    monkeypatch.setattr(headstart, "taken", told)
    for command, begins in (
        (("check", folder), True),
        (("register", folder), True),
        (("register", "--context", "research", "--digest", "none", folder), True),
        (("check", "--for-export", "PACS", folder), False),
    ):
        taken.clear()
        assert cli(*command).code == 0
        assert [bool(each.workers) for each in taken] == [begins], command


def test_what_is_probed_is_as_many_as_a_check_probes() -> None:
    assert PROBED == 40
