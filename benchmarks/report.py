"""A report of a run of the benchmarks: Markdown tables, and pictures beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import peers, roofline
from benchmarks.goals import judge
from benchmarks.results import Measurement, Results, Run

REPORT = Path(__file__).with_name("report")
MIB = 2**20

Column = tuple[str, Callable[[Measurement], str]]


def write_report(results: Results, folder: Path, run_id: str = "") -> Path:
    """Write the report of a run, the latest if none is named, and return its Markdown file.

    ``LookupError`` if there is no such run.
    """
    runs = results.runs()
    if not runs:
        raise LookupError(f"{results.path.name} holds no runs: run `python -m benchmarks --quick` first")
    run = results.read(run_id or runs[-1])
    folder.mkdir(parents=True, exist_ok=True)
    pictures = draw_all(run, folder)
    page = folder / "report.md"
    page.write_text(to_markdown(run, pictures))
    return page


def to_markdown(run: Run, pictures: Mapping[str, Path] | None = None) -> str:
    """Return a run as Markdown: on what it was measured, then a table for each part."""
    on, pictures = run.machine, pictures or {}
    lines = [
        f"# Benchmarks of {run.started}",
        "",
        f"{on['cores']} cores of {on['cpu']}, {float(str(on['memory_bytes'])) / 2**30:.0f} GiB, {on['system']}; "
        f"revision {run.revision or 'unknown'}; `{run.command}`.",
        "",
        ", ".join(f"{name} {version}" for name, version in run.versions.items()),
        "",
        "Times are medians (quartiles, or extremes of fewer than four runs); MB are millions of received bytes.",
        *_goal_table(run),
    ]
    for part in dict.fromkeys(one.part for one in run.measurements):
        mine = [one for one in run.measurements if one.part == part]
        lines += ["", f"## {part.capitalize()}", "", *_table(mine, COLUMNS.get(part, ()))]
        lines += _conclusions(part, mine)
        if part in pictures:
            lines += ["", f"![{part}]({pictures[part].name})"]
        lines += _stage_table(mine)
    return "\n".join(lines) + "\n"


def _goal_table(run: Run) -> list[str]:
    """Tell what is wanted of the engine, and what of it was reached in this run."""
    found = judge(run.measurements)
    if not found:
        return []
    table = ["", _row(["wanted", "found", "reached"]), _row(["---", "---:", "---"])]
    return table + [
        _row([one.words, f"{one.found:.3g} {one.goal.unit}".rstrip(), one.verdict]) for one in found
    ]


def _table(rows: Sequence[Measurement], columns: Sequence[Column]) -> list[str]:
    shown = (*BASIC, *columns)
    table = [_row(["", *(title for title, _ in shown)]), _row(["---", *["---:"] * len(shown)])]
    for one in rows:
        if one.seconds:
            table.append(_row([one.name, *(show(one) for _, show in shown)]))
        else:
            table.append(_row([one.name, one.note, *[""] * (len(shown) - 1)]))
    return table


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _stage_table(rows: Sequence[Measurement]) -> list[str]:
    """Tell the stages of runs of the whole line, each in seconds."""
    rows = [one for one in rows if one.stages]
    if not rows:
        return []
    names = list(dict.fromkeys(stage.stage for one in rows for stage in one.stages))
    table = ["", _row(["seconds in", *names]), _row(["---", *["---:"] * len(names)])]
    for one in rows:
        known = {stage.stage: stage for stage in one.stages}
        table.append(
            _row([one.name, *(f"{known[name].seconds:.2f}" if name in known else "" for name in names)])
        )
    return table


def _seconds(one: Measurement) -> str:
    low, high = one.timing.quartiles_s
    unit, factor = ("s", 1.0) if one.timing.median_s >= 1 else ("ms", 1e3)
    median = f"{one.timing.median_s * factor:.3g} {unit}"
    return median if len(one.seconds) == 1 else f"{median} ({low * factor:.3g} to {high * factor:.3g})"


def _figure(name: str, form: str = "{:.2f}", factor: float = 1.0) -> Callable[[Measurement], str]:
    def show(one: Measurement) -> str:
        return form.format(one.figures[name] * factor) if name in one.figures else ""

    return show


def _mib(name: str) -> Callable[[Measurement], str]:
    return _figure(name, "{:.0f}", 1 / MIB)


BASIC: tuple[Column, ...] = (
    ("time", _seconds),
    ("MB/s", lambda one: f"{one.mb_s:.1f}" if one.bytes else ""),
)
MEMORY_COLUMNS: tuple[Column, ...] = (
    ("worker MiB", _mib("worker_peak_bytes")),
    ("driver MiB", _mib("driver_peak_bytes")),
)
COLUMNS: dict[str, tuple[Column, ...]] = {
    "kernels": (("size out / in", _figure("ratio", "{:.3f}")),),
    "codecs": (
        ("way", lambda one: str(one.configuration["way"])),
        ("size out / in", _figure("ratio", "{:.3f}")),
    ),
    roofline.PART: (
        ("roofline a core, MB/s", _figure("roofline_mb_s", "{:.1f}")),
        ("of roofline", _figure("of_roofline")),
        ("of that with hashlib", _figure("of_roofline_with_hashlib")),
        ("against one worker", _figure("speedup")),
        ("written / in", _figure("written_per_byte")),
        ("place writes, MB/s", _figure("place_write_mb_s", "{:.0f}")),
        ("workers start, s", _figure("site_start_s")),
        ("workers end, s", _figure("site_end_s")),
        *MEMORY_COLUMNS,
    ),
    peers.PART: (
        ("ours is as fast, times", _figure("times_slower", "{:.1f}")),
        ("as fast as the incumbent, times", _figure("times_incumbent", "{:.1f}")),
        ("last bits that differ", _figure("other_values", "{:.0f}")),
    ),
    peers.TYPES: (
        ("ours is as fast, times", _figure("times_slower", "{:.1f}")),
        ("last bits that differ", _figure("other_values", "{:.0f}")),
    ),
    "sweeps": (
        ("times as shipped", _figure("times_shipped")),
        ("package / in", _figure("package_per_byte", "{:.3f}")),
        *MEMORY_COLUMNS,
    ),
    "allocator": (("page faults a MB", _figure("page_faults_per_mb", "{:.1f}")),),
    "storage latency": (("calls waited for", _figure("calls", "{:.0f}")),),
    "catalog size": (("us a product", _figure("us_per_product", "{:.0f}")), *MEMORY_COLUMNS[1:]),
    "driver growth": (
        ("ms a file", _figure("ms_per_file", "{:.1f}")),
        ("driver grows, MiB", _figure("driver_growth_bytes", "{:.1f}", 1 / MIB)),
        *MEMORY_COLUMNS,
    ),
    "compare": (
        ("B / A", _figure("ratio", "{:.3f}")),
        ("from", _figure("ratio_low", "{:.3f}")),
        ("to", _figure("ratio_high", "{:.3f}")),
        *MEMORY_COLUMNS,
    ),
}


def _conclusions(part: str, rows: Sequence[Measurement]) -> list[str]:
    """Say what the rows of a part come to."""
    if part == roofline.PART:
        return [line for one in rows if one.seconds for line in ("", _roofline_words(one))]
    return []


def _roofline_words(one: Measurement) -> str:
    terms = {name.split("_")[1]: value for name, value in one.figures.items() if name.startswith("term_")}
    total = sum(terms.values())
    shares = ", ".join(f"{name} {value / total:.0%}" for name, value in terms.items())
    return (
        f"{one.name}: {one.figures['of_roofline']:.2f} of the roofline (rounds {one.figures['of_roofline_low']:.2f} to "
        f"{one.figures['of_roofline_high']:.2f}). The roofline is {shares}. "
        f"Before the floors: parse {one.figures['parse_mb_s']:.0f} MB/s, Parquet {one.figures['parquet_mb_s']:.0f} MB/s."
    )


def draw_all(run: Run, folder: Path) -> dict[str, Path]:
    """Draw a picture for each part that has one, as PNG; return them by part."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    drawn = {}
    for part, draw in PICTURES.items():
        rows = [one for one in run.measurements if one.part == part and one.seconds]
        if not rows:
            continue
        figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
        draw(axes, rows)
        axes.set_title(f"{part}, {run.started[:10]}")
        drawn[part] = folder / f"{part.replace(' ', '-')}.png"
        figure.savefig(drawn[part], dpi=110)
        plt.close(figure)
    return drawn


