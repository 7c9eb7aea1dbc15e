"""An S3 server of our own on the loopback interface."""

from __future__ import annotations

import logging
import uuid
import warnings
from collections.abc import Iterator

import pytest

KEY, SECRET = "test-key", "test-secret"  # moto takes any


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of a moto server on a free port."""
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


@pytest.fixture
def s3_options(s3_endpoint: str) -> dict[str, object]:
    """What s3fs needs to reach that server."""
    client = {"endpoint_url": s3_endpoint, "region_name": "us-east-1"}
    return {"key": KEY, "secret": SECRET, "client_kwargs": client}


@pytest.fixture
def s3_bucket(s3_options: dict[str, object]) -> str:
    """The name of a new bucket."""
    import s3fs

    name = f"bucket-{uuid.uuid4().hex}"
    s3fs.S3FileSystem(**s3_options).call_s3("create_bucket", Bucket=name)
    return name
