"""Labels and readme files of bundles: facts and profile in, bytes out."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from drf_reprocess.errors import ProfileError
from drf_reprocess.identifiers import Lidvid
from drf_reprocess.model import HistoryEntry
from drf_reprocess.pds4.areas import (
    add_citation,
    add_content_file,
    add_context,
    add_history,
    add_identification,
)
from drf_reprocess.pds4.dialect import find_dialect
from drf_reprocess.pds4.elements import add, add_bytes, new_label, render
from drf_reprocess.pds4.facts import BundleFacts
from drf_reprocess.profiles.model import Bundle, Profile

README_WIDTH = 78
"""Longest line of a readme file, in characters."""


def bundle_label(facts: BundleFacts, profile: Profile, bundle: Bundle) -> bytes:
    """Return the label of one bundle: deterministic, UTF-8, pretty-printed.

    Its members stand in the order of their identifiers, by LIDVID where they have a version. `ProfileError` if
    the information model is unknown or a text breaks its rules; ``ValueError`` without members.
    """
    if not facts.members:
        raise ValueError(f"a bundle without collections cannot be labelled: {facts.lidvid}")
    model = bundle.model
    root = new_label("Product_Bundle", model)
    identification = add_identification(root, facts.lidvid, bundle.title, model)
    add_citation(identification, facts.publication_year, bundle.citation, bundle.authors, bundle.keywords)
    add_history(identification, facts.lidvid, facts.history)
    times = (facts.start_time, facts.stop_time)
    add_context(add(root, "Context_Area"), "bundle", times, profile, bundle)
    about = add(root, "Bundle")
    add(about, "bundle_type", "Archive")
    add(about, "description", bundle.description)
    area = add(root, "File_Area_Text")
    add_content_file(area, facts.readme_name, facts.creation_time, facts.readme)
    text = add(area, "Stream_Text")
    add_bytes(text, "offset", 0)
    add_bytes(text, "object_length", len(facts.readme))
    add(text, "parsing_standard_id", "7-Bit ASCII Text")
    add(text, "description", "What the bundle holds, and its versions.")
    add(text, "record_delimiter", find_dialect(model.version).record_delimiter)
    for member in sorted(facts.members, key=lambda member: member.lid):
        entry = add(root, "Bundle_Member_Entry")
        if member.vid is None:
            add(entry, "lid_reference", str(member.lid))
        else:
            add(entry, "lidvid_reference", str(Lidvid(member.lid, member.vid)))
        add(entry, "member_status", "Primary" if member.primary else "Secondary")
        add(entry, "reference_type", member.reference_type)
    return render(root, model)


def readme_text(bundle: Bundle, history: Iterable[HistoryEntry]) -> bytes:
    """Return the readme file of a bundle: its text, then the table of its versions in the order of ``history``.

    7-bit ASCII, lines of at most 78 characters that end in CR LF. `ProfileError` if a text is not ASCII.
    """
    lines = [line for block in bundle.readme.strip().split("\n\n") for line in [*_fold_block(block), ""]]
    lines += [f"LID {bundle.lid}", "", f"{'Version':<9}{'Date':<12}Description"]
    for entry in history:
        first = f"{str(entry.vid) + ' ':<9}{entry.date:<12}"
        lines += _wrap(first + " ".join(entry.description.split()), indent=21)
    text = "\r\n".join(lines) + "\r\n"
    if not text.isascii() or any(character < " " and character not in "\r\n" for character in text):
        raise ProfileError(
            f"the readme of bundle {bundle.lid} must be 7-bit ASCII without control characters"
        )
    return text.encode("ascii")


def _fold_block(block: str) -> list[str]:
    """Return the lines of a paragraph, set anew only if one of them is too long."""
    lines = block.expandtabs().splitlines()
    if all(len(line) <= README_WIDTH for line in lines):
        return [line.rstrip() for line in lines]
    return _wrap(" ".join(line.strip() for line in lines))


def _wrap(text: str, indent: int = 0) -> list[str]:
    lines: list[str] = []
    for line in text.expandtabs().splitlines():
        folded = textwrap.wrap(
            line,
            README_WIDTH,
            subsequent_indent=" " * indent,
            replace_whitespace=False,
            drop_whitespace=True,
            break_on_hyphens=False,
        )
        lines += folded or [""]
    return lines
