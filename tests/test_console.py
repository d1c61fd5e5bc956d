"""What commands print with: stdout has the result, whatever drivers print, and stderr has the rest."""

from __future__ import annotations

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from commands import DRIVER, FINE, HEAD, NOTHING_RAN, QUICK, ROOT, USAGE, VIOLATIONS, ndiswan
from ndiswan.cli import commands

if TYPE_CHECKING:
    from pathlib import Path

PRINTS = """
import ctypes
import os
import ndiswan as nw

print("as it is imported")

class Prints(nw.Miniport):
    def wan_send(self, link, packet):
        print("in the driver")
        os.write(1, b"by its number\\n")
        ctypes.CDLL(None).puts(b"in C")  # kept back, as stdout is no terminal
        return nw.SUCCESS

def scenario(ndis):
    link = ndis.bind(nw.Protocol(), Prints())
    link.send(b"x")
    ndis.run()
    if ndis.choose(2, "what"):
        raise ValueError("it")
"""
SAID = {"as it is imported", "in the driver", "by its number", "in C"}


@pytest.fixture
def found(tmp_path: Path) -> Path:
    """A replay file of a scenario that prints."""
    (tmp_path / "prints.py").write_text(PRINTS)
    return next(iter(_fuzz(tmp_path, "--executor", "serial")))


def _fuzz(folder: Path, *more: str) -> list[Path]:
    budget = ("--executions", "20", "--seed", "1", "--failures", "1")
    done = ndiswan("fuzz", "prints.py:scenario", *budget, *more, "--json", cwd=folder)
    document = json.loads(done.stdout)
    assert set(done.stderr.splitlines()) > SAID
    return [folder / path for path in document["failures"]["new"]]


def test_a_driver_that_prints_leaves_the_document_whole(found: Path) -> None:
    """Of `fuzz`, in its own process and in a worker, and of `replay`; what is printed, in C as well, is on stderr."""
    assert _fuzz(found.parents[3], "--jobs", "1", "--folder", "by-a-worker")
    done = ndiswan("replay", found, "--json", cwd=found.parents[3])
    assert json.loads(done.stdout)["found"]["rule"] == "EXCEPTION"
    assert set(done.stderr.splitlines()) == SAID


@pytest.mark.parametrize(
    ("form", "begins"),
    [("story", "EXCEPTION "), ("svg", "<svg"), ("mermaid", "sequenceDiagram"), ("trace", '{"')],
)
def test_a_driver_that_prints_leaves_each_form_whole(found: Path, form: str, begins: str) -> None:
    """Its first line is the first of stdout."""
    done = ndiswan("replay", found, "--as", form, cwd=found.parents[3])
    assert done.stdout.startswith(begins)
    assert not SAID & set(done.stdout.splitlines())


def test_a_driver_that_prints_leaves_each_line_of_step_a_document(found: Path) -> None:
    """Each answer is one line of JSON, of what runs meanwhile as well."""
    (found.parent / "commands").write_text("next\nrun\n")
    commands = ("--commands", found.parent / "commands", "--json")
    done = ndiswan("step", found.parents[3] / "prints.py:scenario", *commands)
    assert len([json.loads(line) for line in done.stdout.splitlines()]) == 3, done.stderr
    assert set(done.stderr.splitlines()) == SAID


def test_at_a_terminal_a_driver_has_its_stdout(tmp_path: Path) -> None:
    """A person sees both there anyway, and a debugger in a driver edits its lines by it."""
    source = "import sys\n\ndef run(ndis):\n    open('said', 'w').write(str(sys.stdout.isatty()))\n"
    (tmp_path / "d.py").write_text(source)
    command = ("fuzz", "d.py:run", "--executions", "1", "--executor", "serial", "--folder", "x")
    ours, theirs = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "ndiswan", *command],
            cwd=tmp_path,
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=60,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert (tmp_path / "said").read_text() == "True"


def test_a_command_that_is_called_as_a_function_keeps_its_streams(found: Path, monkeypatch) -> None:
    """Where stdout is in memory the result is there, what a driver prints is not, and afterwards all is as it was."""
    monkeypatch.chdir(found.parents[3])
    said = io.StringIO()
    with redirect_stdout(said):
        assert commands.main(["replay", str(found), "--json"], standalone_mode=False) == 1
        print("afterwards")
    document, _, rest = said.getvalue().partition("\n}\n")
    assert json.loads(document + "}")["identical"]
    assert rest == "afterwards\n"


