"""Elements of HTML and SVG. Text becomes part of a page here and nowhere else, so it is always escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias
from xml.etree.ElementTree import Element, tostring

from registry.render.formats import visible

__all__ = ["Element", "Inside", "tag", "written"]

Inside: TypeAlias = "Element | str | Iterable[Inside] | None"
"""What may stand in an element; None is nothing."""


def tag(name: str, /, *inside: Inside, **attributes: object) -> Element:
    """An element. Attributes that are None are left out; ``class_`` is ``class``, ``text_anchor`` is
    ``text-anchor``."""
    element = Element(name)
    for key, value in attributes.items():
        if value is not None:
            element.set(key.rstrip("_").replace("_", "-"), _fit(str(value)))
    for part in _flat(inside):
        if not isinstance(part, str):
            element.append(part)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + _fit(part)
        else:
            element.text = (element.text or "") + _fit(part)
    return element


def written(page: Element) -> str:
    """A page as it is served."""
    return f"<!doctype html>\n{tostring(page, encoding='unicode', method='html')}\n"


def _flat(inside: Inside) -> Iterator[Element | str]:
    if isinstance(inside, Element | str):
        yield inside
    elif inside is not None:
        for part in inside:
            yield from _flat(part)


def _fit(text: str) -> str:
    """Text without what HTML or UTF-8 can't hold."""
    return visible(text).encode(errors="replace").decode()
