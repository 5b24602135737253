"""From a parsed file to a claim: all that the registry will ever know of it."""

from __future__ import annotations

from typing import Any

from registry.dicomfile import tags
from registry.dicomfile.dictionary import name_of
from registry.dicomfile.frames import frames_of, registered_frames
from registry.dicomfile.hidden import Hiding
from registry.dicomfile.identity import Uids, shortened, single_uid
from registry.dicomfile.parsed import Parsed
from registry.dicomfile.preamble import taken_for
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.references import references_of
from registry.dicomfile.transfersyntaxes import is_transfer_syntax
from registry.dicomfile.tree import Tree, items, text
from registry.modality import code_string
from registry.records import FileMeta, Listing, ObjectClaim, Part, Trait
from registry.sopclass import STORAGE
from registry.uid import is_key

_FOUR = (tags.SOP_CLASS_UID, tags.SOP_INSTANCE_UID, tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID)
_SLIDE = f"{STORAGE}.77.1.6"


def claim_of(
    parsed: Parsed,
    keys: ReaderKeys,
    path: str,
    *,
    digests: bool = True,
    in_file: bool = True,
    preamble: bytes = b"",
    listings: tuple[Listing, ...] = (),
) -> ObjectClaim:
    """What one object says. ``digests=False`` leaves both digests out; without file meta
    information it is empty, and where there is no file ``in_file`` is false."""
    instance = single_uid(parsed.tree, tags.SOP_INSTANCE_UID)
    hiding = Hiding(parsed, instance, digests=digests)
    return ObjectClaim(
        sop_instance_uid=instance,
        transfer_syntax_uid=parsed.made_of_meta(_transfer_syntax),
        content_order=hiding.content(keys.hashing),
        missing=parsed.made(_missing if instance is None else _missing_besides),
        meta=_file_meta(parsed, preamble) if in_file else None,
        whole=True,
        listings=listings,
        path=path,
        **parsed.made(_general),
        **parsed.made_of_names(_named),
        **hiding.under(keys)._asdict(),
        earlier=tuple(None if each is None else hiding.under(each) for each in keys.earlier),
    )


def _general(tree: Tree) -> dict[str, Any]:
    """What is mostly the same for all objects of a series."""
    sop_class = single_uid(tree, tags.SOP_CLASS_UID)
    return {
        "sop_class_uid": _key(sop_class),
        "series_instance_uid": single_uid(tree, tags.SERIES_INSTANCE_UID),
        "study_instance_uid": single_uid(tree, tags.STUDY_INSTANCE_UID),
        "modality": code_string(text(tree, tags.MODALITY)),
        "frame_of_reference_uid": _key(single_uid(tree, tags.FRAME_OF_REFERENCE_UID)),
        "traits": frozenset(_traits(tree)),
        "frames": frames_of(tree, sop_class),
        "registered": registered_frames(tree, sop_class),
        "part": _part(tree),
        "plan_geometry": code_string(text(tree, tags.RT_PLAN_GEOMETRY)),
        "dose_summation_type": code_string(text(tree, tags.DOSE_SUMMATION_TYPE)),
    }


def _named(meta: Tree, tree: Tree) -> dict[str, Any]:
    """What the elements that name something say."""
    uids = Uids()
    uids.walk(meta)
    uids.walk(tree)
    return {
        "shared": tuple(uids.shared),
        "references": references_of(tree),
        "bad_uids": tuple(uids.bad.values()),
        "padded_uids": tuple(uids.padded),
    }


def _missing(tree: Tree) -> tuple[str, ...]:
    return tuple(name_of(tag) for tag in _FOUR if single_uid(tree, tag) is None)


def _missing_besides(tree: Tree) -> tuple[str, ...]:
    """What is missing besides the SOP Instance UID, at which it doesn't look: no two have the same."""
    three = (tag for tag in _FOUR if tag != tags.SOP_INSTANCE_UID)
    return tuple(name_of(tag) for tag in three if single_uid(tree, tag) is None)


def _key(uid: str | None) -> str | None:
    """A UID that rules and ledger can work with; what else it may be is told as a bad UID."""
    return uid if uid and is_key(uid) else None


def _transfer_syntax(meta: Tree) -> str | None:
    return _key(text(meta, tags.TRANSFER_SYNTAX_UID))


def _part(tree: Tree) -> Part | None:
    uid = _key(single_uid(tree, tags.CONCATENATION_UID))
    if uid is None:
        return None
    number, total = (
        _number(tree, tag) for tag in (tags.IN_CONCATENATION_NUMBER, tags.IN_CONCATENATION_TOTAL_NUMBER)
    )
    return Part(uid, number, total, _key(single_uid(tree, tags.CONCATENATION_SOURCE)))


def _number(tree: Tree, tag: int) -> int | None:
    """The value of a US element; None where it is absent or no such thing."""
    vr, value = tree.get(tag, ("", b""))
    return int.from_bytes(value, "little") if vr == "US" and len(value) == 2 else None


def _file_meta(parsed: Parsed, preamble: bytes) -> FileMeta:
    same = parsed.made_of_meta(_of_all_files, preamble)
    return same._replace(media_storage_sop_instance_uid=_said(parsed.meta, 0x0002_0003))


def _of_all_files(meta: Tree, preamble: bytes) -> FileMeta:
    """What is mostly the same for all files of a series."""
    syntax = shortened(text(meta, tags.TRANSFER_SYNTAX_UID)) or None
    return FileMeta(
        present=bool(meta),
        media_storage_sop_class_uid=_said(meta, 0x0002_0002),
        transfer_syntax_uid=syntax,
        transfer_syntax_known=syntax is not None and is_transfer_syntax(syntax),
        implementation_class_uid=shortened(text(meta, 0x0002_0012)) or None,
        preamble=taken_for(preamble),
    )


def _said(meta: Tree, tag: int) -> str | None:
    """A value of the file meta information; empty where the element is there without one."""
    return shortened(text(meta, tag)) if tag in meta else None


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
    if any(_is_uncompressed_predecessor(item) for item in items(tree, tags.SOURCE_IMAGE_SEQUENCE)):
        traits.append(Trait.RECODED)
    return traits


def _is_uncompressed_predecessor(source: Tree) -> bool:
    """Whether a source image is what this one is the compressed copy of (PS3.3 C.7.6.1.1.4)."""
    return any(
        (text(code, tags.CODE_VALUE), text(code, tags.CODING_SCHEME_DESIGNATOR))
        == tags.UNCOMPRESSED_PREDECESSOR
        for code in items(source, tags.PURPOSE_OF_REFERENCE_CODE_SEQUENCE)
    )
