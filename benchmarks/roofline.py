"""The whole line against what its own kernels allow on this machine, and against its yardsticks.

The roofline is one core that does nothing but the work itself, each piece at the speed of its kernel, one after another:
read, MD5, SHA-256, deflate, parse, Parquet, the bytes written at the place's own rate, inflate, and the MD5 of verify. MD5 is
computed as the line does it, for the files of a task together; what the line would be held against with hashlib alone is told
beside it. All terms are timed in the same run on the same files, before and after each run of the line, so that a machine
that slows down slows both. A slow kernel cannot flatter the ratio: the parse term is never slower than `PARSE_FLOOR_MB_S`,
the Parquet term never slower than zstd 1 without dictionary and with byte-stream-split.

The terms take turns, task by task, until as much is written as the line writes, for a place is not always as fast: memory
that was given back a moment ago takes 2 to 3 GB/s, memory that a virtual machine must first ask its host for 0.4, and free
memory goes back to the host within seconds. Writing by turns finds the memory as the line does, which computes in between.
"""

from __future__ import annotations

import hashlib
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.kernels import md5, parse_table, read_table, split_zstd, understand
from benchmarks.pipeline import PipelineRun, WriteRate, measurement_of, run_once, settings_of
from benchmarks.results import Measurement
from benchmarks.samples import Sample, load_file, make_sample
from benchmarks.scope import Scope
from benchmarks.timing import require
from drf_reprocess.archives.codec import Codec, inflate
from drf_reprocess.md5_lanes import md5_many
from drf_reprocess.storage.base import open_store
from drf_reprocess.tables.parquet import to_parquet

PART = "whole line"
PARSE_FLOOR_MB_S = 600
TERM_FILES = 9
"""Files on which the terms are timed, each time: those of one task, which together do not fit into the nearest memory."""
WRITTEN_PER_FILE = (1.0, 1.0, 0.2)
"""Sizes of what is written to learn the rate of a place, against a received file: in all as much as the line writes, about."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds for each received byte, by piece of work; what was measured, before the floors."""

    read: float
    md5: float
    hashlib_md5: float
    sha256: float
    deflate: float
    parse: float
    parquet: float
    yardstick_parquet: float
    inflate: float
    verify_md5: float
    write: float
    """For each byte written, not each received one."""

    def roofline(self, written_per_byte: float) -> dict[str, float]:
        """Return the seconds for each received byte that go into the roofline, floors applied."""
        return {
            "read": self.read,
            "md5": min(self.md5, self.hashlib_md5),
            "sha256": self.sha256,
            "deflate": self.deflate,
            "parse": min(self.parse, 1 / (PARSE_FLOOR_MB_S * 1e6)),
            "Parquet": min(self.parquet, self.yardstick_parquet),
            "write": written_per_byte * self.write,
            "inflate": self.inflate,
            "md5 of verify": min(self.verify_md5, self.hashlib_md5),
        }

    def roofline_with_hashlib(self, written_per_byte: float) -> float:
        """Return the seconds for each received byte of a roofline in which hashlib computes all MD5s."""
        terms = self.roofline(written_per_byte)
        return sum(terms.values()) - terms["md5"] - terms["md5 of verify"] + 2 * self.hashlib_md5


def measure_whole_line(scope: Scope) -> Iterator[Measurement]:
    """Run the whole line by place and number of workers, each round between two looks at its terms."""
    with scope.folder() as folder:
        on_disk = make_sample(folder / "source", scope.days, scope.scale)
        for on in scope.places:
            with scope.folder(on) as place:
                # What is in memory is read from memory, too.
                sample = on_disk if on == "disk" else make_sample(place / "source", scope.days, scope.scale)
                yield from _measure_place(scope, on, place, sample)


def _measure_place(scope: Scope, on: str, place: Path, sample: Sample) -> Iterator[Measurement]:
    alone_mb_s = 0.0
    for workers in scope.workers:
        runs: list[PipelineRun] = []
        looks = [time_terms(sample, place, scope)]
        for _ in range(scope.rounds):
            runs.append(run_once(scope, on, settings_of(scope, sample, workers)))
            looks.append(time_terms(sample, place, scope))
        require(runs[0].files == len(sample.files), "a file is not in the archive")
        line = measurement_of(
            PART,
            f"{on}, {workers} worker{'s' if workers > 1 else ''}",
            runs,
            {"on": on, "workers": workers, "site": scope.site},
        )
        alone_mb_s = alone_mb_s or line.mb_s / workers
        yield _with_roofline(line, runs, looks, workers, line.mb_s / alone_mb_s)


