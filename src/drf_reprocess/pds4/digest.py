"""A digest of what a label says, without what every new version changes: equal digests need no new version."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from lxml import etree

from drf_reprocess.pds4.canonical import canonical_text, collapse
from drf_reprocess.pds4.elements import PDS, Element
from drf_reprocess.pds4.parsing import is_instruction, nodes_before, parse_pds4

_MOVING = (
    ("Identification_Area", "version_id"),
    ("Identification_Area", "Modification_History"),
    ("Citation_Information", "publication_year"),
    ("File", "creation_date_time"),
)
"""Elements, with their parents, that change from version to version without a change of meaning."""

_PSEUDO_ATTRIBUTE = re.compile(r"""([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")

_LEFT_OUT = {
    f"{{{PDS}}}{parent}": frozenset(f"{{{PDS}}}{tag}" for holder, tag in _MOVING if holder == parent)
    for parent, _ in _MOVING
}


class LabelEssence(NamedTuple):
    """What of a label counts when two are compared."""

    instructions: tuple[str, ...]
    """The processing instructions around the root element, their parts in order of name."""
    root: Element
    """The tree without what always moves, white space collapsed."""


def reduce_label(label: bytes) -> LabelEssence:
    """Return a label without version_id, Modification_History, publication_year, creation_date_time and comments.

    `UnreadableLabel` if it is no PDS4 label.
    """
    root = parse_pds4(label)
    instructions = _read_instructions(root)
    _drop_moving(root)
    _collapse_white_space(root)
    return LabelEssence(instructions, root)


def label_digest(label: bytes | Element) -> str:
    """Return the SHA-256 of a label in canonical form, in hexadecimal digits.

    Canonical XML 2.0 without version_id, Modification_History, publication_year, creation_date_time and comments, with
    prefixes renamed and white space collapsed, after the processing instructions with their parts in order of name.
    So indentation, line ends, order of attributes, quotes and prefixes do not count, and everything else does.
    `UnreadableLabel` if it is no PDS4 label.
    """
    root = parse_pds4(label)
    text = "\n".join([*_read_instructions(root), canonical_text(root, _LEFT_OUT)])
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _read_instructions(root: Element) -> tuple[str, ...]:
    """Return the processing instructions around the root element."""
    around = nodes_before(root) + list(root.itersiblings())
    return tuple(_normalise_instruction(node) for node in around if is_instruction(node))


def _normalise_instruction(node: Element) -> str:
    target = getattr(node, "target", "")
    text = node.text or ""
    parts = sorted((name, double or single) for name, double, single in _PSEUDO_ATTRIBUTE.findall(text))
    rest = " ".join(_PSEUDO_ATTRIBUTE.sub(" ", text).split())
    return " ".join([target, *(f"{name}={value!r}" for name, value in parts), rest]).rstrip()


def _drop_moving(root: Element) -> None:
    """Take the moving elements out of the tree, and the comments, which would part a text in two."""
    for parent_tag, tag in _MOVING:
        for parent in list(root.iter(f"{{{PDS}}}{parent_tag}")):
            for element in parent.findall(f"{{{PDS}}}{tag}"):
                _remove(parent, element)
    for comment in list(root.iter(etree.Comment)):
        if (holder := comment.getparent()) is not None:
            _remove(holder, comment)


def _remove(parent: Element, element: Element) -> None:
    """Remove an element but not the text after it, which belongs to the parent."""
    previous = element.getprevious()
    if element.tail and previous is not None:
        previous.tail = (previous.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    element.tail = None
    parent.remove(element)


def _collapse_white_space(root: Element) -> None:
    for element in root.iter():
        if element.tail is not None:
            element.tail = collapse(element.tail)
        if is_instruction(element):  # lxml shows parts of its text as attributes, which cannot be set
            continue
        if element.text is not None:
            element.text = collapse(element.text)
        for name, value in element.attrib.items():
            element.set(name, collapse(str(value)))
