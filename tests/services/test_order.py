"""The order in which objects come, and how they are split into batches, decides nothing but who was first.

A pool of objects that contradict one another in every way that a rule knows is
registered in drawn orders and splits; what the registry then holds is compared.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from sqlalchemy import select

from registry.dicomfile.readerkeys import ReaderKeys
from registry.limits import Limits
from registry.records import Kind
from registry.rules import RULES
from registry.rules.base import Scope
from registry.services import checking, registering
from registry.services.checking import check
from registry.services.keeping import rotate_key
from registry.services.opening import OpenRegistry, key_path, opened
from registry.services.querying import kept_findings
from registry.services.reading import Readers
from registry.services.registering import register
from registry.settings import Settings
from registry.store import schema
from registry.store.ledger import Issue, enter_issued
from registry.store.verification import verify
from registry.store.words import Words
from tests.conftest import Registries
from tests.objects import (
    MR_CLASS,
    PR_CLASS,
    ROOT,
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

TOOLKIT = "1.2.826.0.1.3680043.8.498"  # pydicom's root

TIMELY = {"UID203", "UID207", "UID312", "UID508"}
"""Rules about what wasn't known *then*: the only ones that order may decide (design, section 3)."""

OF_A_SCOPE = {"UID701", "UID702", "UID703", "UID704"}
"""Rules about maps of replacement, and about checks against one: registering asks none of them."""


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
        *of_issued_uids(),
        *of_two_descriptions(),
        *of_wrong_references(),
        *of_numbers(),
    ]


ISSUED = (f"{ROOT}.5", f"{ROOT}.5.7")  # a study, and a series in it


def of_issued_uids() -> list[Dataset]:
    """What was issued for one place and is used in another, or had something appended."""
    study, series = ISSUED
    return [
        tiny(f"{TOOLKIT}.1", f"{TOOLKIT}.2", study, patient="P8"),  # UID204
        tiny(f"{study}.8.1", series, study, patient="P8", modality="SR"),  # UID206, UID313
    ]


def of_two_descriptions() -> list[Dataset]:
    """Attributes of patients, studies, series, specimens on which objects don't agree; copies."""
    slices = ct_slices(1), ct_slices(1, study="1.4", patient="P5")
    for (image,) in slices:
        del image.OtherPatientIDsSequence
    reports = [report(s, f"1.4.1.{n}", f"1.4.1.{n}.1", tracking_uid="1.4.77") for n, s in enumerate(slices)]
    specimen = [Dataset(), Dataset()]
    for number, item in enumerate(specimen):
        item.SpecimenUID, item.SpecimenIdentifier = "1.4.5", str(number)
    first = {"patient": "P6", "SpecimenDescriptionSequence": specimen[:1]}
    second = {"patient": "P6", "SpecimenDescriptionSequence": specimen[1:]}
    return [
        *slices[1],
        *reports,  # UID311
        report(slices[1], "1.4.1.1", "1.4.1.1.1", tracking_uid="1.4.78"),  # UID513
        tiny("1.3.1.1", "1.3.1", "1.3", Manufacturer="A", SeriesNumber=1, AccessionNumber="1", **first),
        # UID314, UID403, UID405, UID406, UID407
        tiny(
            "1.3.1.2",
            "1.3.1",
            "1.3",
            Manufacturer="B",
            SeriesNumber=2,
            AccessionNumber="2",
            PatientSex="F",
            **second,
        ),
        tiny("1.3.1.3", "1.3.1", "1.3", PatientSex="M", patient="P6", ImageType=["ORIGINAL", "PRIMARY"]),
        tiny("1.3.1.4", "1.3.1", "1.3", patient="P6", ImageType=["DERIVED", "PRIMARY"]),  # UID502
        tiny(
            "1.3.1.4", "1.3.1", "1.3", patient="P6", pixels=b"\1\1\1\1", LossyImageCompression="01"
        ),  # UID504
    ]


def of_wrong_references() -> list[Dataset]:
    """Objects that lie elsewhere than their sources, or name them as what they aren't."""
    source = tiny("1.2.1.1", "1.2.1", "1.2", patient="P7", frame="1.2.9")
    strayed = tiny(
        "1.2.5.1", "1.2.5", "1.3", patient="P7", sop_class=SEG_CLASS, frame="1.2.8", sources=(source,)
    )
    misnamed = tiny("1.2.6.1", "1.2.6", "1.2", patient="P7", sop_class=SR_CLASS)
    misnamed.SourceImageSequence = [reference_to(source, MR_CLASS)]
    return [source, strayed, misnamed]  # UID505, UID506, UID509


def of_numbers() -> list[Dataset]:
    """Series of one image each that look the same, and numbers that are given twice."""
    look = {"patient": "P4", "SeriesNumber": 7, "SeriesDescription": "axial"}
    return [tiny(f"1.1.{n}.1", f"1.1.{n}", "1.1", InstanceNumber=n, **look) for n in range(1, 5)]  # UID408


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("contradictions")
    return [str(save(each, folder / f"{index:02}.dcm")) for index, each in enumerate(contradictions())]


@pytest.fixture(scope="module", autouse=True)
def _lasting_readers() -> Iterator[None]:
    """The same processes read for every run of this module, so that none waits for their start."""
    made: dict[object, Readers] = {}

    def lasting(
        keys: ReaderKeys, limits: Limits, *, digests: bool = True, **_: object
    ) -> AbstractContextManager[Readers]:
        if (keys, digests) not in made:
            made[keys, digests] = Readers(keys, limits, digests=digests)
        return nullcontext(made[keys, digests])

    with pytest.MonkeyPatch.context() as patched:
        for module in (registering, checking):
            patched.setattr(module, "Readers", lasting)
        yield
    for readers in made.values():
        readers.__exit__()