def _draw_kernels(axes: Any, rows: Sequence[Measurement]) -> None:  # noqa: ANN401 - matplotlib's
    rows = [one for one in rows if one.bytes]
    axes.barh([one.name for one in rows], [one.mb_s for one in rows], color="tab:blue")
    axes.set_xscale("log")
    axes.set_xlabel("MB/s of received bytes, one core")
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=7)


def _draw_codecs(axes: Any, rows: Sequence[Measurement]) -> None:  # noqa: ANN401
    for name in dict.fromkeys(str(one.configuration["name"]) for one in rows):
        mine = [
            one for one in rows if one.configuration["name"] == name and one.configuration["way"] == "deflate"
        ]
        mine = [one for one in mine if "ratio" in one.figures]
        axes.plot([one.mb_s for one in mine], [one.figures["ratio"] for one in mine], "o-", label=name)
        for one in mine:
            axes.annotate(str(one.configuration["level"]), (one.mb_s, one.figures["ratio"]), fontsize=8)
    axes.set_xscale("log")
    axes.set_xlabel("MB/s of received bytes, one core")
    axes.set_ylabel("size out / in")
    axes.legend()


def _draw_line(axes: Any, rows: Sequence[Measurement]) -> None:  # noqa: ANN401
    """Stack the roofline's terms beside what the line takes, for each received MB and core."""
    places = range(len(rows))
    terms = [name for name in rows[0].figures if name.startswith("term_")]
    bottom = [0.0] * len(rows)
    for term in terms:
        values = [one.figures.get(term, 0.0) for one in rows]
        axes.bar([place - 0.2 for place in places], values, 0.38, bottom, label=term.split("_")[1])
        bottom = [below + value for below, value in zip(bottom, values, strict=True)]
    whole = [int(str(one.configuration["workers"])) / one.mb_s * 1e3 for one in rows]
    axes.bar([place + 0.2 for place in places], whole, 0.38, color="lightgray", label="whole line")
    axes.set_xticks(list(places), [one.name for one in rows])
    axes.set_ylabel("ms of a core for each received MB")
    axes.legend(fontsize=7, ncols=2)


