"""What every catalog must do: subclass `CatalogContract` and give it a fixture ``catalog``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from drf_reprocess.catalog.base import Catalog, ListedFile, RunRecord
from drf_reprocess.errors import CatalogConflict
from drf_reprocess.identifiers import Lid, Lidvid, Vid
from drf_reprocess.model import (
    AggregateRecord,
    Decision,
    DeliveryMember,
    DeliveryRecord,
    Finding,
    HistoryEntry,
    Mend,
    Outcome,
    ProductRecord,
    Severity,
    SourceFile,
    SourceOutcome,
    SourceState,
    StoredObject,
)

RUN = RunRecord(
    run_id="20261121T000000Z-0001",
    run_time="2026-11-21T00:00:00Z",
    mode="full",
    state="running",
    started_at="2026-11-21T00:00:00Z",
    profile="maven-anc",
    profile_digest="p" * 64,
    config={"source": {"uri": "/data"}},
)
BUNDLE = Lid("urn:nasa:pds:maven.anc")
COLLECTION = BUNDLE.child("data.drf.gnc")
FINGERPRINT = "f" * 64


def make_source(name: str, **changes: object) -> SourceFile:
    """Return a received file."""
    return replace(SourceFile(f"/data/{name}", name, 100, 1_400_000_000_123_456_789, ""), **changes)  # type: ignore[arg-type]


def make_object(text: str) -> StoredObject:
    """Return the identity of an object; another text, another identity."""
    return StoredObject((text * 64)[:64], (text * 32)[:32], len(text))


def make_product(name: str, vid: Vid = Vid(1, 0), day: date = date(2014, 12, 8)) -> ProductRecord:  # noqa: B008
    """Return a version of a product."""
    return ProductRecord(
        lidvid=Lidvid(COLLECTION.child(name), vid),
        type="gnc",
        product_id=name,
        day=day,
        start_time=f"{day}T03:20:19.328Z",
        stop_time=f"{day}T16:54:25.480Z",
        records=12,
        source=replace(make_source(f"{name}.drf"), bytes=2),
        source_object=make_object("so"),
        data=make_object(f"data{vid}"),
        label=make_object(f"label{vid}"),
        parquet=make_object("parquet"),
        label_digest="d" * 64,
        data_path=f"data_drf_gnc/2014/{name}.drf",
        label_path=f"data_drf_gnc/2014/{name}.xml",
        parquet_path=f"type=gnc/year=2014/{name}.parquet",
        creation_time="2026-11-21T00:00:00Z",
        history=(HistoryEntry("2026-11-21", vid, "First release of this product."),),
        mends=(Mend("drop-truncated-tail", 1, 57, 0, 1000, 1000, "removed a truncated record"),),
    )


def make_outcome(record: ProductRecord, former: Vid | None = None) -> Outcome:
    """Return the outcome that makes a version current."""
    source = SourceOutcome(
        record.source,
        SourceState.PROCESSED,
        "m" * 32,
        "s" * 64,
        record.product_id,
        record.type,
        findings=(Finding("out-of-order", Severity.INFO, "2 records", "none", 3, 400, "SCET"),),
    )
    return Outcome(record.product_id, (source,), Decision.NEW, record, former)


def make_aggregate(lid: Lid, kind: str, vid: Vid = Vid(1, 0)) -> AggregateRecord:  # noqa: B008
    """Return a version of a collection or bundle."""
    return AggregateRecord(
        lidvid=Lidvid(lid, vid),
        kind=kind,
        bundle_lid=BUNDLE,
        label=make_object(f"{kind}{vid}"),
        label_path=f"{kind}_{vid}.xml",
        companion=make_object("companion"),
        companion_path=f"{kind}_{vid}.csv",
        start_time="2014-12-08T03:20:19.328Z",
        stop_time="2014-12-08T16:54:25.480Z",
        history=(HistoryEntry("2026-11-21", vid, "First release."),),
        members_digest="x" * 64,
    )


def make_delivery(number: int, state: str = "packed") -> DeliveryRecord:
    """Return a delivery."""
    base = f"deliveries/maven_anc_d{number:03d}/maven_anc"
    return DeliveryRecord(
        delivery_id=f"maven_anc_d{number:03d}",
        bundle_lid=BUNDLE,
        number=number,
        state=state,
        first_day=date(2014, 12, 8),
        last_day=date(2014, 12, 9),
        package_key=f"{base}.zip",
        transfer_key=f"{base}_transfer_manifest.txt",
        checksum_key=f"{base}_checksum_manifest.txt",
        note_key=f"{base}_delivery_note.txt",
        format="zip",
        codec="libdeflate 1.23 level 1",
        package_bytes=1234,
        package_sha256="z" * 64,
        products=1,
        members=2,
        run_id=RUN.run_id,
        run_time=RUN.run_time,
    )


def commit(catalog: Catalog, outcomes: Sequence[Outcome]) -> None:
    """Commit outcomes under the contract's run."""
    catalog.commit_outcomes(RUN.run_id, RUN.run_time, FINGERPRINT, outcomes)


