"""What an object says that nobody may read: only its keyed hashes leave the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from registry.dicomfile import tags
from registry.dicomfile.attributes import fingerprint
from registry.dicomfile.digests import content_hash, hash_of, keyed
from registry.dicomfile.identity import patients_of, single_uid
from registry.dicomfile.labels import labels_of
from registry.dicomfile.parsed import Parsed
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tree import Tree
from registry.hashing import Hashing
from registry.records import Hidden, Level, Patient


class Hiding:
    """One object, to be hidden under one key after the other; its content is hashed once in each way."""

    def __init__(self, parsed: Parsed, instance: str | None, *, digests: bool) -> None:
        self._parsed, self._instance, self._digests = parsed, instance, digests
        self._hashes: dict[Hashing, tuple[bytes, bytes]] = {}

    def content(self, hashing: Hashing) -> bytes:
        """The hash of its content, without a key; empty where none is wanted."""
        return self._hashed(hashing)[0]

    def _hashed(self, hashing: Hashing) -> tuple[bytes, bytes]:
        """The hashes of its content and of its data set."""
        if not self._digests:
            return b"", b""
        if hashing not in self._hashes:
            data_set = hash_of(self._parsed.data_set_form(), hashing)
            self._hashes[hashing] = content_hash(self._parsed.tree, hashing), data_set
        return self._hashes[hashing]

    def under(self, keys: ReaderKeys) -> Hidden:
        """What it says, as far as it compares under some keys."""
        content, data_set = self._hashed(keys.hashing)
        described = self._parsed.made(_described, keys.fingerprint)
        return Hidden(
            content_digest=keyed(content, keys.digest, b"content") if content else None,
            data_set_digest=keyed(data_set, keys.digest, b"data set") if data_set else None,
            patient=described.patient,
            aliases=described.aliases,
            labels=labels_of(self._parsed, self._instance, keys.fingerprint),
            fingerprints=described.fingerprints,
        )


class _Described(NamedTuple):
    """What all objects of a series say of the patient, the study and the series."""

    patient: Patient | None
    aliases: tuple[Patient, ...]
    fingerprints: Mapping[Level, bytes]


def _described(tree: Tree, key: bytes) -> _Described:
    patient, aliases = patients_of(tree, key)
    study, series = (single_uid(tree, tag) for tag in (tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID))
    subjects = (
        (Level.PATIENT, patient.token if patient else None),
        (Level.STUDY, study.encode() if study else None),
        (Level.SERIES, series.encode() if series else None),
    )
    made = {level: fingerprint(level, subject, tree, key) for level, subject in subjects if subject}
    return _Described(patient, aliases, made)