def _draw_bars(axes: Any, rows: Sequence[Measurement]) -> None:  # noqa: ANN401
    axes.barh([one.name for one in rows], [one.mb_s for one in rows], color="tab:green")
    axes.set_xlabel("MB/s of received bytes")
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=8)


def _draw_latency(axes: Any, rows: Sequence[Measurement]) -> None:  # noqa: ANN401
    delays = [float(str(one.configuration["delay_ms"])) for one in rows]
    axes.plot(delays, [one.timing.median_s for one in rows], "o-")
    axes.set_xlabel("delay of each call, ms")
    axes.set_ylabel("s of the whole line")
    axes.set_ylim(bottom=0)


def _draw_catalog(axes: Any, rows: Sequence[Measurement]) -> None:  # noqa: ANN401
    for what in dict.fromkeys(str(one.configuration["what"]) for one in rows):
        mine = [one for one in rows if one.configuration["what"] == what]
        counts = [int(str(one.configuration["products"])) for one in mine]
        axes.plot(counts, [one.timing.median_s for one in mine], "o-", label=what)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("products")
    axes.set_ylabel("s")
    axes.legend()


PICTURES: dict[str, Callable[[Any, Sequence[Measurement]], None]] = {
    "kernels": _draw_kernels,
    "codecs": _draw_codecs,
    roofline.PART: _draw_line,
    peers.PART: _draw_bars,
    "sweeps": _draw_bars,
    "storage latency": _draw_latency,
    "catalog size": _draw_catalog,
}
