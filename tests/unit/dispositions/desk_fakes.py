"""A mission without runs for tests of the desk: a catalog of lists, a store of a dictionary."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

from drf_reprocess.catalog.base import SourceRow
from drf_reprocess.errors import CatalogError
from drf_reprocess.model import RepairOptions, SourceFile, SourceState
from drf_reprocess.profiles.load import load_profile

PROFILE = load_profile("maven-anc")


def make_row(name="sci_anc_gnc15_035_035.drf", code="", **more):
    product = name.rpartition("/")[2].rpartition(".")[0].lower()
    file_type = next((one for one in PROFILE.types_by_name if f"_{one}1" in product), "")
    state = more.pop("state", SourceState.QUARANTINED if code else SourceState.PROCESSED)
    values = {
        "source": SourceFile(f"/data/{name}", name, more.pop("bytes", 100), 0),
        "state": state,
        "type": file_type,
        "product_id": product,
        "family": f"{file_type}/{product[11:21]}",
        "md5": "",
        "sha256": hashlib.sha256(name.encode()).hexdigest(),
        "code": code,
        "message": f"{name}: what is wrong" if code else "",
        "remedy": "a remedy" if code else "",
        "since": "2026-11-20T00:00:00Z",
        "run_id": "r",
    }
    return SourceRow(**values | more)


class FakeCatalog:
    def __init__(self, rows):
        self.rows = list(rows)
        self.in_force = []
        self.withdrawn = []
        self.found = {}

    def source_rows(self, *, states=None):
        wanted = None if states is None else set(states)
        return iter([row for row in self.rows if wanted is None or row.state in wanted])

    def findings(self, uri):
        return self.found.get(uri, [])

    def dispositions(self):
        return sorted(self.in_force, key=lambda one: one.when)

    def commit_dispositions(self, dispositions, at):
        known = {one.disposition_id for one in self.in_force}
        new = [one for one in dispositions if one.disposition_id not in known]
        self.in_force += new
        return len(new)

    def withdraw_disposition(self, disposition_id, who, at, reason):
        kept = [one for one in self.in_force if one.disposition_id != disposition_id]
        if len(kept) == len(self.in_force):
            raise CatalogError(disposition_id)
        self.in_force = kept
        self.withdrawn.append((disposition_id, who, at, reason))


class FakeStore:
    def __init__(self):
        self.objects = {}

    def uri(self, key):
        return f"/out/{key}"

    def exists(self, key):
        return key in self.objects

    def list(self, prefix=""):
        return iter([SourceFile(key, key, 0, 0) for key in sorted(self.objects) if key.startswith(prefix)])

    def read(self, key):
        return self.objects[key]

    def write(self, key, data):
        self.objects[key] = bytes(data)

    def write_once(self, key, data):
        self.objects.setdefault(key, bytes(data))


def make_mission(*rows):
    return SimpleNamespace(
        profile=PROFILE, catalog=FakeCatalog(rows), output=FakeStore(), repair=RepairOptions("minimal")
    )
