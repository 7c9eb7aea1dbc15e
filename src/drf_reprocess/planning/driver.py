"""Make a plan: what a run would do with the mission as it is now. Nothing is written but what the caller's sinks take."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from drf_reprocess.catalog.base import Listing
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.sites import SiteOptions, open_site
from drf_reprocess.mission import Mission
from drf_reprocess.model import WorkItem
from drf_reprocess.observer import Observer
from drf_reprocess.planning.conditions import (
    campaign_of,
    conditions_digest,
    conditions_of,
    plan_options,
    unfinished_runs,
)
from drf_reprocess.planning.document import VERSION, Sink, product_row, set_aside_row
from drf_reprocess.planning.expectation import (
    Expectation,
    expect,
    expect_unread,
    must_be_read,
    stands_after,
)
from drf_reprocess.planning.forecast import Forecast
from drf_reprocess.reprocess import LineOptions
from drf_reprocess.stages.discover import Discovery, discover
from drf_reprocess.stages.plan import Plan, in_partitions, plan, work_items
from drf_reprocess.stages.preview import preview
from drf_reprocess.stages.process import ProcessContext
from drf_reprocess.stages.release import release_numbers

STAGE = "preview"
"""What an observer hears of while files are read to know what would become of them."""


def plan_mission(
    mission: Mission, run_time: str, sinks: Sequence[Sink], observer: Observer, *, quick: bool = False
) -> None:
    """Make a plan and give it to the sinks, product by product; see `planning.document` for its form.

    Products that have a former version, or about which a person decided, are reprocessed without keeping anything, so that
    their versions are known; of a new file that came alone only the name is looked at.

    Parameters
    ----------
    run_time
        Time with which the run of this plan is to be dated: ISO 8601 UTC, to the second.
    quick
        Read nothing: for products with a former version all that may come of them is told.

    Raises
    ------
    DrfReprocessError
        Whatever would end the run, too: a source that cannot be listed, workers lost, schemas missing.
    """
    planning = _Planning(mission, run_time, sinks, observer, quick=quick)
    with mission.catalog.listing() as listing:
        planning.work(listing)


class _Planning:
    def __init__(
        self, mission: Mission, run_time: str, sinks: Sequence[Sink], observer: Observer, *, quick: bool
    ) -> None:
        self.mission = mission
        self.sinks = sinks
        self.observer = observer
        self.quick = quick
        self.run_time = run_time
        self.campaign = campaign_of(mission.config)
        self.is_staging = mission.config.run.mode == "staging"
        self.forecast = Forecast(mission, run_time, staging=self.is_staging)
        self._covering: dict[str, str] = {}
        """By family whose days another one covers, where the wider one may stand for both: that other one."""
        self._stands: dict[str, bool] = {}
        """Whether a covering family that was previewed has a product in the archive then."""

    def work(self, listing: Listing) -> None:
        mission = self.mission
        discovery = discover(mission.source, mission.config.source.settle_s)
        resumed = [run.run_id for run in unfinished_runs(mission.catalog)]
        workers = mission.config.compute.workers or os.cpu_count() or 1
        options = plan_options(mission.config, workers, resumed)
        planned = plan(discovery, listing, mission.catalog, mission.profile, mission.repair, options)
        head = self._head(discovery, planned, resumed)
        for sink in self.sinks:
            sink.start(head)
        if mission.profile.precedence.covered_twice == "wider":
            self._covering = {
                files[0].family: files[0].covering_family for files in listing.groups(covered=True)
            }
        with contextlib.ExitStack() as stack:
            executor: Executor | None = None
            for covered in (False, True):
                files, bytes_ = self._expect_unread(listing, covered)
                if files:
                    executor = executor or stack.enter_context(self._site())
                    self._preview(executor, self._to_be_read(listing, covered), planned, files, bytes_)
        tail = self.forecast.summary(planned.bytes)
        for sink in self.sinks:
            sink.finish(tail)

    def _site(self) -> contextlib.AbstractContextManager[Executor]:
        return open_site(SiteOptions(**self.mission.config.compute.model_dump()))

    def _head(self, discovery: Discovery, planned: Plan, resumed: Sequence[str]) -> dict[str, object]:
        """Return what is known of the plan before any product is looked at."""
        mission, catalog = self.mission, self.mission.catalog
        conditions = conditions_of(mission, planned.fingerprints)
        runs = catalog.runs()
        return {
            "version": VERSION,
            "run_time": self.run_time,
            "mode": mission.config.run.mode,
            "reason": mission.config.run.reason,
            "quick": self.quick,
            "resumes": list(resumed),
            "conditions": conditions,
            "config_digest": conditions_digest(conditions, ["configuration"]),
            "profile_digest": conditions["profile"]["digest"],
            "catalog": {
                "last_run": runs[-1].run_id if runs else None,
                "deliveries": len(conditions["delivery"]),
            },
            "files": planned.total,
            "files_bytes": discovery.bytes,
            "arriving": discovery.arriving,
            "to_process": {"products": planned.products, "files": planned.files, "bytes": planned.bytes},
            "reasons": dict(planned.reasons),
            "to_set_aside": [set_aside_row(outcome) for outcome in planned.set_aside],
            "settled": {str(state): count for state, count in planned.settled.items()},
            "disk_bytes": planned.disk_bytes,
        }

    def _items(self, listing: Listing, covered: bool) -> Iterator[tuple[WorkItem, bool]]:
        """Yield the work, and whether it must be read to know what comes of it."""
        covering = set(self._covering.values())
        mission = self.mission
        drawn = work_items(listing, mission.catalog, mission.inventories, mission.profile, covered=covered)
        for item in drawn:
            yield item, not self.quick and must_be_read(item, covering)

    def _expect_unread(self, listing: Listing, covered: bool) -> tuple[int, int]:
        """Tell what needs no reading; return files and bytes of what does."""
        files = bytes_ = 0
        for item, is_to_be_read in self._items(listing, covered):
            if is_to_be_read:
                files += len(item.sources)
                bytes_ += item.bytes
            else:
                self._tell(item, expect_unread(item, self.mission.profile, self.campaign))
        return files, bytes_

    def _to_be_read(self, listing: Listing, covered: bool) -> Iterator[WorkItem]:
        for item, is_to_be_read in self._items(listing, covered):
            if is_to_be_read:
                yield self._settle_covering(item)

    def _settle_covering(self, item: WorkItem) -> WorkItem:
        """Return an item as the run will see it, once what becomes of the family that covers its days is recorded."""
        stands = self._stands.get(self._covering.get(item.family, ""), item.gives_way)
        return replace(item, gives_way=stands)

    def _preview(
        self, executor: Executor, items: Iterator[WorkItem], planned: Plan, files: int, bytes_: int
    ) -> None:
        """Reprocess without keeping anything, and tell what comes of it in the order of the work."""
        mission = self.mission
        line = LineOptions(
            mission.profile,
            mission.repair,
            self.run_time,
            self.campaign,
            tuple(release_numbers(mission.catalog, mission.profile).items()),
        )
        context = ProcessContext(
            line,
            mission.source,
            mission.output,
            mission.config.validate_.xml_catalog,
            staging=self.is_staging,
        )
        waiting: deque[str] = deque()
        done: dict[str, tuple[WorkItem, tuple[Expectation, ...]]] = {}

        def drawn() -> Iterator[WorkItem]:
            for item in items:
                waiting.append(item.family)
                yield item

        self.observer.stage_started(STAGE, files, bytes_)
        started = time.perf_counter()
        covering = set(self._covering.values())
        for event, outcomes in preview(executor, context, in_partitions(drawn(), planned.partition_bytes)):
            for item, outcome in zip(event.item, outcomes, strict=True):
                done[item.family] = item, expect(item, outcome)
                if item.family in covering:
                    self._stands[item.family] = stands_after(item, outcome)
            while waiting and waiting[0] in done:
                self._tell(*done.pop(waiting.popleft()))
            read_bytes = sum(outcome.read_bytes for outcome in outcomes)
            self.observer.advanced(sum(len(item.sources) for item in event.item), read_bytes, 0)
        self.observer.stage_ended(STAGE, time.perf_counter() - started)

    def _tell(self, item: WorkItem, expectations: Sequence[Expectation]) -> None:
        for expectation in expectations:
            self.forecast.add(item, expectation)
            row = product_row(item, expectation)
            for sink in self.sinks:
                sink.add(row)
