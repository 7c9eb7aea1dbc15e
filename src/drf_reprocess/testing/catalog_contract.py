"""What every catalog must do: subclass `CatalogContract` and give it fixtures ``catalog`` and ``empty_catalog``."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from drf_reprocess.catalog.base import Catalog, Change, ListedFile, Question
from drf_reprocess.errors import CatalogConflict, CatalogError
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import (
    Action,
    Decision,
    DeliveryState,
    Disposition,
    Event,
    Finding,
    Outcome,
    PackedMember,
    ReleaseRecord,
    Severity,
    SourceFile,
    SourceOutcome,
    SourceState,
)
from drf_reprocess.testing.catalog_play import Play
from drf_reprocess.testing.catalog_values import (
    BUNDLE,
    COLLECTION,
    FINGERPRINT,
    FINGERPRINTS,
    RECEIVER,
    RUN,
    commit,
    deliver,
    make_aggregate,
    make_delivery,
    make_object,
    make_outcome,
    make_product,
    make_source,
    move,
)


class CatalogContract:
    """Tests for any catalog.

    The fixture ``catalog`` gives an empty one in which `RUN` was started, ``empty_catalog`` another, without any run.
    """

    def test_compressed_files_are_found_by_path_content_and_packing(self, catalog: Catalog) -> None:
        packed = [
            PackedMember(f"data/{n}.drf", f"{n:064x}", "zip 1", f"segment-{n // 2}", n, n + 5, n, 9)
            for n in range(1200)
        ]
        for part in (packed, packed[:3]):  # the task of a worker that died is done again
            catalog.commit_outcomes(RUN.run_id, RUN.run_time, {}, [Outcome("family", (), packed=tuple(part))])
        wanted = [(one.path, one.sha256) for one in packed]
        assert sorted(catalog.packed_members("zip 1", wanted), key=lambda one: one.start) == packed
        assert catalog.packed_members("zip 2", wanted) == []
        assert catalog.packed_members("zip 1", [("data/0.drf", "0" * 63 + "f"), ("other", "0" * 64)]) == []
        assert len(catalog.packed_segments()) == 600
        catalog.forget_packed()
        assert catalog.packed_members("zip 1", wanted) == []
        assert catalog.packed_segments() == set()

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
        catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINTS, [outcome])
        assert catalog.count_set_aside([RUN.run_id]) == 1
        assert catalog.count_set_aside(["another"]) == 0
        assert catalog.profiles() == {"maven-anc"}
        catalog.finish_run(RUN.run_id, "success", "2026-11-21T00:01:00Z", {})
        assert catalog.unfinished_runs("another") == []

    def test_files_that_the_catalog_does_not_tell_of_as_listed_are_counted(self, catalog: Catalog) -> None:
        files = {name: make_source(f"{name}.drf") for name in ("kept", "grown", "departed", "lost", "odd")}
        outcomes = [
            SourceOutcome(file, SourceState.PROCESSED, "m" * 32, "s" * 64, family=f"gnc:{name}", type="gnc")
            for name, file in files.items()
            if name != "lost"
        ]
        catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINTS, outcomes)
        departed = Outcome("gnc:departed", (SourceOutcome(make_source("other.drf"), SourceState.PROCESSED),))
        catalog.commit_outcomes(RUN.run_id, RUN.run_time, FINGERPRINTS, [departed])
        files["grown"] = replace(files["grown"], bytes=files["grown"].bytes + 1)

        def unaccounted(listed: list[str], others: list[str], limit: int = 9) -> tuple[int, list[str]]:
            with catalog.listing() as listing:
                listing.add(ListedFile(files[name], "gnc", name, f"gnc:{name}") for name in listed)
                return listing.unaccounted([files[name] for name in others], limit=limit)

        uris = {name: file.uri for name, file in files.items()}
        assert unaccounted(["kept"], ["odd"]) == (0, [])
        assert unaccounted(["kept", "grown", "departed", "lost"], []) == (
            3,
            [uris["departed"], uris["grown"], uris["lost"]],
        )
        assert unaccounted(["kept"], ["odd", "lost"]) == (1, [uris["lost"]])
        assert unaccounted(["grown", "lost"], ["departed"], limit=1) == (3, [uris["departed"]])

    def test_products_come_back_as_they_went_in(self, catalog: Catalog) -> None:
        record = make_product("sci_anc_gnc14_341_342")
        commit(catalog, [make_outcome(record)])
        assert catalog.product(record.lidvid.lid) == record
        (row,) = catalog.products()
        assert (row.record, row.run_id) == (record, RUN.run_id)
        assert [member.lidvid for member in catalog.members(COLLECTION)] == [record.lidvid]
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
        deliver(catalog, first)
        commit(catalog, [make_outcome(second, Vid(1, 0))])
        assert catalog.product(first.lidvid.lid) == second
        assert [row.record for row in catalog.versions(first.lidvid.lid)] == [first, second]

    def test_a_version_that_no_delivery_holds_is_forgotten_and_its_vid_given_anew(
        self, catalog: Catalog
    ) -> None:
        first = make_product("p")
        commit(catalog, [make_outcome(first)])
        again = replace(first, data=make_object("other"), label=make_object("other label"))
        commit(catalog, [make_outcome(again, None, Vid(1, 0))])
        assert [row.record for row in catalog.versions(first.lidvid.lid)] == [again]

    def test_heads_tell_what_the_next_version_is_decided_from(self, catalog: Catalog) -> None:
        first, second = make_product("p"), make_product("p", Vid(1, 1))
        commit(catalog, [make_outcome(first)])
        (head,) = catalog.heads([first.family], [])
        assert head.base is None
        assert head.standing is not None
        assert (head.standing.vid, head.standing.data_md5) == (Vid(1, 0), first.data.md5)
        deliver(catalog, first)
        commit(catalog, [make_outcome(second, Vid(1, 0))])
        (head,) = catalog.heads([], [first.lidvid.lid])
        assert head.base is not None
        assert head.standing is not None
        assert (head.base.vid, head.base.current, head.standing.vid) == (Vid(1, 0), False, Vid(1, 1))
        assert (head.product_id, head.family) == ("p", first.family)
        assert catalog.heads(["another"], []) == []

    def test_versions_order_as_numbers(self, catalog: Catalog) -> None:
        former = None
        for minor in range(12):
            record = make_product("p", Vid(1, minor))
            commit(catalog, [make_outcome(record, former)])
            deliver(catalog, record)
            former = record.lidvid.vid
        (head,) = catalog.heads([record.family], [])
        assert head.base is not None
        assert head.base.vid == Vid(1, 11)
        versions = [row.record.lidvid.vid for row in catalog.versions(record.lidvid.lid)]
        assert versions == [Vid(1, minor) for minor in range(12)]

    def test_an_outdated_decision_is_refused_and_nothing_of_its_task_is_written(
        self, catalog: Catalog
    ) -> None:
        commit(catalog, [make_outcome(make_product("p"))])
        other = make_outcome(make_product("q"))
        with pytest.raises(CatalogConflict, match="got there first"):
            commit(catalog, [other, make_outcome(make_product("p", Vid(2, 0)), Vid(1, 5))])
        assert catalog.product(COLLECTION.child("q")) is None

    def test_a_delivery_that_was_packed_meanwhile_makes_a_decision_outdated(self, catalog: Catalog) -> None:
        first = make_product("p")
        commit(catalog, [make_outcome(first)])
        decided = make_outcome(replace(first, data=make_object("other")), None, Vid(1, 0))
        deliver(catalog, first)
        with pytest.raises(CatalogConflict, match="got there first"):
            commit(catalog, [decided])

    def test_a_used_version_is_never_given_twice(self, catalog: Catalog) -> None:
        first, second = make_product("p"), make_product("p", Vid(2, 0))
        commit(catalog, [make_outcome(first)])
        deliver(catalog, first)
        commit(catalog, [make_outcome(second, Vid(1, 0))])
        deliver(catalog, second)
        with pytest.raises(CatalogConflict, match=r"p::1\.0 exists already"):
            commit(catalog, [make_outcome(first, Vid(2, 0))])

    def test_a_version_that_stays_takes_over_another_parquet_file_and_nothing_else(
        self, catalog: Catalog
    ) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        catalog.start_run(replace(RUN, run_id="later"))
        again = replace(record, label=make_object("other layout"))
        same = replace(make_outcome(again, None, Vid(1, 0)), decision=Decision.SAME)
        catalog.commit_outcomes("later", "2027-01-01T00:00:00Z", FINGERPRINTS, [same])
        (row,) = catalog.products()
        assert (row.record, row.run_id) == (record, RUN.run_id)
        renewed = replace(record, parquet=make_object("other columns"))
        catalog.commit_outcomes(
            "later", "2027-01-01T00:00:00Z", FINGERPRINTS, [replace(same, product=renewed)]
        )
        (row,) = catalog.products(run_id="later")
        assert row.record == renewed
        wrong = ((record.lidvid.lid, None, Vid(1, 1)),)
        with pytest.raises(CatalogConflict, match="got there first"):
            commit(catalog, [replace(same, expected=wrong)])

    def test_a_version_that_no_delivery_holds_gives_way_to_the_one_before_it(self, catalog: Catalog) -> None:
        first, second = make_product("p"), make_product("p", Vid(2, 0))
        commit(catalog, [make_outcome(first)])
        deliver(catalog, first)
        commit(catalog, [make_outcome(second, Vid(1, 0))])
        back = replace(make_outcome(first, Vid(1, 0), Vid(2, 0)), decision=Decision.SAME)
        commit(catalog, [back])
        assert catalog.product(first.lidvid.lid) == first
        assert len(catalog.versions(first.lidvid.lid)) == 1

    def test_a_product_leaves_when_another_of_its_family_stands(self, catalog: Catalog) -> None:
        first = make_product("p")
        other = replace(make_product("p_manual"), family=first.family)
        commit(catalog, [make_outcome(first)])
        deliver(catalog, first)
        expected = ((first.lidvid.lid, Vid(1, 0), Vid(1, 0)), (other.lidvid.lid, None, None))
        outcome = replace(make_outcome(other), expected=expected, left=(first.lidvid.lid,))
        commit(catalog, [outcome])
        assert [member.lidvid for member in catalog.members(COLLECTION)] == [other.lidvid]
        assert len(catalog.versions(first.lidvid.lid)) == 1

    def test_what_waits_stands_in_no_collection(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [replace(make_outcome(record), pending="staged")])
        assert list(catalog.products()) == []
        (waiting,) = catalog.pending("staged")
        assert (waiting.record, waiting.standing) == (record, "staged")
        assert list(catalog.pending("held")) == []
        commit(catalog, [replace(make_outcome(record), pending="held")])
        assert [one.standing for one in catalog.pending()] == ["held"]
        commit(catalog, [make_outcome(record)])
        assert list(catalog.pending()) == []
        assert [member.lidvid for member in catalog.members(COLLECTION)] == [record.lidvid]

    def test_findings_are_those_of_the_last_time(self, catalog: Catalog) -> None:
        outcome = make_outcome(make_product("p"))
        commit(catalog, [outcome])
        (source,) = outcome.sources
        other = Finding("mixed-line-ends", Severity.WARNING, "3 lines", "", None, None, None)
        commit(catalog, [Outcome("gnc:p", (replace(source, findings=(other,)),))])
        assert catalog.findings(source.source.uri) == [other]

    def test_a_source_keeps_the_time_since_when_it_is_set_aside(self, catalog: Catalog) -> None:
        outcome = SourceOutcome(
            make_source("x.drf"), SourceState.QUARANTINED, code="empty", message="m", remedy="r"
        )
        catalog.commit_states(RUN.run_id, "2026-01-01T00:00:00Z", FINGERPRINTS, [outcome])
        catalog.commit_states(RUN.run_id, "2026-02-01T00:00:00Z", FINGERPRINTS, [outcome])
        (row,) = catalog.source_rows(states=[SourceState.QUARANTINED])
        assert (row.source, row.code, row.message, row.remedy) == (outcome.source, "empty", "m", "r")
        assert row.since == "2026-01-01T00:00:00Z"
        catalog.commit_states(
            RUN.run_id, "2026-03-01T00:00:00Z", FINGERPRINTS, [replace(outcome, code="not-text")]
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
            made = SourceOutcome(
                make_source(name), SourceState.PROCESSED, product_id=product, type="gnc", family=product
            )
            return replace(made, **changes)  # type: ignore[arg-type]

        catalog.commit_states(
            RUN.run_id,
            RUN.run_time,
            FINGERPRINTS,
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
            ListedFile(make_source("same"), "gnc", "p1", "p1"),
            ListedFile(make_source("changed", bytes=101), "gnc", "p2", "p2"),
            ListedFile(make_source("failed"), "gnc", "p3", "p3"),
            ListedFile(make_source("large"), "gnc", "p4", "p4"),
            ListedFile(make_source("bad"), "gnc", "p5", "p5"),
            ListedFile(make_source("elder"), "gnc", "p6", "p6"),
            ListedFile(make_source("brother"), "gnc", "p6", "p6"),
            ListedFile(make_source("new"), "eps", "p7", "p7"),
        ]
        with catalog.listing() as listing:
            listing.add(listed)
            compared = listing.compare(Question(FINGERPRINTS, {"too-large"}))
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
            assert listing.compare(Question({"gnc": "another"})).reasons == {
                "label template or profile changed": 1
            }
        for place, reason in ((33, "repair options changed"), (49, "engine changed")):
            changed = FINGERPRINT[: place - 1] + "0" + FINGERPRINT[place:]
            with catalog.listing() as listing:
                listing.add(listed[:1])
                assert listing.compare(Question({"gnc": changed})).reasons == {reason: 1}
        with catalog.listing() as listing:
            listing.add(listed[:1])
            assert listing.compare(Question({"gnc": "another"}, arrivals_only=True)).reasons == {}
        with catalog.listing() as listing:
            listing.add(listed[:1])
            assert listing.compare(Question(FINGERPRINTS, rulings={"p1": "x"})).reasons == {
                "decision of a person": 1
            }
        with catalog.listing() as listing:
            listing.add(listed[:1])
            assert listing.compare(Question(FINGERPRINTS, otherwise="campaign")).reasons == {"campaign": 1}

    def test_a_product_is_looked_at_again_when_one_of_its_files_has_left(self, catalog: Catalog) -> None:
        record = make_product("p")
        (good,) = make_outcome(record).sources
        refused = replace(good, state=SourceState.QUARANTINED, code="product-conflict", findings=())
        other = replace(refused, source=make_source("other.drf"))
        large = replace(other, source=make_source("large.drf"), code="too-large", md5="", sha256="")
        commit(catalog, [Outcome(record.family, (refused, other))])
        catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINTS, [large])

        def compare(*files: SourceFile) -> dict[str, int]:
            with catalog.listing() as listing:
                listing.add([ListedFile(file, "gnc", "p", record.family) for file in files])
                return dict(listing.compare(Question(FINGERPRINTS, {"too-large"})).reasons)

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
            listing.add(
                ListedFile(make_source(f"{n:05}"), "gnc", f"p{n:05}", f"p{n:05}") for n in range(2500)
            )
            listing.compare(Question(FINGERPRINTS))
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
        assert catalog.aggregate_bases() == {}
        newer = make_aggregate(COLLECTION, "collection", Vid(1, 1))
        with pytest.raises(CatalogConflict, match="another run got there first"):
            catalog.commit_aggregates(RUN.run_id, [newer], {COLLECTION: None})
        deliver(catalog, first)
        catalog.commit_aggregates(RUN.run_id, [newer], {COLLECTION: Vid(1, 0)})
        assert catalog.current_aggregates()[COLLECTION] == newer
        assert catalog.aggregate_bases() == {COLLECTION: first}
        assert catalog.superseded_aggregates() == [first]
        assert {record.lidvid for record in catalog.aggregates_of_run(RUN.run_id)} == {
            second.lidvid,
            newer.lidvid,
        }
        catalog.commit_aggregates(RUN.run_id, [first], {COLLECTION: Vid(1, 1)})
        assert catalog.current_aggregates()[COLLECTION] == first
        assert catalog.aggregate(newer.lidvid) is None
        catalog.commit_aggregates(RUN.run_id, [], {}, [COLLECTION])
        assert COLLECTION not in catalog.current_aggregates()
        assert catalog.aggregate(first.lidvid) == first

    def test_what_is_in_a_live_delivery_is_not_delivered_again(self, catalog: Catalog) -> None:
        p, q = make_product("p"), make_product("q", day=date(2014, 12, 9))
        commit(catalog, [make_outcome(p), make_outcome(q)])
        collection = make_aggregate(COLLECTION, "collection")
        catalog.commit_aggregates(RUN.run_id, [collection], {})
        assert catalog.undelivered_days(BUNDLE, RECEIVER) == ["2014-12-08", "2014-12-09"]
        (waiting,) = catalog.undelivered_products(BUNDLE, RECEIVER, "2014-12-08", "2014-12-08")
        assert waiting.lidvid == p.lidvid
        assert waiting.members == ((p.data_path, p.data), (p.label_path, p.label))
        assert waiting.mends == p.mends
        assert waiting.words == "First release of this product."
        aggregates = catalog.undelivered_aggregates(BUNDLE, RECEIVER)
        assert [item.lidvid for item in aggregates] == [collection.lidvid]
        assert catalog.next_delivery_number(BUNDLE) == 1
        delivery = deliver(catalog, p)
        assert catalog.deliveries() == [delivery]
        assert [member.path for member in catalog.delivery_members(delivery.delivery_id)] == sorted(
            path for path, _ in waiting.members
        )
        assert catalog.delivered_in(p.lidvid.lid) == [(delivery, Vid(1, 0))]
        assert catalog.has_file(RECEIVER, p.lidvid.lid, p.data.md5)
        assert not catalog.has_file("another", p.lidvid.lid, p.data.md5)
        (held,) = {one.delivery.delivery_id for one in catalog.delivered_files(p.lidvid.lid)}
        assert not catalog.has_file(RECEIVER, p.lidvid.lid, p.data.md5, but=held)
        assert catalog.next_delivery_number(BUNDLE) == 2
        assert catalog.undelivered_days(BUNDLE, RECEIVER) == ["2014-12-09"]
        assert catalog.undelivered_days(BUNDLE, "another") == ["2014-12-08", "2014-12-09"]
        move(catalog, delivery, DeliveryState.PACKED, DeliveryState.VERIFIED)
        move(catalog, delivery, DeliveryState.VERIFIED, DeliveryState.SENT)
        move(catalog, delivery, DeliveryState.SENT, DeliveryState.REJECTED)
        assert catalog.undelivered_days(BUNDLE, RECEIVER) == ["2014-12-08", "2014-12-09"]
        (head,) = catalog.heads([p.family], [])
        assert head.base is not None, "a version that was sent is used up for good"
        with pytest.raises(CatalogConflict, match="not in state packed"):
            move(catalog, delivery, DeliveryState.PACKED, DeliveryState.VERIFIED)
        assert catalog.deliveries(run_id="another") == []
        told = [row.event.message for row in catalog.events(delivery_id=delivery.delivery_id)]
        assert told == [
            f"{delivery.delivery_id} is {state}: because" for state in ("verified", "sent", "rejected")
        ]

    def test_a_discarded_delivery_frees_its_versions(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        delivery = deliver(catalog, record)
        move(catalog, delivery, DeliveryState.PACKED, DeliveryState.DISCARDED)
        (head,) = catalog.heads([record.family], [])
        assert head.base is None
        assert head.standing is not None
        assert catalog.undelivered_days(BUNDLE, RECEIVER) == ["2014-12-08"]
        assert catalog.next_delivery_number(BUNDLE) == 2

    def test_a_planned_delivery_becomes_packed_once(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        delivery = deliver(catalog, record, DeliveryState.PLANNED)
        (head,) = catalog.heads([record.family], [])
        assert head.base is None, "a version is used up when its delivery is packed"
        packed = replace(delivery, package_bytes=99, package_sha256="y" * 64)
        catalog.complete_delivery(packed)
        assert catalog.deliveries() == [replace(packed, state=DeliveryState.PACKED)]
        with pytest.raises(CatalogConflict, match="not in state planned"):
            catalog.complete_delivery(packed)

    def test_a_packed_delivery_can_be_forgotten_and_a_proved_one_not(self, catalog: Catalog) -> None:
        p, q = make_product("p"), make_product("q", day=date(2014, 12, 9))
        commit(catalog, [make_outcome(p), make_outcome(q)])
        first, second = deliver(catalog, p), deliver(catalog, q)
        move(catalog, first, DeliveryState.PACKED, DeliveryState.VERIFIED)
        with pytest.raises(CatalogConflict, match="d001 is not in state planned or packed"):
            catalog.forget_delivery(first.delivery_id)
        catalog.forget_delivery(second.delivery_id)
        assert [delivery.number for delivery in catalog.deliveries()] == [1]
        assert catalog.undelivered_days(BUNDLE, RECEIVER) == ["2014-12-09"]
        assert catalog.next_delivery_number(BUNDLE) == 2

    def test_no_version_is_in_two_live_deliveries_of_a_receiver(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        first = deliver(catalog, record)
        with pytest.raises(CatalogConflict, match=r"p::1\.0, which is in delivery maven_anc_d001 already"):
            deliver(catalog, record)
        assert [delivery.number for delivery in catalog.deliveries()] == [1]
        deliver(catalog, record, receiver="another")
        move(catalog, first, DeliveryState.PACKED, DeliveryState.DISCARDED)
        deliver(catalog, record)

    def test_releases_are_numbered_and_reviewed(self, catalog: Catalog) -> None:
        release = ReleaseRecord(
            "maven_anc_r001",
            BUNDLE,
            1,
            RUN.run_id,
            RUN.run_time,
            "release",
            "first",
            Lidvid(BUNDLE, Vid(1, 0)),
            "b" * 32,
            ("new fields",),
        )
        assert catalog.next_release_number(BUNDLE) == 1
        catalog.commit_release(release)
        assert catalog.next_release_number(BUNDLE) == 1, "nothing of it was delivered"
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        delivery = deliver(catalog, record)
        move(catalog, delivery, DeliveryState.PACKED, DeliveryState.VERIFIED)
        assert catalog.next_release_number(BUNDLE) == 2
        assert catalog.releases() == [release]
        assert catalog.releases()[0].requires_review
        catalog.acknowledge_review(release.release_id, RUN.run_time, "seen by A")
        assert not catalog.releases()[0].requires_review
        move(catalog, delivery, DeliveryState.VERIFIED, DeliveryState.DISCARDED)
        assert catalog.next_release_number(BUNDLE) == 1, "nobody has seen it"
        with pytest.raises(CatalogError, match="no release maven_anc_r009"):
            catalog.acknowledge_review("maven_anc_r009", RUN.run_time, "seen")

    def test_structures_tell_what_was_released(self, catalog: Catalog) -> None:
        p, q = make_product("p"), replace(make_product("q"), structure="u" * 64)
        commit(catalog, [make_outcome(p), make_outcome(q)])
        deliver(catalog, p)
        assert catalog.released_structures(COLLECTION) == {"t" * 64}
        assert catalog.unreleased_structures(COLLECTION) == {"u" * 64: q.lidvid.lid}

    def test_an_adopted_bundle_is_what_its_receiver_has(self, catalog: Catalog) -> None:
        record = replace(make_product("p", Vid(2, 0)), adopted=True)
        collection = make_aggregate(COLLECTION, "collection", Vid(3, 4))
        adoption = replace(make_delivery(1, DeliveryState.ACCEPTED), format="adopted")
        for number in (1, 2):
            delivery = replace(adoption, delivery_id=f"maven_anc_adopted_{number:03d}", number=number)
            catalog.commit_adoption(RUN.run_id, RUN.run_time, [record], [collection], delivery)
        assert [delivery.number for delivery in catalog.deliveries()] == [1], (
            "the second time changed nothing"
        )
        (head,) = catalog.heads([record.family], [])
        assert head.base is not None
        assert (head.base.vid, head.base.adopted) == (Vid(2, 0), True)
        assert catalog.aggregate_bases() == {COLLECTION: collection}
        assert catalog.undelivered_days(BUNDLE, RECEIVER) == []
        other = replace(record, data=make_object("zzz"))
        delivery = replace(adoption, delivery_id="maven_anc_adopted_002", number=2)
        with pytest.raises(CatalogConflict, match=r"p::2\.0 is in this catalog with data_md5"):
            catalog.commit_adoption(RUN.run_id, RUN.run_time, [other], [], delivery)
        elder = replace(make_product("p", Vid(1, 0)), adopted=True)
        with pytest.raises(CatalogConflict, match=r"p::1\.0 is older than 2\.0"):
            catalog.commit_adoption(RUN.run_id, RUN.run_time, [elder], [], delivery)
        assert len(catalog.deliveries()) == 1

    def test_covered_spans_tell_how_far_products_have_come(self, catalog: Catalog) -> None:
        p, q, r = make_product("p"), make_product("q"), make_product("r")
        commit(
            catalog,
            [make_outcome(p), make_outcome(q), replace(make_outcome(r), pending="held")],
        )
        deliver(catalog, p)
        found = {span.product_id: (span.standing, span.delivery) for span in catalog.covered_spans(RECEIVER)}
        assert found == {"p": ("current", DeliveryState.PACKED), "q": ("current", None), "r": ("held", None)}

    def test_dispositions_are_kept_in_order_and_once(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        first = Disposition(
            "d1", Action.EXCLUDE, "gnc", "p", "s" * 64, "p.drf", "A", "2026-11-20T00:00:00Z", "bad"
        )
        second = replace(
            first, disposition_id="d2", action=Action.REPLACE, replacement=make_object("new"), family="f"
        )
        assert catalog.commit_dispositions([first, second], "2026-11-21T00:00:00Z") == 2
        assert catalog.commit_dispositions([first], "2026-11-22T00:00:00Z") == 0
        assert catalog.dispositions() == [replace(first, family=record.family), second]
        assert catalog.dispositions_of([record.family]) == {
            record.family: (replace(first, family=record.family),)
        }
        assert set(catalog.ruled_families()) == {record.family, "f"}
        catalog.withdraw_disposition("d1", "B", "2026-11-23T00:00:00Z", "good after all")
        assert catalog.dispositions() == [second]
        with pytest.raises(CatalogError, match="no disposition d1 in force"):
            catalog.withdraw_disposition("d1", "B", "2026-11-23T00:00:00Z", "again")
        kinds = [row.event.kind for row in catalog.events(product_id="p")]
        assert kinds.count("disposed") == 3

    def test_events_tell_what_was_received_and_decided(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        commit(catalog, [make_outcome(record, None, Vid(1, 0))])
        rows = catalog.events(lid=record.lidvid.lid, product_id="p")
        assert [row.event.kind for row in rows] == ["processed", "decided", "decided"]
        assert rows[0].event.message.startswith("p.drf received, 2 bytes, MD5 mmm")
        assert [row.position for row in rows] == sorted(row.position for row in rows)

    def test_a_name_leads_to_products_and_files(self, catalog: Catalog) -> None:
        record, other = make_product("pq_1"), make_product("pqx1")
        commit(catalog, [make_outcome(record), replace(make_outcome(other), pending="held")])
        assert catalog.lids_of("pq_1") == [record.lidvid.lid]
        assert catalog.lids_of("pqx1") == [other.lidvid.lid]
        assert catalog.lids_of("pq") == []
        for name in ("/data/pq_1.drf", "pq_1.drf"):
            assert [row.source for row in catalog.files_named(name)] == [record.source]
        assert catalog.files_named("q_1.drf") == []
        assert [row.product_id for row in catalog.files_of([record.family, ""], "")] == ["pq_1"]
        assert [row.product_id for row in catalog.files_of([], "pq_1")] == ["pq_1"]
        assert catalog.names_like("pq_2", 9) == ["pq_1"]
        assert catalog.names_like("pq", 9) == ["pq_1", "pqx1"]
        assert catalog.names_like("pq", 1) == ["pq_1"]
        assert catalog.names_like("x", 9) == []
        assert catalog.waiting(record.lidvid.lid) is None
        waiting = catalog.waiting(other.lidvid.lid)
        assert waiting is not None
        assert (waiting.record, waiting.standing) == (other, "held")

    def test_the_ledger_tells_a_life_in_order(self, catalog: Catalog) -> None:
        record, other = make_product("p"), make_product("q")
        commit(catalog, [make_outcome(record), make_outcome(other)])
        first, second = deliver(catalog, record), deliver(catalog, other)
        for delivery in (first, second):
            move(catalog, delivery, DeliveryState.PACKED, DeliveryState.VERIFIED)
        lid = record.lidvid.lid
        rows = catalog.life_events(lids=[lid], product_ids=["p"], deliveries=[first.delivery_id])
        assert [row.event.kind for row in rows] == ["processed", "decided", "delivery"]
        assert [row.event.source for row in catalog.life_events(sources=[other.source.uri])] == [
            other.source.uri
        ]
        assert catalog.life_events() == []
        files = catalog.delivered_files(lid)
        assert [one.member.path for one in files] == [record.data_path, record.label_path]
        assert {one.delivery.state for one in files} == {DeliveryState.VERIFIED}
        aggregate = make_aggregate(COLLECTION, "collection")
        catalog.commit_aggregates(RUN.run_id, [aggregate], {COLLECTION: None})
        (row,) = catalog.aggregate_versions(COLLECTION)
        assert (row.record, row.current, row.run_id) == (aggregate, True, RUN.run_id)

    def test_a_version_that_stands_again_is_told(self, catalog: Catalog) -> None:
        record = make_product("p")
        commit(catalog, [make_outcome(record)])
        deliver(catalog, record)
        commit(catalog, [make_outcome(replace(make_product("p", Vid(2, 0))), Vid(1, 0))])
        again = replace(make_outcome(record, Vid(1, 0), Vid(2, 0)), decision=Decision.SAME, events=())
        commit(catalog, [again])
        *_, last = catalog.events(lid=record.lidvid.lid)
        assert last.event.kind == "returned"
        assert last.event.message.startswith("1.0 stands in the archive again")
        commit(catalog, [replace(again, expected=((record.lidvid.lid, Vid(1, 0), Vid(1, 0)),))])
        assert [row.event.kind for row in catalog.events(lid=record.lidvid.lid)].count("returned") == 1

    @pytest.mark.parametrize("seed", range(6))
    def test_replaying_what_was_noted_gives_the_same_content(
        self, catalog: Catalog, empty_catalog: Catalog, seed: int
    ) -> None:
        play = Play(catalog, seed)
        for _ in range(60):
            play.step()
        assert play.refused > 0, "some writes are refused: they must leave nothing behind"
        changes = play.changes()
        assert [change.position for change in changes] == list(range(1, len(changes) + 1)), "without gaps"
        assert empty_catalog.replay(changes) == catalog.last_change() == len(changes)
        assert list(empty_catalog.content()) == list(catalog.content())
        assert {name for name, _ in catalog.content()} >= {"runs", "products", "events", "delivery_members"}

    def test_a_catalog_that_was_made_again_goes_on_where_the_first_one_was(
        self, catalog: Catalog, empty_catalog: Catalog
    ) -> None:
        commit(catalog, [make_outcome(make_product("p"))])
        last = empty_catalog.replay(catalog.changes())
        assert list(empty_catalog.changes()) == [], "what was replayed stands in the journal already"
        commit(empty_catalog, [make_outcome(make_product("q"))])
        commit(catalog, [make_outcome(make_product("q"))])
        assert next(change.position for change in empty_catalog.changes()) == last + 1
        assert list(empty_catalog.changes()) == [
            change for change in catalog.changes() if change.position > last
        ]
        assert list(empty_catalog.content()) == list(catalog.content())

    def test_each_write_is_noted_and_no_question_is(self, catalog: Catalog) -> None:
        before = catalog.last_change()
        assert [(change.relation, change.kind) for change in catalog.changes()] == [("runs", "put")]
        catalog.runs()
        list(catalog.products())
        catalog.heads(["x"], [])
        assert catalog.last_change() == before
        catalog.add_events([Event("told", "a"), Event("told", "b")], RUN.run_time)
        noted = [change for change in catalog.changes() if change.position > before]
        assert [(change.relation, change.kind, change.row["message"]) for change in noted] == [
            ("events", "put", "a"),
            ("events", "put", "b"),
        ]

    def test_what_is_undone_is_not_noted(self, catalog: Catalog) -> None:
        commit(catalog, [make_outcome(make_product("p"))])
        before = list(catalog.changes())
        with pytest.raises(CatalogConflict):
            commit(
                catalog,
                [make_outcome(make_product("q")), make_outcome(make_product("p", Vid(2, 0)), Vid(1, 5))],
            )
        assert list(catalog.changes()) == before
        catalog.add_events([Event("told", "a")], RUN.run_time)
        assert catalog.last_change() == before[-1].position + 1, "an undone change leaves no gap"

    def test_changes_that_were_forgotten_still_count(self, catalog: Catalog) -> None:
        catalog.add_events([Event("told", text) for text in "abc"], RUN.run_time)
        last = catalog.last_change()
        catalog.forget_changes(last - 1)
        assert [change.position for change in catalog.changes()] == [last]
        catalog.forget_changes(last)
        catalog.forget_changes(last - 2)
        assert list(catalog.changes()) == []
        assert catalog.last_change() == last
        catalog.add_events([Event("told", "d")], RUN.run_time)
        assert [change.position for change in catalog.changes()] == [last + 1]

    def test_a_journal_is_replayed_into_an_empty_catalog_only(
        self, catalog: Catalog, empty_catalog: Catalog
    ) -> None:
        empty_catalog.start_run(RUN)
        before = list(empty_catalog.content())
        with pytest.raises(CatalogError, match="not empty, table runs has rows"):
            empty_catalog.replay(catalog.changes())
        assert list(empty_catalog.content()) == before

    @pytest.mark.parametrize(
        ("damage", "told"),
        [
            ({"relation": "nonsense"}, "knows no such table"),
            ({"kind": "nonsense"}, "knows no such table"),
            ({"row": {"position": 2}}, "or other columns of it"),
            ({"row": {"position": 2, "colour": "red"}}, "or other columns of it"),
            ({"kind": "del"}, "or other columns of it"),
            ({"position": 9}, "change 9 of the journal follows change 1: expected change 2"),
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_a_change_that_is_not_understood_is_refused_and_nothing_is_replayed(
        self, catalog: Catalog, empty_catalog: Catalog, damage: dict[str, object], told: str
    ) -> None:
        catalog.add_events([Event("told", "a")], RUN.run_time)
        first, second = catalog.changes()
        with pytest.raises(CatalogError, match=told):
            empty_catalog.replay([first, replace(second, **damage)])  # type: ignore[arg-type]
        assert list(empty_catalog.content()) == []
        assert empty_catalog.replay([first, second]) == 2, "it can still be filled"

    def test_clear_lets_go_of_everything_before(self, catalog: Catalog, empty_catalog: Catalog) -> None:
        commit(catalog, [make_outcome(make_product("p"))])
        noted = list(catalog.changes())
        last = len(noted) + 1
        again = [replace(change, position=last + change.position) for change in noted]
        empty_catalog.replay([*noted, Change(last, "", "clear", {}), *again])
        assert list(empty_catalog.content()) == list(catalog.content())
