"""What the Microsoft compiler takes and gcc or clang refuse, changed where they refuse it.

The text is the driver's, after the preprocessor. Nothing of it changes as long as the compiler takes it; each change
is made for an error that names it, and the compiler is asked again:

- a cast that is assigned to or counted, ``((PULONG)p)++``: the same place read as the other type;
- ``static`` for a function that was called or declared before without: the function is made local in the object;
- ``int F();`` or ``int F(PVOID a);`` before ``int F(UCHAR *a) {``: the first gets the parameters of the second;
- a declaration of a function or type that the headers of this package have otherwise: theirs is the one; but if the
  driver defines the function, its own is;
- a structure that is named first in a prototype, which has its own scope there: it is declared before;
- ``static`` for a variable that was ``extern`` before: it is static in both;
- a macro that is called with too few arguments: the rest is empty (`fewer`);
- a label with nothing behind it at the end of a block: an empty statement;
- ``__leave``: a jump to the end of its ``__try`` block;
- half an address in a static initializer: it is filled in when the file is loaded (`constants`).
"""

from __future__ import annotations

import os
import re
from bisect import bisect

from ndiswan.drivers.constants import filled_in
from ndiswan.drivers.fewer import only_fewer
from ndiswan.drivers.leaving import without_leave

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# A type: words, then stars. A place: a name, what is inside of it or behind it, perhaps through a pointer.
_TYPE = r"\(\s*(?P<type>[A-Za-z_][\w \t]*?[ \t]*\**)\s*\)"
_NAME = r"\**[A-Za-z_]\w*(?:\s*(?:->|\.)\s*[A-Za-z_]\w*|\s*\[[^][]*\])*"
_PLACE = rf"(?P<place>{_NAME}|\(\s*{_NAME}\s*\))"
_ASSIGNS = r"(?:<<|>>|[-+*/%&|^])?=(?!=)"
_CASTS = [
    # ((T)p)++ and ((T)p) = x
    re.compile(rf"\(\s*{_TYPE}\s*{_PLACE}\s*\)(?=\s*(?:\+\+|--|{_ASSIGNS}))"),
    # ++((T)p)
    re.compile(rf"(?P<before>\+\+|--)\s*\(\s*{_TYPE}\s*{_PLACE}\s*\)"),
    # (T)p += x, where a statement or an expression begins
    re.compile(rf"(?P<before>(?:[;{{}}),:]|\belse\b)\s*){_TYPE}\s*{_PLACE}(?=\s*{_ASSIGNS})"),
]
_REGISTER = re.compile(r"\bregister\s+(?=[A-Za-z_]\w*[\s*]+[A-Za-z_*])")
_STRINGS = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'')
_BRACES = re.compile(rf"{_STRINGS.pattern}|[{{}}]")
_NOT_A_TYPE = r"(?:return|else|do|goto|case|sizeof)"
_ERROR = re.compile(r"\berror: (.*)")
_PASTED = "does not give a valid preprocessing token"
_QUOTED = r"['\u2018](\w+)['\u2019]"
_STATIC = re.compile(rf"static declaration of {_QUOTED} follows non-static declaration")
_CONFLICT = re.compile(rf"conflicting types for {_QUOTED}")
#: What clang says of a type, whose name is in the line that it shows.
_TYPEDEF = re.compile(
    r"typedef redefinition with different types[^\n]*\n[\s\d|]*typedef\b[^\n;]*?(\w+)\s*;"
)
_MARKER = re.compile(r'^# \d+ "([^"\n]*)".*$', re.MULTILINE)
_TAG = re.compile(r"\b(struct|union)\s+(\w+)")
_CAST = re.compile(r"lvalue required as|expression is not assignable|assignment to cast is illegal")
_LABEL = re.compile(r"label at end of compound statement|expected statement")
_ASSEMBLER = re.compile(r"\b__?asm\b")


def only_pasting(said: str) -> bool:
    """Whether all that the preprocessor refuses is ``p->##field``, written as it is meant, or too few arguments."""
    errors = _ERROR.findall(said)
    return bool(errors) and all(_PASTED in error or only_fewer(error) for error in errors)


def _outermost(text: str) -> Callable[[int], bool]:
    """Whether a place of the text is outside of all braces."""
    ends: list[int] = []
    depths = [0]
    for match in _BRACES.finditer(text):
        if match[0] in {"{", "}"}:
            ends.append(match.start())
            depths.append(max(0, depths[-1] + (1 if match[0] == "{" else -1)))
    return lambda at: depths[bisect(ends, at)] == 0


def _outside_strings(
    text: str, change: re.Pattern[str], into: str, where: Callable[[int], bool] = lambda _: True
) -> str:
    """The text with what matches changed, but not what begins in a literal, or elsewhere than `where`."""
    literals = [match.span() for match in _STRINGS.finditer(text)]
    parts, end, which = [], 0, 0
    for match in change.finditer(text):
        while which < len(literals) and literals[which][1] <= match.start():
            which += 1
        if which < len(literals) and literals[which][0] <= match.start():
            continue
        if not where(match.start()):
            continue
        parts += [text[end : match.start()], match.expand(into)]
        end = match.end()
    return "".join([*parts, text[end:]])


_NOT_CONSTANT = re.compile(
    r"initializer element is not (?:constant|computable)|not a compile-time constant"
)


