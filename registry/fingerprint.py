"""What all objects of a patient, a study or a series must share, and how it is kept:
which attributes are present, and a hash of each.

One byte says how many attributes the list had, a bit each says which are present,
eight bytes each follow for those. The lists are those that dcentvfy compares
(PS3.3 modules Patient to Series and Equipment), with Accession Number, institution
and padding, and without what changes from object to object.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from registry.records import Level

VERSION = 1
"""Of the attribute lists. They only grow at their ends, so that older fingerprints,
which are shorter, still compare; fingerprints of different versions don't."""

KEYWORDS: dict[Level, tuple[str, ...]] = {
    level: tuple(words.split())
    for level, words in {
        Level.PATIENT: """
            PatientName PatientBirthDate PatientBirthTime PatientBirthDateInAlternativeCalendar
            PatientDeathDateInAlternativeCalendar PatientAlternativeCalendar PatientSex QualityControlSubject
            IssuerOfPatientID TypeOfPatientID OtherPatientNames EthnicGroup PatientSpeciesDescription
            PatientBreedDescription BreedRegistrationSequence StrainDescription StrainNomenclature
            ResponsiblePerson ResponsiblePersonRole ResponsibleOrganization PatientComments
            ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName ClinicalTrialSiteID
            ClinicalTrialSiteName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID PatientIdentityRemoved
            DeidentificationMethod DeidentificationMethodCodeSequence
            IssuerOfPatientIDQualifiersSequence SourcePatientGroupIdentificationSequence
            GroupOfPatientsIdentificationSequence StrainStockSequence StrainSource
            StrainSourceRegistryCodeSequence StrainAdditionalInformation StrainCodeSequence
            GeneticModificationsSequence OtherPatientIDsSequence ReferencedPatientPhotoSequence
            ReferencedPatientSequence EthnicGroupCodeSequence PatientSpeciesCodeSequence
            PatientBreedCodeSequence IssuerOfClinicalTrialProtocolID OtherClinicalTrialProtocolIDsSequence
            IssuerOfClinicalTrialSiteID IssuerOfClinicalTrialSubjectID IssuerOfClinicalTrialSubjectReadingID
            ClinicalTrialProtocolEthicsCommitteeName ClinicalTrialProtocolEthicsCommitteeApprovalNumber""",
        Level.STUDY: """
            StudyDate StudyTime StudyID StudyDescription AccessionNumber ReferringPhysicianName
            ConsultingPhysicianName PhysiciansOfRecord NameOfPhysiciansReadingStudy RequestingService
            ProcedureCodeSequence AdmittingDiagnosesDescription PatientAge PatientSize PatientWeight
            PatientBodyMassIndex MedicalAlerts Allergies SmokingStatus PregnancyStatus LastMenstrualDate
            PatientState Occupation AdditionalPatientHistory PatientSexNeutered AdmissionID ReasonForVisit
            ServiceEpisodeID ServiceEpisodeDescription ClinicalTrialTimePointID
            ClinicalTrialTimePointDescription LongitudinalTemporalOffsetFromEvent
            LongitudinalTemporalEventType
            ReferringPhysicianIdentificationSequence ConsultingPhysicianIdentificationSequence
            PhysiciansOfRecordIdentificationSequence PhysiciansReadingStudyIdentificationSequence
            RequestingServiceCodeSequence ReasonForPerformedProcedureCodeSequence
            AdmittingDiagnosesCodeSequence PatientSizeCodeSequence MeasuredAPDimension
            MeasuredLateralDimension IssuerOfAdmissionID IssuerOfAdmissionIDSequence
            ReasonForVisitCodeSequence IssuerOfServiceEpisodeID IssuerOfServiceEpisodeIDSequence
            IssuerOfClinicalTrialTimePointID ClinicalTrialTimePointTypeCodeSequence
            ConsentForClinicalTrialUseSequence ReferencedStudySequence
            IssuerOfAccessionNumberSequence""",
        Level.SERIES: """
            Modality SeriesNumber Laterality SeriesDescription SeriesDescriptionCodeSequence
            PerformingPhysicianName OperatorsName ProtocolName BodyPartExamined PatientPosition
            AnatomicalOrientationType RelatedSeriesSequence PerformedProcedureStepID
            PerformedProcedureStepStartDate PerformedProcedureStepStartTime PerformedProcedureStepDescription
            PerformedProtocolCodeSequence CommentsOnThePerformedProcedureStep RequestAttributesSequence
            ClinicalTrialCoordinatingCenterName ClinicalTrialSeriesID ClinicalTrialSeriesDescription
            PresentationIntentType Manufacturer InstitutionName InstitutionAddress
            InstitutionalDepartmentName StationName ManufacturerModelName DeviceSerialNumber DeviceUID
            GantryID ManufacturerDeviceClassUID SoftwareVersions SpatialResolution DateOfLastCalibration
            TimeOfLastCalibration DateOfManufacture DateOfInstallation PixelPaddingValue FrameOfReferenceUID
            PositionReferenceIndicator
            PerformingPhysicianIdentificationSequence OperatorIdentificationSequence
            ReferencedPerformedProcedureStepSequence UDISequence IssuerOfClinicalTrialSeriesID
            PlateType PhosphorType PerformedProtocolType SeriesType Units CountsSource ReprojectionMethod
            SUVType RandomsCorrectionMethod AttenuationCorrectionMethod DecayCorrection ReconstructionMethod
            DetectorLinesOfResponseUsed ScatterCorrectionMethod AxialAcceptance AxialMash TransverseMash
            DetectorElementSize CoincidenceWindowWidth SecondaryCountsType ConversionType
            SecondaryCaptureDeviceID SecondaryCaptureDeviceManufacturer
            SecondaryCaptureDeviceManufacturerModelName SecondaryCaptureDeviceSoftwareVersions
            VideoImageFormatAcquired DigitalImageFormatAcquired CameraOwnerName LensSpecification LensMake
            LensModel LensSerialNumber TriggerSourceOrType SynchronizationTrigger SynchronizationChannel
            AcquisitionTimeSynchronized TimeSource TimeDistributionProtocol NTPSourceAddress
            SynchronizationFrameOfReferenceUID""",
    }.items()
}
"""The attributes of each level, in the order of the fingerprint's bits."""

