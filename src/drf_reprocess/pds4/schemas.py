"""Labels against the official XML schemas and Schematron rules, offline, from the copies that a catalog names."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from lxml import etree

from drf_reprocess.errors import SchemaSetError, UnreadableLabel
from drf_reprocess.model import Finding, Severity
from drf_reprocess.pds4.elements import PDS, SCHEMATRON, XSI, Element
from drf_reprocess.pds4.parsing import is_instruction, is_pds4, line_of, nodes_before, parse_label
from drf_reprocess.pds4.saxon import Saxon, StylesheetError, TransformError, saxon_thread
from drf_reprocess.pds4.schematron import FIELD_SEPARATOR, LINE_SEPARATOR, to_stylesheet
from drf_reprocess.pds4.xml_catalog import XmlCatalog
from drf_reprocess.profiles.model import InformationModel

_XS = "{http://www.w3.org/2001/XMLSchema}"
_REMEDY = "correct the label, or the profile that it is written by"
_INSTALL = "install the schema files of that information model and name their catalog in validate.xml_catalog"
_PSEUDO_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*["']([^"']*)["']""")


class SchemaSet:
    """The schemas that a catalog maps to local files, each compiled once and kept.

    May be used from any thread. `SchemaSetError` if the catalog cannot be read.
    """

    def __init__(self, xml_catalog: Path | str) -> None:
        self._catalog = XmlCatalog(Path(xml_catalog))
        self._schemas: dict[tuple[tuple[str, str], ...], etree.XMLSchema | str] = {}
        self._lock = threading.Lock()

    def prepare(self, pairs: Iterable[tuple[str, str]], rules: Iterable[str]) -> None:
        """Compile schemas and rules before the first label comes.

        ``pairs`` are namespaces and addresses of XML schemas in the order of ``xsi:schemaLocation``, ``rules`` are
        addresses of Schematron files. `SchemaSetError` if one is missing or unusable, or they do not fit together.
        """
        wanted, files = tuple(pairs), list(rules)
        for url in [url for _, url in wanted] + files:
            if self._catalog.find(url) is None:
                raise SchemaSetError(
                    f"no local copy of {url} by the catalog {self._catalog.path}; {_INSTALL}"
                )
        with self._lock:
            schema = self._find_schema(wanted)
        if isinstance(schema, str):
            raise SchemaSetError(f"the schemas {[url for _, url in wanted]} do not fit together: {schema}")
        if files:
            key = tuple(path for url in files if (path := self._catalog.find(url)) is not None)
            saxon_thread().call(partial(_compile_rules, key))

    def prepare_model(self, model: InformationModel) -> None:
        """Compile what the labels of a profile's information model name; `SchemaSetError` as `prepare`."""
        pairs, rules = [(PDS, model.xsd)], [model.sch]
        if model.dictionary is not None:
            pairs.append((model.dictionary.namespace, model.dictionary.xsd))
            rules.append(model.dictionary.sch)
        self.prepare(pairs, rules)

    def check(self, label: bytes | Element) -> tuple[Finding, ...]:
        """Return what the schemas and rules that a label names find in it.

        Codes ``xml`` (not well-formed, or unsafe), ``xsd`` and ``schematron``; severity WARNING for Schematron
        warnings, else ERROR. A label that names no schema or no Schematron rules, or such as the catalog does not
        have, is a finding, for it would pass unchecked. `SchemaSetError` if a local copy is unusable.
        """
        try:
            root = parse_label(label)
        except UnreadableLabel as error:
            return (_fault("xml", str(error)),)
        return (*self._check_xsd(root), *self._check_rules(root))

    def _check_xsd(self, root: Element) -> Iterator[Finding]:
        if not is_pds4(root):
            yield _fault(
                "xsd", f"the root element {root.tag!r} is not of the PDS4 common model", line_of(root)
            )
            return
        words = (root.get(f"{{{XSI}}}schemaLocation") or "").split()
        if not words or len(words) % 2:
            yield _fault("xsd", "xsi:schemaLocation is missing, or no list of pairs", line_of(root))
            return
        pairs = tuple(zip(words[::2], words[1::2], strict=True))
        missing = [url for _, url in pairs if self._catalog.find(url) is None]
        if missing:
            yield _fault("xsd", f"no local copy of {', '.join(missing)}", line_of(root), _INSTALL)
            return
        if strange := [url for _, url in pairs if not self._has_suffix(url, ".xsd")]:
            yield _fault(
                "xsd", f"no XML schemas: {', '.join(strange)}; expected addresses of *.xsd", line_of(root)
            )
            return
        with self._lock:  # the error log belongs to the schema, not to the call
            schema = self._find_schema(pairs)
            if isinstance(schema, str):
                yield _fault("xsd", f"the schemas of the label do not fit together: {schema}", line_of(root))
            elif not schema.validate(root):
                log: Any = schema.error_log
                for entry in list(log):
                    yield _fault("xsd", re.sub(r"\{https?:[^}]*\}", "", entry.message), entry.line)

    def _find_schema(self, pairs: tuple[tuple[str, str], ...]) -> etree.XMLSchema | str:
        """Return the compiled schema of these files, or why they cannot be used together."""
        if pairs not in self._schemas:
            try:
                self._schemas[pairs] = self._compile_schema(pairs)
            except etree.XMLSchemaParseError as error:
                if len(pairs) == 1:
                    raise SchemaSetError(f"XML schema {self._catalog.find(pairs[0][1])}: {error}") from error
                self._find_schema(pairs[:1])
                self._schemas[pairs] = str(error)
        return self._schemas[pairs]

    def _compile_schema(self, pairs: tuple[tuple[str, str], ...]) -> etree.XMLSchema:
        parser = etree.XMLParser(no_network=True, load_dtd=False, resolve_entities=False)
        parser.resolvers.add(_LocalCopies(self._catalog))
        wrapper = etree.Element(f"{_XS}schema")
        for namespace, url in pairs:
            path = self._catalog.find(url)
            assert path is not None  # the callers looked before
            try:
                etree.parse(str(path), etree.XMLParser(no_network=True, load_dtd=False))
            except (OSError, etree.XMLSyntaxError) as error:
                raise SchemaSetError(f"XML schema {path} cannot be read: {error}") from error
            etree.SubElement(wrapper, f"{_XS}import", namespace=namespace, schemaLocation=path.as_uri())
        return etree.XMLSchema(etree.fromstring(etree.tostring(wrapper), parser))

    def _check_rules(self, root: Element) -> Iterator[Finding]:
        urls: list[str] = []
        for url, kind in _find_models(root):
            if kind == SCHEMATRON and not self._has_suffix(url, ".sch"):
                yield _fault("schematron", f"no Schematron rules: {url}; expected *.sch", line_of(root))
            elif kind == SCHEMATRON:
                urls.append(url)
            elif not kind:
                message = f"xml-model names no schematypens for {url}: its rules would not be applied"
                yield _fault("schematron", message, line_of(root))
        if not urls:
            yield _fault("schematron", "no xml-model instruction names a Schematron file", line_of(root))
            return
        missing = [url for url in urls if self._catalog.find(url) is None]
        if missing:
            yield _fault("schematron", f"no local copy of {', '.join(missing)}", line_of(root), _INSTALL)
        key = tuple(path for url in urls if (path := self._catalog.find(url)) is not None)
        if key:
            yield from _apply_rules(root, key)

    def _has_suffix(self, url: str, suffix: str) -> bool:
        """Whether the local copy is of that kind by its name, or there is none: another file is the label's fault, not ours."""
        path = self._catalog.find(url)
        return path is None or path.suffix == suffix


