"""What is shown on a page is run: the Python blocks and the commands of a Markdown file, with what they print.

A page is run as a reader would: top to bottom, in one interpreter and one empty folder.

- ```` ```python ```` is executed. If its first line is `# name.py`, it is that file in the folder, too.
- ```` ```c ```` whose first line is `/* name.c */` is that file in the folder.
- ```` ```console ```` holds commands, each after a `$`, and below each what it prints.
- ```` ```text ```` right behind a Python block is what that prints, to the letter; `...` stands for anything.
- Any other block is for reading.

Run as a program, this file runs one page; a run of its own gives each page the same CPU numbers and packet names.
"""

import contextlib
import doctest
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(\S*)(?: [^\n]*)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    """A fenced block: its language, its text, and the line of the page on which the text begins."""

    language: str
    text: str
    line: int
    follows: bool
    """Whether only white space is between it and the block before."""


def blocks(page: str) -> list[Block]:
    """The fenced blocks of a page."""
    found, end = [], -1
    for match in FENCE.finditer(page):
        line = page.count("\n", 0, match.start()) + 2
        follows = end >= 0 and not page[end : match.start()].strip()
        found.append(Block(match[1], match[2], line, follows))
        end = match.end()
    return found


def runnable(page: Path) -> bool:
    """Whether there is something to run on the page."""
    return any(block.language in {"python", "console"} for block in blocks(page.read_text("utf-8")))


def run(page: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a page in a folder; its output says what differs."""
    folder.mkdir(exist_ok=True)
    where = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return subprocess.run(
        [sys.executable, __file__, str(page)],
        cwd=folder,
        env={**os.environ, "PATH": where, "NO_COLOR": "1", "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def differs(wanted: str, got: str) -> str:
    """Empty if `got` is what was wanted, else both, for a person to read."""
    # A command's lines may end in blanks, as tables do.
    got = re.sub(r"[ \t]+$", "", got, flags=re.MULTILINE)
    if doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS):
        return ""
    return f"wanted:\n{wanted}\ngot:\n{got}"


def _main(page: Path) -> int:
    text = page.read_text("utf-8")
    sys.path.insert(0, str(Path.cwd()))  # a block may import the file that one before it is
    namespace: dict[str, object] = {"__name__": "__main__"}
    printed = ""
    failures = []
    for block in blocks(text):
        if block.language == "python":
            name = re.match(r"# (\w+\.py)\n", block.text)
            if name:
                Path(name[1]).write_text(block.text, "utf-8")
                code = compile(block.text, name[1], "exec")
            else:
                # The line numbers of a traceback are those of the page.
                code = compile("\n" * (block.line - 1) + block.text, page.name, "exec")
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(code, namespace)
            printed = out.getvalue()
        elif block.language == "text" and block.follows:
            failures += [(block.line, differs(block.text, printed))]
        elif block.language == "c" and (name := re.match(r"/\* (\w+\.c) \*/\n", block.text)):
            Path(name[1]).write_text(block.text, "utf-8")
        elif block.language == "console":
            failures += _commands(block)
    for line, failure in failures:
        if failure:
            print(f"{page}:{line}: {failure}")
    return int(any(failure for _, failure in failures))


def _commands(block: Block) -> list[tuple[int, str]]:
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, wanted = part.partition("\n")
        ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        found.append((block.line, differs(wanted, ran.stdout + ran.stderr)))
    return found


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