SIZE = 8
"""Bytes for each present attribute."""

_ABSENT = b""


def pack(hashes: Sequence[bytes | None]) -> bytes:
    """A fingerprint from one hash for each attribute, None for an absent one."""
    present = sum(1 << index for index, value in enumerate(hashes) if value is not None)
    bitmap = present.to_bytes((len(hashes) + 7) // 8, "little")
    return bytes([len(hashes)]) + bitmap + b"".join(value for value in hashes if value is not None)


def unpack(packed: bytes) -> list[bytes | None]:
    """The hashes of a fingerprint, None for an absent attribute."""
    count = packed[0]
    start = 1 + (count + 7) // 8
    present = int.from_bytes(packed[1:start], "little")
    hashes: list[bytes | None] = []
    for index in range(count):
        here = present >> index & 1
        hashes.append(packed[start : start + SIZE] if here else None)
        start += SIZE * here
    return hashes


def value_at(packed: bytes, index: int) -> bytes | None:
    """The hash of one attribute of a fingerprint, None where it is absent."""
    count = packed[0]
    start = 1 + (count + 7) // 8
    present = int.from_bytes(packed[1:start], "little")
    if index >= count or not present >> index & 1:
        return None
    before = (present & ((1 << index) - 1)).bit_count()
    return packed[start + SIZE * before : start + SIZE * (before + 1)]


class Variants:
    """The fingerprints seen of one subject, as far as they tell something new.

    Two different values of an attribute, and that it was once absent, are all
    that rules ask for; so the number kept is bounded, whatever comes in.
    """

    def __init__(self, kept: Iterable[bytes] = ()) -> None:
        self._seen: dict[int, set[bytes]] = {}
        self._kept: set[bytes] = set()
        for packed in kept:
            self.take(packed)

    def take(self, packed: bytes) -> bool:
        """Whether a fingerprint tells something new; if so it counts as seen from now on."""
        if packed in self._kept:
            return False
        new = False
        for index, value in enumerate(unpack(packed)):
            seen = self._seen.setdefault(index, set())
            known = value or _ABSENT
            if known not in seen and (known == _ABSENT or len(seen - {_ABSENT}) < 2):
                seen.add(known)
                new = True
        if new:
            self._kept.add(packed)
        return new

    @property
    def is_one(self) -> bool:
        """Whether no other was seen than the first."""
        return len(self._kept) < 2

    def disagreeing(self) -> set[int]:
        """The attributes of which two different values were seen."""
        return {index for index, seen in self._seen.items() if len(seen - {_ABSENT}) > 1}

    def wanting(self) -> set[int]:
        """The attributes that some objects have, all alike, and others lack."""
        return {index for index, seen in self._seen.items() if len(seen) == 2 and _ABSENT in seen}

    def __or__(self, other: Variants) -> Variants:
        """What both have seen, put together."""
        return Variants(sorted(self._kept | other._kept))
