"""The order in which objects come, and how they are split into batches, decides nothing but who was first.

A pool of objects that contradict one another in every way that a rule knows is
registered in drawn orders and splits; what the registry then holds is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from sqlalchemy import select

from registry.dicomfile.readerkeys import ReaderKeys
from registry.limits import Limits
from registry.services import reading, registering
from registry.services.checking import check
from registry.services.opening import OpenRegistry, opened
from registry.services.querying import kept_findings
from registry.services.reading import Readers
from registry.services.registering import register
from registry.settings import Settings
from registry.store import schema
from registry.store.verification import verify
from tests.conftest import Registries
from tests.objects import (
    MR_CLASS,
    PR_CLASS,
    SEG_CLASS,
    SR_CLASS,
    ct_slices,
    presentation,
    reference_to,
    report,
    save,
    segmentation,
    tiny,
)

TIMELY = {"UID203", "UID207", "UID312", "UID508"}
"""Rules about what wasn't known *then*: the only ones that order may decide (design, section 3)."""


def in_series(series: str, *targets: Dataset) -> Dataset:
    """An item that names a series, and instances in it."""
    item = Dataset()
    item.SeriesInstanceUID = series
    if targets:
        item.ReferencedInstanceSequence = [reference_to(target) for target in targets]
    return item


def contradictions() -> list[object]:
    """Objects that disagree on everything that one can disagree on."""
    slices = ct_slices(2)
    series, study = slices[0].SeriesInstanceUID, slices[0].StudyInstanceUID
    said_elsewhere = tiny("1.9.1.7", "1.9.1", study, sop_class=SR_CLASS, modality="SR")
    said_elsewhere.ReferencedSeriesSequence = [in_series("1.9.1.66", slices[0]), in_series("1.9.9")]
    return [
        *slices,
        segmentation(slices, f"{study}.20", f"{study}.20.1"),
        segmentation(slices, series, f"{study}.20.2"),  # UID501
        presentation(slices, f"{study}.21", slices[0].SOPInstanceUID),  # UID304, UID503
        report(slices, f"{study}.22", f"{study}.22.1"),
        tiny("1.9.9.1", "1.9.9", "1.9"),
        tiny("1.9.9.1", "1.9.8", "1.9"),  # UID302
        tiny("1.9.9.1", "1.9.9", "1.7"),  # UID303, UID305
        tiny("1.9.9.1", "1.9.9", "1.9", pixels=b"\5\6\7\x08"),  # UID301
        tiny("1.9.9.1", "1.9.9", "1.9", StudyDescription="again"),  # UID315
        tiny("1.9.9.2", "1.9.9", "1.9", patient="P2"),  # UID306
        tiny("1.9.9.3", "1.9.9", "1.9", sop_class=MR_CLASS, modality="MR"),  # UID401
        tiny("1.9.9.4", "1.9.9", "1.9", frame="1.9.4.1"),
        tiny("1.9.9.5", "1.9.9", "1.9", frame="1.9.4.2"),  # UID404
        tiny("1.9.9.6", "1.9", "1.9"),  # UID307, UID308
        tiny("1.9.7.1", "1.9.7", "1.9.9.1", frame="1.9.4.1", patient="P3"),  # UID308, UID309
        tiny("1.9.7.2", "1.9.7", "1.6", patient="P2", OtherPatientIDs="P1"),  # P1 and P2 are one after all
        tiny("1.9.5.1", "1.9.5", "1.9", sop_class=SEG_CLASS, modality="SEG", sources=(tiny("1.9.9.1"),)),
        tiny("1.9.9.8", "1.9.9", "1.9", sop_class=SEG_CLASS, modality="CT", sources=(tiny("1.9.9.2"),)),
        tiny("1.9.5.2", "1.9.5", "1.5", patient="P7", sop_class=PR_CLASS, sources=(tiny("1.9.9.3"),)),
        tiny("1.9.5.3", "1.9.3", "1.9", sources=(tiny("1.9.5.4"),)),
        tiny("1.9.5.4", "1.9.3", "1.9"),  # an image from an image of its series
        said_elsewhere,
    ]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("contradictions")
    return [str(save(each, folder / f"{index:02}.dcm")) for index, each in enumerate(contradictions())]


@pytest.fixture(scope="module", autouse=True)
def _lasting_readers() -> Iterator[None]:
    """The same processes read for every run of this module, so that none waits for their start."""
    made: dict[object, Readers] = {}

    def lasting(keys: ReaderKeys, limits: Limits, *, digests: bool = True) -> AbstractContextManager[Readers]:
        if (keys, digests) not in made:
            made[keys, digests] = Readers(keys, limits, digests=digests)
        return nullcontext(made[keys, digests])

    with pytest.MonkeyPatch.context() as patched:
        for module in (registering, reading):
            patched.setattr(module, "Readers", lasting)
        yield
    for readers in made.values():
        readers.__exit__()


