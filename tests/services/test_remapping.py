"""Replacement within a scope: one to one, for ever, whoever asks and in whatever order; and its map."""

from __future__ import annotations

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from registry.errors import (
    BadRequest,
    MalformedUid,
    NotOneToOne,
    ScopePurged,
    UidCollision,
    UnknownScope,
    UnknownUid,
)
from registry.minting import Method
from registry.records import Kind
from registry.services.auditing import audit_log, audit_verify
from registry.services.history import history
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.remapping import Remapper, remap
from registry.services.requests import IssueRequest
from registry.services.scoping import export_map, import_map, list_scopes, purge, reveal, show_scope
from registry.services.showing import show
from registry.settings import Settings
from registry.store.packing import pack
from tests.conftest import Registries
from tests.databases import everything, raw, run
from tests.objects import CT_CLASS, ROOT, save, tiny

ORIGINAL, OTHER = "1.2.826.0.1.3680043.2.1125.77.1", "1.2.826.0.1.3680043.2.1125.77.2"
SCOPE = "TRIAL-7"
RACERS = 6


def one(registry: OpenRegistry, uid: str = ORIGINAL, scope: str = SCOPE) -> str:
    return remap(registry, [uid], scope).uids[uid]


def size(registry: OpenRegistry) -> int:
    return len(audit_log(registry))


def test_an_original_has_one_replacement_within_a_scope_for_ever(settings: Settings) -> None:
    with opened(settings) as registry:
        first = one(registry)
        assert first.startswith(f"{ROOT}.")
        assert one(registry, OTHER) != first
        assert one(registry, scope="TRIAL-8") != first
    with opened(settings) as registry:
        before = size(registry)
        assert one(registry) == first
        assert size(registry) == before, "nothing is new, so there is no act"
        assert audit_verify(registry).ok


def test_what_the_standard_defines_and_what_is_replaced_already_stays(registry: OpenRegistry) -> None:
    first = one(registry)
    for uid in (CT_CLASS, "1.2.840.10008.1.4.1.1", "1.2.840.10008.1.2", "", first):
        assert one(registry, uid) == uid
    assert one(registry, first, "TRIAL-8") not in (first, ORIGINAL)


def test_what_is_no_uid_is_replaced_by_one(registry: OpenRegistry) -> None:
    texts = ["1.2.003", "1.2.3", "Smith^John", "1..2", "12", "x" * 1024, "\udc80", "1.2.3 "]
    found = remap(registry, texts, SCOPE).uids
    assert len(set(found.values())) == len(texts)
    assert remap(registry, texts[::-1], SCOPE).uids == found
    assert reveal(registry, [found["1.2.003"]]) == {found["1.2.003"]: "1.2.003"}
    with pytest.raises(MalformedUid, match="1,025 characters"):
        one(registry, "x" * 1025)


def test_a_replacement_is_a_uuid_if_wanted_and_never_keyed(registry: OpenRegistry) -> None:
    assert remap(registry, [ORIGINAL], SCOPE, method=Method.UUID).uids[ORIGINAL].startswith("2.25.")
    with pytest.raises(BadRequest, match="minted"):
        remap(registry, [OTHER], SCOPE, method=Method.KEYED)


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 65, "é", "a/b"])
def test_a_scope_has_a_name_that_anything_can_write(registry: OpenRegistry, name: str) -> None:
    with pytest.raises(BadRequest, match="name of a scope"):
        one(registry, scope=name)


@given(
    st.lists(
        st.tuples(st.sampled_from(["A", "B"]), st.lists(st.integers(1, 12).map(lambda n: f"1.2.3.{n}"))),
        max_size=8,
    )
)
@hypothesis_settings(max_examples=12, suppress_health_check=list(HealthCheck), deadline=None)
def test_replacement_is_one_to_one_however_it_is_split(
    shared_registry: OpenRegistry, batches: list[tuple[str, list[str]]]
) -> None:
    told: dict[tuple[str, str], str] = {}
    for scope, uids in batches:
        for uid, new in remap(shared_registry, uids, scope).uids.items():
            assert told.setdefault((scope, uid), new) == new
    assert len(set(told.values())) == len(told)


@pytest.fixture
def shared_registry(registry: OpenRegistry) -> OpenRegistry:
    """One registry for all examples: what an earlier one has left must not matter."""
    return registry


def test_who_races_for_a_replacement_gets_the_same(settings: Settings) -> None:
    """Each with connections of their own, each in an order of its own; the scope isn't there before."""
    originals = [f"1.2.3.{number}" for number in range(40)]
    ready = Barrier(RACERS)

    def race(number: int) -> tuple[str, ...]:
        asked = random.Random(number).sample(originals, len(originals))
        found: dict[str, str] = {}
        with opened(settings) as registry:
            ready.wait()
            for start in range(0, len(asked), 7):
                found |= remap(registry, asked[start : start + 7], SCOPE).uids
        return tuple(found[uid] for uid in originals)

    with ThreadPoolExecutor(RACERS) as threads:
        (told,) = set(threads.map(race, range(RACERS)))
    assert len(set(told)) == len(originals)
    with opened(settings) as registry:
        assert [(state.name, state.uids) for state in list_scopes(registry)] == [(SCOPE, 40)]
        assert audit_verify(registry).ok


