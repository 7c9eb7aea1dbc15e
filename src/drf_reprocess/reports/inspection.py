"""One file under the glass: its header, columns, findings, mends, and the label that it would get."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from drf_reprocess.config.model import Config
from drf_reprocess.digests import digest_bytes
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.drf.reader import Reading
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.model import Candidate, Finding, RepairOptions
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import IgnoredName
from drf_reprocess.reprocess import LineOptions, reprocess
from drf_reprocess.runs import decide_run_time
from drf_reprocess.storage.base import open_store

HEADER_LINES_SHOWN = 6


def inspect_file(path: str, config: Config) -> dict[str, Any]:
    """Return what the engine sees in one file; nothing is written.

    Raises
    ------
    ConfigurationError
        If there is no such file.
    """
    folder, separator, name = path.rpartition("/")
    store = open_store(folder if separator else ".")
    if not store.exists(name):
        raise ConfigurationError(f"no file at {path}")
    raw = store.read(name)
    document: dict[str, Any] = {
        "file": path,
        "bytes": len(raw),
        "md5": digest_bytes(raw).md5,
        "header": [
            line.decode("ascii", "backslashreplace") for line in raw.splitlines()[:HEADER_LINES_SHOWN]
        ],
        "label_preview": "",
    }
    profile = load_profile(config.mission.profile)
    named = match_name(profile, Path(name).name)
    if not isinstance(named, FileName):
        reason = (
            named.reason if isinstance(named, IgnoredName) else "the name matches no file type of the profile"
        )
        return document | {"type": None, "refused": {"code": "name-unknown", "message": reason}}
    _, collection = profile.placement[named.type]
    candidate = Candidate(named.product_id, collection.lid.child(named.product_id), ())
    repair = RepairOptions(config.repair.policy, config.repair.max_leading, config.repair.max_damaged)
    options = LineOptions(profile, repair, decide_run_time(config, os.environ))
    done = reprocess(raw, digest_bytes(raw), candidate, named.type, name, options)
    document |= {"type": named.type, "product_id": named.product_id, "lid": str(candidate.lid)}
    document |= _reading(done.reading)
    document["refused"] = _finding(done.refused) if done.refused else None
    document["label_preview"] = done.label.content.decode() if done.label else ""
    return document


def _reading(reading: Reading) -> dict[str, Any]:
    layout = reading.layout
    return {
        "start_time": reading.start_time,
        "stop_time": reading.stop_time,
        "era": layout.era if layout else None,
        "header_lines": layout.header_lines if layout else None,
        "record_bytes": layout.record_bytes if layout else None,
        "records": layout.records if layout else None,
        "columns": [
            {"name": field.name, "kind": str(field.kind), "location": field.location, "length": field.length}
            for field in (layout.fields if layout else ())
        ],
        "findings": [_finding(finding) for finding in reading.findings],
        "mends": [mend.words for mend in reading.mends],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "record": finding.record,
        "field": finding.field,
        "message": finding.message,
        "remedy": finding.remedy,
    }
