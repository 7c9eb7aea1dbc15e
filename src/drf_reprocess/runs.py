"""What a run is called, how it is dated, and what it did."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

from drf_reprocess.config.model import Config


@dataclass(slots=True)
class RunResult:
    """What a run did; `as_dict` is the document that ``run --json`` prints."""

    run_id: str
    run_time: str
    status: str = "running"
    """``success``, ``verification-failed``, ``interrupted`` or ``failed``."""
    mode: str = "release"
    """``full``, ``release`` or ``staging``."""
    products: dict[str, int] = field(default_factory=dict)
    """Received files by their state, and ``total``, their sum; ``arriving`` files are not received yet."""
    decisions: dict[str, int] = field(default_factory=dict)
    """Products worked on, by what the version rule said: new, data-changed, label-only, same."""
    newly_set_aside: int = 0
    """Files set aside by this run, or by the runs that it resumes."""
    resumed: list[str] = field(default_factory=list)
    """Runs that were cut off, and that this one brings to their end."""
    refused: bool = False
    """Whether the run was to follow a plan that is outdated: then it has done nothing."""
    plan_differences: list[str] = field(default_factory=list)
    """Products that came out otherwise than the plan of the run was certain of: the first, and how many more."""
    bytes_in: int = 0
    elapsed_s: float = 0.0
    site_start_s: float = 0.0
    """Part of ``elapsed_s`` that it took to start the workers, or to reach them, and to have them load what they need."""
    site_end_s: float = 0.0
    """Part of ``elapsed_s`` that it took to end the workers, or to part from them."""
    validation: str = "not checked"
    """``checked`` if labels were held against schemas and Schematron rules (``validate.xml_catalog``)."""
    stages: list[dict[str, object]] = field(default_factory=list)
    deliveries: list[dict[str, object]] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    peak_memory_bytes: dict[str, int] = field(default_factory=dict)
    """Highest memory use of the driver and of each worker process."""

    @property
    def exit_code(self) -> int:
        """0 success, 3 success with files set aside in this run, 4 verification failed."""
        if self.status == "verification-failed":
            return 4
        return 3 if self.newly_set_aside else 0

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain values."""
        throughput = self.bytes_in / 1e6 / self.elapsed_s if self.elapsed_s else 0.0
        return asdict(self) | {"throughput_mb_s": round(throughput, 3)}


def decide_run_time(config: Config, environ: Mapping[str, str], resumed: str | None = None) -> str:
    """Return the time that labels and packages of a run are dated with: ISO 8601 UTC, to the second.

    ``run.time``, else ``SOURCE_DATE_EPOCH`` of the environment, else that of the run that is resumed, else the clock.
    """
    if config.run.time:
        return str(config.run.time)
    epoch = environ.get("SOURCE_DATE_EPOCH")
    if resumed and not epoch:
        return resumed
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def new_run_id() -> str:
    """Return a name for a run that sorts by time, also within a second, and is not given twice."""
    now = datetime.now(UTC)
    return f"{now:%Y%m%dT%H%M%SZ}-{now.microsecond:05x}{secrets.token_hex(1)}"
