"""A product label against its data, read anew as the mission's profile says: times, layout and names of the fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drf_reprocess.drf.reader import Reading, read
from drf_reprocess.model import RepairOptions, TableLayout, Verdict, VerificationEntry
from drf_reprocess.pds4.read import LabelContents
from drf_reprocess.pds4.structure import LabelObject
from drf_reprocess.pds4.times import limit_digits
from drf_reprocess.profiles.model import FileType, Profile

ReadFile = Callable[[str], bytes | None]


def find_file_type(profile: Profile | None, contents: LabelContents) -> FileType | None:
    """Return the file type of a basic product of the profile's collections, None for any other label."""
    if profile is None or contents.product_class != "Product_Observational" or len(contents.files) != 1:
        return None
    for _, collection in profile.placement.values():
        if contents.lidvid.lid.parent == collection.lid:
            return profile.types_by_name[collection.type]
    return None


def compare_with_data(
    file_type: FileType, path: str, contents: LabelContents, data: bytes
) -> Iterator[VerificationEntry]:
    """Yield what a label says otherwise than its data file, read by the profile and mended in nothing.

    Start and stop must be the earliest and latest time of the records, as far as the label has digits; header, records
    and fields must stand where they stand in the file, under its own names.
    """
    reading = read(data, file_type, RepairOptions("never"))
    if reading.refused is not None or reading.layout is None:
        reason = (
            f"{reading.refused.code}: {reading.refused.message}" if reading.refused else "it has no layout"
        )
        yield VerificationEntry(
            path, Verdict.INVALID, f"its data file cannot be read by the profile: {reason}"
        )
        return
    faults = [*_compare_times(contents, reading), *_compare_layout(contents.objects[0], reading.layout)]
    for fault in faults:
        yield VerificationEntry(path, Verdict.INVALID, fault)


def _compare_times(contents: LabelContents, reading: Reading) -> Iterator[str]:
    for name, said, found, up in (
        ("start_date_time", contents.start_time, reading.start_time, False),
        ("stop_date_time", contents.stop_time, reading.stop_time, True),
    ):
        if said is None:
            continue
        digits = len(said.removesuffix("Z").partition(".")[2])
        if said != limit_digits(found, digits, up=up):
            yield f"{name} is {said}, the records of its data file say {found}"


def _compare_layout(objects: tuple[LabelObject, ...], layout: TableLayout) -> Iterator[str]:
    table = next((part for part in objects if part.kind == "Table_Character"), None)
    if table is None:
        yield "it describes no Table_Character"
        return
    for name, said, found in (
        ("offset of the table", table.offset_bytes, layout.header_bytes),
        ("records", table.records, layout.records),
        ("record_length", table.record_bytes, layout.record_bytes),
    ):
        if said != found:
            yield f"{name} is {said}, in its data file {found}"
    said_fields = [(field.name, field.location, field.length) for field in table.fields]
    found_fields = [(field.name, field.location, field.length) for field in layout.fields]
    for number, (label, file) in enumerate(zip(said_fields, found_fields, strict=False), 1):
        if label != file:
            yield (
                f"field {number} is {label[0]} at {label[1]} of length {label[2]}, in its data file {file[0]} at "
                f"{file[1]} of length {file[2]}"
            )
            return
    if len(said_fields) != len(found_fields):
        yield f"it describes {len(said_fields)} fields, its data file has {len(found_fields)}"
