"""Canonical XML 2.0 of a label without its comments and some of its elements, white space collapsed.

lxml has it too, but for a tree from which the rest was taken out before, and at four times the cost.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from lxml import etree

from drf_reprocess.pds4.elements import Element

_WHITE_SPACE = re.compile(r"[ \t\r\n]+")
_XML = "http://www.w3.org/XML/1998/namespace"

_Attributes = Sequence[tuple[str, str]]


def canonical_text(root: Element, left_out: Mapping[str, Collection[str]]) -> str:
    """Return an element in canonical form, with prefixes renamed (``n0``, ``n1``, ...); the tree is left as it is.

    ``left_out`` names elements that do not count, by the name of their parent. Text on both sides of what is left out
    is one text.
    """
    return "".join(_Writer(left_out).write(root))


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

    def write(self, root: Element) -> list[str]:
        """Return the parts of the text. Without recursion: labels may be nested deeper than Python calls."""
        parts = self._parts
        start, end, _ = self._tags(str(root.tag), root.items())
        parts.append(start)
        common = len(self._declared)
        known: dict[object, tuple[str, str, list[str]]] = {}
        """Tags where only the namespaces of the root are declared; labels are made of few different ones."""
        open_: list[tuple[Element, str, list[str]]] = [(root, end, [])]
        following = [iter(root)]
        text = root.text
        while open_:
            parent, end, new = open_[-1]
            left_out = self._left_out.get(str(parent.tag), ())
            for child in following[-1]:
                tag = child.tag
                if tag is etree.Comment or tag in left_out:
                    text = (text or "") + (child.tail or "")
                    continue
                if text:
                    self._add_text(text)
                if tag is etree.PI:
                    self._add_instruction(child)
                    text = child.tail
                    continue
                attributes = child.items()
                if len(self._declared) == common:
                    key = (tag, *attributes) if attributes else tag
                    if key not in known:
                        known[key] = self._tags(tag, attributes)
                        self._declared.difference_update(known[key][2])
                    start, end, new = known[key]
                    self._declared.update(new)
                else:
                    start, end, new = self._tags(tag, attributes)
                parts.append(start)
                text = child.text
                if len(child):
                    open_.append((child, end, new))
                    following.append(iter(child))
                    break
                if text:
                    self._add_text(text)
                parts.append(end)
                self._declared.difference_update(new)
                text = child.tail
            else:
                if text:
                    self._add_text(text)
                parts.append(end)
                self._declared.difference_update(new)
                text = parent.tail
                open_.pop()
                following.pop()
        return parts

    def _tags(self, tag: str, attributes: _Attributes) -> tuple[str, str, list[str]]:
        """Return start tag, end tag and the namespaces that the start tag declares."""
        new: list[str] = []
        names = {}
        for name in sorted([tag, *(name for name, _ in attributes)], key=lambda name: name.split("}", 1)):
            uri, local = name[1:].rsplit("}", 1) if name.startswith("{") else ("", name)
            if uri not in self._declared:
                new.append(uri)
                self._declared.add(uri)
                if uri not in self._prefixes:
                    self._prefixes[uri] = f"n{len(self._prefixes) - 1}"
            # The element has a prefix even if it is of no namespace, an attribute has not.
            names[name] = f"{self._prefixes[uri]}:{local}" if uri or name == tag else local
        written = sorted((f"xmlns:{self._prefixes[uri]}", uri) for uri in new)
        written += [(names[name], collapse(value)) for name, value in sorted(attributes)]
        inner = "".join(f' {name}="{_escape_value(value)}"' for name, value in written)
        return f"<{names[tag]}{inner}>", f"</{names[tag]}>", new

    def _add_text(self, text: str) -> None:
        if collapsed := collapse(text):
            self._parts.append(_escape(collapsed))

    def _add_instruction(self, node: Element) -> None:
        target, text = getattr(node, "target", ""), node.text
        self._parts.append(f"<?{target} {_escape(text)}?>" if text else f"<?{target}?>")


def _escape(text: str) -> str:
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text


def _escape_value(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