Keys = frozenset[tuple[str, str, str | None, bytes | None]]


def kept(registry: OpenRegistry) -> Keys:
    found = kept_findings(registry)
    return frozenset((f.code, f.uid, f.counterpart, f.facts) for f in found if f.code not in TIMELY)


def uids(registry: OpenRegistry) -> frozenset[str]:
    with registry.database.reading() as connection:
        assert verify(connection).ok
        return frozenset(connection.exec_driver_sql("SELECT uid FROM uids").scalars())


@pytest.fixture(scope="module")
def in_one_batch(files: list[str], _registries: Callable[[str], Registries]) -> tuple[Keys, frozenset[str]]:
    """What comes of all files at once, on the embedded engine; the other must say the same."""
    with opened(_registries("sqlite").make()) as registry:
        register(registry, files)
        return kept(registry), uids(registry)


def test_the_pool_contradicts_itself_in_every_way_that_a_rule_knows(
    in_one_batch: tuple[Keys, frozenset[str]],
) -> None:
    codes = {code for code, *_ in in_one_batch[0]}
    assert codes >= {
        "UID301", "UID302", "UID303", "UID304", "UID305", "UID307", "UID308", "UID309", "UID315",
        "UID401", "UID402", "UID404", "UID501", "UID503", "UID507", "UID510", "UID514",
    }  # fmt: skip


@given(data=st.data())
@settings(max_examples=40)
def test_any_order_and_any_split_gives_the_same_ledger_and_the_same_findings(
    data: st.DataObject,
    files: list[str],
    in_one_batch: tuple[Keys, frozenset[str]],
    new_settings: Callable[[], Settings],
) -> None:
    order = data.draw(st.permutations(files))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(files) - 1), max_size=8)))
    with opened(new_settings()) as registry:
        for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
            register(registry, order[start:end])
        assert kept(registry) == in_one_batch[0]
        assert uids(registry) == in_one_batch[1]


def test_registering_one_by_one_backwards_gives_the_same(
    files: list[str], in_one_batch: tuple[Keys, frozenset[str]], registry: OpenRegistry
) -> None:
    for path in reversed(files):
        register(registry, [path])
    assert (kept(registry), uids(registry)) == in_one_batch


def test_everything_again_changes_neither_ledger_nor_findings(
    files: list[str], in_one_batch: tuple[Keys, frozenset[str]], registry: OpenRegistry
) -> None:
    for _ in range(2):
        register(registry, files)
    assert (kept(registry), uids(registry)) == in_one_batch


@given(data=st.data())
@settings(max_examples=30)
def test_check_says_what_register_then_does(
    data: st.DataObject, files: list[str], new_settings: Callable[[], Settings]
) -> None:
    before = data.draw(st.lists(st.sampled_from(files), unique=True, max_size=12))
    asked = data.draw(st.lists(st.sampled_from(files), unique=True, min_size=1, max_size=12))
    with opened(new_settings()) as registry:
        if before:
            register(registry, before)
        checked, registered = check(registry, asked), register(registry, asked)
    only_before_an_export = {"UID508"}
    said = {(f.key, f.facts) for f in checked.findings if f.code not in only_before_an_export}
    assert said == {(f.key, f.facts) for f in registered.findings}
    assert checked.verdicts == registered.verdicts
    assert checked.files == registered.files


def test_small_batches_inside_one_run_give_the_same(
    files: list[str],
    in_one_batch: tuple[Keys, frozenset[str]],
    registry: OpenRegistry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registering, "BATCH", 3)
    register(registry, files)
    assert (kept(registry), uids(registry)) == in_one_batch


def test_the_ledger_holds_every_uid_of_which_anything_was_claimed(
    files: list[str], new_settings: Callable[..., Settings]
) -> None:
    """Of a UID that isn't in the ledger nothing is looked up (store/knowledge.py)."""
    settings = new_settings("filled")
    with opened(replace(settings, check=settings.check.asked(("ALL",), ()))) as registry:
        register(registry, files)
        register(registry, files, context="research")
        with registry.database.reading() as connection:
            held = set(connection.execute(select(schema.ledger.c.uid)).scalars())
            for column in (
                schema.refused_claims.c.uid,
                schema.content_claims.c.uid,
                schema.context_contents.c.uid,
                schema.series_claims.c.series_uid,
                schema.patient_claims.c.uid,
                schema.context_patients.c.uid,
                schema.reference_claims.c.uid,
                schema.traits.c.uid,
                schema.frames.c.uid,
                schema.labels.c.scope_uid,
                schema.labels.c.uid,
            ):
                claimed = set(connection.execute(select(column)).scalars())
                assert claimed, column
                assert claimed <= held, column
