"""Letting objects out: a check whose outcome is written down, approval or block.

Whoever can't write down what came of it isn't told it either: whether the entry
can be written is tried before anything is read, and where it can't be written
in the end, the check has no outcome.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from registry.checksettings import COMMAND_LINE, FAIL_ON
from registry.epochs import CLINICAL
from registry.errors import BadRequest, DatabaseUnusable
from registry.records import Finding, Kind, ObjectClaim, Reading
from registry.rules.policy import Policy
from registry.services.opening import OpenRegistry
from registry.services.reports import Export, Report
from registry.store import exports, policies
from registry.store.act import Act
from registry.store.tree import Head
from registry.uid import printable

EVENT = "export:check"

_DESTINATION = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?")
_OF_PATHS = frozenset("/\\")
_KINDS = (Kind.INSTANCE, Kind.SERIES, Kind.STUDY)  # as ObjectClaim.place has them
_NOBODYS = "2.999.1"


def parse_destination(text: str) -> str:
    """Where objects go, by a name that the organisation gives it. Raises ``BadRequest``.

    An AE title, a host, a project: 1 to 64 printable ASCII characters, no space at
    either end. Not a path: `check --for-export export/` would take the objects for it.
    """
    if not _DESTINATION.fullmatch(text) or text.startswith("-") or _OF_PATHS & set(text):
        raise BadRequest(
            f"{printable(text)} is no name of a destination",
            advice="An AE title, a host or a project: 64 characters at most, ASCII, no / or \\, no space or "
            "dash to begin with. The objects follow: `uid-registry check --for-export ARCHIVE export/`.",
        )
    return text


@dataclass(frozen=True, slots=True)
class Gate:
    """One check before an export: where to, who answers for it, and what it is judged by."""

    destination: str
    actor: str
    fail_on: str
    policy: str  # as store/policies.py has it
    digests: bool  # whether contents were compared

    def require_entry(self, registry: OpenRegistry) -> None:
        """Raise ``DatabaseUnusable`` unless what comes of the check can be written down."""

        def attempt(act: Act) -> None:
            self._write(act, {Kind.INSTANCE: {_NOBODYS}}, Head(0, bytes(32)), False)
            act.flush()  # and is left without a commit: nothing of it stays

        try:
            registry.perform(EVENT, attempt, actor=self.actor)
        except DatabaseUnusable as error:
            raise type(error)(
                f"nothing was read, because the outcome couldn't be recorded: {error.message}",
                advice=f"{error.advice} A check without --for-export writes nothing, and approves nothing.",
            ) from error

    def decide(
        self,
        registry: OpenRegistry,
        report: Report,
        readings: Sequence[Reading],
        head: Head,
        context: str | None,
        scope: str | None = None,
    ) -> Export:
        """Record what came of a check that saw the registry at ``head``: approval or block.

        ``scope`` is the one whose replacements the objects were said to be."""
        claims = [reading for reading in readings if isinstance(reading, ObjectClaim)]
        named = _named(claims)
        failing = report.failing(self.fail_on)
        empty = not named[Kind.INSTANCE]
        approved = not failing and not empty
        detail = {
            "destination": self.destination,
            "context": context or CLINICAL,
            "files": report.files,
            "skipped": len(report.skipped),
            "unreadable": report.unreadable,
            "studies": len(named[Kind.STUDY]),
            "series": len(named[Kind.SERIES]),
            "instances": len(named[Kind.INSTANCE]),
            "findings": _counted(f for f in report.findings if not f.acknowledged),
            "acknowledged": _counted(f for f in report.findings if f.acknowledged),
            "blocking": _counted(failing),
            "fail_on": self.fail_on,
            "digests": self.digests,
            "policy": policies.name_of(policies.digest_of(self.policy)),
            "objects": digest_of(claims),
            **({"scope": scope} if scope is not None else {}),
        }

        def work(act: Act) -> Export:
            self._write(act, named, head, approved)
            act.commit("done" if approved else "blocked", **detail)
            return Export(self.destination, approved, act.entry, head.size, head.root, self.fail_on, empty)

        return registry.perform(EVENT, work, actor=self.actor)

    def _write(self, act: Act, named: dict[Kind, set[str]], head: Head, approved: bool) -> None:
        policy = policies.remember(act, self.policy)
        exports.write(act, self.destination, named, approved=approved, policy=policy, head=head)


def gate(
    registry: OpenRegistry, destination: str, fail_on: str | None, policy: Policy, *, digests: bool
) -> Gate:
    """The gate to a destination, closed until it is decided.

    Raises ``BadRequest`` where it could never block, ``ActorNeeded`` where nobody
    would answer for it.
    """
    settings = registry.settings
    source = COMMAND_LINE if fail_on else settings.sources.get("check.fail_on", "")
    grave = fail_on or settings.check.fail_on or "error"
    if grave not in FAIL_ON:
        raise BadRequest(f"{grave!r} is no severity", advice=f"One of {', '.join(FAIL_ON)}.")
    if grave == "never":
        where = "--fail-on never" if source == COMMAND_LINE else f'`fail_on = "never"` in {source}'
        raise BadRequest(
            f"{where}: a check before an export must be able to block",
            advice="Name what blocks: --fail-on error, warning or note.",
        )
    if not policy.rules:
        raise BadRequest(
            "no rule is asked: a check before an export must be able to block",
            advice="`uid-registry config show --origin` tells what ignores them.",
        )
    asked = policies.body_of(replace(policy.settings, fail_on=grave), settings.modalities)
    return Gate(parse_destination(destination), settings.named_actor(), grave, asked, digests)


def digest_of(claims: Sequence[ObjectClaim]) -> str:
    """What stands for the very objects: a hash over each one's UID and keyed content digest."""
    lines = sorted(
        f"{claim.place[0] or '-'} {claim.content_digest.hex() if claim.content_digest else '-'}\n"
        for claim in claims
    )
    return sha256("".join(lines).encode("ascii")).hexdigest()


def _named(claims: Sequence[ObjectClaim]) -> dict[Kind, set[str]]:
    """The studies, series and instances of the objects, as far as they can be keys."""
    named: dict[Kind, set[str]] = {kind: set() for kind in _KINDS}
    for claim in claims:
        for kind, uid in zip(_KINDS, claim.place, strict=True):
            if uid is not None:
                named[kind].add(uid)
    return named


def _counted(findings: Iterable[Finding]) -> dict[str, int]:
    return dict(sorted(Counter(finding.code for finding in findings).items()))
