"""Kernels: what is done to the bytes of one file, each piece alone, in one process on one core."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.results import Measurement
from benchmarks.samples import CREATED, DataFile, load_file, make_sample
from benchmarks.scope import Scope
from benchmarks.timing import require
from drf_reprocess.archives import FORMATS
from drf_reprocess.archives.codec import Codec, crc32, inflate
from drf_reprocess.digests import digest_bytes
from drf_reprocess.drf import kernel, library
from drf_reprocess.drf.cells import Cells, parse_fields, read_text_times, times_from_seconds
from drf_reprocess.drf.interpret import View, interpret
from drf_reprocess.drf.lines import split_lines
from drf_reprocess.drf.reader import read
from drf_reprocess.drf.table import to_table
from drf_reprocess.errors import CodecMissing
from drf_reprocess.md5_lanes import md5_many
from drf_reprocess.model import Candidate, RepairOptions, SourceFile
from drf_reprocess.pds4.check import check_label
from drf_reprocess.pds4.digest import label_digest
from drf_reprocess.pds4.label import product_label
from drf_reprocess.pds4.parsing import parse_label
from drf_reprocess.pds4.schemas import schema_set
from drf_reprocess.pds4.structure import structure_digest
from drf_reprocess.reprocess import LineOptions, Reprocessed, reprocess
from drf_reprocess.tables.parquet import to_parquet

PART = "kernels"
IDS = {"lid": "", "source_md5": "", "data_md5": "", "schema_version": "1"}
"""Words for the metadata of Parquet files that nobody keeps."""
FILES_TOGETHER = 9
"""Files that a task digests together, about."""


def md5(data: bytes) -> str:
    """Return the MD5 of one file alone."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def understand(file: DataFile) -> View:
    """Return the columns of a file in their places: what the parse kernel starts from."""
    view = interpret(split_lines(file.raw, file.file_type), file.file_type)
    require(isinstance(view, View), f"{file.path.name} cannot be read")
    assert isinstance(view, View)
    return view


def parse_cells(view: View) -> Cells:
    """Read all cells of a view again: the kernel alone."""
    placement = view.placement
    kinds = [column.known.kind for column in placement.match.columns]
    return parse_fields(view.records.rows, placement.slots.begins, placement.slots.ends, kinds)


def parse_table(view: View, file: DataFile) -> pa.Table:
    """Read all cells and times of a view again and return the whole table as Arrow."""
    cells, time = parse_cells(view), file.file_type.time
    if time.is_text:
        times = read_text_times(view.records.rows, time)
    else:
        names = [column.known.name for column in view.placement.match.columns]
        times = times_from_seconds(cells, names.index(time.column), time.epoch)
    again = replace(view, placement=replace(view.placement, cells=cells), times=times)
    return to_table(again, file.file_type)


def read_table(file: DataFile) -> pa.Table:
    """Read a file as the line does, from its bytes to its table."""
    return read(file.raw, file.file_type, RepairOptions()).table


def whole_line(file: DataFile) -> Reprocessed:
    """Make mended bytes, table, Parquet and label of a file: the pure line, storage and checks left out."""
    identity = digest_bytes(file.raw)
    _, collection = file.profile.placement[file.file_type.name]
    source = SourceFile(file.path.name, file.path.name, len(file.raw), 0)
    candidate = Candidate(file.product_id, collection.lid.child(file.product_id), (source,))
    options = LineOptions(file.profile, RepairOptions(), CREATED)
    done = reprocess(file.raw, identity, candidate, file.file_type.name, file.path.name, options)
    require(done.label is not None, f"{file.path.name} was refused: {done.refused}")
    return done


def floats_of(table: pa.Table) -> list[str]:
    """Return the names of the columns of reals."""
    return [field.name for field in table.schema if pa.types.is_floating(field.type)]


