"""The driver: chains the stages, records each outcome as it comes, and tells the result.

Only the driver writes the catalog and publishes. Workers write immutable objects, so whatever is killed leaves at most
objects that no row names; the next run goes on from the rows.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from itertools import chain

from drf_reprocess.catalog.base import FAILED_BEFORE, Listing, RunRecord
from drf_reprocess.compute.base import Executor, TaskEvent, give_memory_back, peak_rss_bytes
from drf_reprocess.compute.sites import SiteOptions, open_site
from drf_reprocess.config.load import public_dict
from drf_reprocess.errors import (
    CatalogConflict,
    ConservationError,
    DrfReprocessError,
    PlanOutdated,
    StorageError,
)
from drf_reprocess.identifiers import Lid
from drf_reprocess.journal import mentioned
from drf_reprocess.mission import Mission
from drf_reprocess.model import (
    SET_ASIDE,
    Decision,
    DeliveryState,
    Outcome,
    SourceState,
    VerificationReport,
    WorkItem,
)
from drf_reprocess.observer import Observer
from drf_reprocess.planning.check import PlanCheck
from drf_reprocess.planning.conditions import (
    campaign_of,
    conditions_of,
    plan_options,
    runs_cut_off,
    unfinished_runs,
)
from drf_reprocess.planning.document import PlanDocument
from drf_reprocess.profiles.load import profile_digest
from drf_reprocess.reprocess import LineOptions
from drf_reprocess.runfolder import RUNS, RunFolder
from drf_reprocess.runs import RunResult, decide_run_time, new_run_id
from drf_reprocess.stages.assemble import AssembleContext, assemble
from drf_reprocess.stages.conservation import check_run, check_task
from drf_reprocess.stages.conservation_archive import check_assembly, check_delivery
from drf_reprocess.stages.discover import discover
from drf_reprocess.stages.inventories import CurrentInventories
from drf_reprocess.stages.note import settle_deliveries, write_delivery_json, write_note
from drf_reprocess.stages.package import (
    Delivery,
    PackageOptions,
    Shipment,
    package,
    proved_together,
    segment_context,
)
from drf_reprocess.stages.plan import Plan, partitions, plan, renew_items, work_items
from drf_reprocess.stages.process import ProcessContext, process
from drf_reprocess.stages.release import ReleaseContext, is_due, release, release_numbers
from drf_reprocess.stages.segments import segments_key
from drf_reprocess.stages.sweep import sweep
from drf_reprocess.stages.verify import PackageToVerify, verify_packages

logger = logging.getLogger(__name__)

DECISION_ROUNDS = 3
"""How often a task is decided at most, where what it was decided from is outdated each time."""


def run_mission(
    mission: Mission,
    observer: Observer,
    given: str,
    environ: Mapping[str, str],
    planned: PlanDocument | None = None,
) -> RunResult:
    """Run all stages over the mission and return what was done.

    ``given`` is the configuration as the operator gave it, kept in the run folder; ``planned`` the plan to be followed.

    Raises
    ------
    PlanOutdated
        If the world is not that of the plan: then nothing is written but the row of the failed run.
    DrfReprocessError
        Whatever is not one file's fault: storage full, workers lost, ... What was finished is kept; run again.
    """
    run_id = new_run_id()
    unfinished = unfinished_runs(mission.catalog, run_id)
    run_time = decide_run_time(mission.config, environ, unfinished[0].run_time if unfinished else None)
    if planned is not None:
        run_time = str(mission.config.run.time or planned.run_time)
    result = RunResult(
        run_id, run_time, mode=mission.config.run.mode, resumed=[run.run_id for run in unfinished]
    )
    if mission.config.validate_.xml_catalog:
        result.validation = "checked"
    run = _Run(mission, observer, result, RunFolder(mission.output, result.run_id), planned, unfinished)
    started = time.perf_counter()
    run.start(given)
    try:
        with open_site(SiteOptions(**mission.config.compute.model_dump())) as executor:
            result.site_start_s = round(time.perf_counter() - started, 3)
            run.work(executor)
            worked = time.perf_counter()
        result.site_end_s = round(time.perf_counter() - worked, 3)
    except BaseException as error:
        result.status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        result.refused = isinstance(error, PlanOutdated)
        violation = run.keep(error) if isinstance(error, ConservationError) else None
        with contextlib.suppress(DrfReprocessError):  # the first error is the one to tell
            run.finish(time.perf_counter() - started)
        if violation is not None:
            raise violation from error
        raise
    run.finish(time.perf_counter() - started)
    return result


def as_cut_off(mission: Mission) -> Mission | None:
    """Return the mission with mode, reason and release of the run that was cut off; None if none was."""
    unfinished = unfinished_runs(mission.catalog)
    if not unfinished:
        return None
    begun, config = unfinished[-1].config, mission.config
    update = {
        "run": type(config.run).model_validate_json(json.dumps(begun["run"])),
        "release": type(config.release).model_validate_json(json.dumps(begun["release"])),
    }
    return replace(mission, config=config.model_copy(update=update))


class _Run:
    """One run: the stages in order, each told to the observer and timed."""

    def __init__(
        self,
        mission: Mission,
        observer: Observer,
        result: RunResult,
        folder: RunFolder,
        planned: PlanDocument | None = None,
        resumed: Sequence[RunRecord] = (),
    ) -> None:
        self.mission = mission
        self.observer = observer
        self.result = result
        self.folder = folder
        self._resumed = resumed
        self._journal = mission.journal
        self._check = PlanCheck(planned) if planned else None
        self._given = ""
        self._mode = mission.config.run.mode
        self._numbers: dict[Lid, int] = {}
        self._discovered = 0
        self._stale: set[str] = set()
        """Keys in the views of what this run replaced."""

    def start(self, given: str) -> None:
        config = self.mission.config
        self._given = given
        if self._check is None:
            self.folder.write_start(given, public_dict(config))
        self.mission.catalog.start_run(
            RunRecord(
                run_id=self.result.run_id,
                run_time=self.result.run_time,
                mode=config.run.mode,
                state="running",
                started_at=_clock(),
                profile=self.mission.profile.name,
                profile_digest=profile_digest(self.mission.profile),
                config=public_dict(config),
            )
        )

    def keep(self, violation: ConservationError) -> ConservationError:
        """Keep all that is known of a violation in the run folder; return it with the place of that in its message."""
        try:
            place = self.folder.write_violation(violation)
        except StorageError as error:  # the violation is the one to tell
            place = f"what was found could not be kept: {error}"
        return violation.kept_in(place)

    def finish(self, elapsed_s: float) -> None:
        result = self.result
        result.elapsed_s = round(elapsed_s, 3)
        result.peak_memory_bytes["driver"] = peak_rss_bytes()
        if not result.refused:
            self.folder.write_end(result.as_dict())
        state = "set-aside" if result.status == "success" and result.newly_set_aside else result.status
        self.mission.catalog.finish_run(result.run_id, state, _clock(), result.as_dict())

    def work(self, executor: Executor) -> None:
        self.observer.run_started(self.result.run_id, executor.dashboard)
        for warning in (*executor.warnings, *self._other_than_resumed()):
            self._warn(warning)
        catalog = self.mission.catalog
        with catalog.listing() as listing:
            planned = self._plan(listing, executor)
            if self.result.resumed:
                settle_deliveries(catalog, self.mission.output)
            self._numbers = release_numbers(catalog, self.mission.profile)
            self._process(listing, executor, planned)
            refused = [outcome.source for outcome in planned.set_aside]
            check_run(listing, refused, self.result.products, self._discovered)
        self._tell_plan_differences()
        if self._mode != "staging":
            self._assemble(executor)
        self._publish(rebuild=bool(self.result.resumed))
        if self.result.resumed:
            self.result.newly_set_aside += catalog.count_set_aside(self.result.resumed)
        if self._mode == "staging":
            self.result.status = "success"
        else:
            self._deliver(executor)
        cut_off = runs_cut_off(catalog, self.result.run_id)
        if cut_off:
            self._recover(cut_off)

    def _other_than_resumed(self) -> Iterator[str]:
        """Tell where this run, by its configuration, does not do what a run that was cut off had begun."""
        now = self.mission.config.run
        for run in self._resumed:
            mode, reason = run.mode, run.config.get("run", {}).get("reason", "")
            if (mode, reason) != (now.mode, now.reason):
                yield (
                    f"run {run.run_id} was cut off in mode {mode}{f' ({reason})' if reason else ''}; this one works in mode "
                    f"{now.mode}: what that one had still to do is done by the same command again, or by `run --resume`"
                )

    def _recover(self, cut_off: Sequence[RunRecord]) -> None:
        """Remove what was written since the first of some runs began, and no row names: what it was for is done now."""
        mission, output = self.mission, self.mission.output
        # A run that has no folder was cut off before it wrote anything: then there is nothing of it to look for.
        began = [moment for run in cut_off if (moment := self._began_ns(run.run_id)) is not None]
        with self._stage("recover") as row:
            self._journal.write()
            if began:
                swept = sweep(
                    mission.catalog,
                    output,
                    mission.profile,
                    min(began),
                    lambda names: mentioned(output, names),
                )
                row["removed"] = asdict(swept)
            needed = {segment.rpartition("/")[0] for segment in mission.catalog.packed_segments()}
            for folder in {segments_key(run.run_id) for run in cut_off} - needed:
                output.remove_tree(folder)
            output.tidy(self._began_ns(self.result.run_id) or 0)

    def _began_ns(self, run_id: str) -> int | None:
        """Return when a run began, by the clock of the store; None if it wrote nothing."""
        began = next(iter(self.mission.output.list(f"{RUNS}/{run_id}")), None)
        return None if began is None else began.mtime_ns

    @contextlib.contextmanager
    def _stage(self, name: str, files: int = 0, bytes_: int = 0) -> Iterator[dict[str, object]]:
        """Time a stage; the dict that it gives is the stage's row in the summary, to be added to.

        A stage that is entered again, as packing and proving by turns, has one row with the sum of its times.
        """
        row = next((row for row in self.result.stages if row["name"] == name), None)
        if row is None:
            row = {"name": name, "elapsed_s": 0.0}
            self.result.stages.append(row)
        before_s = float(str(row["elapsed_s"]))
        self.observer.stage_started(name, files, bytes_)
        started = time.perf_counter()
        try:
            yield row
            self._journal.write()
        finally:
            elapsed_s = time.perf_counter() - started
            row["elapsed_s"] = round(before_s + elapsed_s, 3)
            row["driver_peak_bytes"] = peak_rss_bytes()
            give_memory_back()
            self.observer.stage_ended(name, elapsed_s)

    def _plan(self, listing: Listing, executor: Executor) -> Plan:
        """Discover and plan go hand in hand: the listing streams through the plan's comparison."""
        config, result = self.mission.config, self.result
        with self._stage("discover") as row:
            discovery = discover(self.mission.source, config.source.settle_s)
            planned = plan(
                discovery,
                listing,
                self.mission.catalog,
                self.mission.profile,
                self.mission.repair,
                plan_options(config, executor.workers, result.resumed),
            )
            row |= {"files": discovery.files, "bytes": discovery.bytes, "arriving": discovery.arriving}
            self._discovered = discovery.files
        with self._stage("plan") as row:
            if self._check is not None:
                self._require_plan(self._check, planned, listing)
            row |= {"products": planned.products, "files": planned.files, "bytes": planned.bytes}
            self.mission.catalog.commit_states(
                result.run_id, result.run_time, planned.fingerprints, planned.set_aside
            )
            counts = Counter({str(state): count for state, count in planned.settled.items()})
            counts.update(str(outcome.state) for outcome in planned.set_aside)
            result.newly_set_aside = sum(outcome.state in SET_ASIDE for outcome in planned.set_aside)
            result.products = {str(state): counts[str(state)] for state in SourceState}
            result.products |= {"total": planned.total, "arriving": discovery.arriving}
        return planned

    def _require_plan(self, check: PlanCheck, planned: Plan, listing: Listing) -> None:
        """See that the plan which the run is to follow is the one made anew; only then is anything written."""
        mission = self.mission
        items = chain.from_iterable(
            work_items(listing, mission.catalog, mission.inventories, mission.profile, covered=covered)
            for covered in (False, True)
        )
        check.require(planned, conditions_of(mission, planned.fingerprints), items)
        self.folder.write_start(self._given, public_dict(mission.config))

    def _tell_plan_differences(self) -> None:
        self.result.plan_differences = self._check.differences() if self._check else []
        for words in self.result.plan_differences:
            self._warn(f"not as planned: {words}")

    def _process(self, listing: Listing, executor: Executor, planned: Plan) -> None:
        mission, result = self.mission, self.result
        context = ProcessContext(
            LineOptions(
                mission.profile,
                mission.repair,
                result.run_time,
                campaign_of(mission.config),
                tuple(self._numbers.items()),
            ),
            mission.source,
            mission.output,
            mission.config.validate_.xml_catalog,
            staging=self._mode == "staging",
            segments=None
            if self._mode == "staging"
            else segment_context(mission.output, self._package_options(), result.run_id),
        )
        if planned.files:
            self._prepare(executor, context)
        with self._stage("process", planned.files, planned.bytes) as row:
            row |= {"files": planned.files, "bytes": planned.bytes, "tasks": 0}
            outdated: list[tuple[WorkItem, ...]] = []
            for covered in (False, True):
                tasks = partitions(
                    listing,
                    mission.catalog,
                    mission.inventories,
                    mission.profile,
                    planned.partition_bytes,
                    covered=covered,
                )
                outdated += self._work_off(executor, context, tasks, planned, row)
            for _ in range(DECISION_ROUNDS):
                if not outdated:
                    return
                again = [renew_items(items, mission.catalog, mission.inventories) for items in outdated]
                outdated = self._work_off(executor, context, again, planned, row)
        if outdated:
            raise CatalogConflict(
                f"{len(outdated)} tasks were decided {DECISION_ROUNDS + 1} times from versions that were outdated before "
                "they could be recorded: another run is at work on this output; run again when it has ended"
            )

    def _prepare(self, executor: Executor, context: ProcessContext) -> None:
        """Have the workers load code, kernel and schemas: the end of their start, which a run without work does not need."""
        started = time.perf_counter()
        executor.prepare(context)
        self.result.site_start_s = round(self.result.site_start_s + time.perf_counter() - started, 3)

    def _work_off(
        self,
        executor: Executor,
        context: ProcessContext,
        tasks: Iterable[tuple[WorkItem, ...]],
        planned: Plan,
        row: dict[str, object],
    ) -> list[tuple[WorkItem, ...]]:
        """Run tasks and record their outcomes; return those that were decided from outdated versions."""
        outdated = []
        for event, outcomes in process(executor, context, tasks):
            row["tasks"] = int(str(row["tasks"])) + 1
            check_task(event.item, outcomes)
            try:
                self._commit(planned, outcomes)
            except CatalogConflict as conflict:
                logger.warning("%s; its task is decided anew", conflict)
                outdated.append(event.item)
                continue
            self._count(event, outcomes)
            if self._check is not None:
                self._check.observe(event.item, outcomes)
        return outdated

    def _commit(self, planned: Plan, outcomes: tuple[Outcome, ...]) -> None:
        """Record a task's outcomes, and remember what in the views they replace."""
        catalog, views = self.mission.catalog, self.mission.views
        changed = [one for one in outcomes if one.product is not None and not one.pending]
        lids = [
            lid
            for one in outcomes
            if one.left or (one.product and not one.pending and one.decision is not Decision.SAME)
            for lid, _, _ in one.expected
        ]
        replaced = catalog.current_products(lids) if lids else []
        catalog.commit_outcomes(self.result.run_id, self.result.run_time, planned.fingerprints, outcomes)
        self._journal.write_if_due()
        for record in replaced:
            self._stale.update(key for key, _ in views.product_files(record))
        for one in changed:
            if one.product is not None:
                self._stale.difference_update(key for key, _ in views.product_files(one.product))
            self.result.decisions[str(one.decision)] = self.result.decisions.get(str(one.decision), 0) + 1

    def _count(
        self, event: TaskEvent[tuple[WorkItem, ...], tuple[Outcome, ...]], outcomes: tuple[Outcome, ...]
    ) -> None:
        states = [source.state for outcome in outcomes for source in outcome.sources]
        for state in states:
            self.result.products[state] += 1
        failing = {item.family for item in event.item if item.reason == FAILED_BEFORE}
        set_aside = sum(
            source.state in SET_ASIDE
            for outcome in outcomes
            for source in outcome.sources
            if not (source.state is SourceState.FAILED and outcome.family in failing)
        )
        read_bytes = sum(outcome.read_bytes for outcome in outcomes)
        self.result.newly_set_aside += set_aside
        self.result.bytes_in += read_bytes
        peak = self.result.peak_memory_bytes
        peak[event.worker] = max(peak.get(event.worker, 0), event.peak_rss_bytes)
        self.folder.add_event("process", event, len(states), read_bytes)
        self.observer.advanced(len(states), read_bytes, set_aside)

    def _assemble(self, executor: Executor) -> None:
        mission, receiver = self.mission, self.mission.config.release.receiver
        current = mission.catalog.current_aggregates()
        context = AssembleContext(
            mission.profile,
            mission.output,
            self.result.run_time,
            mission.config.run.reason,
            mission.config.validate_.xml_catalog,
            self._numbers,
            mission.config.release.bump_collections,
            self._mode == "full",
            frozenset(
                bundle.lid
                for bundle in mission.profile.bundles
                if bundle.new_version == "release" and is_due(mission.catalog, bundle, receiver)
            ),
        )
        with self._stage("assemble") as row:
            assembly = assemble(mission.catalog, context, executor)
            check_assembly(mission.catalog, mission.output, mission.profile, assembly)
            records = assembly.records
            mission.catalog.commit_aggregates(
                self.result.run_id,
                records,
                {
                    record.lidvid.lid: current[record.lidvid.lid].lidvid.vid
                    if record.lidvid.lid in current
                    else None
                    for record in records
                },
                assembly.left,
            )
            row["collections"] = sum(record.kind == "collection" for record in records)
            row["bundles"] = sum(record.kind == "bundle" for record in records)
        views = mission.views
        for lid in (*(record.lidvid.lid for record in records), *assembly.left):
            if lid in current:
                self._stale.update(key for key, _ in views.aggregate_files(current[lid]))
        for record in records:
            self._stale.difference_update(key for key, _ in views.aggregate_files(record))

    def _publish(self, *, rebuild: bool) -> None:
        """Show what this run made; after a run that was cut off, make the views anew."""
        with self._stage("publish") as row:
            views, catalog = self.mission.views, self.mission.catalog
            shown = (
                views.rebuild(catalog) if rebuild else views.update(catalog, self.result.run_id, self._stale)
            )
            row["files"] = shown
            row["staged_files"] = views.show_staged(catalog)
            views.describe_columns(catalog)

    def _package_options(self) -> PackageOptions:
        section = self.mission.config.package
        return PackageOptions(section.by, section.format, section.max_bytes, section.codec, section.level)

    def _deliver(self, executor: Executor) -> None:
        """Pack some deliveries at once, and prove each, before the next are packed: no more are in memory."""
        mission, result = self.mission, self.result
        config = mission.config
        receiver = config.release.receiver
        releases = release(
            mission.catalog,
            mission.profile,
            self._numbers,
            ReleaseContext(receiver, result.run_id, result.run_time, config.run.mode, config.run.reason),
        )
        deliveries = package(
            mission.catalog,
            executor,
            mission.output,
            mission.profile,
            self._package_options(),
            Shipment(receiver, releases, result.run_id, result.run_time),
            advance=lambda files, bytes_: self.observer.advanced(files, bytes_, 0),
        )
        for record in mission.catalog.releases():
            if record.run_id == result.run_id and record.requires_review:
                for reason in record.review:
                    self._warn(f"{record.release_id} requires review before it is sent (SIS 4.2): {reason}")
        result.status = "success"
        packages = packed_bytes = 0
        while True:
            with self._stage("package") as row:
                batch = next(deliveries, ())
                packages += len(batch)
                packed_bytes += sum(delivery.record.package_bytes for delivery in batch)
                row |= {"packages": packages, "bytes": packed_bytes}
            if not batch:
                break
            with self._stage("verify") as row:
                for together in proved_together(batch, executor.workers):
                    self._prove(executor, together)
                row |= {"packages": packages, "bytes": packed_bytes}
        if not packages:
            with self._stage("verify") as row:
                row |= {"packages": 0, "bytes": 0}

    def _prove(self, executor: Executor, deliveries: Sequence[Delivery]) -> None:
        """Read the packages of some deliveries at once, and conclude each delivery in turn."""
        mission = self.mission
        bundles = {delivery.record.bundle_lid for delivery in deliveries}
        inventories = {
            bundle: CurrentInventories(mission.catalog, mission.output, bundle) for bundle in bundles
        }
        verified = verify_packages(
            mission.output,
            [
                PackageToVerify(record.package_key, inventories=inventories[record.bundle_lid])
                for record in (delivery.record for delivery in deliveries)
            ],
            xml_catalog=mission.config.validate_.xml_catalog,
            registered=mission.profile.context.registered,
            executor=executor,
            profile=mission.profile,
            proved=True,
        )
        limit = mission.config.package.max_bytes
        for delivery, (report, examined) in zip(deliveries, verified, strict=True):
            check_delivery(mission.catalog, mission.output, delivery.record, examined)
            self._conclude(delivery, report)
            if delivery.record.package_bytes > limit:
                self._warn(
                    f"{delivery.record.delivery_id}: the package has {delivery.record.package_bytes} bytes, more than "
                    f"package.max_bytes = {limit}: one product with its label, or the collections and the bundle, cannot be "
                    "split; raise the limit, or tell the receiver"
                )
            self.observer.advanced(report.members, delivery.record.package_bytes, 0)

    def _conclude(self, delivery: Delivery, report: VerificationReport) -> None:
        """Record what verification said; only a proved package gets its ``delivery.json``, last of all."""
        mission, record = self.mission, delivery.record
        write_note(mission.output, mission.profile, delivery, report)
        packed, run_time = (DeliveryState.PACKED,), self.result.run_time
        if report.ok:
            mission.catalog.move_delivery(record.delivery_id, packed, DeliveryState.VERIFIED, run_time, "")
            write_delivery_json(mission.catalog, mission.output, record)
        else:
            reason = f"verification failed: {report.entries[0].path}: {report.entries[0].message}"
            mission.catalog.move_delivery(
                record.delivery_id, packed, DeliveryState.DISCARDED, run_time, reason
            )
            self.result.status = "verification-failed"
            for entry in report.entries[:20]:
                self._warn(f"{record.delivery_id}: {entry.path}: {entry.verdict}: {entry.message}")
        for reason in report.not_checked:
            if reason not in self.result.not_checked:
                self.result.not_checked.append(reason)
        self.result.deliveries.append(
            {
                "delivery_id": record.delivery_id,
                "release_id": record.release_id,
                "receiver": record.receiver,
                "state": "verified" if report.ok else "failed",
                "package": mission.output.uri(record.package_key),
                "transfer_manifest": mission.output.uri(record.transfer_key),
                "checksum_manifest": mission.output.uri(record.checksum_key),
                "delivery_note": mission.output.uri(record.note_key),
                "products": record.products,
                "bytes": record.package_bytes,
                "sha256": record.package_sha256,
            }
        )

    def _warn(self, message: str) -> None:
        self.result.warnings.append(message)
        self.observer.warned(message)


def _clock() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
