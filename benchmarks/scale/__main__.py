"""The command line: ``python -m benchmarks.scale``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import machine
from benchmarks.report import REPORT
from benchmarks.results import DATABASE, Results
from benchmarks.scale import extrapolation, validation, yearly
from benchmarks.scale.costs import latest_costs
from benchmarks.scale.measure import TINY, Amounts, measure_costs
from benchmarks.scope import MEMORY, Scope, full_scope
from benchmarks.timing import WrongAnswer

DESCRIPTION = """\
Measures what each piece of a run costs on this machine, and carries it to missions and clusters that are not here.

    python -m benchmarks.scale measure       costs of stages, storage and scheduler, into the database: some minutes
    python -m benchmarks.scale validate      the model against real runs on this machine, with its errors
    python -m benchmarks.scale extrapolate   190 GB and 190 TB on 1 to 1,000 workers: times, and where it stops, and why
    python -m benchmarks.scale cost          a year of staging, releases and full missions, the present way and ours
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for; return the exit code."""
    given = _parser().parse_args(arguments)
    commands: dict[str, Callable[[argparse.Namespace], None]] = {
        "measure": _measure,
        "validate": _validate,
        "extrapolate": _extrapolate,
        "cost": _cost,
    }
    try:
        commands[given.what](given)
    except (LookupError, WrongAnswer) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.scale",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=("measure", "validate", "extrapolate", "cost"))
    parser.add_argument("--database", type=Path, default=DATABASE, help="SQLite file of all results")
    parser.add_argument("--report", type=Path, default=REPORT, help="folder of tables and picture")
    parser.add_argument(
        "--folder", type=Path, help="where to work on disk (default: that of temporary files)"
    )
    parser.add_argument("--memory", type=Path, default=MEMORY, help="file system in memory")
    parser.add_argument("--xml-catalog", type=Path, help="OASIS catalog of the PDS4 schemas")
    parser.add_argument("--workers", help="numbers of workers, as 1,2 (validate, extrapolate) or 8 (cost)")
    parser.add_argument("--site", default="local", help="of measure and validate: local, or serial")
    measure = parser.add_argument_group("measure")
    measure.add_argument("--tasks", type=int, default=Amounts().noop_tasks, help="that do nothing")
    measure.add_argument("--tiny", action="store_true", help="as small as can be: to see that all works")
    validate = parser.add_argument_group("validate")
    validate.add_argument(
        "--files", default="10,40,240x0.1", help="of some 5 MB each, as 10,40; 240x0.1 are of a tenth of that"
    )
    validate.add_argument(
        "--rounds", type=int, default=validation.ROUNDS, help="runs of each, the quietest counts"
    )
    extrapolate = parser.add_argument_group("extrapolate")
    extrapolate.add_argument(
        "--bandwidth", type=float, action="append", help="of a storage, in GB/s, instead of the usual ones"
    )
    cost = parser.add_argument_group("cost")
    cost.add_argument("--full", type=float, default=1.0, help="full reprocesses a year")
    cost.add_argument("--core-hour", type=float, default=yearly.Prices().core_hour, help="price")
    cost.add_argument("--gb", type=float, default=yearly.Prices().gb, help="price of a GB written")
    return parser


def _scope(given: argparse.Namespace) -> Scope:
    disk = (given.folder or Path(tempfile.gettempdir())).resolve()
    memory = given.memory if given.memory.is_dir() and os.access(given.memory, os.W_OK) else None
    catalog = given.xml_catalog.resolve() if given.xml_catalog else None
    return replace(
        full_scope(disk, memory, catalog), site=given.site, workers=_numbers(given.workers, (1, 2))
    )


def _numbers(text: str | None, otherwise: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(",")) if text else otherwise


def _cases(text: str) -> list[tuple[int, float]]:
    """Return numbers of files with their scales."""
    parts = [case.partition("x") for case in text.split(",")]
    return [(int(files), float(scale or 1)) for files, _, scale in parts]


def _measure(given: argparse.Namespace) -> None:
    machine.settle_memory()
    amounts = TINY if given.tiny else replace(Amounts(), noop_tasks=given.tasks)
    scope, results = _scope(given), Results(given.database)
    run_id = results.begin("python -m benchmarks.scale measure", scope.values())
    for measured in measure_costs(scope, amounts):
        results.add(run_id, measured)
        print(f"{measured.name}: {measured.timing.median_s:.1f} s", flush=True)
        for name, value in measured.figures.items():
            print(f"    {name} {value:.6g}", flush=True)


def _validate(given: argparse.Namespace) -> None:
    results = Results(given.database)
    costs, scope = latest_costs(results), _scope(given)
    run_id = results.begin("python -m benchmarks.scale validate", scope.values())
    rows = []
    for compared in validation.validate(scope, costs, _cases(given.files), given.rounds):
        results.add(run_id, compared.measurement())
        rows.append(compared)
    _tell(given, "validate", validation.to_markdown(rows))


def _extrapolate(given: argparse.Namespace) -> None:
    costs = latest_costs(Results(given.database))
    places = tuple(map(extrapolation.storage_of, given.bandwidth or ())) or extrapolation.storages(costs)
    workers = _numbers(given.workers, extrapolation.WORKERS)
    points = extrapolation.extrapolate(costs, places=places, workers=workers)
    picture = extrapolation.draw(points, given.report / "scale.png")
    rows = sorted({workers[0], *workers[::3], workers[-1]})
    tables = f"{extrapolation.ceilings_table(costs)}\n{extrapolation.to_markdown(points, rows)}"
    _tell(given, "extrapolate", f"{tables}\n![time by workers]({picture.name})\n")


def _cost(given: argparse.Namespace) -> None:
    costs = latest_costs(Results(given.database))
    prices = yearly.Prices(given.core_hour, given.gb)
    storage = extrapolation.storages(costs)[1]
    (workers,) = _numbers(given.workers, (2,))[:1]
    rows = yearly.bill_rows(costs, storage, workers, given.full)
    _tell(given, "cost", yearly.to_markdown(rows, prices, workers, storage))


def _tell(given: argparse.Namespace, what: str, text: str) -> None:
    given.report.mkdir(parents=True, exist_ok=True)
    (given.report / f"scale-{what}.md").write_text(text)
    print(text)


if __name__ == "__main__":
    sys.exit(main())
