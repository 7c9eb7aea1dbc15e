"""The reader as it is without numba: numpy and pyarrow do what the compiled kernel does."""

from __future__ import annotations

from drf_reprocess.drf import kernel, library, records


def use_library(monkeypatch) -> None:
    """Have the reader use the functions of `library` in this test."""
    for name in ("scan_bytes", "parse_cells", "parse_times", "gather_texts"):
        monkeypatch.setattr(kernel, name, getattr(library, name))
    monkeypatch.setattr(records, "scan_bytes", library.scan_bytes)
