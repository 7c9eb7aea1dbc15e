"""Names of files and folders, and paths in manifests: what PDS4 allows, and what is safe to unpack.

File names: letters, digits, dash, underscore and period, beginning and ending with a letter or digit, with an extension,
at most 255 characters; folder names the same without a period (PDS4 Standards Reference 6C.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_FILE = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
_FOLDER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?")
_MAX_LENGTH = 255
_RESERVED = frozenset(
    ["aux", "con", "core", "nul", "prn", "a.out"]
    + [f"com{number}" for number in range(1, 10)]
    + [f"lpt{number}" for number in range(1, 10)]
)
_DRIVE = re.compile(r"[A-Za-z]:")


def find_file_name_fault(name: str) -> str:
    """Return what is wrong with the name of a file, an empty text if nothing is."""
    fault = _find_name_fault(name, _FILE, "letters, digits, '-', '_' and '.'")
    if not fault and "." not in name:
        fault = "it has no extension"
    return fault


def find_folder_name_fault(name: str) -> str:
    """Return what is wrong with the name of a folder, an empty text if nothing is."""
    return _find_name_fault(name, _FOLDER, "letters, digits, '-' and '_'")


def _find_name_fault(name: str, form: re.Pattern[str], allowed: str) -> str:
    if len(name) > _MAX_LENGTH:
        return f"it has {len(name)} characters, at most {_MAX_LENGTH} are allowed"
    if form.fullmatch(name) is None:
        return f"expected {allowed}, with a letter or digit at both ends"
    if name.lower() in _RESERVED or name.lower().partition(".")[0] in _RESERVED - {"core"}:
        return "the name is reserved"
    return ""


def find_path_fault(path: str) -> str:
    """Return why a relative path is not safe to unpack or to look up, an empty text if it is."""
    if not path:
        return "it is empty"
    if path.startswith("/") or _DRIVE.match(path):
        return "it is absolute"
    if "\\" in path:
        return "it has a backslash"
    if any(character < " " or character == "\x7f" for character in path):
        return "it has a control character"
    if not path.isascii():
        return "it has characters outside 7-bit ASCII"
    parts = path.split("/")
    if ".." in parts:
        return "it leaves its folder by '..'"
    if "" in parts or "." in parts:
        return "it has an empty component or '.'"
    return ""


def find_clashes(paths: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Yield number (from 0), path and earlier path of each path that is equal to an earlier one but for letter case.

    Folders count too: ``a/x`` and ``A/y`` clash, for one of them would move on a file system that ignores case.
    """
    spelled: dict[str, str] = {}
    seen: dict[str, str] = {}
    for number, path in enumerate(paths):
        if path.lower() in seen:
            yield number, path, seen[path.lower()]
            continue
        seen[path.lower()] = path
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            first = spelled.setdefault(folder.lower(), folder)
            if first != folder:
                yield number, path, first
                break
