"""The pages as a site: all are in it, each link leads somewhere, and nothing is loaded from a network."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html

HOME = Path(__file__).parent.parent
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src", "object": "data"}
"""What a browser fetches without being asked."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site") / "site"
    built = subprocess.run(
        [sys.executable, HOME / "scripts" / "site", folder], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, f"{built.stdout}{built.stderr}"
    return folder


@pytest.mark.parametrize("words", [["--help"], ["a", "b"]], ids=" ".join)
def test_what_is_no_folder_makes_none(words: list[str], tmp_path: Path) -> None:
    asked = subprocess.run(
        [sys.executable, HOME / "scripts" / "site", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert asked.returncode == 1
    assert "usage: site [FOLDER]" in asked.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years of work")
    asked = subprocess.run(
        [sys.executable, HOME / "scripts" / "site", tmp_path], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 1
    assert "holds something else" in asked.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_page_is_in_it_and_in_its_list(site: Path) -> None:
    docs = HOME / "docs"
    wanted = {str(path.relative_to(docs).with_suffix(".html")) for path in docs.rglob("*.md")}
    wanted |= {"index.html", "changelog.html"}
    assert {str(page.relative_to(site)) for page in pages(site)} == wanted
    first = html.parse(str(site / "index.html"))
    listed = [link.get("href") for link in first.xpath("//nav[@class='pages']//li/a")]
    assert sorted(listed) == sorted(wanted)


def test_it_loads_nothing_from_a_network(site: Path) -> None:
    for page in pages(site):
        tree = html.parse(str(page))
        for tag, attribute in LOADED.items():
            for element in tree.iter(tag):
                target = str(element.get(attribute) or "")
                assert not re.match(r"(\w+:)?//", target), f"{page.name} loads {target}"
                if target and not target.startswith("data:"):
                    assert (page.parent / target).is_file(), f"{page.name} loads {target}"
    for file in (*site.rglob("*.css"), site / "search.js"):
        assert not re.search(r"url\(|@import|fetch\(|XMLHttp|https?:", file.read_text()), file.name


def test_every_link_and_anchor_leads_somewhere(site: Path) -> None:
    trees = {page.resolve(): html.parse(str(page)) for page in pages(site)}
    anchors = {page: set(tree.xpath("//@id")) for page, tree in trees.items()}
    for page, tree in trees.items():
        for link in tree.xpath("//a/@href"):
            if re.match(r"https?:", link):
                continue
            target, _, part = link.partition("#")
            there = (page.parent / target).resolve() if target else page
            assert there in anchors or there.is_file(), f"{page.name} links to {link}"
            assert not part or part in anchors[there], f"{page.name} links to {link}"


def test_what_is_searched_is_a_script_so_that_it_works_without_a_server(site: Path) -> None:
    text = (site / "index.js").read_text()
    index = json.loads(text.removeprefix("const INDEX = ").removesuffix(";\n"))
    assert {each["location"].split("#")[0] for each in index} == {
        str(page.relative_to(site)) for page in pages(site)
    }
    assert any(each["title"].startswith("UID501") for each in index)
