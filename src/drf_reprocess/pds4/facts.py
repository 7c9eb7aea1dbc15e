"""What a label says, as values: the input of the three label writers.

Times and dates are texts as PDS4 writes them, sizes are bytes. The first entry of ``history`` is that of the version
which the label is for; the others follow, newest first (Modification_History; SIS 4.2, 5.1.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import HistoryEntry, TableLayout
from drf_reprocess.pds4.read import BundleMember


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """One version of a basic product: one data file and its label."""

    lidvid: Lidvid
    type: str
    """File type; the profile says to which collection its products belong."""
    day: date
    """UTC day that titles and mission phase go by."""
    start_time: str
    stop_time: str
    history: tuple[HistoryEntry, ...]
    publication_year: int
    file_name: str
    creation_time: str
    """When the data file was first archived with these bytes (File.creation_date_time)."""
    file_bytes: int
    md5: str
    layout: TableLayout


@dataclass(frozen=True, slots=True)
class CollectionFacts:
    """One version of a collection: its inventory and its label."""

    lidvid: Lidvid
    type: str
    start_time: str
    stop_time: str
    history: tuple[HistoryEntry, ...]
    publication_year: int
    creation_time: str
    inventory_name: str
    inventory: bytes


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """One version of a bundle: its readme, its label and the collections that it lists."""

    lidvid: Lidvid
    start_time: str
    stop_time: str
    history: tuple[HistoryEntry, ...]
    publication_year: int
    creation_time: str
    readme_name: str
    readme: bytes
    members: tuple[BundleMember, ...]
    """In any order; collections that the profile does not make, such as documents, among them."""