@contextmanager
def every_rule(settings: Settings) -> Iterator[OpenRegistry]:
    """A registry that asks every rule, those too that are off unless selected, and has issued
    a study and a series."""
    asked = replace(settings, check=settings.check.asked(("ALL",), ()))
    with opened(asked) as registry:
        with registry.act("uid:issue") as act:
            words, nodes = Words(act.connection), dict[str, int]()
            words.add(act, ["SEG"])
            study, series = ISSUED
            enter_issued(act, words, Issue(Kind.STUDY, (study,)), nodes)
            enter_issued(act, words, Issue(Kind.SERIES, (series,), study, modality="SEG"), nodes)
            act.commit()
        yield registry


@pytest.fixture
def registry(settings: Settings) -> Iterator[OpenRegistry]:
    with every_rule(settings) as registry:
        yield registry


Keys = frozenset[tuple[str, str, str | None, bytes | None]]


def kept(registry: OpenRegistry) -> Keys:
    found = [f for f in kept_findings(registry) if f.code not in TIMELY]
    # What a patient is called depends on the registry's key.
    return frozenset((f.code, f.uid.split("-")[0], f.counterpart, f.facts) for f in found)


def uids(registry: OpenRegistry) -> frozenset[str]:
    with registry.database.reading() as connection:
        assert verify(connection).ok
        return frozenset(connection.exec_driver_sql("SELECT uid FROM uids").scalars())


@pytest.fixture(scope="module")
def in_one_batch(files: list[str], _registries: Callable[[str], Registries]) -> tuple[Keys, frozenset[str]]:
    """What comes of all files at once, on the embedded engine; the other must say the same."""
    with every_rule(_registries("sqlite").make()) as registry:
        register(registry, files)
        return kept(registry), uids(registry)


def test_the_pool_contradicts_itself_in_every_way_that_a_rule_knows(
    in_one_batch: tuple[Keys, frozenset[str]],
) -> None:
    codes = {code for code, *_ in in_one_batch[0]}
    kept_ones = {rule.code for rule in RULES if rule.scope is Scope.REGISTRY} - TIMELY - OF_A_SCOPE
    assert codes >= kept_ones


@given(data=st.data())
@settings(max_examples=20)
def test_any_order_and_any_split_gives_the_same_ledger_and_the_same_findings(
    data: st.DataObject,
    files: list[str],
    in_one_batch: tuple[Keys, frozenset[str]],
    new_settings: Callable[[], Settings],
) -> None:
    order = data.draw(st.permutations(files))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(files) - 1), max_size=8)))
    with every_rule(new_settings()) as registry:
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
@settings(max_examples=15)
def test_check_says_what_register_then_does(
    data: st.DataObject, files: list[str], new_settings: Callable[[], Settings]
) -> None:
    before = data.draw(st.lists(st.sampled_from(files), unique=True, max_size=12))
    asked = data.draw(st.lists(st.sampled_from(files), unique=True, min_size=1, max_size=12))
    with every_rule(new_settings()) as registry:
        if before:
            register(registry, before)
        checked, registered = check(registry, asked), register(registry, asked)
    only_before_an_export = {"UID508", "UID515"}
    said = {(f.key, f.facts) for f in checked.findings if f.code not in only_before_an_export}
    assert said == {(f.key, f.facts) for f in registered.findings}
    assert checked.verdicts == registered.verdicts
    assert checked.files == registered.files


def rotated(settings: Settings, folder: Path) -> Settings:
    """The settings of a registry that has a key file of its own and issued what others have."""
    own = folder / f"{secrets.token_hex(4)}.key"
    with opened(settings) as registry:
        shared = key_path(settings, registry.database, registry.identity.origin)
    shutil.copy(shared, own)
    return replace(settings, key_file=str(own))


@pytest.mark.engine("sqlite")
@given(data=st.data())
@settings(max_examples=3, phases=set(Phase) - {Phase.shrink})
def test_a_rotation_of_the_key_at_any_time_gives_the_same(
    data: st.DataObject,
    files: list[str],
    in_one_batch: tuple[Keys, frozenset[str]],
    new_settings: Callable[[], Settings],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    order = data.draw(st.permutations(files))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(files) - 1), min_size=1, max_size=4)))
    rotations = data.draw(st.sets(st.sampled_from(cuts), min_size=1, max_size=2))
    asked = rotated(new_settings(), tmp_path_factory.mktemp("keys"))
    with every_rule(asked):
        pass
    for start, end in zip([0, *cuts], [*cuts, len(order)], strict=True):
        with opened(replace(asked, check=asked.check.asked(("ALL",), ()))) as registry:
            if start in rotations:
                rotate_key(registry, "a test")
        with opened(replace(asked, check=asked.check.asked(("ALL",), ()))) as registry:
            checked = check(registry, order[start:end])
            report = register(registry, order[start:end])
            assert report.verdicts == checked.verdicts
            found = kept(registry), uids(registry)
    assert (names(found[0]), found[1]) == (names(in_one_batch[0]), in_one_batch[1])


def names(keys: Keys) -> set[object]:
    """Findings but for those about patients, who have another name under each key, and are
    compared over studies under one alone."""
    return {key[:3] for key in keys if key[0] != "UID407"}


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
