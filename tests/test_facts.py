"""Facts are the union of all that was ever claimed, in any order and any split."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.facts import (
    Appearance,
    Content,
    Facts,
    InstanceFacts,
    Placement,
    SeriesFacts,
    encoding_of,
    owned_by_patient,
)
from registry.fingerprint import SIZE, pack
from registry.records import (
    Kind,
    Label,
    Level,
    Mark,
    ObjectClaim,
    Patient,
    Reference,
    Role,
    Trait,
    in_order,
    speakers,
)
from tests.objects import CT_CLASS, MR_CLASS

STUDY, SERIES, INSTANCE = "1.2.3", "1.2.3.4", "1.2.3.4.1"
FRAME, TRACKING, DEVICE = "1.2.3.9", "1.2.3.8", "1.2.3.7"
ATLAS = "1.2.840.10008.1.4.1.1"

EXPLICIT_LITTLE, EXPLICIT_BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
IMPLICIT_LITTLE, DEFLATED = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"
JPEG, RLE = "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.5"

PIXELS, OTHER_PIXELS = b"p" * 16, b"q" * 16
ANN, BEN, CLEO, DORA = (Patient(name) for name in (b"ann", b"ben", b"cleo", b"dora"))


def at(patient: Patient, issuer: bytes) -> Patient:
    """The same Patient ID, with its issuer."""
    return patient._replace(issuer=issuer)


def claim(
    instance: str | None = INSTANCE,
    series: str | None = SERIES,
    study: str | None = STUDY,
    *,
    sop_class: str | None = CT_CLASS,
    modality: str | None = "CT",
    syntax: str | None = EXPLICIT_LITTLE,
    content: bytes | None = PIXELS,
    **more: object,
) -> ObjectClaim:
    """What one object says; an ordinary slice where nothing else is told."""
    return ObjectClaim(
        sop_instance_uid=instance,
        sop_class_uid=sop_class,
        series_instance_uid=series,
        study_instance_uid=study,
        modality=modality,
        transfer_syntax_uid=syntax,
        content_digest=content,
        content_order=content or b"",  # no key needed: what is hashed here is no secret
        **{"whole": True, "missing": () if instance else ("SOPInstanceUID",), **more},  # type: ignore[arg-type]
    )


def facts_of(*claims: ObjectClaim) -> Facts:
    facts = Facts()
    for one in claims:
        facts.add(one)
        facts.label(one)
    return facts


# Few UIDs, so that claims collide in every way; some can be no key of the ledger.
few_uids = st.sampled_from(["1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.04"])
named = st.one_of(few_uids, few_uids, st.sampled_from([None, "1.2..5", "1.2.3\n", ATLAS]))
digests = st.sampled_from([None, PIXELS, OTHER_PIXELS])
patients = st.sampled_from([ANN, at(ANN, b"x"), at(ANN, b"y"), BEN, at(BEN, b"x"), CLEO, DORA])


def bytes_of(digest: bytes | None) -> bytes:
    return digest or b""


fingerprints = st.lists(st.sampled_from([None, b"x" * SIZE, b"y" * SIZE]), min_size=9, max_size=9).map(pack)

claims = st.builds(
    ObjectClaim,
    sop_instance_uid=named,
    series_instance_uid=named,
    study_instance_uid=named,
    sop_class_uid=st.sampled_from([None, CT_CLASS, MR_CLASS]),
    modality=st.sampled_from([None, "CT", "MR"]),
    transfer_syntax_uid=st.sampled_from([None, EXPLICIT_LITTLE, IMPLICIT_LITTLE, JPEG, RLE]),
    content_digest=digests,
    data_set_digest=digests,
    patient=st.none() | patients,
    aliases=st.lists(patients, max_size=2).map(tuple),
    frame_of_reference_uid=named,
    shared=st.lists(st.tuples(st.sampled_from(list(Kind)[3:]), few_uids), max_size=2, unique=True).map(tuple),
    references=st.lists(st.builds(Reference, few_uids, role=st.sampled_from(Role)), max_size=2).map(tuple),
    traits=st.frozensets(st.sampled_from(Trait)),
    frames=st.lists(few_uids, max_size=1).map(tuple),
    registered=st.lists(few_uids, max_size=3).map(tuple),
    labels=st.lists(st.builds(Label, few_uids, st.sampled_from(Mark), digests.map(bytes_of), few_uids)).map(
        tuple
    ),
    fingerprints=st.dictionaries(st.sampled_from(Level), fingerprints),
)
"""Claims about few UIDs, in every combination."""


# --- what one claim says -------------------------------------------------------------------


def test_an_object_says_what_each_of_its_uids_is_and_where() -> None:
    reference = Reference("1.2.9", CT_CLASS, role=Role.SOURCE)
    facts = facts_of(
        claim(
            data_set_digest=b"d",
            patient=ANN,
            aliases=(BEN,),
            frame_of_reference_uid=FRAME,
            shared=((Kind.FRAME_OF_REFERENCE, FRAME), (Kind.TRACKING, TRACKING), (Kind.DEVICE, DEVICE)),
            references=(reference,),
            traits=frozenset({Trait.LOSSY}),
        )
    )
    assert facts.kinds == {
        STUDY: {Kind.STUDY},
        SERIES: {Kind.SERIES},
        INSTANCE: {Kind.INSTANCE},
        FRAME: {Kind.FRAME_OF_REFERENCE},
        TRACKING: {Kind.TRACKING},
        DEVICE: {Kind.DEVICE},
    }
    assert facts.instances == {
        INSTANCE: InstanceFacts(
            placements={Placement(SERIES, STUDY)},
            sop_classes={CT_CLASS},
            modalities={"CT"},
            contents={Content("native", PIXELS): {b"d"}},
            lossy={Content("native", PIXELS): {True}},
            references={reference},
            traits={Trait.LOSSY},
        )
    }
    assert facts.frame_series == {FRAME: {SERIES}}
    assert facts.series == {
        SERIES: SeriesFacts(studies={STUDY}, appearances={Appearance(CT_CLASS, "CT", FRAME)})
    }
    # A device serves many patients; study, frame of reference and tracking identifier belong to one.
    assert facts.patients == {STUDY: {ANN}, FRAME: {ANN}, TRACKING: {ANN}}
    assert facts.aliases == {frozenset({ANN, BEN})}


def test_what_a_claim_leaves_open_adds_nothing() -> None:
    facts = facts_of(claim(sop_class=None, modality=None, content=None, data_set_digest=b"d"))
    assert facts.instances[INSTANCE] == InstanceFacts(placements={Placement(SERIES, STUDY)})
    untold = Appearance(None, None, None)
    assert facts.series[SERIES] == SeriesFacts(studies={STUDY}, appearances={untold})
    assert facts.series[SERIES].sop_classes == facts.series[SERIES].modalities == set()
    assert not facts.patients
    assert not facts.aliases


@pytest.mark.parametrize(
    ("one", "kinds"),
    [
        (claim(series=None), {STUDY: {Kind.STUDY}, INSTANCE: {Kind.INSTANCE}}),
        (claim(study=None), {SERIES: {Kind.SERIES}, INSTANCE: {Kind.INSTANCE}}),
        (claim(instance=None), {STUDY: {Kind.STUDY}, SERIES: {Kind.SERIES}}),
        (claim(instance="1.2.x"), {STUDY: {Kind.STUDY}, SERIES: {Kind.SERIES}}),
        (claim(instance="1" + ".2" * 32), {STUDY: {Kind.STUDY}, SERIES: {Kind.SERIES}}),
        (claim(series="1.2.3\n"), {STUDY: {Kind.STUDY}, INSTANCE: {Kind.INSTANCE}}),
        (claim(study="1"), {SERIES: {Kind.SERIES}, INSTANCE: {Kind.INSTANCE}}),
        (claim(None, None, "1.2.003"), {"1.2.003": {Kind.STUDY}}),  # recorded as itself
        (claim(None, None, None, shared=((Kind.FRAME_OF_REFERENCE, ATLAS),)), {}),  # the standard's own
        (claim("1.2.3", "1.2.3", "1.2.3"), {"1.2.3": {Kind.STUDY, Kind.SERIES, Kind.INSTANCE}}),
    ],
)
def test_only_what_can_be_a_key_of_the_ledger_speaks(one: ObjectClaim, kinds: dict[str, set[Kind]]) -> None:
    facts = facts_of(one)
    assert facts.kinds == kinds
    keys = {uid for uid, found in kinds.items() if Kind.INSTANCE in found}
    assert facts.instances.keys() == keys
    assert one.place == tuple(
        next((uid for uid, found in kinds.items() if kind in found), None)
        for kind in (Kind.INSTANCE, Kind.SERIES, Kind.STUDY)
    )


def test_roles_come_before_shared_uids_and_study_before_series() -> None:
    one = claim(shared=((Kind.FRAME_OF_REFERENCE, FRAME), (Kind.TRACKING, TRACKING), (Kind.DEVICE, DEVICE)))
    assert [kind for kind, _ in one.identities] == [
        Kind.STUDY,
        Kind.SERIES,
        Kind.INSTANCE,
        Kind.FRAME_OF_REFERENCE,
        Kind.TRACKING,
        Kind.DEVICE,
    ]
    assert list(owned_by_patient(one)) == [STUDY, FRAME, TRACKING]


@pytest.mark.parametrize(
    ("syntax", "encoding"),
    [
        (None, "native"),
        (IMPLICIT_LITTLE, "native"),
        (EXPLICIT_LITTLE, "native"),
        (DEFLATED, "native"),
        (EXPLICIT_BIG, "native"),
        (JPEG, JPEG),
        (RLE, RLE),
        ("1.2.840.113619.5.2", "1.2.840.113619.5.2"),  # private: compared with its own
    ],
)
def test_native_encodings_compare_and_a_compressed_one_only_with_its_own(syntax: str, encoding: str) -> None:
    assert encoding_of(syntax) == encoding


def test_the_place_something_was_issued_for_counts_among_its_places() -> None:
    facts = InstanceFacts(
        {Placement("1.2.5", "1.2"), Placement("1.2.6", None)}, issued=Placement("1.3.5", "1.3")
    )
    assert facts.series == {"1.2.5", "1.2.6", "1.3.5"}
    assert facts.studies == {"1.2", "1.3"}
    assert facts.placements == {Placement("1.2.5", "1.2"), Placement("1.2.6", None)}


# --- the union of all claims ----------------------------------------------------------------


def put_together(into: InstanceFacts, more: InstanceFacts) -> None:
    for name in ("placements", "sop_classes", "modalities", "references", "traits", "frames"):
        getattr(into, name).update(getattr(more, name))
    for name in ("contents", "lossy"):
        for content, known in getattr(more, name).items():
            getattr(into, name).setdefault(content, set()).update(known)


def union(parts: list[Facts]) -> Facts:
    """Facts put together set by set: what any split into batches must come to."""
    whole = Facts()
    for part in parts:
        for uid, kinds in part.kinds.items():
            whole.kinds[uid] |= kinds
        for uid, known in part.patients.items():
            whole.patients[uid] |= known
        for uid, series in part.series.items():
            whole.series[uid].studies |= series.studies
            whole.series[uid].appearances |= series.appearances
        for uid, instance in part.instances.items():
            put_together(whole.instances[uid], instance)
        for frame, inside in part.frame_series.items():
            whole.frame_series[frame] |= inside
        for place, labels in part.labels.items():
            for value, uids in labels.items():
                whole.labels[place][value] |= uids
        for level, subject, packed in part.attributes.novel:
            whole.attributes.know(level, subject, packed)
        whole.registered |= part.registered
        whole.aliases |= part.aliases
    return whole


def test_the_union_above_forgets_nothing_that_a_claim_can_say() -> None:
    by_people = {"parted", "former"}
    of_claims = {field.name for field in fields(Facts)} - by_people
    assert of_claims == {
        "kinds",
        "instances",
        "series",
        "patients",
        "aliases",
        "attributes",
        "registered",
        "frame_series",
        "labels",
    }
    by_request = {"issued", "issued_study", "issued_modality"} | by_people
    assert {field.name for field in fields(InstanceFacts)} - by_request == {
        "placements",
        "sop_classes",
        "modalities",
        "contents",
        "lossy",
        "references",
        "traits",
        "frames",
    }
    assert {field.name for field in fields(SeriesFacts)} - by_request == {"studies", "appearances"}


@given(st.lists(claims, max_size=6), st.data())
def test_the_same_claims_give_the_same_facts_in_any_order(
    batch: list[ObjectClaim], data: st.DataObject
) -> None:
    assert facts_of(*data.draw(st.permutations(batch))) == facts_of(*batch)


@given(st.lists(st.lists(claims, max_size=3), max_size=4))
def test_the_same_claims_give_the_same_facts_in_any_split_into_batches(
    batches: list[list[ObjectClaim]],
) -> None:
    whole = facts_of(*(one for batch in batches for one in batch))
    assert union([facts_of(*batch) for batch in batches]) == whole


@given(st.lists(claims, min_size=1, max_size=4), st.data())
def test_saying_it_again_changes_nothing(batch: list[ObjectClaim], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(batch), max_size=4))
    assert facts_of(*batch, *again) == facts_of(*batch)


@given(claims)
def test_from_where_a_claim_comes_says_nothing(one: ObjectClaim) -> None:
    assert facts_of(replace(one, path="elsewhere.dcm")) == facts_of(one)


# --- one patient or two ------------------------------------------------------------------------


def aliased(*pairs: tuple[Patient, Patient]) -> Facts:
    return Facts(aliases={frozenset(pair) for pair in pairs})


X, Y = b"hospital x", b"hospital y"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ANN, ANN, True),
        (ANN, BEN, False),
        (at(ANN, X), at(ANN, X), True),
        (at(ANN, X), at(ANN, Y), False),
        (at(ANN, X), ANN, True),  # objects often drop the issuer
        (at(ANN, X), at(BEN, X), False),
    ],
)
def test_one_patient_is_one_id_and_no_two_issuers(one: Patient, other: Patient, same: bool) -> None:
    assert Facts().one_patient(one, other) is same
    assert Facts().one_patient(other, one) is same


@pytest.mark.parametrize(
    ("facts", "one", "other", "same"),
    [
        (aliased((ANN, BEN)), ANN, BEN, True),
        (aliased((ANN, BEN)), ANN, CLEO, False),
        (aliased((ANN, BEN), (BEN, CLEO)), ANN, CLEO, True),
        (aliased((ANN, BEN), (BEN, CLEO), (CLEO, DORA)), ANN, DORA, True),
        (aliased((ANN, BEN), (CLEO, DORA)), ANN, DORA, False),
        (aliased((at(ANN, X), at(BEN, Y))), at(ANN, X), at(BEN, Y), True),
        (aliased((at(ANN, X), at(BEN, Y))), at(ANN, Y), at(BEN, Y), False),
        (aliased((at(ANN, X), at(ANN, Y))), at(ANN, X), at(ANN, Y), True),  # said to be one
        # An issuer that is missing matches any, at both ends of a chain and in its middle.
        (aliased((at(ANN, X), at(BEN, Y))), ANN, BEN, True),
        (aliased((ANN, BEN)), at(ANN, X), at(BEN, Y), True),
        (aliased((ANN, at(BEN, X)), (BEN, CLEO)), ANN, CLEO, True),
        (aliased((ANN, at(BEN, X)), (at(BEN, Y), CLEO)), ANN, CLEO, False),
    ],
)
def test_ids_that_an_object_gives_to_one_person_are_one_also_in_a_chain(
    facts: Facts, one: Patient, other: Patient, same: bool
) -> None:
    assert facts.one_patient(one, other) is same
    assert facts.one_patient(other, one) is same


alias_pairs = st.sets(st.frozensets(patients, min_size=1, max_size=2), max_size=6)


def connected(one: Patient, other: Patient, aliases: set[frozenset[Patient]]) -> bool:
    """Warshall's way to the same answer: join what touches through each patient in turn."""
    everyone = sorted({one, other, *(patient for pair in aliases for patient in pair)})
    joined = {(a, b) for a in everyone for b in everyone if a.may_be(b) or {a, b} in aliases}
    for through in everyone:
        joined |= {
            (a, b) for a in everyone for b in everyone if (a, through) in joined and (through, b) in joined
        }
    return (one, other) in joined


