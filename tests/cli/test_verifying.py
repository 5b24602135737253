"""`audit verify` on the command line: its exit status, its JSON, how far it is."""

from __future__ import annotations

import sys

import pytest

from registry.cli.output import Progress
from registry.settings import Settings
from tests.conftest import Cli
from tests.databases import raw, run


def test_a_changed_trail_ends_with_status_5_and_names_the_entry(cli: Cli, settings: Settings) -> None:
    assert cli("issue", "study").code == 0
    before = cli("audit", "verify", "--format", "json")
    assert (before.code, before.json["ok"], before.json["first_bad"]) == (0, True, None)
    with raw(settings) as connection:
        on = " ON entries" if connection.dialect.name == "postgresql" else ""
        run(connection, f"DROP TRIGGER tr_entries_update{on}")
        last = run(connection, "SELECT max(id) FROM entries WHERE event = 'uid:issue'").scalar_one()
        run(connection, "UPDATE entries SET actor = 'somebody else' WHERE id = :last", last=last)
    after = cli("audit", "verify", "--format", "json")
    assert (after.code, after.json["ok"], after.json["first_bad"]) == (5, False, last)
    reason = "its hash isn't that of what it says: it was changed (uid:issue by somebody else, "
    assert after.json["reason"].startswith(reason)
    assert cli("audit", "verify").out.startswith(f"the trail does not verify: entry {last}: {reason}")


@pytest.mark.parametrize(
    ("of", "told"), [(None, "read 1,500 rows, "), (3000, "read 1,500 of 3,000 rows, "), (1, "of 1 row, ")]
)
def test_a_terminal_is_told_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, of: int | None, told: str
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress("read", "row")
    progress(1500, of)
    progress.done()
    shown = capsys.readouterr().err
    assert told in shown
    assert shown.endswith("\r\033[K")
