"""What is proved here is believed by whoever goes by the standard's own words."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from registry.errors import BadRequest, NoteNotSigned, TrailBroken
from registry.note import Checkpoint, Note
from registry.records import Kind
from registry.services.auditing import audit_log, audit_verify
from registry.services.checkpointing import checkpoint
from registry.services.issuing import issue
from registry.services.opening import OpenRegistry, opened
from registry.services.proving import prove_entry, prove_growth
from registry.services.requests import IssueRequest
from registry.services.trusting import Handed, own_keys
from registry.settings import Settings
from tests.conftest import Cli, Registries
from tests.databases import raw, run
from tests.forging import rewritten


@pytest.fixture
def notes(registry: OpenRegistry) -> list[Handed]:
    """Checkpoints of a trail at a few sizes."""
    made = []
    for number in range(4):
        for _ in range(number + 1):
            issue(registry, IssueRequest(Kind.STUDY))
        made.append(Handed(str(number), str(checkpoint(registry).note).encode()))
    return made


def said(note: Handed) -> Checkpoint:
    return Checkpoint.parse(Note.parse(note.data).text)


# RFC 9162 section 2.1, recursively as its definitions are: written apart from registry/merkle.py.


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def half(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def included(leaf: bytes, place: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root; the proof goes from the leaf's sibling up."""
    if size == 1:
        assert not proof
        return leaf
    k = half(size)
    if place < k:
        return node(included(leaf, place, k, proof[:-1]), proof[-1])
    return node(proof[-1], included(leaf, place - k, size - k, proof[:-1]))


def grown(
    old: int, size: int, old_root: bytes, proof: list[bytes], whole: bool = True
) -> tuple[bytes, bytes]:
    """Both roots."""
    if old == size:
        found = old_root if whole else proof.pop(0)
        return found, found
    k = half(size)
    above = proof.pop()
    if old <= k:
        before, after = grown(old, k, old_root, proof, whole)
        return before, node(after, above)
    before, after = grown(old - k, size - k, old_root, proof, False)
    return node(above, before), node(above, after)


# --- an entry ---------------------------------------------------------------------------------


def test_each_entry_of_a_full_registry_is_proved(registries: Registries) -> None:
    with opened(registries.make("filled")) as registry:
        ids = [told.entry.id for told in audit_log(registry)]
        note = Handed("note", str(checkpoint(registry).note).encode())
        root, size = said(note).root, said(note).size
        keys, some = own_keys(registry), range(0, len(ids), 3)
        proofs = [prove_entry(registry, ids[place], note, keys) for place in some]
        assert size == len(ids) + 1
    for place, proof in zip(some, proofs, strict=True):
        leaf = hashlib.sha256(b"\0" + proof.leaf.canonical).digest()
        assert (proof.leaf.place, json.loads(proof.leaf.canonical)["id"]) == (place, ids[place])
        assert included(leaf, place, size, proof.hashes) == root


def test_a_proof_is_a_file_that_says_it_all(registry: OpenRegistry) -> None:
    """c2sp.org/tlog-proof"""
    entry = issue(registry, IssueRequest(Kind.STUDY)).entry
    proof = prove_entry(registry, entry)
    head, _, note = proof.text.partition("\n\n")
    first, extra, index, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    canonical = base64.b64decode(extra.removeprefix("extra "))
    assert json.loads(canonical)["event"] == "uid:issue"
    place = int(index.removeprefix("index "))
    signed = Note.parse(note.encode())
    signed.signed_by(own_keys(registry))
    checked = Checkpoint.parse(signed.text)
    leaf = hashlib.sha256(b"\0" + canonical).digest()
    assert included(leaf, place, checked.size, list(map(base64.b64decode, hashes))) == checked.root
    (told,) = audit_log(registry, event="audit:prove")
    assert told.entry.detail == {"proved": entry}
    assert checked.size == told.entry.seq + 1, "the new checkpoint is of the trail with that entry"


