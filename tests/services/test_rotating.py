"""The key rotated: what was recorded before compares under the former key, and nothing is lost.

That the same is found as without a rotation, tests/services/test_order.py shows of every rule.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

import pydicom
import pytest
from pydicom.dataset import FileDataset

from registry.dicomfile.reader import Reader, read
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import Found, Source, expand
from registry.errors import KeyUnusable
from registry.hashing import Hashing
from registry.keys import RegistryKey, load_ring, put_ring
from registry.limits import Limits
from registry.records import Kind, Verdict
from registry.services import checking, registering
from registry.services.auditing import audit_log, audit_verify
from registry.services.checking import check
from registry.services.initializing import init
from registry.services.keeping import rotate_key
from registry.services.opening import OpenRegistry, key_path, opened
from registry.services.patients import say
from registry.services.querying import kept_findings
from registry.services.reading import Item
from registry.services.registering import register
from registry.services.reports import Report
from registry.services.resolving import claims, resolve
from registry.settings import Settings
from registry.store.findings import Which
from tests.conftest import Cli, Registries
from tests.databases import everything
from tests.objects import SEG_CLASS, ct_slices, save, save_all, tiny

OTHER_PIXELS = b"\5\6\7\x08"


@pytest.fixture
def place(settings: Settings) -> Path:
    """Where this machine's keys are."""
    with opened(settings) as registry:
        return key_path(settings, registry.database, registry.identity.origin)


class Here:
    """Reads in this very process: no test here is about what files can do to a reader, and each
    rotation would start others."""

    def __init__(self, keys: ReaderKeys, limits: Limits, *, digests: bool = True, **_: object) -> None:
        self._keys, self._limits, self._digests = keys, limits, digests

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        """Nothing was started."""

    def expand(self, paths: Iterable[str]) -> Iterator[Found]:
        return expand(paths, Reader(self._keys, self._limits).look_into)

    def read(self, sources: Iterable[Found], *, digests: bool | None = None) -> Iterator[Item]:
        digests = self._digests if digests is None else digests
        for source in sources:
            found = read(source, self._keys, digests=digests) if isinstance(source, Source) else source
            yield source, found


@pytest.fixture(autouse=True)
def _read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (registering, checking):
        monkeypatch.setattr(module, "Readers", Here)
    monkeypatch.setattr("registry.services.reading.get_ready", lambda *_, **__: None)


class Machine:
    """Somebody who registers objects, checked before, and rotates the key now and then."""

    def __init__(self, settings: Settings, place: Path, folder: Path) -> None:
        self.settings, self.place, self._folder, self._made = settings, place, folder, iter(range(1000))

    def put(self, *objects: FileDataset, context: str | None = None) -> Report:
        paths = [str(save(each, self._folder / f"{next(self._made)}.dcm")) for each in objects]
        with opened(self.settings) as registry:
            before = check(registry, paths, context=context)
            report = register(registry, paths, context=context)
        assert report.verdicts == before.verdicts
        assert report.missing == before.missing
        return report

    def rotate(self) -> None:
        with opened(self.settings) as registry:
            rotate_key(registry, "a test")

    def forget_former(self) -> tuple[str, ...]:
        """Take the former keys from the file, as somebody would whose key has leaked."""
        newest, *former = load_ring(self.place)
        self.replace_ring(newest)
        return tuple(key.id for key in former)

    def replace_ring(self, *ring: RegistryKey) -> None:
        self.place.unlink()
        put_ring(self.place, ring)

    def codes(self) -> set[str]:
        with opened(self.settings) as registry:
            assert audit_verify(registry).ok
            return {finding.code for finding in kept_findings(registry)}

    def say(self, *ids: str, same: bool = True) -> None:
        with opened(self.settings) as registry:
            say(registry, [(each, "") for each in ids], same=same)


@pytest.fixture
def machine(settings: Settings, place: Path, tmp_path: Path) -> Machine:
    return Machine(settings, place, tmp_path)


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


# --- the key itself -------------------------------------------------------------------------


def test_a_rotation_adds_a_key_and_says_so(cli: Cli, place: Path) -> None:
    (first,) = load_ring(place)
    result = cli("db", "key", "--rotate", "--reason", "Smith has left", "--format", "json")
    newest, former = load_ring(place)
    assert (result.code, former) == (0, first)
    keys = [(key["id"], key["current"], key["here"]) for key in result.json["keys"]]
    assert keys == [(newest.id, True, True), (first.id, False, True)]
    assert (result.json["registry_key"], result.json["usable"]) == (newest.id, True)
    (told,) = cli("audit", "log", "--event", "key:rotate", "--format", "json").json
    assert (told["entry"], told["note"], told["actor"]) == (
        result.json["rotated"],
        "Smith has left",
        "tester",
    )
    assert told["detail"] == {"key_id": newest.id, "former": first.id}
    assert cli("audit", "verify").code == 0
    assert cli("doctor").code == 0