WRITTEN_OVER = [
    "trace run.jsonl --to pcapng -o run.jsonl",
    "coverage run.jsonl --html run.jsonl",
    "view run.jsonl --html run.jsonl",
    "view run.jsonl double.json --html double.json",
    "view double.json --target it.py:scenario --html it.py",
    "replay double.json --out double.json",
    "replay double.json --out it.py --target it.py:scenario",
    "replay double.json --junit double.json",
    "minimize double.json --out it.py --target it.py:scenario",
    "check it.py:Driver --sarif it.py",
    "check it.py --frames run.jsonl --code-quality run.jsonl",
    "fuzz it.py:scenario --junit it.py",
]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a recorded trace, a replay file and a driver with its scenario."""
    with nw.Ndis(record=True) as ndis:
        ndis.save(tmp_path / "run.jsonl")
    shutil.copy(ROOT / "tests" / "replays" / "double-shared-list.json", tmp_path / "double.json")
    scenario = "\ndef scenario(ndis): ndis.bind(nw.Protocol(), Driver())\n"
    (tmp_path / "it.py").write_text(HEAD + DRIVER.format(send="return nw.SUCCESS") + scenario)
    return tmp_path


@pytest.mark.parametrize("line", WRITTEN_OVER)
def test_what_a_command_reads_it_does_not_write_over(line: str, files: Path) -> None:
    """An output that is an input is refused before anything runs, and what is there stays."""
    before = {path: path.read_bytes() for path in files.iterdir()}
    done = ndiswan(*line.split(), cwd=files)
    shutil.rmtree(files / "__pycache__", ignore_errors=True)
    assert done.returncode == USAGE, done.stderr
    assert "expected a file of its own, got " in done.stderr
    assert done.stderr.endswith(", which is read\n")
    assert {path: path.read_bytes() for path in files.iterdir()} == before


def test_a_link_stays_and_a_pipe_is_written_to(files: Path) -> None:
    """What is made elsewhere first, to be there at once, takes the place of files only."""
    (files / "link.json").symlink_to("double.json")
    (files / "so").symlink_to("far.so")
    (files / "a.c").write_text("int DriverEntry(void *a, void *b) { return 0; }")
    os.mkfifo(files / "pipe")
    lines = (
        "minimize link.json --time 0",
        "minimize double.json --time 0 --out pipe",
        "minimize double.json --time 0 --out /dev/stdout",
        "build a.c -o so",
    )
    with open(os.open(files / "pipe", os.O_RDWR), "rb") as pipe:  # noqa: PTH123 -- a descriptor
        done = [ndiswan(*line.split(), cwd=files) for line in lines]
        assert [one.returncode for one in done] == [VIOLATIONS, VIOLATIONS, VIOLATIONS, FINE]
        assert pipe.read1().startswith(b'{\n "ndiswan-replay": 1')
    assert '{\n "ndiswan-replay": 1' in done[2].stderr  # where drivers print meanwhile
    assert (files / "link.json").is_symlink()
    assert (files / "far.so").is_file()
    assert not list(files.glob("*.part"))


def test_two_reports_are_two_files(files: Path) -> None:
    """What one option writes another one does not write over; of what is no file anything may go there."""
    done = ndiswan("check", "it.py", *QUICK, "--sarif", "a", "--code-quality", "a", cwd=files)
    assert done.returncode == USAGE
    assert "--code-quality: expected a file of its own, got a, which --sarif writes" in done.stderr
    nowhere = ("--sarif", "/dev/null", "--junit", "/dev/null")
    assert ndiswan("check", "it.py", *QUICK, *nowhere, cwd=files).returncode == FINE
    text = (files / "run.jsonl").read_text()
    done = subprocess.run(
        [sys.executable, "-m", "ndiswan", "trace", "/dev/stdin"],
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == FINE, done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_s_encoding_ends_no_command(encoding: str, files: Path) -> None:
    """What it has no character for is a question mark; a name that is no text is what it was."""
    (files / "it\udcff.py").write_text((files / "it.py").read_text())
    shutil.copy(files / "run.jsonl", files / "run\udcff.jsonl")
    lines = (
        "rules",
        "trace run\udcff.jsonl",
        "coverage run\udcff.jsonl --html page\udcff.html",
        "check it\udcff.py --mode send/inline --sarif a --junit b --code-quality c",
        "replay double.json",
    )
    expected = (FINE, FINE, NOTHING_RAN, FINE, VIOLATIONS)
    for line, code in zip(lines, expected, strict=True):
        done = ndiswan(*line.split(), cwd=files, PYTHONIOENCODING=encoding)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr
    done = ndiswan("fuzz", "it\udcff.py:scenario", cwd=files)
    assert done.returncode == USAGE
    assert "expected a name in UTF-8, which a replay file can hold" in done.stderr
