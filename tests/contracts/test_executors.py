from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from distributed import Client, LocalCluster

from drf_reprocess.compute.base import Executor
from drf_reprocess.compute.sites import SiteOptions, _start_cluster, check_settings, open_site
from drf_reprocess.errors import ComputeError, ConfigurationError
from drf_reprocess.testing.executor_contract import ExecutorContract, add, end_process_on_zero


@contextlib.contextmanager
def site(name: str, **options) -> Iterator[Executor]:
    with open_site(SiteOptions(name, **{"workers": 2} | options)) as executor:
        yield executor


class TestSerial(ExecutorContract):
    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        with site("serial") as executor:
            yield executor


class TestLocalCluster(ExecutorContract):
    @pytest.fixture(scope="class")
    @classmethod
    def executor(cls) -> Iterator[Executor]:
        with site("local") as executor:
            yield executor

    def test_two_workers(self, executor):
        assert executor.workers == 2
        workers = {event.worker for event in executor.run(add, 0, range(40))}
        assert len(workers) == 2

    def test_a_killed_worker_is_told_and_nothing_is_tried_again(self, executor):
        events = {event.item: event for event in executor.run(end_process_on_zero, "", range(6))}
        assert set(events) == set(range(6))
        assert events[0].worker_lost
        with pytest.raises(ComputeError, match="ended while it had the task"):
            events[0].value()
        assert all(event.worker_lost or event.value() == event.item for event in events.values())


class TestAddress(ExecutorContract):
    """A scheduler that somebody else started, with unsafe settings."""

    @pytest.fixture(scope="class")
    @classmethod
    def cluster(cls):
        with LocalCluster(
            n_workers=1,
            threads_per_worker=2,
            processes=False,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster:
            yield cluster

    @pytest.fixture
    def executor(self, cluster) -> Iterator[Executor]:
        with site("address", address=cluster.scheduler_address) as executor:
            yield executor

    def test_unsafe_settings_are_named(self, cluster, executor):
        assert any("allowed-failures = 3" in warning for warning in executor.warnings)
        with Client(cluster, set_as_default=False) as client:
            assert check_settings(client) == executor.warnings


def test_a_site_of_another_name_is_refused():
    with pytest.raises(ConfigurationError, match="expected local, address or serial"), site("moon"):
        pass


def test_a_scheduler_that_is_not_there_is_named(monkeypatch):
    monkeypatch.setattr("drf_reprocess.compute.sites.CONNECT_TIMEOUT_S", 0.5)
    with (
        pytest.raises(
            ComputeError, match=r"no Dask scheduler answers at compute.address = 'tcp://127.0.0.1:9'"
        ),
        site("address", address="tcp://127.0.0.1:9"),
    ):
        pass


@pytest.mark.parametrize("failures", [1, 2])
def test_workers_that_do_not_start_are_started_once_more(monkeypatch, failures):
    left = ["Nanny failed to start."] * failures
    started = []

    class Started:
        def close(self):
            started.append("closed")

    def make(options):
        if left:
            raise RuntimeError(left.pop())
        started.append("started")
        return Started()

    monkeypatch.setattr("drf_reprocess.compute.sites._make_cluster", make)
    if failures == 1:
        assert isinstance(_start_cluster(SiteOptions()), Started)
        assert started == ["started"]
    else:
        with pytest.raises(ComputeError, match="could not be started: Nanny failed"):
            _start_cluster(SiteOptions())
