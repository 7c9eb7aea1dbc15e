"""SaxonC in one thread of the process.

SaxonC ends the whole process if two of its processors are made in different threads at once, and its objects belong to
the thread that made them. Dask moves tasks between threads, so everything that touches SaxonC runs here.
"""

from __future__ import annotations

import atexit
import os
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from drf_reprocess.errors import SchemaSetError

T = TypeVar("T")

_lock = threading.Lock()
_thread: SaxonThread | None = None


class TransformError(ValueError):
    """A stylesheet cannot be applied to this document, or to none at all."""


class StylesheetError(TransformError):
    """A stylesheet cannot be compiled."""


class Saxon:
    """A SaxonC processor and the stylesheets that it compiled; lives and dies in its own thread."""

    def __init__(self) -> None:
        try:
            from saxonche import PySaxonApiError, PySaxonProcessor  # only those who check rules load it
        except ImportError as error:
            raise SchemaSetError(f"Schematron rules need the package saxonche: {error}") from error
        self._error = PySaxonApiError
        self._processor = PySaxonProcessor(license=False)
        self._xslt = self._processor.new_xslt30_processor()
        self._sheets: dict[object, Any] = {}

    def compile(self, key: object, make_stylesheet: Callable[[], str]) -> None:
        """Compile the stylesheet of a key unless that was done before. `StylesheetError` if it is none."""
        if key in self._sheets:
            return
        try:
            self._sheets[key] = self._xslt.compile_stylesheet(stylesheet_text=make_stylesheet())
        except self._error as error:
            raise StylesheetError(" ".join(str(error).split())) from None

    def transform(self, key: object, document: str) -> str:
        """Return the text that the compiled stylesheet makes of an XML document. `TransformError` if it fails."""
        try:
            node = self._processor.parse_xml(xml_text=document)
            return self._sheets[key].transform_to_string(xdm_node=node) or ""
        except self._error as error:
            raise TransformError(" ".join(str(error).split())) from None


class SaxonThread:
    """Runs calls on the one `Saxon` of the process, one after another; callers in any thread wait for the answer."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[tuple[Callable[[Saxon], Any], Future[Any]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._serve, name="saxon", daemon=True)
        self._thread.start()

    def call(self, function: Callable[[Saxon], T]) -> T:
        """Return what ``function`` returns, or raise what it raises, when called in Saxon's thread."""
        answer: Future[T] = Future()
        self._calls.put((function, answer))
        return answer.result()

    def stop(self) -> None:
        """End the thread; its SaxonC objects are freed in it."""
        self._calls.put(None)
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        saxon: Saxon | None = None
        while (call := self._calls.get()) is not None:
            function, answer = call
            try:
                if saxon is None:
                    saxon = Saxon()
                answer.set_result(function(saxon))
            except BaseException as error:  # whatever it is, the caller's thread raises it
                answer.set_exception(error)
            del call, function, answer


def saxon_thread() -> SaxonThread:
    """Return the thread of this process, which is started at the first call."""
    global _thread
    with _lock:
        if _thread is None:
            _thread = SaxonThread()
            atexit.register(_thread.stop)
        return _thread


def _forget() -> None:
    """Begin anew in a forked process, which has none of its parent's threads."""
    global _lock, _thread
    _lock = threading.Lock()
    if _thread is not None:
        atexit.unregister(_thread.stop)
    _thread = None


os.register_at_fork(after_in_child=_forget)