def _with_roofline(
    line: Measurement, runs: list[PipelineRun], looks: list[Terms], workers: int, speedup: float
) -> Measurement:
    """Add the roofline, the share of it that each round reached, and the terms, to a measurement."""
    written = line.figures["written_per_byte"]
    ratios, with_hashlib = [], []
    for run, before, after in zip(runs, looks, looks[1:], strict=False):
        roof_s = statistics.mean(sum(one.roofline(written).values()) for one in (before, after))
        ratios.append(roof_s * run.bytes / run.elapsed_s / workers)
        roof_s = statistics.mean(one.roofline_with_hashlib(written) for one in (before, after))
        with_hashlib.append(roof_s * run.bytes / run.elapsed_s / workers)
    terms = {
        name: statistics.median(look.roofline(written)[name] for look in looks)
        for name in looks[0].roofline(written)
    }
    measured = {
        name: statistics.median(getattr(look, name) for look in looks)
        for name in ("parse", "parquet", "write")
    }
    figures = {
        "roofline_mb_s": 1 / sum(terms.values()) / 1e6,
        "of_roofline": statistics.median(ratios),
        "of_roofline_low": min(ratios),
        "of_roofline_high": max(ratios),
        "of_roofline_with_hashlib": statistics.median(with_hashlib),
        "speedup": speedup,
        "place_write_mb_s": 1 / measured["write"] / 1e6,
        "parse_mb_s": 1 / measured["parse"] / 1e6,
        "parquet_mb_s": 1 / measured["parquet"] / 1e6,
        **{f"term_{name}_ns": seconds * 1e9 for name, seconds in terms.items()},
    }
    return Measurement(
        line.part,
        line.name,
        line.seconds,
        line.bytes,
        line.configuration,
        {**line.figures, **figures},
        line.stages,
    )


def time_terms(sample: Sample, place: Path, scope: Scope) -> Terms:
    """Time every piece of the work on some files of the sample, with the codec and the writer as shipped."""
    files = [load_file(path) for path in sample.some(max(1, sample.bytes * TERM_FILES // len(sample.files)))]
    raws = [file.raw for file in files]
    total = sum(map(len, raws))
    source = open_store(str(sample.folder))
    codec = Codec()
    views = [understand(file) for file in files]
    tables = [read_table(file) for file in files]
    packed = [(codec.deflate(file.raw), len(file.raw)) for file in files]
    names = [str(file.path.relative_to(sample.folder)) for file in files]
    ids = {"lid": "", "source_md5": "", "data_md5": "", "schema_version": "1"}
    work: Mapping[str, Callable[[], object]] = {
        "read": lambda: [source.read(name) for name in names],
        "md5": lambda: md5_many(raws),
        "hashlib_md5": lambda: [md5(raw) for raw in raws],
        "sha256": lambda: [hashlib.sha256(file.raw).digest() for file in files],
        "deflate": lambda: [codec.deflate(file.raw) for file in files],
        "parse": lambda: [parse_table(view, file) for view, file in zip(views, files, strict=True)],
        "parquet": lambda: [to_parquet(table, **ids) for table in tables],
        "yardstick_parquet": lambda: [split_zstd(table) for table in tables],
        "inflate": lambda: [inflate(data, size) for data, size in packed],
        "verify_md5": lambda: md5_many(raws),
    }
    turns = 1 if scope.timer.most == 1 else max(3, sample.bytes // total)
    found: defaultdict[str, list[float]] = defaultdict(list)
    rate = WriteRate(place)
    for _ in range(turns):
        for name, function in work.items():
            started = time.perf_counter()
            function()
            found[name].append((time.perf_counter() - started) / total)
        for raw in raws:
            for share in WRITTEN_PER_FILE:
                rate.write(raw[: round(share * len(raw))])
    rate.close()
    return Terms(**{name: statistics.median(times) for name, times in found.items()}, write=1 / rate.bytes_s)
