"""The UIDs and the patient that an object carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from registry.dicomfile import tags
from registry.dicomfile.attributes import decoded
from registry.dicomfile.dictionary import name_of
from registry.dicomfile.tokens import token
from registry.dicomfile.tree import Element, Tree, items, text
from registry.dicomfile.unreadable import UnreadableDicom
from registry.limits import MOST_NAMED
from registry.records import BadUid, Kind, PaddedUid, Patient
from registry.uid import MAX_LENGTH, Flaw, flaws

_SHOWN = 16 * MAX_LENGTH
"""Characters of a value that is told as a malformed UID. One may be as long as its file."""


class Uids:
    """What one walk over an object's UI elements finds."""

    def __init__(self) -> None:
        self.bad: dict[tuple[str, str], BadUid] = {}
        self.padded: dict[PaddedUid, None] = {}
        self.shared: dict[tuple[Kind, str], None] = {}

    def walk(self, tree: Tree, path: tuple[int, ...] = (), *, original: bool = False) -> None:
        """Look at every UI element at any depth.

        What stands in an Original Attributes Sequence (0400,0561) was true of
        another object: its syntax is judged, but it names nothing here.
        """
        for tag, (vr, value) in tree.items():
            if vr == "SQ":
                within = original or tag == tags.ORIGINAL_ATTRIBUTES_SEQUENCE
                for item in value:
                    self.walk(item, (*path, tag), original=within)
            elif vr == "UI":
                self._element(tag, value, path, original)
        if tags.UID_VALUE in tree and not original:
            self._content_item(tree)

    def _element(self, tag: int, value: bytes, path: tuple[int, ...], original: bool) -> None:
        uids, plain = _taken_apart(value)
        kind = None if original else tags.SHARED_KINDS.get(tag)
        if plain and kind is None:
            return
        for uid in uids:
            if not _sound(uid):
                where = _where(path, tag)
                self.bad[uid, where] = BadUid(uid, where, tag in tags.IDENTITY_TAGS)
            if kind is not None:
                self.shared[kind, uid] = None
        if not plain:
            self._padding(value.removesuffix(b"\0").decode("latin-1"), _where(path, tag))
        if len(self.bad) + len(self.padded) + len(self.shared) > MOST_NAMED:
            raise UnreadableDicom(f"it names more than {MOST_NAMED:,} UIDs")

    def _padding(self, value: str, where: str) -> None:
        """Tell the padding of an element's values, the one NUL that may end it already removed."""
        parts = value.split("\\")
        for place, part in enumerate(parts):
            uid = part.rstrip(" \0")
            # With a space or NUL inside or before it, it is no UID at all (UID101).
            if not uid or Flaw.MALFORMED in flaws(uid) or uid == part:
                continue
            padding = part[len(uid) :]
            if " " in padding:
                told = "a space at the end"
            elif place == len(parts) - 1:
                told = "more than one NUL at the end"
            else:
                told = "a NUL before the end of the element"
            self.padded[PaddedUid(shortened(uid), where, told)] = None

    def _content_item(self, item: Tree) -> None:
        for concept in items(item, tags.CONCEPT_NAME_CODE_SEQUENCE)[:1]:
            code = (text(concept, tags.CODE_VALUE), text(concept, tags.CODING_SCHEME_DESIGNATOR))
            kind = tags.CONTENT_ITEM_KINDS.get(code)
            uid = shortened(text(item, tags.UID_VALUE))
            if kind is not None and uid:
                self.shared[kind, uid] = None


def names(tag: int, element: Element) -> bool:
    """Whether an element of the object itself can tell the walk anything: a sequence, a UID of
    a shared kind, one with something wrong."""
    vr, value = element
    if vr == "SQ":
        return bool(value)
    return tag in tags.SHARED_KINDS or tag == tags.UID_VALUE or not _taken_apart(value)[1]


def _where(path: tuple[int, ...], tag: int) -> str:
    """Where an element stands, in words."""
    return " > ".join(map(name_of, (*path, tag)))


def uid_values(value: bytes) -> Sequence[str]:
    """The values of a UI element, the padding at the end of each removed (PS3.5 section 9.1)."""
    return _taken_apart(value)[0]


def single_uid(tree: Tree, tag: int) -> str | None:
    """The UID of a type 1 element; None where it is absent, empty or multi-valued."""
    element = tree.get(tag)
    values = uid_values(element[1]) if element and element[0] != "SQ" else ()
    return values[0] if len(values) == 1 else None


def _taken_apart(value: bytes) -> tuple[Sequence[str], bool]:
    """The values of a UI element, and whether that is all that there is to say: they are
    sound, and nothing but the one NUL that may end them is around them."""
    # Most are those of the object before: its study, its series, its class.
    return _remembered(value) if len(value) <= 2 * MAX_LENGTH else _taken_apart_anew(value)


def _taken_apart_anew(value: bytes) -> tuple[Sequence[str], bool]:
    characters = value.decode("latin-1")
    uids = tuple(shortened(uid) for part in characters.split("\\") if (uid := part.rstrip(" \0")))
    plain = characters.removesuffix("\0")
    return uids, " " not in plain and "\0" not in plain and all(map(_sound, uids))


_remembered = lru_cache(maxsize=4096)(_taken_apart_anew)


def shortened(uid: str) -> str:
    """A value as it may leave the reader: what is far too long for a UID is cut, and says so."""
    return uid if len(uid) <= _SHOWN else f"{uid[:_SHOWN]}…"


@lru_cache(maxsize=16384)
def _sound(uid: str) -> bool:
    return not flaws(uid)


def patients_of(tree: Tree, key: bytes) -> tuple[Patient | None, tuple[Patient, ...]]:
    """The patient of an object, and the other IDs that it gives the same patient.

    None for an empty Patient ID, which is compared with nothing.
    """
    charset = text(tree, tags.SPECIFIC_CHARACTER_SET)
    patient = _patient(tree, charset, key)
    if patient is None:
        return None, ()
    others = {other for other in _other_patients(tree, charset, key) if other != patient}
    return patient, tuple(sorted(others))


def _patient(tree: Tree, charset: str, key: bytes) -> Patient | None:
    patient_id = _text(tree, tags.PATIENT_ID, charset)
    if not patient_id:
        return None
    issuer = _text(tree, tags.ISSUER_OF_PATIENT_ID, charset)
    return Patient(token(patient_id, key), token(issuer, key) if issuer else b"")


def _other_patients(tree: Tree, charset: str, key: bytes) -> Iterator[Patient]:
    for patient_id in _text(tree, tags.OTHER_PATIENT_IDS, charset).split("\\"):
        if patient_id.strip(" \0"):
            yield Patient(token(patient_id.strip(" \0"), key))
    described = list(items(tree, tags.OTHER_PATIENT_IDS_SEQUENCE))
    for change in items(tree, tags.ORIGINAL_ATTRIBUTES_SEQUENCE):
        described += items(change, tags.MODIFIED_ATTRIBUTES_SEQUENCE)
    for item in described:
        if patient := _patient(item, charset, key):
            yield patient


def _text(tree: Tree, tag: int, charset: str) -> str:
    element = tree.get(tag)
    if element is None or element[0] == "SQ":
        return ""
    return decoded(element[1], charset).strip(" \0")
