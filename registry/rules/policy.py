"""What an organisation makes of the rule book: which rules it asks, and how grave their findings are.

The most specific selector decides: a code or name before its family (UID4), that
before ALL; of two equal ones ignoring wins. What the command line says decides
before the project's file, that before the user's, and where nobody says anything,
stable rules are asked and preview ones aren't.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from registry.checksettings import COMMAND_LINE, CheckSettings, Override
from registry.errors import BadRequest, BadSetting
from registry.records import Finding, Severity
from registry.rules import RULES, alike
from registry.rules.base import Rule
from registry.uid import is_under

_ALL = "ALL"
_FAMILY = re.compile(r"UID\d\Z")


@dataclass(frozen=True)
class Policy:
    """The rule book as configured. Raises ``BadRequest`` or ``BadSetting`` for a rule that nobody knows."""

    settings: CheckSettings = field(default_factory=CheckSettings)
    book: tuple[Rule, ...] = RULES

    def __post_init__(self) -> None:
        for selection in self.settings.selections:
            for option, words in (("--select", selection.select), ("--ignore", selection.ignore)):
                for word in words:
                    self._require(word, selection.place, option)
        for override in self.settings.overrides:
            for word in override.rules:
                self._require(word, override.place)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """The rules that are asked."""
        return tuple(rule for rule in self.book if self._is_asked(rule))

    @cached_property
    def shared_frames(self) -> frozenset[str]:
        """Frames of reference that are shared on purpose."""
        return frozenset(self.settings.shared_frames)

    def is_external(self, uid: str) -> bool:
        """Whether the UID is known to be somebody else's: one of ``external``, or below one."""
        return any(is_under(uid, arc) for arc in self.settings.external)

    def severity(self, finding: Finding, modalities: Collection[str] = ()) -> Severity:
        """How grave a finding is here; ``modalities`` are those of the object or series it is about.

        The nearest place decides; in it the override with more conditions, then the longer
        root, then the more specific rule; of equal ones the graver severity.
        """
        rule = self._by_code.get(finding.code)
        for place in self._places:
            fitting = [
                (*rank, severity)
                for override in self.settings.overrides
                if override.place == place and rule is not None
                for rank, severity in _fit(override, rule, finding, modalities)
            ]
            if fitting:
                return max(fitting)[-1]
        return finding.severity

    @cached_property
    def _by_code(self) -> dict[str, Rule]:
        return {rule.code: rule for rule in self.book}

    @cached_property
    def _places(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(override.place for override in self.settings.overrides))

    def _is_asked(self, rule: Rule) -> bool:
        for selection in self.settings.selections:
            selected = _most_specific(selection.select, rule)
            ignored = _most_specific(selection.ignore, rule)
            if selected or ignored:
                return selected > ignored
        return not rule.preview

    def _require(self, word: str, place: str, option: str = "") -> None:
        wanted = word.strip()
        if any(_specificity(wanted, rule) for rule in self.book) or wanted.upper() == _ALL:
            return
        families = sorted({rule.code[:4] for rule in self.book})
        near = alike(wanted, self.book)
        meant = f"Did you mean {' or '.join(near)}? " if near else ""
        kind, source = (BadRequest, option) if place == COMMAND_LINE else (BadSetting, place)
        raise kind(
            f"{wanted!r} (from {source}) is no rule",
            advice=f"{meant}A code, a name, a family ({families[0]} to {families[-1]}) or ALL; "
            "`uid-registry rule` lists the rules.",
        )


def _fit(
    override: Override, rule: Rule, finding: Finding, modalities: Collection[str]
) -> Iterable[tuple[tuple[int, int, int], Severity]]:
    """How closely an override fits a finding, and what it says; nothing where it doesn't fit."""
    specific = _most_specific(override.rules, rule)
    if not specific:
        return
    if override.root is not None and not (finding.uid and is_under(finding.uid, override.root)):
        return
    if override.modality is not None and override.modality not in modalities:
        return
    conditions = (override.root is not None) + (override.modality is not None)
    yield (conditions, len(override.root or ""), specific), override.severity


def _most_specific(words: Iterable[str], rule: Rule) -> int:
    return max((_specificity(word.strip(), rule) for word in words), default=0)


def _specificity(word: str, rule: Rule) -> int:
    """3 for the rule itself, 2 for its family, 1 for all rules, 0 where ``word`` isn't about it."""
    if word.upper() == rule.code or word.lower() == rule.name:
        return 3
    if _FAMILY.match(word.upper()) and rule.code.startswith(word.upper()):
        return 2
    return int(word.upper() == _ALL)


PLAIN = Policy()
"""The rule book as it stands."""
