"""What an object says that nobody may read: only its keyed hashes leave the reader."""

from __future__ import annotations

from registry.dicomfile.attributes import fingerprint
from registry.dicomfile.digests import content_hash, data_set_hash, keyed
from registry.dicomfile.identity import patients_of
from registry.dicomfile.labels import labels_of
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tree import Tree
from registry.hashing import Hashing
from registry.records import Hidden, Level


class Hiding:
    """One object, to be hidden under one key after the other; its content is hashed once in each way."""

    def __init__(
        self, tree: Tree, study: str | None, series: str | None, instance: str | None, *, digests: bool
    ) -> None:
        self._tree, self._place, self._digests = tree, (study, series, instance), digests
        self._hashes: dict[Hashing, tuple[bytes, bytes]] = {}

    def content(self, hashing: Hashing) -> bytes:
        """The hash of its content, without a key; empty where none is wanted."""
        return self._hashed(hashing)[0]

    def _hashed(self, hashing: Hashing) -> tuple[bytes, bytes]:
        """The hashes of its content and of its data set."""
        if not self._digests:
            return b"", b""
        if hashing not in self._hashes:
            self._hashes[hashing] = content_hash(self._tree, hashing), data_set_hash(self._tree, hashing)
        return self._hashes[hashing]

    def under(self, keys: ReaderKeys) -> Hidden:
        """What it says, as far as it compares under some keys."""
        tree, (study, series, instance) = self._tree, self._place
        patient, aliases = patients_of(tree, keys.fingerprint)
        content, data_set = self._hashed(keys.hashing)
        subjects = (
            (Level.PATIENT, patient.token if patient else None),
            (Level.STUDY, study.encode() if study else None),
            (Level.SERIES, series.encode() if series else None),
        )
        return Hidden(
            content_digest=keyed(content, keys.digest, b"content") if content else None,
            data_set_digest=keyed(data_set, keys.digest, b"data set") if data_set else None,
            patient=patient,
            aliases=aliases,
            labels=labels_of(tree, study, series, instance, patient, keys.fingerprint),
            fingerprints={
                level: fingerprint(level, subject, tree, keys.fingerprint)
                for level, subject in subjects
                if subject
            },
        )
