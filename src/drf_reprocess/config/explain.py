"""Every key of the configuration in words, generated from the models."""

from __future__ import annotations

from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from drf_reprocess.config.model import Config
from drf_reprocess.config.values import Expected, Size, show_size

_SIZE_MARK = next(mark for mark in get_args(Size) if isinstance(mark, Expected))

PLAIN_TYPES = {str: "text", int: "whole number", float: "number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class ExplainedKey:
    """One key of the configuration, in words."""

    key: str
    type: str
    default: str
    meaning: str


def explain() -> tuple[ExplainedKey, ...]:
    """Return every key with its type, default and meaning, in the order of the models."""
    return tuple(
        ExplainedKey(
            key, describe_type(field), _describe_default(field), " ".join((field.description or "").split())
        )
        for key, field in fields_by_key().items()
    )


def fields_by_key() -> dict[str, FieldInfo]:
    """Return the field of each key, ``section.name``."""
    return {
        f"{section}.{name}": field
        for section in section_models()
        for name, field in section_fields(section).items()
    }


def section_models() -> dict[str, type[BaseModel]]:
    """Return the model of each section."""
    return {field.alias or name: _model(field) for name, field in Config.model_fields.items()}


def section_fields(section: str) -> dict[str, FieldInfo]:
    """Return the fields of one section by name."""
    return dict(section_models()[section].model_fields)


def describe_type(field: FieldInfo) -> str:
    """Say what a value of a field must be: its kind and its limits."""
    bare, marks = _unwrap(field.annotation, tuple(field.metadata))
    expected = next((mark for mark in marks if isinstance(mark, Expected)), None)
    if expected is not None:
        words = expected.words
    elif get_origin(bare) is Literal:
        return " | ".join(f'"{choice}"' for choice in get_args(bare))
    else:
        words = PLAIN_TYPES.get(bare, getattr(bare, "__name__", str(bare)))
    limits = [limit for mark in marks if (limit := _describe_limit(mark, is_size=expected == _SIZE_MARK))]
    return ", ".join([words, *limits])


def takes_text(field: FieldInfo) -> bool:
    """Tell whether the value of a field is a text, however much it looks like something else."""
    bare, _ = _unwrap(field.annotation, ())
    return bare is str or get_origin(bare) is Literal


def _describe_limit(mark: object, *, is_size: bool) -> str:
    show = show_size if is_size else str
    if isinstance(mark, Ge):
        return "" if is_size and mark.ge in (0, 1) else f"at least {show(mark.ge)}"  # type: ignore[arg-type]
    if isinstance(mark, Gt):
        return f"more than {show(mark.gt)}"  # type: ignore[arg-type]
    if isinstance(mark, Le):
        return f"at most {show(mark.le)}"  # type: ignore[arg-type]
    return ""


def _describe_default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default is None:
        return "not set"
    if isinstance(field.default, str):
        return f'"{field.default}"'
    _, marks = _unwrap(field.annotation, tuple(field.metadata))
    return f'"{show_size(field.default)}"' if _SIZE_MARK in marks else str(field.default)


def _unwrap(annotation: Any, marks: tuple[object, ...]) -> tuple[Any, tuple[object, ...]]:  # noqa: ANN401
    """Return a type without ``| None`` and its marks, and the marks."""
    if get_origin(annotation) in (Union, UnionType):
        (annotation,) = (member for member in get_args(annotation) if member is not NoneType)
        return _unwrap(annotation, marks)
    if get_origin(annotation) is Annotated:
        bare, *inner = get_args(annotation)
        return _unwrap(bare, (*inner, *marks))
    return annotation, marks


def _model(field: FieldInfo) -> type[BaseModel]:
    if not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)):
        raise TypeError(f"a section is a model, not {field.annotation}")
    return field.annotation
