"""Preview: run stages with nothing kept, to know what they would decide.

There is one way to decide: the code of the stage itself, over a store that is read and not written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NoReturn

from drf_reprocess.compute.base import Executor, TaskEvent
from drf_reprocess.errors import StorageDenied
from drf_reprocess.model import Outcome, SourceFile, WorkItem
from drf_reprocess.stages.process import ProcessContext, process
from drf_reprocess.storage.base import Data, Part, Store


@dataclass(frozen=True, slots=True)
class DryStore:
    """A store that is read as it is, and forgets whatever is written to it; what stands there cannot be changed."""

    inner: Store

    @property
    def root(self) -> str:
        """The root of the store behind."""
        return self.inner.root

    @property
    def is_local(self) -> bool:
        """Whether the objects are files of this machine."""
        return self.inner.is_local

    def uri(self, key: str) -> str:
        """Return where an object is."""
        return self.inner.uri(key)

    def list(self, prefix: str = "") -> Iterator[SourceFile]:
        """Yield the objects that are there."""
        return self.inner.list(prefix)

    def exists(self, key: str) -> bool:
        """Tell whether an object is there."""
        return self.inner.exists(key)

    def size(self, key: str) -> int:
        """Return the size of an object in bytes."""
        return self.inner.size(key)

    def info(self, key: str) -> SourceFile:
        """Return what a listing would tell of one object."""
        return self.inner.info(key)

    def read(self, key: str) -> bytes:
        """Return a whole object."""
        return self.inner.read(key)

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Return a part of an object."""
        return self.inner.read_range(key, start, end)

    def write(self, key: str, data: Data) -> None:
        """Keep nothing."""

    def write_once(self, key: str, data: Data) -> None:
        """Keep nothing."""

    def create(self, key: str, data: Data) -> bool:
        """Refuse."""
        self._refuse("create", key)

    def link(self, source_key: str, target_key: str) -> None:
        """Refuse."""
        self._refuse("link", target_key)

    def copy(self, source_key: str, target_key: str) -> None:
        """Refuse."""
        self._refuse("copy to", target_key)

    def remove(self, key: str) -> None:
        """Refuse."""
        self._refuse("remove", key)

    def remove_tree(self, prefix: str) -> None:
        """Refuse."""
        self._refuse("remove", prefix)

    def tidy(self, before_ns: int) -> None:
        """Leave everything as it is."""

    def compose(self, target_key: str, parts: Sequence[Part | Data]) -> None:
        """Refuse."""
        self._refuse("compose", target_key)

    def _refuse(self, verb: str, key: str) -> NoReturn:
        raise StorageDenied(f"will not {verb} {self.uri(key)}: a plan changes nothing")


def preview(
    executor: Executor, context: ProcessContext, partitions: Iterable[tuple[WorkItem, ...]]
) -> Iterator[tuple[TaskEvent[tuple[WorkItem, ...], tuple[Outcome, ...]], tuple[Outcome, ...]]]:
    """Yield what `process` would yield, from the same reading of the source; nothing is stored."""
    return process(executor, replace(context, output=DryStore(context.output)), partitions)
