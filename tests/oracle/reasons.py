"""Why the registry is silent where dcentvfy or dciodvfy speaks: every single case has a reason here.

A case without one fails the run.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.oracle.cases import Case
from tests.oracle.flaws import IDENTITIES, Flaw


class Reason(NamedTuple):
    """Why nothing is said about some attributes, mutated in some ways."""

    text: str
    attributes: str = ""  # all of them where empty
    mutations: tuple[str, ...] = ()  # all of them where empty

    def holds(self, case: Case) -> bool:
        return (not self.mutations or case.mutation in self.mutations) and (
            not self.attributes or case.attribute in self.attributes.split()
        )


ATTRIBUTES = (
    Reason(
        "The same value: 1 and 1.0, a name with and without empty parts. Who compares strings reports "
        "every rewrite of a file.",
        mutations=("otherwise",),
    ),
    Reason(
        "What an object doesn't say disagrees with nothing: objects made of others leave out much "
        "(highdicom's key object selection has no age, size, weight, description), and most attributes are "
        "optional. dcentvfy calls it a warning, where a sequence is empty an error.",
        mutations=("absent", "empty"),
    ),
    Reason(
        "Changes from object to object: when the series and its procedure step began, as each device counts "
        "it, the extremes of the pixels so far, when the step will have ended.",
        "SeriesDate SeriesTime SmallestPixelValueInSeries LargestPixelValueInSeries "
        "PerformedProcedureStepStartDate PerformedProcedureStepStartTime "
        "PerformedProcedureStepEndDate PerformedProcedureStepEndTime",
    ),
    Reason(
        "Belongs into the items of Request Attributes Sequence (0040,0275), which is compared as a whole. "
        "At the top of an object the standard has it not, or in another entity.",
        "RequestedProcedureDescription RequestedProcedureCodeSequence ScheduledProcedureStepDescription "
        "ScheduledProtocolCodeSequence ScheduledProcedureStepID RequestedProcedureID "
        "ReasonForTheRequestedProcedure ReasonForRequestedProcedureCodeSequence",
    ),
    Reason(
        "Belongs into the items of a sequence (content items, issuers, references to photos, UDI), which "
        "is compared as a whole where it is an entity's; dcentvfy takes the item's macro for the entity's "
        "own.",
        "ReferencedSOPSequence LocalNamespaceEntityID UniversalEntityID UniversalEntityIDType "
        "MeasurementUnitsCodeSequence ObservationDateTime ObservationStartDateTime ValueType "
        "ConceptNameCodeSequence DateTime Date Time PersonName UID TextValue FloatingPointValue "
        "RationalNumeratorValue RationalDenominatorValue ConceptCodeSequence NumericValue TypeOfInstances "
        "DICOMRetrievalSequence DICOMMediaRetrievalSequence WADORetrievalSequence XDSRetrievalSequence "
        "WADORSRetrievalSequence UniqueDeviceIdentifier DeviceDescription",
    ),
    Reason(
        "An attribute of the series in this class alone (PET, computed radiography, PET/NM orientation), "
        "of the single image in others: in CT, NM and mammography it differs within a series as a matter "
        "of course, and the registry has one list for all classes.",
        "FilterType CollimatorGridName FocalSpots ViewPosition PatientOrientationCodeSequence "
        "PatientGantryRelationshipCodeSequence InterventionDrugInformationSequence "
        "AcquisitionTerminationCondition AcquisitionStartCondition AcquisitionStartConditionData "
        "AcquisitionTerminationConditionData ReconstructionDiameter GantryDetectorTilt GantryDetectorSlew "
        "FieldOfViewShape FieldOfViewDimensions CollimatorType ConvolutionKernel CorrectedImage "
        "EnergyWindowRangeSequence RadiopharmaceuticalInformationSequence NumberOfSlices "
        "NumberOfRRIntervals NumberOfTimeSlots NumberOfTimeSlices "
        "TypeOfDetectorMotion ScanProgressionDirection",
    ),
    Reason(
        "Where the probe was for one ultrasound volume; what all volumes share is their frame of "
        "reference, which is compared.",
        "UltrasoundAcquisitionGeometry ApexPosition VolumeToTransducerMappingMatrix "
        "VolumeToTableMappingMatrix VolumeToTransducerRelationship PatientFrameOfReferenceSource "
        "VolumeFrameOfReferenceUID TableFrameOfReferenceUID",
    ),
)
"""For the attributes that dcentvfy compares; the first that holds is given."""

CASES = {
    "the same file twice": "A repeat: the same UID for the same thing is what sending again does (PS3.15 "
    "A.5.3.7), and `check` counts it as one.",
}
"""For the cases about UIDs and patients, by their titles."""


class FlawReason(NamedTuple):
    """Why nothing is said about a flaw in some places."""

    text: str
    flaws: tuple[str, ...]
    places: tuple[str, ...] = ()  # all of them where empty
    other_places: tuple[str, ...] = ()  # all but them

    def holds(self, flaw: Flaw) -> bool:
        return (
            flaw.flaw in self.flaws
            and (not self.places or flaw.place in self.places)
            and flaw.place not in self.other_places
        )


FLAWS = (
    FlawReason(
        "Which second arcs are in use changes with what ISO and ITU-T hand out; the registry knows the "
        "limit that X.660 itself sets, 39 under 0 and 1.",
        ("an unused second arc under 1", "an unused second arc under 2"),
    ),
    FlawReason(
        "Roots are judged where a UID identifies an instance-level thing; a class, a program or a maker "
        "may have what UID it likes.",
        ("the bare root 2.25", "one component", "under the example root 2.999", "under the standard's root"),
        other_places=IDENTITIES,
    ),
    FlawReason(
        "How many values an attribute has, and whether it may be empty, is the IOD's business; the "
        "registry asks for the four UIDs without which an object can't be placed (UID109), and for the one "
        "in the file meta information (UID601).",
        ("two values", "no value"),
        other_places=(
            "StudyInstanceUID",
            "SeriesInstanceUID",
            "SOPInstanceUID",
            "SOPClassUID",
            "MediaStorageSOPInstanceUID",
        ),
    ),
    FlawReason(
        "A report's content against its own evidence is a matter of its IOD, not of who has which UID.",
        (
            "a report that points to an image that its evidence doesn't name",
            "a report whose evidence gives an image another class",
        ),
    ),
)
"""For flaws of single UIDs and files, beside dciodvfy."""


def of(case: Case | Flaw) -> str | None:
    """The reason for a case where only the other program speaks; None if there is none."""
    if isinstance(case, Flaw):
        return next((reason.text for reason in FLAWS if reason.holds(case)), None)
    if not case.attribute:
        return CASES.get(case.title)
    return next((reason.text for reason in ATTRIBUTES if reason.holds(case)), None)
