"""What a plan expects where nothing is read, what its document keeps, and what it is compared by."""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.catalog.base import NEW_FILE, STAGED_BEFORE
from drf_reprocess.errors import ConfigurationError, PlanOutdated, StorageDenied
from drf_reprocess.identifiers import Vid
from drf_reprocess.model import (
    Action,
    Campaign,
    Candidate,
    Disposition,
    FormerProduct,
    Outcome,
    SourceFile,
    SourceOutcome,
    SourceState,
    WorkItem,
)
from drf_reprocess.planning.check import PlanCheck
from drf_reprocess.planning.conditions import different_conditions
from drf_reprocess.planning.document import CsvSink, JsonSink, PlanDocument, open_plan, product_row
from drf_reprocess.planning.expectation import expect, expect_unread, must_be_read, stands_after
from drf_reprocess.planning.forecast import split_package
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.stages.plan import Plan
from drf_reprocess.stages.preview import DryStore
from drf_reprocess.storage.base import open_store, put_object

PROFILE = load_profile("maven-anc")
COLLECTION = PROFILE.placement["eps"][1].lid
NAME = "sci_anc_eps14_341_342"
NO_CAMPAIGN = Campaign()


def former(major: int, minor: int = 0, **changes: object) -> FormerProduct:
    made = FormerProduct(Vid(major, minor), "d" * 32, "l" * 64, "2026-01-01T00:00:00Z", (), "s" * 32)
    return replace(made, **changes)


def file(name: str = f"{NAME}.drf", mtime_ns: int = 1) -> SourceFile:
    return SourceFile(f"/data/{name}", name, 1000, mtime_ns)


def candidate(
    *sources: SourceFile,
    base: FormerProduct | None = None,
    standing: FormerProduct | None = None,
    id_: str = NAME,
) -> Candidate:
    return Candidate(id_, COLLECTION.child(id_), sources, base, standing)


def item(*candidates: Candidate, reason: str = NEW_FILE, **changes: object) -> WorkItem:
    return replace(WorkItem("eps:2014:341-342", "eps", candidates, reason), **changes)


def guess(one: Candidate, campaign: Campaign = NO_CAMPAIGN) -> tuple[str, str | None]:
    (found,) = expect_unread(item(one), PROFILE, campaign)
    assert not found.is_exact
    return found.decision, found.expected_vid


# --- Expected without reading ----------------------------------------------------------------------------------------


def test_a_new_file_is_new():
    assert guess(candidate(file())) == ("new", "1.0")
    assert guess(candidate(file(), standing=former(1))) == ("new", "1.0")


@pytest.mark.parametrize(
    ("base", "campaign", "expected"),
    [
        (former(2, 3), NO_CAMPAIGN, ("data-changed or label-only or same", "3.0 or 2.4 or 2.3")),
        (former(2, 3, adopted=True), NO_CAMPAIGN, ("data-changed or same", "3.0 or 2.3")),
        (former(2, 3), Campaign("c", "why", "minor"), ("data-changed or label-only", "3.0 or 2.4")),
        (former(2, 3), Campaign("c", "why", "major"), ("data-changed or label-only", "3.0")),
        (
            former(2, 3, campaign="c"),
            Campaign("c", "why", "major"),
            ("data-changed or label-only or same", "3.0 or 2.4 or 2.3"),
        ),
        (former(2, 3, current=False), NO_CAMPAIGN, ("data-changed or label-only", "3.0 or 2.4")),
    ],
    ids=["usual", "adopted", "forced minor", "forced major", "forced before", "had left"],
)
def test_all_versions_that_the_rule_may_give_are_told(base, campaign, expected):
    assert guess(candidate(file(), base=base), campaign) == expected


def test_precedence_by_name_and_time_tells_which_file_stands():
    by_hand = candidate(file(f"{NAME}_manual.drf", 1), id_=f"{NAME}_manual")
    usual = candidate(file(mtime_ns=5), base=former(1))
    gone = candidate(base=former(1), id_=f"{NAME}_gone")
    found = expect_unread(item(by_hand, gone, usual), PROFILE, NO_CAMPAIGN)
    assert [(one.decision, one.expected_vid) for one in found] == [
        ("new", "1.0"),
        ("left", None),
        ("superseded", None),
    ]


def test_a_family_that_gives_way_is_superseded():
    (found,) = expect_unread(
        item(candidate(file()), covered_by="w.drf", gives_way=True), PROFILE, NO_CAMPAIGN
    )
    assert (found.decision, found.code, found.message) == (
        "superseded",
        "covered-twice",
        "w.drf goes before it",
    )


DISPOSITION = Disposition(
    "d1", Action.ACCEPT, "eps", NAME, "a" * 64, f"{NAME}.drf", "K", "2026-01-01T00:00:00Z", ""
)


