from __future__ import annotations

import json
import pickle
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drf_reprocess.config.explain import explain
from drf_reprocess.config.load import load_config, public_dict
from drf_reprocess.config.model import Config
from drf_reprocess.config.values import is_secret_name, read_size, show_size
from drf_reprocess.errors import ConfigurationError

PLACES = ("source.uri=in", "output.uri=out")
CONFIGS = sorted((Path(__file__).parents[3] / "configs").glob("*.toml"))


def load(*overrides: str, path: Path | None = None, **environ: str) -> Config:
    return load_config(str(path) if path else None, [*PLACES, *overrides], environ)


def problems(*overrides: str, path: Path | None = None, **environ: str) -> list[str]:
    with pytest.raises(ConfigurationError) as raised:
        load(*overrides, path=path, **environ)
    return str(raised.value).splitlines()


class TestPrecedence:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        path = tmp_path / "mission.toml"
        path.write_text('[repair]\nmax_leading = 1\nmax_damaged = 1\npolicy = "never"\n')
        return path

    def test_defaults_then_file_then_environment_then_set(self, file):
        config = load(
            "repair.policy=archive-2020", path=file, DRF_REPAIR__MAX_DAMAGED="2", DRF_REPAIR__POLICY="minimal"
        )
        assert config.repair.max_leading == 1
        assert config.repair.max_damaged == 2
        assert config.repair.policy == "archive-2020"
        assert config.package.format == "zip"

    def test_no_file_is_needed(self):
        config = load_config(None, [], {"DRF_SOURCE__URI": "a", "DRF_OUTPUT__URI": "b"})
        assert (config.source.uri, config.output.uri) == ("a", "b")

    def test_the_documented_defaults(self):
        config = load()
        assert config.mission.profile == "maven-anc"
        assert config.run.max_file_bytes == 64 * 2**20
        assert config.run.partition_bytes == 48 * 2**20
        assert config.compute.memory_limit == 2 * 2**30
        assert config.package.max_bytes < 2**32
        assert config.run.time is None
        assert config.compute.workers is None

    def test_of_one_key_set_twice_the_later_counts(self):
        assert load("run.reason=a", "run.reason=b").run.reason == "b"

    def test_options_of_all_layers_are_merged(self, tmp_path):
        path = tmp_path / "mission.toml"
        path.write_text('[source]\noptions = { anon = true, client_kwargs = { region_name = "eu" } }\n')
        config = load(
            "source.options.client_kwargs.endpoint_url=http://localhost:9000",
            path=path,
            DRF_SOURCE__OPTIONS__ANON="false",
        )
        assert config.source.options == {
            "anon": False,
            "client_kwargs": {"region_name": "eu", "endpoint_url": "http://localhost:9000"},
        }

    def test_foreign_variables_are_left_alone(self):
        assert load(DRF_HOME="x", PATH="/bin", DRFSOURCE__URI="y").source.uri == "in"


