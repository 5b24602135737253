"""The trail: free text taken out of it, and proof that nothing else was."""

from __future__ import annotations

import os
from collections.abc import Sequence

from registry.api.verbs import Verbs
from registry.services import auditing, checkpointing, proving, redacting, trusting
from registry.services.checkpointing import Checkpointed
from registry.services.proving import Inclusion
from registry.services.redacting import Redacted
from registry.store.verification import Verification


class Auditing(Verbs):
    """The trail: free text taken out of it, and proof that nothing else was."""

    def redact(self, entry: int, *, reason: str) -> Redacted:
        """Take the free text of an entry out of the registry."""
        return redacting.redact(self._registry, entry, reason)

    def checkpoint(self, to: str | os.PathLike[str] | None = None) -> Checkpointed:
        """Sign what the trail is now; ``to`` is a file or a folder that gets the note.

        Raises ``SigningKeyUnusable`` where the key isn't, ``TrailBroken`` where what is
        there already shows that the trail was changed.
        """
        return checkpointing.checkpoint(self._registry, None if to is None else os.fspath(to))

    def prove(self, entry: int) -> Inclusion:
        """Prove to others that an entry is in the trail, in that of a new checkpoint."""
        return proving.prove_entry(self._registry, entry)

    def verify(
        self, against: Sequence[str | os.PathLike[str]] = (), *, key: str | None = None
    ) -> Verification:
        """Recompute the trail, and compare it with checkpoints, files or folders of them.

        ``key`` is the vkey that you were given; without it the database's own counts.
        """
        notes = trusting.read_notes([os.fspath(each) for each in against])
        keys = trusting.parse_keys(key) if key else trusting.own_keys(self._registry)
        return auditing.audit_verify(
            self._registry, [trusting.trusted(self._registry, note, keys) for note in notes]
        )
