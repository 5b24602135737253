"""deid, with the registry's replacements where its recipe asks for a UID.

>>> from deid.dicom import replace_identifiers
>>> from registry import Registry
>>> from registry.adapters.deid import lookup, recipe
>>> with Registry.open() as registry:  # doctest: +SKIP
...     ids = lookup(registry, "TRIAL-7")
...     replace_identifiers(files, ids=ids, deid=recipe("trial.deid"), output_folder="export", save=True)

A recipe of one's own needs no more than ``REPLACE SOPInstanceUID func:registry_uid``: who calls
the function for one element of an object gets the others replaced too, at any depth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from deid.config import DeidRecipe

from registry.adapters.once import Once
from registry.dicomfile.uidattributes import instance_keywords

if TYPE_CHECKING:
    from registry.api import Registry

FUNCTION = "registry_uid"
"""What recipes call it: ``func:registry_uid``."""


def uid_function(registry: Registry, scope: str, *, root: str | None = None) -> Callable[..., Any]:
    """What a recipe's ``func:`` calls for a field: the replacement of its value.

    Raises ``BadRequest`` for what can't be the name of a scope; when it is called, what
    ``Registry.remap`` raises.
    """
    replace_all = Once(registry.remapper(scope, root=root))

    def replaced(item: Any, value: str, field: Any, dicom: Any, **_: Any) -> Any:
        del item, value  # deid's lookup, and what stands in the recipe
        replace_all(dicom)
        held = field.element.value
        if not held:
            return None  # deid leaves the element as it is
        if isinstance(held, str):
            return replace_all.remapper.uid(held)
        return [replace_all.remapper.uid(str(each)) for each in held]

    return replaced


class Lookup(dict[Any, dict[str, Any]]):
    """What deid looks up for a file, in which each one finds the function.

    deid only warns where a recipe calls what isn't in the lookup of its file, and leaves the original
    where it is: so nobody has to name the files.
    """

    def __init__(self, ids: Mapping[Any, Mapping[str, Any]], function: Callable[..., Any]) -> None:
        super().__init__({file: {**values, FUNCTION: function} for file, values in ids.items()})
        self._function = function

    def __missing__(self, file: Any) -> dict[str, Any]:
        return {FUNCTION: self._function}

    def __contains__(self, file: object) -> bool:
        return True

    def __bool__(self) -> bool:
        return True  # deid takes one of its own where there is nothing in it


def lookup(
    registry: Registry,
    scope: str,
    ids: Mapping[Any, Mapping[str, Any]] | None = None,
    *,
    root: str | None = None,
) -> Lookup:
    """``ids`` for ``replace_identifiers``: the function for every file, and what ``ids`` has besides
    (of ``get_identifiers``, or one's own). Raises like ``uid_function``."""
    return Lookup(ids or {}, uid_function(registry, scope, root=root))


def recipe(*files: str) -> DeidRecipe:
    """A recipe that replaces all UIDs, and then does what is in ``files``.

    All attributes are named, also those that PS3.15's table forgets: so that ``REMOVE ALL`` takes
    none of them.
    """
    made = DeidRecipe(list(files))
    said = made.deid or {"format": "dicom"}
    replacing = [
        {"action": "REPLACE", "field": keyword, "value": f"func:{FUNCTION}"}
        for keyword in instance_keywords()
    ]
    made.deid = {**said, "header": [*replacing, *said.get("header", [])]}
    return made
