"""What a mission profile says, as frozen models: everything that is the mission's and not the engine's.

A profile file is TOML; `profiles.load` reads it, expands its templates and returns a `Profile`, in which every value is
final: no template is left but those that name a single product (``{date}``, ``{product_id}``, ``{year}``).
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date
from functools import cached_property
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
)

from drf_reprocess.identifiers import Lid
from drf_reprocess.model import Kind


class Frozen(BaseModel):
    """Base of all profile models: immutable, and an unknown key is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, ignored_types=(cached_property,)
    )


LidValue = Annotated[
    Lid,
    BeforeValidator(lambda value: Lid(value) if isinstance(value, str) else value),
    PlainSerializer(str),
]


def canonical_name(source_name: str) -> str:
    """Return the name that labels and tables give to a channel whose header spells it ``source_name``.

    ``@`` is dropped, with one of the underscores around it, as the archive writes ``IMU_TIME_TONE`` for the
    ``IMU_TIME_@_TONE`` of SIS section "IMU file structure".
    """
    return source_name.replace("_@_", "_").replace("@", "")


class Column(Frozen):
    """One channel of a file type, as far as the mission's documents tell."""

    name: str
    """In canonical form (see `canonical_name`)."""
    source_name: str | None = None
    """As the header spells it, where that is not ``name``."""
    dn_eu: Literal["DN", "EU"] | None = None
    kind: Kind = Kind.REAL
    unit: str | None = None
    scaling_factor: float | None = None
    description: str | None = None
    caveat: str | None = None
    """How surely the above is known, and what is not."""


class ColumnSet(Frozen):
    """The columns of one era of a file type; the time column of kind TIME is not among them."""

    era: str
    columns: tuple[Column, ...]
    ordered: int
    """How many of the leading columns have a known position; the others compare as a set."""
    assumed: bool = False
    """No document gives the names of this type: they are taken over from a similar one. Good to recognise a header by,
    never to rebuild one or to name columns without it."""

    @property
    def is_complete(self) -> bool:
        """Whether names and order are known well enough to rebuild a header from them."""
        return not self.assumed and self.ordered == len(self.columns)


class TimeFormat(Frozen):
    """How a record tells its time.

    Either ``form`` is a picture of the text, such as ``yy/ddd-hh:mm:ss.fff`` (``yyyy`` or ``yy`` year, ``MM`` month,
    ``dd`` day, ``ddd`` day of year, ``hh``, ``mm``, ``ss``, ``f...`` fraction; any other character stands for itself),
    then ``column`` is a text column at the start of the record that the header does not name; or ``form`` is
    ``seconds``, then ``column`` is a numeric channel that counts seconds from ``epoch``.
    """

    column: str
    form: str
    century: int = 2000
    """Added to a two-digit year."""
    epoch: str | None = None
    description: str | None = None

    @property
    def is_text(self) -> bool:
        """Whether the time stands as text before the channels."""
        return self.form != "seconds"


class HeaderForm(Frozen):
    """What the mission's files have before the first record."""

    lines: int
    """Expected number of lines; another number is a finding, not an error."""
    dn_eu_row: bool = False
    """Whether a row of DN and EU marks is expected."""
    column_chars: int = 12
    """Width of a column where a header has to be rebuilt; a blank follows each column."""


