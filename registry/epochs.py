"""Epochs: from one rotation of the key to the next.

What is hidden under one key can't be compared with what is hidden under another.
Which key a row was made with is told by its entry: what was recorded after the
entry of a rotation is under the key that it brought. What is compared under an
older key later, because what it is compared with is, is kept *beside*: in a
context of its own, whose name nobody can ask for.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

_LONGEST = 28
"""Characters of a context's name that leave room for the number behind it."""

CLINICAL = "clinical"
"""The context of whatever isn't a copy for another purpose."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """The time of one key, within one context."""

    context: str | None = None  # None: the clinical one
    number: int = 1  # 1: of the key that the registry was made with
    since: int = 0  # the entry that brought the key
    until: int | None = None  # the entry that brought the next one; None: it is still the key

    def holds(self, entry: int) -> bool:
        """Whether what an entry recorded is under this epoch's key."""
        return self.since <= entry and (self.until is None or entry < self.until)

    @property
    def beside(self) -> str | None:
        """The name under which is kept what was compared under this key after its time; None
        while it is the key."""
        if self.until is None:
            return None
        name = self.context or CLINICAL
        if len(name) > _LONGEST:
            name = blake2b(name.encode(), digest_size=_LONGEST // 2).hexdigest()
        return f"{name}.{self.number}"

    @property
    def labelled(self) -> str | None:
        """What labels of this epoch begin with; None where they begin with nothing."""
        return (
            None if self.context is None and self.number == 1 else f"{self.context or CLINICAL}.{self.number}"
        )


ALWAYS = Epoch()
"""The clinical context, whichever key it was: for what no key hides."""
