"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with the mission's documents, schemas and example labels, where it lies beside the repository."""
    if not SHARED.is_dir():
        pytest.skip(f"no folder {SHARED}: the mission's documents are not on this machine")
    return SHARED


@pytest.fixture(scope="session")
def xml_catalog(shared: Path) -> Path:
    """The XML catalog of the official PDS4 schemas."""
    return shared / "pds4" / "schemas" / "catalog.xml"
