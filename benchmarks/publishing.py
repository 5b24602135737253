"""Puts the table of the last run into a page, between two marks."""

from __future__ import annotations

import sys
from pathlib import Path

BEGIN, END = "<!-- the table of scripts/bench: begin -->", "<!-- the table of scripts/bench: end -->"


def published(page: str, table: str) -> str:
    """A page with a table between its marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"the page needs {BEGIN} and {END}")
    return f"{before}{begin}\n{table.strip()}\n{end}{after}"


def main() -> None:
    table, page = map(Path, sys.argv[1:])
    page.write_text(published(page.read_text(), table.read_text()))


if __name__ == "__main__":
    main()
