"""UID4, continued: do all objects of a patient, a study, a series say the same of it.

What is compared are keyed fingerprints: which attribute disagrees is known, no value is.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from registry.fingerprint import KEYWORDS
from registry.records import Kind, Level, Patient, Severity
from registry.rules.base import Sighting, View, listed

_EQUIPMENT = frozenset(
    """
    Manufacturer InstitutionName InstitutionAddress InstitutionalDepartmentName StationName
    ManufacturerModelName DeviceSerialNumber DeviceUID GantryID UDISequence ManufacturerDeviceClassUID
    SoftwareVersions SpatialResolution DateOfLastCalibration TimeOfLastCalibration DateOfManufacture
    DateOfInstallation PixelPaddingValue
    """.split()
)
_EQUIPMENT_OF_ONE_SORT = frozenset(
    """
    ConversionType SecondaryCaptureDeviceID SecondaryCaptureDeviceManufacturer
    SecondaryCaptureDeviceManufacturerModelName SecondaryCaptureDeviceSoftwareVersions
    VideoImageFormatAcquired DigitalImageFormatAcquired CameraOwnerName LensSpecification LensMake
    LensModel LensSerialNumber
    """.split()
)  # of secondary captures and photographs, so that others lack it by right
_PEOPLE = frozenset(
    """
    PerformingPhysicianName PerformingPhysicianIdentificationSequence OperatorsName
    OperatorIdentificationSequence
    """.split()
)
_NOT_OF_A_SERIES = frozenset(
    """
    Modality FrameOfReferenceUID PerformedProcedureStepStartDate PerformedProcedureStepStartTime
    """.split()
)  # rules of their own, or a moment of one procedure step out of several
_SERIES = frozenset(KEYWORDS[Level.SERIES]) - _EQUIPMENT - _EQUIPMENT_OF_ONE_SORT - _NOT_OF_A_SERIES

_STUDY = frozenset(KEYWORDS[Level.STUDY])
_SLIGHT_IN_A_STUDY = frozenset(
    """
    StudyID StudyDescription ReferringPhysicianName ReferringPhysicianIdentificationSequence
    ConsultingPhysicianName ConsultingPhysicianIdentificationSequence PhysiciansOfRecord
    PhysiciansOfRecordIdentificationSequence NameOfPhysiciansReadingStudy
    PhysiciansReadingStudyIdentificationSequence RequestingService RequestingServiceCodeSequence
    AdmittingDiagnosesDescription AdmittingDiagnosesCodeSequence PatientAge PatientSize
    PatientSizeCodeSequence PatientWeight PatientBodyMassIndex MeasuredAPDimension MeasuredLateralDimension
    ServiceEpisodeDescription ClinicalTrialTimePointDescription AdditionalPatientHistory
    ReferencedStudySequence
    """.split()
)

_PATIENT = frozenset(KEYWORDS[Level.PATIENT]) - {"IssuerOfPatientID"}
_WHO = frozenset({"PatientName", "PatientBirthDate", "PatientSex"})


def mixed_equipment_series(uid: str, view: View) -> Iterator[Sighting]:
    """Finds series whose objects come from different equipment.

    What it does
    Compares manufacturer, model, serial number, station, software, device UID,
    institution and what else PS3.3 C.7.5.1 says of the equipment. Two different
    values are a warning; an attribute that some objects have and others lack is a
    note.

    Why it matters
    A series comes from one device. Objects of a second one were mostly put there by
    a program that copied the series of its source.

    Example
    Bad: a denoised image by "Maker B" in the series of the scanner by "Maker A".
    Good: the denoised images in a series of their own.

    What to do
    Give what the other equipment made a series of its own:
    `uid-registry derive SOURCE --modality CS`.

    Standard
    PS3.3 A.1.2.3 (c): all instances within a series are created by the same
    equipment. That a missing attribute is told is policy.
    """
    found = view.attributes.disagreement(Level.SERIES, uid)
    if different := found.different & (_EQUIPMENT | _EQUIPMENT_OF_ONE_SORT):
        yield _sighting(uid, Kind.SERIES, different, "the equipment")
    elif wanting := found.wanting & _EQUIPMENT:
        yield Sighting(
            uid,
            f"some of its objects say of their equipment what others don't: {listed(wanting)}",
            Kind.SERIES,
            Severity.NOTE,
            evidence=tuple(sorted(wanting)),
        )


def series_attribute_mismatch(uid: str, view: View) -> Iterator[Sighting]:
    """Finds series whose objects disagree about the series.

    What it does
    Compares the attributes that belong to the series (number, description,
    laterality, body part, protocol, procedure step, position, requests and others),
    but no dates, times and pixel extremes. Two different values are a warning, of
    performing physicians and operators a note; a missing one is nothing.

    Why it matters
    Archives keep what the first object said. Whatever sorts by number or
    description splits the series or mixes it with another.

    Example
    Bad: two reconstructions in one series, with two Series Descriptions.
    Good: each reconstruction in its own.

    What to do
    Find out whether these are two series: then issue a UID for one of them,
    `uid-registry issue series`. Otherwise correct the attribute.

    Standard
    PS3.3 A.1.2.3 (d): all instances within a series have the same series
    information. Which attributes weigh how much is policy.
    """
    different = view.attributes.disagreement(Level.SERIES, uid).different & _SERIES
    if different:
        yield _sighting(uid, Kind.SERIES, different, "the series", _PEOPLE)


def study_attribute_mismatch(uid: str, view: View) -> Iterator[Sighting]:
    """Finds studies whose objects disagree about the study.

    What it does
    Compares the attributes that belong to the study: date, time, Accession Number,
    procedure, admission, visit, trial time point. Two different values are a
    warning; of descriptions, Study ID, physicians, age, size and weight a note; a
    missing one is nothing, since derived objects leave many out.

    Why it matters
    Two examinations under one Study Instance UID look like this, or one that was
    corrected in half of its objects.

    Example
    Bad: two Accession Numbers in one study.
    Good: a report without Study Description beside its images.

    What to do
    Find out whether these are two examinations; what belongs to the other needs
    its Study Instance UID and series UIDs of its own. Otherwise correct the attribute.

    Standard
    PS3.3 A.1.2.2 and C.7.2: the attributes are of the study. Which attributes weigh
    how much is policy.
    """
    different = view.attributes.disagreement(Level.STUDY, uid).different & _STUDY
    if different:
        yield _sighting(uid, Kind.STUDY, different, "the study", _SLIGHT_IN_A_STUDY)


def patient_attribute_mismatch(patient: Patient, view: View) -> Iterator[Sighting]:
    """Finds one Patient ID with different names, birth dates or other attributes.

    What it does
    Compares what all objects with one Patient ID (and one issuer, where it is
    given) say of the patient: name, birth date and sex as a warning, the rest of
    the patient's attributes as a note. A missing one is nothing. The finding names
    no patient; its subject is a pseudonym that only this registry's key can make.

    Why it matters
    Two people under one Patient ID, or one whose name was corrected in half of the
    archive: the next viewer shows either.

    Example
    Bad: Patient ID 4711 with two birth dates.
    Good: a name with and without empty parts at its end, an object without any name.

    What to do
    Find out whether it is one person. Copies made for another need a Patient ID of
    their own; a correction belongs into all objects.

    Standard
    PS3.3 A.1.2.1 and C.7.1: the attributes are of the patient. Which attributes
    weigh how much is policy.
    """
    different = view.attributes.disagreement(Level.PATIENT, patient.token).different & _PATIENT
    if different:
        yield _sighting(pseudonym(patient), None, different, "the patient", _PATIENT - _WHO)


def pseudonym(patient: Patient) -> str:
    """What a patient is called in findings: nothing that anybody else could make or read."""
    return f"patient-{patient.token[:8].hex()}"


def _sighting(
    uid: str,
    kind: Kind | None,
    different: AbstractSet[str],
    what: str,
    slight: AbstractSet[str] = frozenset(),
) -> Sighting:
    return Sighting(
        uid,
        f"its objects disagree about {what}: {listed(different, 8)}",
        kind,
        Severity.WARNING if different - slight else Severity.NOTE,
        evidence=tuple(sorted(different)),
    )
