"""A checkpoint kept elsewhere holds the trail to what it was."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from registry import Registry
from registry.errors import (
    BadRequest,
    NoSuchPath,
    NoteNotSigned,
    RegistryError,
    SigningKeyUnusable,
    TrailBroken,
)
from registry.note import Checkpoint, Note, SignerKey, VerifierKey
from registry.records import Kind
from registry.services.auditing import audit_log, audit_verify
from registry.services.checkpointing import checkpoint
from registry.services.checkup import State
from registry.services.doctoring import doctor
from registry.services.initializing import init
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened, signing_key_path
from registry.services.requests import IssueRequest
from registry.services.signing import create, signing_key_state
from registry.services.trusting import Handed, Trusted, own_keys, read_notes, trusted
from registry.settings import Settings
from registry.signing import put_signing_key
from tests.conftest import Cli, Registries
from tests.databases import raw, run
from tests.forging import cut, rewritten


@pytest.fixture
def settings(new_settings: Callable[[], Settings], tmp_path: Path) -> Settings:
    """A registry whose signing key is this test's own: those on a server share one."""
    settings = new_settings()
    with opened(settings) as registry:
        shared = signing_key_path(settings, registry.database, registry.identity.origin)
    shutil.copy(shared, tmp_path / "signing-key")
    return replace(settings, signing_key_file=str(tmp_path / "signing-key"))


def taken(registry: OpenRegistry, file: Path) -> Trusted:
    return trusted(registry, Handed(file.name, file.read_bytes()), own_keys(registry))


def work(registry: OpenRegistry) -> None:
    issue(registry, IssueRequest(Kind.STUDY))


# --- taking one ------------------------------------------------------------------------------


def test_a_checkpoint_is_of_the_trail_with_the_entry_that_says_so(registry: OpenRegistry) -> None:
    made = checkpoint(registry)
    (newest,) = audit_log(registry, newest=1)
    found = audit_verify(registry)
    assert (newest.entry.event, newest.entry.id) == ("audit:checkpoint", made.entry)
    assert newest.entry.detail == {"key": made.key.id.hex()}
    assert made.checkpoint.origin == registry.identity.origin
    assert (made.checkpoint.size, made.checkpoint.root.hex()) == (found.size, found.root_hash)
    assert Checkpoint.parse(made.note.text) == made.checkpoint
    assert Note.parse(str(made.note).encode()).signed_by(own_keys(registry)) == made.key


def test_a_file_is_replaced_by_what_goes_on_from_it(registry: OpenRegistry, tmp_path: Path) -> None:
    file = tmp_path / "note"
    sizes = []
    for _ in range(3):
        work(registry)
        assert checkpoint(registry, str(file)).file == file
        sizes.append(taken(registry, file).checkpoint.size)
    assert sizes == sorted(set(sizes))
    assert [path.name for path in tmp_path.iterdir() if "key" not in path.name] == ["note"]


