"""What can go wrong, as types; each knows its exit status and what to do next.

::

    RegistryError                    4  a bug of ours, if it ever gets out bare
    |-- BadRequest                   2  nothing was decided
    |   |-- MalformedUid
    |   |-- BadRoot
    |   |   `-- BadPrefix
    |   |-- BadModality
    |   |-- BadSetting
    |   |-- NoSuchPath
    |   |-- PathTaken
    |   |-- NotWritable
    |   |-- MalformedNote
    |   |-- ParentNeeded
    |   |-- SourceUnclear
    |   |-- InstanceUnclear
    |   `-- ActorNeeded
    |-- Refused                      1  the ledger says no, and has recorded that
    |   |-- UidCollision
    |   |-- ParentMismatch
    |   |-- UidWithdrawn
    |   |-- RequestReused
    |   |-- ScopePurged
    |   |-- NotOneToOne
    |   |-- UnknownScope
    |   |-- UnknownUid
    |   `-- UnknownFinding
    |-- FindingsError                1  what was checked has findings that must not pass
    |-- Unavailable                  3  the registry can't be asked
    |   |-- NoRegistry
    |   |-- SchemaOutdated
    |   |-- SchemaTooNew
    |   |-- OtherRegistry
    |   |-- RegistryElsewhere
    |   |-- KeyUnusable
    |   |   `-- SigningKeyUnusable
    |   |-- ReceiverUnusable
    |   `-- DatabaseUnusable
    |       |-- DatabaseBusy
    |       |-- DatabaseGone
    |       |-- OutcomeUnknown
    |       `-- RightMissing
    `-- IntegrityFailure             5  history isn't what it was
        |-- HistoryProtected
        |-- NoteNotSigned
        `-- TrailBroken

The docstring of a class is its message where none is given (PS3.x is cited
where a rule of the standard is behind it).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class RegistryError(Exception):
    """Something failed inside the registry itself."""

    exit_status = 4
    advice = "This is a bug; please report what you ran."

    def __init__(self, message: str | None = None, *, advice: str | None = None) -> None:
        self.message = message or (self.__doc__ or "").strip()
        if advice is not None:
            self.advice = advice
        super().__init__(self.message)

    @property
    def code(self) -> str:
        """The error's stable name for programs: its class name."""
        return type(self).__name__


class BadRequest(RegistryError):
    """The request can't be understood."""

    exit_status = 2
    advice = "See `uid-registry --help`."


class MalformedUid(BadRequest):
    """The text is not a valid UID (PS3.5 section 9.1)."""

    advice = "A UID is digits and dots, e.g. 1.2.840.113619.2.55, 64 characters at most."


class BadRoot(BadRequest):
    """The root can't be used for this."""

    advice = "`uid-registry root list` shows the roots that this registry may issue under."


class BadPrefix(BadRoot, ValueError):
    """No UID can be generated with this prefix."""

    advice = (
        "Leave the prefix out, or name a root of this registry with its final dot, e.g. "
        "prefix='1.2.840.113619.'; `uid-registry root list` shows them."
    )


class BadModality(BadRequest):
    """The modality isn't one of PS3.3 section C.7.3.1.1.1."""

    advice = "Use a Defined Term of PS3.3 section C.7.3.1.1.1, such as SEG, SR, PR or OT."


class BadSetting(BadRequest):
    """A setting has a value that can't be used."""

    advice = "Mend the file or variable that the message names."


class NoSuchPath(BadRequest):
    """There is no such file or folder."""

    advice = "Give a file, a folder, a zip archive, a DICOMDIR, or - for paths on standard input."


class PathTaken(BadRequest):
    """There is another file already."""

    advice = "Give another path, or overwrite=True."


class NotWritable(BadRequest):
    """The data set can't be written as a DICOM file."""

    advice = (
        "`data_set.save_as(path, enforce_file_format=True)` tells why: file_meta.TransferSyntaxUID is "
        "missing, or an attribute has a value that can't be encoded."
    )


class MalformedNote(BadRequest):
    """This is no signed note, or no checkpoint (c2sp.org/signed-note, c2sp.org/tlog-checkpoint)."""

    advice = "Give the file as `uid-registry audit checkpoint` wrote it, its last line included."


class ParentNeeded(BadRequest):
    """An issued series needs its study, an issued instance its series."""

    advice = "Name the parent with --study UID or --series UID, or the source with --source."


class SourceUnclear(BadRequest):
    """The study of the source can't be told."""

    advice = "Give the source as a file, or name the study with --study UID."


class InstanceUnclear(BadRequest, TypeError):
    """There are several instances, and it isn't said which."""

    advice = "Name one of them: `derived.instances[0]`."


class ActorNeeded(BadRequest):
    """This act goes into the audit trail and needs the name of who does it."""

    advice = "Give --actor NAME, or set UID_REGISTRY_ACTOR."


