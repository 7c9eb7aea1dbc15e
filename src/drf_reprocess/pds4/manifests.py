"""The two manifests of a delivery package (SIS 4.3, 6.3, appendix F): written, and read strictly.

Transfer manifest: a row for each label, its LIDVID padded to the longest, a separator, its path. Checksum manifest: a row
for each file, its MD5 checksum, two blanks, its path, as md5deep writes it. Both sorted by path, each row ended by LF.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import Finding, Severity
from drf_reprocess.pds4.names import find_clashes, find_path_fault

_MD5 = re.compile(r"[0-9a-f]{32}")
_ROW = re.compile(r"(?P<key>\S+)(?P<separator>[ \t]+)(?P<path>.*)")
_REMEDY = "ask the sender for a new manifest; do not unpack by this one"


class TransferManifest(NamedTuple):
    """What a transfer manifest holds: (LIDVID, path of the label), and what is wrong with it."""

    rows: tuple[tuple[Lidvid, str], ...]
    findings: tuple[Finding, ...]


class ChecksumManifest(NamedTuple):
    """What a checksum manifest holds: (MD5, path), and what is wrong with it."""

    rows: tuple[tuple[str, str], ...]
    findings: tuple[Finding, ...]


def write_transfer_manifest(rows: Iterable[tuple[Lidvid, str]], separator: str = "  ") -> bytes:
    """Return the transfer manifest of (LIDVID, path of the label), sorted by path.

    ``ValueError`` if a path is not safe or stands twice, or a LIDVID stands twice.
    """
    texts = [(str(lidvid), path) for lidvid, path in rows]
    _require_distinct(lidvid for lidvid, _ in texts)
    width = max((len(lidvid) for lidvid, _ in texts), default=0)
    return _write_rows((lidvid.ljust(width) + separator, path) for lidvid, path in texts)


def write_checksum_manifest(rows: Iterable[tuple[str, str]]) -> bytes:
    """Return the checksum manifest of (MD5 in 32 small hexadecimal digits, path), sorted by path.

    ``ValueError`` if a checksum has another form, or a path is not safe or stands twice.
    """
    texts = list(rows)
    for md5, path in texts:
        if _MD5.fullmatch(md5) is None:
            raise ValueError(
                f"not an MD5 checksum: {md5!r} of {path!r}; expected 32 small hexadecimal digits"
            )
    return _write_rows((f"{md5}  ", path) for md5, path in texts)


def read_transfer_manifest(data: bytes) -> TransferManifest:
    """Return the rows (LIDVID, path) that can be read, and findings.

    ERROR: a row without two columns, an invalid LIDVID, one that stands twice, and every path that is dangerous,
    repeated or differs from another in case only; such rows are left out, those that clash stay. WARNING: layout.
    """
    rows: list[tuple[Lidvid, str]] = []
    records: list[int] = []
    seen: dict[str, int] = {}
    columns: set[int] = set()
    findings: list[Finding] = []
    for record, match in _read_lines(data, findings):
        columns.add(match.start("path"))
        try:
            lidvid = Lidvid.from_text(match["key"])
        except ValueError as error:
            findings.append(_fault("lidvid", f"row {record}: {error}", record))
            continue
        first = seen.setdefault(match["key"], record)
        if first != record:
            findings.append(
                _fault("duplicate", f"row {record}: {lidvid} stands in row {first} already", record)
            )
        rows.append((lidvid, match["path"]))
        records.append(record)
    if len(columns) > 1:
        findings.append(_warn("column", f"the paths begin in different columns: {sorted(columns)[:5]}"))
    findings += _check_paths([path for _, path in rows], records)
    return TransferManifest(tuple(rows), tuple(findings))


def read_checksum_manifest(data: bytes) -> ChecksumManifest:
    """Return the rows (MD5, path) that can be read, and findings.

    ERROR: a row without two columns, a checksum that is not 32 small hexadecimal digits, and every path that is
    dangerous, repeated or differs from another in case only; such rows are left out, those that clash stay.
    WARNING: layout, such as another separator than two blanks.
    """
    rows: list[tuple[str, str]] = []
    records: list[int] = []
    findings: list[Finding] = []
    for record, match in _read_lines(data, findings):
        if _MD5.fullmatch(match["key"]) is None:
            message = f"row {record}: {match['key'][:80]!r} is no MD5 checksum of 32 small hexadecimal digits"
            findings.append(_fault("md5", message, record))
            continue
        if match["separator"] != "  ":
            message = f"row {record}: {match['separator']!r} between checksum and path, expected two blanks"
            findings.append(_warn("separator", message, record))
        rows.append((match["key"], match["path"]))
        records.append(record)
    findings += _check_paths([path for _, path in rows], records)
    return ChecksumManifest(tuple(rows), tuple(findings))


def _require_distinct(texts: Iterable[str]) -> None:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            raise ValueError(f"{text} would stand twice in the manifest")
        seen.add(text)


def _write_rows(rows: Iterable[tuple[str, str]]) -> bytes:
    ordered = sorted(rows, key=lambda row: row[1])
    _require_distinct(path for _, path in ordered)
    for _, path in ordered:
        if fault := find_path_fault(path):
            raise ValueError(f"not a path for a manifest: {path!r}; {fault}")
    return "".join(f"{left}{path}\n" for left, path in ordered).encode("ascii")


def _read_lines(data: bytes, findings: list[Finding]) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield number and columns of each row that is safe to use; append a finding for every other."""
    lines = data.split(b"\n")
    if lines[-1]:
        findings.append(_warn("line-end", f"row {len(lines)} has no LF at its end", len(lines)))
    else:
        lines.pop()
    if lines and all(line.endswith(b"\r") for line in lines):
        findings.append(_warn("line-end", "the rows end in CR LF, expected LF"))
        lines = [line.removesuffix(b"\r") for line in lines]
    for record, line in enumerate(lines, 1):
        match = _ROW.fullmatch(line.decode("utf-8", "backslashreplace"))
        if match is None:
            shown = repr(line[:120].decode("ascii", "backslashreplace"))
            findings.append(_fault("row", f"row {record} is {shown}, expected two columns", record))
        elif fault := find_path_fault(match["path"]):
            findings.append(
                _fault("path", f"row {record}: dangerous path {match['path'][:300]!r}; {fault}", record)
            )
        else:
            yield record, match


def _check_paths(paths: list[str], records: list[int]) -> Iterator[Finding]:
    for number, path, first in find_clashes(paths):
        record = records[number]
        if path == first:
            yield _fault("duplicate", f"row {record}: {path!r} stands in an earlier row already", record)
        else:
            yield _fault("case-clash", f"row {record}: {path!r} and {first!r} differ in case only", record)
    if any(later < earlier for earlier, later in pairwise(paths)):
        yield _warn("order", "the rows are not sorted by path")


def _fault(code: str, message: str, record: int | None = None) -> Finding:
    return Finding(f"manifest-{code}", Severity.ERROR, message, _REMEDY, record)


def _warn(code: str, message: str, record: int | None = None) -> Finding:
    return Finding(f"manifest-{code}", Severity.WARNING, message, "", record)
