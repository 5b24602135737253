"""What few rules ask of an object, and what is remembered of it only while one of them
is on: numbers, descriptions, image types, as keyed hashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from registry.dicomfile import tags
from registry.dicomfile.identity import patients_of, single_uid
from registry.dicomfile.parsed import Parsed
from registry.dicomfile.tree import Tree, items, text
from registry.records import Label, Mark
from registry.sopclass import Family, family_of
from registry.uid import is_own_key

_SIZE = 8


def labels_of(parsed: Parsed, instance: str | None, key: bytes) -> tuple[Label, ...]:
    """The labels of one object, as far as they are of UIDs that can be keys of the ledger."""
    return (
        *parsed.made(_of_series, key),
        *_sound(_of_instance(parsed.tree, instance, key)),
        *parsed.made(_of_things, key),
    )


def _sound(labels: Iterable[Label]) -> tuple[Label, ...]:
    return tuple(label for label in labels if is_own_key(label.scope) and is_own_key(label.uid))


def _of_series(tree: Tree, key: bytes) -> tuple[Label, ...]:
    return _sound(_describing_series(tree, key))


def _describing_series(tree: Tree, key: bytes) -> Iterator[Label]:
    study, series = single_uid(tree, tags.STUDY_INSTANCE_UID), single_uid(tree, tags.SERIES_INSTANCE_UID)
    if not series:
        return
    number, look = text(tree, tags.SERIES_NUMBER).strip(), text(tree, tags.SERIES_DESCRIPTION)
    if study and number:
        yield Label(study, Mark.SERIES_NUMBER, _hashed(key, study, number), series)
    # One segmentation, report or presentation state in a series of its own is as it should be.
    if study and number and family_of(text(tree, tags.SOP_CLASS_UID)) is Family.IMAGE:
        yield Label(study, Mark.SERIES_LOOK, _hashed(key, study, number, look), series)
    match text(tree, tags.IMAGE_TYPE).split("\\")[0]:
        case "ORIGINAL":
            yield Label(series, Mark.ORIGINAL, b"", series)
        case "DERIVED":
            yield Label(series, Mark.DERIVED, b"", series)


def _of_instance(tree: Tree, instance: str | None, key: bytes) -> Iterator[Label]:
    if not instance:
        return
    series = single_uid(tree, tags.SERIES_INSTANCE_UID)
    if series and (number := text(tree, tags.INSTANCE_NUMBER).strip()):
        yield Label(series, Mark.INSTANCE_NUMBER, _hashed(key, series, number), instance)
    if items(tree, tags.ORIGINAL_ATTRIBUTES_SEQUENCE):
        yield Label(instance, Mark.CORRECTED, b"", instance)


def _of_things(tree: Tree, key: bytes) -> tuple[Label, ...]:
    return _sound(_describing_things(tree, key))


def _describing_things(tree: Tree, key: bytes) -> Iterator[Label]:
    """Specimens and devices, by what is said of them where their UID stands."""
    patient, _ = patients_of(tree, key)
    for item in items(tree, tags.SPECIMEN_DESCRIPTION_SEQUENCE):
        specimen, named = text(item, tags.SPECIMEN_UID), text(item, tags.SPECIMEN_IDENTIFIER)
        if specimen and named:
            yield Label(specimen, Mark.DESCRIPTION, _hashed(key, specimen, named), specimen)
        if specimen and patient:
            yield Label(specimen, Mark.PATIENT, patient.token + patient.issuer, specimen)
    described = (tags.MANUFACTURER, tags.MANUFACTURER_MODEL_NAME, tags.DEVICE_SERIAL_NUMBER)
    for item in (
        tree,
        *items(tree, tags.DEVICE_SEQUENCE),
        *items(tree, tags.CONTRIBUTING_EQUIPMENT_SEQUENCE),
    ):
        device, said = text(item, tags.DEVICE_UID), [text(item, tag) for tag in described]
        if device and any(said):
            yield Label(device, Mark.DESCRIPTION, _hashed(key, device, *said), device)


def _hashed(key: bytes, *parts: str) -> bytes:
    message = "\0".join(parts).encode()
    return blake2b(message, digest_size=_SIZE, key=key, person=b"label").digest()
