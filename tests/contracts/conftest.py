"""How the store contract reaches the S3 server."""

from __future__ import annotations

import uuid

import pytest

KEY, SECRET = "test-key", "test-secret"  # moto takes any


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
