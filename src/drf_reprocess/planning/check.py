"""A plan against the world: before the run whether it still holds, after it what came out otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from drf_reprocess.errors import ConfigurationError, PlanOutdated
from drf_reprocess.model import Outcome, SourceState, WorkItem
from drf_reprocess.planning.conditions import Conditions, different_conditions
from drf_reprocess.planning.document import PlanDocument, Row, find_row_fault, set_aside_row, work_row
from drf_reprocess.planning.expectation import expect
from drf_reprocess.stages.plan import Plan

MOST = 20
"""So many differences are told; all are counted."""

WORK = ("family", "lid", "present_vid", "base_vid", "sources", "dispositions", "covered_by")
"""Keys of a row by which work is the same."""

REFUSED = ("bytes", "mtime_ns", "version", "code")
"""Keys of a file set aside unread by which it is the same."""


class _Expected(NamedTuple):
    decision: str
    vid: str | None


class _Differences:
    """Counts differences, and keeps the first of them in words."""

    def __init__(self) -> None:
        self.count = 0
        self.told: list[str] = []

    def add(self, words: str) -> None:
        self.count += 1
        if len(self.told) < MOST:
            self.told.append(words)

    def lines(self) -> list[str]:
        more = self.count - len(self.told)
        return [*self.told, *([f"... and {more} more"] if more else [])]


class PlanCheck:
    """Holds a plan against what is found now, and against what becomes of it.

    Of each product of the plan it keeps two digests and what was expected, no more.
    """

    def __init__(self, document: PlanDocument) -> None:
        self._document = document
        self._expected: dict[bytes, _Expected] = {}
        """By product, where it is known exactly."""
        self._outcomes = _Differences()

    def require(self, found: Plan, conditions: Conditions, items: Iterable[WorkItem]) -> None:
        """See that the plan made anew, ``found``, is this one.

        Parameters
        ----------
        found
            The plan as it is made now.
        items
            Its work, in any order.

        Raises
        ------
        PlanOutdated
            If anything is not as it was; the message tells the first differences and their number.
        """
        facts, differences = self._document.facts, _Differences()
        for words in different_conditions(facts["conditions"], conditions):
            differences.add(words)
        for words in self._compare_listing(facts, found):
            differences.add(words)
        self._compare_work(items, differences)
        if differences.count:
            lines = "\n".join(f"  {line}" for line in differences.lines())
            count = "1 difference" if differences.count == 1 else f"{differences.count} differences"
            raise PlanOutdated(
                f"the plan {self._document.path} of {self._document.run_time} does not hold any more, "
                f"{count}; nothing was done; make it again with `plan --to FILE`:\n{lines}"
            )

    def _compare_listing(self, facts: Mapping[str, Any], found: Plan) -> Iterator[str]:
        planned = {row["source"]: row for row in facts["to_set_aside"]}
        now = {row["source"]: row for row in map(set_aside_row, found.set_aside)}
        for uri in sorted({*planned, *now}):
            if uri not in now:
                yield f"{uri}: was to be set aside as {planned[uri]['code']}; it is gone, settled or to be worked on now"
            elif uri not in planned:
                yield f"{uri}: not in the plan; it is to be set aside as {now[uri]['code']}"
            else:
                yield from _changes(uri, planned[uri], now[uri], REFUSED)
        settled = {str(state): count for state, count in found.settled.items()}
        for state in map(str, SourceState):
            before, after = facts["settled"].get(state, 0), settled.get(state, 0)
            if before != after:
                yield f"files of which nothing is new, {state}: {before} when planned, {after} now"

    def _compare_work(self, items: Iterable[WorkItem], differences: _Differences) -> None:
        """Compare the products without regard to their order, by digest; only those that differ are kept."""
        planned = {}
        for row in self._document.rows():
            if fault := find_row_fault(row):
                raise ConfigurationError(
                    f"{self._document.path} is no plan: a product {fault}; `plan --to FILE` writes one"
                )
            try:
                planned[_key(row["lid"])] = _digest(row)
                if row["exact"]:
                    self._expected[_key(row["lid"])] = _Expected(row["decision"], row["expected_vid"])
            except KeyError as error:
                raise ConfigurationError(
                    f"{self._document.path}: a product without {error}: no plan"
                ) from error
        now: dict[str, Row] = {}
        for item in items:
            for candidate in item.candidates:
                row = work_row(item, candidate)
                key = _key(row["lid"])
                if planned.get(key) == _digest(row):
                    del planned[key]
                else:
                    now[row["lid"]] = row
        for row in self._document.rows() if planned else ():
            if _key(row["lid"]) in planned:
                differences.add(_tell(row, now.pop(row["lid"], None)))
        for lid, row in now.items():
            differences.add(f"{lid}: not in the plan; {_tell_sources(row['sources'])}")

    def observe(self, items: Sequence[WorkItem], outcomes: Sequence[Outcome]) -> None:
        """Compare what became of products with what was expected where it was known exactly."""
        for item, outcome in zip(items, outcomes, strict=True):
            for found in expect(item, outcome):
                expected = self._expected.get(_key(str(found.lid)))
                if expected is not None and expected != (found.decision, found.expected_vid):
                    why = f" ({found.code}: {found.message})" if found.code else ""
                    self._outcomes.add(
                        f"{found.lid}: planned {expected.decision}, version {expected.vid or 'none'}; came out "
                        f"{found.decision}, version {found.expected_vid or 'none'}{why}"
                    )

    def differences(self) -> list[str]:
        """Return in words which products came out otherwise than was expected for certain: the first, and how many more."""
        return self._outcomes.lines()


def _key(lid: str) -> bytes:
    return hashlib.blake2b(lid.encode(), digest_size=16).digest()


def _digest(row: Row) -> bytes:
    work = [row[key] for key in WORK]
    return hashlib.blake2b(json.dumps(work, sort_keys=True).encode(), digest_size=16).digest()


def _tell(planned: Row, now: Row | None) -> str:
    """Say how a product's work differs from what was planned."""
    if now is None:
        return f"{planned['lid']}: in the plan, but no work any more; {_tell_sources(planned['sources'])}: gone, or settled"
    before = {source["uri"]: source for source in planned["sources"]}
    after = {source["uri"]: source for source in now["sources"]}
    words = [f"{uri} is gone" for uri in before if uri not in after]
    words += [f"{uri} is new" for uri in after if uri not in before]
    for uri in before:
        if uri in after:
            words += _changes(uri, before[uri], after[uri], ("bytes", "mtime_ns", "version"))
    words += _changes(
        "its work", planned, now, ("family", "present_vid", "base_vid", "dispositions", "covered_by")
    )
    return f"{planned['lid']}: {'; '.join(words) or 'other work'}"


def _changes(what: str, planned: Row, now: Row, keys: Sequence[str]) -> list[str]:
    changed = [
        f"{key} {planned.get(key)} when planned, {now.get(key)} now"
        for key in keys
        if planned.get(key) != now.get(key)
    ]
    return [f"{what}: {', '.join(changed)}"] if changed else []


def _tell_sources(sources: Sequence[Row]) -> str:
    return ", ".join(str(source["uri"]) for source in sources) or "no file received"
