"""What an object refers to: every item at any depth that names an instance, and
every series that is named as a whole."""

from __future__ import annotations

from registry.dicomfile import tags
from registry.dicomfile.tree import Tree, text
from registry.dicomfile.unreadable import UnreadableDicom
from registry.limits import MOST_NAMED
from registry.records import Reference, Role
from registry.uid import is_key

_NAMING = frozenset(
    {
        tags.STUDY_INSTANCE_UID,
        tags.SERIES_INSTANCE_UID,
        tags.REFERENCED_SOP_INSTANCE_UID,
        tags.MULTI_FRAME_SOURCE_SOP_INSTANCE_UID,
    }
)


def references_of(tree: Tree) -> tuple[Reference, ...]:
    """The references of an object, one for each target as far as they agree.

    The same image is mostly named several times: as evidence with its series, and
    in each frame as the source. What is said of it is put together.
    """
    collector = _Collector()
    for tag, (vr, value) in tree.items():
        if vr == "SQ" and tag != tags.ORIGINAL_ATTRIBUTES_SEQUENCE:
            collector.sequence(tag, value, Reference(None))
    return collector.merged()


class _Collector:
    """Walks sequences; what surrounds an item is passed down as a reference to be filled."""

    def __init__(self) -> None:
        self._found: dict[str, list[Reference]] = {}
        self._count = 0

    def sequence(self, tag: int, members: list[Tree], around: Reference) -> bool:
        """Collect from one sequence; whether it held any reference to an instance."""
        role = tags.ROLES.get(tag)
        if role is not None and around.role is not Role.SOURCE:
            around = around._replace(role=role)
        held = [self._item(tag, member, around) for member in members]
        return any(held)

    def _item(self, tag: int, item: Tree, around: Reference) -> bool:
        held, series = False, ""
        if not _NAMING.isdisjoint(item):  # most items are codes and measures
            study = text(item, tags.STUDY_INSTANCE_UID)
            series = text(item, tags.SERIES_INSTANCE_UID)
            target = text(item, tags.REFERENCED_SOP_INSTANCE_UID)
            if tag == tags.RT_REFERENCED_STUDY_SEQUENCE:
                study, target = target, ""
            if study or series:
                around = around._replace(
                    study_instance_uid=study or around.study_instance_uid,
                    series_instance_uid=series or around.series_instance_uid,
                )
            if target and tag not in tags.ENTITY_SEQUENCES:
                sop_class = text(item, tags.REFERENCED_SOP_CLASS_UID)
                if not sop_class.startswith(tags.ENTITY_CLASSES):
                    self._add(around._replace(sop_instance_uid=target, sop_class_uid=_key(sop_class)))
                    held = True
            if source := text(item, tags.MULTI_FRAME_SOURCE_SOP_INSTANCE_UID):
                self._add(around._replace(sop_instance_uid=source))
                held = True
        for inner, (vr, value) in item.items():
            if vr == "SQ" and inner != tags.ORIGINAL_ATTRIBUTES_SEQUENCE:
                held = self.sequence(inner, value, around) or held
        if series and not held:
            self._add(around)
        return held

    def _add(self, reference: Reference) -> None:
        if not is_key(reference.target):
            return  # reported as a bad UID; it leads nowhere
        said = reference._replace(
            series_instance_uid=_key(reference.series_instance_uid),
            study_instance_uid=_key(reference.study_instance_uid),
        )
        entries = self._found.setdefault(said.target, [])
        for index, entry in enumerate(entries):
            if (both := _joined(entry, said)) is not None:
                entries[index] = both
                return
        entries.append(said)
        self._count += 1
        if self._count > MOST_NAMED:
            raise UnreadableDicom(f"it refers to more than {MOST_NAMED:,} objects")

    def merged(self) -> tuple[Reference, ...]:
        return tuple(reference for entries in self._found.values() for reference in entries)


def _joined(one: Reference, other: Reference) -> Reference | None:
    """Two references to one target as one, unless they contradict each other."""
    if (one.sop_instance_uid is None) != (other.sop_instance_uid is None):
        return None
    values = []
    for first, second in zip(one[1:4], other[1:4], strict=True):
        if first and second and first != second:
            return None
        values.append(first or second)
    role = one.role if one.role is Role.SOURCE else max(other.role, one.role, key=_ROLE_WEIGHT.__getitem__)
    return Reference(one.sop_instance_uid, values[0], values[1], values[2], role)


_ROLE_WEIGHT = {Role.BYSTANDER: 0, Role.OTHER: 1, Role.SOURCE: 2}


def _key(uid: str | None) -> str | None:
    return uid if uid and is_key(uid) else None
