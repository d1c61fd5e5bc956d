"""Targets that cannot be checked, and arguments that cannot be: each a line that says what was expected."""

import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from commands import DRIVER, FINE, GOOD, HEAD, NOTHING_RAN, QUICK, ROOT, USAGE, driver, ndiswan
from ndiswan.checking.target import factories


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("x = 1\n", NOTHING_RAN, "no driver in it"),
        ("def f(:\n", USAGE, "line 1"),
        ("import nosuchmodule\n", USAGE, "No module named 'nosuchmodule'"),
        ("raise SystemExit(7)\n", USAGE, "SystemExit: 7"),
        (
            HEAD + DRIVER.format(send="return 0") + "\n    def __init__(self, port): pass\n",
            USAGE,
            "'port'",
        ),
        (
            HEAD + DRIVER.format(send="return 0") + "\n    def __init__(self): 1 / 0\n",
            USAGE,
            "ZeroDivisionError",
        ),
        (HEAD + "def make_miniport(): return 5\n", USAGE, "got 5"),
    ],
    ids=["empty", "syntax", "import", "exit", "arguments", "constructor", "factory"],
)
def test_a_target_that_cannot_be_checked(tmp_path, text, code, says):
    """The line says what is wrong with which file; there is no traceback of ours."""
    path = tmp_path / "target.py"
    path.write_text(text)
    done = ndiswan("check", path)
    assert (done.returncode, done.stdout) == (code, "")
    assert says in done.stderr
    assert "target" in done.stderr or "Driver" in done.stderr
    assert "ndiswan/checking" not in done.stderr


def test_a_driver_that_takes_arrays_only_is_found_by_its_file(tmp_path):
    """It was none: only drivers with a `wan_send` were looked for."""
    text = HEAD + DRIVER.format(send="return nw.SUCCESS").replace("wan_send(", "wan_send_many(")
    (tmp_path / "arrays.py").write_text(text)
    (name,) = factories(str(tmp_path / "arrays.py"))
    assert f"class {name}(" in text


def test_a_folder_without_c_files_is_told_as_one(tmp_path):
    """Of a folder, one with C files is meant."""
    (tmp_path / "modem.py").write_text(HEAD)
    done = ndiswan("check", tmp_path)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "this is a folder without any: name the file in it" in done.stderr


def test_without_a_compiler_it_says_what_to_install(tmp_path, monkeypatch):
    """A driver in C where nothing compiles C: what was looked for and what to do is told, and no line of ours."""
    path = tmp_path / "driver.c"
    path.write_text("int x;\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    done = ndiswan("check", path)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "no C compiler: tried cc, gcc and clang; install one (apt install gcc)" in done.stderr
    assert "$CC" in done.stderr
    assert "File" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nosuch.py"], "no such file"),
        (["nosuch"], "expected a file.py, module:Class or a recorded trace"),
        (["nosuchmodule:Class"], "no module 'nosuchmodule'"),
        ([GOOD, "--class", "Nosuch"], "there are: Modem"),
        (["ndiswan:Policy"], "expected a subclass of ndiswan.Miniport"),
        ([GOOD, "--mode", "nosuch"], "expected one of send, resend"),
        ([GOOD, "--frames", "nosuch.pcap"], "nosuch.pcap"),
        ([GOOD, "--frames", GOOD], "not a capture"),
        ([GOOD, "--timeout", "0"], "timeout"),
        ([GOOD, "--timeout", "nan"], "'--timeout': expected a number, got nan"),
        ([GOOD, *QUICK, "--junit", "/no/such/folder/junit.xml"], "--junit"),
        ([GOOD, *QUICK, "--traces", "/dev/null/traces"], "--traces"),
    ],
    ids=lambda value: None if isinstance(value, str) else " ".join(map(str, value[-2:])),
)
def test_a_wrong_argument_is_usage(arguments, says):
    """What was given, and what was expected."""
    done = ndiswan("check", *arguments)
    assert done.returncode == USAGE
    assert says in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [("while True: pass\n", "no answer in 3 s"), ("import os; os._exit(0)\n", "exit status 0")],
)
def test_a_target_that_does_not_come_back_from_its_import(tmp_path, text, says):
    """A file that never ends, or ends its process, cannot be checked; the check itself comes to an end."""
    path = tmp_path / "target.py"
    path.write_text(text)
    done = ndiswan("check", path, "--timeout", "3")
    assert done.returncode == USAGE
    assert f"{path}: expected a file that can be imported" in done.stderr
    assert says in done.stderr


