"""Findings of the label checker, made alike: what is wrong, where, and what to do."""

from __future__ import annotations

from drf_reprocess.model import Finding, Severity

LABEL_REMEDY = "correct the label and raise the minor number of its version"
DATA_REMEDY = "compare the file with its label: one of the two is not what was archived"


def label_fault(code: str, message: str, line: int = 0, severity: Severity = Severity.ERROR) -> Finding:
    """Return a finding that the label alone shows; ``line`` is a line of the label, 0 for none."""
    place = f"line {line}: " if line else ""
    return Finding(f"label-{code}", severity, place + message, LABEL_REMEDY)


def data_fault(
    code: str,
    message: str,
    *,
    record: int | None = None,
    offset_bytes: int | None = None,
    field: str | None = None,
    remedy: str = DATA_REMEDY,
) -> Finding:
    """Return a finding that only the described file shows."""
    return Finding(f"data-{code}", Severity.ERROR, message, remedy, record, offset_bytes, field)
