"""Notes and checkpoints are those of other programs: published examples, and nothing that isn't one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.errors import MalformedNote, NoteNotSigned
from registry.note import LARGEST, Checkpoint, Note, Signature, SignerKey, VerifierKey, decoded

# golang.org/x/mod/sumdb/note, its documentation and note_test.go.
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETERS_SECRET = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
PETER_SIGNED = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6Ry"
    "yBwJnAM=\n"
)
ENOCH_SIGNED = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc"
    "+QQ=\n"
)
PUBLISHED = f"{TEXT}\n{PETER_SIGNED}{ENOCH_SIGNED}".encode()

KEY = SignerKey("example.com/log", bytes(range(32)))


# --- what others have signed ------------------------------------------------------------------


def test_a_published_note_is_read_and_written_as_it_is() -> None:
    note = Note.parse(PUBLISHED)
    assert note.text == TEXT
    assert str(note).encode() == PUBLISHED


@pytest.mark.parametrize("vkey", [PETER, ENOCH])
def test_its_signatures_are_right(vkey: str) -> None:
    key = VerifierKey.parse(vkey)
    assert Note.parse(PUBLISHED).signed_by([key]) == key
    assert str(key) == vkey


def test_we_sign_as_they_do() -> None:
    assert str(SignerKey("PeterNeumann", PETERS_SECRET).sign(TEXT)) == f"{TEXT}\n{PETER_SIGNED}"
    assert str(SignerKey("PeterNeumann", PETERS_SECRET).verifier) == PETER


def test_a_signature_by_nobody_known_counts_for_nothing() -> None:
    with pytest.raises(
        NoteNotSigned, match=r"signed by PeterNeumann\+c74f20a3, EnochRoot\+af0cfe78; .* none"
    ):
        Note.parse(PUBLISHED).signed_by([])
    peter, other = VerifierKey.parse(PETER), VerifierKey("PeterNeumann", bytes(32))
    assert Note.parse(PUBLISHED).signed_by([other, peter]) == peter


def test_a_forged_signature_by_a_known_key_spoils_the_note() -> None:
    forged = f"{PETER_SIGNED[:60]}ABCD{PETER_SIGNED[60:]}"
    keys = [VerifierKey.parse(PETER), VerifierKey.parse(ENOCH)]
    with pytest.raises(NoteNotSigned, match=r"PeterNeumann\+c74f20a3 is wrong"):
        Note.parse(f"{TEXT}\n{ENOCH_SIGNED}{forged}".encode()).signed_by(keys)
    changed = Note.parse(PUBLISHED.replace(b"cryptography", b"cryptographY"))
    with pytest.raises(NoteNotSigned, match="is wrong"):
        changed.signed_by(keys)


@pytest.mark.parametrize(
    "bad",
    [
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}\n{PETER_SIGNED[:-1]}",
        f"\x01{TEXT}\n{PETER_SIGNED}",
        f"{TEXT}\r\n{PETER_SIGNED}",
        f"\udcff{TEXT}\n{PETER_SIGNED}",
        f"{TEXT}\n{PETER_SIGNED.replace('PeterNeumann', 'Bad Name')}",
        f"{TEXT}\n{PETER_SIGNED.replace('PeterNeumann', 'Bad+Name')}",
        f"{TEXT}\n{PETER_SIGNED.replace('PeterNeumann ', ' ')}",
        f"{TEXT}\n{PETER_SIGNED.replace('—', '-')}",
        f"{TEXT}\n{PETER_SIGNED}Unexpected line.\n",
        f"{TEXT}\n— PeterNeumann x08g\n",
        f"{TEXT}\n— PeterNeumann x08go/ZJ*\n",
        f"{TEXT}\n{PETER_SIGNED * 101}",
        f"{'x' * LARGEST}\n\n{PETER_SIGNED}",
    ],
)
def test_what_is_no_note_is_told(bad: str) -> None:
    with pytest.raises(MalformedNote):
        Note.parse(bad.encode("utf-8", "surrogateescape"))


def test_sixteen_signatures_and_empty_lines_in_the_text_are_fine() -> None:
    note = Note.parse(f"a\n\n\nb\n\n{PETER_SIGNED * 16}".encode())
    assert (note.text, len(note.signatures)) == ("a\n\n\nb\n", 16)


@pytest.mark.parametrize(
    "mangled",
    [
        *(PETER[:end] for end in range(0, len(PETER), 7)),
        *(PETER[start:] for start in range(1, len(PETER), 7)),
        *(f"{PETER[:at]}{chr(ord(PETER[at]) + 1)}{PETER[at + 1 :]}" for at in range(0, len(PETER), 3)),
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "\udcff+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ],
)
def test_a_mangled_key_is_none(mangled: str) -> None:
    with pytest.raises(MalformedNote):
        VerifierKey.parse(mangled)


# --- whatever they hold ---------------------------------------------------------------------

texts = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="".join(map(chr, range(32)))) | st.just("\n")
).map(lambda text: f"{text}\n")
names = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters="+"), min_size=1)
signatures = st.builds(
    Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80)
)


@given(texts, st.lists(signatures, min_size=1, max_size=20))
def test_a_note_is_read_as_it_was_written(text: str, signed: list[Signature]) -> None:
    note = Note(text, tuple(signed))
    assert Note.parse(str(note).encode()) == note


@st.composite
def _mangled(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data)))
    return data[:at] + draw(st.binary(max_size=3)) + data[at + draw(st.integers(0, 3)) :]


@given(st.binary(max_size=200) | st.just(PUBLISHED).flatmap(_mangled))
def test_whatever_is_read_is_written_byte_for_byte_or_refused(data: bytes) -> None:
    try:
        note = Note.parse(data)
    except MalformedNote:
        return
    assert str(note).encode() == data


@given(texts)
def test_what_we_signed_verifies_and_nothing_else(text: str) -> None:
    note = KEY.sign(text)
    assert note.signed_by([KEY.verifier]) == KEY.verifier
    with pytest.raises(NoteNotSigned):
        Note(f"{text} \n", note.signatures).signed_by([KEY.verifier])


def test_a_secret_is_in_no_repr() -> None:
    assert KEY.seed.hex() not in repr(KEY)
    assert repr(KEY.seed)[2:-1] not in repr(KEY)


# --- checkpoints --------------------------------------------------------------------------

# The example of c2sp.org/tlog-checkpoint.
EXAMPLE = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_published_checkpoint_is_read_and_written_as_it_is() -> None:
    said = Checkpoint.parse(EXAMPLE)
    assert (said.origin, said.size, said.extensions) == ("example.com/behind-the-sofa", 20852163, ())
    assert said.root == decoded("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
    assert said.text == EXAMPLE


def test_lines_that_mean_nothing_here_are_kept() -> None:
    text = f"{EXAMPLE}time 17\nmore\n"
    assert Checkpoint.parse(text).extensions == ("time 17", "more")
    assert Checkpoint.parse(text).text == text


ROOT = EXAMPLE.splitlines()[2]


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "\n",
        "a\n1\n",
        EXAMPLE[:-1],
        f"\n1\n{ROOT}\n",
        f"a\n01\n{ROOT}\n",
        f"a\n-1\n{ROOT}\n",
        f"a\n+1\n{ROOT}\n",
        f"a\n1_0\n{ROOT}\n",
        f"a\n٣\n{ROOT}\n",
        f"a\n{'9' * 30}\n{ROOT}\n",
        f"a\n1\n{ROOT[:-4]}\n",
        f"a\n1\n{ROOT[:-2]}3=\n",  # the same bytes, written in another way
        f"a\n1\n{ROOT}\n\nx\n",
    ],
)
def test_what_is_no_checkpoint_is_told(bad: str) -> None:
    with pytest.raises(MalformedNote):
        Checkpoint.parse(bad)


@given(st.integers(0, 10**18), st.binary(min_size=32, max_size=32))
def test_a_checkpoint_is_read_as_it_was_written(size: int, root: bytes) -> None:
    said = Checkpoint("log", size, root)
    assert Checkpoint.parse(said.text) == said
