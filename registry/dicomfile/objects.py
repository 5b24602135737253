"""From a parsed file to a claim: all that the registry will ever know of it."""

from __future__ import annotations

from registry.dicomfile import tags
from registry.dicomfile.attributes import fingerprint
from registry.dicomfile.digests import content_hash, data_set_digest, keyed
from registry.dicomfile.frames import frames_of, registered_frames
from registry.dicomfile.identity import Uids, patients_of, shortened, uid_values
from registry.dicomfile.labels import labels_of
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.references import references_of
from registry.dicomfile.scan import is_transfer_syntax
from registry.dicomfile.tree import Tree, items, name_of, text
from registry.modality import code_string
from registry.records import FileMeta, Level, ObjectClaim, Trait
from registry.sopclass import STORAGE
from registry.uid import is_key

_FOUR = (tags.SOP_CLASS_UID, tags.SOP_INSTANCE_UID, tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID)
_TRANSFER_SYNTAX_UID = 0x0002_0010
_SLIDE = f"{STORAGE}.77.1.6"


def claim_of(meta: Tree, tree: Tree, keys: ReaderKeys, path: str, *, digests: bool = True) -> ObjectClaim:
    """What one object says. ``digests=False`` leaves both digests out."""
    four = {tag: _single_uid(tree, tag) for tag in _FOUR}
    uids = Uids()
    uids.walk(meta)
    uids.walk(tree)
    content = content_hash(tree) if digests else b""
    patient, aliases = patients_of(tree, keys.fingerprint)
    study, series = four[tags.STUDY_INSTANCE_UID], four[tags.SERIES_INSTANCE_UID]
    subjects = (
        (Level.PATIENT, patient.token if patient else None),
        (Level.STUDY, study.encode() if study else None),
        (Level.SERIES, series.encode() if series else None),
    )
    return ObjectClaim(
        sop_instance_uid=four[tags.SOP_INSTANCE_UID],
        sop_class_uid=_key(four[tags.SOP_CLASS_UID]),
        series_instance_uid=series,
        study_instance_uid=study,
        modality=code_string(text(tree, tags.MODALITY)),
        transfer_syntax_uid=_key(text(meta, _TRANSFER_SYNTAX_UID)),
        content_digest=keyed(content, keys.digest, b"content") if content else None,
        content_order=content,
        data_set_digest=data_set_digest(tree, keys.digest) if digests else None,
        patient=patient,
        aliases=aliases,
        frame_of_reference_uid=_key(_single_uid(tree, tags.FRAME_OF_REFERENCE_UID)),
        shared=tuple(uids.shared),
        references=references_of(tree),
        traits=frozenset(_traits(tree)),
        frames=frames_of(tree, four[tags.SOP_CLASS_UID]),
        registered=registered_frames(tree, four[tags.SOP_CLASS_UID]),
        labels=labels_of(tree, study, series, four[tags.SOP_INSTANCE_UID], patient, keys.fingerprint),
        fingerprints={
            level: fingerprint(level, subject, tree, keys.fingerprint)
            for level, subject in subjects
            if subject
        },
        bad_uids=tuple(uids.bad.values()),
        missing=tuple(name_of(tag) for tag in _FOUR if four[tag] is None),
        meta=_file_meta(meta),
        path=path,
    )


def _single_uid(tree: Tree, tag: int) -> str | None:
    """The UID of a type 1 element; None where it is absent, empty or multi-valued."""
    element = tree.get(tag)
    values = uid_values(element[1]) if element and element[0] != "SQ" else []
    return values[0] if len(values) == 1 else None


def _key(uid: str | None) -> str | None:
    """A UID that rules and ledger can work with; what else it may be is told as a bad UID."""
    return uid if uid and is_key(uid) else None


def _file_meta(meta: Tree) -> FileMeta:
    syntax = shortened(text(meta, _TRANSFER_SYNTAX_UID)) or None
    return FileMeta(
        present=bool(meta),
        media_storage_sop_class_uid=shortened(text(meta, 0x0002_0002)) or None,
        media_storage_sop_instance_uid=shortened(text(meta, 0x0002_0003)) or None,
        transfer_syntax_uid=syntax,
        transfer_syntax_known=syntax is not None and is_transfer_syntax(syntax),
    )


def _traits(tree: Tree) -> list[Trait]:
    traits = []
    resampled = text(tree, tags.SOP_CLASS_UID) == _SLIDE and "RESAMPLED" in text(tree, tags.IMAGE_TYPE).split(
        "\\"
    )
    if resampled or tags.PYRAMID_UID in tree:
        traits.append(Trait.PYRAMID)
    if tags.CONCATENATION_UID in tree:
        traits.append(Trait.CONCATENATION)
    if items(tree, tags.FRAME_EXTRACTION_SEQUENCE):
        traits.append(Trait.FRAME_EXTRACTION)
    if text(tree, tags.LOSSY_IMAGE_COMPRESSION) == "01":
        traits.append(Trait.LOSSY)
    return traits
