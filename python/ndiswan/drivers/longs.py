"""What the Microsoft compiler reads otherwise, changed in the driver's own lines after the preprocessor.

``long`` has 32 bits on Windows and 64 here: it is made ``int``, and a number loses its ``L``, since there
``-1 == 0xFFFFFFFFL`` holds. Numbers that end in ``i64`` get what ends them here, ``__asm int 3`` is the call that it
stands for, ``__asm cli``, ``jmp $+2`` and their like are nothing, and the character that ended a text under DOS goes.
Pragmas that put functions and variables into sections go too: clang does what they say, and refuses some.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MARKER = re.compile(r'^#(?: line)? \d+ "((?:[^"\\]|\\.)*)"((?: \d)*)', re.MULTILINE)
# A literal, which stays; a number with a suffix; a break point; or words that make a type together, in any order.
_TYPE = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\''
    r"|(?<![\w.])(?P<number>0[xX][0-9a-fA-F]+?|\d+)(?P<suffix>[uU]?[lL]|[lL][uU]|[uU]?[iI](?:8|16|32|64))(?![\w.])"
    r"|\b__?asm\b(?!\s*(?:volatile\b|goto\b|\())\s*(?P<asm>\{[^{}]*\}|[^\n;{}]*[^\n;{}\s];?)"
    r"|\b(?:unsigned|signed|int|long|short|double)\b(?:\s+(?:unsigned|signed|int|long|double|const|volatile)\b)*"
)
_SECTION = re.compile(
    r"^[ \t]*#[ \t]*pragma[ \t]+(?:alloc_text|(?:bss|code|const|data)_seg|init_seg|section)\b.*",
    re.MULTILINE,
)
_SYSTEM = " 3"
#: Interrupts of the one processor that a driver runs on, and flags: a driver is alone on it as it is.
_NOTHING = {"cli", "sti", "nop", "cld", "pushf", "popf", "pushfd", "popfd"}
#: A jump to the next instruction, which gave a slow card time between two accesses.
_DELAY = re.compile(r"jmp (?:short )?\$ ?\+ ?2")
#: A byte of an instruction; and those of ``nop`` and that jump, one behind the other.
_EMIT = re.compile(r"_?_emit (?:0x([0-9a-f]{1,2})|0?([0-9a-f]{2})h|(\d+))")
_NOPS = re.compile(rb"(?:\x90|\xeb\x00)*")


def _assembler(match: re.Match[str]) -> str:
    """A break point, or nothing for what a driver cannot do here; other instructions stay for the compiler."""
    parts = re.split(r"[\n;{}]|\b__?asm\b", match["asm"])
    instructions = [" ".join(part.split()).lower() for part in parts if part.strip()]
    bytes_ = [found for one in instructions if (found := _EMIT.fullmatch(one))]
    numbers = (int(byte[3]) if byte[3] else int(byte[1] or byte[2], 16) for byte in bytes_)
    emitted = bytes(number & 0xFF for number in numbers)
    rest = (one for one in instructions if not _EMIT.fullmatch(one))
    nothing = (one in _NOTHING or one == "int 3" or _DELAY.fullmatch(one) for one in rest)
    if not all(nothing) or not _NOPS.fullmatch(emitted):
        return match[0]
    return " ndiswan_break(); " if "int 3" in instructions else ";" + "\n" * match[0].count("\n")


def _narrowed(match: re.Match[str]) -> str:
    text = match[0]
    if match["number"]:
        suffix = match["suffix"].lower()
        return match["number"] + "u" * ("u" in suffix) + "ll" * ("64" in suffix)
    if match["asm"]:
        return _assembler(match)
    words = re.findall(r"\w+", text) if text[0] not in "\"'" else []
    if words.count("long") != 1 or "double" in words:
        return text
    return re.sub(r"\blong\b", "" if "int" in words else "int", text)


def _read(piece: str) -> str:
    return _TYPE.sub(_narrowed, _SECTION.sub("", piece))


def narrowed(text: str, own: Iterable[Path]) -> str:
    """Preprocessed C in which the driver's ``long`` is ``int``; the folders of ``own`` are this package's and stay."""
    text = text.replace("\x1a", "")
    kept = [str(folder) for folder in own]
    parts: list[str] = []
    end, stays = 0, False
    for marker in _MARKER.finditer(text):
        piece = text[end : marker.start()]
        parts += [piece if stays else _read(piece), marker[0]]
        end = marker.end()
        stays = _SYSTEM in marker[2] or any(marker[1].startswith(folder) for folder in kept)
    piece = text[end:]
    return "".join([*parts, piece if stays else _read(piece)])