def write_parquet(table: pa.Table, **settings: object) -> bytes:
    """Return a table as Parquet with other settings than ours."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **settings)
    return bytes(sink.getvalue())


def split_zstd(table: pa.Table) -> bytes:
    """Return a table as Parquet by zstd 1 without dictionary, reals byte-stream-split: the yardstick of our writer."""
    return write_parquet(
        table,
        compression="zstd",
        compression_level=1,
        use_dictionary=False,
        use_byte_stream_split=floats_of(table),
    )


PARQUET_SETTINGS: dict[str, Callable[[pa.Table], bytes]] = {
    "as shipped": lambda table: to_parquet(table, **IDS),
    "zstd 1, no dictionary, byte-stream-split": split_zstd,
    "writer's defaults": lambda table: write_parquet(table),
    "snappy, no dictionary": lambda table: write_parquet(table, compression="snappy", use_dictionary=False),
    "zstd 1, dictionary": lambda table: write_parquet(table, compression="zstd", compression_level=1),
    "zstd 3, no dictionary, byte-stream-split": lambda table: write_parquet(
        table,
        compression="zstd",
        compression_level=3,
        use_dictionary=False,
        use_byte_stream_split=floats_of(table),
    ),
    "not compressed": lambda table: write_parquet(table, compression="none", use_dictionary=False),
}


@dataclass(frozen=True, slots=True)
class _Bench:
    """Times functions on one file and keeps them as measurements."""

    scope: Scope
    file: DataFile

    def time(
        self,
        name: str,
        function: Callable[[], object],
        right: Callable[[object], bool] = bool,
        bytes_: int | None = None,
        **figures: float,
    ) -> Measurement:
        timing, answer = self.scope.timer.time(function)
        require(right(answer), f"{name}: wrong answer")
        size = len(self.file.raw) if bytes_ is None else bytes_
        if isinstance(answer, bytes) and size and answer != self.file.raw:
            figures["ratio"] = len(answer) / size
        return Measurement(PART, name, timing.seconds, size, {"type": self.file.file_type.name}, figures)

    def absent(self, name: str, why: str) -> Measurement:
        return Measurement(PART, name, note=why)


def measure_kernels(scope: Scope) -> Iterator[Measurement]:
    """Time every kernel on one GNC file."""
    with scope.folder() as folder:
        sample = make_sample(folder / "source", 1, scope.scale)
        file = load_file(max(sample.files, key=lambda path: path.stat().st_size))
        bench = _Bench(scope, file)
        yield from _measure_digests(bench)
        yield from _measure_parsing(bench)
        yield from _measure_parquet(bench)
        yield from _measure_labels(bench)
        yield from _measure_members(bench)
        yield bench.time("read the file", file.path.read_bytes, lambda data: data == file.raw)


def measure_codecs(scope: Scope) -> Iterator[Measurement]:
    """Time every codec and level there and back, on one GNC file; what is slow on a part of it."""
    with scope.folder() as folder:
        sample = make_sample(folder / "source", 1, scope.scale)
        bench = _Bench(scope, load_file(max(sample.files, key=lambda path: path.stat().st_size)))
        for name, levels in (scope.levels or {}).items():
            for level in levels:
                yield from _measure_codec(bench, name, level)
        part = bench.file.raw[: scope.slow_bytes]
        slow = bench.time("gzip 9", lambda: gzip.compress(part, 9, mtime=0), bytes_=len(part))
        yield _codec(slow, name="gzip", level=9, way="deflate")


def _measure_digests(bench: _Bench) -> Iterator[Measurement]:
    raw = bench.file.raw
    blocks = [raw[start : start + 1000] for start in range(0, len(raw), 1000)]

    def by_blocks() -> str:
        digest = hashlib.md5(usedforsecurity=False)
        for block in blocks:
            digest.update(block)
        return digest.hexdigest()

    expected = by_blocks()
    yield bench.time("md5", lambda: md5(raw), lambda found: found == expected)
    together = [raw] * FILES_TOGETHER
    yield bench.time(
        "md5, files of a task together",
        lambda: md5_many(together),
        lambda found: found == [expected] * FILES_TOGETHER,
        len(raw) * FILES_TOGETHER,
    )
    yield bench.time("md5 line by line", lambda: _md5_by_lines(raw), lambda found: found == expected)
    yield bench.time("sha256", lambda: hashlib.sha256(raw).hexdigest(), lambda found: len(str(found)) == 64)
    yield bench.time("crc32", lambda: crc32(raw), lambda found: found == zlib.crc32(raw))


def _md5_by_lines(raw: bytes) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for line in io.BytesIO(raw):
        digest.update(line)
    return digest.hexdigest()


def _measure_codec(bench: _Bench, name: str, level: int) -> Iterator[Measurement]:
    codec, raw = Codec(name, level), bench.file.raw
    words = f"{name} {level}"
    try:
        packed = codec.deflate(raw)
    except CodecMissing as missing:
        yield bench.absent(words, str(missing))
        return
    part = raw if name != "zlib" and level < 6 else raw[: bench.scope.slow_bytes]
    made = bench.time(words, lambda: codec.deflate(part), bytes_=len(part))
    yield _codec(made, name=name, level=level, way="deflate")
    back = bench.time(words, lambda: inflate(packed, len(raw)), lambda found: found == raw)
    yield _codec(back, name=name, level=level, way="inflate")


def _codec(measured: Measurement, **configuration: object) -> Measurement:
    return Measurement(
        "codecs", measured.name, measured.seconds, measured.bytes, configuration, measured.figures
    )


def _measure_parsing(bench: _Bench) -> Iterator[Measurement]:
    file = bench.file
    view = understand(file)
    table = read_table(file)
    rows = view.records.rows
    yield bench.time("split into lines", lambda: split_lines(file.raw, file.file_type), lambda _: True)
    yield bench.time("parse kernel", lambda: parse_cells(view), lambda found: _same(view, found))
    yield bench.time("parse to Arrow", lambda: parse_table(view, file), lambda found: _equal(found, table))
    yield bench.time("whole read", lambda: read_table(file), lambda found: _equal(found, table))
    if kernel.parse_cells is not library.parse_cells:
        yield bench.time(
            "parse without numba", partial(_parse_by_library, view), lambda found: _same(view, found)
        )
    yield bench.time(
        "whole line in memory", lambda: whole_line(file).parquet, lambda made: isinstance(made, bytes)
    )
    require(len(rows) == table.num_rows, "the table has other records than the file")


def _parse_by_library(view: View) -> Cells:
    """Read all cells by what stands in where numba is not installed."""
    compiled = kernel.parse_cells
    kernel.parse_cells = library.parse_cells
    try:
        return parse_cells(view)
    finally:
        kernel.parse_cells = compiled


def _same(view: View, found: object) -> bool:
    return isinstance(found, Cells) and found.equals(view.placement.cells)


def _equal(found: object, table: pa.Table) -> bool:
    return isinstance(found, pa.Table) and found.equals(table)


def _measure_parquet(bench: _Bench) -> Iterator[Measurement]:
    table = read_table(bench.file)

    def right(made: object) -> bool:
        return isinstance(made, bytes) and pq.read_table(pa.BufferReader(made)).equals(table)

    for words, write in PARQUET_SETTINGS.items():
        yield bench.time(f"Parquet: {words}", partial(write, table), right)
    made = to_parquet(table, **IDS)
    yield bench.time(
        "Parquet: read again", lambda: pq.read_table(pa.BufferReader(made)), lambda t: _equal(t, table)
    )


def _measure_labels(bench: _Bench) -> Iterator[Measurement]:
    file = bench.file
    data, new = whole_line(file).product()
    label = new.content
    one = partial(bench.time, bytes_=0)
    yield one("label: write", lambda: product_label(new.facts, file.profile), lambda made: made == label)
    yield one("label: digest", lambda: label_digest(label), lambda found: found == new.digest)
    yield one("label: structure digest", lambda: structure_digest(label))
    yield one(
        "label: check against its data",
        lambda: check_label(
            label,
            lambda path: file.raw if path == file.path.name else None,
            file.profile.context.registered,
            values=False,
            md5_of=lambda _, __: data.md5,
        ),
        lambda findings: not findings,
    )
    if bench.scope.xml_catalog is None:
        why = "no XML catalog of the PDS4 schemas was given (--xml-catalog)"
        yield bench.absent("label: XML schema", why)
        yield bench.absent("label: Schematron", why)
        return
    schemas = schema_set(str(bench.scope.xml_catalog))
    schemas.prepare_model(file.profile.bundles[0].model)
    root = parse_label(label)
    yield one("label: XML schema", lambda: list(schemas._check_xsd(root)), lambda found: found == [])
    yield one("label: Schematron", lambda: list(schemas._check_rules(root)), lambda found: found == [])


def _measure_members(bench: _Bench) -> Iterator[Measurement]:
    raw, codec = bench.file.raw, Codec()
    for name, form in FORMATS.items():
        yield bench.time(f"member of a {name}", lambda form=form: form.member("a/b.drf", raw, codec).blob)  # type: ignore[misc]
