"""The sources of something derived: UIDs that the registry knows, or files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry.dicomfile.datasets import is_data_set
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.sources import require
from registry.errors import BadRequest, NoSuchPath, SourceUnclear
from registry.limits import Limits
from registry.records import Kind, ObjectClaim, Reference, Role, Skipped, Unreadable
from registry.store.knowledge import Knowledge
from registry.uid import flaws, is_key

if TYPE_CHECKING:
    from registry.dicomfile.memory import DataSet
    from registry.services.reading import Readers

    Nameable = str | os.PathLike[str] | DataSet

Source = str | Reference
"""What something is derived from: a UID, a path, or an object of which the UIDs are known."""


def named(things: Iterable[Nameable]) -> tuple[Source, ...]:
    """What a program calls its sources: UIDs, paths, pydicom Datasets in memory.

    Raises ``SourceUnclear`` for a Dataset without valid UIDs, which is called by its
    place, ``BadRequest`` for what is none of these.
    """
    return tuple(_named(thing, place) for place, thing in enumerate(things, 1))


def _named(thing: Nameable, place: int) -> Source:
    if isinstance(thing, str):
        return thing
    if isinstance(thing, os.PathLike):
        path = os.fspath(thing)
        return path if flaws(path) else os.path.join(os.curdir, path)  # it is a file, whatever its name
    if is_data_set(thing):
        from registry.dicomfile.naming import reference_to

        return reference_to(thing, f"dataset {place}")
    raise BadRequest(
        f"source {place} is a {type(thing).__name__}", advice="Give UIDs, paths and pydicom Datasets."
    )


@dataclass(frozen=True, slots=True)
class Sources:
    """What something is derived from."""

    references: tuple[Reference, ...]
    studies: frozenset[str]  # that they are in, as far as is known


def split(texts: Iterable[str]) -> tuple[list[str], list[str]]:
    """UIDs and paths: a text that is a valid UID is a UID, ``./NAME`` is such a file.

    Raises ``NoSuchPath`` for what is neither.
    """
    uids: list[str] = []
    paths: list[str] = []
    for text in texts:
        (uids if not flaws(text) else paths).append(text)
    try:
        require(paths)
    except NoSuchPath as error:
        raise NoSuchPath(f"{error.message}, nor is it a valid UID") from error
    return uids, paths


def read_files(paths: Sequence[str], keys: ReaderKeys, limits: Limits) -> list[Reference]:
    """References to the objects in some files, folders or archives.

    Raises ``SourceUnclear`` for a file of which no object can be made, and for a
    path at which there is no object at all.
    """
    from registry.services.reading import Readers  # with all that starts workers, for few requests

    with Readers(keys, limits, digests=False) as readers:
        return [reference for path in paths for reference in _read(path, readers)]


def _read(path: str, readers: Readers) -> list[Reference]:
    references = []
    for _, reading in readers.read(readers.expand([path])):
        if isinstance(reading, Unreadable) or (isinstance(reading, Skipped) and reading.path == path):
            raise SourceUnclear(
                f"{reading.path} can't be a source: {reading.reason}", advice="Give another file of it."
            )
        if isinstance(reading, ObjectClaim):
            references.append(_reference(reading))
    if not references:
        raise SourceUnclear(
            f"there is no DICOM object in {path}", advice="Name a file or folder of the source."
        )
    return references


def _reference(claim: ObjectClaim) -> Reference:
    uid = claim.sop_instance_uid
    if not uid or not is_key(uid):
        raise SourceUnclear(f"{claim.path} has no valid SOP Instance UID", advice="Give another file of it.")
    series, study = claim.series_instance_uid, claim.study_instance_uid
    return Reference(
        uid,
        claim.sop_class_uid,
        series if series and is_key(series) else None,
        study if study and is_key(study) else None,
        Role.SOURCE,
    )


def known(uids: Sequence[str], knowledge: Knowledge) -> list[Reference]:
    """References to things that the registry knows by their UID."""
    knowledge.learn_places(uids)
    references = []
    for uid in uids:
        standing = knowledge.standing.get(uid)
        if standing is None:
            references.append(Reference(uid, role=Role.SOURCE))
        elif standing.kind is Kind.SERIES:
            references.append(Reference(None, None, uid, standing.study_instance_uid, Role.SOURCE))
        elif standing.kind is Kind.INSTANCE:
            place = standing.series_instance_uid, standing.study_instance_uid
            references.append(Reference(uid, standing.sop_class_uid, *place, Role.SOURCE))
        else:
            raise SourceUnclear(
                f"{uid} is a {standing.kind.words}; a source is a series or an instance",
                advice="`uid-registry tree STUDY` lists the series and instances of a study.",
            )
    return references


def gather(references: Sequence[Reference]) -> Sources:
    """Several references as one: merged, with the studies that they are in."""
    studies = frozenset(
        reference.study_instance_uid for reference in references if reference.study_instance_uid
    )
    return Sources(tuple(dict.fromkeys(references)), studies)
