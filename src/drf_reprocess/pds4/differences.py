"""In which elements two labels differ, in words: for an adopted label that is not the one that would be written."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from drf_reprocess.pds4.digest import reduce_label
from drf_reprocess.pds4.elements import PDS, XSI, Element
from drf_reprocess.pds4.parsing import is_instruction, local_name, text_of

_KEYS = ("name", "lid_reference", "lidvid_reference", "local_identifier")
"""Children whose text tells repeated elements apart, in the order in which they are asked."""

_MAX_SHOWN = 160
"""Longest value that is shown whole, in characters; of a longer one the part around the first difference is shown."""
_LEAD = 30
_INSTRUCTION = "processing instruction"

_Key = tuple[str, str, int]


class _Child(NamedTuple):
    """A child element by its key: name, what tells it from others of that name, count among equals."""

    key: _Key
    element: Element
    shown: str


def label_differences(one: bytes, other: bytes, limit: int = 50) -> tuple[str, ...]:
    """Return the elements in which a label differs from another, as ``path: 'value' here, 'value' there``.

    ``here`` is ``one``, ``there`` is ``other``. Empty exactly if `pds4.digest.label_digest` is the same for both: version,
    history, publication year, creation time, comments, layout and prefixes do not count. Repeated elements are compared by
    what names them, such as fields by their name. After ``limit`` differences one line counts the rest.
    `UnreadableLabel` if one of them is no PDS4 label.
    """
    here, there = reduce_label(one), reduce_label(other)
    found = list(_compare_instructions(here.instructions, there.instructions))
    if here.root.tag != there.root.tag:
        found.append(_tell("root element", str(here.root.tag), str(there.root.tag)))
    else:
        found += _compare(here.root, there.root, "")
    if len(found) > limit:
        return (*found[:limit], f"... and {len(found) - limit} more")
    return tuple(found)


def _compare_instructions(here: Sequence[str], there: Sequence[str]) -> Iterator[str]:
    if here == there:
        return
    ours, theirs = Counter(here), Counter(there)
    yield from (_tell(_INSTRUCTION, text, None) for text in (ours - theirs).elements())
    yield from (_tell(_INSTRUCTION, None, text) for text in (theirs - ours).elements())
    if ours == theirs:
        yield f"{_INSTRUCTION}s: in another order"


def _compare(here: Element, there: Element, path: str) -> Iterator[str]:
    """Yield the differences below two elements that stand for each other; names without namespace are equal."""
    place = path or local_name(here)
    for name in sorted({*map(str, here.attrib), *map(str, there.attrib)}):
        values = here.get(name), there.get(name)
        if values[0] != values[1]:
            yield _tell(f"{place}/@{_show_attribute(name)}", *values)
    if (here.text or "") != (there.text or ""):
        yield _tell(place, here.text or "", there.text or "")
    yield from _compare_children(here, there, path)


def _compare_children(here: Element, there: Element, path: str) -> Iterator[str]:
    repeated = _repeated(here, there)
    ours, theirs = _children(here, repeated), _children(there, repeated)
    positions = {child.key: number for number, child in enumerate(theirs)}
    order = []
    for mine, yours in _align(ours, theirs):
        if mine is not None and yours is not None:
            yield from _compare_pair(mine.element, yours.element, _join(path, mine), inherited=(here, there))
            order.append(positions[yours.key])
        elif mine is not None:
            yield _tell(_join(path, mine), _summary(mine.element), None)
        elif yours is not None:
            yield _tell(_join(path, yours), None, _summary(yours.element))
    if order != sorted(order):
        yield f"{path or local_name(here)}: its elements are in another order"


def _join(path: str, child: _Child) -> str:
    return f"{path}/{child.shown}" if path else child.shown


def _compare_pair(
    mine: Element, yours: Element, place: str, *, inherited: tuple[Element, Element]
) -> Iterator[str]:
    namespaces = _namespace(mine), _namespace(yours)
    above = _namespace(inherited[0]), _namespace(inherited[1])
    if namespaces[0] != namespaces[1] and namespaces != above:
        yield _tell(f"{place} (namespace)", *namespaces)
    yield from _compare(mine, yours, place)
    if (mine.tail or "") != (yours.tail or ""):
        yield _tell(f"text after {place}", mine.tail or "", yours.tail or "")


def _repeated(here: Element, there: Element) -> set[str]:
    """Return the names that stand more than once below either element."""
    counts = (Counter(_show(child) for child in parent) for parent in (here, there))
    return {name for count in counts for name, number in count.items() if number > 1}


def _children(parent: Element, repeated: set[str]) -> list[_Child]:
    seen: Counter[tuple[str, str]] = Counter()
    position: Counter[str] = Counter()
    found = []
    for child in parent:
        name = _show(child)
        position[name] += 1
        identity = _identify(child) if name in repeated else ""
        seen[name, identity] += 1
        key = name, identity, seen[name, identity]
        shown = name
        if name in repeated:
            shown = f"{name}[{identity if identity and key[2] == 1 else position[name]}]"
        found.append(_Child(key, child, shown))
    return found


def _align(ours: list[_Child], theirs: list[_Child]) -> list[tuple[_Child | None, _Child | None]]:
    """Pair the children by key; what is left of a name is paired in order if both sides have as many of it."""
    by_key = {child.key: child for child in theirs}
    paired = {child.key: by_key.pop(child.key) for child in ours if child.key in by_key}
    left_here, left_there = defaultdict(list), defaultdict(list)
    for child in ours:
        if child.key not in paired:
            left_here[_local(child)].append(child)
    for child in by_key.values():
        left_there[_local(child)].append(child)
    for name, mine in left_here.items():
        if len(mine) == len(left_there.get(name, ())):
            paired |= {one.key: other for one, other in zip(mine, left_there.pop(name), strict=True)}
    absent_here: list[tuple[_Child | None, _Child | None]] = [
        (None, child) for children in left_there.values() for child in children
    ]
    return [(child, paired.get(child.key)) for child in ours] + absent_here


def _local(child: _Child) -> str:
    return local_name(child.element) or child.key[0]


def _identify(element: Element) -> str:
    if len(element) == 0 and not is_instruction(element):
        return element.text or ""
    return next((text for name in _KEYS if (text := text_of(element, name))), "") or next(
        (text for name in _KEYS if (text := text_of(element, "Internal_Reference", name))), ""
    )


def _show(node: Element) -> str:
    """Return the name of a child as paths have it: with its prefix unless it is of the common model."""
    if is_instruction(node):
        return f"{_INSTRUCTION} {getattr(node, 'target', '')}"
    name = local_name(node)
    return name if _namespace(node) in (PDS, "") else f"{_prefix(node)}:{name}"


def _prefix(node: Element) -> str:
    """Return what stands for a namespace in a path: its last word but for the version, whatever prefix the label uses."""
    words = [word for word in _namespace(node).split("/") if word]
    return next((word for word in reversed(words) if not word[1:].isdigit()), "")


def _show_attribute(name: str) -> str:
    namespace, _, local = name.rpartition("}")
    if not namespace:
        return local
    return f"xsi:{local}" if namespace[1:] == XSI else f"{namespace}}}{local}"


def _namespace(node: Element) -> str:
    return node.tag[1:].partition("}")[0] if isinstance(node.tag, str) and node.tag.startswith("{") else ""


def _summary(element: Element) -> str:
    """Return the text of an element, or the first texts below it."""
    if is_instruction(element):
        return element.text or ""
    return " ".join(text for node in element.iter() if (text := (node.text or "").strip()))


def _tell(place: str, here: str | None, there: str | None) -> str:
    if here is not None and there is not None:
        here, there = _cut(here, there)
    return f"{place}: {_quote(here)} here, {_quote(there)} there"


def _cut(here: str, there: str) -> tuple[str, str]:
    """Leave out what two long texts have in common at their beginning."""
    if max(len(here), len(there)) <= _MAX_SHOWN:
        return here, there
    same = next(
        (number for number, (a, b) in enumerate(zip(here, there, strict=False)) if a != b),
        min(len(here), len(there)),
    )
    start = max(0, same - _LEAD)
    lead = "..." if start else ""
    return lead + here[start:], lead + there[start:]


def _quote(text: str | None) -> str:
    if text is None:
        return "absent"
    if not text:
        return "empty"
    return f"'{text}'" if len(text) <= _MAX_SHOWN else f"'{text[: _MAX_SHOWN - 3]}...'"
