"""The events of the audit trail: whatever the program does to a registry, or to its trail, is one of these.

One literal table. An act whose event isn't in it is a bug, so the trail holds
no event that nobody has described. What is asked of the ledger alone (`show`,
`list`, `history`, a plain `check`) writes nothing and is no event.
"""

from __future__ import annotations

from typing import NamedTuple

from registry.errors import BadRequest
from registry.suggestion import meant
from registry.uid import printable

DONE, REFUSED, BLOCKED, FAILED = "done", "refused", "blocked", "failed"
"""How an act ended: *refused* by the ledger, *blocked* by what a check found, *failed* by what was proved."""


class Event(NamedTuple):
    """One kind of act."""

    name: str  # noun:verb
    does: str
    outcomes: tuple[str, ...] = (DONE,)


EVENTS: tuple[Event, ...] = (
    Event("registry:init", "The registry was made."),
    Event("schema:upgrade", "The database was brought to the schema of a newer program."),
    Event("database:backup", "An SQLite registry was copied; the entry is in the copy.", (DONE, FAILED)),
    Event("database:copy", "The registry was copied into another database, for reading.", (DONE, FAILED)),
    Event(
        "database:move",
        "The registry was moved into another database, which goes on from here.",
        (DONE, FAILED),
    ),
    Event("database:reopen", "A registry that was moved, or a copy, takes entries again."),
    Event("role:apply", "The roles of a PostgreSQL registry were made, or brought up to date."),
    Event("root:add", "An issuer root was added, or something else was said of it."),
    Event("root:retire", "An issuer root was taken out of use."),
    Event("policy:adopt", "A configured check policy was used that the registry had never seen."),
    Event("key:create", "A key that signs checkpoints was made."),
    Event("key:install", "The registry's key was put in its place on a machine."),
    Event("key:rotate", "A new key for fingerprints took the place of the old one."),
    Event("uid:issue", "UIDs were minted and recorded.", (DONE, REFUSED)),
    Event("uid:withdraw", "UIDs were taken out of use for ever.", (DONE, REFUSED)),
    Event("uid:reinstate", "A withdrawal was ended.", (DONE, REFUSED)),
    Event("uid:resolve", "It was decided which of several claims about a UID holds.", (DONE, REFUSED)),
    Event("uid:remap", "UIDs were given replacements within a scope.", (DONE, REFUSED)),
    Event("uid:reveal", "It was asked what some replacements stand for."),
    Event("scope:export", "The whole map of a scope was read."),
    Event("scope:import", "Another system's map became part of a scope.", (DONE, REFUSED)),
    Event("scope:purge", "What the replacements of a scope stand for was taken away, for ever."),
    Event("object:derive", "UIDs for a derived object were minted and recorded.", (DONE, REFUSED)),
    Event("object:register", "A batch of files was recorded; what collides is refused within it."),
    Event(
        "index:register", "A batch of an archive's index was recorded; what collides is refused within it."
    ),
    Event("patient:merge", "Patient IDs were said to be one person's."),
    Event("patient:split", "Patient IDs were said to be different people's."),
    Event("patient:list", "It was asked what was issued, registered or sent for one person."),
    Event("finding:acknowledge", "Findings were accepted as known.", (DONE, REFUSED)),
    Event("finding:resolve", "Findings were said to be mended.", (DONE, REFUSED)),
    Event("finding:reopen", "What was said of findings no longer counts.", (DONE, REFUSED)),
    Event("export:check", "Objects were checked for leaving, and approved or blocked.", (DONE, BLOCKED)),
    Event("audit:log", "The trail was read."),
    Event("audit:verify", "The trail was recomputed, and verified or didn't.", (DONE, FAILED)),
    Event("audit:checkpoint", "A checkpoint of the trail was signed."),
    Event(
        "audit:prove", "It was proved that an entry is in the trail, or that one state grew out of another."
    ),
    Event("audit:accept", "A state of the trail was accepted though the last seen one says otherwise."),
    Event("audit:export", "Entries were exported in another system's format."),
    Event("audit:forward", "Entries were sent to another system.", (DONE, FAILED)),
    Event("audit:redact", "The free text of an entry was taken out."),
)

_BY_NAME = {event.name: event for event in EVENTS}
NOUNS = tuple(dict.fromkeys(event.name.split(":")[0] for event in EVENTS))


def is_known(event: str, outcome: str = DONE) -> bool:
    """Whether an act may be of this event, and end like that."""
    return event in _BY_NAME and outcome in _BY_NAME[event].outcomes


def parse_event(text: str) -> str:
    """An event, or the noun and ``:`` of several. Raises ``BadRequest`` with what may have been meant."""
    if text in _BY_NAME or (text.endswith(":") and text[:-1] in NOUNS):
        return text
    near = meant(text, [*_BY_NAME, *(f"{noun}:" for noun in NOUNS)]) or f"Known are {', '.join(_BY_NAME)}. "
    raise BadRequest(
        f"{printable(text)} is no event of the trail", advice=f"{near}`uid:` stands for all of a noun."
    )
