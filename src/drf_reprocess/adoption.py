"""Adoption of a bundle that stands in the archive: chains its stages, and commits all of it or nothing.

After it the versions go on from those of the archive: 2.0 becomes 2.1 or 3.0, and every entry of every history is kept.
"""

from __future__ import annotations

import contextlib
import pickle
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from typing import IO, Any

from drf_reprocess.catalog.base import RunRecord
from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.sites import SiteOptions, open_site
from drf_reprocess.config.load import public_dict
from drf_reprocess.config.places import local_path
from drf_reprocess.errors import CatalogConflict, ConfigurationError, DrfReprocessError
from drf_reprocess.identifiers import Lid, Lidvid
from drf_reprocess.mission import Mission
from drf_reprocess.model import AggregateRecord, DeliveryRecord, DeliveryState, ProductRecord, Severity
from drf_reprocess.observer import Observer
from drf_reprocess.profiles.load import profile_digest
from drf_reprocess.runfolder import RunFolder
from drf_reprocess.runs import decide_run_time, new_run_id
from drf_reprocess.stages.adopt import survey, take
from drf_reprocess.stages.adopt_labels import AdoptContext, Remark
from drf_reprocess.stages.adopt_versions import Survey, Versions, choose_versions
from drf_reprocess.storage.base import Store, open_store

MODE = "adopt"
REFUSED = "refused"
"""State of a run that adopted nothing: unlike one that was cut off, it leaves nothing to go on with."""

MAX_TOLD = 1000
"""Remarks of one code that are told one by one; the rest is counted."""


@dataclass(slots=True)
class AdoptionResult:
    """What an adoption did; `as_dict` is the document that ``adopt --json`` prints."""

    run_id: str
    run_time: str
    status: str = "running"
    """``success``, ``set-aside`` if something could not be adopted or is damaged, or ``refused``."""
    bundle: str = ""
    vid: str = ""
    collections: int = 0
    products: int = 0
    delivery_id: str = ""
    """The accepted delivery that stands for all that was adopted; empty if nothing was new."""
    labels: int = 0
    """Labels seen below the bundle's root."""
    data_files: int = 0
    """Data files that were taken and proved."""
    data_absent: int = 0
    """Data files that are not beside their labels, and were not asked for."""
    not_adopted: list[dict[str, object]] = field(default_factory=list)
    findings: list[dict[str, object]] = field(default_factory=list)
    elapsed_s: float = 0.0

    @property
    def exit_code(self) -> int:
        """0, or 3 if something that belongs to the profile could not be adopted, or is damaged."""
        return 3 if self.status == "set-aside" else 0

    def as_dict(self) -> dict[str, object]:
        """Return the result as plain values."""
        return asdict(self)


def adopt_bundle(
    mission: Mission,
    uri: str,
    observer: Observer,
    given: str,
    environ: Mapping[str, str],
    *,
    take_data: bool = False,
) -> AdoptionResult:
    """Read a bundle into the catalog as the archive has it, and return what was done and what could not be.

    Parameters
    ----------
    uri
        Root folder of the bundle, the one with the bundle label in it.
    given
        The configuration as the operator gave it, kept in the run folder.
    take_data
        Whether data files are read, proved by their labels, and kept; otherwise labels and inventories alone are.

    Raises
    ------
    ConfigurationError
        If there is no bundle of the profile at that place.
    CatalogConflict
        If the catalog has a version of it with other bytes, or a newer one; then nothing is adopted.
    DrfReprocessError
        Whatever else is no fault of the bundle; then nothing is adopted either.
    """
    result = AdoptionResult(new_run_id(), decide_run_time(mission.config, environ))
    bundle = _open_bundle(mission, uri)
    folder = RunFolder(mission.output, result.run_id)
    folder.write_start(given + f"# adopt {uri}\n", public_dict(mission.config))
    mission.catalog.start_run(_run_record(mission, result))
    started = time.perf_counter()
    try:
        with open_site(SiteOptions(**mission.config.compute.model_dump())) as executor:
            context = AdoptContext(
                bundle, mission.output, mission.profile, take_data, mission.config.run.max_file_bytes
            )
            _Adoption(mission, observer, result, folder, context).work(executor)
    except BaseException:
        result.status = REFUSED
        with contextlib.suppress(DrfReprocessError):  # the first error is the one to tell
            _finish(mission, folder, result, time.perf_counter() - started)
        raise
    _finish(mission, folder, result, time.perf_counter() - started)
    return result


