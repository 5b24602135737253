"""The transfer syntaxes of PS3.6 Annex A; a test holds them against pydicom's."""

from __future__ import annotations

_ARC = "1.2.840.10008.1.2"

IMPLICIT_LITTLE_ENDIAN = _ARC
DEFLATED = f"{_ARC}.1.99"
BIG_ENDIAN = f"{_ARC}.2"

NOT_ORDINARY = frozenset(
    {
        DEFLATED,
        BIG_ENDIAN,
        f"{_ARC}.4.95",  # JPIP Referenced Deflate
        f"{_ARC}.4.205",  # JPIP HTJ2K Referenced Deflate
    }
)
"""Those in which a data set doesn't stand as it is, or not in little endian."""

_KNOWN = frozenset(
    {
        IMPLICIT_LITTLE_ENDIAN,
        "1.2.840.10008.1.20",  # Papyrus 3 Implicit VR Little Endian (retired)
        *(
            f"{_ARC}.{suffix}"
            for suffix in """
                1 1.98 1.99 2 4.50 4.51 4.52 4.53 4.54 4.55 4.56 4.57 4.58 4.59 4.60 4.61 4.62 4.63
                4.64 4.65 4.66 4.70 4.80 4.81 4.90 4.91 4.92 4.93 4.94 4.95 4.100 4.100.1 4.101
                4.101.1 4.102 4.102.1 4.103 4.103.1 4.104 4.104.1 4.105 4.105.1 4.106 4.106.1 4.107
                4.108 4.110 4.111 4.112 4.201 4.202 4.203 4.204 4.205 5 6.1 6.2 7.1 7.2 7.3
            """.split()
        ),
    }
)


def is_transfer_syntax(uid: str) -> bool:
    """Whether PS3.6 Annex A defines the UID as a transfer syntax."""
    return uid in _KNOWN
