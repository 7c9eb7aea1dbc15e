"""The summary of a run for people: tables of files by state, stages and deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from drf_reprocess.cli.output import print_blank, print_facts, print_rows

Row = Mapping[str, Any]


def print_summary(summary: Mapping[str, Any]) -> None:
    """Print what a run did; the same document as ``--json``, for reading."""
    states = {state: count for state, count in summary["products"].items() if count or state == "total"}
    print_facts(
        {
            "run": f"{summary['run_id']}, dated {summary['run_time']}",
            "status": summary["status"],
            "received files": ", ".join(f"{count} {state}" for state, count in states.items()),
            "read": f"{summary['bytes_in'] / 1e6:.1f} MB in {summary['elapsed_s']:.1f} s, "
            f"{summary['throughput_mb_s']:.1f} MB/s ({summary['site_start_s']:.1f} s to start the workers)",
            "schemas and Schematron": summary["validation"],
            "peak memory": ", ".join(
                f"{name} {used / 2**20:.0f} MiB" for name, used in summary["peak_memory_bytes"].items()
            ),
        }
    )
    print_blank()
    print_rows(_stages(summary["stages"]), ("stage", "seconds", "files", "MB", "MB/s"), empty="no stages")
    print_blank()
    print_rows(
        _deliveries(summary["deliveries"]),
        ("delivery", "state", "products", "MB", "package"),
        empty="no delivery: the receiver has everything",
    )
    for title in ("warnings", "not_checked"):
        for message in summary[title]:
            print_facts({title.replace("_", " "): message})
    if summary["newly_set_aside"]:
        print_facts(
            {"set aside in this run": f"{summary['newly_set_aside']}; see `drf-reprocess quarantine`"}
        )


def _stages(stages: Sequence[Row]) -> Iterator[Row]:
    for stage in stages:
        elapsed_s, megabytes = float(stage["elapsed_s"]), stage.get("bytes", 0) / 1e6
        yield {
            "stage": stage["name"],
            "seconds": elapsed_s,
            "files": stage.get("files", stage.get("packages", "")),
            "MB": f"{megabytes:.1f}" if megabytes else "",
            "MB/s": f"{megabytes / elapsed_s:.1f}" if megabytes and elapsed_s > 0.01 else "",
        }


def _deliveries(deliveries: Sequence[Row]) -> Iterator[Row]:
    for delivery in deliveries:
        yield {
            "delivery": delivery["delivery_id"],
            "state": delivery["state"],
            "products": delivery["products"],
            "MB": f"{delivery['bytes'] / 1e6:.1f}",
            "package": delivery["package"],
        }