def test_a_remapper_asks_once(registry: OpenRegistry) -> None:
    remapper = Remapper(registry, SCOPE)
    first = remapper.all({ORIGINAL: Kind.STUDY, OTHER: None})
    registry.database.close()
    assert remapper.uid(ORIGINAL) == first[ORIGINAL]
    assert (remapper.new, remapper.scope_is_new) == (2, True)


# --- it counts as issued ---------------------------------------------------------------------


def test_a_replacement_counts_as_issued(registry: OpenRegistry, tmp_path: Path) -> None:
    names = {f"1.2.3.{n}": kind for n, kind in enumerate((Kind.STUDY, Kind.SERIES, Kind.INSTANCE))}
    study, series, instance = remap(registry, names, SCOPE).uids.values()
    shown = show(registry, series)
    assert (shown.state, shown.kind, shown.scope, shown.root) == ("issued", Kind.SERIES, SCOPE, ROOT)
    past_it = f"{ROOT}.999"
    paths = [
        str(save(tiny(instance, series, study), tmp_path / "a.dcm")),
        str(save(tiny(past_it, series, study), tmp_path / "b.dcm")),
    ]
    found = {f.uid for f in register(registry, paths).findings if f.code == "UID203"}
    assert found == {past_it}
    assert show(registry, series).state == "registered"
    assert show(registry, series).scope == SCOPE
    assert any("to replace another within scope TRIAL-7" in event.what for event in history(registry, series))
    assert audit_verify(registry).ok


def test_a_replacement_is_nothing_that_was_issued(registry: OpenRegistry) -> None:
    (study,) = issue(registry, IssueRequest(Kind.STUDY)).uids
    with pytest.raises(UidCollision):
        import_map(registry, {ORIGINAL: study}, SCOPE)
    assert list_scopes(registry) == []


# --- the map ---------------------------------------------------------------------------------


def test_no_original_is_in_the_trail_or_in_history(settings: Settings, engine: str) -> None:
    with opened(settings) as registry:
        new = one(registry)
        remap(registry, ["Smith^John"], SCOPE)
        assert reveal(registry, [new], SCOPE) == {new: ORIGINAL}
        told = [each.entry for each in audit_log(registry, event="uid:")]
        assert [(entry.event, entry.detail.get("count")) for entry in told] == [
            ("uid:remap", 1),
            ("uid:remap", 1),
            ("uid:reveal", 1),
        ]
    with raw(settings) as connection:
        for table in ("entries", "replacements", "scopes", "notes"):
            rows = str(run(connection, f"SELECT * FROM {table}").fetchall())
            for secret in (ORIGINAL, repr(pack(ORIGINAL))[2:-1], "Smith"):
                assert secret not in rows


def test_only_replacements_stand_for_something(registry: OpenRegistry) -> None:
    new = one(registry)
    for uid, scope in ((ORIGINAL, None), (new, "TRIAL-8")):
        one(registry, OTHER, "TRIAL-8")
        with pytest.raises(UnknownUid, match="replaces nothing"):
            reveal(registry, [uid], scope)
    with pytest.raises(UnknownScope):
        reveal(registry, [new], "TRIAL-9")


def test_another_systems_map_is_taken_over(registry: OpenRegistry) -> None:
    pairs = {ORIGINAL: "2.25.77", OTHER: "2.25.78"}
    assert import_map(registry, pairs, SCOPE).new == 2
    assert import_map(registry, pairs, SCOPE).entry is None
    assert one(registry) == "2.25.77"
    assert show(registry, "2.25.77").state == "foreign"
    third = one(registry, "1.2.3")
    assert dict(export_map(registry, SCOPE)) == {**pairs, "1.2.3": third}
    for wrong in ({"1.2.4": "2.25.77"}, {"1.2.4": "2.25.9", "1.2.5": "2.25.9"}, {ORIGINAL: "2.25.80"}):
        with pytest.raises(NotOneToOne):
            import_map(registry, wrong, SCOPE)
    for wrong, error in (({"1.2.4": "1.2.a"}, MalformedUid), ({CT_CLASS: "2.25.1"}, BadRequest)):
        with pytest.raises(error):
            import_map(registry, wrong, SCOPE)
    assert audit_verify(registry).ok