@given(patients, patients, alias_pairs)
def test_two_ids_are_one_patient_exactly_if_a_chain_joins_them(
    one: Patient, other: Patient, aliases: set[frozenset[Patient]]
) -> None:
    same = connected(one, other, aliases)
    assert Facts(aliases=aliases).one_patient(one, other) is same
    assert Facts(aliases=aliases).one_patient(other, one) is same


@given(st.lists(patients, max_size=4), alias_pairs, alias_pairs, st.data())
def test_learning_more_aliases_only_ever_makes_two_patients_one(
    listed: list[Patient], known: set[frozenset[Patient]], more: set[frozenset[Patient]], data: st.DataObject
) -> None:
    before, after = Facts(aliases=known), Facts(aliases=known | more)
    assert before.two_patients(listed) or not after.two_patients(listed)
    assert after.two_patients(data.draw(st.permutations(listed))) is after.two_patients(listed)


@pytest.mark.parametrize(
    ("listed", "two"),
    [
        ([], False),
        ([ANN], False),
        ([ANN, ANN], False),
        ([ANN, BEN], True),
        ([at(ANN, X), ANN], False),
        ([at(ANN, X), ANN, at(ANN, Y)], True),  # the one without issuer doesn't make the others one
        ([ANN, at(ANN, X), BEN], True),
    ],
)
def test_among_patients_there_are_two_if_any_two_cant_be_the_same(listed: list[Patient], two: bool) -> None:
    assert Facts().two_patients(listed) is two
    assert Facts().two_patients(set(listed)) is two