@pytest.mark.engine("sqlite")
def test_the_table_tells_each_key(cli: Cli, place: Path) -> None:
    result = cli("db", "key", "--rotate", "--reason", "yearly")
    newest, first = load_ring(place)
    for text in (f"{newest.id}  here", f"{first.id}  here", "db key --install"):
        assert text in result.out
    Machine(Settings(""), place, place.parent).forget_former()
    assert f"{first.id}  missing" in cli("db", "key").out


def test_no_secret_is_ever_told_or_stored(cli: Cli, settings: Settings, place: Path, tmp_path: Path) -> None:
    save_all(ct_slices(2), tmp_path / "ct")
    told = ""
    for command in (
        ("register", tmp_path / "ct"),
        ("db", "key", "--rotate", "--reason", "one"),
        ("register", tmp_path / "ct"),
        ("db", "key", "--rotate", "--reason", "two", "--format", "json"),
        ("register", tmp_path / "ct", "--format", "json"),
        ("db", "key"),
        ("audit", "log"),
        ("doctor",),
    ):
        result = cli(*command)
        assert result.code == 0, result
        told += result.out + result.err
    ring = load_ring(place)
    kept = shutil.copy(place, tmp_path / "kept")
    place.unlink()
    told += cli("db", "key").err + cli("register", tmp_path / "ct").err
    stored = everything(settings)
    assert len(ring) == 3
    for key in ring:
        assert key.secret.hex() not in told
        assert repr(key) == f"RegistryKey(id={key.id!r})"
        assert key.secret not in stored
        assert key.secret.hex().encode() not in stored
    assert kept


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    "arguments", [("--rotate",), ("--reason", "x"), ("--rotate", "--reason", " "),
                  ("--rotate", "--reason", "x", "--install", "-")]
)  # fmt: skip
def test_a_rotation_has_its_reason(cli: Cli, place: Path, arguments: tuple[str, ...]) -> None:
    before = place.read_bytes()
    assert cli("db", "key", *arguments).code == 2
    assert place.read_bytes() == before