class CatalogContract:
    """Tests for any catalog; the fixture ``catalog`` gives an empty one in which `RUN` was started."""

    def test_a_run_is_recorded_from_start_to_end(self, catalog: Catalog) -> None:
        (run,) = catalog.runs()
        assert run == replace(RUN, config={})
        catalog.finish_run(RUN.run_id, "success", "2026-11-21T00:01:00Z", {"bytes_in": 3})
        (run,) = catalog.runs()
        assert (run.state, run.ended_at, run.summary) == ("success", "2026-11-21T00:01:00Z", {"bytes_in": 3})

    def test_a_run_that_was_cut_off_is_known(self, catalog: Catalog) -> None:
        assert catalog.unfinished_runs(RUN.run_id) == []
        assert [run.run_id for run in catalog.unfinished_runs("another")] == [RUN.run_id]
        outcome = SourceOutcome(make_source("x.drf"), SourceState.QUARANTINED, code="empty")
        catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINT, [outcome])
        assert catalog.count_set_aside([RUN.run_id]) == 1
        assert catalog.count_set_aside(["another"]) == 0
        assert catalog.profiles() == {"maven-anc"}
        catalog.finish_run(RUN.run_id, "success", "2026-11-21T00:01:00Z", {})
        assert catalog.unfinished_runs("another") == []

    def test_products_come_back_as_they_went_in(self, catalog: Catalog) -> None:
        record = make_product("sci_anc_gnc14_341_342")
        commit(catalog, [make_outcome(record)])
        assert catalog.product(record.lidvid.lid) == record
        (row,) = catalog.products()
        assert (row.record, row.run_id) == (record, RUN.run_id)
        assert list(catalog.members(COLLECTION)) == [record]
        (finding,) = catalog.findings(record.source.uri)
        assert finding == Finding("out-of-order", Severity.INFO, "2 records", "none", 3, 400, "SCET")

    def test_products_are_chosen_by_type_lid_time_and_run(self, catalog: Catalog) -> None:
        records = [make_product(f"p{n}", day=date(2014, 12, n)) for n in range(1, 6)]
        commit(catalog, [make_outcome(record) for record in records])
        lids = [str(record.lidvid.lid) for record in records]

        def chosen(**query: str) -> list[str]:
            return [str(row.record.lidvid.lid) for row in catalog.products(**query)]

        assert chosen(type="gnc") == lids
        assert chosen(type="pf") == []
        assert chosen(lid=lids[2]) == [lids[2]]
        assert chosen(start="2014-12-03T17", stop="2014-12-05") == [lids[3]]
        assert chosen(run_id=RUN.run_id) == lids
        assert chosen(run_id="another") == []

    def test_a_new_version_takes_the_place_of_the_one_it_was_decided_from(self, catalog: Catalog) -> None:
        first, second = make_product("p"), make_product("p", Vid(2, 0))
        commit(catalog, [make_outcome(first)])
        commit(catalog, [make_outcome(second, Vid(1, 0))])
        assert catalog.product(first.lidvid.lid) == second
        assert catalog.former_product(second.lidvid) == first
        assert catalog.former_product(first.lidvid) is None

    def test_versions_order_as_numbers(self, catalog: Catalog) -> None:
        former = None
        for minor in range(12):
            record = make_product("p", Vid(1, minor))
            commit(catalog, [make_outcome(record, former)])
            former = record.lidvid.vid
        assert catalog.former_product(Lidvid(COLLECTION.child("p"), Vid(1, 11))) == make_product(
            "p", Vid(1, 10)
        )

    def test_an_outdated_decision_is_refused_and_nothing_of_its_task_is_written(
        self, catalog: Catalog
    ) -> None:
        commit(catalog, [make_outcome(make_product("p"))])
        other = make_outcome(make_product("q"))
        with pytest.raises(CatalogConflict, match="another run got there first"):
            commit(catalog, [other, make_outcome(make_product("p", Vid(2, 0)), Vid(1, 5))])
        assert catalog.product(COLLECTION.child("q")) is None

    def test_a_version_is_never_given_twice(self, catalog: Catalog) -> None:
        commit(catalog, [make_outcome(make_product("p"))])
        commit(catalog, [make_outcome(make_product("p", Vid(2, 0)), Vid(1, 0))])
        with pytest.raises(CatalogConflict, match=r"p::1\.0 exists already"):
            commit(catalog, [make_outcome(make_product("p", Vid(1, 0)), Vid(2, 0))])

    def test_a_version_that_stays_takes_over_another_parquet_file_and_nothing_else(
        self, catalog: Catalog
    ) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        catalog.start_run(replace(RUN, run_id="later"))
        again = replace(record, label=make_object("other layout"))
        same = replace(make_outcome(again, Vid(1, 0)), decision=Decision.SAME)
        catalog.commit_outcomes("later", "2027-01-01T00:00:00Z", FINGERPRINT, [same])
        (row,) = catalog.products()
        assert (row.record, row.run_id) == (record, RUN.run_id)
        renewed = replace(record, parquet=make_object("other columns"))
        catalog.commit_outcomes(
            "later", "2027-01-01T00:00:00Z", FINGERPRINT, [replace(same, product=renewed)]
        )
        (row,) = catalog.products(run_id="later")
        assert row.record == renewed
        with pytest.raises(CatalogConflict, match="another run got there first"):
            commit(catalog, [replace(same, former=Vid(1, 1))])

    def test_a_second_writer_with_the_same_expectation_is_refused(self, catalog: Catalog) -> None:
        commit(catalog, [make_outcome(make_product("p"))])
        decided_by_both = Vid(1, 0)
        commit(catalog, [make_outcome(make_product("p", Vid(2, 0)), decided_by_both)])
        with pytest.raises(CatalogConflict, match=r"the current version is 2\.0, 1\.1 was decided from 1\.0"):
            commit(catalog, [make_outcome(make_product("p", Vid(1, 1)), decided_by_both)])
        assert catalog.product(COLLECTION.child("p")) == make_product("p", Vid(2, 0))

    def test_findings_are_those_of_the_last_time(self, catalog: Catalog) -> None:
        outcome = make_outcome(make_product("p"))
        commit(catalog, [outcome])
        (source,) = outcome.sources
        other = Finding("mixed-line-ends", Severity.WARNING, "3 lines", "", None, None, None)
        commit(catalog, [Outcome("p", (replace(source, findings=(other,)),))])
        assert catalog.findings(source.source.uri) == [other]

    def test_a_source_keeps_the_time_since_when_it_is_set_aside(self, catalog: Catalog) -> None:
        outcome = SourceOutcome(
            make_source("x.drf"), SourceState.QUARANTINED, code="empty", message="m", remedy="r"
        )
        catalog.commit_states(RUN.run_id, "2026-01-01T00:00:00Z", FINGERPRINT, [outcome])
        catalog.commit_states(RUN.run_id, "2026-02-01T00:00:00Z", FINGERPRINT, [outcome])
        (row,) = catalog.source_rows(states=[SourceState.QUARANTINED])
        assert (row.source, row.code, row.message, row.remedy) == (outcome.source, "empty", "m", "r")
        assert row.since == "2026-01-01T00:00:00Z"
        catalog.commit_states(
            RUN.run_id, "2026-03-01T00:00:00Z", FINGERPRINT, [replace(outcome, code="not-text")]
        )
        (row,) = catalog.source_rows()
        assert row.since == "2026-03-01T00:00:00Z"
        assert catalog.state_counts() == {SourceState.QUARANTINED: 1}
        known = catalog.known_source("/data/x.drf")
        assert known is not None
        assert known.is_same(outcome.source)
        assert not known.is_same(replace(outcome.source, mtime_ns=1))

    def test_a_listing_tells_what_needs_work_and_why(self, catalog: Catalog) -> None:
        def outcome(name: str, product: str, **changes: object) -> SourceOutcome:
            made = SourceOutcome(make_source(name), SourceState.PROCESSED, product_id=product, type="gnc")
            return replace(made, **changes)  # type: ignore[arg-type]

        catalog.commit_states(
            RUN.run_id,
            RUN.run_time,
            FINGERPRINT,
            [
                outcome("same", "p1"),
                outcome("changed", "p2"),
                outcome("failed", "p3", state=SourceState.FAILED, code="unreadable"),
                outcome("large", "p4", state=SourceState.QUARANTINED, code="too-large"),
                outcome("bad", "p5", state=SourceState.QUARANTINED, code="empty"),
                outcome("elder", "p6"),
            ],
        )
        listed = [
            ListedFile(make_source("same"), "gnc", "p1"),
            ListedFile(make_source("changed", bytes=101), "gnc", "p2"),
            ListedFile(make_source("failed"), "gnc", "p3"),
            ListedFile(make_source("large"), "gnc", "p4"),
            ListedFile(make_source("bad"), "gnc", "p5"),
            ListedFile(make_source("elder"), "gnc", "p6"),
            ListedFile(make_source("brother"), "gnc", "p6"),
            ListedFile(make_source("new"), "eps", "p7"),
        ]
        with catalog.listing() as listing:
            listing.add(listed)
            compared = listing.compare(FINGERPRINT, {"too-large"})
            assert (compared.products, compared.files) == (5, 6)
            assert compared.bytes == 601
            assert compared.settled == {SourceState.PROCESSED: 1, SourceState.QUARANTINED: 1}
            assert compared.reasons == {
                "new file": 2,
                "file changed": 1,
                "failed before": 1,
                "set aside unread before": 1,
            }
            groups = [[listed_file.file.name for listed_file in group] for group in listing.groups()]
            assert groups == [["new"], ["changed"], ["failed"], ["large"], ["brother", "elder"]]
        with catalog.listing() as listing:
            listing.add(listed[:1])
            assert listing.compare("another", set()).reasons == {
                "profile, repair options or engine changed": 1
            }

    def test_a_product_is_looked_at_again_when_one_of_its_files_has_left(self, catalog: Catalog) -> None:
        record = make_product("p")
        (good,) = make_outcome(record).sources
        refused = replace(good, state=SourceState.QUARANTINED, code="product-conflict", findings=())
        other = replace(refused, source=make_source("other.drf"))
        large = replace(other, source=make_source("large.drf"), code="too-large", md5="", sha256="")
        commit(catalog, [Outcome("p", (refused, other))])
        catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINT, [large])

        def compare(*files: SourceFile) -> dict[str, int]:
            with catalog.listing() as listing:
                listing.add([ListedFile(file, "gnc", "p") for file in files])
                return dict(listing.compare(FINGERPRINT, {"too-large"}).reasons)

        assert compare(good.source, other.source) == {}
        assert compare(good.source) == {"another file of its product left the source": 1}
        commit(catalog, [make_outcome(record)])
        (left,) = catalog.source_rows(states=[SourceState.SUPERSEDED])
        assert (left.source, left.code) == (other.source, "no-longer-received")
        assert left.message.startswith("other.drf: no longer in the source")
        assert compare(good.source) == {}
        assert compare(good.source, other.source) == {"back in the source": 1}

    def test_a_listing_streams_while_outcomes_are_committed(self, catalog: Catalog) -> None:
        with catalog.listing() as listing:
            listing.add(ListedFile(make_source(f"{n:05}"), "gnc", f"p{n:05}") for n in range(2500))
            listing.compare(FINGERPRINT, set())
            seen = 0
            for group in listing.groups():
                seen += len(group)
                if seen % 500 == 0:
                    commit(catalog, [make_outcome(make_product(group[0].product_id))])
            assert seen == 2500
        assert len(list(catalog.products())) == 5

    def test_aggregates_replace_the_expected_version_only(self, catalog: Catalog) -> None:
        first, second = make_aggregate(COLLECTION, "collection"), make_aggregate(BUNDLE, "bundle")
        catalog.commit_aggregates(RUN.run_id, [first, second], {})
        assert catalog.current_aggregates() == {COLLECTION: first, BUNDLE: second}
        newer = make_aggregate(COLLECTION, "collection", Vid(1, 1))
        with pytest.raises(CatalogConflict, match="another run got there first"):
            catalog.commit_aggregates(RUN.run_id, [newer], {COLLECTION: None})
        catalog.commit_aggregates(RUN.run_id, [newer], {COLLECTION: Vid(1, 0)})
        assert catalog.current_aggregates()[COLLECTION] == newer
        assert catalog.former_aggregate(newer.lidvid) == first
        assert catalog.aggregates_of_run(RUN.run_id) == [second, newer] or catalog.aggregates_of_run(
            RUN.run_id
        ) == [newer, second]

    def test_what_is_in_a_live_delivery_is_not_delivered_again(self, catalog: Catalog) -> None:
        p, q = make_product("p"), make_product("q", day=date(2014, 12, 9))
        commit(catalog, [make_outcome(p), make_outcome(q)])
        collection = make_aggregate(COLLECTION, "collection")
        catalog.commit_aggregates(RUN.run_id, [collection], {})
        assert catalog.undelivered_days(BUNDLE) == ["2014-12-08", "2014-12-09"]
        (waiting,) = catalog.undelivered_products(BUNDLE, "2014-12-08", "2014-12-08")
        assert waiting.lidvid == p.lidvid
        assert waiting.members == ((p.data_path, p.data), (p.label_path, p.label))
        assert waiting.mends == p.mends
        assert waiting.words == "First release of this product."
        assert [item.lidvid for item in catalog.undelivered_aggregates(BUNDLE)] == [collection.lidvid]
        assert catalog.next_delivery_number(BUNDLE) == 1
        delivery = make_delivery(1)
        members = [DeliveryMember(path, p.lidvid, stored) for path, stored in waiting.members]
        catalog.commit_delivery(delivery, members)
        assert catalog.deliveries() == [delivery]
        assert catalog.next_delivery_number(BUNDLE) == 2
        assert catalog.undelivered_days(BUNDLE) == ["2014-12-09"]
        catalog.set_delivery_state(delivery.delivery_id, "packed", "failed")
        assert catalog.undelivered_days(BUNDLE) == ["2014-12-08", "2014-12-09"]
        with pytest.raises(CatalogConflict, match="not in state packed"):
            catalog.set_delivery_state(delivery.delivery_id, "packed", "verified")
        assert catalog.deliveries(run_id="another") == []

    def test_a_packed_delivery_can_be_forgotten_and_a_proved_one_not(self, catalog: Catalog) -> None:
        p, q = make_product("p"), make_product("q", day=date(2014, 12, 9))
        commit(catalog, [make_outcome(p), make_outcome(q)])
        for number, record in enumerate((p, q), 1):
            members = [DeliveryMember(record.data_path, record.lidvid, record.data)]
            catalog.commit_delivery(make_delivery(number), members)
        catalog.set_delivery_state("maven_anc_d001", "packed", "verified")
        with pytest.raises(CatalogConflict, match="d001 is not in state packed: it cannot be forgotten"):
            catalog.forget_delivery("maven_anc_d001")
        catalog.forget_delivery("maven_anc_d002")
        assert [delivery.number for delivery in catalog.deliveries()] == [1]
        assert catalog.undelivered_days(BUNDLE) == ["2014-12-09"]
        assert catalog.next_delivery_number(BUNDLE) == 2

    def test_no_version_is_in_two_live_deliveries(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        members = [DeliveryMember(record.data_path, record.lidvid, record.data)]
        catalog.commit_delivery(make_delivery(1), members)
        with pytest.raises(CatalogConflict, match=r"p::1\.0, which is in delivery maven_anc_d001 already"):
            catalog.commit_delivery(make_delivery(2), members)
        assert [delivery.number for delivery in catalog.deliveries()] == [1]
        catalog.set_delivery_state("maven_anc_d001", "packed", "failed")
        catalog.commit_delivery(make_delivery(2), members)
