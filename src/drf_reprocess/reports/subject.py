"""Whose life is asked for: what a LID, a LIDVID, a product id or a file name leads to."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from drf_reprocess.catalog.base import Catalog, SourceRow
from drf_reprocess.errors import ConfigurationError
from drf_reprocess.identifiers import Lid
from drf_reprocess.profiles.model import Profile

MAX_NEAR = 5
"""Names that are proposed where one is unknown."""
MAX_COMPARED = 2000
"""Names among which the nearest are sought."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A product, a collection, a bundle, or a received file that claims no product."""

    kind: str
    """``product``, ``collection``, ``bundle`` or ``file``."""
    lid: Lid | None
    """None of a file that never made a product, and of a product id without a type."""
    product_id: str = ""
    files: tuple[SourceRow, ...] = ()
    """Of a file: its rows."""


def find_subject(catalog: Catalog, profile: Profile, name: str) -> Subject:
    """Return what a LID, a LIDVID, a product id, or the name, path or URI of a received file leads to.

    Raises
    ------
    ConfigurationError
        If it leads to nothing that the catalog knows, with the nearest names, or to more than one product.
    """
    text = name.strip()
    lid = _as_lid(text.partition("::")[0])
    if lid is not None:
        found = _by_lid(catalog, profile, lid)
    else:
        found = _by_product_id(catalog, profile, text.lower()) or _by_file(catalog, profile, text)
    if found is None:
        raise ConfigurationError(f"the catalog knows nothing of {name!r}{_propose(catalog, text, lid)}")
    return found


def _as_lid(text: str) -> Lid | None:
    try:
        return Lid(text)
    except ValueError:
        return None


def _by_lid(catalog: Catalog, profile: Profile, lid: Lid) -> Subject | None:
    aggregates = catalog.aggregate_versions(lid)
    if aggregates:
        return Subject(aggregates[-1].record.kind, lid)
    is_known = lid in catalog.lids_of(lid.last) or lid == _claimed_lid(
        profile, catalog.files_of((), lid.last)
    )
    return Subject("product", lid, lid.last) if is_known else None


def _by_product_id(catalog: Catalog, profile: Profile, product_id: str) -> Subject | None:
    lids = catalog.lids_of(product_id)
    if len(lids) > 1:
        raise ConfigurationError(
            f"{product_id!r} is the id of {len(lids)} products; give a LID: {', '.join(map(str, lids))}"
        )
    if lids:
        return Subject("product", lids[0], product_id)
    files = catalog.files_of((), product_id) if product_id else []
    return Subject("product", _claimed_lid(profile, files), product_id) if files else None


def _by_file(catalog: Catalog, profile: Profile, name: str) -> Subject | None:
    files = catalog.files_named(name) if name else []
    if not files:
        return None
    claimed = {row.product_id for row in files}
    if len(claimed) > 1:
        raise ConfigurationError(
            f"{name!r} is the name of {len(files)} files; give one of them whole: "
            + ", ".join(row.source.uri for row in files[:MAX_NEAR])
        )
    product_id = claimed.pop()
    if product_id:
        return _by_product_id(catalog, profile, product_id)
    return Subject("file", None, files=tuple(files))


def _claimed_lid(profile: Profile, files: list[SourceRow]) -> Lid | None:
    """Return the LID that a product of these files would have, though none was ever made."""
    for row in files:
        if row.type in profile.placement:
            _, collection = profile.placement[row.type]
            return collection.lid.child(row.product_id)
    return None


def _propose(catalog: Catalog, text: str, lid: Lid | None) -> str:
    """Name what is near: by the product id of a LID, by the stem of a file name."""
    told = text.rpartition("/")[2].lower()
    asked = [str(lid), lid.last] if lid is not None else [told.rpartition(".")[0] or told, told]
    near: list[str] = []
    for name in asked:
        compared = catalog.names_like(name, MAX_COMPARED)
        near += [one for one in difflib.get_close_matches(name, compared, MAX_NEAR, 0.5) if one not in near]
    if not near:
        return "; `products` and `quarantine` list what it knows"
    return f"; near it: {', '.join(near[:MAX_NEAR])}"
