"""The pages: whole by themselves, harmless whatever was typed, and all that is flagged is in them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from registry.acknowledgement import State
from registry.records import Severity
from registry.render.page.folded import MOST_BOXES, folded
from registry.render.page.frame import Made
from registry.render.page.markup import tag, written
from registry.render.page.overview import overview_page
from registry.render.page.study import study_page
from registry.services.opening import RegistryName
from registry.services.overview import Overview, RuleCount
from registry.services.statistics import Count, Dimension
from registry.services.studygraph import Stray, StudyGraph
from registry.services.trailstate import TrailState
from registry.store.verification import Verification
from tests.pictures import BROWSER, shot
from tests.render.page.graphs import MADE, NAME, TRAIL, finding, graph, series

EVIL = "<script>alert(1)</script>\"'&\x1b]8;;http://example.org\x07\u202e\udcff"

WRONG = [
    finding("UID510", series(2), series(0)),
    finding("UID507", series(3), series(1), Severity.WARNING),
    finding("UID509", series(1), series(0), state=State.ACKNOWLEDGED),
    finding("UID508", series(3), series(0), Severity.NOTE),
]
STRAY = Stray(series(0), "segmentation", (finding("UID501", "1.2.3.0.7", series(0)),))
SMALL = graph(
    ["CT", "SEG", "SR", "PR"], [(0, 1), (0, 2), (1, 3), (0, 3)], [*WRONG], strays=[STRAY], elsewhere=[1]
)


def text_of(of: StudyGraph, state: TrailState = TRAIL) -> str:
    return written(study_page(of, state, MADE))


def registry_page(name: RegistryName = NAME, actor: str = "ann", made: Made = MADE) -> str:
    counts = (
        Count("2026-10", "1.2.826.0.99", actor, issued=5),
        Count("2026-11", "1.2.826.0.99", "bob", issued=1500),
        Count("2026-11", None, "bob", registered=7),
    )
    since, until = "2026-10-01T00:00:00.000000Z", "2026-12-01T00:00:00.000000Z"
    findings = (RuleCount("UID501", Severity.ERROR, 3, 1), RuleCount("UID204", Severity.NOTE, 0, 2))
    return written(
        overview_page(
            Overview(name, since, until, None, Dimension.MONTH, ("2026-10", "2026-11"), counts, {}, findings),
            TRAIL,
            made,
        )
    )


def classes(text: str, of: str) -> list[list[str]]:
    """The classes of each element that has one."""
    found = html.fromstring(text).xpath(f"//*[contains(concat(' ', @class, ' '), ' {of} ')]")
    return [each.get("class").split() for each in found]


def labels(text: str) -> set[tuple[str, str]]:
    """What is written beside arrows, and the class of its arrow."""
    found = html.fromstring(text).xpath("//*[@class='label']")
    return {(each.text, each.getparent().get("class")) for each in found}


# --- what is in it -----------------------------------------------------------------------------


def test_every_arrow_that_is_flagged_says_so_by_class_and_code() -> None:
    text = text_of(SMALL)
    assert labels(text) == {
        ("! UID510", "arrow error"),
        ("! UID507", "arrow warning"),
        ("! UID501", "arrow error"),
        ("UID508", "arrow"),
        ("UID509", "arrow"),  # somebody knows of it
    }


def test_series_that_are_flagged_say_so_too() -> None:
    boxes = {
        box.xpath("../@href")[0]: (box.get("class"), box.xpath("*[@class='codes']/text()"))
        for box in html.fromstring(text_of(SMALL)).xpath("//a/g[contains(@class, 'state-')]")
    }
    assert boxes == {
        "#series-1.2.3.0": ("box state-registered", []),
        "#series-1.2.3.1": ("box state-registered elsewhere", ["UID509"]),
        "#series-1.2.3.2": ("box state-registered error", ["! UID510"]),
        "#series-1.2.3.3": ("box state-registered warning", ["! UID507 UID508"]),
    }


def test_the_picture_is_told_in_words_and_in_tables() -> None:
    page = html.fromstring(text_of(SMALL))
    (picture,) = page.xpath("//svg[@class='graph']")
    assert picture.get("role") == "img"
    told = {each.get("id"): each.text for each in picture.xpath("title | desc")}
    assert told[picture.get("aria-labelledby")] == "Study 1.2.3"
    assert told[picture.get("aria-describedby")].startswith("3 series of the study, 1 of others; 4 arrows")
    rows = [
        [" ".join(cell.itertext()).split() for cell in row]
        for row in page.xpath("//section[@id='series']//tbody/tr")
    ]
    assert [row[0][0] for row in rows] == [series(number) for number in range(4)]
    assert rows[3][4:] == [["UID507", "UID508"], [series(0), series(1)]]
    for target in page.xpath("//a/@href"):
        assert page.xpath("//*[@id=$name]", name=target[1:]), target


def test_a_uid_is_whole_in_the_picture_however_long_it_is() -> None:
    long = "1.2.826.0.1.3680043.8.498." + "7" * 38
    of = graph(["CT"])
    of = replace(of, series=(replace(of.series[0], series_instance_uid=long),))
    lines = html.fromstring(text_of(of)).xpath("//*[@class='uid']/text()")
    assert "".join(lines) == long
    assert len(lines) == 2


def test_of_what_a_rule_found_often_the_first_are_shown() -> None:
    found = [finding("UID401", series(0)) for _ in range(5)]
    page = html.fromstring(text_of(graph(["CT"], findings=found)))
    (cell,) = page.xpath("//section[@id='findings']//td[last()]")
    assert len(cell.xpath("p")) == 3
    assert cell.xpath("details/summary/text()") == ["2 more"]


def test_each_rule_that_is_named_is_explained() -> None:
    page = html.fromstring(registry_page())
    assert page.xpath("//details/@id")[-2:] == ["rule-UID204", "rule-UID501"]
    assert "Series Instance UID" in page.xpath("string(//details[@id='rule-UID501'])")


def test_bars_have_the_numbers_that_the_table_has() -> None:
    page = html.fromstring(registry_page())
    hints = page.xpath("//figure[2]//rect/title/text()")
    assert hints == ["2026-10, ann: 5", "2026-11, bob: 1,500"]
    rows = [row.xpath("td//text()") for row in page.xpath("//figure[2]//tbody/tr")]
    assert rows == [
        ["2026-10", "0", "5", "5"], ["2026-11", "1,500", "0", "1,500"], ["all", "1,500", "5", "1,505"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (None, "didn't recompute"),
        (Verification(True, 3, "ab" * 32), "all 3 entries hold"),
        (Verification(False, 3, "ab" * 32, 2, "its hash isn't that"), "from entry 2 on: its hash isn't that"),
    ],
)
def test_whether_the_trail_was_verified_is_told(found: Verification | None, words: str) -> None:
    state = TrailState(3, "ab" * 32, None, None, None, found)
    page = html.fromstring(text_of(SMALL, state))
    assert words in page.xpath("string(//section[@id='trail'])")
    assert bool(page.xpath("//*[@role='alert']")) == (found is not None and not found.ok)


# --- many --------------------------------------------------------------------------------------


def test_series_that_are_alike_share_a_box_where_there_are_too_many() -> None:
    """200 CT series, each with a segmentation, and one report that is wrong."""
    modalities = ["CT"] * 200 + ["SEG"] * 200 + ["SR"]
    links = [(number, 200 + number) for number in range(200)] + [(0, 400)]
    of = graph(modalities, links, [finding("UID510", series(400), series(0))])
    drawn = folded(of)
    assert [len(box.series) for box in drawn.boxes] == [200, 200, 1]
    text = text_of(of)
    assert {"CT \N{MULTIPLICATION SIGN} 200", "2,000 instances"} <= set(
        html.fromstring(text).xpath("//svg//text()")
    )
    assert ("! UID510", "arrow error") in labels(text)
    assert "those that are alike share a box" in text
    assert text.count('<tr id="series-') == 401


def test_what_is_too_much_is_counted_and_what_is_flagged_stays() -> None:
    modalities = [f"X{number}" for number in range(500)]
    of = graph(modalities, [(0, 499)], [finding("UID510", series(499), series(0))])
    drawn = folded(of)
    assert len(drawn.boxes) == MOST_BOXES
    assert drawn.boxes[-1].name == series(499)
    assert drawn.series_left_out == 500 - MOST_BOXES
    assert f"And {500 - MOST_BOXES:,} more series that aren't drawn" in text_of(of)


def test_a_study_of_one_series_has_a_picture() -> None:
    page = html.fromstring(text_of(graph(["CT"])))
    assert len(page.xpath("//svg//a")) == 1


# --- by itself ---------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [text_of(SMALL), registry_page()])
def test_a_page_needs_nothing_else(text: str) -> None:
    page = html.fromstring(text)
    assert not page.xpath("//script | //link | //img | //iframe | //object | //form | //*[@src]")
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    assert all(target.startswith("#") for target in page.xpath("//@href"))
    assert not re.search(r"url\(|@import|https?:", text)
    (policy,) = page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    ids = page.xpath("//@id")
    assert len(ids) == len(set(ids))


def test_what_somebody_typed_is_text() -> None:
    name = RegistryName("dicom-uid-registry/0123456789ab", EVIL, 7)
    made = Made(MADE.at, EVIL, MADE.command)
    for text in (written(study_page(graph(["CT"], name=name), TRAIL, made)), registry_page(name, EVIL, made)):
        assert "<script" not in text
        assert "\x1b" not in text
        assert "&lt;script&gt;" in text
        text.encode()  # it can be written
        # What is turned round by U+202E ends with what was typed.
        assert html.fromstring(text).xpath("string(//header//bdi)").startswith("<script>alert(1)</script>")


def test_equal_states_give_equal_pages() -> None:
    assert text_of(SMALL) == text_of(SMALL)
    assert registry_page() == registry_page()


def test_elements_hold_text_and_elements_in_their_order() -> None:
    element = tag("p", "a", None, [tag("b", "c"), "d"], "e", class_="x", aria_label='"&', id=None)
    assert written(element) == '<!doctype html>\n<p class="x" aria-label="&quot;&amp;">a<b>c</b>de</p>\n'


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
def test_a_browser_shows_it_and_has_nothing_to_say(tmp_path: Path) -> None:
    for name, text in (("study", text_of(SMALL)), ("registry", registry_page(actor=EVIL))):
        page = tmp_path / f"{name}.html"
        page.write_text(text, encoding="utf-8")
        said = shot(page, tmp_path / f"{name}.png", 800, 600)
        assert "CONSOLE" not in said
        assert (tmp_path / f"{name}.png").stat().st_size > 5_000
