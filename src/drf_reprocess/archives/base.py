"""What a package format promises: a package is its members' blobs one after another, then a trailer.

A blob does not depend on its neighbours, so that blobs may be made anywhere, kept, and joined by byte ranges. Member
times, modes, owners and order are fixed: the same members give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from drf_reprocess.archives.codec import Codec, Data
from drf_reprocess.errors import PackageError

MODE = 0o100644
"""Of every member: a regular file that its owner may write and everybody may read."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Entry:
    """What the trailer tells of a member."""

    path: str
    crc32: int
    """Of the uncompressed file."""
    raw_bytes: int
    blob_bytes: int
    """Size of the whole blob: headers and compressed data."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member ready to be written: ``blob`` is everything of it but its part of the trailer."""

    entry: Entry
    blob: bytes


class PackageFormat(Protocol):
    """Zip or tar.gz, as bytes."""

    @property
    def name(self) -> str:
        """The format's name and the end of its file names, without the first period."""
        ...

    def member(self, path: str, data: Data, codec: Codec) -> Member:
        """Return a file as a member.

        Raises
        ------
        PackageError
            If the path is not safe to unpack.
        """
        ...

    def trailer(self, placed: Sequence[tuple[Entry, int]]) -> bytes:
        """Return what ends the package, given each member with the offset of its blob, in order.

        Raises
        ------
        PackageError
            If two paths are equal but for letter case.
        """
        ...

    def trailer_bytes(self, entries: Sequence[Entry]) -> int:
        """Return how long the trailer of these members is at most."""
        ...

    def entry_bytes(self, entry: Entry) -> int:
        """Return how much longer one member makes the trailer, at most."""
        ...


def path_fault(path: str) -> str:
    """Return why the path of a member is not safe to unpack, an empty text if it is."""
    if path.startswith("/") or _DRIVE.match(path):
        return "it is absolute"
    if "\\" in path:
        return "it has a backslash"
    if _CONTROL.search(path):
        return "it has a control character"
    if ".." in path.split("/"):
        return "it leaves its folder by '..'"
    if any(part in {"", "."} for part in path.split("/")):
        return "it has an empty component or '.'"
    return ""


def clashes(paths: Iterable[str]) -> dict[str, str]:
    """Return the paths that are equal to an earlier one but for letter case, each with the earlier one."""
    first: dict[str, str] = {}
    found: dict[str, str] = {}
    for path in paths:
        key = path.casefold()
        if key in first:
            found[path] = first[key]
        else:
            first[key] = path
    return found


def require_path(path: str) -> str:
    """Return ``path``, or raise `PackageError` if it is not safe to unpack."""
    if fault := path_fault(path):
        raise PackageError(f"not a path for a member of a package: {path!r}: {fault}")
    return path


def require_distinct(paths: Iterable[str]) -> None:
    """Raise `PackageError` if two paths are equal but for letter case."""
    for path, earlier in clashes(paths).items():
        raise PackageError(f"two members of a package may not be called {earlier!r} and {path!r}")
