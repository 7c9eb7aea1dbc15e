"""Helpers of the integration tests: the command line, sample missions, what an output holds."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from drf_reprocess.testing.sample import write_sample

# Plain modules beside the tests, which tests import as `drf_integration_<name>`.
for _name in ("cli", "trees", "receiver", "play", "kill_trials"):
    _full = f"drf_integration_{_name}"
    if _full not in sys.modules:
        _spec = importlib.util.spec_from_file_location(_full, Path(__file__).with_name(f"{_name}.py"))
        sys.modules[_full] = importlib.util.module_from_spec(_spec)
        _spec.loader.exec_module(sys.modules[_full])

from drf_integration_cli import Completed, run_cli  # noqa: E402 - made importable just above


@pytest.fixture(scope="session")
def cli() -> Callable[..., Completed]:
    """Run a command of the program in a process of its own: `run_cli`."""
    return run_cli


@pytest.fixture(scope="session")
def small_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sample of all types: three days, two hundredths of the real size. Not to be changed."""
    folder = tmp_path_factory.mktemp("small") / "source"
    write_sample(str(folder), scale=0.02, days=3)
    return folder


@pytest.fixture
def cli_here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Completed]:
    """Run a command in this process, as `memory://` needs it, through the same `main`."""
    from drf_reprocess.cli.app import main

    def run(*args: str, check: int | None = None) -> Completed:
        for name in [name for name in os.environ if name.startswith(("DRF_", "SOURCE_DATE_EPOCH"))]:
            monkeypatch.delenv(name)
        monkeypatch.setattr(sys, "argv", ["drf-reprocess", *map(str, args)])
        handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        capsys.readouterr()
        try:
            with pytest.raises(SystemExit) as ended:
                main()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        captured = capsys.readouterr()
        done = Completed(int(ended.value.code or 0), captured.out, captured.err)
        assert check is None or done.returncode == check, f"exit code {done.returncode}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="session")
def s3_environment() -> dict[str, str]:
    """Credentials as an operator gives them: by environment variables. moto takes any."""
    return {
        "AWS_ACCESS_KEY_ID": "AKIAPLANTEDACCESSKEY",
        "AWS_SECRET_ACCESS_KEY": "planted/secret/key/of/the/tests",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.fixture
def s3_bucket(s3_endpoint: str, s3_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The URI of a new bucket, which this process reaches, too."""
    import s3fs

    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    bucket = f"bucket-{uuid.uuid4().hex}"
    s3fs.S3FileSystem(endpoint_url=s3_endpoint).call_s3("create_bucket", Bucket=bucket)
    return f"s3://{bucket}"