def test_aliases_that_one_object_tells_count_for_all() -> None:
    facts = facts_of(claim(patient=ANN, aliases=(BEN, CLEO)), claim(patient=CLEO, aliases=(DORA,)))
    assert not facts.two_patients([ANN, BEN, CLEO, DORA])


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 4), max_size=12))
def test_what_objects_share_needs_saying_once(picks: list[tuple[int, int, int, int]]) -> None:
    claims = [
        claim(
            f"{INSTANCE}{instance}",
            f"{SERIES}{series}",
            patient=(ANN, BEN, None)[patient],
            shared=((Kind.FRAME_OF_REFERENCE, f"{FRAME}{frame}"),),
            frame_of_reference_uid=f"{FRAME}{frame}" if frame else None,
            whole=bool(frame % 2),
        )
        for instance, series, patient, frame in picks
    ]
    one_by_one, at_once = Facts(), Facts()
    for each in claims:
        one_by_one.add(each)
    for each in speakers(claims):
        at_once.add_setting(each)
    for each in claims:
        at_once.add_instance(each)
    assert at_once == one_by_one


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), max_size=8))
def test_which_claim_is_first_is_told_by_the_uid_and_where_that_is_the_same_by_all(
    picks: list[tuple[int, int, int]],
) -> None:
    claims = [
        claim(f"{INSTANCE}{instance}" if instance else None, f"{SERIES}{series}", content=bytes([content]))
        for instance, series, content in picks
    ]
    assert [each.order for each in in_order(claims)] == sorted(each.order for each in claims)