class Mended:
    """A driver's text, and what was changed of it."""

    def __init__(self, text: str, ours: Iterable[str | os.PathLike[str]] = ()) -> None:
        self.text = text
        self._ours = tuple(os.fspath(folder) for folder in ours)
        self._declared: set[str] = set()
        #: Functions that are not for other objects.
        self.local: set[str] = set()
        #: What may be said with an error that stays.
        self.hint = ""

    def by(self, said: str) -> bool:
        """Whether something of what a compiler said was changed, so that it has to be asked again."""
        before = self.text
        errors = [error for error in _ERROR.findall(said) if error]
        for error in errors:
            if found := _STATIC.search(error):
                self._make_local(found[1])
            if found := _CONFLICT.search(error):
                self._conflict(found[1])
        for name in _TYPEDEF.findall(said):
            self._conflict(name)
        self._expressions("\n".join(errors), said)
        changed = self.text != before
        if errors and not changed and _ASSEMBLER.search(said):
            self.hint = (
                "\nexpected C; the line has __asm with instructions of a 32-bit processor, which are not translated: "
                "leave them out, or write the C that they stand for, under a macro that is defined for this build"
            )
        elif errors and not changed and _NOT_CONSTANT.search(said):
            self.hint = (
                "\nexpected a constant; a pointer that a static initializer casts to ULONG has 64 bits here, as on"
                " 64-bit Windows: make that member ULONG_PTR or a pointer, or fill it in before it is used"
            )
        return changed

    def _expressions(self, errors: str, said: str) -> None:
        if _CAST.search(errors):
            self._casts()
        if _LABEL.search(errors):
            self.text = _outside_strings(self.text, re.compile(r":(\s*)\}"), r":;\1}")
        if "__leave" in errors:
            self.text = without_leave(self.text)
        if _NOT_CONSTANT.search(errors):
            self.text = filled_in(self.text, said)

    def _casts(self) -> None:
        self.text = _outside_strings(self.text, _CASTS[0], r"(*(\g<type>*)&(\g<place>))")
        for cast in _CASTS[1:]:
            self.text = _outside_strings(self.text, cast, r"\g<before>(*(\g<type>*)&(\g<place>))")
        # The address of a register is none.
        self.text = _outside_strings(self.text, _REGISTER, "")

    def _make_local(self, name: str) -> None:
        between = r"(?=(?:\s+\w+|\s*\*)*?[\s*]+"
        declared = re.compile(rf"\bstatic\b{between}{name}\s*\()")
        if declared.search(self.text):
            self.text = _outside_strings(self.text, declared, "")
            self.local.add(name)
            return
        variable = re.compile(rf"\bextern\b{between}{name}\s*[;,[])")
        self.text = _outside_strings(self.text, variable, "static")

    def _conflict(self, name: str) -> None:
        statements = self._statements(name)
        tags = {tag for start, end, *_ in statements for tag in _TAG.findall(self.text[start:end])}
        fresh = sorted(f"{kind} {tag};" for kind, tag in tags if tag not in self._declared)
        if fresh:
            # Before the first line of a file, so that all lines keep their numbers.
            self._declared |= {tag for _, tag in tags}
            self.text = " ".join(fresh) + "\n" + self.text
            return
        ours = [statement for statement in statements if statement[2]]
        theirs = [statement for statement in statements if not statement[2]]
        if not ours or not theirs:
            self._give_parameters(name)
            return
        defines = any(body for *_, body in theirs)
        for start, end, _, body in reversed(ours if defines else theirs):
            if not body:
                self.text = (
                    self.text[:start] + "\n" * self.text.count("\n", start, end) + self.text[end:]
                )

    def _statements(self, name: str) -> list[tuple[int, int, bool, bool]]:
        """Where the name is declared outside of functions: from, to, whether by our headers, whether with a body."""
        outside = _outermost(self.text)
        markers = [
            (match.end(), match[1].startswith(self._ours)) for match in _MARKER.finditer(self.text)
        ]
        ends = [end for end, _ in markers]
        found = []
        for match in re.finditer(rf"\b{name}\b(?=\s*[(;,[=])", self.text):
            if not outside(match.start()):
                continue
            before = max(self.text.rfind(mark, 0, match.start()) for mark in ";}")
            which = bisect(ends, match.start()) - 1
            start = max(before + 1, ends[which] if which >= 0 else 0)
            behind = re.compile(r"[;{]").search(self.text, match.end())
            first = self.text[start : match.start()]
            if behind is None or first.count("(") > first.count(")"):
                continue
            if re.search(r"^#", self.text[start : behind.start()], re.MULTILINE):
                continue
            ours = which >= 0 and markers[which][1]
            # The names behind a structure's members, or several in one statement, are not taken apart.
            is_function = self.text[match.end() :].lstrip().startswith("(")
            behind_members = self.text[start - 1] == "}" and not first.strip()
            several = behind_members or "," in self.text[start : behind.start()]
            if several and not ours and not is_function:
                continue
            body = behind[0] == "{" and "typedef" not in first
            end = behind.start() if body else behind.end()
            found.append((start, end, ours, body))
        return found

    def _give_parameters(self, name: str) -> None:
        inside = r"(?:[^()]|\([^()]*\))*"
        defined = re.search(rf"\b{name}\s*\((?!\s*\))({inside})\)\s*\{{", self.text)
        if defined is None:
            return
        parameters = " ".join(defined[1].split()).replace(chr(92), chr(92) * 2)
        empty = re.compile(rf"(?<!\w)(?!{_NOT_A_TYPE}\b)(\w+[\s*]+){name}\s*\(\s*\)(?=\s*[;,])")
        self.text = _outside_strings(self.text, empty, rf"\g<1>{name}({parameters})")
        # Where no function is, all others of that name are declarations as well.
        other = re.compile(rf"\b{name}\s*\({inside}\)(?=\s*[;,])")
        outside = _outermost(self.text)
        self.text = _outside_strings(self.text, other, f"{name}({parameters})", outside)
