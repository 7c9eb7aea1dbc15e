"""The command line of the benchmarks: ``python -m benchmarks``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import machine
from benchmarks.allocator import measure_allocator
from benchmarks.catalog_size import measure_catalog_size, measure_growth
from benchmarks.compare import compare
from benchmarks.kernels import measure_codecs, measure_kernels
from benchmarks.latency import measure_latency
from benchmarks.peers import measure_peers, measure_types
from benchmarks.report import REPORT, write_report
from benchmarks.results import DATABASE, Measurement, Results
from benchmarks.roofline import measure_whole_line
from benchmarks.scope import MEMORY, Scope, full_scope, quick_scope
from benchmarks.sweeps import measure_sweeps
from benchmarks.timing import WrongAnswer

Part = Callable[[Scope], Iterator[Measurement]]

PARTS: dict[str, Part] = {
    "line": measure_whole_line,
    "peers": measure_peers,
    "types": measure_types,
    "kernels": measure_kernels,
    "codecs": measure_codecs,
    "allocator": measure_allocator,
    "sweeps": measure_sweeps,
    "latency": measure_latency,
    "catalog": measure_catalog_size,
    "growth": measure_growth,
}
LONG = ("growth",)
"""Run only when they are named."""

DESCRIPTION = """\
Measures the engine, proves each answer, appends what was measured to a database and writes a report.

    python -m benchmarks --quick                 all but growth, in two minutes: to see that all is well
    python -m benchmarks                         the same in earnest, some 30 minutes on two quiet cores
    python -m benchmarks line peers              some parts
    python -m benchmarks growth                  the driver's memory from 100 to 65,000 files: some 8 minutes
    python -m benchmarks compare A.toml B.toml   configuration against configuration (also: benchmarks/compare A B)
    python -m benchmarks report                  the report of the latest run again

line      the whole line, on disk and in memory, by number of workers, against the roofline of its own kernels
peers     the incumbent's way, pandas, pyarrow, pds4_tools on the same files (pip install -e '.[bench]')
types     our parse of a file of every type against pyarrow casts
kernels   each piece of the work alone: digests, parse, Parquet settings, labels, schemas, members of packages
codecs    every codec and level, there and back
allocator the pure line with different settings of the allocator
sweeps    the whole line by partition size, package format, codec and level
latency   the whole line on a store whose every call comes late
catalog   settled missions of 1,000 to 100,000 products
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return the exit code."""
    given = _parser().parse_args(arguments)
    try:
        if given.what[:1] == ["report"]:
            print(write_report(Results(given.database), given.report, given.run))
            return 0
        if given.what[:1] == ["compare"]:
            return _compare(given)
        return _measure(given)
    except (LookupError, WrongAnswer) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "what", nargs="*", help=f"parts ({', '.join(PARTS)}), or compare CONFIG_A CONFIG_B, or report"
    )
    parser.add_argument("--quick", action="store_true", help="small sizes and few repetitions")
    parser.add_argument("--days", type=int, help="length of the sample mission of line, peers and compare")
    parser.add_argument("--rounds", type=int, help="how often each whole line is run")
    parser.add_argument("--workers", help="numbers of workers, as 1,2,4")
    parser.add_argument(
        "--xml-catalog", type=Path, help="OASIS catalog of the PDS4 schemas, for XSD and Schematron"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="where to work on disk (default: the folder of temporary files; not one in memory)",
    )
    parser.add_argument(
        "--memory", type=Path, default=MEMORY, help=f"file system in memory (default: {MEMORY})"
    )
    parser.add_argument(
        "--database", type=Path, default=DATABASE, help="SQLite file that results are appended to"
    )
    parser.add_argument("--report", type=Path, default=REPORT, help="folder of report.md and its pictures")
    parser.add_argument("--run", default="", help="of report: id of a run, the latest if not given")
    group = parser.add_argument_group("compare")
    group.add_argument(
        "--pairs", type=int, default=5, help="how often each configuration is run (default: 5)"
    )
    group.add_argument("--source", type=Path, help="folder of received files (default: a sample mission)")
    group.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="holds for both")
    group.add_argument(
        "--in-memory", action="store_true", help="write the outputs to the file system in memory"
    )
    return parser


def _scope(given: argparse.Namespace) -> Scope:
    disk = given.folder or Path(tempfile.gettempdir())
    memory = given.memory if given.memory.is_dir() and os.access(given.memory, os.W_OK) else None
    catalog = given.xml_catalog.resolve() if given.xml_catalog else None
    scope = (quick_scope if given.quick else full_scope)(disk.resolve(), memory, catalog)
    if given.days:
        scope = replace(scope, days=given.days)
    if given.rounds:
        scope = replace(scope, rounds=given.rounds, sweep_rounds=given.rounds)
    if given.workers:
        scope = replace(scope, workers=tuple(int(number) for number in given.workers.split(",")))
    return scope


def _measure(given: argparse.Namespace) -> int:
    unknown = [part for part in given.what if part not in PARTS]
    if unknown:
        print(f"no part {unknown[0]!r}; expected {', '.join(PARTS)}, compare or report", file=sys.stderr)
        return 2
    machine.settle_memory()
    scope, results = _scope(given), Results(given.database)
    chosen = given.what or [part for part in PARTS if part not in LONG]
    words = ["python -m benchmarks", *(["--quick"] if given.quick else []), *given.what]
    run_id = results.begin(" ".join(words), scope.values())
    for part in chosen:
        started = time.perf_counter()
        for measured in PARTS[part](scope):
            results.add(run_id, measured)
            _tell(measured)
        print(f"-- {part}: {time.perf_counter() - started:.0f} s", flush=True)
    print(write_report(results, given.report, run_id))
    return 0


def _compare(given: argparse.Namespace) -> int:
    if len(given.what) != 3:
        print("compare needs two configuration files: benchmarks/compare CONFIG_A CONFIG_B", file=sys.stderr)
        return 2
    config_a, config_b = (Path(name).resolve() for name in given.what[1:])
    for config in (config_a, config_b):
        if not config.is_file():
            print(f"there is no configuration file {config}", file=sys.stderr)
            return 2
    scope, results = _scope(given), Results(given.database)
    source = given.source.resolve() if given.source else None
    on = "memory" if given.in_memory else "disk"
    compared, measured = compare(scope, config_a, config_b, given.pairs, given.set, on, source)
    run_id = results.begin("python -m benchmarks compare", scope.values())
    for one in measured:
        results.add(run_id, one)
    for stage, a_s, b_s in compared.stages:
        print(f"{stage:12} A {a_s:8.2f} s   B {b_s:8.2f} s   {b_s - a_s:+8.2f} s")
    print(compared.words)
    return 0


def _tell(measured: Measurement) -> None:
    if not measured.seconds:
        print(f"{measured.part}: {measured.name}: passed over: {measured.note}", flush=True)
        return
    speed = f"{measured.mb_s:10.1f} MB/s" if measured.bytes else ""
    print(f"{measured.part}: {measured.name:48} {measured.timing.median_s:10.4f} s {speed}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
