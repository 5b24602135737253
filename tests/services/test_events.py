"""Every act is in the trail, refused ones too; and where its entry can't be written, it isn't done."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import inspect

from registry.checksettings import CheckSettings, Override
from registry.errors import Refused, RegistryError
from registry.events import EVENTS
from registry.records import IndexRow, Kind, Severity
from registry.services import acknowledging, granting, keeping, patients, people, rooting, scoping, signing
from registry.services.adopting import adopt
from registry.services.auditing import audit_log, read_log
from registry.services.checking import check
from registry.services.checkpointing import checkpoint
from registry.services.copying import backup
from registry.services.exporting import Choice, exported
from registry.services.indexing import register_rows
from registry.services.initializing import init, upgrade_existing
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry, opened
from registry.services.proving import prove_entry
from registry.services.redacting import redact
from registry.services.registering import register
from registry.services.remapping import remap
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.resolving import resolve
from registry.services.transferring import transfer_to
from registry.services.withdrawing import reinstate, withdraw
from registry.settings import Settings
from registry.store import migrating, schema
from registry.store.findings import Which
from registry.store.policies import DEFAULT, body_of, digest_of, name_of
from registry.store.session import Database, revision_of
from tests.conftest import Cli, Registries
from tests.databases import keep_out, raw, run
from tests.objects import CT_CLASS, save, tiny

ELSEWHERE = {
    "registry:init",
    "schema:upgrade",
    "database:move",
    "database:reopen",
    "audit:verify",
    "audit:accept",
    "audit:forward",
}
"""Tried by tests of their own."""


def all_rows(settings: Settings) -> dict[str, list[str]]:
    """What a database holds, with who may what in it."""
    with raw(settings) as connection:
        names = [*schema.metadata.tables, "alembic_version"]
        found = {
            name: sorted(str(tuple(row)) for row in run(connection, f"SELECT * FROM {name}"))
            for name in names
        }
        if connection.dialect.name == "postgresql":
            for name in ("rolname FROM pg_roles", "relname, relacl::text, relowner FROM pg_class"):
                found[name] = sorted(str(tuple(row)) for row in run(connection, f"SELECT {name}"))
        return found


@dataclass(frozen=True)
class Place:
    """A filled registry in which a study is withdrawn, with files beside it."""

    registry: OpenRegistry
    folder: Path
    withdrawn: str
    noted: int  # an entry with a free text
    replacement: str  # of 1.2.3.4 in TRIAL-7

    @property
    def files(self) -> list[Path]:
        folders = {self.folder, Path(str(self.registry.settings.key_file or self.folder)).parent}
        return sorted(path for folder in folders for path in folder.rglob("*"))

    @property
    def otherwise(self) -> OpenRegistry:
        """The registry with a policy that it has never seen."""
        settings = self.registry.settings
        check = settings.check.asked((), ("UID202",))
        return replace(self.registry, settings=replace(settings, check=check))


ROW = IndexRow("1.2.9.9.1", CT_CLASS, "1.2.9.9", "1.2.9", "CT")
STUDY, CT_SLICE, CONTESTED = "1.2.826.0.99.1", "1.2.826.0.99.1.1.1", "1.2.3.4.1"
ANOTHER_ROOT = rooting.Root("1.3.6.1.4.1.32473.7", rooting.Policy.DELEGATED)
IDS = [("P5", ""), ("P6", "")]

ACTS: dict[str, Callable[[Place], object]] = {
    "database:backup": lambda at: backup(at.registry, str(at.folder / "copy.db")),
    "database:copy": lambda at: transfer_to(at.registry, str(at.folder / "other.db")),
    "role:apply": lambda at: granting.apply_roles(at.registry, "full"),
    "root:add": lambda at: rooting.add_root(at.registry, ANOTHER_ROOT),
    "policy:adopt": lambda at: adopt(at.otherwise),
    "key:install": lambda at: keeping.install_key(at.registry, (at.folder / "kept").read_bytes(), "kept"),
    "uid:issue": lambda at: issue(at.registry, IssueRequest(Kind.STUDY, request_id="full")),
    "uid:remap": lambda at: remap(at.registry, ["1.2.9.9"], "TRIAL-7"),
    "uid:reveal": lambda at: scoping.reveal(at.registry, [at.replacement]),
    "scope:export": lambda at: scoping.export_map(at.registry, "TRIAL-7"),
    "scope:import": lambda at: scoping.import_map(at.registry, {"1.2.9.8": "1.2.9.7"}, "TRIAL-8"),
    "scope:purge": lambda at: scoping.purge(at.registry, "TRIAL-7", "the trial is over"),
    "uid:withdraw": lambda at: withdraw(at.registry, ["1.2.3"], "wrong"),
    "uid:reinstate": lambda at: reinstate(at.registry, [at.withdrawn], "right"),
    "uid:resolve": lambda at: resolve(at.registry, CONTESTED, "first", "the other one"),
    "object:derive": lambda at: derive(at.registry, DeriveRequest((CT_SLICE,), "SEG")),
    "object:register": lambda at: register(at.registry, [str(at.folder / "new.dcm")]),
    "index:register": lambda at: register_rows(at.registry, [ROW]),
    "patient:merge": lambda at: patients.say(at.registry, IDS, same=True),
    "patient:split": lambda at: patients.say(at.registry, IDS, same=False),
    "finding:acknowledge": lambda at: acknowledging.acknowledge(at.registry, Which(under="1.2"), "known"),
    "finding:resolve": lambda at: acknowledging.resolve(at.registry, Which(under="1.2"), "mended"),
    "finding:reopen": lambda at: acknowledging.reopen(at.registry, Which(code="UID315"), "not yet"),
    "patient:list": lambda at: people.accounted(
        at.registry, people.asked(people.By.PATIENT, ["P1"]), None, unrecorded=False, sent_to=None
    ),
    "export:check": lambda at: check(at.registry, [str(at.folder / "new.dcm")], for_export="ARCHIVE"),
    "audit:log": lambda at: read_log(at.registry),
    "audit:checkpoint": lambda at: checkpoint(at.registry),
    "audit:prove": lambda at: prove_entry(at.registry, 1),
    "audit:export": lambda at: exported(at.registry, Choice(), "ndjson", placed=False).__enter__(),
    "audit:redact": lambda at: redact(at.registry, at.noted, "a name"),
    "root:retire": lambda at: rooting.retire_root(at.registry, "1.3.6.1.4.1.32473.1"),
    "key:create": lambda at: signing.create(at.registry),
    "key:rotate": lambda at: keeping.rotate_key(at.registry, "a laptop was lost"),
}


@pytest.fixture
def place(filled: Settings, tmp_path: Path) -> Iterator[Place]:
    shutil.copy(filled.key_file or f"{filled.database}.key", tmp_path / "kept")
    save(tiny("1.2.3.4.77"), tmp_path / "new.dcm")
    with opened(filled) as registry:
        (study,) = issue(registry, IssueRequest(Kind.STUDY)).uids
        entry = withdraw(registry, [study], "a reason").entry
        assert entry is not None
        replacement = remap(registry, ["1.2.3.4"], "TRIAL-7").uids["1.2.3.4"]
        yield Place(registry, tmp_path, study, entry, replacement)


def test_every_event_is_tried() -> None:
    assert {*ACTS, *ELSEWHERE} == {event.name for event in EVENTS}


def test_an_act_whose_entry_cant_be_written_isnt_done(place: Place, engine: str) -> None:
    settings = replace(place.registry.settings, key_file=str(place.folder / "key"))
    elsewhere = replace(place, registry=replace(place.registry, settings=settings))
    with raw(settings) as connection:
        keep_out(connection)
    before, files = all_rows(settings), place.files
    for event, act in ACTS.items():
        if event == ("role:apply" if engine == "sqlite" else "database:backup"):
            continue
        with pytest.raises(RegistryError, match="tr_full"):
            act(elsewhere if event == "key:install" else place)
        assert all_rows(settings) == before, event
        assert place.files == files, event


def test_an_act_leaves_one_entry_with_its_event(place: Place, engine: str) -> None:
    settings = replace(place.registry.settings, key_file=str(place.folder / "key"))
    elsewhere = replace(place, registry=replace(place.registry, settings=settings))
    for event, act in ACTS.items():
        if event in ("role:apply", "database:backup" if engine == "postgresql" else ""):
            continue  # roles are the server's: test_granting.py
        before = audit_log(place.registry)[-1].entry.seq
        act(elsewhere if event == "key:install" else place)
        (told,) = (told.entry for told in audit_log(place.registry) if told.entry.seq > before)
        outcome = "blocked" if event == "export:check" else "done"
        assert (told.event, told.outcome, told.format) == (event, outcome, 2)
        assert (told.actor, told.role) == ("tester", "owner")
        assert told.account
        assert told.host


def test_a_new_registry_whose_entry_cant_be_written_isnt_made(registries: Registries) -> None:
    settings = registries.empty()
    with Database(settings.database) as database, database.writing() as connection:
        migrating.upgrade(connection)
        connection.commit()
    with raw(settings) as connection:
        keep_out(connection)
    before = all_rows(settings)
    with pytest.raises(RegistryError, match="tr_full"):
        init(settings)
    assert all_rows(settings) == before


def test_a_schema_whose_entry_cant_be_written_isnt_upgraded(registries: Registries) -> None:
    settings = registries.make("old")
    with Database(settings.database) as database, database.writing() as connection:
        migrating.downgrade(connection, "0003")
        connection.commit()
    with raw(settings) as connection:
        keep_out(connection)
    with pytest.raises(RegistryError, match="tr_full"):
        upgrade_existing(settings)
    with raw(settings) as connection:
        assert revision_of(connection) == "0003"
        assert "tree_nodes" not in inspect(connection).get_table_names()
        run(connection, "DROP TRIGGER tr_full" + (" ON entries" if settings.key_file else ""))
    assert upgrade_existing(settings).up_to_date
    with opened(settings) as registry:
        told = audit_log(registry)[-1].entry
    assert (told.event, told.detail) == ("schema:upgrade", {"before": "0003", "after": schema.REVISION})


# --- what is refused -------------------------------------------------------------------------

NEVER = "1.2.3.99.5"

REFUSED: dict[str, Callable[[OpenRegistry], object]] = {
    "uid:issue": lambda registry: issue(
        registry, IssueRequest(Kind.SERIES, study_instance_uid=CT_SLICE, modality="CT", purpose="Smith")
    ),
    "uid:withdraw": lambda registry: withdraw(registry, [STUDY, NEVER], "Smith"),
    "uid:reinstate": lambda registry: reinstate(registry, [NEVER], "Smith"),
    "uid:resolve": lambda registry: resolve(registry, NEVER, "first", "Smith"),
    "object:derive": lambda registry: derive(
        registry, DeriveRequest((NEVER,), "SEG", study_instance_uid=CT_SLICE, purpose="Smith")
    ),
    "uid:remap": lambda registry: remap(registry, [NEVER], "TRIAL-6"),
    "scope:import": lambda registry: scoping.import_map(registry, {NEVER: f"{NEVER}.1"}, "TRIAL-6"),
    **{
        f"finding:{verb}": partial(
            lambda say, registry: say(registry, Which(code="UID202", subject=NEVER), "Smith"),
            getattr(acknowledging, verb),
        )
        for verb in ("acknowledge", "resolve", "reopen")
    },
}


def test_every_event_that_can_be_refused_is_refused_here() -> None:
    assert set(REFUSED) == {event.name for event in EVENTS if "refused" in event.outcomes}


@pytest.mark.parametrize("event", REFUSED)
def test_what_the_ledger_refuses_is_in_the_trail_without_a_word_of_whoever_asked(
    registries: Registries, event: str
) -> None:
    settings = registries.shared("filled")
    with opened(settings) as registry:
        with pytest.raises(Refused) as refusal:
            REFUSED[event](registry)
        (*_, told) = audit_log(registry, event=event)
        assert (told.entry.outcome, told.entry.rows, told.entry.note) == ("refused", {}, None)
        assert told.entry.detail["reason"] == refusal.value.code
        # An original must not come into the trail, which nobody can take it out of.
        assert bool(told.entry.detail["uids"]) is (event not in ("uid:remap", "scope:import"))
        assert "Smith" not in str(told)
        for uid in told.entry.detail["uids"]:
            found = [each.entry.id for each in audit_log(registry, uid=uid)]
            assert told.entry.id in found
        assert audit_log(registry, uid="1.2.3.99") == []


def test_a_refusal_is_in_the_history_of_its_uid(cli: Cli) -> None:
    cli("withdraw", NEVER, "--reason", "a mistake")
    assert "refused: uid:withdraw" in cli("history", NEVER).out
    assert cli("history", f"{NEVER}1").code == 1


def test_what_cant_be_asked_is_no_act(cli: Cli) -> None:
    before = cli("audit", "log", "--event", "uid:", "--format", "json").json
    for arguments in (("withdraw", "1.2.a"), ("resolve", NEVER, "--keep", "first"), ("issue", "series")):
        assert cli(*arguments).code == 2
    assert cli("show", NEVER).code == 1
    assert cli("audit", "log", "--event", "uid:", "--format", "json").json == before


# --- the policy --------------------------------------------------------------------------------


def test_a_policy_is_adopted_once_and_named_by_what_it_was_asked_for(cli: Cli, settings: Settings) -> None:
    for select, ignore in (((), ()), ((), ("UID202",)), ((), ("UID202",)), (("ALL",), ()), ((), ())):
        with opened(replace(settings, check=settings.check.asked(select, ignore))) as registry:
            register_rows(registry, [ROW])
    first, second = cli("audit", "log", "--event", "policy:adopt", "--format", "json").json
    assert first["detail"] == {"policy": first["detail"]["policy"], "sets": ["selections"]}
    asked = cli("audit", "log", "--event", "index:register", "--format", "json").json
    own, one, other = name_of(digest_of(DEFAULT)), first["detail"]["policy"], second["detail"]["policy"]
    assert [entry["detail"]["policy"] for entry in asked] == [own, one, one, other, own]
    listed = cli("config", "history", "--format", "json").json
    assert [(each["policy"], each["entry"]) for each in listed] == [
        (one, first["entry"]),
        (other, second["entry"]),
    ]
    shown = cli("config", "history", one, "--format", "json").json
    assert shown["sets"] == {"selections": [{"ignore": ["UID202"]}]}
    assert cli("config", "history", "ffff").code == 2


@pytest.mark.engine("sqlite")
def test_files_are_registered_under_a_policy_too(cli: Cli, tmp_path: Path) -> None:
    assert (
        cli("register", save(tiny(), tmp_path / "a.dcm"), "--ignore", "UID202", "--digest", "none").code == 0
    )
    adopted, entry = cli("audit", "log", "--limit", 2, "--format", "json").json
    assert adopted["event"] == "policy:adopt"
    assert entry["detail"]["policy"] == adopted["detail"]["policy"]
    assert entry["detail"]["digests"] == "none"


def test_a_policy_is_what_was_set_and_not_where(tmp_path: Path) -> None:
    here = Override("/home/a.toml", ("UID501", "UID202"), Severity.NOTE, modality="MG")
    there = replace(here, place="/home/b.toml", rules=("UID202", "UID501"))
    one, other = (CheckSettings(overrides=(each,), external=("1.2", "1.3")) for each in (here, there))
    assert body_of(one) == body_of(replace(other, external=("1.3", "1.2")))
    assert "home" not in body_of(one)
    nearest = CheckSettings(overrides=(here, replace(there, severity=Severity.ERROR)))
    assert body_of(nearest) != body_of(replace(nearest, overrides=nearest.overrides[::-1]))
    assert body_of(CheckSettings()) == DEFAULT == "{}"
