"""The tags that the reader looks at, by what they mean for a claim."""

from __future__ import annotations

from registry.dicomfile.dictionary import tag
from registry.records import Kind, Role

TRANSFER_SYNTAX_UID = 0x0002_0010
SOP_CLASS_UID = 0x0008_0016
SOP_INSTANCE_UID = 0x0008_0018
MODALITY = 0x0008_0060
IMAGE_TYPE = 0x0008_0008
STUDY_INSTANCE_UID = 0x0020_000D
SERIES_INSTANCE_UID = 0x0020_000E
FRAME_OF_REFERENCE_UID = 0x0020_0052
PYRAMID_UID = 0x0008_0019
CONCATENATION_UID = 0x0020_9161
IN_CONCATENATION_NUMBER = 0x0020_9162
IN_CONCATENATION_TOTAL_NUMBER = 0x0020_9163
CONCATENATION_SOURCE = 0x0020_0242
RT_PLAN_GEOMETRY = 0x300A_000C
DOSE_SUMMATION_TYPE = 0x3004_000A
LOSSY_IMAGE_COMPRESSION = 0x0028_2110
SOURCE_IMAGE_SEQUENCE = 0x0008_2112
FRAME_EXTRACTION_SEQUENCE = 0x0008_1164
MULTI_FRAME_SOURCE_SOP_INSTANCE_UID = 0x0008_1167
REFERENCED_SOP_CLASS_UID = 0x0008_1150
REFERENCED_SOP_INSTANCE_UID = 0x0008_1155
SPECIFIC_CHARACTER_SET = 0x0008_0005

PATIENT_ID = 0x0010_0020
ISSUER_OF_PATIENT_ID = 0x0010_0021
OTHER_PATIENT_IDS = 0x0010_1000  # retired, still written
OTHER_PATIENT_IDS_SEQUENCE = 0x0010_1002
ORIGINAL_ATTRIBUTES_SEQUENCE = 0x0400_0561
MODIFIED_ATTRIBUTES_SEQUENCE = 0x0400_0550

SERIES_NUMBER = 0x0020_0011
INSTANCE_NUMBER = 0x0020_0013
SERIES_DESCRIPTION = 0x0008_103E

SPECIMEN_UID = 0x0040_0554
SPECIMEN_IDENTIFIER = 0x0040_0551
SPECIMEN_DESCRIPTION_SEQUENCE = 0x0040_0560
DEVICE_UID = 0x0018_1002
DEVICE_SEQUENCE = 0x0050_0010
CONTRIBUTING_EQUIPMENT_SEQUENCE = 0x0018_A001
MANUFACTURER = 0x0008_0070
MANUFACTURER_MODEL_NAME = 0x0008_1090
DEVICE_SERIAL_NUMBER = 0x0018_1000

REFERENCED_FRAME_OF_REFERENCE_SEQUENCE = 0x3006_0010
REGISTRATION_SEQUENCE = 0x0070_0308
DEFORMABLE_REGISTRATION_SEQUENCE = 0x0064_0002
SOURCE_FRAME_OF_REFERENCE_UID = 0x0064_0003

CONTENT_SEQUENCE = 0x0040_A730
CONCEPT_NAME_CODE_SEQUENCE = 0x0040_A043
PURPOSE_OF_REFERENCE_CODE_SEQUENCE = 0x0040_A170
CODE_VALUE = 0x0008_0100
CODING_SCHEME_DESIGNATOR = 0x0008_0102
UID_VALUE = 0x0040_A124

SHARED_KINDS: dict[int, Kind] = {
    FRAME_OF_REFERENCE_UID: Kind.FRAME_OF_REFERENCE,
    tag("ReferencedFrameOfReferenceUID"): Kind.FRAME_OF_REFERENCE,
    tag("VolumeFrameOfReferenceUID"): Kind.FRAME_OF_REFERENCE,
    tag("SynchronizationFrameOfReferenceUID"): Kind.SYNCHRONIZATION,
    tag("TrackingUID"): Kind.TRACKING,
    tag("DimensionOrganizationUID"): Kind.DIMENSION_ORGANIZATION,
    tag("SpecimenUID"): Kind.SPECIMEN,
    tag("DeviceUID"): Kind.DEVICE,
    tag("IrradiationEventUID"): Kind.IRRADIATION_EVENT,
    CONCATENATION_UID: Kind.CONCATENATION,
    tag("TransactionUID"): Kind.TRANSACTION,
    PYRAMID_UID: Kind.OTHER,
}
"""UIDs that objects carry and share on purpose, at any depth."""

CONTENT_ITEM_KINDS: dict[tuple[str, str], Kind] = {
    ("112040", "DCM"): Kind.TRACKING,  # Tracking Unique Identifier (PS3.16 TID 4108)
    ("113769", "DCM"): Kind.IRRADIATION_EVENT,  # Irradiation Event UID (PS3.16 TID 10003)
}
"""Shared UIDs that reports carry as content items of type UIDREF."""

UNCOMPRESSED_PREDECESSOR = ("121320", "DCM")
"""The Purpose of Reference of what an image is the compressed copy of (PS3.16 CID 7202)."""

IDENTITY_TAGS: frozenset[int] = frozenset(
    {SOP_INSTANCE_UID, STUDY_INSTANCE_UID, SERIES_INSTANCE_UID, REFERENCED_SOP_INSTANCE_UID, *SHARED_KINDS}
)
"""Elements whose UID names one thing, not a class, a coding scheme or a device model."""

ROLES: dict[int, Role] = {
    **dict.fromkeys(
        map(
            tag,
            (
                "SourceImageSequence",
                "DerivationImageSequence",
                "SourceImageEvidenceSequence",
                "SourceInstanceSequence",
                "ConversionSourceAttributesSequence",
                "FrameExtractionSequence",
            ),
        ),
        Role.SOURCE,
    ),
    **dict.fromkeys(
        map(
            tag,
            (
                "ReferencedImageSequence",
                "ReferencedImageEvidenceSequence",
                "ReferencedRawDataSequence",
                "ReferencedWaveformSequence",
                "StereoPairsSequence",
                "PredecessorDocumentsSequence",
                "IdenticalDocumentsSequence",
                "ReferencedRTPlanSequence",
            ),
        ),
        Role.BYSTANDER,
    ),
}
"""What being named inside a sequence means for derivation."""

ENTITY_SEQUENCES: frozenset[int] = frozenset(
    {
        tag("ReferencedStudySequence"),
        tag("ReferencedPerformedProcedureStepSequence"),
        tag("ReferencedPatientSequence"),
        tag("ReferencedVisitSequence"),
    }
)
"""Sequences whose Referenced SOP Instance UID names another entity than an instance."""

RT_REFERENCED_STUDY_SEQUENCE = tag("RTReferencedStudySequence")
"""Names a study in Referenced SOP Instance UID (PS3.3 C.8.8.5), and inside it series."""

ENTITY_CLASSES = ("1.2.840.10008.3.1.2.", "1.2.840.10008.5.1.4.34.6.")
"""Arcs of the patient, visit, study, procedure step and interpretation classes."""
