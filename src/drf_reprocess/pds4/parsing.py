"""Labels read from bytes that nobody vouches for: no entities, no document type, no network, no huge trees."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from drf_reprocess.errors import UnreadableLabel
from drf_reprocess.pds4.elements import PDS, Element

MAX_LABEL_BYTES = 4 << 20
"""Longest label that is looked at: one of 5000 fields has 2 MB. An element takes thirty times its bytes in memory."""

ENCODINGS = ("UTF-8", "ASCII", "US-ASCII")
"""Of archived labels: in another one a text may say something else to a program that takes it for UTF-8."""


def parse_label(label: bytes | Element) -> Element:
    """Return the root element of a label, or what is given if that is one already.

    `UnreadableLabel` if it is too long, not well-formed or has a document type declaration: PDS4 labels have none, and
    all attacks by entities begin there.
    """
    if isinstance(label, Element):
        return label
    if len(label) > MAX_LABEL_BYTES:
        raise UnreadableLabel(f"the label has {len(label)} bytes, at most {MAX_LABEL_BYTES} are read")
    try:
        root = etree.fromstring(label, _new_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableLabel(f"the label is not well-formed XML: {error}") from error
    if root is None:
        raise UnreadableLabel("the label is empty")
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableLabel("the label has a document type declaration, which is refused")
    return root


def parse_pds4(label: bytes | Element) -> Element:
    """Return the root element of a PDS4 label; `UnreadableLabel` as `parse_label`, or for XML of another namespace."""
    root = parse_label(label)
    if not is_pds4(root):
        raise UnreadableLabel(f"the label's root element {root.tag!r} is not of the PDS4 common model")
    return root


def parse_archived(label: bytes | Element) -> Element:
    """Return the root element of a label that is to be archived; `UnreadableLabel` as `parse_pds4`, or if it is not in UTF-8."""
    root = parse_pds4(label)
    encoding = root.getroottree().docinfo.encoding or ENCODINGS[0]
    if encoding.upper() not in ENCODINGS:
        raise UnreadableLabel(f"the label is in {encoding[:40]}, expected {ENCODINGS[0]}")
    return root


def try_parse(label: bytes) -> bytes | Element:
    """Return the root element of a label that several are to read, or its bytes if it is none: each reader tells why."""
    try:
        return parse_label(label)
    except UnreadableLabel:
        return label


def _new_parser() -> etree.XMLParser:
    """Return a parser of its own for each label: one that is shared would be a lock between threads."""
    return etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, dtd_validation=False
    )


def is_pds4(root: Element) -> bool:
    """Whether the root element is of the common model."""
    return isinstance(root.tag, str) and root.tag.startswith(f"{{{PDS}}}")


def local_name(element: Element) -> str:
    """Return the name of an element without its namespace; an empty text for comments and instructions."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def find(parent: Element | None, *path: str) -> Element | None:
    """Return the first element at a path of names of the common model, None if there is none."""
    for name in path:
        if parent is None:
            return None
        parent = next(parent.iterchildren(f"{{{PDS}}}{name}"), None)
    return parent


def find_all(parent: Element, name: str) -> list[Element]:
    """Return the children of that name."""
    return list(parent.iterchildren(f"{{{PDS}}}{name}"))


def iterate(root: Element, *names: str) -> Iterator[Element]:
    """Yield all descendants of these names in the order of the label."""
    return root.iter(*(f"{{{PDS}}}{name}" for name in names))


def text_of(parent: Element | None, *path: str) -> str | None:
    """Return the text at a path without the white space around it; None if the element is absent or empty."""
    element = find(parent, *path)
    return None if element is None else _strip(element.text)


def texts_of(parent: Element) -> dict[str, str | None]:
    """Return the text of each child by its name in the common model, as `text_of` gives it."""
    texts: dict[str, str | None] = {}
    for child in parent.iterchildren(f"{{{PDS}}}*"):
        texts.setdefault(local_name(child), _strip(child.text))
    return texts


def _strip(text: str | None) -> str | None:
    return None if text is None else text.strip(" \t\r\n") or None


def integer_of(parent: Element | None, *path: str) -> int | None:
    """Return the number at a path, None if it is absent or no plain number."""
    return to_integer(text_of(parent, *path))


def to_integer(text: str | None) -> int | None:
    """Return a text as number, None if it is no plain one."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 19 else None


def line_of(element: Element) -> int:
    """Return the line of the label on which the element stands."""
    line = element.sourceline
    return line if isinstance(line, int) else 0


def is_instruction(node: Element) -> bool:
    """Whether a node is a processing instruction."""
    return isinstance(node, etree._ProcessingInstruction)


def nodes_before(root: Element) -> list[Element]:
    """Return the comments and processing instructions before the root element, in their order."""
    return list(root.itersiblings(preceding=True))[::-1]