class TestValues:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2014", "2014"),
            ("true", "true"),
            ('"two words"', "two words"),
            ("two words", "two words"),
            ("a=b", "a=b"),
            ("1\nother = 2", "1\nother = 2"),
        ],
    )
    def test_texts_stay_texts(self, text, expected):
        assert load(f"run.reason={text}").run.reason == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1000", 1000),
            ("64 MiB", 64 * 2**20),
            ("64MiB", 64 * 2**20),
            ("1.5 KiB", 1536),
            ("5 MB", 5_000_000),
        ],
    )
    def test_sizes(self, text, expected):
        assert load(f"run.max_file_bytes={text}").run.max_file_bytes == expected

    @given(st.integers(min_value=1, max_value=2**45))
    def test_sizes_shown_are_read_as_they_were(self, size):
        shown = show_size(size)
        assert (int(shown) if shown.isdecimal() else read_size(shown)) == size

    @pytest.mark.parametrize(
        "text", ['"64"', "64 parsecs", "MiB", "-1 MiB", "0.1 B", "0", "-5", "1.5", "true"]
    )
    def test_other_sizes_are_refused(self, text):
        (problem,) = problems(f"run.max_file_bytes={text}")
        assert problem.startswith("run.max_file_bytes = ")
        assert "expected a number of bytes, or a text with a unit such as 64 MiB" in problem

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("2026-11-21T00:00:00Z", "2026-11-21T00:00:00Z"),
            ('"2026-11-21T00:00:00Z"', "2026-11-21T00:00:00Z"),
            ("2026-11-21T01:30:00+01:30", "2026-11-21T00:00:00Z"),
        ],
    )
    def test_moments(self, text, expected):
        assert load(f"run.time={text}").run.time == expected

    @pytest.mark.parametrize(
        "text", ["2026-11-21", "2026-11-21T00:00:00", "2026-11-21T00:00:00.5Z", "today", "5"]
    )
    def test_other_moments_are_refused(self, text):
        (problem,) = problems(f"run.time={text}")
        assert "run.time" in problem
        assert "as 2026-11-21T00:00:00Z" in problem

    def test_dates_of_toml_are_moments_too(self, tmp_path):
        path = tmp_path / "mission.toml"
        path.write_text("[run]\ntime = 2026-11-21T00:00:00Z\n")
        assert load(path=path).run.time == "2026-11-21T00:00:00Z"

    def test_the_configuration_is_frozen(self):
        config = load()
        with pytest.raises(ValueError, match="frozen"):
            config.run.reason = "another"  # type: ignore[misc]

    def test_equal_and_picklable(self):
        assert pickle.loads(pickle.dumps(load())) == load()


