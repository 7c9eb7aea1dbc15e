"""PDS4 identifiers as values: LID, VID and LIDVID (SIS 5.1; PDS4 information model)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

LID_PATTERN = re.compile(r"urn:[a-z]+:[a-z]+(?::[a-z0-9._-]+){1,3}")
"""Small letters, digits, dash, underscore, period; colons only between the components (SIS 5.1.1)."""

LID_MAX_LENGTH = 255


@dataclass(frozen=True, order=True, slots=True)
class Vid:
    """A version id ``M.n``, compared by number, so that 1.10 is later than 1.9 (SIS 5.1.2)."""

    major: int
    minor: int

    @classmethod
    def from_text(cls, text: str) -> Vid:
        """Read ``M.n``; a ``ValueError`` says what else stood there."""
        match = re.fullmatch(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)", text)
        if match is None:
            raise ValueError(
                f"not a version id: {text!r}; expected two numbers without leading zeros, as 2.10"
            )
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"

    def next_major(self) -> Vid:
        """Return the version after a change of the data: M + 1, n = 0."""
        return Vid(self.major + 1, 0)

    def next_minor(self) -> Vid:
        """Return the version after a change of the label alone: n + 1."""
        return Vid(self.major, self.minor + 1)


FIRST_VID = Vid(1, 0)


@total_ordering
@dataclass(frozen=True, slots=True)
class Lid:
    """A logical identifier: of a bundle (4 components), a collection (5) or a basic product (6)."""

    text: str

    def __post_init__(self) -> None:
        if len(self.text) > LID_MAX_LENGTH or not LID_PATTERN.fullmatch(self.text):
            raise ValueError(
                f"not a logical identifier: {self.text!r}; expected urn:nasa:pds:bundle[:collection[:product]] "
                f"of small letters, digits, '-', '_' and '.', at most {LID_MAX_LENGTH} characters"
            )

    def __str__(self) -> str:
        return self.text

    def __lt__(self, other: Lid) -> bool:
        return self.text < other.text

    @property
    def parent(self) -> Lid:
        """The identifier of the collection that holds this product, or of the bundle of this collection."""
        return Lid(self.text.rpartition(":")[0])

    @property
    def last(self) -> str:
        """The last component: the product id, the collection id or the bundle id."""
        return self.text.rpartition(":")[2]

    def child(self, component: str) -> Lid:
        """Return the identifier of a member: this one, a colon and ``component``."""
        return Lid(f"{self.text}:{component}")


@dataclass(frozen=True, order=True, slots=True)
class Lidvid:
    """One version of one product: ``LID::VID``."""

    lid: Lid
    vid: Vid

    @classmethod
    def from_text(cls, text: str) -> Lidvid:
        """Read ``LID::M.n``; a ``ValueError`` says what else stood there."""
        lid, separator, vid = text.partition("::")
        if not separator:
            raise ValueError(f"not a LIDVID: {text!r}; expected LID::M.n")
        return cls(Lid(lid), Vid.from_text(vid))

    def __str__(self) -> str:
        return f"{self.lid}::{self.vid}"
