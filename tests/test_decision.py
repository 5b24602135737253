"""How a claim is decided: new, repeat or collision, and what follows for the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from registry.decision import Decision, NewRow, RefusedClaim, SeenContent, Standing, Use, decide
from registry.facts import Facts, encoding_of
from registry.records import Kind, ObjectClaim, Origin, Patient, Verdict
from tests.objects import CT_CLASS, MR_CLASS, SEG_CLASS
from tests.test_facts import (
    ANN,
    BEN,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    FRAME,
    IMPLICIT_LITTLE,
    INSTANCE,
    JPEG,
    OTHER_PIXELS,
    PIXELS,
    RLE,
    SERIES,
    STUDY,
    TRACKING,
    at,
    claim,
    claims,
    facts_of,
)

NEW, REPEAT, NOT_COMPARED, COLLISION = (
    Verdict.NEW,
    Verdict.REPEAT,
    Verdict.NOT_COMPARED,
    Verdict.COLLISION,
)
ISSUED, OBSERVED, FOREIGN = Origin.ISSUED, Origin.OBSERVED, Origin.FOREIGN

OTHER_STUDY, OTHER_SERIES = "1.2.5", "1.2.5.4"
IN_FRAME = ((Kind.FRAME_OF_REFERENCE, FRAME),)


def study(uid: str = STUDY, origin: Origin = OBSERVED, *, patient: Patient | None = None) -> Standing:
    return Standing(uid, Kind.STUDY, origin, patient=patient)


def series(
    uid: str = SERIES, of: str | None = STUDY, origin: Origin = OBSERVED, *, modality: str | None = "CT"
) -> Standing:
    return Standing(uid, Kind.SERIES, origin, study_instance_uid=of, modality=modality)


def instance(
    uid: str = INSTANCE,
    place: tuple[str | None, str | None] = (SERIES, STUDY),
    origin: Origin = OBSERVED,
    *,
    sop_class: str | None = CT_CLASS,
    native: bytes | None = PIXELS,
) -> Standing:
    contents = {"native": [native]} if native else {}
    return Standing(uid, Kind.INSTANCE, origin, *place, sop_class_uid=sop_class, contents=contents)


KNOWN = (study(patient=ANN), series(), instance(), study(OTHER_STUDY), series(OTHER_SERIES, OTHER_STUDY))
"""A ledger that holds an ordinary slice, and another series elsewhere."""


def decided(batch: Iterable[ObjectClaim], *standing: Standing, aliases: Facts | None = None) -> Decision:
    return decide(batch, {row.uid: row for row in standing}, aliases or Facts())


def verdicts(decision: Decision) -> list[Verdict]:
    return [verdict for _, verdict in decision.verdicts]


def placed(decision: Decision) -> dict[str, tuple[Kind, str | None, str | None]]:
    """The new rows: kind, series and study of each UID."""
    return {
        row.standing.uid: (
            row.standing.kind,
            row.standing.series_instance_uid,
            row.standing.study_instance_uid,
        )
        for row in decision.rows
    }


# --- new ---------------------------------------------------------------------------------


def test_an_unknown_object_is_new_and_each_of_its_uids_gets_a_row() -> None:
    decision = decided(
        [claim(patient=ANN, shared=(*IN_FRAME, (Kind.TRACKING, TRACKING)), data_set_digest=b"d")]
    )
    assert verdicts(decision) == [NEW]
    assert decision.rows == [
        NewRow(study(patient=ANN)),
        NewRow(series()),
        NewRow(Standing(FRAME, Kind.FRAME_OF_REFERENCE, OBSERVED)),
        NewRow(Standing(TRACKING, Kind.TRACKING, OBSERVED)),
        NewRow(instance(), EXPLICIT_LITTLE, PIXELS, b"d"),
    ]
    assert (decision.refused, decision.uses, decision.contents) == (set(), [], set())


def test_of_a_second_object_only_what_is_new_gets_a_row() -> None:
    second = f"{SERIES}.2"
    decision = decided([claim(second)], *KNOWN)
    assert verdicts(decision) == [NEW]
    assert placed(decision) == {second: (Kind.INSTANCE, SERIES, STUDY)}


def test_the_transfer_syntax_is_kept_with_a_content_alone() -> None:
    (*_, row) = decided([claim(content=None)]).rows
    assert row == NewRow(instance(native=None), None, None, None)


@pytest.mark.parametrize("uid", [None, "", "1.2..3", "1.2.3\n"])
def test_an_object_without_a_usable_uid_has_no_verdict_but_its_parents_are_recorded(uid: str | None) -> None:
    decision = decided([claim(uid)])
    assert decision.verdicts == []
    assert placed(decision) == {STUDY: (Kind.STUDY, None, None), SERIES: (Kind.SERIES, None, STUDY)}


def test_nothing_claimed_nothing_decided() -> None:
    assert decided([], *KNOWN) == Decision()


# --- repeat --------------------------------------------------------------------------------


def test_what_stands_already_is_a_repeat_and_adds_nothing() -> None:
    decision = decided([claim(patient=ANN)], *KNOWN)
    assert decision == Decision(verdicts=[(claim(patient=ANN), REPEAT)])


def test_the_same_file_twice_in_a_batch_is_new_once_and_then_a_repeat() -> None:
    assert verdicts(decided([claim(path="a"), claim(path="b")])) == [NEW, REPEAT]


@pytest.mark.parametrize(
    "one",
    [
        claim(syntax=IMPLICIT_LITTLE),  # native encodings compare with each other
        claim(syntax=EXPLICIT_BIG),
        claim(syntax=None),
        claim(data_set_digest=b"other attributes"),  # a note of the rules (UID315), no collision
        claim(modality="MR"),  # of an observed series: a finding (UID401), no collision
        claim(sop_class=None),
        claim(study=None),
        claim(series=None),
        claim(series=None, study=None),
        claim(patient=at(ANN, b"x")),
        claim(patient=None),
        claim(frame_of_reference_uid=FRAME),
    ],
)
def test_what_disagrees_with_nothing_on_record_is_a_repeat(one: ObjectClaim) -> None:
    decision = decided([one], *KNOWN)
    assert decision == Decision(verdicts=[(one, REPEAT)])


@pytest.mark.parametrize(
    "standing",
    [
        (study(), series(), instance()),  # a study without a patient
        (study(patient=at(ANN, b"x")), series(), instance()),
        (study(patient=ANN), series(modality=None), instance(sop_class=None)),
    ],
)
def test_what_the_record_doesnt_know_disagrees_with_nothing(standing: tuple[Standing, ...]) -> None:
    decision = decided([claim(patient=ANN)], *standing)
    assert verdicts(decision) == [REPEAT]
    assert decision.rows == []


@pytest.mark.parametrize(
    "standing",
    [
        (study(), series(of=None), instance(place=(SERIES, None))),  # first seen without a study
        (study(), series(), instance(place=(None, None))),  # first seen without a series
    ],
    ids=["study", "series"],
)
def test_a_parent_that_the_record_doesnt_know_disagrees_with_nothing(standing: tuple[Standing, ...]) -> None:
    assert verdicts(decided([claim()], *standing)) == [REPEAT]


def test_one_object_without_its_study_makes_no_collision_of_the_rest_of_its_series() -> None:
    slices = [claim(f"{SERIES}.{number}", study=STUDY if number > 1 else None) for number in (1, 2, 3)]
    assert verdicts(decided(slices)) == [NEW, NEW, NEW]


# --- not compared ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "standing"),
    [
        (claim(content=None), instance()),  # digests are optional (--digest none)
        (claim(), instance(native=None)),
        (claim(content=None), instance(native=None)),
        (claim(syntax=JPEG), instance()),  # compressed against native
    ],
)
def test_a_content_with_nothing_to_compare_it_with_is_no_repeat_and_no_collision(
    one: ObjectClaim, standing: Standing
) -> None:
    assert verdicts(decided([one], study(), series(), standing)) == [NOT_COMPARED]


def test_a_content_seen_for_the_first_time_is_kept_and_compared_from_then_on() -> None:
    first = claim(syntax=JPEG, content=b"j" * 16, data_set_digest=b"d", path="a")
    again, other, rle = (
        replace(first, path="b"),
        replace(first, content_digest=b"k" * 16, path="c"),
        replace(first, content_digest=b"l" * 16, transfer_syntax_uid=RLE, path="d"),
    )
    decision = decided([first, again, other, rle], *KNOWN)
    assert verdicts(decision) == [NOT_COMPARED, REPEAT, COLLISION, NOT_COMPARED]
    assert decision.contents == {
        SeenContent(INSTANCE, JPEG, b"j" * 16, b"d", True),
        SeenContent(INSTANCE, JPEG, b"k" * 16, b"d", False),
        SeenContent(INSTANCE, RLE, b"l" * 16, b"d", True),
    }


# --- collisions: the first record stays, the claim is kept -----------------------------------------

PLACED_OTHERWISE = RefusedClaim(INSTANCE, Kind.INSTANCE, OTHER_SERIES, OTHER_STUDY, CT_CLASS)


@pytest.mark.parametrize(
    ("one", "refused"),
    [
        pytest.param(
            claim(series=OTHER_SERIES, study=OTHER_STUDY), {PLACED_OTHERWISE}, id="in another series"
        ),
        pytest.param(
            claim(study=OTHER_STUDY),
            {
                RefusedClaim(SERIES, Kind.SERIES, None, OTHER_STUDY, None, "CT"),
                RefusedClaim(INSTANCE, Kind.INSTANCE, SERIES, OTHER_STUDY, CT_CLASS),
            },
            id="in another study",
        ),
        pytest.param(
            claim(sop_class=MR_CLASS),
            {RefusedClaim(INSTANCE, Kind.INSTANCE, SERIES, STUDY, MR_CLASS)},
            id="of another class",
        ),
        pytest.param(
            claim(f"{SERIES}.2", study=OTHER_STUDY),
            {
                RefusedClaim(SERIES, Kind.SERIES, None, OTHER_STUDY, None, "CT"),
                RefusedClaim(f"{SERIES}.2", Kind.INSTANCE, SERIES, OTHER_STUDY, CT_CLASS),
            },
            id="a new instance whose series is in another study",
        ),
        pytest.param(
            claim(SERIES, "1.2.3.5"),
            {RefusedClaim(SERIES, Kind.INSTANCE, "1.2.3.5", STUDY, CT_CLASS)},
            id="an instance that is a series",
        ),
        pytest.param(
            claim(f"{SERIES}.2", INSTANCE),
            {
                RefusedClaim(INSTANCE, Kind.SERIES, None, STUDY, None, "CT"),
                RefusedClaim(f"{SERIES}.2", Kind.INSTANCE, INSTANCE, STUDY, CT_CLASS),
            },
            id="a series that is an instance",
        ),
        pytest.param(
            claim(f"{SERIES}.2", "1.2.3.5", SERIES),
            {
                RefusedClaim(SERIES, Kind.STUDY),
                RefusedClaim("1.2.3.5", Kind.SERIES, None, SERIES, None, "CT"),
                RefusedClaim(f"{SERIES}.2", Kind.INSTANCE, "1.2.3.5", SERIES, CT_CLASS),
            },
            id="a study that is a series",
        ),
        pytest.param(
            claim(shared=((Kind.FRAME_OF_REFERENCE, OTHER_SERIES),)),
            {RefusedClaim(OTHER_SERIES, Kind.FRAME_OF_REFERENCE)},
            id="a frame of reference that is a series",
        ),
        pytest.param(claim(patient=BEN), set(), id="of another patient"),  # told by UID306
        pytest.param(claim(content=OTHER_PIXELS), set(), id="with another content"),  # told by UID301
    ],
)
def test_a_claim_that_conflicts_with_the_record_is_refused_and_kept(
    one: ObjectClaim, refused: set[RefusedClaim]
) -> None:
    decision = decided([one], *KNOWN)
    assert verdicts(decision) == [COLLISION]
    assert decision.refused == refused


def test_another_content_is_kept_in_whatever_native_encoding_it_comes() -> None:
    decision = decided([claim(content=OTHER_PIXELS, syntax=EXPLICIT_BIG, data_set_digest=b"d")], *KNOWN)
    assert verdicts(decision) == [COLLISION]
    assert decision.contents == {SeenContent(INSTANCE, EXPLICIT_BIG, OTHER_PIXELS, b"d", False)}


def test_a_content_that_collided_once_collides_again() -> None:
    collided = instance()
    collided.contents["native"].append(OTHER_PIXELS)
    decision = decided([claim(content=OTHER_PIXELS)], study(), series(), collided)
    assert decision == Decision(verdicts=[(claim(content=OTHER_PIXELS), COLLISION)])


@pytest.mark.parametrize("aliases", [facts_of(claim(patient=ANN, aliases=(BEN,)))])
def test_another_id_of_the_same_patient_is_no_collision(aliases: Facts) -> None:
    assert verdicts(decided([claim(patient=BEN)], *KNOWN)) == [COLLISION]
    assert verdicts(decided([claim(patient=BEN)], *KNOWN, aliases=aliases)) == [REPEAT]


def test_the_first_patient_of_a_study_is_the_one_it_has() -> None:
    slices = [
        claim(f"{SERIES}.{number}", patient=patient) for number, patient in ((1, None), (2, ANN), (3, BEN))
    ]
    assert verdicts(decided(slices, study(), series())) == [NEW, NEW, COLLISION]


def test_two_issuers_of_one_id_are_two_patients() -> None:
    slices = [claim(f"{SERIES}.{number}", patient=at(ANN, name)) for number, name in ((1, b"x"), (2, b"y"))]
    assert verdicts(decided(slices)) == [NEW, COLLISION]


# --- what conflicts is refused, what doesn't is recorded ----------------------------------------------


@pytest.mark.parametrize(
    ("one", "rows", "refused"),
    [
        pytest.param(
            claim(INSTANCE, STUDY, STUDY),
            {STUDY: (Kind.STUDY, None, None), INSTANCE: (Kind.INSTANCE, None, None)},
            {
                RefusedClaim(STUDY, Kind.SERIES, None, STUDY, None, "CT"),
                RefusedClaim(INSTANCE, Kind.INSTANCE, STUDY, STUDY, CT_CLASS),
            },
            id="series is study",
        ),
        pytest.param(
            claim(SERIES, SERIES, STUDY),
            {STUDY: (Kind.STUDY, None, None), SERIES: (Kind.SERIES, None, STUDY)},
            {RefusedClaim(SERIES, Kind.INSTANCE, SERIES, STUDY, CT_CLASS)},
            id="instance is series",
        ),
        pytest.param(
            claim(STUDY, SERIES, STUDY),
            {STUDY: (Kind.STUDY, None, None), SERIES: (Kind.SERIES, None, STUDY)},
            {RefusedClaim(STUDY, Kind.INSTANCE, SERIES, STUDY, CT_CLASS)},
            id="instance is study",
        ),
        pytest.param(
            claim(STUDY, STUDY, STUDY),
            {STUDY: (Kind.STUDY, None, None)},
            {
                RefusedClaim(STUDY, Kind.SERIES, None, STUDY, None, "CT"),
                RefusedClaim(STUDY, Kind.INSTANCE, STUDY, STUDY, CT_CLASS),
            },
            id="all three are one",
        ),
        pytest.param(
            claim(shared=((Kind.FRAME_OF_REFERENCE, SERIES),)),
            {
                STUDY: (Kind.STUDY, None, None),
                SERIES: (Kind.SERIES, None, STUDY),
                INSTANCE: (Kind.INSTANCE, SERIES, STUDY),
            },
            {RefusedClaim(SERIES, Kind.FRAME_OF_REFERENCE)},
            id="frame of reference is series",
        ),
        pytest.param(
            claim(shared=((Kind.FRAME_OF_REFERENCE, INSTANCE),)),
            {
                STUDY: (Kind.STUDY, None, None),
                SERIES: (Kind.SERIES, None, STUDY),
                INSTANCE: (Kind.FRAME_OF_REFERENCE, None, None),
            },
            {RefusedClaim(INSTANCE, Kind.INSTANCE, SERIES, STUDY, CT_CLASS)},
            id="frame of reference is instance",
        ),
        pytest.param(
            claim(shared=(*IN_FRAME, (Kind.SPECIMEN, FRAME))),
            {
                STUDY: (Kind.STUDY, None, None),
                SERIES: (Kind.SERIES, None, STUDY),
                INSTANCE: (Kind.INSTANCE, SERIES, STUDY),
                FRAME: (Kind.FRAME_OF_REFERENCE, None, None),
            },
            {RefusedClaim(FRAME, Kind.SPECIMEN)},
            id="specimen is frame of reference",
        ),
    ],
)
def test_one_uid_in_two_roles_of_a_file_is_a_collision_with_itself(
    one: ObjectClaim, rows: dict[str, tuple[Kind, str | None, str | None]], refused: set[RefusedClaim]
) -> None:
    decision = decided([one])
    assert verdicts(decision) == [COLLISION]
    assert placed(decision) == rows
    assert decision.refused == refused


def test_a_uid_whose_parent_was_refused_is_taken_but_placed_nowhere() -> None:
    decision = decided([claim(f"{SERIES}.2", study=OTHER_STUDY)], *KNOWN)
    assert placed(decision) == {f"{SERIES}.2": (Kind.INSTANCE, None, None)}
    assert decision.rows[0].content_digest == PIXELS


def test_an_unplaced_instance_collides_each_time_its_claim_comes() -> None:
    before = instance(f"{SERIES}.2", (None, None))
    decision = decided([claim(f"{SERIES}.2", study=OTHER_STUDY)], *KNOWN, before)
    assert verdicts(decision) == [COLLISION]
    assert decision.rows == []


def test_the_standards_own_frames_of_reference_collide_with_nothing() -> None:
    atlas = "1.2.840.10008.1.4.1.1"
    decision = decided([claim(shared=((Kind.FRAME_OF_REFERENCE, atlas),))])
    assert verdicts(decision) == [NEW]
    assert atlas not in placed(decision)


# --- what was issued, and named as a parent ---------------------------------------------------------------

ISSUED_SEG = (
    study(origin=FOREIGN),
    series(origin=ISSUED, modality="SEG"),
    instance(origin=ISSUED, sop_class=None, native=None),
)
AS_ISSUED = claim(sop_class=SEG_CLASS, modality="SEG")


def test_issued_uids_used_as_they_were_recorded_are_new_and_their_use_is_noted() -> None:
    decision = decided([AS_ISSUED], *ISSUED_SEG)
    assert decision == Decision(
        verdicts=[(AS_ISSUED, NEW)],
        uses=[Use(STUDY, True), Use(SERIES, True), Use(INSTANCE, True, SEG_CLASS)],
        contents={SeenContent(INSTANCE, EXPLICIT_LITTLE, PIXELS, None, True)},
    )


def test_the_second_time_they_are_a_repeat_and_no_use_is_noted() -> None:
    again = replace(AS_ISSUED, path="again")
    decision = decided([AS_ISSUED, again], *ISSUED_SEG)
    assert verdicts(decision) == [NEW, REPEAT]
    assert len(decision.uses) == 3
    used = [replace(row, seen={True}) for row in ISSUED_SEG]
    later = decided([AS_ISSUED], *used)
    assert verdicts(later) == [NOT_COMPARED]  # this ledger knows no content yet
    assert later.uses == []


@pytest.mark.parametrize(
    ("one", "uses", "refused"),
    [
        pytest.param(
            replace(AS_ISSUED, modality="CT"),
            {Use(STUDY, True), Use(SERIES, False), Use(INSTANCE, True, SEG_CLASS)},
            {RefusedClaim(SERIES, Kind.SERIES, None, STUDY, None, "CT")},
            id="modality",
        ),
        pytest.param(
            replace(AS_ISSUED, study_instance_uid=OTHER_STUDY),
            {Use(SERIES, False), Use(INSTANCE, False, SEG_CLASS)},
            {
                RefusedClaim(SERIES, Kind.SERIES, None, OTHER_STUDY, None, "SEG"),
                RefusedClaim(INSTANCE, Kind.INSTANCE, SERIES, OTHER_STUDY, SEG_CLASS),
            },
            id="study",
        ),
        pytest.param(
            replace(AS_ISSUED, series_instance_uid=OTHER_SERIES),
            {Use(STUDY, True), Use(INSTANCE, False, SEG_CLASS)},
            {RefusedClaim(INSTANCE, Kind.INSTANCE, OTHER_SERIES, STUDY, SEG_CLASS)},
            id="series",
        ),
    ],
)
def test_issued_uids_used_otherwise_than_they_were_issued_for_are_a_collision(
    one: ObjectClaim, uses: set[Use], refused: set[RefusedClaim]
) -> None:
    decision = decided([one], *ISSUED_SEG)
    assert verdicts(decision) == [COLLISION]
    assert set(decision.uses) == uses
    assert decision.refused == refused


def test_an_issued_uid_used_as_another_kind_is_a_collision_and_no_use() -> None:
    decision = decided([claim(SERIES, OTHER_SERIES, OTHER_STUDY)], *ISSUED_SEG)
    assert verdicts(decision) == [COLLISION]
    assert decision.uses == []
    assert decision.refused == {RefusedClaim(SERIES, Kind.INSTANCE, OTHER_SERIES, OTHER_STUDY, CT_CLASS)}


def test_both_sorts_of_use_are_noted_once_each() -> None:
    misused = replace(AS_ISSUED, modality="CT")
    batch = [replace(one, path=str(number)) for number, one in enumerate([AS_ISSUED, misused] * 2)]
    decision = decided(batch, *ISSUED_SEG)
    assert sorted(use for use in decision.uses if use.uid == SERIES) == [
        Use(SERIES, False),
        Use(SERIES, True),
    ]
    assert len(decision.uses) == 4


@pytest.mark.parametrize("modality", [None, "SEG", "CT"])
def test_a_series_issued_without_a_modality_may_be_used_with_any(modality: str | None) -> None:
    standing = (study(), series(origin=ISSUED, modality=None))
    decision = decided([claim(modality=modality)], *standing)
    assert verdicts(decision) == [NEW]
    assert decision.uses == [Use(SERIES, True)]


def test_the_class_of_an_issued_instance_is_the_first_it_is_used_with() -> None:
    decision = decided([claim(sop_class=MR_CLASS, path="b"), claim(path="a")], *ISSUED_SEG[:1], ISSUED_SEG[2])
    assert verdicts(decision) == [NEW, COLLISION]
    assert [use.sop_class_uid for use in decision.uses if use.uid == INSTANCE] == [CT_CLASS, MR_CLASS]


@pytest.mark.parametrize("origin", [ISSUED, FOREIGN])
def test_a_shared_uid_is_used_like_any_other(origin: Origin) -> None:
    frame = Standing(FRAME, Kind.FRAME_OF_REFERENCE, origin)
    slices = [claim(f"{SERIES}.{number}", shared=IN_FRAME) for number in (1, 2)]
    decision = decided(slices, study(), series(), frame)
    assert verdicts(decision) == [NEW, NEW]
    assert decision.uses == [Use(FRAME, True)]


def test_parents_named_before_they_were_seen_are_used_when_they_are() -> None:
    decision = decided([claim()], study(origin=FOREIGN), series(origin=FOREIGN, modality=None))
    assert verdicts(decision) == [NEW]
    assert decision.uses == [Use(STUDY, True), Use(SERIES, True)]
    assert placed(decision) == {INSTANCE: (Kind.INSTANCE, SERIES, STUDY)}


# --- first in a batch is defined ---------------------------------------------------------------------


def test_of_two_that_collide_the_first_by_order_wins_not_the_first_by_arrival() -> None:
    one, other = claim(content=PIXELS), claim(content=OTHER_PIXELS)
    assert one.order < other.order
    for batch in ([one, other], [other, one]):
        assert decided(batch).verdicts == [(one, NEW), (other, COLLISION)]


@pytest.mark.parametrize(
    "other",
    [
        claim(series=OTHER_SERIES),
        claim(study=OTHER_STUDY),
        claim(sop_class=MR_CLASS),
        claim(modality="MR"),
        claim(syntax=JPEG),
        claim(data_set_digest=b"d"),
        claim(patient=BEN),
        claim(shared=((Kind.FRAME_OF_REFERENCE, INSTANCE),)),
    ],
    ids=["series", "study", "class", "modality", "encoding", "data set", "patient", "shared UID"],
)
def test_whatever_two_claims_differ_in_gives_them_an_order(other: ObjectClaim) -> None:
    one = claim(patient=ANN)
    assert decided([one, other]) == decided([other, one])


some_uids = st.sampled_from([STUDY, SERIES, INSTANCE, OTHER_STUDY, OTHER_SERIES, "1.2.003"])
some_classes = st.sampled_from([None, CT_CLASS, MR_CLASS])
plausible = st.builds(
    claim,
    st.sampled_from([INSTANCE, INSTANCE, f"{SERIES}.2"]),
    st.sampled_from([SERIES, SERIES, OTHER_SERIES, None]),
    st.sampled_from([STUDY, STUDY, OTHER_STUDY, None]),
    sop_class=some_classes,
    modality=st.sampled_from([None, "CT", "MR"]),
    syntax=st.sampled_from([EXPLICIT_LITTLE, IMPLICIT_LITTLE, JPEG]),
    content=st.sampled_from([None, PIXELS, OTHER_PIXELS]),
    patient=st.sampled_from([None, ANN, BEN]),
    shared=st.sampled_from([(), IN_FRAME, ((Kind.TRACKING, FRAME),), ((Kind.TRACKING, SERIES),)]),
)
"""Claims that mostly agree; the others collide in every way there is."""


@st.composite
def batches(draw: st.DrawFn) -> list[ObjectClaim]:
    """Claims from files, so each with a path of its own."""
    drawn = draw(st.lists(plausible | claims, max_size=6))
    return [replace(one, path=f"{number}.dcm") for number, one in enumerate(drawn)]


standings = st.one_of(
    st.builds(study, some_uids, st.sampled_from(Origin), patient=st.sampled_from([None, ANN, BEN])),
    st.builds(
        series,
        some_uids,
        st.sampled_from([STUDY, OTHER_STUDY]),
        st.sampled_from(Origin),
        modality=st.sampled_from([None, "CT", "MR"]),
    ),
    st.builds(
        instance,
        some_uids,
        st.sampled_from([(SERIES, STUDY), (OTHER_SERIES, OTHER_STUDY)]),
        st.sampled_from(Origin),
        sop_class=some_classes,
        native=st.sampled_from([None, PIXELS, OTHER_PIXELS]),
    ),
    st.builds(Standing, some_uids, st.just(Kind.FRAME_OF_REFERENCE), st.sampled_from(Origin)),
)
ledgers = st.lists(standings, max_size=4).map(lambda rows: {row.uid: row for row in rows})


@given(batches(), ledgers, st.data())
def test_the_order_in_which_claims_are_given_decides_nothing(
    batch: list[ObjectClaim], ledger: dict[str, Standing], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(batch))
    assert decide(shuffled, ledger, facts_of(*shuffled)) == decide(batch, ledger, facts_of(*batch))


@given(batches(), ledgers)
def test_deciding_changes_nothing_that_it_was_given(
    batch: list[ObjectClaim], ledger: dict[str, Standing]
) -> None:
    facts = facts_of(*batch)
    before = deepcopy((batch, ledger, facts))
    decide(batch, ledger, facts)
    assert (batch, ledger, facts) == before


def of_series(one: ObjectClaim) -> bool:
    """As a row of an index that knows no instances."""
    return one.of_series and one.place[1] is not None


@given(batches(), ledgers)
def test_every_claim_about_an_instance_has_one_verdict_and_every_uid_one_row(
    batch: list[ObjectClaim], ledger: dict[str, Standing]
) -> None:
    facts = facts_of(*batch)
    decision = decide(batch, ledger, facts)
    judged = [one for one, _ in decision.verdicts]
    assert sorted(one.path for one in judged) == sorted(
        one.path for one in batch if one.sop_instance_uid in facts.instances or of_series(one)
    )
    entered = [row.standing.uid for row in decision.rows]
    assert len(entered) == len(set(entered))
    assert {*entered, *ledger} == {*facts.kinds, *ledger}
    assert ledger.keys().isdisjoint(entered)


@given(batches(), ledgers)
def test_a_row_is_placed_under_what_stands_as_a_series_and_a_study(
    batch: list[ObjectClaim], ledger: dict[str, Standing]
) -> None:
    decision = decide(batch, ledger, facts_of(*batch))
    stands = {**ledger, **{row.standing.uid: row.standing for row in decision.rows}}
    for row in decision.rows:
        above = {
            Kind.SERIES: row.standing.study_instance_uid,
            Kind.INSTANCE: row.standing.series_instance_uid,
        }
        parent = above.get(row.standing.kind)
        if parent is not None:
            assert stands[parent].kind == row.standing.kind - 1
        if row.standing.kind is Kind.INSTANCE and parent is not None and row.standing.study_instance_uid:
            assert stands[parent].study_instance_uid == row.standing.study_instance_uid


@given(batches(), ledgers)
def test_nothing_that_was_claimed_is_dropped(batch: list[ObjectClaim], ledger: dict[str, Standing]) -> None:
    """Each kind and content that a claim asserts stands in the ledger, or is kept as refused or seen."""
    facts = facts_of(*batch)
    decision = decide(batch, ledger, facts)
    stands = {**ledger, **{row.standing.uid: row.standing for row in decision.rows}}
    asserted = {(uid, kind) for uid, kinds in facts.kinds.items() for kind in kinds}
    kept = {(uid, row.kind) for uid, row in stands.items()} | {(r.uid, r.kind) for r in decision.refused}
    assert asserted <= kept
    seen = {
        (seen.uid, encoding_of(seen.transfer_syntax_uid), seen.content_digest) for seen in decision.contents
    }
    seen |= {
        (uid, encoding, digest)
        for uid, row in ledger.items()
        for encoding, digests in row.contents.items()
        for digest in digests
    }
    seen |= {
        (row.standing.uid, encoding_of(row.transfer_syntax_uid), row.content_digest) for row in decision.rows
    }
    for uid, known in facts.instances.items():
        assert {(uid, content.encoding, content.digest) for content in known.contents} <= seen


@given(batches(), ledgers)
def test_every_place_that_was_claimed_is_kept(batch: list[ObjectClaim], ledger: dict[str, Standing]) -> None:
    facts = facts_of(*batch)
    decision = decide(batch, ledger, facts)
    stands = {**ledger, **{row.standing.uid: row.standing for row in decision.rows}}
    refused = {
        (one.uid, one.kind, one.series_instance_uid, one.study_instance_uid) for one in decision.refused
    }
    for uid, series_facts in facts.series.items():
        for study_uid in series_facts.studies - {stands[uid].study_instance_uid}:
            assert (uid, Kind.SERIES, None, study_uid) in refused
    for uid, known in facts.instances.items():
        row = stands[uid]
        for place in known.placements:
            here = (row.series_instance_uid, row.study_instance_uid if place.study_instance_uid else None)
            assert here == place or (uid, Kind.INSTANCE, *place) in refused


@given(batches(), ledgers)
@example([claim(sop_class=None, path="a"), claim(path="b")], {})
@example([AS_ISSUED], {row.uid: replace(row, seen={True}) for row in ISSUED_SEG})
def test_every_class_that_was_claimed_is_kept(batch: list[ObjectClaim], ledger: dict[str, Standing]) -> None:
    """Else UID304 would depend on how the same claims are split into batches."""
    facts = facts_of(*batch)
    decision = decide(batch, ledger, facts)
    stands = {**ledger, **{row.standing.uid: row.standing for row in decision.rows}}
    kept = {(one.uid, one.sop_class_uid) for one in (*decision.refused, *decision.uses)}
    kept |= {(uid, row.sop_class_uid) for uid, row in stands.items()}
    assert {(uid, name) for uid, known in facts.instances.items() for name in known.sop_classes} <= kept


def after(ledger: Mapping[str, Standing], decision: Decision) -> dict[str, Standing]:
    """What stands once a decision is written, as the store reads it back."""
    stands = {uid: deepcopy(row) for uid, row in ledger.items()}
    for row in decision.rows:
        written = replace(deepcopy(row.standing), contents={}, patient=None, seen=set())
        if row.content_digest is not None:
            written.contents[encoding_of(row.transfer_syntax_uid)] = [row.content_digest]
        stands[written.uid] = written
    for use in decision.uses:
        used = stands[use.uid]
        used.seen.add(use.as_recorded)
        used.sop_class_uid = used.sop_class_uid or use.sop_class_uid
    for seen in decision.contents:
        stands[seen.uid].contents.setdefault(encoding_of(seen.transfer_syntax_uid), []).append(
            seen.content_digest
        )
    return stands


@given(batches(), ledgers)
def test_the_same_batch_again_brings_nothing_new(
    batch: list[ObjectClaim], ledger: dict[str, Standing]
) -> None:
    facts = facts_of(*batch)
    first = decide(batch, ledger, facts)
    again = decide(batch, after(ledger, first), facts)
    assert (again.rows, again.uses, again.contents) == ([], [], set())
    assert again.refused <= first.refused
    assert Verdict.NEW not in verdicts(again)