class TestProblems:
    def test_every_problem_is_told_at_once_with_key_value_and_origin(self, tmp_path):
        path = tmp_path / "mission.toml"
        path.write_text(
            'mision = 1\nrun = 5\n[source]\nsettle_s = "soon"\n[package]\nby = "week"\nzip = true\n'
        )
        told = problems(
            "compute.workers=0",
            "compute.site=moon",
            "sourceuri",
            path=path,
            DRF_REPAIR__MAX_LEADING="many",
            DRF_REPAIR__MAX_LAEDING="5",
            DRF_SOURCE_URI="elsewhere",
            DRF_SORCE__URI="elsewhere",
        )
        assert told[0] == "12 problems in the configuration:"
        assert len(told) == 13
        text = "\n".join(told)
        for expected in (
            f"run = 5 (file {path}): expected a section [run]",
            f"unknown key mision (file {path}): did you mean mission?",
            f"source.settle_s = 'soon' (file {path}): expected number, at least 0",
            f'package.by = \'week\' (file {path}): expected "delivery" | "month" | "run"',
            f"unknown key package.zip (file {path}): expected one of package.by",
            "compute.workers = 0 (--set compute.workers): expected whole number, at least 1",
            'compute.site = \'moon\' (--set compute.site): expected "local" | "address" | "serial"',
            "--set sourceuri: expected section.key=value",
            "repair.max_leading = 'many' (environment variable DRF_REPAIR__MAX_LEADING): expected whole number",
            "unknown key repair.max_laeding (environment variable DRF_REPAIR__MAX_LAEDING): did you mean max_leading?",
            "unknown key sorce (environment variable DRF_SORCE__URI): did you mean source?",
            "environment variable DRF_SOURCE_URI: expected a name of the form DRF_SECTION__KEY",
        ):
            assert expected in text

    def test_the_origin_is_that_of_the_value_that_counts(self, tmp_path):
        path = tmp_path / "mission.toml"
        path.write_text("[compute]\nworkers = 2\n")
        (problem,) = problems(path=path, DRF_COMPUTE__WORKERS="-2")
        assert problem.startswith("compute.workers = -2 (environment variable DRF_COMPUTE__WORKERS)")

    def test_what_is_required_is_told_with_the_ways_to_set_it(self):
        with pytest.raises(
            ConfigurationError,
            match=r"source.uri is not set; give it in the file .*DRF_SOURCE__URI.*--set source.uri",
        ):
            load_config(None, ["output.uri=b"], {})

    def test_unknown_sections_of_the_environment(self):
        (problem,) = problems(DRF_SORCE__URI="x")
        assert problem.startswith(
            "unknown key sorce (environment variable DRF_SORCE__URI): did you mean source?"
        )

    @pytest.mark.parametrize("name", ["DRF_SOURCE", "DRF_SOURCE_URI", "DRF_SOURCE__", "DRF___URI"])
    def test_variables_of_another_form(self, name):
        (problem,) = problems(**{name: "x"})
        assert problem.startswith(
            f"environment variable {name}: expected a name of the form DRF_SECTION__KEY"
        )

    def test_no_file(self, tmp_path):
        with pytest.raises(ConfigurationError, match=r"configuration file .*none\.toml: No such file"):
            load(path=tmp_path / "none.toml")

    @pytest.mark.parametrize("content", [b"[source", b"\xff\xfe", b"a = 1\na = 2"])
    def test_no_toml(self, tmp_path, content):
        path = tmp_path / "mission.toml"
        path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=r"configuration file .*mission\.toml: not TOML"):
            load(path=path)

    def test_an_output_that_is_not_local_needs_a_catalog(self):
        (problem,) = problems("output.uri=s3://bucket/archive")
        assert problem.startswith(
            "catalog.url is not set, and output.uri = 's3://bucket/archive' is not a local folder"
        )
        assert load("output.uri=s3://bucket/archive", "catalog.url=sqlite:////tmp/c.sqlite").catalog.url

    @pytest.mark.parametrize("uri", ["out", "/abs/out", "file:///abs/out", "~/out"])
    def test_a_local_output_needs_none(self, uri):
        assert load(f"output.uri={uri}").catalog.url is None

    def test_the_address_site_needs_an_address(self):
        (problem,) = problems("compute.site=address")
        assert problem.startswith("compute.address is not set")
        assert problem.endswith("(--set compute.site)")
        assert load("compute.site=address", "compute.address=tcp://host:8786").compute.address

    def test_levels_are_those_of_the_codec(self):
        (problem,) = problems("package.codec=zlib", "package.level=12")
        assert problem == "package.level = 12: zlib has the levels 1 to 9 (--set package.level)"
        assert load("package.level=12").package.level == 12

    def test_a_worker_needs_memory(self):
        (problem,) = problems("compute.memory_limit=2")
        assert "a worker needs at least 128 MiB" in problem
        assert load("compute.memory_limit=0").compute.memory_limit == 0

    @pytest.mark.parametrize("text", ["8787", "localhost", "http://localhost:8787", "localhost:x"])
    def test_dashboard_addresses(self, text):
        (problem,) = problems(f"compute.dashboard={text}")
        assert "expected host:port" in problem

    def test_the_xml_catalog_must_exist(self, tmp_path):
        (problem,) = problems("validate.xml_catalog=/nowhere/catalog.xml")
        assert "validate.xml_catalog = '/nowhere/catalog.xml'" in problem
        assert "there is no such file" in problem
        there = tmp_path / "catalog.xml"
        there.touch()
        assert load(f"validate.xml_catalog={there}").validate_.xml_catalog == str(there)

    @pytest.mark.parametrize("epoch", ["yesterday", "-1", "1.5", "253402300800", "9" * 5000])
    def test_a_source_date_epoch_that_is_no_moment(self, epoch):
        (problem,) = problems(SOURCE_DATE_EPOCH=epoch)
        assert problem.startswith("SOURCE_DATE_EPOCH = ")
        assert load("run.time=2026-11-21T00:00:00Z", SOURCE_DATE_EPOCH=epoch).run.time

    def test_a_source_date_epoch(self):
        assert load(SOURCE_DATE_EPOCH="1700000000").run.time is None


