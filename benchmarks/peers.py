"""What a user would pick instead, on the same files in the same run; each peer is passed over where it is not installed.

The incumbent's way is that of the mission's scripts: tar, gzip level 9 and a line-wise MD5, in one process. Table readers
work on one core, as ours does: Arrow's own threads are held to one.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from benchmarks.kernels import IDS, parse_table, read_table, understand
from benchmarks.pipeline import measurement_of, run_once, settings_of
from benchmarks.results import Measurement
from benchmarks.samples import DataFile, Sample, load_file, make_sample
from benchmarks.scope import Scope
from benchmarks.timing import Timer, require
from drf_reprocess.api import read_drf
from drf_reprocess.drf.reader import read
from drf_reprocess.drf.schema import TIME_UTC
from drf_reprocess.drf.timeform import time_picture
from drf_reprocess.model import Kind, RepairOptions
from drf_reprocess.tables.parquet import to_parquet

PART = "peers"
TYPES = "types"
TOLERANCE = 2e-15
"""Relative difference of a peer's floats from ours that is no wrong answer: some peers do not round exactly."""


def measure_peers(scope: Scope) -> Iterator[Measurement]:
    """Measure our line and our reader, and each peer on the same files."""
    with scope.folder() as folder:
        sample = make_sample(folder / "source", scope.days, scope.scale)
        yield from _measure_incumbent(scope, sample, folder)
        threads = pa.cpu_count()
        pa.set_cpu_count(1)
        try:
            for path in sample.some(max(1, sample.bytes * scope.peer_files // len(sample.files)))[
                : scope.peer_files
            ]:
                yield from measure_readers(scope, load_file(path), folder)
        finally:
            pa.set_cpu_count(threads)


def _measure_incumbent(scope: Scope, sample: Sample, folder: Path) -> Iterator[Measurement]:
    """Run our whole line on all workers, and the incumbent's way before and after it on a part of the files."""
    workers = max(scope.workers)
    part = sample.some(scope.peer_bytes)
    runs, seconds = [], []
    for _ in range(scope.rounds):
        seconds.append(_time_incumbent(part, folder))
        runs.append(run_once(scope, "disk", settings_of(scope, sample, workers)))
    seconds.append(_time_incumbent(part, folder))
    size = sum(path.stat().st_size for path in part)
    way = Measurement(PART, "tar, gzip 9, md5 by lines", tuple(seconds), size, {"files": len(part)})
    line = measurement_of(
        PART, "our whole line", runs, {"on": "disk", "workers": workers, "site": scope.site}
    )
    yield way
    figures = {**line.figures, "times_incumbent": line.mb_s / way.mb_s}
    yield Measurement(PART, line.name, line.seconds, line.bytes, line.configuration, figures, line.stages)


def _time_incumbent(files: tuple[Path, ...], folder: Path) -> float:
    package = folder / "incumbent.tar.gz"
    started = time.perf_counter()
    manifest = pack_as_incumbent(files, package)
    seconds = time.perf_counter() - started
    with tarfile.open(package) as tar:
        packed = {name: tar.extractfile(name) for name in tar.getnames()}
        for digest, name in (line.split("  ") for line in manifest.splitlines()):
            member = packed.pop(name)
            require(
                member is not None
                and hashlib.md5(member.read(), usedforsecurity=False).hexdigest() == digest,
                f"{name} was not packed",
            )
    require(not packed, "the incumbent packed other files")
    package.unlink()
    return seconds


def pack_as_incumbent(files: tuple[Path, ...], package: Path) -> str:
    """Pack files as the mission's scripts do; return the checksum manifest."""
    rows = []
    for path in files:
        digest = hashlib.md5(usedforsecurity=False)
        with path.open("rb") as lines:
            for line in lines:
                digest.update(line)
        rows.append(f"{digest.hexdigest()}  {path.name}")
    with tarfile.open(package, "w:gz", compresslevel=9) as tar:
        for path in files:
            tar.add(path, path.name)
    return "\n".join(rows)


def measure_readers(scope: Scope, file: DataFile, folder: Path) -> Iterator[Measurement]:
    """Measure readers of one file: to its table, and to Parquet."""
    table = read_table(file)
    ours = _timed(scope.timer, "our reader", file, lambda: read_file(file), table.equals)
    both = _timed(
        scope.timer,
        "our reader and Parquet",
        file,
        lambda: to_parquet(read_file(file), **IDS),
        lambda made: pq.read_table(pa.BufferReader(made)).equals(table),
    )
    yield ours
    yield _timed(scope.timer, "read_drf, profile loaded", file, lambda: read_drf(file.path), table.equals)
    yield both
    slow = Timer(max(1, scope.timer.repeats // 2), scope.timer.seconds, scope.timer.most)
    yield from _measure_casts(slow, file, table, ours)
    yield from _measure_pandas(slow, file, table, both)
    yield from _measure_pds4_tools(slow, file, table, ours, folder)


def read_file(file: DataFile) -> pa.Table:
    """Read a file from where it lies: what the peers are held against, which open it, too."""
    return read(file.path.read_bytes(), file.file_type, RepairOptions()).table


def _timed(
    timer: Timer, name: str, file: DataFile, function: Callable[[], Any], right: Callable[[Any], object]
) -> Measurement:
    timing, answer = timer.time(function)
    require(right(answer), f"{name}: wrong answer")
    return Measurement(PART, name, timing.seconds, len(file.raw), {"type": file.file_type.name})


def _against(peer: Measurement, ours: Measurement, **figures: float) -> Measurement:
    """Add to a peer's measurement how many times as fast ours is."""
    times = ours.mb_s / peer.mb_s
    return Measurement(
        peer.part, peer.name, peer.seconds, peer.bytes, peer.configuration, {"times_slower": times, **figures}
    )


def _measure_casts(timer: Timer, file: DataFile, table: pa.Table, ours: Measurement) -> Iterator[Measurement]:
    """Arrow alone: the places are known, each column is sliced, stripped and cast."""
    layout = find_layout(file)
    peer = _timed(
        timer,
        "pyarrow, casts of sliced columns",
        file,
        lambda: read_by_casts(file.path, layout),
        lambda found: found.num_rows,
    )
    yield _against(peer, ours, other_values=float(differences(read_by_casts(file.path, layout), table)))


@dataclass(frozen=True, slots=True)
class Layout:
    """What a peer has to be told of a file: it finds none of it by itself."""

    names: list[str]
    places: list[tuple[int, int]]
    """Begin and end of each column, from 0."""
    kinds: list[Kind]
    signed: frozenset[str]
    """Columns of numbers with a plus before some of them."""
    header_bytes: int
    header_lines: int
    record_bytes: int
    """With the line end."""


def find_layout(file: DataFile) -> Layout:
    """Return where everything stands in a file, as our line found it."""
    view = understand(file)
    columns, slots, time_format = view.placement.match.columns, view.placement.slots, file.file_type.time
    is_text = time_format.is_text  # else it is one of the columns
    return Layout(
        names=[*([time_format.column] if is_text else []), *(column.known.name for column in columns)],
        places=[
            *([(0, time_picture(time_format).chars)] if is_text else []),
            *zip(slots.begins.tolist(), slots.ends.tolist(), strict=True),
        ],
        kinds=[*([Kind.TIME] if is_text else []), *(column.known.kind for column in columns)],
        signed=frozenset(
            column.known.name
            for column, begin, end in zip(columns, slots.begins, slots.ends, strict=True)
            if column.known.kind in (Kind.REAL, Kind.INTEGER)
            and any(row.lstrip().startswith(b"+") for row in _cells(view.records.rows[:, begin:end]))
        ),
        header_bytes=sum(line.length_bytes for line in view.lines.header),
        header_lines=len(view.lines.header),
        record_bytes=view.records.record_chars + 2,
    )


def _cells(column: NDArray[np.uint8]) -> list[bytes]:
    """Return the cells of one column as bytes."""
    data, width = column.tobytes(), column.shape[1]
    return [data[start : start + width] for start in range(0, len(data), width)] if width else []


def read_by_casts(path: Path, layout: Layout) -> pa.Table:
    """Return time as text and channels of a file by Arrow's own functions, which cannot read its form of time."""
    raw = path.read_bytes()
    header, width = layout.header_bytes, layout.record_bytes
    count = (len(raw) - header) // width
    records = pa.Array.from_buffers(pa.binary(width), count, [None, pa.py_buffer(raw).slice(header)])
    columns = [
        _cast(records, place, kind, signed=name in layout.signed)
        for name, place, kind in zip(layout.names, layout.places, layout.kinds, strict=True)
    ]
    return pa.Table.from_arrays(columns, layout.names)


def _cast(records: pa.Array, place: tuple[int, int], kind: Kind, *, signed: bool) -> pa.Array:
    texts = pc.utf8_trim_whitespace(pc.cast(pc.binary_slice(records, *place), pa.string()))
    if signed:  # Arrow reads no plus
        texts = pc.utf8_ltrim(texts, characters="+")
    filled = pc.if_else(pc.equal(texts, ""), None, texts)
    return pc.cast(filled, {Kind.REAL: pa.float64(), Kind.INTEGER: pa.int64()}.get(kind, pa.string()))


def _measure_pandas(
    timer: Timer, file: DataFile, table: pa.Table, both: Measurement
) -> Iterator[Measurement]:
    name = "pandas.read_fwf and to_parquet"
    if find_spec("pandas") is None:
        yield _absent(name, "pandas")
        return
    pandas = import_module("pandas")
    layout, time_column = find_layout(file), file.file_type.time.column
    require(file.file_type.time.form == "yy/ddd-hh:mm:ss.fff", "a form of time that pandas is not told here")

    def read_fwf() -> Any:  # noqa: ANN401 - a data frame
        frame = pandas.read_fwf(
            file.path, colspecs=layout.places, names=layout.names, skiprows=layout.header_lines, header=None
        )
        frame[TIME_UTC] = pandas.to_datetime(frame[time_column], format="%y/%j-%H:%M:%S.%f", utc=True)
        return frame

    def convert() -> bytes:
        sink = io.BytesIO()
        read_fwf().to_parquet(sink)
        return sink.getvalue()

    peer = _timed(timer, name, file, convert, lambda made: pq.read_table(pa.BufferReader(made)).num_rows)
    found = pa.Table.from_pandas(read_fwf(), preserve_index=False)
    require(found[TIME_UTC].cast(table[TIME_UTC].type).equals(table[TIME_UTC]), "pandas read other times")
    yield _against(peer, both, other_values=float(differences(found, table)))


def _measure_pds4_tools(
    timer: Timer, file: DataFile, table: pa.Table, ours: Measurement, folder: Path
) -> Iterator[Measurement]:
    name = "pds4_tools on our label"
    if find_spec("pds4_tools") is None:
        yield _absent(name, "pds4-tools")
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those of an old library on new ones are not ours
        pds4_tools = import_module("pds4_tools")
        label = folder / f"{file.product_id}.xml"
        label.write_bytes(file.label)
        (folder / file.path.name).write_bytes(file.raw)

        def read_product() -> Any:  # noqa: ANN401 - a record array of numpy
            structures = pds4_tools.read(str(label), quiet=True)
            return next(one for one in structures if one.is_table()).data

        peer = _timed(timer, name, file, read_product, len)
        data = read_product()
    names = [column for column in data.dtype.names if column in table.schema.names]
    numbers = [name for name in names if data.dtype[name].kind in "fi"]
    found = pa.table({name: np.ma.filled(data[name], 0) for name in numbers})
    require(len(numbers) > len(data.dtype.names) // 2, "pds4_tools read no numbers")
    yield _against(peer, ours, other_values=float(differences(found, table)))


def _absent(name: str, package: str) -> Measurement:
    return Measurement(PART, name, note=f"{package} is not installed: pip install 'drf-reprocess[bench]'")


def differences(found: pa.Table, table: pa.Table) -> int:
    """Count the values in which a peer differs from us in the last bit; a larger difference is a wrong answer."""
    require(found.num_rows == table.num_rows, f"{found.num_rows} records, expected {table.num_rows}")
    different = 0
    for name in found.column_names:
        ours = table[name]
        if not (pa.types.is_floating(ours.type) or pa.types.is_integer(ours.type)):
            same = (
                name == TIME_UTC or pc.all(pc.equal(found[name].cast(pa.string()), ours)).as_py() is not False
            )
            require(same, f"{name}: other texts")
            continue
        mine = ours.combine_chunks().drop_null().to_numpy()
        theirs = pc.filter(found[name], ours.is_valid()).cast(ours.type).to_numpy()
        require(np.allclose(theirs, mine, rtol=TOLERANCE, atol=0), f"{name}: other values")
        different += int(np.count_nonzero(theirs != mine))
    return different


def measure_types(scope: Scope) -> Iterator[Measurement]:
    """Measure our parse, of every type, against Arrow's casts where both know the places: neither may be faster anywhere."""
    with scope.folder() as folder:
        sample = make_sample(folder / "source", 1, scope.scale, types=None)
        by_type = {file.file_type.name: file for file in map(load_file, sample.files)}
        for name, file in sorted(by_type.items()):
            view, layout, table = understand(file), find_layout(file), read_table(file)
            ours = _timed(
                scope.timer, f"{name}: parse to Arrow", file, partial(parse_table, view, file), table.equals
            )
            casts = partial(read_by_casts, file.path, layout)
            peer = _timed(scope.timer, f"{name}: pyarrow casts", file, casts, lambda found: found.num_rows)
            figures = {"records": float(table.num_rows), "columns": float(table.num_columns)}
            yield Measurement(TYPES, ours.name, ours.seconds, ours.bytes, ours.configuration, figures)
            times = {
                "times_slower": ours.mb_s / peer.mb_s,
                "other_values": float(differences(casts(), table)),
            }
            yield Measurement(TYPES, peer.name, peer.seconds, peer.bytes, peer.configuration, times)
