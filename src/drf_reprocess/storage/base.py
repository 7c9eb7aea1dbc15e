"""What a store promises, and which one serves a URI.

A store is a small value that pickles (root and options); each process opens the file system behind it when it first
needs it. Keys are relative POSIX paths below the root. Objects are written whole: nothing half-written is ever seen
under its final name, on a disk (temporary name, fsync, rename) as on an object store (one put, or one upload that is
completed last).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drf_reprocess.digests import digest_bytes
from drf_reprocess.errors import ConfigurationError, StorageDenied
from drf_reprocess.model import SourceFile, StoredObject

Data = bytes | bytearray | memoryview

TEMPORARY = ".drf-reprocess-tmp"
"""Folder below a local root for what is not finished; never listed."""

STORE = "store"
"""Folder of the immutable objects."""

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line and paragraph separators, and bytes that are no UTF-8."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes ``start`` (from 0) to before ``end`` of an object."""

    key: str
    start: int
    end: int


class Store(Protocol):
    """Objects below one root, by key.

    All methods raise `errors.StorageError` or one of its classes: ``ObjectNotFound``, ``StorageFull``,
    ``StorageDenied`` (also for a key that leads out of the root), ``TransientStorageError`` after some seconds of
    trying.
    """

    @property
    def root(self) -> str:
        """The root: a plain absolute path for a local store, else a URI."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether the objects are files of this machine."""
        ...

    def uri(self, key: str) -> str:
        """Return the plain path of an object of a local store, else its URI."""
        ...

    def list(self, prefix: str = "") -> Iterator[SourceFile]:
        """Yield all objects below the folder ``prefix`` (or the object of that name), sorted by name.

        Names are relative to the root. Without ``prefix``, a root that does not exist raises ``ObjectNotFound``; a
        ``prefix`` below which there is nothing yields nothing. Always asked anew, never from a cache.
        """
        ...

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of that name; a folder is none."""
        ...

    def size(self, key: str) -> int:
        """Return the size of an object in bytes."""
        ...

    def info(self, key: str) -> SourceFile:
        """Return what a listing would tell of one object."""
        ...

    def read(self, key: str) -> bytes:
        """Return a whole object."""
        ...

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` (from 0) to before ``end``; fewer where the object ends earlier."""
        ...

    def write(self, key: str, data: Data) -> None:
        """Write a whole object, replacing what stood there; durable on return."""
        ...

    def write_once(self, key: str, data: Data) -> None:
        """Write an object that never changes; one of that name and size is left alone, another size is an error."""
        ...

    def create(self, key: str, data: Data) -> bool:
        """Write an object if there is none of that name, and tell whether it was written: only one of two writers hears so."""
        ...

    def link(self, source_key: str, target_key: str) -> None:
        """Make an object appear under a second name, replacing what stood there: hard link, or copy."""
        ...

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy an object to a second name, replacing what stood there."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        ...

    def remove_tree(self, prefix: str) -> None:
        """Remove all objects below the folder ``prefix``, or the object of that name."""
        ...

    def tidy(self, before_ns: int) -> None:
        """Remove what is unfinished and of a process that was killed, or that nobody touched since (nanoseconds since 1970)."""
        ...

    def compose(self, target_key: str, parts: Sequence[Part | Data]) -> None:
        """Write an object from byte ranges of others and from bytes, in that order, in bounded memory; durable on return."""
        ...


def open_store(uri: str, options: Mapping[str, object] | None = None) -> Store:
    """Return the store of a plain path or an fsspec URI (``memory://``, ``s3://``, ``file://``); nothing is opened yet.

    ``options`` are passed to the fsspec file system; a local store takes none.

    Raises
    ------
    ConfigurationError
        If nothing here serves that kind of URI.
    """
    scheme, separator, path = uri.partition("://")
    if not separator or scheme in {"file", "local"}:
        from drf_reprocess.storage.local_store import LocalStore

        return LocalStore(os.path.abspath(os.path.expanduser(path if separator else uri)))
    # fsspec and what it loads are of no use to a run on local files.
    import fsspec

    from drf_reprocess.storage.fsspec_store import FsspecStore

    try:
        fsspec.get_filesystem_class(scheme)
    except (ImportError, ValueError) as error:
        raise ConfigurationError(
            f"cannot use {uri}: {error}; expected a local path, file://, memory://, s3://, or install the library of that scheme"
        ) from error
    return FsspecStore(uri.rstrip("/") if path.strip("/") else uri, dict(options or {}))


def object_key(sha256: str) -> str:
    """Return the key of an immutable object, ``store/ab/abcd...``."""
    return f"{STORE}/{sha256[:2]}/{sha256}"


def put_object(store: Store, data: Data, identity: StoredObject | None = None) -> StoredObject:
    """Write an immutable object under the name of its SHA-256 and return its identity; again is harmless.

    ``identity`` spares the hashing where the caller knows it already.
    """
    known = identity or digest_bytes(data)
    store.write_once(object_key(known.sha256), data)
    return known


def check_key(key: str, root: str) -> str:
    """Return ``key`` if it is a relative path of plain names.

    Raises
    ------
    StorageDenied
        If it is empty, absolute, or has an empty component, ``.``, ``..``, or a control character.
    """
    if CONTROL.search(key) or any(part in {"", ".", ".."} for part in key.split("/")):
        raise StorageDenied(
            f"refused the name {key!r} below {root}: expected a relative path without '.', '..', empty parts "
            "and control characters; rename the file or correct the profile's folders"
        )
    return key


def check_range(start: int, end: int) -> None:
    """Raise ``ValueError`` unless 0 <= start <= end."""
    if not 0 <= start <= end:
        raise ValueError(f"not a byte range: {start} to {end}; expected 0 <= start <= end")
