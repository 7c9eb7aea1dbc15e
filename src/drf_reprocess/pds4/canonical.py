"""Canonical XML 2.0 of a label without its comments and some of its elements, white space collapsed.

lxml has it too, but for a tree from which the rest was taken out before, and at four times the cost.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from lxml import etree

from drf_reprocess.pds4.elements import Element

_WHITE_SPACE = re.compile(r"[ \t\r\n]+")
_XML = "http://www.w3.org/XML/1998/namespace"

_Attributes = Sequence[tuple[Any, Any]]


class _Tags(NamedTuple):
    """The tags of an element, and the namespaces that the first of them declares."""

    start: str
    end: str
    new: list[str]


def canonical_text(root: Element, left_out: Mapping[str, Collection[str]]) -> str:
    """Return an element in canonical form, with prefixes renamed (``n0``, ``n1``, ...); the tree is left as it is.

    ``left_out`` names elements that do not count, by the name of their parent. Text on both sides of what is left out
    is one text.
    """
    return _Writer(left_out).write(root)


def collapse(text: str) -> str:
    """Return a text with single blanks for all white space of XML, which is less than that of Unicode."""
    if text.isascii():  # without the separators of ASCII that `split` takes for white space: XML forbids them
        return " ".join(text.split())
    return _WHITE_SPACE.sub(" ", text).strip(" ")


class _Writer:
    """Writes one tree; it knows which prefix each namespace has, and which are declared around the place it is at."""

    def __init__(self, left_out: Mapping[str, Collection[str]]) -> None:
        self._left_out = left_out
        self._prefixes = {_XML: "xml"}
        self._declared = {_XML}
        self._parts: list[str] = []
        # Labels are made of few different tags and texts.
        self._texts: dict[str, str] = {}
        self._known: dict[object, _Tags] = {}
        """Where only the namespaces of the root are declared."""
        self._common = 0

    def write(self, root: Element) -> str:
        """Return the text of the whole tree."""
        tags = self._tags(str(root.tag), root.items())
        self._common = len(self._declared)
        self._add(root, tags)
        return "".join(self._parts)

    def _add(self, element: Element, tags: _Tags) -> None:
        parts, declared, known = self._parts, self._declared, self._known
        parts.append(tags.start)
        left_out = self._left_out.get(str(element.tag), ())
        text = element.text
        for child in element:
            tag: Any = child.tag
            if tag is etree.Comment or tag in left_out:
                text = (text or "") + (child.tail or "")
                continue
            if text:
                parts.append(self._text(text))
            text = child.tail
            if tag is etree.PI:
                parts.append(_write_instruction(child))
                continue
            attributes = child.items()
            if len(declared) == self._common:
                key = (tag, *attributes) if attributes else tag
                if key not in known:
                    known[key] = self._tags(tag, attributes)
                found = known[key]
                if found.new:
                    declared.update(found.new)
            else:
                found = self._tags(tag, attributes)
            if len(child):
                self._add(child, found)
            else:
                inner = child.text
                parts += (found.start, self._text(inner), found.end) if inner else (found.start, found.end)
                if found.new:
                    declared.difference_update(found.new)
        if text:
            parts.append(self._text(text))
        parts.append(tags.end)
        declared.difference_update(tags.new)

    def _text(self, text: str) -> str:
        written = self._texts.get(text)
        if written is None:
            self._texts[text] = written = _escape(collapse(text))
        return written

    def _tags(self, tag: str, attributes: _Attributes) -> _Tags:
        """Return the tags of an element; what its start tag declares is declared from now on."""
        new: list[str] = []
        if not attributes:
            name = self._name(tag, new)
            inner = "".join([f' xmlns:{self._prefixes[uri]}="{_escape_value(uri)}"' for uri in new])
            return _Tags(f"<{name}{inner}>", f"</{name}>", new)
        # Prefixes are numbered in this order of the names.
        in_order = sorted({tag, *(name for name, _ in attributes)}, key=lambda name: name.split("}", 1))
        names = {name: self._name(name, new) for name in in_order}
        written = sorted((f"xmlns:{self._prefixes[uri]}", uri) for uri in new)
        for name, value in sorted(attributes):  # one without namespace has no prefix, though it is declared
            written.append((names[name] if name.startswith("{") else name, collapse(value)))
        inner = "".join([f' {name}="{_escape_value(value)}"' for name, value in written])
        return _Tags(f"<{names[tag]}{inner}>", f"</{names[tag]}>", new)

    def _name(self, name: str, new: list[str]) -> str:
        """Return a name with its prefix; its namespace is declared, and added to the new ones, unless it is already."""
        uri, _, local = name[1:].rpartition("}") if name.startswith("{") else ("", "", name)
        if uri not in self._declared:
            new.append(uri)
            self._declared.add(uri)
            if uri not in self._prefixes:
                self._prefixes[uri] = f"n{len(self._prefixes) - 1}"
        return f"{self._prefixes[uri]}:{local}"


def _write_instruction(node: Element) -> str:
    target, text = getattr(node, "target", ""), node.text
    return f"<?{target} {_escape(text)}?>" if text else f"<?{target}?>"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _escape_value(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
