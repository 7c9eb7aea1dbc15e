"""Which of several files of one type and day span goes before the others, by the rules of the profile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import groupby

from drf_reprocess.model import SourceFile
from drf_reprocess.profiles.model import ANY_VARIANT, Precedence, Rule

Named = tuple[SourceFile, str]
"""A received file and the variant word of its name, empty if it has none."""

Span = tuple[date, date]
"""First and last day in a file's name."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rank_files(files: Sequence[Named], precedence: Precedence) -> list[list[int]]:
    """Return groups of positions in ``files``, best group first; the members of one group no rule parts.

    Within a group the order is that of ``files``. Whether members of a group are identical copies or contradict one
    another is for the caller to see: only their contents tell.
    """
    keys = [_keys(rule, precedence) for rule in precedence.rules]
    standing = [tuple(key(named) for key in keys) for named in files]
    order = sorted(range(len(files)), key=lambda index: standing[index])
    return [list(group) for _, group in groupby(order, key=lambda index: standing[index])]


def explain(winner: Named, loser: Named, precedence: Precedence) -> str:
    """Say in words which rule puts ``winner`` before ``loser``, and by what; that no rule parts them if none does."""
    for rule in precedence.rules:
        key = _keys(rule, precedence)
        first, second = key(winner), key(loser)
        if first < second:
            return _words(rule, winner, loser)
        if first > second:
            return f"not by the rules of precedence: {_words(rule, loser, winner)} is for the other one"
    rules = ", ".join(precedence.rules) or "none"
    return f"no rule of precedence parts them (rules: {rules})"


def covers(wider: Span, narrower: Span) -> bool:
    """Whether one span of days holds all days of another and more."""
    return wider != narrower and wider[0] <= narrower[0] and narrower[1] <= wider[1]


def _keys(rule: Rule, precedence: Precedence) -> Callable[[Named], tuple[int, ...]]:
    """Return what a rule sorts by; the smallest goes first."""
    match rule:
        case "variant":
            return lambda named: (_variant_rank(named[1], precedence.variants),)
        case "newest":
            return lambda named: (-named[0].mtime_ns,)
        case "largest":
            return lambda named: (-named[0].bytes,)
        case "name":
            # A text as negative numbers sorts backwards; the 1 makes a longer name go before its own beginning.
            return lambda named: (*(-ord(letter) for letter in _base_name(named[0])), 1)


def _variant_rank(variant: str, variants: Sequence[str]) -> int:
    if variant in variants:
        return variants.index(variant)
    if variant and ANY_VARIANT in variants:
        return variants.index(ANY_VARIANT)
    return len(variants)


def _base_name(source: SourceFile) -> str:
    return source.name.rpartition("/")[2]


def _words(rule: Rule, first: Named, second: Named) -> str:
    match rule:
        case "variant":
            return f"{_tell_variant(first[1])} goes before {_tell_variant(second[1])}"
        case "newest":
            one, other = _tell_times(first[0].mtime_ns, second[0].mtime_ns)
            return f"newer: {one} against {other}"
        case "largest":
            return f"larger: {first[0].bytes} bytes against {second[0].bytes}"
        case "name":
            return f"its name comes later: {_base_name(first[0])} against {_base_name(second[0])}"


def _tell_variant(variant: str) -> str:
    return f"variant {variant}" if variant else "no variant"


def _tell_times(one_ns: int, other_ns: int) -> tuple[str, str]:
    """Return two times in ISO 8601 UTC, to the second where that tells them apart, else to the nanosecond."""
    texts = [
        (_EPOCH + timedelta(seconds=time_ns // 1_000_000_000)).strftime("%Y-%m-%dT%H:%M:%S")
        for time_ns in (one_ns, other_ns)
    ]
    if texts[0] == texts[1]:
        texts = [
            f"{text}.{time_ns % 1_000_000_000:09d}"
            for text, time_ns in zip(texts, (one_ns, other_ns), strict=True)
        ]
    return f"{texts[0]}Z", f"{texts[1]}Z"