class Refused(RegistryError):
    """The registry refuses this."""

    exit_status = 1
    advice = "`uid-registry show UID` tells what the registry knows."


class UidCollision(Refused):
    """The UID is taken by another thing."""


class ParentMismatch(Refused):
    """The UID is recorded under another parent."""


class UidWithdrawn(Refused):
    """The UID was withdrawn and must not be used again."""


class RequestReused(Refused):
    """This request id was used before, for another request."""

    advice = "Use a new --request-id for a new request; repeat one only to retry the very same call."


class ScopePurged(Refused):
    """The map of this scope was purged: what replaced what in it nobody knows any more."""

    advice = (
        "Use a new scope: another replacement for what was replaced before would make two of one. "
        "`uid-registry scope show NAME` tells who purged it, and when."
    )


class NotOneToOne(Refused):
    """Within a scope each original has one replacement, and each replacement one original."""

    advice = "Import the map into a scope of its own."


class UnknownScope(Refused):
    """The registry has no such scope."""

    advice = "`uid-registry scope list` shows them; `uid-registry remap` makes one when it is first used."


class UnknownUid(Refused):
    """The registry has never heard of this UID."""

    advice = "`uid-registry find PREFIX` looks for UIDs that begin alike."


class UnknownFinding(Refused):
    """The registry keeps no such finding."""

    advice = (
        "`uid-registry findings list` shows what it keeps; what only `check` has found isn't kept: "
        "`uid-registry register PATH` records the object, and what is found."
    )


class FindingsError(RegistryError):
    """Something was found that must not pass."""

    exit_status = 1
    advice = "`uid-registry rule CODE` tells what a finding means and what to do about it."

    def __init__(
        self, message: str | None = None, *, advice: str | None = None, findings: Sequence[Any] = ()
    ) -> None:
        super().__init__(message, advice=advice)
        self.findings = tuple(findings)  # registry.records.Finding, the gravest first


class Unavailable(RegistryError):
    """The registry can't be reached."""

    exit_status = 3
    advice = "Check --database, UID_REGISTRY_DATABASE and the `database` setting."


class NoRegistry(Unavailable):
    """There is no registry at this place."""

    advice = "`uid-registry init` creates one; --database URL names another place."


class SchemaOutdated(Unavailable):
    """The database is older than this program."""

    advice = "Run `uid-registry db upgrade`."


class SchemaTooNew(Unavailable):
    """The database was written by a newer version of this program."""

    advice = "Install the newer dicom-uid-registry."


class OtherRegistry(Unavailable):
    """This is not the registry that the project asks for."""

    advice = "Give the --database that belongs to the pinned origin, or mend `origin` in uid-registry.toml."


class RegistryElsewhere(Unavailable):
    """The trail of this registry goes on in another database."""

    advice = "Name that database with --database or UID_REGISTRY_DATABASE."


class KeyUnusable(Unavailable):
    """The registry's key is missing or belongs to another registry."""

    advice = "Copy the registry's key file to this machine, or name it with UID_REGISTRY_KEY_FILE."


class SigningKeyUnusable(KeyUnusable):
    """The key that signs checkpoints isn't on this machine."""

    advice = (
        "Ask for checkpoints where the key is, copy its file here, or name it with "
        "UID_REGISTRY_SIGNING_KEY_FILE; `uid-registry audit key` tells what is expected where."
    )


class ReceiverUnusable(Unavailable):
    """The system that the trail is sent to can't be reached, or isn't trusted."""

    advice = "Run the same command again when it is back: it goes on from the last entry that surely arrived."


class DatabaseUnusable(Unavailable):
    """The database can't be used."""


class DatabaseBusy(DatabaseUnusable):
    """The database gave the transaction up: others were in its way."""

    advice = "Another program holds what this one needs; run the same command again when it is done."


class DatabaseGone(DatabaseUnusable):
    """The connection to the database was lost, or the server is down."""

    advice = "Run the same command again when the server is back; `uid-registry doctor` tells whether it is."


class OutcomeUnknown(DatabaseUnusable):
    """The connection was lost while the act was being committed, and nobody can be asked whether it was."""


class RightMissing(DatabaseUnusable):
    """The database user lacks a right."""

    advice = "Use a user of the role that may; `uid-registry db roles` shows who may what."


class IntegrityFailure(RegistryError):
    """What the registry holds isn't what it recorded."""

    exit_status = 5
    advice = "Keep the database as it is and compare it with a backup: `uid-registry audit verify`."


class HistoryProtected(IntegrityFailure):
    """The database refused a change to its history."""


class NoteNotSigned(IntegrityFailure):
    """The note isn't signed by a key that counts here."""

    advice = "Check it with the vkey that you were given when the registry was made: --key VKEY."


class TrailBroken(IntegrityFailure):
    """The audit trail doesn't verify."""
