"""Discover: list what was received, and leave alone what is still arriving."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain

from drf_reprocess.model import SourceFile
from drf_reprocess.storage.base import TEMPORARY, Store


class Discovery:
    """The received files, sorted by name, as an iterator that counts what it passes over."""

    def __init__(self, source: Store, settle_s: float) -> None:
        self._source = source
        self._settle_s = settle_s
        self.files = 0
        self.bytes = 0
        self.arriving = 0
        """Files that were left alone because somebody touched them less than ``settle_s`` seconds ago."""

    def __iter__(self) -> Iterator[SourceFile]:
        youngest_ns = time.time_ns() - int(self._settle_s * 1e9)
        for file in self._list():
            if self._settle_s and file.mtime_ns > youngest_ns:
                self.arriving += 1
            else:
                self.files += 1
                self.bytes += file.bytes
                yield file

    def _list(self) -> Iterator[SourceFile]:
        """Yield all files, also those in a folder that has the name of our temporary one, which a local store passes over."""
        if not self._source.is_local:
            return self._source.list()
        return chain(self._source.list(), self._source.list(TEMPORARY))


def discover(source: Store, settle_s: float) -> Discovery:
    """List all files of the source that nobody has touched for ``settle_s`` seconds."""
    return Discovery(source, settle_s)
