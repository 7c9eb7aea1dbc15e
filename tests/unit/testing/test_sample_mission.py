from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date
from pathlib import Path

import fsspec
import pytest

from drf_reprocess.errors import ConfigurationError
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.testing.defects import ALL, FILE_DEFECTS, STRAY_DEFECTS, TYPICAL
from drf_reprocess.testing.faults import FailOnCall
from drf_reprocess.testing.sample import SampleFile, SampleReport, write_sample

SMALL = 0.002


def contents(root: Path) -> dict[str, bytes]:
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def by_defect(report: SampleReport) -> dict[str, SampleFile]:
    return {entry.defects[0]: entry for entry in report.entries if entry.defects}


def test_a_default_sample_has_all_types_and_the_report_lists_what_was_written(tmp_path: Path) -> None:
    report = write_sample(str(tmp_path), scale=SMALL)
    written = contents(tmp_path)
    assert {entry.path: entry.bytes for entry in report.entries} == {k: len(v) for k, v in written.items()}
    assert report.files == len(written)
    assert report.bytes == sum(map(len, written.values()))
    assert {entry.type for entry in report.entries} == set(load_profile("maven-anc").types_by_name)
    assert Counter(entry.type for entry in report.entries)["gnc"] == 3
    assert all(not entry.defects and not entry.variant for entry in report.entries)
    parsed = json.loads(json.dumps(report.to_json()))
    assert parsed["files"] == report.files
    assert parsed["entries"][0]["path"] == report.entries[0].path


def test_records_of_the_report_are_lines_after_the_header(tmp_path: Path) -> None:
    report = write_sample(str(tmp_path), scale=SMALL, days=1)
    for entry in report.entries:
        lines = (tmp_path / entry.path).read_bytes().count(b"\r\n")
        assert entry.records == lines - (1 if entry.type == "imu" else 4)


@pytest.mark.parametrize("variants", ["usual", "all"])
def test_names_match_the_profile_and_give_the_type(tmp_path: Path, variants: str) -> None:
    profile = load_profile("maven-anc")
    report = write_sample(str(tmp_path), start=date(2014, 12, 28), days=8, scale=SMALL, variants=variants)
    names = [entry.path.rpartition("/")[2] for entry in report.entries]
    assert len(set(names)) == len(names)
    for entry, name in zip(report.entries, names, strict=True):
        types = [t.name for t in profile.types if any(p.compiled.fullmatch(name) for p in t.names)]
        assert types == [entry.type], name
        assert entry.path.split("/")[0] == entry.type
    assert any("_365_001" in name for name in names)
    assert (
        "gnc/2015/sci_anc_gnc14_365_001.drf" in {entry.path for entry in report.entries} or variants == "all"
    )
    if variants == "all":
        text = " ".join(names)
        for part in ("_manual.drf", "mvn_pte", "_14_", "_2014_", ".dat", "usm114"):
            assert part in text


def test_files_do_not_depend_on_the_days_and_types_asked_for(tmp_path: Path) -> None:
    options = {"scale": SMALL, "variants": "all", "defects": "typical", "seed": 5}
    write_sample(str(tmp_path / "a"), start=date(2014, 12, 3), days=6, **options)  # type: ignore[arg-type]
    write_sample(str(tmp_path / "b"), start=date(2014, 12, 5), days=2, types=["pf", "imu"], **options)  # type: ignore[arg-type]
    whole, part = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert part
    assert part.items() <= whole.items()


def test_a_seed_gives_the_same_bytes_in_another_process_and_another_seed_others(tmp_path: Path) -> None:
    def digest(root: Path) -> str:
        return hashlib.sha256(repr(sorted(contents(root).items())).encode()).hexdigest()

    options = "start=date(2015,6,29), days=2, scale=0.002, variants='all', defects='all'"
    code = f"from datetime import date; from drf_reprocess.testing.sample import write_sample; write_sample(%r, {options}, seed=%d)"
    digests = []
    for k, (hash_seed, seed) in enumerate((("1", 7), ("2", 7), ("3", 8))):
        root = tmp_path / str(k)
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        subprocess.run([sys.executable, "-c", code % (str(root), seed)], check=True, env=environment)
        digests.append(digest(root))
    assert digests[0] == digests[1] != digests[2]


def test_each_defect_occurs_under_all_and_good_files_remain(tmp_path: Path) -> None:
    report = write_sample(str(tmp_path), scale=SMALL, defects="all")
    assert Counter(defect for entry in report.entries for defect in entry.defects) == dict.fromkeys(ALL, 1)
    good = [entry for entry in report.entries if not entry.defects]
    assert len(good) >= 9 + 5


