"""The DICOM UID registry: one ledger for every UID that an organisation issues or sees."""

__version__ = "0.1.0"
