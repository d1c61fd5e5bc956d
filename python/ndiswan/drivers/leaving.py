"""``__leave`` goes to the end of the innermost ``__try`` block that it stands in, which C calls ``goto``.

`__try` is ``if (sizeof "__try")`` in ``ndiswan_compiler.h``, so that the block can be found behind the preprocessor.
"""

from __future__ import annotations

import re

#: What the header makes of ``__try``.
_TRY = re.compile(r'\bif\s*\(sizeof\s*"__try"\)\s*(?=\{)')
_LEAVE = re.compile(r"\b__leave\b")
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|[{}]')


def without_leave(text: str) -> str:
    """The text in which each ``__leave`` that has a block is a goto; one outside of all of them stays."""
    blocks = [(start.end(), _end(text, start.end())) for start in _TRY.finditer(text)]
    labels: set[int] = set()
    changes: list[tuple[int, int, str]] = []
    for leave in _LEAVE.finditer(text):
        around = [(at, end) for at, end in blocks if at < leave.start() < end]
        if not around:
            continue
        number = blocks.index(max(around))
        changes.append((*leave.span(), f"goto ndiswan_left_{number}"))
        labels.add(number)
    changes += [(blocks[at][1], blocks[at][1], f"ndiswan_left_{at}:;") for at in labels]
    for start, end, into in sorted(changes, reverse=True):
        text = text[:start] + into + text[end:]
    return text


def _end(text: str, at: int) -> int:
    """Where the block that begins at a brace ends: its last brace."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        depth += {"{": 1, "}": -1}.get(token[0], 0)
        if depth == 0:
            return token.start()
    return len(text)
