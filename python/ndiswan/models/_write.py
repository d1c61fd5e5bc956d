"""Parameters written as TOML, the way a person would: tables for what has parts, one line for the rest."""

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ndiswan.models._build import kind_word
from ndiswan.models._parameters import Parameters, plain
from ndiswan.models.sizes import Cycle, Fixed


def written(run: Parameters, links: Iterable[Parameters]) -> str:
    """A scenario as TOML."""
    lines = _table("[run]", run)
    for link in links:
        lines += _link(link)
    return "\n".join(lines) + "\n"


def _link(link: Any) -> list[str]:
    own = {
        name: value for name, value in _fields(link) if not isinstance(value, (Parameters, tuple))
    }
    lines = ["", "[[link]]", *(f"{name} = {_value(value)}" for name, value in own.items())]
    for flow in link.traffic:
        lines += ["", *_table("[[link.traffic]]", flow)]
    for name, value in _fields(link):
        if isinstance(value, Parameters):
            lines += ["", *_table(f"[link.{name}]", value)]
    return lines


def _table(head: str, part: Parameters) -> list[str]:
    word = kind_word(part)
    kind = [] if word is None else [f'kind = "{word}"']
    return [head, *kind, *(f"{name} = {_value(value)}" for name, value in _fields(part))]


def _fields(part: Any) -> Iterator[tuple[str, Any]]:
    """The fields that are not as they are by default."""
    for field in dataclasses.fields(part):
        value = getattr(part, field.name)
        default = field.default
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if default is dataclasses.MISSING or plain(value) != plain(default):
            yield field.name, value


def _value(value: Any) -> str:
    match value:
        case Fixed():
            text = str(value.bytes)
        case Cycle():
            text = _value(value.bytes)
        case Parameters():
            word = kind_word(value)
            pairs = [] if word is None else [f'kind = "{word}"']
            pairs += [f"{name} = {_value(inner)}" for name, inner in _fields(value)]
            text = f"{{ {', '.join(pairs)} }}"
        case np.ndarray():
            text = _value(value.tolist())
        case list() | tuple():
            text = f"[{', '.join(_value(one) for one in value)}]"
        case bool() | str():
            text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case None:
            text = '"none"'
        case _:
            text = repr(value)
    return text
