"""The digests that name and prove bytes: SHA-256 for our own store, MD5 because PDS4 labels and manifests have it."""

from __future__ import annotations

import hashlib

from drf_reprocess.model import StoredObject


def digest_bytes(data: bytes | bytearray | memoryview) -> StoredObject:
    """Return SHA-256, MD5 and size of ``data``. MD5 guards against accidents only, so FIPS hosts allow it."""
    return StoredObject(
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
        bytes=memoryview(data).nbytes,
    )


def digest_without_md5(data: bytes) -> StoredObject:
    """Return SHA-256 and size of ``data`` that no label and no manifest tells of: its MD5, left out, is an empty text."""
    return StoredObject(sha256=hashlib.sha256(data).hexdigest(), md5="", bytes=len(data))
