"""Why: the life of one product, collection, bundle or received file, told from the catalog in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from drf_reprocess.catalog.base import AggregateRow, DeliveredFile, EventRow
from drf_reprocess.identifiers import Vid
from drf_reprocess.mission import Mission
from drf_reprocess.model import AggregateRecord, ProductRecord
from drf_reprocess.reports.life import (
    ADOPTED,
    DECIDED,
    LAST,
    MADE,
    RUN,
    STAGING,
    Life,
    LifeEvent,
    facts,
    is_adopted,
    packed,
    released,
    told_versions,
    version_details,
)
from drf_reprocess.reports.subject import Subject, find_subject


def why(mission: Mission, name: str) -> Life:
    """Return the life of what a LID, a LIDVID, a product id or the name of a received file leads to.

    Raises
    ------
    ConfigurationError
        If the catalog knows nothing of that name.
    """
    subject = find_subject(mission.catalog, mission.profile, name)
    teller = _Teller(mission, subject)
    if subject.kind == "product":
        return teller.tell_product()
    if subject.kind == "file":
        return teller.tell_files()
    return teller.tell_aggregate()


class _Teller:
    """Gathers the events of one life."""

    def __init__(self, mission: Mission, subject: Subject) -> None:
        self.catalog = mission.catalog
        self.subject = subject
        self.runs = {run.run_id: run for run in self.catalog.runs()}
        self.releases = {release.release_id: release for release in self.catalog.releases()}
        self.events: list[LifeEvent] = []

    # --- Products ---

    def tell_product(self) -> Life:
        catalog, product_id, lid = self.catalog, self.subject.product_id, self.subject.lid
        versions = [row.record for row in catalog.versions(lid)] if lid else []
        standing = catalog.waiting(lid) if lid else None
        waiting = [standing] if standing else []
        current = catalog.product(lid) if lid else None
        records = [*versions, *(one.record for one in waiting)]
        files = catalog.files_of({record.family for record in records}, product_id)
        files = catalog.files_of({row.family for row in files} | {one.family for one in records}, product_id)
        siblings = {row.product_id for row in files} | {product_id}
        delivered = catalog.delivered_files(lid) if lid else []
        ledger = catalog.life_events(
            lids=[lid] if lid else [],
            product_ids=sorted(siblings),
            deliveries=sorted({one.delivery.delivery_id for one in delivered}),
            releases=self._releases_of(delivered),
        )
        told = told_versions(ledger, versions, waiting, self.runs, product_id)
        self._add_ledger(ledger, delivered, told)
        self._add_untold(versions, {vid for vid, _ in told.values()}, delivered)
        for position, (_, record) in told.items():
            if record is not None:
                at = next(row.at for row in ledger if row.position == position)
                self._add_repairs(record, at, position)
        self._add_findings(ledger, [row.source.uri for row in files])
        self._add_deliveries(delivered, ledger)
        self._add_runs(_run_places(ledger, delivered))
        if current is not None:
            state = "current"
        elif standing is not None:
            state = standing.standing
        elif versions:
            state = "left"
        else:
            state = str(next((row.state for row in files if row.product_id == product_id), ""))
        beside = current is not None and standing is not None
        return self._life(
            str(current.lidvid.vid) if current else "",
            state,
            f"{standing.record.lidvid.vid} {standing.standing}" if standing and beside else "",
        )

    def tell_files(self) -> Life:
        """Tell of received files that claim no product."""
        uris = [row.source.uri for row in self.subject.files]
        ledger = self.catalog.life_events(sources=uris)
        self._add_ledger(ledger, [], {})
        self._add_findings(ledger, uris)
        self._add_runs(_run_places(ledger, ()))
        return self._life("", str(self.subject.files[0].state), "")

    # --- Collections and bundles ---

    def tell_aggregate(self) -> Life:
        catalog, lid = self.catalog, self.subject.lid
        if lid is None:
            raise ValueError("a collection or bundle has a LID")
        versions = catalog.aggregate_versions(lid)
        delivered = catalog.delivered_files(lid)
        ledger = catalog.life_events(
            lids=[lid],
            deliveries=sorted({one.delivery.delivery_id for one in delivered}),
            releases=self._releases_of(delivered),
        )
        self._add_ledger(ledger, delivered, {})
        places = _run_places(ledger, delivered)
        for row in versions:
            self._add_aggregate_version(row, places)
        records = [row.record for row in versions]
        self._add_former(records, {record.lidvid.vid for record in records})
        self._add_deliveries(delivered, ledger)
        self._add_runs(places)
        current = next((row.record for row in versions if row.current), None)
        return self._life(str(current.lidvid.vid) if current else "", "current" if current else "left", "")

    def _add_aggregate_version(self, row: AggregateRow, places: Mapping[str, float]) -> None:
        record = row.record
        run = self.runs.get(row.run_id)
        entry = record.history[0] if record.history else None
        words = f": {entry.description}" if entry else ""
        # A version that was made current again has the run of its return; its history has the day when it was made.
        is_of_run = run is not None and (entry is None or entry.date == run.run_time[:10])
        self._add(
            LifeEvent(
                run.run_time if run and is_of_run else entry.date if entry else "",
                ADOPTED if run is not None and run.mode == "adopt" else "made",
                f"{record.lidvid.vid}{words}; label MD5 {record.label.md5}",
                row.run_id if is_of_run else "",
                facts(
                    vid=str(record.lidvid.vid),
                    label_md5=record.label.md5,
                    label_path=record.label_path,
                    file_md5=record.companion.md5,
                    file_path=record.companion_path,
                ),
                (places.get(row.run_id, LAST), MADE),
            )
        )

    # --- What both have ---

    def _life(self, vid: str, state: str, waiting: str) -> Life:
        subject = self.subject
        return Life(
            str(subject.lid or ""),
            subject.product_id,
            subject.kind,
            vid,
            state,
            waiting,
            tuple(sorted(self.events, key=lambda event: (event.at, event.order))),
        )

    def _add(self, event: LifeEvent) -> None:
        self.events.append(event)

    def _releases_of(self, delivered: Iterable[DeliveredFile]) -> list[str]:
        found = {one.delivery.release_id for one in delivered}
        return sorted(found & self.releases.keys())

    def _add_ledger(
        self,
        ledger: Iterable[EventRow],
        delivered: Iterable[DeliveredFile],
        told: Mapping[int, tuple[Vid, ProductRecord | None]],
    ) -> None:
        """Add what the ledger tells; a decision with the version that came of it."""
        adoptions = {one.delivery.delivery_id for one in delivered if is_adopted(one.delivery)}
        for row in ledger:
            event = row.event
            if event.delivery_id in adoptions and event.kind == ADOPTED:
                continue  # of the whole bundle; what became of this one is told by its version
            is_other = event.product_id != self.subject.product_id
            what = (
                f"{event.product_id} {event.message}" if is_other and event.kind == DECIDED else event.message
            )
            details = facts(
                source=event.source,
                delivery_id=event.delivery_id,
                product_id=event.product_id if is_other else "",
            )
            if row.position in told:
                words, more = self._tell_version(row, *told[row.position])
                what, details = what + words, details | more
            self._add(LifeEvent(row.at, event.kind, what, row.run_id, details, (row.position, 0)))

    def _tell_version(
        self, row: EventRow, vid: Vid, record: ProductRecord | None
    ) -> tuple[str, dict[str, object]]:
        """Return what is to be said beside a decision: the version's files, or that nothing stayed of it."""
        if record is not None:
            details = version_details(record)
            return f"; data MD5 {record.data.md5}, label MD5 {record.label.md5}", details
        run = self.runs.get(row.run_id)
        if run is not None and run.mode == STAGING:
            return "; provisional, in a staging run", {"vid": str(vid)}
        return "; given up since: no receiver has it", {"vid": str(vid)}

    def _add_untold(
        self, versions: Iterable[ProductRecord], told: set[Vid], delivered: Iterable[DeliveredFile]
    ) -> None:
        """Add versions that no decision of ours made: those that were adopted, and what their histories tell."""
        records = list(versions)
        adoptions = {one.member.lidvid.vid: one.delivery for one in delivered if is_adopted(one.delivery)}
        for record in records:
            vid = record.lidvid.vid
            delivery = adoptions.get(vid)
            if delivery is None or vid in told:
                continue
            words = f": {record.history[0].description}" if record.history else ""
            self._add(
                LifeEvent(
                    delivery.run_time,
                    ADOPTED,
                    f"{vid} adopted as it stands in the archive{words}; data MD5 {record.data.md5}, "
                    f"label MD5 {record.label.md5}",
                    delivery.run_id,
                    version_details(record) | {"delivery_id": delivery.delivery_id},
                )
            )
        self._add_former(records, told | {record.lidvid.vid for record in records})

    def _add_former(
        self, records: Iterable[ProductRecord] | Iterable[AggregateRecord], known: set[Vid]
    ) -> None:
        """Add versions of which nothing is known but an entry in a label's history."""
        entries = {entry.vid: entry for record in records for entry in record.history}
        for vid, entry in entries.items():
            if vid not in known:
                self._add(
                    LifeEvent(
                        entry.date,
                        "history",
                        f"{vid}: {entry.description} (told by the Modification_History of a later label)",
                        details=facts(vid=str(vid)),
                        order=(-1, 0),
                    )
                )

    def _add_repairs(self, record: ProductRecord, at: str, position: int) -> None:
        for place, mend in enumerate(record.mends, 1):
            details = facts(
                vid=str(record.lidvid.vid),
                rule=mend.rule,
                count=mend.count,
                removed_bytes=mend.removed_bytes,
                inserted_bytes=mend.inserted_bytes,
                offset_bytes=mend.offset_bytes,
            )
            run_id = next((event.run_id for event in self.events if event.order == (position, 0)), "")
            self._add(
                LifeEvent(
                    at, "repaired", f"{record.lidvid.vid}: {mend.words}", run_id, details, (position, place)
                )
            )

    def _add_findings(self, ledger: Iterable[EventRow], uris: Iterable[str]) -> None:
        """Add what was found in each file when it was last read, after the last event that speaks of it."""
        last = {row.event.source: row for row in ledger if row.event.kind not in (DECIDED, "disposed")}
        for uri in uris:
            row = last.get(uri)
            for place, finding in enumerate(self.catalog.findings(uri), 1):
                if row is None or finding.message in row.event.message:
                    continue
                what = f"{uri.rpartition('/')[2]}: {finding.severity}: {finding.code}: {finding.message}"
                details = facts(source=uri, code=finding.code, remedy=finding.remedy)
                self._add(LifeEvent(row.at, "finding", what, row.run_id, details, (row.position, place)))

    def _add_deliveries(self, delivered: Iterable[DeliveredFile], ledger: Iterable[EventRow]) -> None:
        """Add each delivery as it was packed, and the releases that they belong to, before what became of them."""
        files: dict[str, list[DeliveredFile]] = {}
        for one in delivered:
            files.setdefault(one.delivery.delivery_id, []).append(one)
        first = _first_places((row.event.delivery_id, row.position) for row in ledger)
        releases: dict[str, float] = {}
        for delivery_id, members in files.items():
            delivery = members[0].delivery
            if is_adopted(delivery):
                continue
            place = first.get(delivery_id, LAST)
            releases[delivery.release_id] = min(place, releases.get(delivery.release_id, LAST))
            self._add(packed(delivery, members, place))
        for release_id, place in releases.items():
            release = self.releases.get(release_id)
            if release is not None:
                self._add(released(release, place))

    def _add_runs(self, places: Mapping[str, float]) -> None:
        """Add each run that did any of this, before the first thing that it did."""
        reasons = {release.run_id: release.reason for release in self.releases.values()}
        for run_id in {event.run_id for event in self.events} & self.runs.keys():
            run = self.runs[run_id]
            reason = f", {reasons[run_id]}" if reasons.get(run_id) else ""
            what = f"run {run_id} ({run.mode}{reason}), ended: {run.state}"
            details = facts(mode=run.mode, run_state=run.state)
            order = (places.get(run_id, LAST), RUN)
            self._add(LifeEvent(run.run_time, "run", what, run_id, details, order))


def _run_places(ledger: Iterable[EventRow], delivered: Iterable[DeliveredFile]) -> dict[str, float]:
    """Return the place of the first event of each run, or of a delivery that it packed."""
    rows = list(ledger)
    packed_by = {one.delivery.delivery_id: one.delivery.run_id for one in delivered}
    return _first_places(
        (run_id, row.position)
        for row in rows
        for run_id in (row.run_id, packed_by.get(row.event.delivery_id, ""))
    )


def _first_places(places: Iterable[tuple[str, int]]) -> dict[str, float]:
    first: dict[str, float] = {}
    for name, position in places:
        first.setdefault(name, position)
    return first