class TestSecrets:
    @pytest.mark.parametrize(
        "name",
        [
            "key",
            "secret",
            "token",
            "password",
            "aws_secret_access_key",
            "sessionToken",
            "account-key",
            "connection_string",
        ],
    )
    def test_names_of_secrets(self, name):
        assert is_secret_name(name)

    @pytest.mark.parametrize(
        "name", ["anon", "profile", "endpoint_url", "keepalive", "region_name", "SSEKMSKeyId"]
    )
    def test_other_names(self, name):
        assert not is_secret_name(name)

    @pytest.mark.parametrize("option", ["secret=hunter2", "client_kwargs.aws_session_token=hunter2"])
    @pytest.mark.parametrize("section", ["source", "output"])
    def test_a_secret_is_refused_and_not_repeated(self, section, option):
        (problem,) = problems(f"{section}.options.{option}")
        assert "is called like a secret" in problem
        assert "environment" in problem
        assert "hunter2" not in problem

    def test_a_wrong_section_does_not_repeat_what_it_holds(self):
        (problem,) = problems("source.options=hunter2")
        assert "hunter2" not in problem

    def test_passwords_in_addresses_are_not_made_public(self):
        config = load(
            "catalog.url=postgresql://me:hun/ter@2@db.example.org/catalog",
            "source.options.client_kwargs.endpoint_url=http://me:hunter2@localhost",
        )
        public = json.dumps(public_dict(config))
        assert "ter@2" not in public
        assert "hunter2" not in public
        assert "postgresql://me:***@db.example.org/catalog" in public

    def test_public_values_are_the_resolved_ones(self):
        public = public_dict(load("run.max_file_bytes=1 KiB"))
        assert public["run"]["max_file_bytes"] == 1024
        assert public["validate"] == {"xml_catalog": None}
        assert public["source"]["uri"] == "in"
        assert json.loads(json.dumps(public)) == public


class TestExplain:
    def test_every_key_is_explained_in_full(self):
        rows = explain()
        assert len({row.key for row in rows}) == len(rows)
        for row in rows:
            assert row.type
            assert row.default
            assert len(row.meaning) > 15
            assert row.meaning.endswith(".")

    def test_every_key_of_the_model_and_no_other(self):
        public = public_dict(load())
        assert [row.key for row in explain()] == [
            f"{section}.{key}" for section in public for key in public[section]
        ]

    def test_types_and_defaults_in_words(self):
        rows = {row.key: row for row in explain()}
        assert rows["output.views"].type == '"link" | "copy" | "none"'
        assert rows["run.partition_bytes"].default == '"48 MiB"'
        assert rows["run.partition_bytes"].type.endswith("at least 1 MiB, at most 1 GiB")
        assert rows["source.uri"].default == "required"
        assert rows["compute.workers"].default == "not set"


class TestShippedFiles:
    def test_they_are_there(self):
        assert [path.stem for path in CONFIGS] == ["address", "laptop", "release", "staging"]

    @pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
    def test_it_loads(self, path):
        config = load_config(str(path), [], {})
        assert config.source.uri
        assert config.compute.site == ("address" if path.stem == "address" else "local")
        assert config.source.settle_s == {"staging": 600, "release": 3600}.get(path.stem, 0)

    @pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
    def test_every_key_of_the_model_is_in_it(self, path):
        """Commented out is fine, and what is commented out is right once it is not."""
        text = path.read_text()
        given = tomllib.loads(re.sub(r"(?m)^# (\w+ = )", r"\1", text))
        assert {f"{section}.{key}" for section in given for key in given[section]} == {
            row.key for row in explain()
        }
        del given["validate"]  # its file is not on this machine
        config = Config.model_validate(given)
        assert config.run.time == "2026-11-21T00:00:00Z"
