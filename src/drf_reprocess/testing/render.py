"""One sample file as bytes: a pure function of its `FileSpec`."""

from __future__ import annotations

from dataclasses import dataclass

from drf_reprocess.testing.defects import apply_defects
from drf_reprocess.testing.draft import draft_file, join_draft
from drf_reprocess.testing.schedule import FileSpec


@dataclass(frozen=True, slots=True)
class Rendered:
    """The bytes of a sample file, and how many whole records they hold, damaged and repeated ones included."""

    data: bytes
    records: int


def render(spec: FileSpec) -> Rendered:
    """Return one sample file, its defects included."""
    draft = draft_file(spec)
    apply_defects(spec, draft)
    return Rendered(join_draft(draft, spec.generator("ends")), draft.records)


def render_file(spec: FileSpec) -> bytes:
    """Return the bytes of one sample file, its defects included."""
    return render(spec).data
