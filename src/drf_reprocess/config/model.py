"""The configuration as frozen models: every key with its type, default and meaning.

`explain` makes the list of keys from these models and `load` reads them from file, environment and command line, so
this is the only place that knows a key. Everything is strict: a text is no number, and an unknown key is an error.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from drf_reprocess.config.values import GIB, KIB, MIB, Address, ExistingFile, Moment, Options, Size

MIN_WORKER_BYTES = 128 * MIB

CODEC_LEVELS = {"libdeflate": 12, "zlib": 9, "isal": 3}
"""Highest level of each codec; the lowest is 1."""


class Section(BaseModel):
    """Base of all sections: immutable, strict, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class MissionSection(Section):
    """Whose telemetry it is."""

    profile: str = Field("maven-anc", min_length=1)
    """Mission profile: the name of a built-in one (maven-anc, maven-anc-sis) or the path of a profile file."""


class SourceSection(Section):
    """What was received."""

    uri: str = Field(min_length=1)
    """Root of the received files: a folder, or an fsspec URI such as s3://bucket/drf."""
    settle_s: float = Field(0.0, ge=0, allow_inf_nan=False)
    """Leave alone what somebody touched less than so many seconds ago: it may still be arriving."""
    trust: Literal["stat", "md5"] = "stat"
    """How an unchanged file is known: stat by size and time of change (on an object store its tag and version, too), md5
    by reading it again. A run of mode full always reads everything again."""
    options: Options = {}
    """Options of the source's fsspec file system, such as endpoint_url. No secrets."""


class OutputSection(Section):
    """What is made."""

    uri: str = Field(min_length=1)
    """Root of everything that is made: a folder, or an fsspec URI such as s3://bucket/archive."""
    views: Literal["link", "copy", "none"] = "link"
    """How bundle/ and parquet/ show the objects of store/: as hard links (server-side copies on an object store), as
    copies, or not at all."""
    options: Options = {}
    """Options of the output's fsspec file system. No secrets."""


class CatalogSection(Section):
    """Where the books are kept."""

    url: str | None = Field(None, min_length=1)
    """Database URL of the catalog, as sqlite:////path/to/catalog.sqlite; catalog.sqlite in the output root if not set.
    Must be set where the output is not a local folder."""


class RunSection(Section):
    """How a run goes about its work."""

    mode: Literal["full", "release", "staging"] = "release"
    """release: everything that is new or changed, to verified deliveries; full: the whole mission is worked on again, as
    a campaign with a reason; staging: what arrived since the last run, to Parquet and provisional labels, no package."""
    time: Moment | None = None
    """Time that everything made in the run is dated with. If not set: SOURCE_DATE_EPOCH of the environment, else the
    clock when the run is planned."""
    max_file_bytes: Size = Field(64 * MIB, ge=1)
    """Files larger than this are set aside without being read."""
    partition_bytes: Size = Field(48 * MIB, ge=MIB, le=GIB)
    """Received bytes of one task, about: its files are worked on one after another."""
    reason: str = ""
    """Why the run is made, for the modification history of everything that gets a new version. Needed with mode full."""


