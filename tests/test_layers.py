"""Imports go one way: each part of the package imports only what stands above it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "drf_reprocess"

BASE = {"errors", "identifiers", "model", "digests"}
PURE = {"drf", "tables", "pds4", "versions", "archives"}
EFFECTS = {"storage", "catalog", "compute"}
DRIVERS = {"pipeline", "planning", "dispositions", "ledger", "adoption", "recovery"}
FLOW = BASE | {"md5_lanes", "profiles"} | PURE | EFFECTS | {"reprocess", "stages"}

ALLOWED = {
    "errors": set(),
    "identifiers": set(),
    "model": {"identifiers"},
    "digests": {"model"},
    "compiled": set(),
    "md5_lanes": {"compiled", "model"},
    "profiles": BASE,
    "config": {"errors"},
    **{part: BASE | {"profiles"} for part in PURE},
    "drf": BASE | {"profiles", "compiled"},
    **dict.fromkeys(EFFECTS, BASE),
    "reprocess": BASE | {"profiles"} | PURE,
    "observer": set(),
    "dataset": {"errors"},
    "stages": FLOW,
    "journal": BASE | EFFECTS,
    "lock": BASE | EFFECTS,
    "mission": FLOW | {"config", "journal", "lock"},
    "runfolder": BASE | EFFECTS,
    "runs": {"config"},
    "planning": FLOW | {"config", "mission", "observer"},
    "pipeline": FLOW | {"config", "mission", "observer", "planning", "runfolder", "runs", "journal"},
    "dispositions": FLOW | {"config", "mission"},
    "ledger": FLOW | {"config", "mission"},
    "adoption": FLOW | {"config", "mission", "observer", "runfolder", "runs"},
    "recovery": FLOW | {"config", "journal", "lock", "mission", "observer", "runfolder"},
    "reports": FLOW | {"config", "mission", "runs", "dispositions", "ledger"},
    "cli": FLOW | DRIVERS | {"config", "mission", "observer", "reports", "runs", "testing"},
    "testing": FLOW,
    "__init__": FLOW | {"api", "dataset"},
    "api": FLOW,
    "__main__": {"cli"},
}

ONLY_IN = {
    "dask": {"compute"},
    "distributed": {"compute"},
    "sqlalchemy": {"catalog"},
    "fsspec": {"storage", "dataset"},
    "typer": {"cli"},
    "rich": {"cli"},
}


def part_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            if node.module == "drf_reprocess":
                found |= {f"drf_reprocess.{alias.name}" for alias in node.names}
    return found


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    part = part_of(path)
    used = {name.split(".")[1] for name in imports(path) if name.startswith("drf_reprocess.")}
    assert used - {part} <= ALLOWED[part]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_with_effects_stay_where_they_belong(path):
    if part_of(path) == "testing":
        return
    for name in imports(path):
        parts = ONLY_IN.get(name.split(".")[0])
        assert parts is None or part_of(path) in parts, f"{name} is imported outside {parts}"


def test_pure_parts_ask_no_clock_and_no_environment():
    for path in MODULES:
        if part_of(path) in PURE | {"reprocess", "model"}:
            text = path.read_text()
            for word in ("datetime.now(", "time.time(", "os.environ", "print("):
                assert word not in text, f"{path}: {word}"
