"""The UI attributes that name no instance of anything, and so are never replaced.

All others are: those to which PS3.15 Table E.1-1 gives the action U, and those which
it doesn't list though they name instances just as well, such as the Multi-frame Source
SOP Instance UID (0008,1167) or the SOP Instance UID of Concatenation Source (0020,0242).
A test holds the two together against pydicom's dictionary: an attribute that a later
edition adds is replaced, until somebody writes here why not.
"""

from __future__ import annotations

_CLASS = "a SOP Class: says what an object is (PS3.4); a private one too"
_SYNTAX = "a transfer syntax: says how to read (PS3.5 section 10)"
_CODE = "where a code is defined (PS3.3 section 8): without it the code means nothing"
_SOFTWARE = "a make of software or device, not one of them"
_READING = "says how private information is to be read (PS3.10 section 7.1, PS3.3 F.3)"

STRUCTURAL: dict[str, str] = {
    "AffectedSOPClassUID": _CLASS,
    "RequestedSOPClassUID": _CLASS,
    "MediaStorageSOPClassUID": _CLASS,
    "RTVCommunicationSOPClassUID": _CLASS,
    "ReferencedSOPClassUIDInFile": _CLASS,
    "ReferencedRelatedGeneralSOPClassUIDInFile": _CLASS,
    "SOPClassUID": _CLASS,
    "RelatedGeneralSOPClassUID": _CLASS,
    "OriginalSpecializedSOPClassUID": _CLASS,
    "SOPClassesInStudy": _CLASS,
    "ReferencedSOPClassUID": _CLASS,
    "SOPClassesSupported": _CLASS,
    "PertinentSOPClassesInStudy": _CLASS,
    "PertinentSOPClassesInSeries": _CLASS,
    "TransferSyntaxUID": _SYNTAX,
    "ReferencedTransferSyntaxUIDInFile": _SYNTAX,
    "StoredInstanceTransferSyntaxUID": _SYNTAX,
    "AvailableTransferSyntaxUID": _SYNTAX,
    "FlowTransferSyntaxUID": _SYNTAX,
    "MACCalculationTransferSyntaxUID": _SYNTAX,
    "EncryptedContentTransferSyntaxUID": _SYNTAX,
    "CodingSchemeUID": _CODE,
    "ContextUID": _CODE,
    "MappingResourceUID": _CODE,
    "ImplementationClassUID": _SOFTWARE,
    "ManufacturerDeviceClassUID": _SOFTWARE,
    "PrivateInformationCreatorUID": _READING,
    "PrivateRecordUID": _READING,
}
"""Keyword -> why it stays."""