class NamePattern(Frozen):
    """One form of file name. Named groups: ``year`` (2 or 4 digits), ``first`` and ``last`` (day of year), ``variant``."""

    regex: str
    example: str

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The compiled expression, to be matched against the whole name."""
        return re.compile(self.regex)


class IgnoredName(Frozen):
    """Names of files that lie in the source but are not part of the archive, and why."""

    regex: str
    """Matched against the whole name, without its folders."""
    reason: str

    @cached_property
    def compiled(self) -> re.Pattern[str]:
        """The compiled expression, to be matched against the whole name."""
        return re.compile(self.regex)


class Cadence(Frozen):
    """How records of a type follow one another: what tells a hole in its data from a pause.

    Both are seconds, and both are of time between records, not of days in file names.
    """

    gap_s: float = Field(default=86_340.0, gt=0, allow_inf_nan=False)
    """Longest step from one record to the next that is normal, also from one file to the next; a longer one is a hole.

    By default a day less a minute: where each day has a file, a day without a record is a hole, even if the files beside
    it reach a little into it.
    """
    edge_s: float = Field(default=86_340.0, ge=0, allow_inf_nan=False)
    """How long after the start of the first day that is looked at the data may begin, and how long before the end of the
    last one they may end, without it being a hole."""
    pause_s: float = Field(default=7_200.0, gt=0, allow_inf_nan=False)
    """Within one file a step longer than this is a hole, too, if it is also ``pause_steps`` times the usual one there."""
    pause_steps: float = Field(default=20.0, ge=1)
    """See ``pause_s``: so that a file of few records, hours apart, is no row of holes."""


class FileType(Frozen):
    """One of the mission's file types."""

    name: str
    title: str
    acronym: str
    names: tuple[NamePattern, ...]
    header: HeaderForm
    time: TimeFormat
    column_sets: tuple[ColumnSet, ...]
    header_description: str
    table_name: str
    table_description: str
    cadence: Cadence = Cadence()


class ContextProduct(Frozen):
    """A registered context product: its LID, a name under which it is registered, and its type."""

    lid: LidValue
    name: str
    type: str


class ContextProducts(Frozen):
    """What a label refers to."""

    investigation: ContextProduct
    host: ContextProduct
    target: ContextProduct
    instruments: tuple[ContextProduct, ...] = ()
    """All instruments that collections may name."""
    registered: tuple[str, ...]
    """All context LIDs that labels of this mission may name, those above and the instruments included."""


class Dictionary(Frozen):
    """A discipline or mission dictionary that labels use beside the common model."""

    prefix: str
    namespace: str
    xsd: str
    sch: str
    phase_path: tuple[str, ...] = ()
    """Elements of the dictionary, from the outermost in, that tell the mission phase in a label's Mission_Area."""


class InformationModel(Frozen):
    """The PDS4 information model of a bundle's labels."""

    version: str
    """As labels give it: 1.13.0.0."""
    xsd: str
    sch: str
    dictionary: Dictionary | None = None


class Collection(Frozen):
    """One collection of basic products of one file type."""

    type: str
    lid: LidValue
    title: str
    description: str
    citation: str
    keywords: tuple[str, ...] = ()
    folder: str
    """Folder of collection label and inventory, below the bundle's."""
    product_folder: str
    """Folder of the products, with ``{year}`` of the product's day."""
    stem: str
    """Start of the names of collection label and inventory; the VID and the extension follow."""
    product_title: str
    """With ``{date}``."""
    product_citation: str
    """With ``{date}``."""
    instruments: tuple[ContextProduct, ...] = ()


class Bundle(Frozen):
    """One bundle: its identity, its texts and its collections."""

    lid: LidValue
    title: str
    description: str
    citation: str
    authors: str
    keywords: tuple[str, ...] = ()
    folder: str
    """Below the output's ``bundle/``; ``.`` for that folder itself."""
    stem: str
    """The bundle in file names: ``bundle_<stem>_1.0.xml``, ``readme_<stem>_1.0.txt``, ``<stem>_20141115_..._d001.zip``."""
    readme: str
    """Text above the version history in the readme file."""
    model: InformationModel
    purpose: str
    processing_level: str
    new_version: Literal["changes", "release"] = "changes"
    """When the bundle gets a new VID: as soon as one of its collections changed, or at each release."""
    collections: tuple[Collection, ...]


class Phase(Frozen):
    """A mission phase as the mission's dictionary names it, from ``start`` until the day before ``stop``."""

    name: str
    start: date
    stop: date | None = None