@pytest.mark.parametrize(
    ("work", "expected"),
    [
        (item(candidate(file())), False),
        (item(candidate(file()), reason=STAGED_BEFORE), False),
        (item(candidate(file()), reason="failed before"), True),
        (item(candidate(file(), base=former(1))), True),
        (item(candidate(file(), standing=former(1))), True),
        (item(candidate(file(), file(f"again/{NAME}.drf"))), True),
        (item(candidate(file()), candidate(base=former(1), id_="elder")), True),
        (item(candidate(file()), dispositions=(DISPOSITION,)), True),
    ],
)
def test_only_what_is_new_and_alone_need_not_be_read(work, expected):
    assert must_be_read(work) is expected
    assert must_be_read(work, {work.family})


# --- What an outcome means -------------------------------------------------------------------------------------------


def told(name: str, state: SourceState, code: str = "") -> SourceOutcome:
    return SourceOutcome(file(f"{name}.drf"), state, product_id=name, code=code, message=code)


def test_what_makes_no_product_keeps_the_version_that_stands():
    work = item(candidate(file(), base=former(2)))
    outcome = Outcome(work.family, (told(NAME, SourceState.QUARANTINED, "empty"),))
    (found,) = expect(work, outcome)
    assert (found.decision, found.code, found.expected_vid) == ("quarantined", "empty", "2.0")
    assert stands_after(work, outcome)


def test_what_leaves_the_archive_has_no_version():
    work = item(candidate(base=former(2)), candidate(file("x.drf"), base=former(1), id_="x"))
    outcome = Outcome(
        work.family, (told("x", SourceState.SUPERSEDED, "covered-twice"),), left=(work.candidates[0].lid,)
    )
    assert [(one.decision, one.expected_vid) for one in expect(work, outcome)] == [
        ("left", None),
        ("superseded", "1.0"),
    ]


def test_of_several_files_the_one_that_wants_a_person_is_told():
    work = item(candidate(file(), file(f"a/{NAME}.drf")))
    outcome = Outcome(
        work.family,
        (told(NAME, SourceState.SUPERSEDED, "identical-copy"), told(NAME, SourceState.QUARANTINED, "empty")),
    )
    (found,) = expect(work, outcome)
    assert (found.decision, found.code) == ("quarantined", "empty")
    assert not stands_after(work, outcome)


# --- The document ----------------------------------------------------------------------------------------------------

HEAD = {
    "version": 1,
    "run_time": "2026-01-01T00:00:00Z",
    "mode": "release",
    "quick": False,
    "conditions": {"engine": {"revision": "1"}},
    "to_set_aside": [],
    "settled": {},
}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def write_plan(path: Path, rows: list[dict[str, object]], head: dict[str, object] = HEAD) -> PlanDocument:
    text = io.StringIO()
    sink = JsonSink(text)
    sink.start(head)
    for row in rows:
        sink.add(row)
    sink.finish({"decisions": {}, "deliveries": []})
    path.write_text(text.getvalue(), encoding="utf-8")
    return open_plan(path)


@given(rows=st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=4), reason=st.text())
def test_a_document_is_read_as_it_was_written_however_it_is_laid_out(tmp_path_factory, rows, reason):
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    document = write_plan(path, rows, HEAD | {"reason": reason})
    assert list(document.rows()) == rows
    assert document.facts == HEAD | {"reason": reason, "decisions": {}, "deliveries": []}
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert whole["products"] == rows
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False), encoding="utf-8")
    again = open_plan(path)
    assert list(again.rows()) == rows
    assert again.facts == document.facts


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read: .*plan\.json"):
        open_plan(tmp_path / "plan.json")


def test_a_csv_has_a_row_a_product():
    text = io.StringIO()
    sink = CsvSink(text)
    sink.start(HEAD)
    work = item(candidate(file(), file(f"again/{NAME}.drf")))
    sink.add(product_row(work, expect_unread(work, PROFILE, NO_CAMPAIGN)[0]))
    sink.finish({})
    header, *cells = text.getvalue().split("\r\n", 1)
    assert header.split(",")[:4] == ["family", "type", "product_id", "lid"]
    assert cells[0].count(NAME) == 4
    assert "sent again" in cells[0]


# --- Against the world -----------------------------------------------------------------------------------------------


def plan_now(**changes: object) -> Plan:
    return replace(Plan(0, 0, 0, {}, (), {}, {}, 1), **changes)


def works(count: int) -> list[WorkItem]:
    return [
        replace(
            item(candidate(file(f"f{number}.drf"), base=former(1), id_=f"p{number}")),
            family=f"eps:{number}",
        )
        for number in range(count)
    ]


def document_of(path: Path, items: list[WorkItem]) -> PlanDocument:
    rows = [
        product_row(one, replace(found, is_exact=True, decisions=("same",), vids=(Vid(1, 0),)))
        for one in items
        for found in expect_unread(one, PROFILE, NO_CAMPAIGN)
    ]
    return write_plan(path, rows)


def require(document: PlanDocument, items: list[WorkItem], **changes: object) -> PlanCheck:
    check = PlanCheck(document)
    check.require(plan_now(**changes), HEAD["conditions"], items)
    return check


