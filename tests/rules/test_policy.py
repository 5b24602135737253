"""Which rules are asked, and how grave their findings are: the nearest place, then the most specific word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.checksettings import CheckSettings, Override, Selection
from registry.errors import BadRequest, BadSetting
from registry.records import Finding, Severity
from registry.rules import RULES
from registry.rules.policy import PLAIN, Policy

STABLE = {rule.code for rule in RULES if not rule.preview}
NOTE, WARNING, ERROR = Severity.NOTE, Severity.WARNING, Severity.ERROR


def asked(*places: tuple[str, str], preview: str = "") -> set[str]:
    """The codes that are asked; of each place, the nearest first, what it selects and what it ignores."""
    selections = tuple(
        Selection(f"place {number}", tuple(select.split()), tuple(ignore.split()))
        for number, (select, ignore) in enumerate(places)
    )
    book = tuple(replace(r, preview=r.code in preview.split()) for r in RULES if r.code in STABLE)
    return {rule.code for rule in Policy(CheckSettings(selections), book).rules}


def family(digit: int) -> set[str]:
    return {code for code in STABLE if code.startswith(f"UID{digit}")}


# --- selection -------------------------------------------------------------------------------


def test_where_nobody_says_anything_stable_rules_are_asked_and_preview_ones_are_not() -> None:
    assert asked() == STABLE
    assert asked(preview="UID315 UID501") == STABLE - {"UID315", "UID501"}


def test_selecting_adds_and_never_turns_the_rest_off() -> None:
    assert asked(("UID501", ""), preview="UID501 UID503") == STABLE - {"UID503"}
    assert asked(("UID5", ""), preview="UID501 UID503 UID401") == STABLE - {"UID401"}
    assert asked(("ALL", ""), preview="UID501 UID401") == STABLE


@pytest.mark.parametrize(
    ("select", "ignore", "codes"),
    [
        ("UID101", "ALL", {"UID101"}),
        ("malformed-uid", "ALL", {"UID101"}),
        ("uid101", "all", {"UID101"}),
        ("UID5", "ALL", family(5)),
        ("UID5", "ALL UID501", family(5) - {"UID501"}),
        ("", "UID5", STABLE - family(5)),
        ("UID501", "UID5", STABLE - family(5) | {"UID501"}),
        ("UID5", "UID501", STABLE - {"UID501"}),
        ("ALL", "UID5", STABLE - family(5)),
        # Of two that are equally specific ignoring wins.
        ("UID501", "UID501", STABLE - {"UID501"}),
        ("UID501", "derived-in-source-series", STABLE - {"UID501"}),
        ("UID5", "UID5", STABLE - family(5)),
        ("ALL", "ALL", set()),
    ],
)
def test_the_most_specific_word_decides(select: str, ignore: str, codes: set[str]) -> None:
    assert asked((select, ignore)) == codes


def test_a_nearer_place_decides_before_a_farther_one_however_specific_that_is() -> None:
    assert asked(("UID5", ""), ("", "UID501")) == STABLE
    assert asked(("", "UID5"), ("UID501", "")) == STABLE - family(5)
    assert asked(("", "UID315"), ("", "UID501"), ("UID315", "")) == STABLE - {"UID315", "UID501"}
    assert asked(("UID101", "ALL"), ("UID501", "")) == {"UID101"}


words = st.sampled_from(["ALL", "UID1", "UID5", "UID101", "UID501", "UID503", "malformed-uid", "UID315"])
lists = st.lists(words, max_size=4).map(" ".join)


@given(lists, lists)
def test_what_is_selected_and_not_ignored_is_asked(select: str, ignore: str) -> None:
    codes = asked((select, ignore), preview="UID501 UID315")
    for code in STABLE:
        if code in select.split() and code not in ignore.split() and code != "UID101":
            assert code in codes
        if code in ignore.split():
            assert code not in codes


@given(lists, lists)
def test_the_order_of_the_words_decides_nothing(select: str, ignore: str) -> None:
    turned = tuple(" ".join(reversed(words.split())) for words in (select, ignore))
    assert asked((select, ignore)) == asked(turned)  # type: ignore[arg-type]


def test_the_rules_stay_in_the_order_of_the_book() -> None:
    policy = Policy(CheckSettings((Selection("x", ("UID501", "UID101"), ("ALL",)),)))
    assert [rule.code for rule in policy.rules] == ["UID101", "UID501"]


# --- what nobody knows --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("UID510x", "UID510"),
        ("UID999", ""),
        ("derived-in-source-serie", "derived-in-source-series"),
        ("UID9", ""),
        ("UID", ""),
        ("", ""),
        ("UID50", ""),
    ],
)
def test_a_rule_that_nobody_knows_is_refused_with_what_may_have_been_meant(word: str, meant: str) -> None:
    with pytest.raises(BadSetting) as caught:
        Policy(CheckSettings((Selection("/project/uid-registry.toml", (), (word,)),)))
    assert f"{word!r} (from /project/uid-registry.toml) is no rule" in caught.value.message
    assert meant in caught.value.advice
    assert ("Did you mean" in caught.value.advice) or not meant


def test_on_the_command_line_it_is_a_request_that_cannot_be_understood() -> None:
    with pytest.raises(BadRequest) as caught:
        Policy(CheckSettings().asked(["UID5O1"], []))
    assert not isinstance(caught.value, BadSetting)
    assert "'UID5O1' (from --select) is no rule" in caught.value.message
    assert "UID501" in caught.value.advice


def test_it_is_refused_in_an_override_too() -> None:
    with pytest.raises(BadSetting, match="'UID777'"):
        Policy(CheckSettings(overrides=(Override("user", ("UID777",), NOTE),)))


# --- severity -----------------------------------------------------------------------------------


def finding(code: str = "UID501", uid: str | None = "1.2.3.4", severity: Severity = ERROR) -> Finding:
    return Finding(code, "name", severity, uid, "message", "fix")


def judged(*overrides: Override, uid: str | None = "1.2.3.4", modalities: tuple[str, ...] = ()) -> Severity:
    return Policy(CheckSettings(overrides=overrides)).severity(finding(uid=uid), modalities)


def override(rules: str, severity: Severity, *, place: str = "project", **conditions: str) -> Override:
    return Override(place, tuple(rules.split()), severity, **conditions)


def test_without_an_override_a_finding_is_as_grave_as_it_was_found() -> None:
    assert PLAIN.severity(finding(severity=WARNING)) is WARNING
    assert judged(override("UID503", NOTE)) is ERROR


@pytest.mark.parametrize("word", ["UID501", "derived-in-source-series", "UID5", "ALL", "uid501"])
def test_an_override_says_how_grave_a_rule_is(word: str) -> None:
    assert judged(override(word, NOTE)) is NOTE


def test_a_rule_itself_goes_before_its_family_and_that_before_all() -> None:
    three = (override("ALL", ERROR), override("UID501", NOTE), override("UID5", WARNING))
    assert judged(*three) is judged(*reversed(three)) is NOTE
    assert judged(*three[::2]) is WARNING


@pytest.mark.parametrize(
    ("uid", "severity"),
    [("1.2.3", NOTE), ("1.2.3.4", NOTE), ("1.2.33", ERROR), ("1.2", ERROR), (None, ERROR)],
)
def test_an_override_below_a_root_is_about_what_lies_under_it(uid: str | None, severity: Severity) -> None:
    assert judged(override("UID501", NOTE, root="1.2.3"), uid=uid) is severity


def test_an_override_for_a_modality_is_about_what_has_it() -> None:
    of_mammography = override("UID501", NOTE, modality="MG")
    assert judged(of_mammography, modalities=("MG",)) is NOTE
    assert judged(of_mammography, modalities=("CT", "MG")) is NOTE
    assert judged(of_mammography, modalities=("CT",)) is judged(of_mammography) is ERROR


def test_all_conditions_of_an_override_must_fit_and_more_conditions_go_first() -> None:
    both = override("ALL", NOTE, root="1.2.3", modality="MG")
    one = override("UID501", WARNING, root="1.2.3")
    assert judged(both, one, modalities=("MG",)) is NOTE
    assert judged(both, one, modalities=("CT",)) is WARNING
    assert judged(both, one, uid="1.5", modalities=("MG",)) is ERROR


def test_of_nested_roots_the_longer_decides() -> None:
    assert judged(override("UID501", NOTE, root="1.2.3"), override("UID501", WARNING, root="1.2")) is NOTE


def test_of_equal_overrides_the_graver_decides() -> None:
    assert judged(override("UID501", NOTE), override("UID501", WARNING)) is WARNING


def test_the_nearer_file_decides_before_the_other_however_specific_that_is() -> None:
    near, far = override("ALL", NOTE), override("UID501", WARNING, place="user", root="1.2.3")
    assert judged(near, far) is NOTE
    assert judged(override("UID503", NOTE), far) is WARNING


# --- what is known to be shared or elsewhere ---------------------------------------------------------


def test_what_lies_under_an_external_arc_is_external() -> None:
    policy = Policy(CheckSettings(external=("1.2.840.113619", "1.3.6.1.5")))
    assert [policy.is_external(uid) for uid in ("1.2.840.113619", "1.2.840.113619.2", "1.3.6.1.5.9")] == [
        True
    ] * 3
    assert not policy.is_external("1.2.840.1136199")
    assert not PLAIN.is_external("1.2.840.113619")


def test_shared_frames_are_those_of_the_settings() -> None:
    assert Policy(CheckSettings(shared_frames=("1.2.3.4",))).shared_frames == {"1.2.3.4"}
