"""OASIS XML catalogs: the local copy of a schema for its official address, never one from the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree

from drf_reprocess.errors import SchemaSetError

_OASIS = "{urn:oasis:names:tc:entity:xmlns:xml:catalog}"
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_EXACT = {"uri": ("name", "uri"), "system": ("systemId", "uri")}
_PREFIX = {
    "rewriteURI": ("uriStartString", "rewritePrefix"),
    "rewriteSystem": ("systemIdStartString", "rewritePrefix"),
}
_MAX_CATALOGS = 100


class XmlCatalog:
    """The entries uri, system, rewriteURI, rewriteSystem and nextCatalog of an OASIS catalog (OASIS XML Catalogs 1.1)."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._exact: dict[str, Path] = {}
        self._prefixes: dict[str, Path] = {}
        self._found: dict[str, Path] = {}
        pending, read = [self.path], set[Path]()
        while pending and len(read) < _MAX_CATALOGS:
            catalog = pending.pop(0)
            if catalog not in read:
                read.add(catalog)
                pending += self._read(catalog)
        if not self._exact and not self._prefixes:
            raise SchemaSetError(f"XML catalog {path}: it maps no address to a local file")

    def find(self, url: str) -> Path | None:
        """Return the local file for an address, None if the catalog has none or the file is not there.

        A file that was found once is not looked for again.
        """
        found = self._found.get(url)
        if found is None and (found := self._look_up(url)) is not None:
            self._found[url] = found
        return found

    def _look_up(self, url: str) -> Path | None:
        if url in self._exact and self._exact[url].is_file():
            return self._exact[url]
        for start in sorted(self._prefixes, key=len, reverse=True):
            if url.startswith(start):
                folder = self._prefixes[start].resolve()
                file = (folder / unquote(url[len(start) :])).resolve()
                if file.is_file() and file.is_relative_to(folder):
                    return file
        return None

    def _read(self, path: Path) -> list[Path]:
        """Take over the entries of one catalog file and return the catalogs that it names."""
        parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
        try:
            root = etree.parse(str(path), parser).getroot()
        except (OSError, etree.XMLSyntaxError) as error:
            raise SchemaSetError(f"XML catalog {path} cannot be read: {error}") from error
        if root.tag != f"{_OASIS}catalog":
            raise SchemaSetError(f"{path} is no OASIS XML catalog: its root element is {root.tag!r}")
        following = []
        for element in root.iter(etree.Element):
            folder = _find_base(element, path.parent)
            name = str(element.tag).removeprefix(_OASIS)
            for key, target in _read_entry(element, name, folder, _EXACT):
                self._exact.setdefault(key, target)
            for key, target in _read_entry(element, name, folder, _PREFIX):
                self._prefixes.setdefault(key, target)
            if name == "nextCatalog" and (other := _to_path(folder, element.get("catalog", ""))):
                following.append(other.resolve())
        return following


def _read_entry(
    element: etree._Element, name: str, folder: Path, forms: dict[str, tuple[str, str]]
) -> Iterator[tuple[str, Path]]:
    if name in forms:
        key, target = (element.get(attribute) for attribute in forms[name])
        if key and target is not None and (path := _to_path(folder, target)):
            yield key, path


def _find_base(element: etree._Element, folder: Path) -> Path:
    bases = [node.get(_XML_BASE) for node in (element, *element.iterancestors())]
    for base in reversed([base for base in bases if base]):
        folder = _to_path(folder, base) or folder
    return folder


def _to_path(folder: Path, target: str) -> Path | None:
    """Return the local file that a target of the catalog means, None for one on the network."""
    parts = urlsplit(target)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else folder / unquote(target)
