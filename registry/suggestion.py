"""What somebody may have meant who wrote something that isn't known."""

from __future__ import annotations

from collections.abc import Iterable


def alike(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known words that look like one, the most alike first; case doesn't matter."""
    import difflib  # only for who has mistyped

    shown = {each.lower(): each for each in known}
    near = difflib.get_close_matches(word.lower(), shown, n=most, cutoff=0.6)
    return [shown[each] for each in near]


def meant(word: str, known: Iterable[str], most: int = 3) -> str:
    """``Did you mean SEG or SEC? `` for what comes before the rest of an advice; empty where nothing
    looks like it."""
    near = alike(word, known, most)
    return f"Did you mean {' or '.join(near)}? " if near else ""
