"""A rule's docstring is its documentation: whole, and shown by the command line."""

from __future__ import annotations

import re

import pytest

from registry.rules import RULES
from registry.rules.base import HEADINGS, Rule
from tests.conftest import Cli

EVERY = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


@EVERY
def test_a_rule_says_all_that_it_must(rule: Rule) -> None:
    assert tuple(rule.sections) == HEADINGS, "all headings, in this order"
    assert all(text.strip() for text in rule.sections.values())
    example = rule.sections["Example"]
    assert re.match(r"Bad: .", example)
    assert re.search(r"^Good: .", example, re.MULTILINE)
    assert re.search(r"PS3\.|X\.66|[Pp]olicy", rule.sections["Standard"])
    assert len(rule.fix) < 250, "what to do is told in one line"


@EVERY
def test_a_rule_has_a_code_and_a_name_for_ever(rule: Rule) -> None:
    assert re.fullmatch(r"UID[1-7][0-9]{2}", rule.code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)
    assert (rule.check.__doc__ or "").startswith("Finds ")


def test_the_table_is_in_the_order_of_the_codes() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.engine("sqlite")
def test_the_command_line_prints_it(cli: Cli) -> None:
    for rule in RULES:
        shown = cli("rule", rule.code)
        assert shown.code == 0
        words = shown.out.split()
        for heading in HEADINGS:
            assert heading in shown.out
            assert " ".join(rule.sections[heading].split()[:8]) in " ".join(words)
        assert cli("rule", rule.name).out == shown.out
        assert ("asked only where it is selected" in shown.out) == rule.preview
    listed = cli("rule").out.splitlines()[1:]
    assert [line.endswith(" preview") for line in listed] == [rule.preview for rule in RULES]
