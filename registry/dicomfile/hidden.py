"""What an object says that nobody may read: only its keyed hashes leave the reader."""

from __future__ import annotations

from registry.dicomfile.attributes import fingerprint
from registry.dicomfile.digests import content_hash, data_set_hash, keyed
from registry.dicomfile.identity import patients_of
from registry.dicomfile.labels import labels_of
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.tree import Tree
from registry.records import Hidden, Level


class Hiding:
    """One object, to be hidden under one key after the other; its content is hashed once."""

    def __init__(
        self, tree: Tree, study: str | None, series: str | None, instance: str | None, *, digests: bool
    ) -> None:
        self._tree, self._place = tree, (study, series, instance)
        self.content = content_hash(tree) if digests else b""
        self._data_set = data_set_hash(tree) if digests else b""

    def under(self, keys: ReaderKeys) -> Hidden:
        """What it says, as far as it compares under some keys."""
        tree, (study, series, instance) = self._tree, self._place
        patient, aliases = patients_of(tree, keys.fingerprint)
        subjects = (
            (Level.PATIENT, patient.token if patient else None),
            (Level.STUDY, study.encode() if study else None),
            (Level.SERIES, series.encode() if series else None),
        )
        return Hidden(
            content_digest=keyed(self.content, keys.digest, b"content") if self.content else None,
            data_set_digest=keyed(self._data_set, keys.digest, b"data set") if self._data_set else None,
            patient=patient,
            aliases=aliases,
            labels=labels_of(tree, study, series, instance, patient, keys.fingerprint),
            fingerprints={
                level: fingerprint(level, subject, tree, keys.fingerprint)
                for level, subject in subjects
                if subject
            },
        )
