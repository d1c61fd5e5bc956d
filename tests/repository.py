"""What `test_repository.py` looks with: where the files are, and how to see that one breaks a rule.

Each check returns what it found, so that an empty answer is the good one; its own test shows that it can find.
"""

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "rust" / "core"
BINDINGS = ROOT / "rust" / "bindings"
PYTHON = ROOT / "python" / "ndiswan"

# Made by a tool, or by git; every other file is hand-written.
NOT_OURS = {"target", "dist", "_build", "__pycache__", "node_modules"}
HAND_WRITTEN = {".rs", ".py", ".pyi", ".c", ".h", ".toml", ".js", ".css", ".html", ".sh"}
HAND_WRITTEN_NAMES = {"Makefile", "run", "need"}

COMMENT = r"//[^\n]*|/\*.*?\*/"
LITERAL = r"""\bb?r(#*)".*?"\1|"(?:\\.|[^"\\])*"|'(?:\\.[^']*|[^'\\\n])'"""


def files(*suffixes: str, under: Path = ROOT) -> Iterator[Path]:
    """Every file below `under` that is not a tool's, with one of the suffixes if any is given."""
    for folder, folders, names in os.walk(under):
        folders[:] = [
            name for name in folders if name not in NOT_OURS and (name[0] != "." or name == ".ci")
        ]
        yield from (Path(folder, name) for name in names if not suffixes or name.endswith(suffixes))


def findings(check: Callable[[str], Found], paths: Iterable[Path]) -> dict[str, Found]:
    """What a check finds in the text of each file, those without a finding left out."""
    found = {name_of(path): check(path.read_text("utf-8")) for path in paths}
    assert found, "no file was looked at"
    return {name: what for name, what in found.items() if what}


def name_of(path: Path) -> str:
    """The path as a message prints it."""
    return path.relative_to(ROOT).as_posix()


def code_of(rust: str) -> str:
    """Rust text without comments and literals, line for line."""
    return re.sub(
        f"{COMMENT}|{LITERAL}", lambda found: "\n" * found[0].count("\n"), rust, flags=re.DOTALL
    )


def length(text: str) -> int:
    """The number of lines."""
    return len(text.splitlines())


def hand_written() -> list[Path]:
    """Each hand-written file of code or configuration."""
    return [p for p in files() if p.suffix in HAND_WRITTEN or p.name in HAND_WRITTEN_NAMES]


def has_unsafe(text: str) -> bool:
    """Whether Rust code, its comments apart, says `unsafe`."""
    return bool(re.search(r"\bunsafe\b", code_of(text)))


def without_a_fact(text: str) -> list[str]:
    """The tests that have no docstring."""
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
        and node.name.startswith("test")
        and not ast.get_docstring(node)
    ]


def logic_in_python(text: str) -> list[str]:
    """What a package's front may not hold: all but docstring, imports, names, and a lazy `__getattr__`."""
    found = []
    for node in ast.parse(text).body:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Assign() | ast.AnnAssign():
                fine = True
            case ast.Expr(value=ast.Constant(value=str())):
                fine = True
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                fine = all(isinstance(inner, ast.Import | ast.ImportFrom) for inner in node.body)
            case ast.FunctionDef(name="__getattr__" | "__dir__"):
                fine = len(ast.unparse(node).splitlines()) <= 15
            case _:
                fine = False
        if not fine:
            found.append(f"line {node.lineno}: {ast.unparse(node).splitlines()[0]}")
    return found


def logic_in_rust(text: str) -> list[str]:
    """What a crate's front may not hold: anything that decides, repeats or implements."""
    return re.findall(r"\b(?:if|for|while|loop|match|impl)\b", code_of(text))


def unargued_unsafe(text: str) -> list[int]:
    """The lines with `unsafe` that have no SAFETY comment in the three lines, or the comment, above them."""
    lines, found = text.splitlines(), []
    for number, line in enumerate(code_of(text).splitlines()):
        if not re.search(r"\bunsafe\b", line):
            continue
        first = max(number - 3, 0)
        while first and lines[first].lstrip().startswith(("//", "#[")):
            first -= 1
        if not re.search(r"SAFETY:|# Safety", "\n".join(lines[first : number + 1])):
            found.append(number + 1)
    return found


def stubs(text: str) -> list[str]:
    """The marks of work that was put off."""
    return re.findall(
        r"\btodo!|\bunimplemented!|\bNotImplementedError\b|\bTODO\b|\bFIXME\b|\bXXX\b", text
    )


def has_stem(folder: Path, stem: str, suffix: str) -> bool:
    """Whether a module of that name is in the folder, as a file or as a folder."""
    return (folder / f"{stem}{suffix}").is_file() or (folder / stem).is_dir()


def stems(folder: Path, suffix: str) -> set[str]:
    """The names of all modules below the folder, those that are folders included."""
    return {part for path in files(suffix, under=folder) for part in (path.stem, path.parent.name)}
