"""An opened mission: configuration, profile, source, output and catalog, as every command needs them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import PurePosixPath

from drf_reprocess.catalog.base import Catalog
from drf_reprocess.catalog.engine import catalog_exists
from drf_reprocess.catalog.migrate import Premises
from drf_reprocess.catalog.sql import open_catalog
from drf_reprocess.config.load import check_places, hide_password
from drf_reprocess.config.model import Config
from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.errors import CatalogDamaged, CatalogError, ConfigurationError, StorageError
from drf_reprocess.journal import JOURNAL, Journal, last_position
from drf_reprocess.lock import locked
from drf_reprocess.model import RepairOptions
from drf_reprocess.profiles.load import load_profile
from drf_reprocess.profiles.model import Profile
from drf_reprocess.profiles.overlay import ColumnOverlay, parse_overlay, with_overlays
from drf_reprocess.stages.inventories import Inventories
from drf_reprocess.stages.publish import Views
from drf_reprocess.storage.base import Store, open_store

OVERLAYS = "profile"
"""Folder of the output that holds the column sets which persons accepted."""


@dataclass(frozen=True, slots=True)
class Mission:
    """What the configuration names, opened."""

    config: Config
    profile: Profile
    source: Store
    output: Store
    catalog: Catalog

    @property
    def repair(self) -> RepairOptions:
        """The repair options as the pure reader takes them."""
        repair = self.config.repair
        return RepairOptions(repair.policy, repair.max_leading, repair.max_damaged)

    @property
    def inventories(self) -> Inventories:
        """What the latest inventories say that receivers have, read as far as it is asked for."""
        return Inventories(self.catalog, self.output)

    @property
    def journal(self) -> Journal:
        """The journal of the catalog's changes."""
        return Journal(self.catalog, self.output)

    @property
    def views(self) -> Views:
        """The views of the output."""
        return Views(self.output, self.profile, self.config.output.views)


def catalog_url(config: Config, output: Store) -> str:
    """Return the catalog's URL: as configured, else SQLite in a local output root.

    Raises
    ------
    ConfigurationError
        If the output is not local and no catalog is named: a database cannot live in an object store.
    """
    if config.catalog.url:
        return config.catalog.url
    if not output.is_local:
        raise ConfigurationError(
            f"catalog.url is not set, and output.uri = {config.output.uri!r} is not a local folder: name a catalog, "
            "for example catalog.url = 'sqlite:////path/to/catalog.sqlite'"
        )
    return f"sqlite:///{output.root}/catalog.sqlite"


@contextlib.contextmanager
def open_mission(
    config: Config, *, create: bool, scratch: bool = False, exclusive: str = ""
) -> Iterator[Mission]:
    """Open the mission of a configuration; ``create`` makes a catalog where there is none.

    With ``scratch`` an empty catalog in memory stands in for one that is not there, so that nothing is written. With
    ``exclusive``, which says what for, the lock of the output is held as long as the mission is open.

    Raises
    ------
    OutputLocked
        If another driver is at work on the output.
    ConfigurationError
        If a place or the profile is wrong.
    CatalogError
        If the catalog cannot be opened, or there is none and ``create`` is off.
    """
    check_places(config)
    _check_memory_store(config)
    profile = load_profile(config.mission.profile)
    source = open_store(config.source.uri, config.source.options)
    output = open_store(config.output.uri, config.output.options)
    url = catalog_url(config, output)
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    # Where nothing was made yet, a command that makes nothing leaves nothing, not even a lock.
    locks = exclusive and (create or catalog_exists(url))
    with locked(output, exclusive, now) if locks else contextlib.nullcontext():
        _require_catalog(url, output)
        if scratch and not catalog_exists(url):
            url, create = "sqlite://", True
        premises = Premises(partial(_family_of, profile), config.release.receiver)
        with open_catalog(url, create=create, premises=premises) as catalog:
            _check_profile(profile, catalog)
            written, last = _check_journal(catalog, output)
            # What a command that was cut off, or a migration, left unwritten is written by the next one that may write.
            before = written if create else last
            profile = with_overlays(profile, read_overlays(output))
            with _journal_written(Mission(config, profile, source, output, catalog), before) as mission:
                yield mission


@contextlib.contextmanager
def _journal_written(mission: Mission, before: int) -> Iterator[Mission]:
    """Have everything in the journal that a command changed since ``before``; one that changed nothing writes nothing."""
    try:
        yield mission
    except BaseException:
        with contextlib.suppress(CatalogError, StorageError):  # the first error is the one to tell
            _write_journal(mission, before)
        raise
    _write_journal(mission, before)


def _require_catalog(url: str, output: Store) -> None:
    """Refuse to begin anew where a catalog was lost: versions would be given a second time."""
    if not catalog_exists(url) and last_position(output):
        raise CatalogDamaged(
            f"there is no catalog {hide_password(url)}, but {output.uri(JOURNAL)} tells of one: it was lost or moved; put it back, or make "
            "it again with `drf-reprocess catalog rebuild`"
        )


def _family_of(profile: Profile, name: str) -> str:
    """Return the family of a received file's name, empty if it has none."""
    named = match_name(profile, PurePosixPath(name).name)
    return named.family if isinstance(named, FileName) else ""


def _check_journal(catalog: Catalog, output: Store) -> tuple[int, int]:
    """Return where the journal ends and the catalog; refuse a catalog that is older than its journal."""
    # In this order: a run that is at work meanwhile commits first and writes the journal after.
    written = last_position(output)
    last = catalog.last_change()
    if written > last:
        raise CatalogDamaged(
            f"the catalog ends with change {last}, its journal {output.uri(JOURNAL)} with {written}: the catalog is an old "
            "copy, or another one's; make it again with `drf-reprocess catalog rebuild`"
        )
    return written, last


def _write_journal(mission: Mission, before: int) -> None:
    if mission.catalog.last_change() != before:
        mission.journal.write()
        mission.output.tidy(0)


def read_overlays(output: Store) -> list[ColumnOverlay]:
    """Return the column sets that persons accepted for this output, in the order of their names.

    Raises
    ------
    ProfileError
        If one of them cannot be read: without it files that make products would be refused.
    """
    keys = sorted(file.name for file in output.list(OVERLAYS) if file.name.endswith(".toml"))
    return [parse_overlay(output.read(key).decode(), output.uri(key)) for key in keys]


def _check_profile(profile: Profile, catalog: Catalog) -> None:
    """Refuse another profile than that of the runs before: its products would stand among theirs."""
    others = sorted(catalog.profiles() - {profile.name})
    if others:
        raise ConfigurationError(
            f"mission.profile is {profile.name!r}, but this output was made with {', '.join(others)}: one output holds one "
            "profile's archive; set mission.profile as it was, or take another output.uri"
        )


def _check_memory_store(config: Config) -> None:
    """Refuse a store that lives in this process's memory where other processes are to work on it."""
    for key, uri in (("source.uri", config.source.uri), ("output.uri", config.output.uri)):
        if uri.startswith("memory:") and config.compute.site != "serial":
            raise ConfigurationError(
                f"{key} = {uri!r} is in the memory of this process, where no worker can see it; expected "
                f'compute.site = "serial" with it, got {config.compute.site!r}'
            )