def _open_bundle(mission: Mission, uri: str) -> Store:
    """Return the store of the bundle's root, with the options of the place whose kind it is of."""
    path, config = local_path(uri), mission.config
    if path is not None and not path.is_dir():
        raise ConfigurationError(f"there is no folder {path}; expected the root folder of a bundle")
    if uri.startswith("memory:") and config.compute.site != "serial":
        raise ConfigurationError(
            f'{uri} is in the memory of this process, where no worker can see it; set compute.site = "serial"'
        )
    scheme = uri.partition("://")[0]
    places = (config.source, config.output)
    options = next((place.options for place in places if place.uri.partition("://")[0] == scheme), {})
    return open_store(uri, options if path is None else {})


def _run_record(mission: Mission, result: AdoptionResult) -> RunRecord:
    return RunRecord(
        run_id=result.run_id,
        run_time=result.run_time,
        mode=MODE,
        state="running",
        started_at=_clock(),
        profile=mission.profile.name,
        profile_digest=profile_digest(mission.profile),
        config=public_dict(mission.config),
    )


def _finish(mission: Mission, folder: RunFolder, result: AdoptionResult, elapsed_s: float) -> None:
    result.elapsed_s = round(elapsed_s, 3)
    folder.write_end(result.as_dict())
    mission.catalog.finish_run(result.run_id, result.status, _clock(), result.as_dict())


def _clock() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