@given(order=st.permutations(range(5)))
def test_the_order_of_the_work_does_not_matter(tmp_path_factory, order):
    items = works(5)
    document = document_of(tmp_path_factory.mktemp("plan") / "plan.json", items)
    require(document, [items[place] for place in order])


def change(work: WorkItem, **changes: object) -> WorkItem:
    (one,) = work.candidates
    return replace(work, candidates=(replace(one, **changes),))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (lambda work: change(work, base=former(1, 1)), "present_vid 1.0 when planned, 1.1 now"),
        (lambda work: change(work, base=former(1, current=False)), "present_vid 1.0 when planned, None now"),
        (lambda work: change(work, standing=former(2)), "present_vid 1.0 when planned, 2.0 now"),
        (lambda work: change(work, sources=(file("f0.drf", 7),)), "mtime_ns 1 when planned, 7 now"),
        (
            lambda work: change(work, sources=(replace(file("f0.drf"), bytes=9),)),
            "bytes 1000 when planned, 9 now",
        ),
        (
            lambda work: change(work, sources=(replace(file("f0.drf"), version="e"),)),
            "version  when planned, e now",
        ),
        (lambda work: change(work, sources=(file("f0.drf"), file("g.drf"))), "/data/g.drf is new"),
        (lambda work: change(work, sources=()), "/data/f0.drf is gone"),
        (lambda work: replace(work, dispositions=(DISPOSITION,)), "dispositions [] when planned, ['d1'] now"),
        (lambda work: replace(work, covered_by="w.drf"), "covered_by  when planned, w.drf now"),
        (lambda work: replace(work, family="eps:x"), "family eps:0 when planned, eps:x now"),
    ],
)
def test_other_work_on_a_product_is_told(tmp_path, changed, words):
    items = works(3)
    document = document_of(tmp_path / "plan.json", items)
    with pytest.raises(PlanOutdated, match="1 difference; nothing was done") as refused:
        require(document, [changed(items[0]), *items[1:]])
    assert words in str(refused.value)
    assert ":p0: " in str(refused.value)


def test_other_counts_of_settled_files_are_told(tmp_path):
    document = document_of(tmp_path / "plan.json", [])
    with pytest.raises(PlanOutdated, match="unchanged: 0 when planned, 3 now"):
        require(document, [], settled={SourceState.UNCHANGED: 3})


def test_an_error_about_a_plan_survives_pickling():
    assert str(pickle.loads(pickle.dumps(PlanOutdated("why")))) == "why"


def test_what_came_out_otherwise_is_counted_and_the_first_told(tmp_path):
    items = works(30)
    check = require(document_of(tmp_path / "plan.json", items), items)
    outcomes = [
        Outcome(work.family, (told(work.candidates[0].product_id, SourceState.UNCHANGED),))
        for work in items[:5]
    ] + [
        Outcome(work.family, (told(work.candidates[0].product_id, SourceState.QUARANTINED, "empty"),))
        for work in items[5:]
    ]
    check.observe(items, outcomes)
    found = check.differences()
    assert len(found) == 21
    assert ":p5: planned same, version 1.0; came out quarantined, version 1.0 (empty: empty)" in found[0]
    assert found[-1] == "... and 5 more"


def test_conditions_are_compared_key_by_key():
    planned = {"a": {"x": 1, "y": "f" * 64}, "b": {"gone": "old"}}
    found = {"a": {"x": 2, "y": "e" * 64}, "c": {"come": ""}}
    assert list(different_conditions(planned, found)) == [
        "a x: 1 when planned, 2 now",
        "a y: ffffffffffff... when planned, eeeeeeeeeeee... now",
        "b gone: old when planned, none now",
        "c come: none when planned, '' now",
    ]


# --- What follows ----------------------------------------------------------------------------------------------------


@given(size=st.integers(0, 10_000), most=st.integers(1, 1000))
def test_packages_are_cut_at_the_limit(size, most):
    found = split_package(size, most)
    assert sum(found) == size
    assert found
    assert all(0 < part <= most for part in found) or found == [0]


def test_a_dry_store_is_read_and_keeps_nothing(tmp_path):
    inner = open_store(str(tmp_path))
    inner.write("a/b", b"text")
    store = pickle.loads(pickle.dumps(DryStore(inner)))
    assert put_object(store, b"new").bytes == 3
    store.write("a/b", b"other")
    for change_it in (
        lambda: store.link("a/b", "c"),
        lambda: store.copy("a/b", "c"),
        lambda: store.remove("a/b"),
        lambda: store.remove_tree("a"),
        lambda: store.compose("c", [b"x"]),
    ):
        with pytest.raises(StorageDenied, match="a plan changes nothing"):
            change_it()
    assert (store.read("a/b"), store.read_range("a/b", 1, 3), store.size("a/b")) == (b"text", b"ex", 4)
    assert store.exists("a/b")
    assert [one.name for one in store.list()] == ["a/b"] == [store.info("a/b").name]
    assert (store.root, store.is_local, store.uri("x")) == (inner.root, True, inner.uri("x"))
