"""Values of the PDS4 ASCII data types: which texts belong to a type.

The forms are those of the XML Schema's simple types, without what a table must not hold: NaN, Inf, hexadecimal
numbers, numbers beyond 64 bit or beyond the range of a double, days that do not exist.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from drf_reprocess.identifiers import LID_MAX_LENGTH, Lid, Lidvid, Vid
from drf_reprocess.pds4.names import find_file_name_fault
from drf_reprocess.pds4.times import parse_instant

REAL = "ASCII_Real"
INTEGER = "ASCII_Integer"
NON_NEGATIVE = "ASCII_NonNegative_Integer"
NUMBERS = frozenset({REAL, INTEGER, NON_NEGATIVE})
"""Types whose cells `pds4.cells` scans all at once."""

_REAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?")
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NON_NEGATIVE = re.compile(r"\+?[0-9]+")

_YMD = r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?"
_DOY = r"[0-9]{4}(?:-[0-9]{3})?"
_CLOCK = r"T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_YMD_TIME = rf"(?:{_YMD}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_CLOCK})"
_DOY_TIME = rf"(?:{_DOY}|[0-9]{{4}}-[0-9]{{3}}{_CLOCK})"
_INSTANTS = {
    "ASCII_Date": rf"(?:{_YMD}|{_DOY})",
    "ASCII_Date_DOY": _DOY,
    "ASCII_Date_YMD": _YMD,
    "ASCII_Date_Time": rf"(?:{_YMD_TIME}|{_DOY_TIME})Z?",
    "ASCII_Date_Time_DOY": rf"{_DOY_TIME}Z?",
    "ASCII_Date_Time_YMD": rf"{_YMD_TIME}Z?",
    "ASCII_Date_Time_UTC": rf"(?:{_YMD_TIME}|{_DOY_TIME})Z",
    "ASCII_Date_Time_DOY_UTC": rf"{_DOY_TIME}Z",
    "ASCII_Date_Time_YMD_UTC": rf"{_YMD_TIME}Z",
}
_FORMS = {
    "ASCII_Boolean": r"true|false|1|0",
    "ASCII_DOI": r"10\.\S+/\S+",
    "ASCII_MD5_Checksum": r"[0-9a-fA-F]{32}",
    "ASCII_Numeric_Base2": r"[01]{1,255}",
    "ASCII_Numeric_Base8": r"[0-7]{1,255}",
    "ASCII_Numeric_Base16": r"[0-9a-fA-F]{1,255}",
}


def _matches(form: str) -> Callable[[str], bool]:
    pattern = re.compile(form)
    return lambda text: pattern.fullmatch(text) is not None


def _reads(read: Callable[[str], object]) -> Callable[[str], bool]:
    def is_read(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return is_read


def _is_real(text: str) -> bool:
    return _REAL.fullmatch(text) is not None and math.isfinite(float(text))


def _is_integer(text: str) -> bool:
    return _INTEGER.fullmatch(text) is not None and len(text) < 300 and -(2**63) <= int(text) < 2**63


def _is_non_negative(text: str) -> bool:
    return _NON_NEGATIVE.fullmatch(text) is not None and len(text) < 300 and int(text) < 2**64


def _is_instant(form: str) -> Callable[[str], bool]:
    has_form, exists = _matches(form), _reads(parse_instant)
    # NASA's validate takes neither hour 24 nor a leap second in a table.
    return lambda text: has_form(text) and "T24" not in text and ":60" not in text[-14:] and exists(text)


def _is_time_of_day(text: str) -> bool:
    return re.fullmatch(rf"{_CLOCK[1:]}Z?", text) is not None and _reads(parse_instant)(f"2000-01-01T{text}")


def _is_lid_or_lidvid(text: str) -> bool:
    if len(text) > LID_MAX_LENGTH:
        return False
    return _reads(Lidvid.from_text if "::" in text else Lid)(text)


def _is_ascii(text: str) -> bool:
    return text.isascii()


_TESTS: dict[str, Callable[[str], bool]] = {
    REAL: _is_real,
    INTEGER: _is_integer,
    NON_NEGATIVE: _is_non_negative,
    "ASCII_Time": _is_time_of_day,
    "ASCII_LID": _reads(Lid),
    "ASCII_LIDVID": _reads(Lidvid.from_text),
    "ASCII_LIDVID_LID": _is_lid_or_lidvid,
    "ASCII_VID": _reads(Vid.from_text),
    "ASCII_File_Name": lambda text: not find_file_name_fault(text),
    **{name: _is_instant(form) for name, form in _INSTANTS.items()},
    **{name: _matches(form) for name, form in _FORMS.items()},
}


def value_test(data_type: str) -> Callable[[str], bool] | None:
    """Return the test that tells whether a text, without blanks around it, is a value of the data type.

    None where any text will do: strings, and types that are not known here.
    """
    return _TESTS.get(data_type)
