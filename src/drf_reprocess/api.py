"""The pure parts for use from Python: read a data file, make its label, open the Parquet of a type."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drf_reprocess.digests import digest_bytes
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.drf.reader import Reading, read
from drf_reprocess.errors import ConfigurationError, UnreadableDrf
from drf_reprocess.identifiers import FIRST_VID, Lidvid, Vid
from drf_reprocess.model import HistoryEntry, RepairOptions
from drf_reprocess.pds4.facts import ProductFacts
from drf_reprocess.pds4.label import product_label
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import Profile

if TYPE_CHECKING:
    import pyarrow as pa


def read_drf(path: str | Path, *, profile: str = "maven-anc", policy: str = "minimal") -> pa.Table:
    """Return the records of one data file as an Arrow table.

    Parameters
    ----------
    path
        A local file with a name of the mission, for the name tells the type.
    profile
        Name or path of the mission profile.
    policy
        How damaged files may be mended: ``never``, ``minimal`` or ``archive-2020``; the file itself is left untouched.

    Returns
    -------
    pyarrow.Table
        One row a record, in the order of the file: ``record_number``, ``time_utc`` (microseconds, UTC), the time as text,
        and one column a channel of the type, null where the channel is blank or not in this file. Units, descriptions
        and DN/EU stand in the metadata of the fields.

    Raises
    ------
    UnreadableDrf
        If the file cannot be read without guessing; the message tells what, where, expected and got.
    """
    _, reading = _read(Path(path), load_profile(profile), policy)
    return reading.table


def make_label(
    path: str | Path,
    *,
    created: str,
    profile: str = "maven-anc",
    policy: str = "minimal",
    vid: Vid = FIRST_VID,
    description: str = "First release of this product.",
) -> bytes:
    """Return the PDS4 label of one data file as XML.

    It describes the file as it would be archived, which differs from the one at ``path`` if it had to be mended.

    Parameters
    ----------
    created
        Time of File.creation_date_time, of the history entry and of the publication year: ISO 8601, UTC, as
        ``2026-11-21T00:00:00Z``.
    vid, description
        Version, and its entry in the Modification_History.

    Raises
    ------
    UnreadableDrf
        If the file cannot be read without guessing.
    """
    mission = load_profile(profile)
    source = Path(path)
    named, reading = _read(source, mission, policy)
    if reading.layout is None or reading.day is None:
        raise UnreadableDrf(f"{path}: it has no layout")
    _, collection = mission.placement[named.type]
    stored = digest_bytes(reading.data)
    facts = ProductFacts(
        lidvid=Lidvid(collection.lid.child(named.product_id), vid),
        type=named.type,
        day=reading.day,
        start_time=reading.start_time,
        stop_time=reading.stop_time,
        history=(HistoryEntry(created[:10], vid, description),),
        publication_year=int(created[:4]),
        file_name=source.name,
        creation_time=created,
        file_bytes=stored.bytes,
        md5=stored.md5,
        layout=reading.layout,
    )
    return product_label(facts, mission)


def _read(path: Path, profile: Profile, policy: str) -> tuple[FileName, Reading]:
    if policy not in ("never", "minimal", "archive-2020"):
        raise ConfigurationError(f"policy is {policy!r}; expected never, minimal or archive-2020")
    named = match_name(profile, path.name)
    if not isinstance(named, FileName):
        raise UnreadableDrf(
            f"{path}: the name matches no file type of the profile {profile.name}: rename a copy as the mission names "
            "its files"
        )
    raw = path.read_bytes()
    reading = read(raw, profile.types_by_name[named.type], RepairOptions(policy))
    if reading.refused is not None:
        refused = reading.refused
        raise UnreadableDrf(f"{path}: {refused.code}: {refused.message} ({refused.remedy})")
    return named, reading