def test_a_folder_gets_one_for_each_size(registry: OpenRegistry, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    for _ in range(3):
        checkpoint(registry, str(folder))
    names = sorted(path.name for path in folder.iterdir())
    sizes = [taken(registry, folder / name).checkpoint.size for name in names]
    assert names == [f"checkpoint-{size:012}.txt" for size in sizes]
    assert len(sizes) == 3
    notes = [trusted(registry, each, own_keys(registry)) for each in read_notes([str(folder)])]
    assert audit_verify(registry, notes).ok


def test_what_is_no_checkpoint_is_left_as_it_is(registry: OpenRegistry, tmp_path: Path) -> None:
    (tmp_path / "thesis").write_text("years of work")
    before = audit_verify(registry).size
    with pytest.raises(BadRequest, match="is no checkpoint; it was left"):
        checkpoint(registry, str(tmp_path / "thesis"))
    with pytest.raises(NoSuchPath):
        checkpoint(registry, str(tmp_path / "none" / "note"))
    assert (tmp_path / "thesis").read_text() == "years of work"
    assert audit_verify(registry).size == before, "what wasn't made is in no entry"


def test_nor_is_another_registrys(registry: OpenRegistry, registries: Registries, tmp_path: Path) -> None:
    elsewhere = registries.empty()
    init(elsewhere)
    with opened(elsewhere) as other:
        checkpoint(other, str(tmp_path / "note"))
    kept = (tmp_path / "note").read_bytes()
    with pytest.raises(NoteNotSigned, match=f"a checkpoint of {other.identity.origin}, and this"):
        checkpoint(registry, str(tmp_path / "note"))
    assert (tmp_path / "note").read_bytes() == kept


@pytest.mark.parametrize("forge", [cut, rewritten])
def test_a_checkpoint_of_before_is_never_replaced_by_one_of_a_forged_trail(
    settings: Settings, tmp_path: Path, forge: Callable[[Settings], None]
) -> None:
    settings = replace(settings, seen="none")
    folder = tmp_path / "kept"
    folder.mkdir()
    with opened(settings) as registry:
        work(registry)
        checkpoint(registry, str(tmp_path / "note"))
        checkpoint(registry, str(folder))
    kept = {path: path.read_bytes() for path in (tmp_path / "note", *folder.iterdir())}
    forge(settings)
    with opened(settings) as registry:
        for place in (tmp_path / "note", folder):
            with pytest.raises(TrailBroken, match="isn't its continuation"):
                checkpoint(registry, str(place))
        work(registry)  # longer than before again, but another
        work(registry)
        work(registry)
        with pytest.raises(TrailBroken, match="are not those"):
            checkpoint(registry, str(tmp_path / "note"))
    assert {path: path.read_bytes() for path in (tmp_path / "note", *folder.iterdir())} == kept


def test_without_the_key_nothing_is_signed_and_nothing_recorded(settings: Settings, tmp_path: Path) -> None:
    with opened(replace(settings, signing_key_file=str(tmp_path / "none"))) as registry:
        before = audit_verify(registry).size
        with pytest.raises(SigningKeyUnusable, match="is not at"):
            checkpoint(registry)
        assert audit_verify(registry).size == before


@pytest.mark.engine("sqlite")
def test_where_nothing_can_be_written_it_is_unrecorded(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as registry:
        size = audit_verify(registry).size
        with pytest.raises(BadRequest, match="can be written"):
            checkpoint(registry, unrecorded=True)
        may = type(registry.database).can_write
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(registry.database), "can_write", lambda _: False)
            made = checkpoint(registry, unrecorded=True)
        assert may(registry.database)
    assert (made.entry, made.checkpoint.size) == (None, size)


# --- verifying against one ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("forge", "reason"), [(cut, "its end was cut off"), (rewritten, "are not those of a checkpoint")]
)
def test_a_forged_trail_verifies_alone_and_not_against_a_checkpoint(
    settings: Settings, tmp_path: Path, forge: Callable[[Settings], None], reason: str
) -> None:
    settings = replace(settings, seen="none")
    with opened(settings) as registry:
        work(registry)
        checkpoint(registry, str(tmp_path / "note"))
        assert audit_verify(registry, [taken(registry, tmp_path / "note")]).ok
    forge(settings)
    with opened(settings) as registry:
        assert audit_verify(registry).ok, "whoever owns the database can make it fit itself"
        found = audit_verify(registry, [taken(registry, tmp_path / "note")])
        assert (found.ok, found.first_bad) == (False, None)
        assert reason in (found.reason or "")


def test_the_trail_of_no_entries_is_the_beginning_of_each(registry: OpenRegistry, tmp_path: Path) -> None:
    note = checkpoint(registry, str(tmp_path / "note")).note
    empty = Checkpoint(registry.identity.origin, 0, Checkpoint.parse(note.text).root)
    right = taken(registry, tmp_path / "note")
    wrong = replace(right, checkpoint=empty)
    assert not audit_verify(registry, [wrong, right]).ok
    fine = replace(right, checkpoint=replace(empty, root=hashlib.sha256(b"").digest()))
    assert audit_verify(registry, [fine, right]).ok


