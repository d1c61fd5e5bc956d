"""The command line: help that is quick, a rule table that says everything, and an exit code for every end."""

import json
import os
import pty
import subprocess
import sys

import pytest
from click.testing import CliRunner

import ndiswan as nw
from commands import FINE, INTERNAL, INTERRUPTED, QUICK, USAGE, driver, ndiswan
from ndiswan._native import rule_info, rule_table
from ndiswan.cli import commands


def run(*arguments: str):
    """Run a command in this process."""
    return CliRunner().invoke(commands, list(arguments))


def test_the_module_is_the_command():
    """`python -m ndiswan --version` names the program and its version."""
    done = ndiswan("--version")
    assert (done.returncode, done.stdout, done.stderr) == (FINE, f"ndiswan {nw.__version__}\n", "")


def test_help_names_every_command_and_exit_code():
    """`ndiswan --help` says what there is without importing it."""
    text = run("--help").output
    for name in ("check", "coverage", "explain", "rules", "trace"):
        assert name in text
    for code in ("0 fine", "1 violations", "2 interrupted", "3 internal", "4", "5 nothing ran"):
        assert code in " ".join(text.split())


@pytest.mark.parametrize(
    "command", ["check", "coverage", "explain", "plot", "rules", "simulate", "trace"]
)
def test_each_command_has_help(command):
    """Every command explains itself, and that is no error."""
    done = run(command, "--help")
    assert done.exit_code == FINE
    assert "Usage:" in done.output


@pytest.mark.parametrize(
    "arguments",
    [["chekc"], ["rules", "--nosuch"], ["explain"], ["check"], ["trace", "a", "--to", "gif"]],
)
def test_a_mistyped_command_line_is_usage(arguments):
    """A command, an option or an argument that is not there ends with 4 and says what was expected."""
    done = run(*arguments)
    assert done.exit_code == USAGE
    assert "Usage:" in done.stderr or "there are" in done.stderr


def test_without_click_the_way_out_is_told():
    """An installation without the extra says which line installs it."""
    program = "import sys; sys.modules['click'] = None\nfrom ndiswan.__main__ import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == USAGE
    assert "pip install 'ndiswan[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_rules_lists_every_rule_with_its_sentence():
    """`ndiswan rules` has each rule once, families together."""
    text = run("rules").output
    words = " ".join(text.split())
    for rule in rule_table():
        assert sum(line[14:].startswith(f"{rule} ") for line in text.splitlines()) == 1
        assert rule_info(rule)["sentence"][:30] in words
    families = [line[:12].strip() for line in text.splitlines() if line[:12].strip()]
    assert len(families) == len(set(families)) == 8


def test_rules_as_json_is_the_table():
    """`ndiswan rules --json` is one document with everything about every rule."""
    table = json.loads(run("rules", "--json").stdout)
    assert {entry["id"] for entry in table} == set(rule_table())
    assert all(entry == rule_info(entry["id"]) for entry in table)


@pytest.mark.parametrize("rule", rule_table())
def test_explain_says_everything(rule):
    """`ndiswan explain RULE` has every text that the engine has about it."""
    done = run("explain", rule)
    assert done.exit_code == FINE
    words = " ".join(done.output.split())
    for text in rule_info(rule).values():
        for part in text if isinstance(text, list) else [text]:
            assert part is None or " ".join(str(part).split()) in words


@pytest.mark.parametrize("name", ["lock_held", "Lock-Held", "LOCK_HELD"])
def test_explain_takes_a_rule_as_people_write_it(name):
    """Case and hyphens do not matter."""
    assert json.loads(run("explain", name, "--json").stdout)["id"] == "LOCK_HELD"


def test_an_unknown_rule_is_usage_with_suggestions():
    """`ndiswan explain DUOBLE` means DOUBLE, and says so."""
    done = run("explain", "DUOBLE")
    assert done.exit_code == USAGE
    assert "did you mean DOUBLE" in done.stderr
    assert "`ndiswan rules`" in run("explain", "zzz").stderr


def test_a_mistake_of_ours_is_an_internal_error(monkeypatch):
    """An exception that nobody expected ends with 3, its traceback, and where to send it."""
    monkeypatch.setattr("ndiswan.cli.explain.rule_table", lambda: 1 / 0)
    done = run("rules")
    assert done.exit_code == INTERNAL
    assert "ZeroDivisionError" in done.stderr
    assert "please report it" in done.stderr


def test_an_interrupt_is_not_an_error(monkeypatch):
    """Ctrl-C ends with 2 and without a traceback."""

    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr("ndiswan.cli.explain.rule_table", interrupted)
    done = run("rules")
    assert done.exit_code == INTERRUPTED
    assert "Traceback" not in done.output


def test_a_reader_that_stops_is_not_an_error():
    """`ndiswan rules | head -1` ends well, and quietly."""
    line = f"{sys.executable} -m ndiswan rules --json | head -c 10"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line}"], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (FINE, b"")


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_without_no_color(no_color, coloured):
    """A terminal gets colour, unless NO_COLOR is set; a pipe never does."""
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "ndiswan", "explain", "DOUBLE"],
        stdout=there,
        env={**os.environ, "NO_COLOR": no_color, "TERM": "xterm"},
    ):
        os.close(there)
        text = os.read(here, 65536)
    os.close(here)
    assert (b"\x1b[" in text) is coloured
    assert "\x1b" not in ndiswan("explain", "DOUBLE", NO_COLOR="").stdout


@pytest.mark.parametrize(("service", "moves"), [("", True), ("true", False)])
def test_a_bar_moves_for_a_person_and_not_in_a_log(tmp_path, service, moves):
    """`ndiswan check` draws a bar on a terminal; one that a service keeps a log of (`CI`) gets the words alone."""
    path = driver(tmp_path)
    here, there = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "ndiswan", "check", path, *QUICK],
        stdout=subprocess.DEVNULL,
        stderr=there,
        env={**os.environ, "CI": service, "TERM": "xterm", "COLUMNS": "80"},
    ) as running:
        assert running.wait(60) == FINE
    os.write(there, b"end")
    text = os.read(here, 65536)
    os.close(there)
    os.close(here)
    assert (b"Driver" in text) is moves
    assert moves or text == b"end"
