"""Files of this machine, byte by byte: reading, writing, copying within the kernel, renaming, syncing."""

from __future__ import annotations

import errno
import io
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
    """Return the bytes from ``start`` to before ``end``, or those that there are.

    Raises
    ------
    OSError
        Also if the path names no file but a pipe or device, whose reading might never end, or a link that leads nowhere.
    """
    with _open_file(path) as file:
        if end is None:
            return file.readall()
        file.seek(start)
        blocks, missing = [], max(0, min(end, os.fstat(file.fileno()).st_size) - start)
        while missing and (block := file.read(missing)):
            blocks.append(block)
            missing -= len(block)
        return blocks[0] if len(blocks) == 1 else b"".join(blocks)


def _open_file(path: str) -> io.FileIO:
    try:
        # Without waiting: the opening of a pipe that nobody writes to would never end.
        file = open(path, "rb", buffering=0, opener=_open_at_once)  # noqa: SIM115 - the caller closes it
    except FileNotFoundError as error:
        if os.path.islink(path):
            raise OSError(errno.ELOOP, "a link that leads nowhere", path) from error
        raise
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "neither a file nor a folder", path)
    return file


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


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
            make_folder(os.path.dirname(target))
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


def make_folder(path: str) -> None:
    """Make a folder and those that it stands in, durably."""
    if os.path.isdir(path):
        return
    parent = os.path.dirname(path)
    make_folder(parent)
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


def drop_from_cache(descriptor: int) -> None:
    """Let the kernel forget the content of a synced file, which stays on the disk.

    What a run writes and does not read again would push all else out of memory, and each new file would wait for pages where
    those of the last one are at hand.
    """
    if hasattr(os, "posix_fadvise"):  # not everywhere, and only advice
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def is_alive(process: int) -> bool:
    """Tell whether there is a process of this number on this machine."""
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


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