@pytest.mark.engine("sqlite")
def test_the_file_keeps_its_modes_and_a_link_stays_one(
    cli: Cli, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(place)
    monkeypatch.setenv("UID_REGISTRY_KEY_FILE", str(link))
    assert cli("db", "key", "--rotate", "--reason", "x").code == 0
    assert link.is_symlink()
    assert place.stat().st_mode & 0o777 == 0o640
    assert len(load_ring(place)) == 2
    assert [file.name for file in place.parent.iterdir() if file.name.startswith(".")] == []


def test_without_the_former_key_nothing_is_rotated(cli: Cli, place: Path) -> None:
    kept = place.read_bytes()
    place.unlink()
    assert cli("db", "key", "--rotate", "--reason", "x").code == 3
    place.write_bytes(kept)
    assert len(cli("db", "key", "--format", "json").json["keys"]) == 1


@pytest.mark.engine("sqlite")
def test_a_place_where_nothing_can_be_written_is_told_and_nothing_recorded(cli: Cli, place: Path) -> None:
    before = place.read_bytes()
    os.chmod(place.parent, 0o500)
    try:
        if os.access(place.parent, os.W_OK):
            pytest.skip("nothing keeps root from writing")
        result = cli("db", "key", "--rotate", "--reason", "x")
    finally:
        os.chmod(place.parent, 0o700)
    assert result.code == 3
    assert place.read_bytes() == before


_CUT_OFF = """
import os, sys
from registry.services import keeping
from registry.services.opening import opened
from registry.settings import Settings
from registry.store.act import Act

where, database, key_file = sys.argv[1:]
settings = Settings(database, actor="tester", key_file=key_file)
die = lambda *_, **__: os._exit(9)
if where == "before the file":
    os.replace = die
elif where == "between":
    Act.commit = die
with opened(settings) as registry:
    keeping.rotate_key(registry, "cut off")
die()
"""


@pytest.mark.parametrize("where", ["before the file", "between", "after"])
def test_cut_off_anywhere_the_registry_has_its_key(machine: Machine, tmp_path: Path, where: str) -> None:
    machine.put(tiny())
    before = load_ring(machine.place)
    program = [sys.executable, "-c", _CUT_OFF, where, machine.settings.database, str(machine.place)]
    ended = subprocess.run(program, check=False, capture_output=True, timeout=60)
    assert ended.returncode == 9, ended.stderr.decode()
    assert set(before) <= set(load_ring(machine.place)), "no key is lost"
    assert len(load_ring(machine.place)) == (1 if where == "before the file" else 2)
    assert machine.put(tiny()).verdicts == {Verdict.REPEAT: 1}
    machine.rotate()
    assert machine.put(tiny()).verdicts == {Verdict.REPEAT: 1}
    assert machine.put(tiny(pixels=OTHER_PIXELS)).verdicts == {Verdict.COLLISION: 1}
    with opened(machine.settings) as registry:
        rotations = [told.entry.note for told in audit_log(registry, event="key:rotate")]
    assert rotations == (["cut off", "a test"] if where == "after" else ["a test"])


def test_another_machine_needs_the_new_key(
    cli: Cli, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_all(ct_slices(2), tmp_path / "ct")
    second = tmp_path / "second.key"
    shutil.copy(place, second)
    assert cli("register", tmp_path / "ct").code == 0
    assert cli("db", "key", "--rotate", "--reason", "x").code == 0
    monkeypatch.setenv("UID_REGISTRY_KEY_FILE", str(second))
    for command in (("register", tmp_path / "ct"), ("check", tmp_path / "ct"), ("db", "key")):
        result = cli(*command)
        assert result.code == 3
        assert "former key" in result.out + result.err
    assert "db key --install" in cli("check", tmp_path / "ct").err
    assert cli("db", "key", "--install", second).code == 3, "the former key alone isn't enough"
    installed = cli("db", "key", "--install", "-", "--format", "json", stdin=place.read_bytes())
    assert (installed.code, installed.json["installed"]) == (0, True)
    assert load_ring(second) == load_ring(place)
    assert cli("register", tmp_path / "ct", "--format", "json").json["repeats"] == 2
    assert cli("db", "key", "--install", place, "--format", "json").json["installed"] is False


def test_a_former_key_is_added_to_the_present_one(cli: Cli, machine: Machine, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.copy(machine.place, kept)
    machine.rotate()
    (former,) = machine.forget_former()
    present = load_ring(machine.place)
    assert cli("db", "key", "--install", kept).code == 0
    assert [key.id for key in load_ring(machine.place)] == [present[0].id, former]


def test_who_was_opened_before_a_rotation_hides_nothing_under_the_former_key(
    machine: Machine, tmp_path: Path
) -> None:
    path = str(save(tiny(), tmp_path / "one.dcm"))
    with opened(machine.settings) as registry:
        machine.rotate()
        with pytest.raises(KeyUnusable, match="was changed"):
            register(registry, [path])
        with pytest.raises(KeyUnusable, match="was changed"):
            check(registry, [path])
        with pytest.raises(KeyUnusable, match="was changed"):
            say(registry, [("P1", ""), ("P2", "")], same=True)
        with pytest.raises(KeyUnusable, match="was changed"):
            rotate_key(registry, "too late")
    assert machine.put(tiny()).verdicts == {Verdict.NEW: 1}


# --- what compares ----------------------------------------------------------------------------


def test_objects_from_before_are_what_they_were(machine: Machine) -> None:
    slices = ct_slices(2)
    derived = tiny("1.2.7.1.1", "1.2.7.1", "1.2.7", sop_class=SEG_CLASS, modality="SEG", sources=(slices[0],))
    machine.put(*slices, derived)
    before = machine.codes()
    for _ in range(2):
        machine.rotate()
        report = machine.put(*slices, derived)
        assert report.verdicts == {Verdict.REPEAT: 3}
        assert machine.put(*slices, derived).verdicts == {Verdict.REPEAT: 3}
        assert not report.missing
    assert machine.codes() == before


def test_a_content_that_contradicts_one_from_before_is_a_collision(machine: Machine) -> None:
    machine.put(tiny())
    machine.rotate()
    for _ in range(2):
        report = machine.put(tiny(pixels=OTHER_PIXELS))
        assert (report.verdicts, codes(report)) == ({Verdict.COLLISION: 1}, {"UID301"})
        assert machine.put(tiny()).verdicts == {Verdict.REPEAT: 1}, "the first record stands"
        machine.rotate()
    assert machine.codes() == {"UID301"}
    with opened(machine.settings) as registry:
        assert len(claims(registry, "1.2.3.4.1")) == 2, "once, under however many keys it was seen"


@pytest.mark.parametrize("keep", ["first", "second"])
def test_a_collision_over_a_rotation_is_resolved_like_any(machine: Machine, keep: str) -> None:
    original, edited = tiny(), tiny(pixels=OTHER_PIXELS)
    machine.put(original)
    machine.rotate()
    machine.put(original)
    machine.put(edited)
    with opened(machine.settings) as registry:
        assert resolve(registry, "1.2.3.4.1", keep, "looked at").cleared == ("UID301",)
    right, wrong = (original, edited) if keep == "first" else (edited, original)
    assert machine.put(right).verdicts == {Verdict.REPEAT: 1}
    assert machine.codes() == set()
    assert machine.put(wrong).verdicts == {Verdict.COLLISION: 1}


def test_without_the_former_key_nothing_is_compared_and_that_is_said(
    cli: Cli, machine: Machine, tmp_path: Path
) -> None:
    machine.put(tiny())
    machine.rotate()
    (former,) = machine.forget_former()
    path = save(tiny(pixels=OTHER_PIXELS, patient="P2"), tmp_path / "other" / "one.dcm")
    for command in ("check", "register"):
        result = cli(command, path, "--format", "json")
        assert (result.code, result.json["not_compared"], result.json["findings"]) == (0, 1, [])
        assert result.json["missing_keys"] == {former: 1}
        assert former in result.err
    (told,) = cli("audit", "log", "--event", "object:register", "--limit", "1", "--format", "json").json
    assert told["detail"]["missing_keys"] == {former: 1}
    assert (
        cli("check", save(tiny("1.2.9.1.1", "1.2.9.1", "1.2.9"), tmp_path / "new.dcm")).err.count(former) == 0
    )
    assert machine.codes() == set()


def test_two_patients_of_one_study_are_found_over_a_rotation(machine: Machine) -> None:
    machine.put(tiny("1.2.3.4.1", patient="P1"))
    machine.rotate()
    assert machine.put(tiny("1.2.3.4.2", patient="P1")).findings == []
    assert "UID306" in codes(machine.put(tiny("1.2.3.4.3", patient="P2")))
    machine.say("P1", "P2")
    assert "UID306" not in machine.codes()
    machine.say("P1", "P2", same=False)
    assert "UID306" in machine.codes()


def test_who_was_joined_before_a_rotation_stays_so(machine: Machine) -> None:
    machine.put(tiny("1.2.3.4.1", patient="P1"), tiny("1.2.3.4.2", patient="P2"))
    machine.say("P1", "P2")
    machine.rotate()
    machine.put(tiny("1.2.9.1.1", "1.2.9.1", "1.2.9", patient="P1"))
    machine.put(tiny("1.2.9.1.2", "1.2.9.1", "1.2.9", patient="P2"))
    assert machine.codes() == set()
    assert "UID306" in codes(machine.put(tiny("1.2.9.1.3", "1.2.9.1", "1.2.9", patient="P3")))


def test_a_merge_says_which_former_keys_are_missing(cli: Cli, machine: Machine) -> None:
    machine.rotate()
    (former,) = machine.forget_former()
    result = cli("patient", "merge", "-", "--format", "json", stdin="P1\nP2\n")
    assert (result.code, result.json["missing_keys"]) == (0, [former])


def test_attributes_compare_over_a_rotation(machine: Machine) -> None:
    machine.put(tiny("1.2.3.4.1", StudyDate="20260101"))
    machine.rotate()
    assert "UID406" in codes(machine.put(tiny("1.2.3.4.2", StudyDate="20260102")))


def test_what_is_new_is_hidden_under_the_new_key_alone(machine: Machine) -> None:
    machine.put(tiny("1.2.3.4.1", patient="P1"))
    machine.rotate()
    machine.put(tiny("1.2.9.1.1", "1.2.9.1", "1.2.9", patient="P2"))
    machine.put(tiny("1.2.9.1.2", "1.2.9.1", "1.2.9", patient="P2", pixels=OTHER_PIXELS))
    with opened(machine.settings) as registry, registry.database.reading() as connection:
        for table in ("context_contents", "context_patients", "patient_aliases"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() == 0
        patients = connection.exec_driver_sql("SELECT count(*) FROM patients").scalar_one()
    assert patients == 2


@pytest.mark.parametrize("context", ["research", "x" * 32])
def test_a_context_is_rotated_too(machine: Machine, context: str) -> None:
    machine.put(tiny(), context=context)
    machine.rotate()
    assert machine.put(tiny(), context=context).verdicts == {Verdict.REPEAT: 1}
    report = machine.put(tiny(pixels=OTHER_PIXELS, patient="P2"), context=context)
    assert {"UID301", "UID306"} <= codes(report)
    with opened(machine.settings) as registry:
        assert {f.context for f in kept_findings(registry, Which(code="UID301"))} == {context}
    assert not codes(machine.put(tiny(pixels=OTHER_PIXELS, patient="P2"))) & {"UID301", "UID306"}


def test_a_keyed_uid_stays_the_same(cli: Cli, machine: Machine) -> None:
    def keyed(*parts: str) -> tuple[int, list[str]]:
        arguments = [word for part in parts for word in ("--part", part)]
        result = cli("issue", str(Kind.STUDY.label), "--method", "keyed", *arguments)
        return result.code, result.out.split()

    before = keyed("trial", "7")
    machine.rotate()
    assert keyed("trial", "7") == before
    later = keyed("trial", "8")
    machine.rotate()
    assert (keyed("trial", "7"), keyed("trial", "8")) == (before, later)
    machine.forget_former()
    assert keyed("trial", "7") == (3, []), "another UID for the same thing would be worse than none"
    assert cli("issue", "study").code == 0


def test_an_index_says_nothing_that_a_key_hides(machine: Machine) -> None:
    from registry.records import IndexRow
    from registry.services.indexing import register_rows

    image = tiny()
    machine.put(image, tiny(pixels=OTHER_PIXELS))
    machine.rotate()
    row = IndexRow(
        image.SOPInstanceUID, image.SOPClassUID, image.SeriesInstanceUID, image.StudyInstanceUID, "CT"
    )
    with opened(machine.settings) as registry:
        assert register_rows(registry, [row]).verdicts[Verdict.COLLISION] == 0
    assert machine.codes() == {"UID301"}, "and clears nothing"


@pytest.mark.engine("sqlite")
def test_a_ring_holds_no_other_registrys_key_for_its_own(machine: Machine) -> None:
    ring = load_ring(machine.place)
    strange = RegistryKey(bytes(32))
    machine.replace_ring(strange, *ring)
    with opened(machine.settings) as registry:
        assert registry.key == ring[0]
    assert machine.put(tiny()).verdicts == {Verdict.NEW: 1}


@pytest.mark.engine("sqlite")
def test_a_key_from_before_keeps_its_hashing_until_it_is_rotated(
    registries: Registries, tmp_path: Path
) -> None:
    """What was hashed in one way still compares, once a new key brings another."""
    settings = registries.empty()
    place = Path(f"{settings.database}.key")
    put_ring(place, (RegistryKey(bytes(range(32)), Hashing.BLAKE2B),))
    init(settings)
    old = Machine(settings, place, tmp_path)
    image, changed = tiny(), tiny(pixels=OTHER_PIXELS)
    assert old.put(image).verdicts == {Verdict.NEW: 1}
    with opened(settings) as registry:
        assert registry.reader_keys.hashing is Hashing.BLAKE2B
    assert old.put(image).verdicts == {Verdict.REPEAT: 1}
    old.rotate()
    with opened(settings) as registry:
        assert registry.reader_keys.hashing is Hashing.BLAKE3
    assert old.put(image).verdicts == {Verdict.REPEAT: 1}
    assert old.put(changed).verdicts == {Verdict.COLLISION: 1}
    assert old.codes() == {"UID301"}


@pytest.mark.engine("sqlite")
def test_whatever_real_files_lack_they_are_recorded_in_a_context_and_after_a_rotation(
    registry: OpenRegistry, settings: Settings
) -> None:
    """Some of pydicom's files have no transfer syntax, and content all the same."""
    files = [str(Path(pydicom.__file__).parent / "data" / "test_files")]
    first = register(registry, files)
    copies = register(registry, files, context="research")
    assert copies.verdicts[Verdict.COLLISION] == first.verdicts[Verdict.COLLISION]
    rotate_key(registry, "the administrator has left")
    with opened(settings) as rotated:
        again = register(rotated, files)
        assert again.verdicts[Verdict.COLLISION] == first.verdicts[Verdict.COLLISION]
        assert again.verdicts[Verdict.NEW] == 0
        assert audit_verify(rotated).ok
