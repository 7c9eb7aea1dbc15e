"""Release: fix, once for each bundle, what goes out and under which number, and whether it must be reviewed first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.identifiers import Lid
from drf_reprocess.model import AggregateRecord, ReleaseRecord
from drf_reprocess.profiles.model import Bundle, Profile


@dataclass(frozen=True, slots=True)
class ReleaseContext:
    """Who releases, why and for whom."""

    receiver: str
    run_id: str
    run_time: str
    mode: str
    reason: str


_NUMBER = re.compile(r"\brelease\s*#?\s*([0-9]{1,4})\b", re.IGNORECASE)


def release_numbers(catalog: Catalog, profile: Profile) -> dict[Lid, int]:
    """Return the number that the next release of each bundle has.

    A bundle that was adopted goes on from the highest number that its history tells, else from its count of entries.
    """
    bases = catalog.aggregate_bases()
    return {
        bundle.lid: max(catalog.next_release_number(bundle.lid), _count_releases(bases.get(bundle.lid)) + 1)
        for bundle in profile.bundles
    }


def _count_releases(bundle: AggregateRecord | None) -> int:
    if bundle is None:
        return 0
    told = [int(number) for entry in bundle.history for number in _NUMBER.findall(entry.description)]
    return max(told, default=len(bundle.history))


def is_due(catalog: Catalog, bundle: Bundle, receiver: str) -> bool:
    """Tell whether the receiver lacks anything of a bundle."""
    return bool(
        catalog.undelivered_days(bundle.lid, receiver) or catalog.undelivered_aggregates(bundle.lid, receiver)
    )


def release(
    catalog: Catalog, profile: Profile, numbers: Mapping[Lid, int], context: ReleaseContext
) -> dict[Lid, str]:
    """Record the release of each bundle of which the receiver lacks something; return its id by bundle.

    What was released before and comes again, because it was rejected or goes to another receiver, stays in its release.
    """
    found: dict[Lid, str] = {}
    former = {(record.bundle, record.bundle_md5): record.release_id for record in catalog.releases()}
    heads = catalog.current_aggregates()
    for bundle in profile.bundles:
        head = heads.get(bundle.lid)
        if head is None or not is_due(catalog, bundle, context.receiver):
            continue
        if (head.lidvid, head.label.md5) in former:
            found[bundle.lid] = former[head.lidvid, head.label.md5]
            continue
        record = ReleaseRecord(
            release_id=_release_id(bundle, numbers[bundle.lid]),
            bundle_lid=bundle.lid,
            number=numbers[bundle.lid],
            run_id=context.run_id,
            run_time=context.run_time,
            mode=context.mode,
            reason=context.reason,
            bundle=head.lidvid,
            bundle_md5=head.label.md5,
            review=tuple(_reasons_for_review(catalog, bundle)),
        )
        catalog.commit_release(record)
        found[bundle.lid] = record.release_id
    return found


def _release_id(bundle: Bundle, number: int) -> str:
    return f"{bundle.stem}_r{number:03d}"


def _reasons_for_review(catalog: Catalog, bundle: Bundle) -> Iterator[str]:
    """Tell which collections get products of a structure that they did not have before (SIS 4.2)."""
    for collection in bundle.collections:
        known = catalog.released_structures(collection.lid)
        if not known:
            continue
        for structure, example in sorted(catalog.unreleased_structures(collection.lid).items()):
            if structure not in known:
                yield (
                    f"{collection.lid}: products such as {example.last} have a record structure, fields or information "
                    "model that no released product of the collection has"
                )
