"""Files of this machine, byte by byte: reading, writing, copying within the kernel, renaming, syncing."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from contextlib import suppress

from drf_reprocess.errors import StorageError
from drf_reprocess.storage.base import Data, Part

CHUNK_BYTES = 8 * 1024 * 1024
CANNOT_COPY_RANGE = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EPERM}
CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EBADF}


def read_bytes(path: str, start: int = 0, end: int | None = None) -> bytes:
    """Return the bytes from ``start`` to before ``end``, or those that there are."""
    with open(path, "rb", buffering=0) as file:
        if end is None:
            return file.readall()
        file.seek(start)
        blocks, missing = [], max(0, min(end, os.fstat(file.fileno()).st_size) - start)
        while missing and (block := file.read(missing)):
            blocks.append(block)
            missing -= len(block)
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def require_file(path: str) -> None:
    """Raise ``OSError`` if the path names a pipe or device, whose reading might never end."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "neither a file nor a folder", path)


def write_all(descriptor: int, data: Data) -> None:
    """Write all bytes, however many calls it takes."""
    rest = memoryview(data).cast("B")
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def copy_range(source: int, target: int, part: Part, path: str) -> None:
    """Copy the bytes of ``part`` to the end of ``target``, within the kernel where it can; ``path`` is for the message."""
    offset = part.start
    while offset < part.end:
        wanted = min(part.end - offset, CHUNK_BYTES)
        try:
            copied = os.copy_file_range(source, target, wanted, offset)
        except OSError as error:
            if error.errno not in CANNOT_COPY_RANGE:
                raise
            copied = 0
        if not copied:  # not possible between these file systems, or at the end
            block = os.pread(source, wanted, offset)
            write_all(target, block)
            copied = len(block)
        if not copied:
            raise StorageError(
                f"cannot copy bytes {part.start} to {part.end} of {path}: it ends at {offset}; it is damaged or not what "
                "was written: remove it and run again"
            )
        offset += copied


def rename_into(temporary: str, target: str) -> None:
    """Give a finished file its name, replacing what stood there; missing folders are made."""
    for _ in range(8):  # another process may remove the folder, empty as yet, in between
        try:
            os.replace(temporary, target)
        except FileNotFoundError:
            _make_folder(os.path.dirname(target))
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            raise StorageError(
                f"cannot rename into {target}: its folder is on another file system than the root; "
                "put the whole root on one file system"
            ) from error
        else:
            return
    os.replace(temporary, target)


def _make_folder(path: str) -> None:
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    _make_folder(parent)
    with suppress(FileExistsError):
        os.mkdir(path)
        sync_folder(parent)


def sync_folder(path: str) -> None:
    """Make names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in CANNOT_SYNC:  # some network file systems sync no folders
            raise
    finally:
        os.close(descriptor)


def unlink(path: str) -> None:
    """Remove a name; nothing happens where there is none."""
    with suppress(FileNotFoundError, NotADirectoryError):
        os.unlink(path)


def remove_tree(path: str) -> None:
    """Remove a folder with everything in it, or a file; links are removed, not followed."""
    if os.path.isdir(path) and not os.path.islink(path):
        with suppress(FileNotFoundError):
            shutil.rmtree(path)
    else:
        unlink(path)
