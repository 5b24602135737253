"""Eight processes want the same UIDs at once: each has exactly one winner, and nobody is left hanging."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from sqlalchemy import select

from registry.acknowledgement import State
from registry.minting import mint_keyed
from registry.records import Origin, Verdict
from registry.services.opening import opened
from registry.services.querying import kept_findings
from registry.services.registering import register
from registry.settings import Settings
from registry.store import schema
from registry.store.findings import Which
from registry.store.verification import verify
from tests.conftest import Registries
from tests.databases import raw, run
from tests.objects import ROOT, save_all, tiny
from tests.racing import (
    DISPUTED,
    KEYED,
    TOGETHER,
    TURNS,
    WANTED,
    WRITERS,
    ask_again,
    at_once,
    decide_or_register,
    issue_or_register,
    make,
    series_or_instances,
)


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


def test_decisions_words_and_claims_about_one_uid_at_once(settings: Settings, tmp_path: Path) -> None:
    """Whoever comes first: each act is whole, and what follows from all of them is kept."""
    said = [tiny(series=series, pixels=bytes([n]) * 4) for n, series in enumerate(("1.2.3.4", "1.2.3.5") * 2)]
    files = [str(path) for path in save_all(said, tmp_path)]
    with opened(settings) as registry:
        for file in files:
            register(registry, [file])
    outcomes = Counter(what for _, what, _ in at_once(decide_or_register, settings, files))
    assert outcomes.total() == WRITERS * TURNS
    assert (outcomes["register"], outcomes["decide"]) == (2 * TURNS, 2 * TURNS)
    with opened(settings) as registry:
        for file in files:
            found = {finding.key for finding in register(registry, [file]).findings}
            kept = {
                (finding.code, finding.uid, finding.counterpart)
                for finding in kept_findings(registry, Which(), tuple(State))
            }
            assert found <= kept
        assert {("UID301", DISPUTED, None), ("UID302", DISPUTED, None)} <= kept
        with registry.database.reading() as connection:
            decided = connection.execute(select(schema.decisions.c.entry)).all()
            spoken = connection.execute(select(schema.acknowledgements.c.entry).distinct()).all()
        assert len(decided) == outcomes["decide"]
        assert len(spoken) >= outcomes["acknowledge"] + outcomes["mend"]
    sound(settings, acts_at_least=outcomes.total() - outcomes["nothing to say"])


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


def test_a_registry_that_is_made_eight_times_at_once_is_one_registry(registries: Registries) -> None:
    settings = registries.empty()
    outcomes = at_once(make, settings)
    assert Counter(what for _, what, _ in outcomes) == {"created": 1, "found": WRITERS - 1}
    assert len({origin for _, _, origin in outcomes}) == 1
    with opened(settings) as registry:
        assert registry.key.check == registry.identity.key.check
    sound(settings)