def test_a_purge_leaves_a_tombstone_and_a_valid_trail(settings: Settings) -> None:
    with opened(settings) as registry:
        new, elsewhere = one(registry), one(registry, scope="TRIAL-8")
        assert purge(registry, SCOPE, "the trial is over").uids == 1
        assert audit_verify(registry).ok
        assert show(registry, new).scope_purged
        assert any(
            "was purged with scope TRIAL-7: the trial is over" in e.what for e in history(registry, new)
        )
        for refused in (
            lambda: one(registry),
            lambda: one(registry, "1.2.3.4"),
            lambda: reveal(registry, [new]),
            lambda: export_map(registry, SCOPE),
            lambda: import_map(registry, {"1.2.3": "2.25.7"}, SCOPE),
            lambda: purge(registry, SCOPE, "again"),
        ):
            with pytest.raises(ScopePurged, match="purged"):
                refused()
        assert reveal(registry, [elsewhere]) == {elsewhere: ORIGINAL}
        state = show_scope(registry, SCOPE)
        assert (state.uids, state.purged_by) == (1, "tester")
        with pytest.raises(BadRequest, match="reason"):
            purge(registry, "TRIAL-8", " ")
        with pytest.raises(UnknownScope):
            purge(registry, "TRIAL-9", "over")


@pytest.mark.engine("sqlite")
def test_what_is_purged_is_in_no_file_any_more(settings: Settings) -> None:
    with opened(settings) as registry:
        remap(registry, [f"1.2.826.0.99.4711.{n}" for n in range(500)], SCOPE)
        assert pack("1.2.826.0.99.4711")[:-1] in everything(settings)
        purge(registry, SCOPE, "over")
    assert pack("1.2.826.0.99.4711")[:-1] not in everything(settings)


# --- tampering -------------------------------------------------------------------------------


def test_the_database_keeps_the_map_of_a_scope(settings: Settings, engine: str) -> None:
    with opened(settings) as registry:
        one(registry)
        one(registry, scope="OVER")
        purge(registry, "OVER", "over")
    into_purged = (
        "INSERT INTO originals (scope_id, original, uid, salt) "
        "SELECT scope_id, :original, :uid, :salt FROM purges"
    )
    with raw(settings) as connection:
        for statement, values in (
            ("UPDATE originals SET salt = salt", {}),
            ("DELETE FROM originals", {}),
            (into_purged, {"original": b"x", "uid": pack("1.2.3"), "salt": bytes(16)}),
            *((("TRUNCATE originals", {}),) if engine == "postgresql" else ()),
        ):
            with pytest.raises(Exception, match="tr_originals_"):
                run(connection, statement, **values)


CHANGES = {
    "changed": "UPDATE originals SET original = :new WHERE uid = :uid",
    "is gone": "DELETE FROM originals WHERE uid = :uid",
    "was changed": "UPDATE originals SET salt = :salt WHERE uid = :uid",
    "replaces nothing": (
        "INSERT INTO originals (scope_id, original, uid, salt) SELECT scope_id, :new, :free, :salt "
        "FROM originals WHERE uid = :uid"
    ),
    "is there, and its scope was purged": (
        "INSERT INTO originals (scope_id, original, uid, salt) "
        "SELECT scope_id, :new, uid, :salt FROM replacements WHERE uid = :purged"
    ),
}


@pytest.mark.parametrize("told", CHANGES)
def test_a_map_that_was_changed_past_the_program_is_found(
    registries: Registries, engine: str, told: str
) -> None:
    settings = registries.make()
    with opened(settings) as registry:
        uid, purged = one(registry), one(registry, scope="OVER")
        purge(registry, "OVER", "over")
        values = {
            "uid": pack(uid),
            "purged": pack(purged),
            "free": pack("1.2.99"),
            "new": pack("1.2.77"),
            "salt": hashlib.md5(b"", usedforsecurity=False).digest(),
        }
        with raw(settings) as connection:
            if engine == "sqlite":
                for trigger in ("update", "delete", "purged"):
                    run(connection, f"DROP TRIGGER tr_originals_{trigger}")
                run(connection, "PRAGMA foreign_keys = OFF")
            else:
                run(connection, "SET session_replication_role = replica")
            statement = CHANGES[told]
            named = {name: value for name, value in values.items() if f":{name}" in statement}
            assert run(connection, statement, **named).rowcount == 1
        found = audit_verify(registry)
        assert not found.ok
        assert told in str(found.reason)
        assert "1.2.77" not in str(found.reason)


def test_what_is_no_uid_is_replaced_and_not_kept(registry: OpenRegistry) -> None:
    """A UI element of somebody's file may hold anything, a name too."""
    replaced = remap(registry, ["DOE^JANE"], SCOPE).uids["DOE^JANE"]
    assert remap(registry, ["DOE^JANE", "DOE^JOHN"], SCOPE).uids["DOE^JANE"] == replaced
    with registry.database.reading() as connection:
        kept = connection.exec_driver_sql("SELECT original FROM originals").scalars().all()
    assert len(kept) == 2
    assert not any(b"DOE" in bytes(original) for original in kept)
    assert all(text.startswith("sha256:") for text, _ in export_map(registry, SCOPE))
    assert audit_verify(registry).ok
