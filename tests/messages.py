"""Every text that ndiswan can say to a person, found in its source: `tests/messages.txt` is the list that was read.

A text is a string literal of at least two words. Of Python that is each one but docstrings, annotations and markup; of
Rust each one outside of tests but what only a bug of ours can show (`assert!`, `expect`) and what the compiler says.
What is filled in stands in braces. A message that comes or changes changes the list, so that somebody reads it:

    python tests/messages.py    # writes the list anew; then read what `git diff` shows, as one who knows nothing
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from repository import ROOT, files

LIST = ROOT / "tests" / "messages.txt"
# Drivers that somebody wrote to be bad, and tables of C structures.
NO_MESSAGES = ("zoo/bugs/", "zoo/drivers/", "drivers/tapi_layout.py", "story/svg.rs")
MARKUP = re.compile(r"\s*(?:</?[a-z!]|\(\(\) =>|\.story\{)")
WORDS = re.compile(r"[A-Za-z}].*\s.*[A-Za-z{]", re.DOTALL)

TOKEN = re.compile(
    r"""//[^\n]*|/\*.*?\*/|'(?:\\.[^']*|[^'\\\n])'
      |b?r(?P<hashes>\#*)"(?P<raw>.*?)"(?P=hashes)|b?"(?P<text>(?:\\.|[^"\\])*)\"""",
    re.DOTALL | re.VERBOSE,
)
# What stands before a literal that no user meets.
OURS = re.compile(
    r"(?:\bexpect|assert\w*!|unreachable!|panic!|text_signature = |must_use = |cat!)\(?[^;{}]{0,80}$"
    r"|(?:message|note|label) = $",
    re.DOTALL,
)
IN_TESTS = re.compile(r"^#\[cfg\(test\)\]\n(?:pub )?mod \w+ \{", re.MULTILINE)


def text_of(node: ast.AST) -> str | None:
    """The text of a literal or an f-string, with what is filled in as it is written."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.JoinedStr(values=values):
            return "".join(_part(value) for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{text_of(left) or '{}'}{text_of(right) or '{}'}"
    return None


def _part(value: ast.AST) -> str:
    if isinstance(value, ast.FormattedValue):
        shown = "!r" if value.conversion == ord("r") else ""
        return "{" + ast.unparse(value.value) + shown + "}"
    return text_of(value) or ""


def _silent(tree: ast.AST) -> set[ast.AST]:
    """The literals that nobody is told: docstrings, annotations, patterns, parts of an f-string."""
    found: set[ast.AST] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as text):
                found.add(text)
            case ast.JoinedStr(values=values):
                found.update(values)
                found.update(v.format_spec for v in values if isinstance(v, ast.FormattedValue))
            case (
                ast.AnnAssign(annotation=kind)
                | ast.arg(annotation=kind)
                | ast.FunctionDef(returns=kind)
            ) if kind:
                found.update(ast.walk(kind))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr="compile")):
                found.update(ast.walk(node))
    return found


def of_python(text: str) -> list[str]:
    """The texts of a Python file."""
    tree = ast.parse(text)
    silent = _silent(tree)
    found = [text_of(node) for node in ast.walk(tree) if node not in silent]
    return [t for t in found if t and WORDS.search(t) and not MARKUP.match(t)]


def raised(text: str) -> list[str]:
    """The texts with which a Python file raises something, those kept in a name before included."""
    found = []
    for function in ast.walk(ast.parse(text)):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        named = {
            target.id: node.value
            for node in ast.walk(function)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(function):
            if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call)):
                continue
            if not re.search(r"(?:Error|Exception|Exit|Violation)$", ast.unparse(node.exc.func)):
                continue  # a function that makes one has its text in it
            for argument in node.exc.args[:1]:
                value = named.get(argument.id) if isinstance(argument, ast.Name) else argument
                found += [t for t in [value and text_of(value)] if t]
    return found


def literals(rust: str) -> Iterator[tuple[str, int]]:
    """Each literal of Rust text that a user may meet, its lines joined, and where it ends."""
    shown = IN_TESTS.split(rust)[0]
    for found in TOKEN.finditer(shown):
        raw = found["raw"] if found["raw"] is not None else found["text"]
        if raw is None or OURS.search(shown[max(found.start() - 120, 0) : found.start()]):
            continue
        text = re.sub(r"\\\n\s*", "", raw)
        if WORDS.search(text) and not MARKUP.match(text):
            yield text, found.end()


def of_rust(text: str) -> list[str]:
    """The texts of a Rust file."""
    return [found for found, _ in literals(text)]


def filled_in(rust: str) -> Iterator[tuple[str, str]]:
    """Each literal of Rust text with `{:?}`, and each expression that one of them shows."""
    for text, end in literals(rust):
        given = _arguments(rust[end:])
        position = 0
        for hole in re.finditer(
            r"\{([^{}:]*)(:[^{}]*)?\}", text.replace("{{", "").replace("}}", "")
        ):
            name, form = hole[1], hole[2] or ""
            if not name:
                name, position = given[position] if position < len(given) else "?", position + 1
            if form.endswith("?"):
                yield text, name


def _arguments(rest: str) -> list[str]:
    """What stands behind a literal up to the parenthesis that closes its macro, at its commas."""
    found, depth, part = [], 0, ""
    for letter in rest:
        depth += letter in "([{"
        if letter in ")]}":
            depth -= 1
            if depth < 0:
                break
        if letter == "," and not depth:
            found.append(part.strip())
            part = ""
        else:
            part += letter
    return [a for a in [*found, part.strip()][1:] if a]


def sources() -> Iterator[Path]:
    """The files that may say something to a user."""
    rust = [
        p
        for crate in ("core", "bindings", "driver")
        for p in files(".rs", under=ROOT / "rust" / crate / "src")
    ]
    for path in [*files(".py", under=ROOT / "python"), *rust]:
        if "tests" not in path.parts and path.stem != "tests":
            yield path


def found_now() -> dict[str, list[str]]:
    """The texts of each file that has any, in order."""
    found = {}
    for path in sources():
        name = path.relative_to(ROOT).as_posix()
        if any(part in name for part in NO_MESSAGES):
            continue
        source = path.read_text("utf-8")
        texts = of_python(source) if path.suffix == ".py" else of_rust(source)
        if texts:
            found[name] = sorted(set(texts))
    return dict(sorted(found.items()))


def _in_one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: repr(found[0])[1:-1], text)


def listed() -> str:
    """The list as its file has it."""
    lines = [
        "Every text of ndiswan for people. Made by `python tests/messages.py`; read what changes."
    ]
    for name, texts in found_now().items():
        lines += ["", name, *("  " + _in_one_line(text) for text in texts)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    LIST.write_text(listed(), "utf-8")