def test_the_command_line_tells_what_is_wrong_with_a_note(
    cli: Cli, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UID_REGISTRY_SIGNING_KEY_FILE", str(settings.signing_key_file))
    note = tmp_path / "note"
    assert cli("audit", "checkpoint", "--to", note).code == 0
    vkey = cli("audit", "key", "--format", "json").json["vkeys"][0]
    right = cli("audit", "verify", "--against", note, "--key", vkey, "--format", "json")
    assert (right.code, right.err) == (0, "")
    assert [each["size"] for each in right.json["checkpoints"]] == [right.json["size"]]
    piped = cli("audit", "verify", "--against", "-", stdin=note.read_bytes())
    assert piped.code == 0
    assert "the key that the database names" in piped.err
    note.write_text(note.read_text().replace("\n", "\n1", 1))
    forged = cli("audit", "verify", "--against", note, "--key", vkey)
    assert (forged.code, forged.out) == (5, "")
    assert f"{note}: the signature by" in forged.err
    note.write_text("no note")
    assert cli("audit", "verify", "--against", note, "--key", vkey).code == 2
    assert cli("audit", "verify", "--against", tmp_path / "none", "--key", vkey).code == 2
    assert cli("audit", "verify", "--against", tmp_path / "none", "--key", "nonsense").code == 2
    other = VerifierKey(vkey.split("+")[0], bytes(32))
    (tmp_path / "keys").write_text(f"# of before\n{other}\n\n{vkey}\n")
    cli("audit", "checkpoint", "--to", tmp_path / "second")
    keyed = cli("audit", "verify", "--against", tmp_path / "second", "--key", tmp_path / "keys")
    assert keyed.code == 0
    unknown = cli("audit", "verify", "--against", tmp_path / "second", "--key", str(other))
    assert unknown.code == 5
    assert "the keys that count are" in unknown.err


def test_it_is_all_in_python_too(settings: Settings, tmp_path: Path) -> None:
    with Registry(settings) as registry:
        made = registry.checkpoint(tmp_path / "note")
        entry = registry.issue("study").entry
        assert registry.prove(entry).leaf.entry == entry
        assert (tmp_path / "note").read_text() == made.text
        assert registry.verify([tmp_path / "note"], key=str(made.key)).ok
        assert registry.verify([tmp_path / "note"]).ok
        with pytest.raises(NoteNotSigned):
            registry.verify([tmp_path / "note"], key=str(VerifierKey(made.key.name, bytes(32))))


# --- the keys --------------------------------------------------------------------------------


def test_a_new_key_signs_and_the_old_one_goes_on_verifying(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as registry:
        before = checkpoint(registry, str(tmp_path / "before"))
        state = create(registry)
        assert (state.usable, state.created) == (True, True)
        assert [key.id for key in state.keys][1:] == [before.key.id]
        assert state.put_aside is not None
        assert state.put_aside.exists()
        after = checkpoint(registry, str(tmp_path / "after"))
        assert after.key == state.keys[0] != before.key
        found = audit_verify(registry, [taken(registry, tmp_path / name) for name in ("before", "after")])
        assert found.ok
        (made,) = audit_log(registry, event="key:create")
        assert made.entry.detail == {"key": after.key.id.hex(), "replaces": before.key.id.hex()}
        assert made.entry.rows == {"signing_keys": 1}
    shutil.copy(state.put_aside, state.file)
    with opened(settings) as registry:
        assert not signing_key_state(registry).usable
        with pytest.raises(SigningKeyUnusable, match="the one that signs for this registry is"):
            checkpoint(registry)


def test_a_key_from_a_creation_that_was_cut_off_is_taken(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as registry, pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.store.act.leaf_hash", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            create(registry)
        patch.undo()
        cut_off = signing_key_state(registry)
        assert not cut_off.usable
        assert create(registry).keys[0] == cut_off.found


def test_whoever_may_not_make_one_loses_no_key(settings: Settings, tmp_path: Path) -> None:
    with opened(settings) as registry:
        there = Path(str(settings.signing_key_file)).read_bytes()
        with raw(settings) as connection:
            if connection.dialect.name == "sqlite":
                refuse = "BEFORE INSERT ON signing_keys BEGIN SELECT RAISE(ABORT, 'no'); END"
                run(connection, f"CREATE TRIGGER no {refuse}")
            else:
                run(connection, "ALTER TABLE signing_keys ADD CONSTRAINT no CHECK (entry < 0) NOT VALID")
        with pytest.raises(RegistryError):
            create(registry)
        assert Path(str(settings.signing_key_file)).read_bytes() == there


def test_init_makes_a_key_where_there_was_none(registries: Registries) -> None:
    old = replace(registries.make("old"), signing_key_file=None)
    with opened(old) as registry:
        assert signing_key_state(registry).keys == ()
    path = signing_key_path(old, registry.database, registry.identity.origin)
    path.unlink(missing_ok=True)
    first = init(old).signing_key
    assert (first.usable, len(first.keys), first.file) == (True, 1, path)
    assert init(old).signing_key.keys == first.keys
    with opened(old) as registry:
        assert audit_verify(registry).ok
        assert [told.entry.actor for told in audit_log(registry, event="key:create")] == ["tester"]


def test_audit_key_tells_where_it_is_and_never_what(cli: Cli, settings: Settings, tmp_path: Path) -> None:
    shown = cli("audit", "key")
    assert shown.code == 0
    missing = {"UID_REGISTRY_SIGNING_KEY_FILE": str(tmp_path / "none")}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in missing.items():
            patch.setenv(name, value)
        there = cli("audit", "key", "--format", "json")
    assert (there.code, there.json["usable"], there.json["found_key"]) == (3, False, None)
    assert there.json["vkeys"][0] in shown.out
    secret = Path(str(settings.signing_key_file)).read_text().split()[-1]
    assert secret not in shown.out + there.out + there.err


def told(settings: Settings) -> tuple[State, str]:
    """What doctor says of the signing key."""
    (check,) = [check for check in doctor(settings).checks if check.name == "signing key"]
    return check.state, check.seen


def test_doctor_tells_whether_anything_can_be_signed_here(
    settings: Settings, registries: Registries, tmp_path: Path
) -> None:
    file = Path(str(settings.signing_key_file))
    state, seen = told(settings)
    assert (state, f"in {file}" in seen) == (State.OK, True)
    file.chmod(0o644)
    assert told(settings) == (State.WARNING, f"others can read {file}")
    file.unlink()
    state, seen = told(settings)
    assert (state, "kept on another machine" in seen) == (State.OK, True)
    put_signing_key(file, SignerKey.generate("another"))
    state, seen = told(settings)
    assert (state, "the one that signs for this registry is" in seen) == (State.WARNING, True)
    assert told(registries.make("old")) == (State.WARNING, "none: no checkpoint can be signed")
