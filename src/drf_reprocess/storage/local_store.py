"""Objects as files below a folder of this machine."""

from __future__ import annotations

import errno
import logging
import os
import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from drf_reprocess.errors import ObjectNotFound, StorageError
from drf_reprocess.model import SourceFile
from drf_reprocess.storage.base import TEMPORARY, Data, Part, check_key, check_range
from drf_reprocess.storage.failures import attempt
from drf_reprocess.storage.local_files import (
    copy_range,
    drop_from_cache,
    is_alive,
    make_folder,
    read_bytes,
    remove_tree,
    rename_into,
    sync_folder,
    unlink,
    write_all,
)

logger = logging.getLogger(__name__)

READ_ONLY = 0o444
LATEST_NS = 2**63 - 1
CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


@dataclass(frozen=True, slots=True)
class LocalStore:
    """Files below ``root``, an absolute path. A folder exists only as long as something lies in it."""

    root: str

    @property
    def is_local(self) -> bool:
        """True: the objects are files of this machine."""
        return True

    def uri(self, key: str) -> str:
        """Return the absolute path of an object."""
        return os.path.join(self.root, check_key(key, self.root))

    def list(self, prefix: str = "") -> Iterator[SourceFile]:
        """Yield the files below the folder ``prefix``, sorted by name; see `Store.list`.

        Links to files are listed as files. Links to folders, links that lead nowhere and what is neither file nor
        folder are skipped and logged, so a loop of links does no harm.
        """
        key = prefix.rstrip("/")
        if key and os.path.isfile(self.uri(key)):
            yield self.info(key)
        else:
            yield from self._walk(key, key)

    def exists(self, key: str) -> bool:
        """Tell whether there is a file of that name."""
        return os.path.isfile(self.uri(key))

    def size(self, key: str) -> int:
        """Return the size of a file in bytes."""
        return self.info(key).bytes

    def info(self, key: str) -> SourceFile:
        """Return size and time of change of a file."""
        path = self.uri(key)
        status = attempt("look at", path, partial(os.stat, path))
        if not stat.S_ISREG(status.st_mode):
            raise ObjectNotFound(f"cannot look at {path}: it is no file; check the name")
        return _source_file(path, key, status)

    def read(self, key: str) -> bytes:
        """Return a whole file."""
        path = self.uri(key)
        return attempt("read", path, partial(read_bytes, path))

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to before ``end``."""
        check_range(start, end)
        path = self.uri(key)
        return attempt("read", path, partial(read_bytes, path, start, end))

    def write(self, key: str, data: Data) -> None:
        """Write a whole file under a temporary name, fsync it, rename it and fsync its folder."""
        self._place("write", key, partial(write_all, data=data))

    def write_once(self, key: str, data: Data) -> None:
        """Write a read-only file, or leave the one of that name and size alone."""
        size = memoryview(data).nbytes
        with suppress(ObjectNotFound):
            if (found := self.size(key)) == size:
                return
            raise StorageError(
                f"cannot write {self.uri(key)}: an object of that name has {found} bytes, expected {size}, and is "
                "never overwritten; if it is damaged, remove it and run again"
            )
        self._place("write", key, partial(write_all, data=data), READ_ONLY)

    def create(self, key: str, data: Data) -> bool:
        """Write a file if there is none of that name: a finished temporary file gets its name only where it is free."""
        target = self.uri(key)
        return attempt("write", target, partial(self._create, target, data))

    def link(self, source_key: str, target_key: str) -> None:
        """Make a hard link, or a copy where the file system has none; what stood there is replaced in one step."""
        source, target = self.uri(source_key), self.uri(target_key)
        try:
            attempt("link", target, partial(self._link, source, target))
        except StorageError as error:
            if getattr(error.__cause__, "errno", None) not in CANNOT_LINK:
                raise
            logger.debug("no hard link to %r, copying: %s", target, error)
            self.copy(source_key, target_key)

    def copy(self, source_key: str, target_key: str) -> None:
        """Copy a file, its mode included."""
        source = self.uri(source_key)
        status = attempt("look at", source, partial(os.stat, source))
        whole = Part(source_key, 0, status.st_size)
        self._place("copy", target_key, partial(self._fill, parts=[whole]), stat.S_IMODE(status.st_mode))

    def remove(self, key: str) -> None:
        """Remove a file, and the folders that it leaves empty."""
        path = self.uri(key)
        attempt("remove", path, partial(unlink, path))
        self._prune(path)

    def remove_tree(self, prefix: str) -> None:
        """Remove a folder with everything in it; links are removed, not followed."""
        path = self.uri(prefix.rstrip("/"))
        attempt("remove", path, partial(remove_tree, path))
        self._prune(path)

    def tidy(self, before_ns: int) -> None:
        """Remove temporary files of processes that ended, or that nobody touched since ``before_ns``; and an empty folder."""
        folder = os.path.join(self.root, TEMPORARY)
        with suppress(FileNotFoundError), os.scandir(folder) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    is_old = entry.stat(follow_symlinks=False).st_mtime_ns < before_ns
                    if is_old or _writer_ended(entry.name):
                        attempt("remove", entry.path, partial(unlink, entry.path))
        with suppress(OSError):
            os.rmdir(folder)

    def compose(self, target_key: str, parts: Sequence[Part | Data]) -> None:
        """Write a file from byte ranges, copied within the kernel where it can."""
        for part in parts:
            if isinstance(part, Part):
                check_range(part.start, part.end)
        self._place("compose", target_key, partial(self._fill, parts=parts))

    def _walk(self, folder: str, shown: str = "") -> Iterator[SourceFile]:
        """Yield the files below a folder, which is ``shown`` in texts."""
        path = os.path.join(self.root, folder) if folder else self.root
        try:
            entries = attempt("list", path, partial(_scan, path))
        except ObjectNotFound:
            if not folder:
                raise
            return  # not there, or removed since its parent was listed
        for text, entry in entries:
            key = f"{folder}/{entry.name}" if folder else entry.name
            name = f"{shown}/{text}" if folder else text
            if entry.is_dir(follow_symlinks=False):
                if key != TEMPORARY:
                    yield from self._walk(key, name)
                continue
            try:
                status = entry.stat()
                if stat.S_ISDIR(status.st_mode):
                    status = entry.stat(follow_symlinks=False)
            except OSError as error:
                # A link that leads nowhere or round in a circle is listed as it is, so that nobody overlooks it.
                logger.warning("%r cannot be read: %s", entry.path, error.strerror)
                with suppress(FileNotFoundError):
                    yield self._seen(name, entry.stat(follow_symlinks=False))
                continue
            # What is no file is listed as well, so that somebody hears of it; reading it is an error.
            yield self._seen(name, status)

    def _seen(self, name: str, status: os.stat_result) -> SourceFile:
        return _source_file(os.path.join(self.root, name), name, status)

    def _place(self, operation: str, key: str, fill: Callable[[int], None], mode: int | None = None) -> None:
        target = self.uri(key)
        attempt(operation, target, partial(self._place_once, target, fill, mode))

    def _place_once(self, target: str, fill: Callable[[int], None], mode: int | None) -> None:
        with self._filled(fill, mode) as temporary:
            rename_into(temporary, target)
        sync_folder(os.path.dirname(target))

    @contextmanager
    def _filled(self, fill: Callable[[int], None], mode: int | None) -> Iterator[str]:
        """Give a finished, durable file under a temporary name, which is gone afterwards."""
        temporary = self._temporary()
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            try:
                fill(descriptor)
                if mode is not None:
                    os.fchmod(descriptor, mode)
                os.fsync(descriptor)
                if mode == READ_ONLY:  # hardly ever read by the run that writes it
                    drop_from_cache(descriptor)
            finally:
                os.close(descriptor)
            yield temporary
        finally:
            with suppress(OSError):
                os.unlink(temporary)

    def _create(self, target: str, data: Data) -> bool:
        with self._filled(partial(write_all, data=data), None) as temporary:
            make_folder(os.path.dirname(target))
            try:
                os.link(temporary, target)
            except FileExistsError:
                return False
        sync_folder(os.path.dirname(target))
        return True

    def _link(self, source: str, target: str) -> None:
        with suppress(FileNotFoundError):
            if os.path.samestat(os.stat(source), os.stat(target, follow_symlinks=False)):
                return
        temporary = self._temporary()
        try:
            os.link(source, temporary)
            rename_into(temporary, target)
        finally:
            # rename() of two names of one file does nothing, so the temporary one may still be there.
            with suppress(FileNotFoundError):
                os.unlink(temporary)

    def _fill(self, descriptor: int, parts: Sequence[Part | Data]) -> None:
        source, opened = -1, ""
        try:
            for part in parts:
                if not isinstance(part, Part):
                    write_all(descriptor, part)
                    continue
                if part.key != opened:
                    if source >= 0:
                        os.close(source)
                        source = -1
                    source, opened = os.open(self.uri(part.key), os.O_RDONLY | os.O_CLOEXEC), part.key
                copy_range(source, descriptor, part, self.uri(part.key))
        finally:
            if source >= 0:
                os.close(source)

    def _temporary(self) -> str:
        folder = os.path.join(self.root, TEMPORARY)
        os.makedirs(folder, exist_ok=True)
        return os.path.join(folder, f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex}")

    def _prune(self, path: str) -> None:
        """Remove the folders that became empty, as an object store has none."""
        folder = os.path.dirname(path)
        with suppress(OSError):
            while len(folder) > len(self.root):
                os.rmdir(folder)
                folder = os.path.dirname(folder)


def _writer_ended(name: str) -> bool:
    """Tell whether a temporary file, by its name, is of a process of this machine that has ended."""
    host, _, process = name.rpartition("-")[0].rpartition("-")
    return host == socket.gethostname() and process.isdecimal() and not is_alive(int(process))


def _source_file(path: str, key: str, status: os.stat_result) -> SourceFile:
    # Some file systems take any time; a database has no room for those past the year 2262.
    changed_ns = max(-LATEST_NS, min(status.st_mtime_ns, LATEST_NS))
    return SourceFile(uri=_text(path), name=_text(key), bytes=status.st_size, mtime_ns=changed_ns)


def _text(name: str) -> str:
    """Return a name that can be written down: bytes that are no UTF-8 as ``\\xff`` (such a file is never opened)."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _scan(path: str) -> list[tuple[str, os.DirEntry[str]]]:
    """Return the entries of a folder, each with its name as a text, no two alike."""
    # A folder sorts as if its name ended in '/', so that a walk yields whole paths in order.
    with os.scandir(path) as entries:
        found = sorted(entries, key=lambda entry: entry.name + "/" * entry.is_dir(follow_symlinks=False))
    taken = {entry.name for entry in found}
    named = []
    for entry in found:
        text = _text(entry.name)
        while text != entry.name and text in taken:  # one that is written as the other one is called
            text += "\\"
        taken.add(text)
        named.append((text, entry))
    return named
