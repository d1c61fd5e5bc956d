"""The parts that everything shown is made of. What is given as text is escaped; what is made here is not once more."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


@cache
def _style() -> str:
    return (files("ndiswan.notebook") / "style.css").read_text("utf-8")


def page(*parts: str) -> str:
    """What a notebook is given: the parts in their order, in a scope of their own."""
    return f'<div class="ndiswan"><style>{_style()}</style>{"".join(parts)}</div>'


def text(words: object) -> Html:
    """Text, or HTML as it is."""
    return words if isinstance(words, Html) else Html(escape(str(words)))


def title(words: object) -> Html:
    """A heading."""
    return Html(f"<h4>{text(words)}</h4>")


def line(*words: object, kind: str = "") -> Html:
    """A paragraph."""
    marked = f' class="{kind}"' if kind else ""
    return Html(f"<p{marked}>{' '.join(text(word) for word in words)}</p>")


def marked(words: object, kind: str) -> Html:
    """Words in the colour of their kind."""
    return Html(f'<span class="{kind}">{text(words)}</span>')


def code(words: object) -> Html:
    """Words as they stand in a program."""
    return Html(f"<code>{text(words)}</code>")


def block(words: object) -> Html:
    """Lines that keep their columns."""
    return Html(f"<pre>{text(words)}</pre>")


def verdict(*parts: str, bad: bool) -> Html:
    """What it came to."""
    return Html(f'<div class="verdict {"bad" if bad else "good"}">{"".join(parts)}</div>')


def folded(summary: object, *parts: str) -> Html:
    """Parts that are opened by a click."""
    inner = "".join(parts)
    return Html(f"<details><summary>{text(summary)}</summary>{inner}</details>")


def table(
    head: Sequence[object],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[int] = (),
    chosen: int | None = None,
) -> Html:
    """A table; the cells of the columns ``numbers`` are set to the right, and the row ``chosen`` is marked."""
    made = [f"<tr>{''.join(f'<th>{text(word)}</th>' for word in head)}</tr>"] if head else []
    for number, row in enumerate(rows):
        right = ['<td class="n">' if at in numbers else "<td>" for at in range(len(row))]
        cells = "".join(f"{tag}{text(word)}</td>" for tag, word in zip(right, row, strict=True))
        made.append(f'<tr class="chosen">{cells}</tr>' if number == chosen else f"<tr>{cells}</tr>")
    return Html(f"<table>{''.join(made)}</table>")


def facts(of: Mapping[str, object]) -> Html:
    """Names and what they are; those of which nothing is known are left out."""
    return table([], [(name, words) for name, words in of.items() if words not in (None, "")])


def bar(percent: float) -> Html:
    """A share, 0 to 100."""
    return Html(
        f'<span class="bar"><i style="width:{min(max(percent, 0.0), 100.0):.1f}%"></i></span>'
    )


def milliseconds(ns: float) -> str:
    """A time."""
    return f"{ns / 1e6:.6f} ms"


def more(count: int, what: str) -> Html:
    """How many were left out, if any were."""
    return line(f"… and {count:,} more {what}", kind="faint") if count > 0 else Html("")
