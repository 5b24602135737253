"""Replacement in Python: what is asked wrongly ends in an error that says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from registry import Registry
from registry.errors import BadRequest, MalformedUid
from tests.objects import ct_slices

SCOPE = "TRIAL-7"
pytestmark = pytest.mark.engine("sqlite")


def long_uid() -> Dataset:
    (image,) = ct_slices(1)
    image[0x0008_3010] = RawDataElement(Tag(0x0008_3010), "UI", 1026, b"1." + b"3" * 1024, 0, False, True)
    return image


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda ours: ours.remap("1.2.3", scope=SCOPE, kind="studdy"), "no kind of UID"),
        (lambda ours: ours.remap("1.2.3", scope=SCOPE, method="x"), "no method"),
        (lambda ours: ours.remapper(SCOPE, method="x"), "no method"),
        (lambda ours: ours.remap(None, scope=SCOPE), "a NoneType is no UID"),
        (lambda ours: ours.remapper(SCOPE).uid(5), "an? int is no UID"),
        (lambda ours: ours.remap("1.2.3", scope=None), "name of a scope"),
        (lambda ours: ours.remap_dataset([Dataset()], scope=SCOPE), "of a list aren't replaced"),
        (lambda ours: ours.remap_dataset(long_uid(), scope=SCOPE), "1,024 characters"),
    ],
)
def test_what_is_asked_wrongly_is_told(ours: Registry, ask: Callable[[Any], object], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        ask(ours)
    assert ours.scopes() == []


def test_what_is_no_uid_replaces_nothing(ours: Registry) -> None:
    with pytest.raises(MalformedUid):
        ours.original("1.2.3 ")
