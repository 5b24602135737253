"""What the package promises to programs: its names, the signatures of its methods, the fields of its results.

``python -m tests.api.public > tests/api/public.txt`` writes it anew.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import sys
from collections.abc import Iterator
from enum import Enum
from typing import Any, ForwardRef

import registry
from registry import errors


def promised() -> list[str]:
    """One line for each thing."""
    named = {name: getattr(registry, name) for name in registry.__all__}
    results = {each.__name__: each for each in _results(registry.Registry)}
    lines = [line for name, thing in sorted((results | named).items()) for line in _lines(name, thing)]
    lines += [
        f"errors.{name}({', '.join(base.__name__ for base in thing.__bases__)}) {thing.exit_status}"
        for name, thing in sorted(vars(errors).items())
        if inspect.isclass(thing) and issubclass(thing, errors.RegistryError)
    ]
    return lines


def _results(thing: type) -> Iterator[type]:
    """The classes of ours that the methods of a class return."""
    for _, member in inspect.getmembers(thing, inspect.isfunction):
        for word in re.findall(r"\w+", str(member.__annotations__.get("return"))):
            found = member.__globals__.get(word)
            if inspect.isclass(found) and found.__module__.startswith("registry."):
                yield found


def _lines(name: str, thing: Any) -> Iterator[str]:
    yield name
    if not inspect.isclass(thing) or issubclass(thing, Exception):
        return
    if issubclass(thing, Enum):
        yield from (f"{name}.{member.name} = {member.value}" for member in thing)
        return
    fields = [*getattr(thing, "_fields", ())]
    if dataclasses.is_dataclass(thing):
        fields += [field.name for field in dataclasses.fields(thing)]
    types = _annotations(thing)
    yield from (f"{name}.{field}: {types[field]}" for field in fields if not field.startswith("_"))
    for each, kind, _, member in inspect.classify_class_attrs(thing):
        if each.startswith("_") or each in fields or hasattr(tuple, each):
            continue
        if kind == "property":
            yield f"{name}.{each} -> {inspect.signature(member.fget).return_annotation}"
        elif kind != "data":
            yield f"{name}.{each}{inspect.signature(getattr(thing, each))}".replace("'", "")


def _annotations(thing: type) -> dict[str, object]:
    found: dict[str, object] = {}
    for base in reversed(thing.__mro__):
        for name, each in inspect.get_annotations(base).items():
            found[name] = each.__forward_arg__ if isinstance(each, ForwardRef) else each
    return found


if __name__ == "__main__":
    sys.stdout.write("\n".join([*promised(), ""]))