def test_an_entry_that_came_later_is_in_no_earlier_checkpoint(
    registry: OpenRegistry, notes: list[Handed]
) -> None:
    (newest,) = audit_log(registry, newest=1)
    with pytest.raises(BadRequest, match="came after that checkpoint"):
        prove_entry(registry, newest.entry.id, notes[0], own_keys(registry))
    with pytest.raises(BadRequest, match="there is no entry 4711"):
        prove_entry(registry, 4711)


def test_a_changed_entry_is_not_proved(settings: Settings) -> None:
    with opened(settings) as registry:
        note = Handed("note", str(checkpoint(registry).note).encode())
    rewritten(settings)
    with opened(settings, whatever_was_seen=True) as registry:
        with pytest.raises(TrailBroken, match="isn't of this trail"):
            prove_entry(registry, 1, note, own_keys(registry))
        with raw(settings) as connection:
            if connection.dialect.name == "postgresql":
                run(connection, "SET session_replication_role = replica")
            run(connection, "UPDATE entries SET host = 'elsewhere' WHERE seq = 0")
        with pytest.raises(TrailBroken, match="its hash isn't that of what it says"):
            prove_entry(registry, 1)


# --- growth -----------------------------------------------------------------------------------


def test_each_checkpoint_is_proved_to_be_the_beginning_of_each_later_one(
    registry: OpenRegistry, notes: list[Handed]
) -> None:
    keys = own_keys(registry)
    for older in range(len(notes)):
        for newer in range(older, len(notes)):
            proof = prove_growth(registry, notes[older], notes[newer], keys)
            before, after = said(notes[older]), said(notes[newer])
            roots = grown(before.size, after.size, before.root, list(proof.hashes))
            assert roots == (before.root, after.root)
            body, _, note = proof.text.partition("\n\n")
            old, *lines = body.split("\n")
            assert old == f"old {before.size}"
            assert [base64.b64decode(line) for line in lines] == list(proof.hashes)
            assert note.encode() == notes[newer].data
    to_now = prove_growth(registry, notes[0], keys=keys)
    assert to_now.checkpoint.size == audit_verify(registry).size


def test_nothing_grows_backwards_or_out_of_another_trail(
    settings: Settings, registry: OpenRegistry, notes: list[Handed]
) -> None:
    keys = own_keys(registry)
    with pytest.raises(BadRequest, match="can't be the beginning"):
        prove_growth(registry, notes[1], notes[0], keys)
    with pytest.raises(NoteNotSigned):
        prove_growth(registry, Handed("x", notes[0].data.replace(b"\n", b"\n1", 1)), keys=keys)
    rewritten(settings)
    with pytest.raises(TrailBroken, match="isn't of this trail"):
        prove_growth(registry, notes[0], notes[1], keys)


# --- the command line ------------------------------------------------------------------------


def test_what_the_command_line_prints_is_the_file(cli: Cli, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("old", "new")]
    for file in files:
        assert cli("audit", "checkpoint", "--to", file).code == 0
    text = cli("audit", "prove", 1, "--in", files[1])
    assert text.code == 0
    assert text.out.startswith("c2sp.org/tlog-proof@v1\nextra ")
    assert text.out.endswith(f"\n\n{files[1].read_text()}")
    facts = cli("audit", "prove", 1, "--in", files[1], "--format", "json").json
    assert (facts["entry"], facts["place"]) == (1, 0)
    leaf = hashlib.sha256(b"\0" + facts["canonical"].encode()).digest()
    assert leaf.hex() == facts["leaf"]
    hashes = list(map(bytes.fromhex, facts["hashes"]))
    assert included(leaf, 0, facts["size"], hashes).hex() == facts["root_hash"]
    grew = cli("audit", "prove", "--from", files[0], "--in", files[1])
    assert grew.out.startswith(f"old {facts['size'] - 1}\n")
    assert grew.out.endswith(f"\n\n{files[1].read_text()}")


@pytest.mark.engine("sqlite")
def test_one_thing_is_proved_at_a_time(cli: Cli) -> None:
    assert cli("audit", "prove").code == 2
    assert cli("audit", "prove", 1, "--from", "x").code == 2
