"""The Defined Terms of Modality (0008,0060): PS3.3 section C.7.3.1.1.1.

The list is the standard's, retired terms included, since old archives hold them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from registry.errors import BadModality
from registry.suggestion import meant
from registry.uid import printable

TERMS: frozenset[str] = frozenset(
    """
    ANN AR ASMT AU BDUS BI BMD CFM CR CT CTPROTOCOL DMS DG DOC DX ECG EEG EMG EOG EPS ES FID GM HC HD IO IOL
    IVOCT IVUS KER KO LEN LS MG MR M3D NM OAM OCT OP OPM OPT OPTBSV OPTENF OPV OSS OT PA PLAN POS PR PT PX REG
    RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR SRF STAIN
    TEXTUREMAP TG US VA XA XAPROTOCOL XC
    AS CD CF CP CS DD DF DM DS EC FA FS LP MA MS OPR ST VF
    """.split()
)


_CODE_STRING = re.compile(r"[A-Z0-9_ ]{1,16}\Z")


def code_string(text: str) -> str | None:
    """``text`` if it is a value of VR CS (PS3.5 section 6.2), as any archive may hold it;
    None for anything else, which could be a text about somebody."""
    text = text.strip()
    return text if _CODE_STRING.match(text) else None


def parse_modality(text: str, private: Iterable[str] = ()) -> str:
    """``text`` if it is a Defined Term, or one of the organisation's ``private`` ones.

    Raises ``BadModality``, with what may have been meant.
    """
    known = TERMS | set(private)
    if text in known:
        return text
    raise BadModality(
        f"{printable(text)} is not a modality of PS3.3 section C.7.3.1.1.1",
        advice=f"{meant(text, sorted(known))}A private term is allowed once `modalities` in "
        "uid-registry.toml lists it.",
    )
