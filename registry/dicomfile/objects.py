"""From a parsed file to a claim: all that the registry will ever know of it."""

from __future__ import annotations

from registry.dicomfile import tags
from registry.dicomfile.frames import frames_of, registered_frames
from registry.dicomfile.hidden import Hiding
from registry.dicomfile.identity import Uids, shortened, uid_values
from registry.dicomfile.preamble import taken_for
from registry.dicomfile.readerkeys import ReaderKeys
from registry.dicomfile.references import references_of
from registry.dicomfile.scan import is_transfer_syntax
from registry.dicomfile.tree import Tree, items, name_of, text
from registry.modality import code_string
from registry.records import FileMeta, Listing, ObjectClaim, Part, Trait
from registry.sopclass import STORAGE
from registry.uid import is_key

_FOUR = (tags.SOP_CLASS_UID, tags.SOP_INSTANCE_UID, tags.STUDY_INSTANCE_UID, tags.SERIES_INSTANCE_UID)
_NAMING_VRS = frozenset({"UI", "SQ"})
_SLIDE = f"{STORAGE}.77.1.6"


def claim_of(
    meta: Tree | None,
    tree: Tree,
    keys: ReaderKeys,
    path: str,
    *,
    digests: bool = True,
    preamble: bytes = b"",
    listings: tuple[Listing, ...] = (),
) -> ObjectClaim:
    """What one object says. ``digests=False`` leaves both digests out; ``meta`` is None where
    there is no file, and empty where there is one without file meta information."""
    four = {tag: _single_uid(tree, tag) for tag in _FOUR}
    uids = Uids()
    uids.walk(meta or {})
    # Of several hundred elements few name anything; both of what looks for names look at these alone.
    naming = {tag: element for tag, element in tree.items() if element[0] in _NAMING_VRS}
    uids.walk(naming)
    study, series = four[tags.STUDY_INSTANCE_UID], four[tags.SERIES_INSTANCE_UID]
    hiding = Hiding(tree, study, series, four[tags.SOP_INSTANCE_UID], digests=digests)
    return ObjectClaim(
        sop_instance_uid=four[tags.SOP_INSTANCE_UID],
        sop_class_uid=_key(four[tags.SOP_CLASS_UID]),
        series_instance_uid=series,
        study_instance_uid=study,
        modality=code_string(text(tree, tags.MODALITY)),
        transfer_syntax_uid=_key(text(meta or {}, tags.TRANSFER_SYNTAX_UID)),
        content_order=hiding.content(keys.hashing),
        frame_of_reference_uid=_key(_single_uid(tree, tags.FRAME_OF_REFERENCE_UID)),
        shared=tuple(uids.shared),
        references=references_of(naming),
        traits=frozenset(_traits(tree)),
        frames=frames_of(tree, four[tags.SOP_CLASS_UID]),
        registered=registered_frames(tree, four[tags.SOP_CLASS_UID]),
        **hiding.under(keys)._asdict(),
        earlier=tuple(None if each is None else hiding.under(each) for each in keys.earlier),
        bad_uids=tuple(uids.bad.values()),
        padded_uids=tuple(uids.padded),
        missing=tuple(name_of(tag) for tag in _FOUR if four[tag] is None),
        part=_part(tree),
        plan_geometry=code_string(text(tree, tags.RT_PLAN_GEOMETRY)),
        dose_summation_type=code_string(text(tree, tags.DOSE_SUMMATION_TYPE)),
        whole=True,
        meta=None if meta is None else _file_meta(meta, preamble),
        listings=listings,
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


def _part(tree: Tree) -> Part | None:
    uid = _key(_single_uid(tree, tags.CONCATENATION_UID))
    if uid is None:
        return None
    number, total = (
        _number(tree, tag) for tag in (tags.IN_CONCATENATION_NUMBER, tags.IN_CONCATENATION_TOTAL_NUMBER)
    )
    return Part(uid, number, total, _key(_single_uid(tree, tags.CONCATENATION_SOURCE)))


def _number(tree: Tree, tag: int) -> int | None:
    """The value of a US element; None where it is absent or no such thing."""
    vr, value = tree.get(tag, ("", b""))
    return int.from_bytes(value, "little") if vr == "US" and len(value) == 2 else None


def _file_meta(meta: Tree, preamble: bytes) -> FileMeta:
    syntax = shortened(text(meta, tags.TRANSFER_SYNTAX_UID)) or None
    return FileMeta(
        present=bool(meta),
        media_storage_sop_class_uid=_said(meta, 0x0002_0002),
        media_storage_sop_instance_uid=_said(meta, 0x0002_0003),
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
