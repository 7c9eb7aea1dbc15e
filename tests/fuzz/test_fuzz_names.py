"""File names: a slow reader of names, written from the mission's format notes, agrees with the profile's rules on any text."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta
from pathlib import PurePosixPath

import drf_fuzz_cases as cases
import drf_fuzz_hostile as hostile
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drf_reprocess.drf.naming import FileName, match_name
from drf_reprocess.pds4.names import find_file_name_fault, find_path_fault
from drf_reprocess.profiles.model import IgnoredName

DIGITS = frozenset("0123456789")
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
ODD = (
    "\n",
    "\0",
    "\r",
    "\t",
    " ",
    "\u0663",
    "\uff11",
    "\u00e9",
    "\u2028",
    "\ufeff",
    "\ud800",
    "/",
    "\\",
    ".",
    "_",
    "-",
    "%00",
    "0",
    "A",
)


def split_name(profile, name):
    """Type, year, days and variant of a name, or None: by slices, as the notes on file names tell (section "File names")."""
    for start, extensions in (
        ("sci_anc_", (".drf",)),
        ("mvn_pte", (".drf",)),
        ("mvn_imu", (".txt", ".dat", ".drf")),
    ):
        extension = name[-4:]
        if name.startswith(start) and extension in extensions:
            rest = name[len(start) : -4]
            kinds = [start[4:7]] if start.startswith("mvn") else [kind.name for kind in profile.types]
            for kind in kinds:
                lead = "" if start.startswith("mvn") else kind
                if rest.startswith(lead) and (
                    found := split_days(rest[len(lead) :], start.startswith("mvn"))
                ):
                    return kind, *found
    return None


def split_days(text, is_short):
    """Year, first and last day and variant out of ``14_341_342``, ``_14_341_342`` or ``_2014_341_342``, or None."""
    parts = text.split("_")
    if parts[0] == "":
        if is_short:
            return None
        parts = parts[1:]
        years = (2, 4)
    else:
        years = (2,)
    if len(parts) not in (3, 4):
        return None
    year, first, last = parts[:3]
    variant = parts[3] if len(parts) == 4 else None
    if not all(set(part) <= DIGITS for part in (year, first, last)) or len(year) not in years:
        return None
    if len(first) != 3 or len(last) != 3 or (len(year) == 4 and not year.startswith("20")):
        return None
    if variant is not None and (
        not variant or variant[0] not in LETTERS or not set(variant) <= LETTERS | DIGITS
    ):
        return None
    begin = 2000 + int(year[-2:])
    end = begin if int(last) >= int(first) else begin + 1
    days = [
        date(number, 1, 1) + timedelta(days=int(day) - 1) for number, day in ((begin, first), (end, last))
    ]
    if [day.year for day in days] != [begin, end] or "000" in (first, last):
        return None
    return days[0], days[1], (variant or "").lower()


def assert_name(profile, name):
    """The name says what the slow reader says, and is a name that a PDS4 file may have."""
    found, expected = match_name(profile, name), split_name(profile, name)
    if isinstance(found, IgnoredName):
        assert expected is None
        assert found.reason
        return "ignored"
    if found is None:
        assert expected is None, expected
        return "foreign"
    assert isinstance(found, FileName)
    assert (found.type, *found.span, found.variant) == expected
    assert find_file_name_fault(name) == ""
    lid = profile.placement[found.type][1].lid.child(found.product_id)
    assert lid.last == name.rpartition(".")[0].lower()
    assert re.fullmatch(r"[a-z0-9]+:[0-9]{4}:[0-9]{3}-[0-9]{3}", found.family)
    return "known"


def any_name(rng, profile):
    """A name of a received file, most often a good one with a change or two."""
    kind = rng.choice(profile.types).name
    year, first, last = (
        rng.randrange(100),
        rng.choice((0, 1, 60, 341, 365, 366, 367, 999)),
        rng.choice((1, 342, 365, 366, 0)),
    )
    form = rng.choice(
        (
            "sci_anc_{k}{y:02d}",
            "sci_anc_{k}_{y:02d}",
            "sci_anc_{k}_20{y:02d}",
            "mvn_pte{y:02d}",
            "mvn_imu{y:02d}",
            "mvn_{k}{y:02d}",
        )
    )
    name = form.format(k=kind, y=year) + f"_{first:03d}_{last:03d}"
    name += rng.choice(("", "", "_manual", "_16Feb15", "_A1", "_", "__x", "_a_b")) + rng.choice(
        (".drf", ".drf", ".txt", ".dat", ".DRF", ".drf.gz", "")
    )
    if rng.random() < 0.1:
        name = rng.choice(("anc_sci_svt.drf", "anc_sci_svt_2014_120.drf"))
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        place = rng.randrange(len(name) + 1)
        name = name[:place] + rng.choice((*ODD, *hostile.NUMBERS)) + name[place + rng.randrange(2) :]
    return name


def run_names(profile, count, kind="names"):
    outcomes = set()
    for number, rng in cases.generators(kind, count):
        name = any_name(rng, profile)
        raw = name.encode("utf-8", "surrogatepass")
        outcomes.add(
            cases.run(kind, number, ascii(name), raw, lambda _, name=name: assert_name(profile, name))
        )
    return outcomes


def test_names_smoke(profile):
    assert run_names(profile, 400) == {"known", "foreign", "ignored"} or cases.ONLY


@pytest.mark.slow
def test_many_names(profile):
    assert run_names(profile, cases.SLOW_BUDGET["names"]) == {"known", "foreign", "ignored"} or cases.ONLY
    cases.require("names", cases.SLOW_BUDGET["names"])


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=40), seed=st.integers(0, 10**6))
def test_any_text_is_a_name_or_foreign(profile, text, seed):
    rng = random.Random(seed)
    name = any_name(rng, profile)
    place = rng.randrange(len(name) + 1)
    for one in (text, name[:place] + text + name[place:], text + name, name + text):
        assert_name(profile, one)


@settings(max_examples=150, deadline=None)
@given(
    path=st.text(max_size=40)
    | st.lists(st.sampled_from(["..", ".", "", "a", "A:", "b c", "\\", "x\n"])).map("/".join)
)
def test_a_safe_path_stays_below_its_folder(path):
    if find_path_fault(path):
        return
    assert path.isascii()
    assert path.isprintable()
    joined = PurePosixPath("/root/folder") / path
    assert joined.is_relative_to("/root/folder")
    assert ".." not in joined.parts
    assert str(joined) == f"/root/folder/{path}"
