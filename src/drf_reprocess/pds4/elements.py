"""Labels as trees of elements: how they are begun, filled and turned into bytes.

The bytes are the same for the same input: UTF-8, two blanks a level, a line feed at the end.
"""

from __future__ import annotations

from lxml import etree

from drf_reprocess.errors import ProfileError
from drf_reprocess.pds4.dialect import find_dialect
from drf_reprocess.profiles.model import InformationModel

PDS = "http://pds.nasa.gov/pds4/pds/v1"
"""Namespace of the common model in all its releases."""
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMATRON = "http://purl.oclc.org/dsdl/schematron"

Element = etree._Element


def new_label(product_class: str, model: InformationModel) -> Element:
    """Return the root element of a label, with its namespaces and schema locations."""
    namespaces: dict[str | None, str] = {None: PDS, "xsi": XSI}
    locations = [PDS, model.xsd]
    if model.dictionary is not None:
        namespaces[model.dictionary.prefix] = model.dictionary.namespace
        locations += [model.dictionary.namespace, model.dictionary.xsd]
    root = etree.Element(f"{{{PDS}}}{product_class}", nsmap=namespaces)  # type: ignore[arg-type]  # stubs lack None
    root.set(f"{{{XSI}}}schemaLocation", " ".join(locations))
    return root


def add(parent: Element, tag: str, text: str | int | None = None, unit: str | None = None) -> Element:
    """Append an element of the common model to ``parent`` and return it."""
    element = etree.SubElement(parent, f"{{{PDS}}}{tag}")
    if text is not None:
        element.text = text if isinstance(text, str) else str(text)
    if unit is not None:
        element.set("unit", unit)
    return element


def add_bytes(parent: Element, tag: str, count: int) -> None:
    """Append an element that counts bytes."""
    add(parent, tag, count, "byte")


def render(root: Element, model: InformationModel) -> bytes:
    """Return the label as bytes, after its XML declaration and the instructions that name the Schematron files.

    `ProfileError` if a text has characters that the information model does not allow in that element.
    """
    body = render_part(root, model)
    rules = [model.sch] if model.dictionary is None else [model.sch, model.dictionary.sch]
    prolog = '<?xml version="1.0" encoding="UTF-8"?>\n' + "".join(
        f'<?xml-model href="{url}" schematypens="{SCHEMATRON}"?>\n' for url in rules
    )
    return prolog.encode() + body + b"\n"


def render_part(element: Element, model: InformationModel, level: int = 0) -> bytes:
    """Return an element that stands so many levels below the root as bytes, without what stands around it.

    `ProfileError` as `render`.
    """
    etree.indent(element, level=level)
    body = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    if not body.isascii():
        _check_ascii(element, model)
    return body


def _check_ascii(root: Element, model: InformationModel) -> None:
    ascii_only = find_dialect(model.version).ascii_only
    for element in root.iter(f"{{{PDS}}}*"):
        tag = etree.QName(element).localname
        parent = element.getparent()
        cited = parent is not None and parent.tag == f"{{{PDS}}}Citation_Information"
        if tag in ascii_only and not cited and element.text and not element.text.isascii():
            raise ProfileError(
                f"{tag} {element.text!r}: information model {model.version} allows 7-bit ASCII only there; "
                "spell the text without other characters"
            )
