"""Objects of any fsspec file system: S3 through s3fs, memory, others."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import fsspec
from fsspec.implementations.memory import MemoryFileSystem

from drf_reprocess.errors import ObjectNotFound, StorageError
from drf_reprocess.model import SourceFile
from drf_reprocess.storage.base import Data, Part, check_key, check_range
from drf_reprocess.storage.failures import attempt, error_code

BLOCK_BYTES = 16 * 1024 * 1024
"""Read and sent at once when an object is composed: 10,000 parts of an S3 upload make 160 GB."""

REMOVED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class FsspecStore:
    """Objects below ``root``, an fsspec URI. ``options`` go to the file system and stay out of texts: they may hold a key."""

    root: str
    options: Mapping[str, object] = field(default_factory=dict, repr=False, hash=False)

    @property
    def is_local(self) -> bool:
        """False: only plain paths and ``file://`` are served by a local store."""
        return False

    def uri(self, key: str) -> str:
        """Return the URI of an object."""
        return self._join(check_key(key, self.root))

    def list(self, prefix: str = "") -> Iterator[SourceFile]:
        """Yield the objects below the folder ``prefix``, sorted by name; see `Store.list`."""
        key = prefix.rstrip("/")
        uri = self.uri(key) if key else self.root
        found = False
        try:
            for name, info in self._list_s3(key, uri) if self._is_s3 else self._find(key, uri):
                found = True
                yield self._source_file(name, info)
        except ObjectNotFound:
            if not key:
                raise
        if not found and not key:
            raise ObjectNotFound(f"cannot list {self.root}: there is nothing below it; check bucket and path")

    def exists(self, key: str) -> bool:
        """Tell whether there is an object of that name."""
        try:
            self.info(key)
        except ObjectNotFound:
            return False
        return True

    def size(self, key: str) -> int:
        """Return the size of an object in bytes."""
        return self.info(key).bytes

    def info(self, key: str) -> SourceFile:
        """Return size, time of change and entity tag of an object."""
        fs, path = self._open(key)
        info = attempt("look at", self.uri(key), partial(fs.info, path))
        if info["type"] != "file":
            raise ObjectNotFound(f"cannot look at {self.uri(key)}: it is no object; check the name")
        return self._source_file(key, info)

    def read(self, key: str) -> bytes:
        """Return a whole object."""
        fs, path = self._open(key)
        return bytes(attempt("read", self.uri(key), partial(fs.cat_file, path)))

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to before ``end``."""
        check_range(start, end)
        if start == end:
            return b""
        fs, path = self._open(key)
        try:
            return bytes(attempt("read", self.uri(key), partial(fs.cat_file, path, start=start, end=end)))
        except StorageError as error:
            if error_code(error) in {"InvalidRange", "416"}:  # S3's answer to a start past the end
                return b""
            raise

    def write(self, key: str, data: Data) -> None:
        """Write a whole object in one put."""
        fs, path = self._open(key)
        attempt("write", self.uri(key), partial(fs.pipe_file, path, bytes(data)))

    def write_once(self, key: str, data: Data) -> None:
        """Write an object unless there is one (on S3 by a conditional put, so that two writers never mix)."""
        if self._stands(key, memoryview(data).nbytes):
            return
        fs, path = self._open(key)
        try:
            attempt("write", self.uri(key), partial(fs.pipe_file, path, bytes(data), mode="create"))
        except StorageError as error:
            if error_code(error) == "NotImplemented":  # an S3 server without conditional put
                self.write(key, data)
            elif not self._stands(key, memoryview(data).nbytes):  # unless another writer was first
                raise

    def create(self, key: str, data: Data) -> bool:
        """Write an object if there is none of that name, by a conditional put where the store has one."""
        if self.exists(key):
            return False
        fs, path = self._open(key)
        try:
            attempt("write", self.uri(key), partial(fs.pipe_file, path, bytes(data), mode="create"))
        except StorageError as error:
            if error_code(error) == "NotImplemented":  # an S3 server without conditional put
                self.write(key, data)
            elif self.exists(key):
                return False
            else:
                raise
        return True

    def link(self, source_key: str, target_key: str) -> None:
        """Copy an object within the store, for an object store has no links."""
        self.copy(source_key, target_key)

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy an object within the store."""
        fs, source = self._open(source_key)
        _, target = self._open(target_key)
        attempt("copy", self.uri(target_key), partial(fs.cp_file, source, target))

    def remove(self, key: str) -> None:
        """Remove an object."""
        fs, path = self._open(key)
        with suppress(ObjectNotFound):
            attempt("remove", self.uri(key), partial(fs.rm_file, path))

    def remove_tree(self, prefix: str) -> None:
        """Remove all objects below a folder, a thousand at once where the store can."""
        uri = self.uri(prefix.rstrip("/"))
        keys = [found.name for found in self.list(prefix)]
        if not self._is_s3:
            for key in keys:
                self.remove(key)
            return
        for start in range(0, len(keys), REMOVED_AT_ONCE):
            attempt("remove", uri, partial(self._remove_s3, keys[start : start + REMOVED_AT_ONCE]))

    def tidy(self, before_ns: int) -> None:
        """Do nothing: an object store shows no unfinished object."""

    def compose(self, target_key: str, parts: Sequence[Part | Data]) -> None:
        """Write an object from byte ranges, streamed through this process block by block."""
        for part in parts:
            if isinstance(part, Part):
                check_range(part.start, part.end)
        attempt("compose", self.uri(target_key), partial(self._compose, target_key, parts))

    def _join(self, key: str) -> str:
        return f"{self.root}{key}" if self.root.endswith("/") else f"{self.root}/{key}"

    @property
    def _is_s3(self) -> bool:
        return self.root.startswith(("s3://", "s3a://"))

    def _file_system(self) -> tuple[Any, str]:
        """Return the file system, as fsspec keeps it for this process, and the path of the root in it."""
        # Another process may have written since: listings are never kept.
        fs, path = fsspec.core.url_to_fs(self.root, use_listings_cache=False, **self.options)
        return fs, path

    def _open(self, key: str) -> tuple[Any, str]:
        """Return the file system and the path of an object in it."""
        fs, root = self._file_system()
        return fs, f"{root}/{check_key(key, self.root)}"

    def _source_file(self, key: str, info: Mapping[str, Any]) -> SourceFile:
        changed = next((info[name] for name in ("LastModified", "mtime", "created") if info.get(name)), 0)
        seconds = changed.timestamp() if isinstance(changed, datetime) else float(changed)
        return SourceFile(
            uri=self._join(key),
            name=key,
            bytes=int(info.get("size", info.get("Size", 0))),
            mtime_ns=round(seconds * 1_000_000) * 1000,
            version=str(info.get("ETag", "")).strip('"'),
        )

    def _find(self, key: str, uri: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        fs, root = self._file_system()
        path = f"{root}/{key}" if key else root
        found: dict[str, Mapping[str, Any]] = attempt("list", uri, partial(fs.find, path, detail=True))
        for name in sorted(found):
            yield name[len(root) :].lstrip("/"), found[name]

    def _list_s3(self, key: str, uri: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield keys page by page, in S3's own order (that of the UTF-8 bytes, as ours): no page is kept."""
        fs, root = self._file_system()
        path = f"{root}/{key}" if key else root
        bucket, _, below = path.partition("/")
        start = len(root) - len(bucket)
        if key and self.exists(key):
            yield key, attempt("look at", uri, partial(fs.info, path))
        query = {"Bucket": bucket, "Prefix": f"{below}/" if below else ""}
        while True:
            page = attempt("list", uri, partial(fs.call_s3, "list_objects_v2", **query))
            for entry in page.get("Contents", ()):
                if not entry["Key"].endswith("/"):  # a folder made by hand is an empty object
                    yield entry["Key"][start:], entry
            if not page.get("IsTruncated"):
                return
            query["ContinuationToken"] = page["NextContinuationToken"]

    def _remove_s3(self, keys: Sequence[str]) -> None:
        fs, root = self._file_system()
        bucket, _, below = root.partition("/")
        names = [{"Key": f"{below}/{key}" if below else key} for key in keys]
        answer = fs.call_s3("delete_objects", Bucket=bucket, Delete={"Objects": names, "Quiet": True})
        for error in answer.get("Errors", ()):  # one each object that is still there
            raise OSError(
                errno.EACCES if error.get("Code") == "AccessDenied" else errno.EIO, error.get("Message", "")
            )

    def _stands(self, key: str, size: int) -> bool:
        """Tell whether the object is there already; one of another size is an error, for it is never overwritten."""
        try:
            found = self.size(key)
        except ObjectNotFound:
            return False
        if found != size:
            raise StorageError(
                f"cannot write {self.uri(key)}: an object of that name has {found} bytes, expected {size}, and is never "
                "overwritten; if it is damaged, remove it and run again"
            )
        return True

    def _compose(self, target_key: str, parts: Sequence[Part | Data]) -> None:
        fs, path = self._open(target_key)
        if isinstance(fs, MemoryFileSystem):  # its open files are seen half-written
            fs.pipe_file(path, b"".join(self._blocks(parts)))
            return
        file = fs.open(path, "wb", block_size=BLOCK_BYTES)
        try:
            for block in self._blocks(parts):
                file.write(block)
            file.close()
        except BaseException:
            # Leaving the block, or the garbage collector, would close the file and so complete the upload.
            with suppress(OSError):
                file.discard()
            file.closed = True
            raise

    def _blocks(self, parts: Sequence[Part | Data]) -> Iterator[Data]:
        for part in parts:
            if not isinstance(part, Part):
                yield part
                continue
            for start in range(part.start, part.end, BLOCK_BYTES):
                end = min(start + BLOCK_BYTES, part.end)
                block = self.read_range(part.key, start, end)
                if len(block) != end - start:
                    raise StorageError(
                        f"cannot copy bytes {part.start} to {part.end} of {self.uri(part.key)}: it ends at "
                        f"{start + len(block)}; it is damaged or not what was written: remove it and run again"
                    )
                yield block