def test_a_mode_that_does_not_apply_runs_nothing(tmp_path):
    """A driver without an interrupt, asked for the interrupt's mode: 5."""
    done = ndiswan("check", driver(tmp_path), "--mode", "interrupt")
    assert done.returncode == NOTHING_RAN
    assert "does not apply" in done.stderr


def test_a_driver_without_a_line_runs_nothing(tmp_path):
    """Nothing can be sent if no line comes up: 5, and it is said in the report and in JUnit."""
    path = driver(tmp_path, more="    line_up_at_bind = False\n")
    done = ndiswan("check", path, *QUICK, "--junit", tmp_path / "junit.xml")
    assert done.returncode == NOTHING_RAN
    assert "no line came up" in done.stdout
    assert ET.parse(tmp_path / "junit.xml").find(".//skipped") is not None


def test_a_driver_in_c_without_a_line_runs_nothing_though_it_warns(tmp_path):
    """What it leaves behind is a warning, and no run: 5, with the call that brings a line up in C."""
    source = (ROOT / "examples/c/queued/queued.c").read_text("utf-8")
    path = tmp_path / "target.c"
    path.write_text(source.replace("    NdisMIndicateStatus(", "    if (0) NdisMIndicateStatus("))
    done = ndiswan("check", path, *QUICK)
    assert done.returncode == NOTHING_RAN
    assert "has to call NdisMIndicateStatus with NDIS_STATUS_WAN_LINE_UP" in done.stdout


SCRIPT = """
import sys
import ndiswan as nw

print("begun", flush=True)

def scenario(ndis):
    assert not ndis.choose(2, "what")

path = nw.explore(scenario, executions=50, seed=1).failures[0].save("found.json")
print(nw.replay(path).symptom.rule, nw.Stepper("script.py:scenario").choices, flush=True)
"""


def test_a_script_that_replays_its_own_failure_is_run_once(tmp_path):
    """The scenario is that of the script that runs: to look for it begins nothing again."""
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "script.py"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "begun\nEXCEPTION ['0', '1']\n", done.stderr


def test_links_in_a_circle_are_no_file(tmp_path):
    """A name that leads to itself names nothing, whatever it ends with."""
    for name in ("loop.c", "loop.so", "loop.py", "loop"):
        (tmp_path / name).symlink_to(name)
        for command in ("check", "fuzz", "build"):
            done = ndiswan(command, name, cwd=tmp_path)
            assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False), done.stderr
            assert name in done.stderr
    for name in ("loop.py", "loop.toml"):
        done = ndiswan("simulate", name, cwd=tmp_path)
        assert done.stderr.count(name) == 1


def test_a_driver_that_is_built_takes_no_words_for_the_compiler(tmp_path):
    """Macros, headers and sanitizers that would change nothing are refused; what built it takes them."""
    (tmp_path / "a.c").write_text("int DriverEntry(void *a, void *b) { return 0; }")
    assert ndiswan("build", "a.c", cwd=tmp_path).returncode == FINE
    for given in (["-D", "BUG=3"], ["-I", "."], ["--sanitize"]):
        for command in ("check", "fuzz", "step"):
            done = ndiswan(command, "a.so", *given, cwd=tmp_path)
            assert done.returncode == USAGE
            assert "expected a driver's C files, got a.so, which is compiled" in done.stderr


def test_a_name_that_is_too_long_is_told(tmp_path):
    """Of a text that was pasted in a file's place it is said that it is no file's name."""
    for command in ("check", "build", "fuzz", "plot", "simulate", "step", "trace", "view"):
        done = ndiswan(command, "a" * 300, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False), done.stderr
        # From Python 3.14 on nobody is told more than that there is no such file.
        words = ("ile name too long", "no such file", "none of that name")
        assert any(text in done.stderr for text in words), done.stderr
