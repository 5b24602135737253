"""What all rules say of all real files at hand, with a page about it in docs/real-files.md."""

from __future__ import annotations

import argparse
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from registry.rules import RULES
from tests.oracle import peers
from tests.survey.explanations import explanation
from tests.survey.sources import Source, fetch, sources

PAGE = Path(__file__).parent.parent.parent / "docs" / "real-files.md"

_PRODUCTION = ("--root", "1.3.6.1.4.1.32473.1", "--organization", "Example Hospital")
"""So that what belongs to nobody's root is seen as it is in a hospital (UID204)."""

_HEAD = """\
<!-- Written by scripts/survey; changes belong there. -->

# Real files: what the rules say of them

A rule that cries wolf is worse than none. So every rule, those too that are off unless selected, is asked
about all real files at hand, and each error is looked at: is it right? The sources: pydicom's bundled files,
what highdicom makes of CT and MR images (none of that may be in error), and the DICOM files that other
packages and repositories carry for their tests. Those are stretched on purpose; no archive is as bad.

```sh
scripts/survey FOLDER           # the packages' files are fetched into FOLDER once; writes this page
scripts/survey --check FOLDER   # writes nothing, fails where this page is out of date
```

It fails if an error has no explanation. Each source is checked in a registry of its own.
"""


class Surveyed(NamedTuple):
    """What `check` said of one source."""

    source: Source
    report: dict[str, Any]

    def errors(self) -> Iterator[tuple[str, str]]:
        """Path and code of each error."""
        for finding in self.report["findings"]:
            if finding["severity"] == "error":
                path = Path(finding["path"])
                yield path.relative_to(self.source.folder).as_posix(), finding["code"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/survey", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="where the packages' files are, or are to be fetched to")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    fetch(asked.folder)
    with tempfile.TemporaryDirectory(prefix="survey-") as workshop:
        all_sources = sources(asked.folder, Path(workshop))
        surveyed = [
            Surveyed(source, peers.report(source.folder, None, *_PRODUCTION)) for source in all_sources
        ]
    surveyed = [each for each in surveyed if _objects(each)]
    unexplained = sorted(
        {
            (each.source.name, path, code)
            for each in surveyed
            for path, code in each.errors()
            if explanation(each.source.name, path, code) is None
        }
    )
    for name, path, code in unexplained:
        print(f"no explanation: {code} in {name}: {path}", file=sys.stderr)
    made = page(surveyed)
    if asked.check:
        stale = not PAGE.exists() or PAGE.read_text() != made
        if stale:
            print("docs/real-files.md is out of date: run scripts/survey", file=sys.stderr)
        return 1 if stale or unexplained else 0
    PAGE.write_text(made)
    return 1 if unexplained else 0


def page(surveyed: list[Surveyed]) -> str:
    """The whole page."""
    parts = [_HEAD, "## Sources", "", _sources(surveyed), "", "## Findings", "", _findings(surveyed)]
    parts += ["", "## Why each error is right", "", _errors(surveyed)]
    return "\n".join(parts) + "\n"


def _objects(each: Surveyed) -> int:
    return int(each.report["files"]) - _skipped(each)


def _skipped(each: Surveyed) -> int:
    skipped = each.report["skipped"]
    return skipped if isinstance(skipped, int) else len(skipped)


def _sources(surveyed: list[Surveyed]) -> str:
    lines = ["| source | objects | errors | warnings | notes |", "|---|---:|---:|---:|---:|"]
    for each in surveyed:
        counts = Counter(finding["severity"] for finding in each.report["findings"])
        told = " | ".join(str(counts[severity]) for severity in ("error", "warning", "note"))
        lines.append(f"| {each.source.name} | {_objects(each)} | {told} |")
    return "\n".join(lines)


def _findings(surveyed: list[Surveyed]) -> str:
    findings = [finding for each in surveyed for finding in each.report["findings"]]
    counts = Counter((finding["code"], finding["severity"]) for finding in findings)
    lines = ["| rule | | errors | warnings | notes |", "|---|---|---:|---:|---:|"]
    silent = []
    for rule in RULES:
        told = [counts[rule.code, severity] for severity in ("error", "warning", "note")]
        if any(told):
            lines.append(
                f"| {rule.code} | {rule.name} | {' | '.join(str(number or '') for number in told)} |"
            )
        else:
            silent.append(rule.code)
    return "\n".join([*lines, "", f"Silent: {', '.join(silent)}."])


def _errors(surveyed: list[Surveyed]) -> str:
    explained: dict[tuple[str, str], list[str]] = {}
    for each in surveyed:
        for path, code in sorted(set(each.errors())):
            text = explanation(each.source.name, path, code) or "**nobody has looked at this yet**"
            explained.setdefault((code, text), []).append(f"{Path(path).name} ({each.source.name})")
    lines = ["| rule | why | files |", "|---|---|---|"]
    for (code, text), files in sorted(explained.items()):
        shown = ", ".join(files[:4]) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
        lines.append(f"| {code} | {text} | {shown} |")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
