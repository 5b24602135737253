"""Redact: a free text that names a person is taken out; the trail goes on verifying."""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import BadRequest
from registry.services.opening import OpenRegistry
from registry.store import redacting
from registry.store.act import Act


@dataclass(frozen=True, slots=True)
class Redacted:
    """Whose text was taken out, and the entry that says so."""

    entry: int
    by: int


def redact(registry: OpenRegistry, entry: int, reason: str) -> Redacted:
    """Empty the free text of an entry. Its hash stays, and who did this and why.

    ``store/redacting.py`` says what remains of it, and where.
    """
    actor = registry.settings.named_actor()
    if not reason.strip():
        raise BadRequest(
            "a redaction needs its reason", advice="Give it with --reason TEXT; don't repeat the text."
        )

    def work(act: Act) -> Redacted:
        if not redacting.is_entry(act.connection, entry):
            raise BadRequest(
                f"there is no entry {entry}", advice="`uid-registry audit log` lists them; `history UID` too."
            )
        if not redacting.has_note(act.connection, entry):
            raise BadRequest(
                f"entry {entry} has no free text", advice=f"`uid-registry audit log {entry}` shows it."
            )
        if (before := redacting.redaction_of(act.connection, entry)) is not None:
            raise BadRequest(f"the text of entry {entry} is gone already {before}")
        redacting.empty(act, entry)
        act.note(reason)
        act.commit(redacted=entry)
        return Redacted(entry, act.entry)

    done = registry.perform("audit:redact", work, actor=actor)
    redacting.forget(registry.database)
    return done
