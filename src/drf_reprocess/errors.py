"""Failures of the program. (A defect in the data is no exception but a `model.Finding`.)

::

    DrfReprocessError
    ├── ConfigurationError          a key, value or file of the configuration is wrong     exit 2
    │   └── ProfileError            the same of a mission profile                          exit 2
    ├── UnreadableDrf               `read_drf` was given a file that it must not guess at
    ├── UnreadableLabel             a PDS4 label cannot be read (also a ValueError)
    ├── SchemaSetError              XML schemas or their catalog cannot be used
    ├── StorageError                permanent: trying again would not help
    │   ├── ObjectNotFound          (also a FileNotFoundError)
    │   ├── StorageFull             no space or quota left
    │   ├── StorageDenied           not permitted, or read-only (also a PermissionError)
    │   └── TransientStorageError   may pass: retried with backoff
    ├── CatalogError
    │   ├── CatalogVersionError     the catalog was written by another version of its schema
    │   ├── CatalogDamaged          the database, or its schema, is not what was written
    │   ├── CatalogConflict         a row was not as expected: another run got there first
    │   └── JournalDamaged          a segment of the catalog's journal is missing or not what was written
    ├── OutputLocked                another driver is at work on the output
    ├── PlanOutdated                what a plan was made of has changed since
    ├── ComputeError                workers or scheduler lost, unsafe or unreachable
    ├── PackageError                a delivery package cannot be written or read
    │   └── CodecMissing            the planned compression codec or its version is not here
    ├── VerificationFailed          a package is not what its manifests say                exit 4
    └── ConservationError           bytes, files or members unaccounted for: a bug of this program

Every class survives pickling: all positional arguments go to ``super().__init__``.
"""

from __future__ import annotations

from collections.abc import Mapping


class DrfReprocessError(Exception):
    """Base of all errors that this package raises on purpose."""


class ConfigurationError(DrfReprocessError):
    """A key, a value or a file of the configuration is wrong."""


class ProfileError(ConfigurationError):
    """A mission profile is wrong."""


class UnreadableDrf(DrfReprocessError, ValueError):
    """A data file cannot be read without guessing."""


class UnreadableLabel(DrfReprocessError, ValueError):
    """A label is not XML, not PDS4, unsafe to read, or lacks what every label has."""


class SchemaSetError(DrfReprocessError):
    """XML schemas, Schematron files or the XML catalog that locates them cannot be used."""


class StorageError(DrfReprocessError, OSError):
    """Storage said no, and would say it again."""


class ObjectNotFound(StorageError, FileNotFoundError):
    """There is no object of that name."""


class StorageFull(StorageError):
    """No space or quota is left."""


class StorageDenied(StorageError, PermissionError):
    """Access is not permitted, or the place is read-only."""


class TransientStorageError(StorageError):
    """Storage failed in a way that may pass."""


class CatalogError(DrfReprocessError):
    """The catalog cannot be used."""


class CatalogVersionError(CatalogError):
    """The catalog was written under another version of its schema."""


class CatalogConflict(CatalogError):
    """A row was not as the writer expected it: somebody else wrote first."""


class CatalogDamaged(CatalogError):
    """The database is not what was written: its file is damaged, cut off, or none."""


class JournalDamaged(CatalogError):
    """The journal from which a catalog can be made again lacks a segment, or has a damaged one."""


class OutputLocked(DrfReprocessError):
    """Another driver is at work on the output, or was, on another host."""


class PlanOutdated(DrfReprocessError):
    """Received files, catalog, profile or configuration are not those that a plan was made of."""


class ComputeError(DrfReprocessError):
    """The workers or their scheduler are lost, unsafe or unreachable."""


class PackageError(DrfReprocessError):
    """A delivery package cannot be written or read."""


class CodecMissing(PackageError):
    """The compression codec that the plan names is not installed in that version."""


class VerificationFailed(DrfReprocessError):
    """A finished package is not what its manifests and labels say."""


class ConservationError(DrfReprocessError):
    """Bytes, files or members are unaccounted for: a bug of this program, never of the data.

    ``what`` was counted: ``file``, ``product``, ``task``, ``run``, ``package``, ``inventory`` or ``bundle``; ``expected``,
    ``got`` and ``first``, the first thing that differs, are plain values, as is all in ``item``, which tells what it was
    found on.
    """

    def __init__(
        self,
        *args: object,
        what: str = "",
        expected: object = None,
        got: object = None,
        first: object = None,
        item: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(*args)
        self.what = what
        self.expected = expected
        self.got = got
        self.first = first
        self.item = dict(item or {})

    def kept_in(self, place: str) -> ConservationError:
        """Return the same with the place in its message where all that is known of it is kept."""
        return ConservationError(
            f"{self}; this is a fault of the program, report it with {place}; what was finished is kept",
            **self.__dict__,
        )

    def as_dict(self) -> dict[str, object]:
        """Return all that is known of it as plain values."""
        return {"message": str(self)} | self.__dict__
