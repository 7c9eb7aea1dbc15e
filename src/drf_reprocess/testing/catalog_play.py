"""Writes to a catalog in any order, as a mission's life brings them: made from a seed, so that a failure comes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from drf_reprocess.catalog.base import Catalog, Change
from drf_reprocess.errors import CatalogError
from drf_reprocess.identifiers import Lidvid, Vid
from drf_reprocess.model import (
    Action,
    DeliveryState,
    Disposition,
    Event,
    ReleaseRecord,
    SourceOutcome,
    SourceState,
)
from drf_reprocess.testing.catalog_values import (
    BUNDLE,
    COLLECTION,
    FINGERPRINTS,
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

NAMES = ("p", "q", "r", "s'\"\\", "t\u00e9\u4e16\u2028")
"""Texts of files; names of products are taken from their place."""


class Play:
    """Writes to one catalog; what a catalog refuses is part of the play, and must leave nothing behind."""

    def __init__(self, catalog: Catalog, seed: int) -> None:
        self._catalog = catalog
        self._random = Random(seed)
        self._count = 0
        self.refused = 0
        self.noted: list[Change] = []
        """All changes that the catalog was told to forget."""

    def step(self) -> None:
        """Write once."""
        self._count += 1
        act: Callable[[], None] = self._random.choice(
            (
                self._process,
                self._process,
                self._process,
                self._set_aside,
                self._deliver,
                self._move,
                self._aggregate,
                self._release,
                self._dispose,
                self._adopt,
                self._tell,
                self._run,
                self._forget,
            )
        )
        try:
            act()
        except CatalogError:
            self.refused += 1

    def changes(self) -> list[Change]:
        """Return all changes that were noted since the catalog was made."""
        return [*self.noted, *self._catalog.changes()]

    def _process(self) -> None:
        name = f"product_{self._random.randrange(4)}"
        lid = COLLECTION.child(name)
        base, current = None, None
        for head in self._catalog.heads([], [lid]):
            base = head.base.vid if head.base else None
            current = head.standing.vid if head.standing else base
        vid = Vid((base or Vid(0, 0)).major + 1, 0)
        record = replace(make_product(name, vid), data=make_object(f"d{self._count}"))
        outcome = make_outcome(record, base, current)
        if self._random.random() < 0.3:
            outcome = replace(outcome, pending=self._random.choice(("staged", "held")))
        elif self._random.random() < 0.2:
            outcome = replace(outcome, expected=((lid, Vid(9, 9), Vid(9, 9)),))
        other = make_outcome(make_product(f"other_{self._count}"))
        commit(self._catalog, [other, outcome])

    def _set_aside(self) -> None:
        name = self._random.choice(NAMES)
        state = self._random.choice((SourceState.QUARANTINED, SourceState.FAILED, SourceState.IGNORED))
        outcome = SourceOutcome(make_source(name), state, code="empty", message=f"{name}\0\n: {self._count}")
        self._catalog.commit_states(RUN.run_id, RUN.run_time, FINGERPRINTS, [outcome])

    def _deliver(self) -> None:
        rows = list(self._catalog.products())
        record = self._random.choice(rows).record if rows else make_product("nothing")
        state = self._random.choice((DeliveryState.PLANNED, DeliveryState.PACKED))
        made = deliver(self._catalog, record, state)
        if state is DeliveryState.PLANNED and self._random.random() < 0.5:
            self._catalog.complete_delivery(replace(made, package_bytes=99))

    def _move(self) -> None:
        deliveries = self._catalog.deliveries()
        if deliveries:
            delivery = self._random.choice(deliveries)
            if self._random.random() < 0.3:
                self._catalog.forget_delivery(delivery.delivery_id)
            else:
                move(self._catalog, delivery, delivery.state, self._random.choice(list(DeliveryState)))

    def _aggregate(self) -> None:
        now = self._catalog.current_aggregates().get(COLLECTION)
        vid = now.lidvid.vid.next_minor() if now else Vid(1, 0)
        expected = {COLLECTION: now.lidvid.vid if now else None}
        record = make_aggregate(COLLECTION, "collection", vid)
        left = [COLLECTION] if self._random.random() < 0.2 else []
        self._catalog.commit_aggregates(RUN.run_id, [] if left else [record], expected, left)

    def _release(self) -> None:
        number = self._random.randrange(1, 4)
        release_id = f"maven_anc_r{number:03d}"
        if self._random.random() < 0.5:
            self._catalog.acknowledge_review(release_id, RUN.run_time, "seen")
        version = Lidvid(BUNDLE, Vid(1, number))
        self._catalog.commit_release(
            ReleaseRecord(
                release_id,
                BUNDLE,
                number,
                RUN.run_id,
                RUN.run_time,
                "release",
                "",
                version,
                "b" * 32,
                ("new",),
            )
        )

    def _dispose(self) -> None:
        name = f"d{self._random.randrange(3)}"
        if self._random.random() < 0.4:
            self._catalog.withdraw_disposition(name, "B", RUN.run_time, "good after all")
        decision = Disposition(name, Action.EXCLUDE, "gnc", "p", "s" * 64, "p.drf", "A", RUN.run_time, "bad")
        self._catalog.commit_dispositions([decision], RUN.run_time)

    def _adopt(self) -> None:
        record = replace(make_product(f"adopted_{self._random.randrange(3)}", Vid(2, 0)), adopted=True)
        number = self._catalog.next_delivery_number(BUNDLE)
        delivery = replace(make_delivery(number, DeliveryState.ACCEPTED), format="adopted")
        self._catalog.commit_adoption(RUN.run_id, RUN.run_time, [record], [], delivery)

    def _tell(self) -> None:
        self._catalog.add_events([Event("told", self._random.choice(NAMES))], RUN.run_time)

    def _run(self) -> None:
        run_id = f"run-{self._random.randrange(3)}"
        if run_id in {run.run_id for run in self._catalog.runs()}:
            self._catalog.finish_run(
                run_id, "success", RUN.run_time, {"n": self._count, "words": list(NAMES)}
            )
        else:
            self._catalog.start_run(replace(RUN, run_id=run_id, config={"share": 0.1, "name": NAMES[-1]}))

    def _forget(self) -> None:
        waiting = list(self._catalog.changes())
        cut = waiting[: self._random.randrange(len(waiting) + 1)]
        if cut:
            self.noted += cut
            self._catalog.forget_changes(cut[-1].position)
