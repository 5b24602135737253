"""dicom-anonymizer, with the registry's replacements for its random ones.

>>> from dicomanonymizer import anonymize
>>> from registry import Registry
>>> from registry.adapters.dicomanonymizer import anonymizer_rules
>>> with Registry.open() as registry:  # doctest: +SKIP
...     rules = anonymizer_rules(registry, "TRIAL-7")
...     anonymize("study/", "export/", rules, delete_private_tags=True)

dicom-anonymizer remembers what it replaced while the process runs, replaces what stands
at the top level of an object, and empties references. With these rules a UID is replaced by
the same one in every process and for years, at any depth; references stay, and lead to what
the objects are called now. All else is as dicom-anonymizer does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dicomanonymizer import simpledicomanonymizer as theirs

from registry.adapters.once import Once

if TYPE_CHECKING:
    from registry.api import Registry

Action = Callable[[Any, Any], None]
"""What dicom-anonymizer does to the element with a tag."""

_REPLACING = frozenset(
    {
        theirs.replace,
        theirs.replace_UID,
        theirs.empty_or_replace,
        theirs.delete_or_replace,
        theirs.delete_or_empty_or_replace,
        theirs.delete_or_empty_or_replace_UID,
    }
)
"""What would replace a UID by a random one."""

_GONE = frozenset({theirs.delete, theirs.keep})
"""What leaves nothing behind of a sequence, or all of it."""

_OF_FILE_META = 0x0002


def anonymizer_rules(
    registry: Registry,
    scope: str,
    *,
    base: Callable[[], Mapping[Any, Action]] = theirs.initialize_actions,
    root: str | None = None,
) -> dict[Any, Action]:
    """Rules for ``anonymize`` and its kin, as ``extra_anonymization_rules``.

    ``base`` makes dicom-anonymizer's own rules, as its argument ``base_rules_gen`` does:
    where that is given, give the same here. Rules of yours come last:
    ``anonymizer_rules(...) | {(0x0010, 0x0020): mine}``. ``root`` is where new UIDs are
    minted, unless the registry has but one that it may be.

    The rules raise ``ScopePurged``, ``BadRoot`` and what else ``Registry.remap`` raises
    when they are applied; ``BadRequest`` for what can't be the name of a scope at once.
    """
    replace_all = Once(registry.remapper(scope, root=root))
    return {tag: _wrapped(action, replace_all) if len(tag) == 2 else action for tag, action in base().items()}


def _wrapped(action: Action, replace_all: Once) -> Action:
    def act(data_set: Any, tag: Any) -> None:
        if tag[0] != _OF_FILE_META:  # which is replaced together with its data set
            replace_all(data_set)
        element = data_set.get(tag)
        if element is None or _is_done(action, element):
            return
        uids = list(_uids(element.value)) if element.VR == "SQ" and action not in _GONE else ()
        action(data_set, tag)
        for item, number, value in uids:
            if number in item:
                item[number].value = value

    return act


def _is_done(action: Action, element: Any) -> bool:
    """Whether nothing is left to do: UIDs, and the sequences that are there for their sake (PS3.15
    Table E.1-1: X/Z/U*)."""
    if action is theirs.delete_or_empty_or_replace_UID:
        return True
    return element.VR == "UI" and action in _REPLACING


def _uids(sequence: Any) -> Iterator[tuple[Any, Any, Any]]:
    """The UI elements of a sequence at any depth: where each is, and its value.

    Its actions are for patients' names and codes, and know no UIDs below the top level: they
    make a random class of a class.
    """
    for item in sequence or ():
        for element in item:
            if element.VR == "SQ":
                yield from _uids(element.value)
            elif element.VR == "UI":
                yield item, element.tag, element.value