def test_typical_defects_are_a_few_among_good_files(tmp_path: Path) -> None:
    report = write_sample(str(tmp_path), scale=SMALL, days=14, defects="typical")
    seen = Counter(defect for entry in report.entries for defect in entry.defects)
    assert set(seen) <= set(TYPICAL)
    assert len(seen) > 8
    assert 0.1 < seen.total() / report.files < 0.25
    assert write_sample(str(tmp_path), scale=SMALL, days=3, defects="typical").entries != ()


def test_defects_are_in_the_bytes_of_the_files_the_report_names(tmp_path: Path) -> None:
    report = write_sample(str(tmp_path), scale=SMALL, defects="all", seed=1)
    clean = write_sample(str(tmp_path / "clean"), scale=SMALL, seed=1)
    sizes = {entry.path: entry for entry in clean.entries}
    found = by_defect(report)
    for defect, entry in found.items():
        data = (tmp_path / entry.path).read_bytes()
        if defect in FILE_DEFECTS:
            assert data != (tmp_path / "clean" / entry.path).read_bytes(), defect
        if defect.startswith("header-line-missing"):
            assert entry.records == sizes[entry.path].records
            assert len(data) < sizes[entry.path].bytes

    def read(defect: str) -> bytes:
        return (tmp_path / found[defect].path).read_bytes()

    assert not read("truncated-tail").endswith(b"\n")
    assert len(read("truncated-tail-7").split(b"\n")[-1]) == 7
    assert b"\r" not in read("line-ends-lf")
    assert 0 < read("line-ends-mixed").count(b"\r\n") < read("line-ends-mixed").count(b"\n")
    assert b"*****" in read("damaged-stars")
    assert any(byte > 127 for byte in read("damaged-non-ascii"))
    assert b"\0" in read("damaged-null-bytes")
    assert read("byte-order-mark").startswith(b"\xef\xbb\xbf")
    assert read("control-z-tail").endswith(b"\x1a")
    assert b"\n\r\n" in read("empty-lines")
    assert b"NEW_CH" in read("renamed-channel")
    lines = read("duplicate-records").splitlines()
    assert len(lines) - len(set(lines)) == 1
    records = read("records-out-of-order").splitlines()[4:]
    assert records != sorted(records)
    assert (
        sorted(records)
        == (tmp_path / "clean" / found["records-out-of-order"].path).read_bytes().splitlines()[4:]
    )
    assert len({len(line) for line in read("damaged-short-record").splitlines()[4:]}) == 2


def test_extra_files_stand_beside_good_ones(tmp_path: Path) -> None:
    report = write_sample(str(tmp_path), scale=SMALL, defects="all", seed=2)
    found = by_defect(report)
    copy = found["identical-copy"].path
    assert copy.startswith("copies/")
    assert (tmp_path / copy).read_bytes() == (tmp_path / copy.removeprefix("copies/")).read_bytes()
    again = found["resent"].path
    assert again.startswith("resent/")
    newer, older = (tmp_path / again), (tmp_path / again.removeprefix("resent/"))
    assert newer.read_bytes() != older.read_bytes()
    assert newer.stat().st_mtime_ns >= older.stat().st_mtime_ns
    assert (tmp_path / found["stray-empty"].path).read_bytes() == b""
    assert gzip.decompress((tmp_path / found["stray-gzip"].path).read_bytes())
    header = (tmp_path / found["stray-header-only"].path).read_bytes()
    assert header.count(b"\r\n") in (1, 4)
    assert all(found[stray].records == 0 for stray in STRAY_DEFECTS)


def test_gigabyte_samples_go_anywhere_fsspec_goes() -> None:
    report = write_sample("memory://samples/one", scale=SMALL, days=1, types=["gnc"])
    system = fsspec.filesystem("memory")
    assert system.cat_file(f"/samples/one/{report.entries[0].path}")[:20] == b" " * 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"types": ["gnc", "xyz"]}, "no sample files of type xyz"),
        ({"defects": "many"}, "defects of a sample is 'many'; expected one of none, typical, all"),
        ({"variants": "some"}, "variants of a sample is 'some'"),
        ({"days": 0}, "at least one day"),
        ({"scale": 0.0}, "scale above 0"),
    ],
)
def test_wrong_options_are_named(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        write_sample(str(tmp_path), **options)  # type: ignore[arg-type]


def test_fail_on_call_fails_at_the_calls_it_was_told() -> None:
    function = FailOnCall(abs, OSError("no more"), 2)
    assert function(-1) == 1
    with pytest.raises(OSError, match="no more"):
        function(-1)
    assert function(-2) == 2
    assert function.calls == 3