def _compile_rules(key: tuple[Path, ...], saxon: Saxon) -> None:
    """Compile the rules of some files at their first use."""
    try:
        saxon.compile(key, lambda: to_stylesheet(key))
    except StylesheetError as error:
        names = ", ".join(map(str, key))
        raise SchemaSetError(f"Schematron rules {names} cannot be compiled: {error}") from error


def _apply_rules(root: Element, key: tuple[Path, ...]) -> Iterator[Finding]:
    document = etree.tostring(root.getroottree(), encoding="unicode")

    def transform(saxon: Saxon) -> str:  # all at once: each call waits for Saxon's thread
        _compile_rules(key, saxon)
        return saxon.transform(key, document)

    try:
        output = saxon_thread().call(transform)
    except TransformError as error:  # such as a rule that makes a number of a text that is none
        yield _fault("schematron", f"a rule cannot be applied: {error}", line_of(root))
        return
    if not output:
        return
    elements = list(root.iter(etree.Element))
    for line in output.split(LINE_SEPARATOR)[:-1]:
        role, number, message = line.split(FIELD_SEPARATOR, 2)
        severity = Severity.WARNING if role.lower().startswith(("warn", "info")) else Severity.ERROR
        yield _fault("schematron", message.strip(), line_of(elements[int(number) - 1]), severity=severity)


def _find_models(root: Element) -> Iterator[tuple[str, str]]:
    """Yield address and kind of schema of each xml-model instruction before the root element."""
    for node in nodes_before(root):
        if is_instruction(node) and getattr(node, "target", "") == "xml-model":
            parts = dict(_PSEUDO_ATTRIBUTE.findall(node.text or ""))
            if "href" in parts:
                yield parts["href"], parts.get("schematypens", "")


def _fault(
    code: str, message: str, line: int = 0, remedy: str = _REMEDY, severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(code, severity, f"line {line}: {message}" if line else message, remedy)


_Resolver: Any = etree.Resolver  # whose stubs lack most of it


class _LocalCopies(_Resolver):  # type: ignore[misc]
    """Answers imports between schemas from the catalog; an address without local copy is not fetched."""

    def __init__(self, catalog: XmlCatalog) -> None:
        self._catalog = catalog

    def resolve(self, system_url: str, public_id: str, context: object) -> object:
        if not system_url or not re.match(r"https?:", system_url):
            return None
        path = self._catalog.find(system_url)
        if path is None:
            return self.resolve_empty(context)
        return self.resolve_filename(str(path), context)


_cache: dict[str, SchemaSet] = {}
_cache_lock = threading.Lock()


def schema_set(catalog: str) -> SchemaSet:
    """Return the `SchemaSet` of a catalog file, one for the whole process."""
    with _cache_lock:
        if catalog not in _cache:
            _cache[catalog] = SchemaSet(catalog)
        return _cache[catalog]
