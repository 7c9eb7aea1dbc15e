"""Loaded by each local worker process as it starts (Dask's ``distributed.worker.preload``).

Ctrl-C at a terminal reaches every process of the driver's group. The driver alone is to answer it: it stops its workers in
order, while workers that were interrupted themselves would die in the middle of a task, each with a page of traceback.
"""

from __future__ import annotations

import os


def dask_setup(worker: object) -> None:
    """Leave the driver's process group; the process still ends when its driver does."""
    os.setpgid(0, 0)
