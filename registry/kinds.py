"""The closed lists: what a UID identifies, where it came from, how grave a finding is.

Those with numbers are stored; the numbers never change.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum

from registry.errors import BadRequest
from registry.suggestion import meant
from registry.uid import printable


class Kind(IntEnum):
    """What a UID identifies. The numbers are stored and never change.

    The first three are the hierarchy (PS3.3 A.1.2); the others are shared by
    many objects on purpose.
    """

    STUDY = 1
    SERIES = 2
    INSTANCE = 3
    FRAME_OF_REFERENCE = 4
    SYNCHRONIZATION = 5
    TRACKING = 6
    DIMENSION_ORGANIZATION = 7
    SPECIMEN = 8
    DEVICE = 9
    IRRADIATION_EVENT = 10
    CONCATENATION = 11
    TRANSACTION = 12
    OTHER = 13

    @property
    def label(self) -> str:
        """The kind as the command line and JSON write it: ``frame_of_reference``."""
        return self.name.lower()

    @property
    def words(self) -> str:
        """The kind in a sentence: ``frame of reference``."""
        return self.label.replace("_", " ")


def parse_kind(text: str) -> Kind:
    """A kind of UID by its name, with dashes or underscores. Raises ``BadRequest``."""
    kinds = {kind.label: kind for kind in Kind}
    wanted = text.lower().replace("-", "_")
    if wanted in kinds:
        return kinds[wanted]
    raise BadRequest(
        f"{printable(text)} is no kind of UID", advice=f"{meant(wanted, kinds)}One of {', '.join(kinds)}."
    )


class Origin(IntEnum):
    """How a UID came into the ledger. The numbers are stored and never change."""

    ISSUED = 1  # minted and recorded here
    OBSERVED = 2  # seen in an object made elsewhere
    FOREIGN = 3  # named as a parent, neither issued nor seen


STATES = ("issued", "registered", "foreign", "withdrawn")
"""What has become of a UID so far, as lists tell it."""


class Severity(IntEnum):
    """How wrong a finding is. What fails a run is policy (``--fail-on``)."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class Role(IntEnum):
    """Through what a reference is made, as far as derivation goes (UID501, UID503)."""

    OTHER = 0  # any macro without a meaning for derivation
    SOURCE = 1  # Source Image, Derivation Image, Source Image Evidence, Conversion Source
    BYSTANDER = 2  # Referenced Image, raw data, waveform, stereo, predecessors, identical documents, RT plan


class Level(IntEnum):
    """The entities that have a fingerprint. The numbers are stored and never change."""

    PATIENT = 1
    STUDY = 2
    SERIES = 3


class Trait(StrEnum):
    """What an image says of how it came to be, which decides how grave UID501 is; and what the
    registry itself says of how a UID did."""

    PYRAMID = "pyramid"  # a level of a whole-slide pyramid (PS3.3 A.32.8)
    CONCATENATION = "concatenation"  # one part of a split multi-frame object (PS3.3 C.7.6.16.1.2)
    FRAME_EXTRACTION = "frame extraction"  # frames taken out of a multi-frame object (PS3.3 C.12.3)
    LOSSY = "lossy"  # Lossy Image Compression (0028,2110) is 01
    RECODED = "recoded"  # a source is its Uncompressed predecessor (121320, DCM)
    LOSSLESS = "lossless"  # of a content whose transfer syntax says otherwise; never of an object
    GENERATED = "generated"  # of a UID that was issued before anybody said for what; no object says it


class Mark(IntEnum):
    """What a label is of. The numbers are stored and never change."""

    SERIES_NUMBER = 1  # of a series in its study
    SERIES_LOOK = 2  # number and description of a series in its study
    INSTANCE_NUMBER = 3  # of an instance in its series
    ORIGINAL = 4  # Image Type (0008,0008) value 1 of images in a series
    DERIVED = 5
    DESCRIPTION = 6  # of a specimen or a device
    PATIENT = 7  # of a specimen
    CORRECTED = 8  # an instance with Original Attributes (0400,0561)