class ReleaseSection(Section):
    """What a release is and for whom."""

    receiver: str = Field("pds", pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    """Who gets the deliveries: each receiver has a ledger of its own."""
    campaign: str = ""
    """Name of a run of mode full: the same campaign, run again, forces no further version. The reason if not set."""
    bump: Literal["none", "minor", "major"] = "none"
    """How far a campaign raises the version of every product at least. Only with run.mode = "full"."""
    bump_collections: Literal["minor", "major"] = "minor"
    """How far the version of a collection or bundle rises when it changes; major only with run.mode = "full"."""


class ValidateSection(Section):
    """What labels are validated against."""

    xml_catalog: ExistingFile | None = None
    """Path of an OASIS XML catalog that maps the PDS4 schema URLs to local files; labels are checked against schemas and
    Schematron rules only if it is set."""


class RepairSection(Section):
    """How far damaged files may be mended."""

    policy: Literal["never", "minimal", "archive-2020"] = "minimal"
    """never: nothing is mended; minimal: only what forbids a valid label; archive-2020: leading records with blank
    values are dropped too, as in the archive's products of 2020."""
    max_leading: int = Field(100, ge=0)
    """At most so many leading records that are not yet complete may be dropped from a file."""
    max_damaged: int = Field(0, ge=0)
    """At most so many damaged records may be dropped from a file; a file with more is set aside."""


class PackageSection(Section):
    """How deliveries are packed."""

    by: Literal["delivery", "month", "run"] = "delivery"
    """Split packages by the profile's delivery calendar, by calendar month, or not by time at all."""
    format: Literal["zip", "tar.gz"] = "zip"
    """Form of the packages."""
    max_bytes: Size = Field(4095 * MIB, ge=KIB)
    """Split a package that would be larger than this. Below 4 GiB, as by default, any unzip program can open it."""
    codec: Literal["libdeflate", "zlib", "isal"] = "libdeflate"
    """Compressor. libdeflate is many times faster than zlib; both give the same bytes again in the same version. isal (an
    extra) is faster still, but not byte-reproducible: another processor gives other bytes."""
    level: int = Field(1, ge=1, le=12)
    """Compression level: 1 to 12 with libdeflate, 1 to 9 with zlib, 1 to 3 with isal."""

    @model_validator(mode="after")
    def _check_level(self) -> Self:
        highest = CODEC_LEVELS[self.codec]
        if self.level > highest:
            raise ValueError(f"package.level = {self.level}: {self.codec} has the levels 1 to {highest}")
        return self


class ComputeSection(Section):
    """Where the work is done."""

    site: Literal["local", "address", "serial"] = "local"
    """local: worker processes on this machine; address: a Dask scheduler that runs already; serial: this process alone,
    with the same results."""
    workers: int | None = Field(None, ge=1)
    """Number of local workers; as many as the machine has cores if not set."""
    memory_limit: Size = Field(2 * GIB, ge=0)
    """Memory of each local worker, at least 128 MiB; a worker that takes more is ended. 0 for no limit."""
    address: str | None = Field(None, min_length=1)
    """Address of the Dask scheduler, as tcp://host:8786; needed with site = "address"."""
    dashboard: Address = Field("127.0.0.1:0", pattern=r"^([^\s/]*:[0-9]{1,5})?$")
    """Where local workers show their dashboard: host:port, port 0 for any free one; an empty text for none."""
    task_limit_s: float = Field(1800, ge=0, allow_inf_nan=False)
    """Seconds that one task may take on a worker; one that takes longer is ended with its worker process, and each of its
    files is tried alone. 0 for no limit; site = "serial" has none."""
    wait_s: float = Field(60, gt=0, allow_inf_nan=False)
    """Seconds that a cluster without workers, or one that does not answer, is waited for before the run stops."""

    @model_validator(mode="after")
    def _check_site(self) -> Self:
        if self.site == "address" and self.address is None:
            raise ValueError(
                'compute.address is not set; compute.site = "address" needs the address of a Dask scheduler, as '
                "tcp://host:8786"
            )
        return self

    @model_validator(mode="after")
    def _check_memory(self) -> Self:
        if 0 < self.memory_limit < MIN_WORKER_BYTES:
            raise ValueError(
                f"compute.memory_limit is {self.memory_limit} bytes; a worker needs at least 128 MiB, 0 sets no limit"
            )
        return self


class Config(Section):
    """The whole configuration of a mission's processing."""

    mission: MissionSection = MissionSection()
    """Whose telemetry it is."""
    source: SourceSection
    """What was received."""
    output: OutputSection
    """What is made."""
    catalog: CatalogSection = CatalogSection()
    """Where the books are kept."""
    run: RunSection = RunSection()
    """How a run goes about its work."""
    release: ReleaseSection = ReleaseSection()
    """What a release is and for whom."""
    validate_: ValidateSection = Field(ValidateSection(), alias="validate")
    """What labels are validated against."""
    repair: RepairSection = RepairSection()
    """How far damaged files may be mended."""
    package: PackageSection = PackageSection()
    """How deliveries are packed."""
    compute: ComputeSection = ComputeSection()
    """Where the work is done."""

    @model_validator(mode="after")
    def _check_campaign(self) -> Self:
        if self.run.mode == "full":
            if not self.run.reason.strip():
                raise ValueError(
                    'run.reason is not set; run.mode = "full" works on the whole mission again: say why, for the archive'
                )
        elif self.release.bump != "none" or self.release.bump_collections != "minor":
            raise ValueError(
                f'release.bump = "{self.release.bump}", release.bump_collections = "{self.release.bump_collections}": only '
                f'a campaign may force versions; expected run.mode = "full", got "{self.run.mode}"'
            )
        return self
