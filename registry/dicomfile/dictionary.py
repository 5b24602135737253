"""What PS3.6 says of tags. pydicom has it; it is imported when the first file needs more
than the few elements that the reader asks for by name."""

from __future__ import annotations

from functools import lru_cache

from registry.dicomfile.keywords import TAGS

_KEYWORDS = {number: keyword for keyword, number in TAGS.items()}


def tag(keyword: str) -> int:
    """The tag of a keyword; a spelling mistake fails at import."""
    found = TAGS.get(keyword)
    if found is None:
        raise LookupError(f"{keyword} is not in the table of keywords")
    return found


@lru_cache(maxsize=8192)
def vr_of(number: int) -> str:
    """The VR of a tag; UN for private and unknown ones."""
    if number >> 16 & 1:
        return "UN"  # a private one, of which PS3.6 says nothing
    from pydicom.datadict import dictionary_VR

    try:
        return dictionary_VR(number)
    except KeyError:
        return "UN"


def name_of(number: int) -> str:
    """The keyword of a tag, or ``(gggg,eeee)`` where it has none."""
    return _KEYWORDS.get(number) or _looked_up(number) or f"({number >> 16:04X},{number & 0xFFFF:04X})"


def _looked_up(number: int) -> str:
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(number)
