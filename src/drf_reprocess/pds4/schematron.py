"""Schematron files of PDS4 as XSLT: all rules of all files of a label in one pass over it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree

from drf_reprocess.errors import SchemaSetError

_SCH = "{http://purl.oclc.org/dsdl/schematron}"
_XSL_NAMESPACE = "http://www.w3.org/1999/XSL/Transform"
_XSL = f"{{{_XSL_NAMESPACE}}}"

FIELD_SEPARATOR = "\u241f"
"""Between role, number of the element and message of one line of the output."""
LINE_SEPARATOR = "\u241e"

_KNOWN = frozenset(
    {
        "schema",
        "title",
        "ns",
        "p",
        "pattern",
        "rule",
        "let",
        "assert",
        "report",
        "value-of",
        "name",
        "emph",
        "span",
    }
    | {"dir", "diagnostics", "diagnostic", "phase", "active"}
)


def to_stylesheet(paths: Iterable[Path]) -> str:
    """Return an XSLT 3.0 stylesheet that applies the rules of these Schematron files (query binding ``xslt2``).

    Its text output has a line for each assertion that fails and each report that holds: role, number of the element in
    document order from 1, message. `SchemaSetError` if a file cannot be read or uses what PDS4 files do not use
    (abstract rules, includes, several rules in a pattern with one context).
    """
    sheet = etree.Element(f"{_XSL}stylesheet", nsmap={"xsl": _XSL_NAMESPACE}, version="3.0")
    etree.SubElement(sheet, f"{_XSL}output", method="text", encoding="UTF-8")
    etree.SubElement(sheet, f"{_XSL}mode", attrib={"on-no-match": "shallow-skip"})
    priority = 0
    for path in paths:
        schema = _parse(path)
        namespaces = {ns.get("prefix", ""): ns.get("uri", "") for ns in schema.iter(f"{_SCH}ns")}
        shared = schema.findall(f"{_SCH}let")
        for pattern in schema.iter(f"{_SCH}pattern"):
            priority += 1
            rule = _single_rule(pattern, path)
            variables = [*shared, *pattern.findall(f"{_SCH}let")]
            _add_template(sheet, rule, variables, namespaces, priority)
    return etree.tostring(sheet, encoding="unicode")


def _parse(path: Path) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, remove_comments=True)
    try:
        schema = etree.parse(str(path), parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        raise SchemaSetError(f"Schematron file {path} cannot be read: {error}") from error
    if schema.tag != f"{_SCH}schema":
        raise SchemaSetError(f"{path} is no Schematron file: its root element is {schema.tag!r}")
    for element in schema.iter(f"{_SCH}*"):
        name = etree.QName(element).localname
        if name not in _KNOWN or element.get("abstract") or element.get("is-a"):
            raise SchemaSetError(
                f"Schematron file {path}, line {element.sourceline}: {name} is not supported so"
            )
    return schema


def _single_rule(pattern: etree._Element, path: Path) -> etree._Element:
    """Return the only rule of a pattern: of several, the first that fits would have to win."""
    rules = pattern.findall(f"{_SCH}rule")
    if len(rules) != 1 or not rules[0].get("context"):
        place = f"Schematron file {path}, line {pattern.sourceline}"
        raise SchemaSetError(f"{place}: a pattern with {len(rules)} rules is not supported, expected one")
    return rules[0]


def _add_template(
    sheet: etree._Element,
    rule: etree._Element,
    variables: Iterable[etree._Element],
    namespaces: dict[str, str],
    priority: int,
) -> None:
    """Append a template that checks the rule, then passes its element on to the rules of lower priority."""
    template = etree.SubElement(
        sheet,
        f"{_XSL}template",
        {"match": rule.get("context", ""), "priority": str(priority)},
        nsmap=namespaces,
    )
    for variable in variables:  # evaluated at the document node (ISO/IEC 19757-3, 5.4.6)
        select = f"root(.)/({variable.get('value')})"
        etree.SubElement(template, f"{_XSL}variable", name=variable.get("name", ""), select=select)
    for child in rule:
        if child.tag == f"{_SCH}let":
            name, value = child.get("name", ""), child.get("value", "")
            etree.SubElement(template, f"{_XSL}variable", name=name, select=value)
        elif child.tag in (f"{_SCH}assert", f"{_SCH}report"):
            _add_test(template, child, child.get("role") or rule.get("role") or "error")
    etree.SubElement(template, f"{_XSL}next-match")


def _add_test(template: etree._Element, check: etree._Element, role: str) -> None:
    test = check.get("test", "")
    failed = f"not({test})" if check.tag == f"{_SCH}assert" else test
    branch = etree.SubElement(template, f"{_XSL}if", test=failed)
    _add_text(branch, role + FIELD_SEPARATOR)
    number = "count(ancestor-or-self::*) + count(preceding::*)"
    etree.SubElement(branch, f"{_XSL}value-of", select=number)
    _add_text(branch, FIELD_SEPARATOR)
    for text, select in _message_parts(check):
        _add_text(branch, text)
        if select:
            etree.SubElement(branch, f"{_XSL}value-of", select=select)
    _add_text(branch, LINE_SEPARATOR)


def _message_parts(check: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield the texts of a message, each with the expression whose value follows it."""
    text = check.text or ""
    for child in check:
        if child.tag == f"{_SCH}value-of":
            yield text, child.get("select", "")
            text = child.tail or ""
        elif child.tag == f"{_SCH}name":
            yield text, f"name({child.get('path', '.')})"
            text = child.tail or ""
        else:
            text += "".join(str(part) for part in child.itertext()) + (child.tail or "")
    yield text, ""


def _add_text(parent: etree._Element, text: str) -> None:
    collapsed = re.sub(r"\s+", " ", text)
    if collapsed:
        etree.SubElement(parent, f"{_XSL}text").text = collapsed