class Calendar(Frozen):
    """Delivery periods: the first holds everything until ``first_end``, then one each ``months`` months.

    If ``first_end`` is the last day of a month, so is the end of every period.
    """

    first_end: date
    months: int = Field(gt=0)

    def period(self, day: date) -> tuple[date | None, date]:
        """Return first and last day of the delivery period that ``day`` falls in (no first day: since ever)."""
        if day <= self.first_end:
            return None, self.first_end
        step = 0
        while (end := _add_months(self.first_end, step * self.months)) < day:
            step += 1
        return date.fromordinal(_add_months(self.first_end, (step - 1) * self.months).toordinal() + 1), end


def _add_months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    is_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if is_last else min(day.day, last))


class PackageDialect(Frozen):
    """How delivery packages and their manifests are named and laid out."""

    name: str
    """With ``{stem}``, ``{first}``, ``{last}`` (days as 20141115) and the count ``{number:03d}``; no extension."""
    transfer_separator: str = "  "
    label_only: Literal["product", "label"] = "product"
    """What is shipped of a product of which only the label changed: data and label, or the label alone."""


Share = Annotated[float, Field(ge=0, le=1)]


class Gate(Frozen):
    """How far a new version of a product may fall behind the former one before a person has to look at it."""

    enabled: bool = True
    """Whether new versions are compared with the former ones at all."""
    records_lost: Share = 0.05
    """Share of the former records by which their number may drop."""
    coverage_lost: Share = 0.05
    """Share of the time that the former records covered by which it may drop."""
    null_rise: Share = 0.05
    """Share of its values that one channel may lose."""
    range_growth: float = Field(default=100.0, ge=0, allow_inf_nan=False)
    """How many times its former span (maximum less minimum), or its former size where that is larger, the values of a
    numeric channel may leave the former range: a wrong unit does, a changed orbit does not."""


Rule = Literal["variant", "newest", "largest", "name"]

NO_VARIANT = ""
ANY_VARIANT = "*"


class Precedence(Frozen):
    """Which of several files of one type and day span is delivered."""

    rules: tuple[Rule, ...] = ("variant", "newest")
    """In turn, each for those that the ones before leave equal.

    ``variant``: by ``variants``; ``newest``: the latest modification time; ``largest``: the most bytes; ``name``: the
    last name in the order of characters. What no rule parts and is not alike in content is a conflict for a person.
    """
    variants: tuple[str, ...] = ("manual", ANY_VARIANT, NO_VARIANT)
    """Variant words of file names in small letters, best first; `NO_VARIANT` for none, `ANY_VARIANT` for any other.

    What is not listed comes last. By default a file that was extracted again by hand goes before the one it mends.
    """
    covered_twice: Literal["both", "wider"] = "both"
    """What becomes of a file whose days lie within those of another file of its type: both are delivered, or the wider
    one stands for both."""


UtcTime = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]


class MissionEvent(Frozen):
    """A time in which the mission is known to have had no data, or fewer, and why."""

    start: UtcTime
    stop: UtcTime
    kind: Literal["outage", "safe-hold", "conjunction"]
    text: str
    """What happened, for a reader of a list of holes."""


class Profile(Frozen):
    """A mission: its file types, its bundles, its calendars."""

    name: str
    mission: str
    """The mission's name in texts."""
    types: tuple[FileType, ...]
    ignored: tuple[IgnoredName, ...] = ()
    context: ContextProducts
    bundles: tuple[Bundle, ...]
    phases: tuple[Phase, ...] = ()
    calendar: Calendar
    package: PackageDialect
    gate: Gate = Gate()
    precedence: Precedence = Precedence()
    events: tuple[MissionEvent, ...] = ()
    """Known times without data, in any order; they may overlap."""

    @cached_property
    def types_by_name(self) -> dict[str, FileType]:
        """The file types by name."""
        return {file_type.name: file_type for file_type in self.types}

    @cached_property
    def placement(self) -> dict[str, tuple[Bundle, Collection]]:
        """The bundle and the collection of each file type, by name of the type."""
        return {c.type: (bundle, c) for bundle in self.bundles for c in bundle.collections}

    def phase(self, day: date) -> str | None:
        """Return the mission phase of a day, None outside all."""
        for phase in self.phases:
            if phase.start <= day and (phase.stop is None or day < phase.stop):
                return phase.name
        return None
