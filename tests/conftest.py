"""Fixtures that all tests share."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
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


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 server of our own on a free port of the loopback interface."""
    with warnings.catch_warnings():
        # moto and what it loads use names that newer Python versions announce the end of.
        warnings.simplefilter("ignore", DeprecationWarning)
        from moto.server import ThreadedMotoServer
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
