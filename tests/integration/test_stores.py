"""A whole mission on stores that are no folder: in memory, and on S3 (a server of our own on the loopback interface)."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import fsspec
import pytest
from drf_integration_cli import settings
from drf_integration_trees import assert_same, catalog_rows, contents, run_states

import drf_reprocess
from drf_reprocess.testing.sample import write_sample

RUN_TIME = "2026-01-02T03:04:05Z"
TYPES = ("gnc", "imu", "pf", "sasm1")


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    """A sample of four types, with the defects that every mission has."""
    folder = tmp_path_factory.mktemp("few") / "source"
    write_sample(str(folder), scale=0.15, days=3, types=TYPES, defects="typical")
    return folder


@pytest.fixture(scope="module")
def on_disk(few, tmp_path_factory, cli):
    """The same mission on a disk: what all others must be equal to, byte for byte."""
    output = tmp_path_factory.mktemp("on_disk") / "output"
    done = cli("run", "--json", *settings(**common(few, output)))
    assert done.returncode in (0, 3), done.stderr
    return output, done


def common(source, output, **more):
    return {
        "source__uri": source,
        "output__uri": output,
        "run__time": RUN_TIME,
        "compute__site": "serial",
    } | more


def put_tree(folder: Path, uri: str, **options) -> None:
    fs, base = fsspec.core.url_to_fs(uri, **options)
    for path in folder.rglob("*"):
        if path.is_file():
            fs.pipe_file(f"{base}/{path.relative_to(folder)}", path.read_bytes())


def without_places(rows: list[dict]) -> list[dict]:
    """Rows of `products` or `quarantine`, apart from where the mission lies and which run made them."""
    return [
        {
            name: value
            for name, value in row.items()
            if name not in ("source", "data", "label", "parquet", "run_id", "message")
        }
        for row in rows
    ]


class TestMemory:
    @pytest.fixture
    def places(self, few, tmp_path):
        root = f"memory://{tmp_path.name}-{tmp_path.parent.name}"
        put_tree(few, f"{root}/source")
        yield common(f"{root}/source", f"{root}/output", catalog__url=f"sqlite:///{tmp_path}/catalog.sqlite")
        fsspec.filesystem("memory").rm(root.removeprefix("memory:/"), recursive=True)

    def test_a_whole_mission_is_the_same_bytes(self, places, on_disk, few, cli, cli_here):
        local, local_run = on_disk
        done = cli_here("run", "--json", *settings(**places), check=local_run.returncode)
        assert done.json["products"] == local_run.json["products"]
        expected = contents(local)
        assert_same(contents(places["output__uri"]), expected)
        for command in ("products", "quarantine"):
            here = cli_here(command, "--json", *settings(**places), check=0).json
            there = cli(command, "--json", *settings(**common(few, local)), check=0).json
            assert without_places(here) == without_places(there)
            assert all(row["source"].startswith(places["source__uri"]) for row in here)
        (delivery,) = done.json["deliveries"]
        verified = cli_here("verify", delivery["package"], "--json", check=0).json
        assert (verified["status"], verified["products"]) == ("ok", delivery["products"])

        again = cli_here("run", "--json", *settings(**places), check=0).json
        assert (again["deliveries"], again["bytes_in"], again["products"]["processed"]) == ([], 0, 0)
        assert_same(contents(places["output__uri"]), expected)

    def test_a_type_opens_as_one_table(self, places, on_disk, cli_here):
        cli_here("run", "--json", *settings(**places))
        ours = drf_reprocess.open_type(places["output__uri"], "gnc", "2014-11-15", "2014-11-16").collect()
        local = drf_reprocess.open_type(on_disk[0], "gnc", "2014-11-15", "2014-11-16").collect()
        assert len(ours) > 0
        assert ours.equals(local)

    @pytest.mark.parametrize("key", ["source.uri", "output.uri"])
    def test_workers_cannot_see_it(self, few, tmp_path, cli, key):
        places = common(few, tmp_path / "output", catalog__url=f"sqlite:///{tmp_path}/catalog.sqlite")
        places[key.replace(".", "__")] = "memory://somewhere"
        done = cli("run", "--json", *settings(**places | {"compute__site": "local"}), check=2)
        assert key in done.json["error"]["message"]
        assert "serial" in done.json["error"]["message"]
        assert not (tmp_path / "output").exists()


class TestS3:
    @pytest.fixture
    def options(self, s3_endpoint):
        return {"endpoint_url": s3_endpoint}

    @pytest.fixture
    def places(self, few, tmp_path, s3_bucket, options):
        put_tree(few, f"{s3_bucket}/drf/received", **options)
        return common(
            f"{s3_bucket}/drf/received",
            f"{s3_bucket}/archive/maven",
            source__options=f'{{endpoint_url = "{options["endpoint_url"]}"}}',
            output__options=f'{{client_kwargs = {{endpoint_url = "{options["endpoint_url"]}"}}}}',
            catalog__url=f"sqlite:///{tmp_path}/catalog.sqlite",
        )

    @pytest.fixture
    def run(self, cli, places, s3_environment):
        def run(command, *args, check=None, env=(), **more):
            words = [] if command == "verify" else settings(**places | more)
            return cli(command, *args, "--json", *words, env=s3_environment | dict(env), check=check)

        return run

    def check_whole_mission(self, run, places, options, on_disk, few, cli, tmp_path, **more):
        local, local_run = on_disk
        done = run("run", check=local_run.returncode, **more)
        assert done.json["products"] == local_run.json["products"]
        expected = contents(local)
        assert_same(contents(places["output__uri"], options=options), expected)
        ours = catalog_rows(tmp_path / "catalog.sqlite")
        assert len(ours["products"]) == len(catalog_rows(local / "catalog.sqlite")["products"])
        for command in ("products", "quarantine"):
            here = run(command, check=0, **more).json
            there = cli(command, "--json", *settings(**common(few, local)), check=0).json
            assert without_places(here) == without_places(there)

        modified = self.changes(places, options)
        again = run("run", check=0, **more).json
        assert (again["deliveries"], again["bytes_in"], again["products"]["processed"]) == ([], 0, 0)
        assert self.changes(places, options) == modified
        return done

    def changes(self, places, options):
        """When each object was last written, but for the folders of runs."""
        fs, base = fsspec.core.url_to_fs(places["output__uri"], use_listings_cache=False, **options)
        found = fs.find(base, detail=True)
        return {
            path: info["LastModified"] for path, info in found.items() if not path.startswith(f"{base}/runs/")
        }

    @pytest.mark.slow
    def test_a_whole_mission_is_the_same_bytes(
        self, run, places, options, on_disk, few, cli, tmp_path, s3_environment
    ):
        done = self.check_whole_mission(run, places, options, on_disk, few, cli, tmp_path)
        (delivery,) = done.json["deliveries"]
        assert delivery["package"].startswith(places["output__uri"] + "/deliveries/")
        endpoint = {"AWS_ENDPOINT_URL": options["endpoint_url"]}
        verified = run("verify", delivery["package"], env=endpoint, check=0).json
        assert (verified["status"], verified["products"]) == ("ok", delivery["products"])
        fs = fsspec.filesystem("s3", **options)
        package = bytearray(fs.cat_file(delivery["package"]))
        package[len(package) // 2] ^= 0x10
        fs.pipe_file(delivery["package"], bytes(package))
        verified = run("verify", delivery["package"], env=endpoint, check=4).json
        assert verified["faults"]

    @pytest.mark.slow
    def test_two_workers_make_the_same_bytes(self, run, places, options, on_disk, few, cli, tmp_path):
        more = {"compute__site": "local", "compute__workers": 2, "run__partition_bytes": "1 MiB"}
        done = self.check_whole_mission(run, places, options, on_disk, few, cli, tmp_path, **more)
        tasks = {stage["name"]: stage.get("tasks") for stage in done.json["stages"]}
        assert tasks["process"] > 4

    def test_received_on_s3_made_on_disk(self, run, places, on_disk, tmp_path, options, s3_bucket):
        """Received files may lie elsewhere than what is made, and no secret stays behind."""
        output = tmp_path / "output"
        done = run("run", output__uri=output, output__options="{}")
        assert done.returncode == on_disk[1].returncode, done.stderr
        assert_same(contents(output), contents(on_disk[0]))
        rows = run("products", output__uri=output, output__options="{}", check=0).json
        fs = fsspec.filesystem("s3", **options)
        for row in rows:
            received = hashlib.md5(fs.cat_file(row["source"]), usedforsecurity=False).hexdigest()
            assert received == row["source_md5"]
        kept = [
            path.read_bytes() for path in [*output.joinpath("runs").rglob("*.*"), *tmp_path.glob("*.sqlite*")]
        ]
        assert len(kept) >= 6
        told = [*kept, done.stdout.encode(), done.stderr.encode()]
        assert not any(b"PLANTED" in text or b"planted/" in text for text in told)

    @pytest.mark.slow
    def test_without_views_there_are_store_and_deliveries(self, run, places, options, on_disk, few, tmp_path):
        run("run", source__uri=few, source__options="{}", output__views="none")
        expected = contents(on_disk[0], "store", "deliveries")
        assert_same(contents(places["output__uri"], options=options), expected)

    def test_views_can_be_made_again_and_a_type_opened(self, run, places, options, on_disk, few, monkeypatch):
        more = {"source__uri": few, "source__options": "{}"}
        run("run", **more)
        fs, base = fsspec.core.url_to_fs(places["output__uri"], use_listings_cache=False, **options)
        fs.rm(f"{base}/bundle", recursive=True)
        fs.rm(f"{base}/parquet/type=gnc", recursive=True)
        fs.pipe_file(f"{base}/parquet/type=pf/stranger.parquet", b"x")
        run("publish", check=0, **more)
        assert_same(contents(places["output__uri"], options=options), contents(on_disk[0]))

        monkeypatch.setenv("AWS_ENDPOINT_URL", options["endpoint_url"])
        ours = drf_reprocess.open_type(places["output__uri"], "gnc").collect()
        assert len(ours) > 0
        assert ours.equals(drf_reprocess.open_type(on_disk[0], "gnc").collect())

    def test_a_catalog_needs_a_place_of_its_own(self, cli, few, s3_environment):
        done = cli(
            "run", "--json", *settings(**common(few, "s3://bucket/output")), env=s3_environment, check=2
        )
        assert "catalog.url" in done.json["error"]["message"]
        assert "catalog.url" in done.stderr

    def test_a_source_that_is_not_there_is_named(self, run, tmp_path):
        missing = "s3://no-such-bucket-anywhere/drf"
        done = run("run", source__uri=missing, output__uri=tmp_path / "output", output__options="{}")
        assert done.returncode == 1
        assert missing in done.json["error"]["message"]
        assert run_states(tmp_path / "catalog.sqlite") == ["failed"]
        assert contents(tmp_path / "output") == {}


def test_local_uris_are_folders(few, on_disk, tmp_path, cli):
    """`file://` names the same places as plain paths, and paths in answers are plain."""
    places = common(f"file://{few}", f"file://{tmp_path}/output")
    done = cli("run", "--json", *settings(**places))
    assert_same(contents(tmp_path / "output"), contents(on_disk[0]))
    (delivery,) = done.json["deliveries"]
    assert zipfile.is_zipfile(delivery["package"])
    moved = shutil.copytree(Path(delivery["package"]).parent, tmp_path / "taken away")
    package = next(moved.glob("*.zip"))
    assert cli("verify", f"file://{package}", "--json", check=0).json["status"] == "ok"