class _Spool:
    """Rows on their way from the workers to the catalog: on disk, so that a mission's need no memory."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.products = 0
        self.spans: dict[Lid, tuple[str, str]] = {}
        """Earliest start and latest stop of the products of each collection."""

    def add(self, products: tuple[ProductRecord, ...]) -> None:
        pickle.dump(products, self._file)
        self.products += len(products)
        for record in products:
            lid = record.lidvid.lid.parent
            start, stop = self.spans.get(lid, (record.start_time, record.stop_time))
            self.spans[lid] = min(start, record.start_time), max(stop, record.stop_time)

    def __iter__(self) -> Iterator[ProductRecord]:
        self._file.seek(0)
        with contextlib.suppress(EOFError):
            while True:
                yield from pickle.load(self._file)


class _Adoption:
    """One adoption: its stages in order, then one transaction."""

    def __init__(
        self,
        mission: Mission,
        observer: Observer,
        result: AdoptionResult,
        folder: RunFolder,
        context: AdoptContext,
    ) -> None:
        self.mission = mission
        self.observer = observer
        self.result = result
        self.folder = folder
        self.context = context
        self.remarks: list[Remark] = []

    def work(self, executor: Executor) -> None:
        self.observer.run_started(self.result.run_id, executor.dashboard)
        for warning in executor.warnings:
            self.observer.warned(warning)
        found = self._survey(executor)
        versions = choose_versions(self.context, found)
        self.remarks += [*found.remarks, *versions.remarks]
        self.result.bundle, self.result.vid = (
            str(versions.bundle.lid),
            str(versions.bundle_record.lidvid.vid),
        )
        with tempfile.TemporaryFile() as file:
            spool = _Spool(file)
            self._take(executor, versions, spool)
            aggregates = self._with_times(versions, spool)
            self._commit(versions, spool, aggregates)
        self._tell()

    @contextlib.contextmanager
    def _stage(self, name: str, files: int = 0) -> Iterator[None]:
        self.observer.stage_started(name, files, 0)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.observer.stage_ended(name, time.perf_counter() - started)

    def _survey(self, executor: Executor) -> Survey:
        found = Survey()
        with self._stage("survey"):
            for event in survey(executor, self.context, found):
                self.folder.add_event("survey", event, len(event.item), 0)
                self.observer.advanced(len(event.item), 0, len(event.value().remarks))
        self.result.labels = found.files
        return found

    def _take(self, executor: Executor, versions: Versions, spool: _Spool) -> None:
        with self._stage("adopt", len(versions.products)):
            for event in take(executor, self.context, versions.products):
                taken = event.value()
                spool.add(taken.products)
                self.remarks += taken.remarks
                self.result.data_absent += taken.absent
                self.result.data_files += sum(bool(record.data.sha256) for record in taken.products)
                self.folder.add_event("adopt", event, len(event.item), taken.read_bytes)
                self.observer.advanced(len(event.item), taken.read_bytes, len(taken.remarks))

    def _with_times(self, versions: Versions, spool: _Spool) -> list[AggregateRecord]:
        """Give collections and bundle the times of their members where their own labels have none."""
        bundle = versions.bundle_record
        spans = [(one.start_time, one.stop_time) for one in versions.collections if one.start_time]
        spans += spool.spans.values()
        whole = (bundle.start_time, bundle.stop_time)
        if not bundle.start_time and spans:
            whole = min(start for start, _ in spans), max(stop for _, stop in spans)
        found = []
        for record in versions.collections:
            own = (record.start_time, record.stop_time)
            start, stop = own if own[0] else spool.spans.get(record.lidvid.lid, whole)
            found.append(replace(record, start_time=start, stop_time=stop))
        found.append(replace(bundle, start_time=whole[0], stop_time=whole[1]))
        if not whole[0]:
            raise ConfigurationError(
                f"{bundle.label_path}: neither the bundle nor any collection or product in it tells of a time; there is nothing "
                "to adopt"
            )
        return found

    def _commit(self, versions: Versions, spool: _Spool, aggregates: list[AggregateRecord]) -> None:
        mission, result = self.mission, self.result
        former = mission.catalog.current_aggregates()
        self._refuse_elder(versions.bundle_record.lidvid, spool)
        delivery = self._delivery(versions, spool, aggregates[-1])
        with self._stage("commit"):
            mission.catalog.commit_adoption(result.run_id, result.run_time, iter(spool), aggregates, delivery)
        if mission.catalog.deliveries(run_id=result.run_id):
            result.delivery_id = delivery.delivery_id
        result.collections, result.products = len(versions.collections), spool.products
        self._show(former)

    def _refuse_elder(self, bundle: Lidvid, spool: _Spool) -> None:
        """Refuse to take over from an older state of the archive what a newer one does not have any more."""
        catalog = self.mission.catalog
        base = catalog.aggregate_bases().get(bundle.lid)
        if base is None or base.lidvid.vid <= bundle.vid:
            return
        for record in spool:
            if all(row.record.lidvid != record.lidvid for row in catalog.versions(record.lidvid.lid)):
                raise CatalogConflict(
                    f"{bundle} is older than {base.lidvid.vid}, which this catalog holds, and has {record.lidvid}, which it does "
                    "not: adopt the bundle as it is in the archive now"
                )

    def _show(self, former: Mapping[Lid, AggregateRecord]) -> None:
        """Show what is here of the bundle now; the views are made anew only if this adoption did not make all there is."""
        mission = self.mission
        now = mission.catalog.current_aggregates()
        is_changed = any(now.get(lid) != record for lid, record in former.items())
        if is_changed or not self.result.delivery_id:
            mission.views.rebuild(mission.catalog)
        else:
            mission.views.update(mission.catalog, self.result.run_id, ())

    def _delivery(self, versions: Versions, spool: _Spool, bundle: AggregateRecord) -> DeliveryRecord:
        number = self.mission.catalog.next_delivery_number(versions.bundle.lid)
        return DeliveryRecord(
            delivery_id=f"{versions.bundle.stem}_adopted_{number:03d}",
            bundle_lid=versions.bundle.lid,
            number=number,
            state=DeliveryState.ACCEPTED,
            receiver=self.mission.config.release.receiver,
            release_id="",
            first_day=date.fromisoformat(bundle.start_time[:10]),
            last_day=date.fromisoformat(bundle.stop_time[:10]),
            package_key="",
            transfer_key="",
            checksum_key="",
            note_key="",
            format="adopted",
            codec="",
            package_bytes=0,
            package_sha256="",
            products=spool.products,
            members=2 * (spool.products + len(versions.collections) + 1),
            run_id=self.result.run_id,
            run_time=self.result.run_time,
        )

    def _tell(self) -> None:
        result = self.result
        counts: Counter[tuple[str, bool]] = Counter()
        for remark in sorted(self.remarks, key=lambda one: (one.code, one.path, one.lidvid)):
            rows = result.not_adopted if remark.left_out else result.findings
            counts[remark.code, remark.left_out] += 1
            if counts[remark.code, remark.left_out] <= MAX_TOLD:
                rows.append(_row(remark))
        for (code, left_out), count in counts.items():
            if count > MAX_TOLD:
                rows = result.not_adopted if left_out else result.findings
                rows.append(
                    {"code": code, "message": f"and {count - MAX_TOLD} more", "count": count - MAX_TOLD}
                )
        if result.data_absent:
            message = f"{result.data_absent} data files are not beside their labels; they were not asked for"
            self.observer.warned(message)
        is_whole = all(remark.severity is not Severity.ERROR for remark in self.remarks)
        result.status = "success" if is_whole else "set-aside"


def _row(remark: Remark) -> dict[str, Any]:
    return asdict(remark) | {"severity": str(remark.severity)}
