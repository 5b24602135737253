"""What is asked of the ledger: the quick way and the whole way say the same."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from registry.records import Kind
from registry.services.issuing import derive, issue
from registry.services.opening import OpenRegistry, opened
from registry.services.registering import register
from registry.services.requests import DeriveRequest, IssueRequest
from registry.services.resolving import claims, resolve
from registry.store import links, schema
from registry.store.knowledge import Knowledge
from registry.store.words import Words
from tests.conftest import Registries
from tests.objects import SEG_CLASS, save_all, tiny


def whereabouts(registry: OpenRegistry) -> dict[str, tuple[set[str], set[str]]]:
    """Of each UID of the ledger, and of one that is in none, the series that it leads to, both ways."""
    with registry.database.reading() as connection:
        uids = [*connection.execute(select(schema.ledger.c.uid)).scalars(), "1.2.3.99999"]
        quick, whole = (Knowledge(connection, Words(connection)) for _ in range(2))
        whole.learn(uids)
        facts = quick.learn_whereabouts(uids)
        return {uid: (links.series_of(uid, facts), links.series_of(uid, whole.facts)) for uid in uids}


def test_where_a_source_is_is_said_the_same_the_quick_way(registry: OpenRegistry, tmp_path: Path) -> None:
    objects = [
        tiny("1.2.3.4.1", "1.2.3.4"),
        tiny("1.2.3.4.2", "1.2.3.4"),
        tiny("1.2.3.5.1", "1.2.3.5"),
        tiny("1.2.3.4.2", "1.2.3.5"),  # in two series: refused
        tiny("1.2.3.6.1", "1.2.3.4", "1.2.9"),  # its series is in another study: unplaced
        tiny("1.2.3.7.1", "1.2.3.7", sop_class=SEG_CLASS, modality="SEG", sources=(tiny("1.2.3.8.1"),)),
    ]
    for path in save_all(objects, tmp_path):
        register(registry, [str(path)])
    named = [claim.name for claim in claims(registry, "1.2.3.4.2")]
    resolve(registry, "1.2.3.4.2", named[-1], "so it is")
    derived = derive(registry, DeriveRequest(("1.2.3.4.1",), "SEG", 2))
    used = tiny(
        derived.sop_instance_uids[0],
        derived.series_instance_uid,
        derived.study_instance_uid,
        sop_class=SEG_CLASS,
        modality="SEG",
    )
    register(registry, [str(path) for path in save_all([used], tmp_path / "used")])
    issue(registry, IssueRequest(Kind.TRACKING))
    found = whereabouts(registry)
    assert {uid: quick for uid, (quick, _) in found.items()} == {
        uid: whole for uid, (_, whole) in found.items()
    }
    assert found["1.2.3.4.2"][0] == {"1.2.3.5"}, "as was decided"
    assert found["1.2.3.99999"][0] == set()


def test_the_same_in_a_registry_where_everything_has_happened(registries: Registries) -> None:
    with opened(registries.shared("filled")) as registry:
        for uid, (quick, whole) in whereabouts(registry).items():
            assert quick == whole, uid
