"""`ndiswan step`: commands from a file, a pipe and a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commands import FINE, NOTHING_RAN, USAGE, VIOLATIONS, ndiswan

TARGETS = Path(__file__).with_name("exploring_targets.py")
CARELESS = f"{TARGETS}:careless"


def stepped(tmp_path, *lines, target=CARELESS, options=()):
    """What it says and gives for these commands."""
    file = tmp_path / "commands"
    file.write_text("\n".join(lines) + "\n")
    return ndiswan("step", target, "--commands", file, *options, cwd=tmp_path)


def documents(ran):
    """Its lines of JSON."""
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_it_shows_where_it_stands_after_each_step(tmp_path):
    """Question, events, packets, locks, CPUs and answers, the one that the execution has marked; exit code 0."""
    ran = stepped(tmp_path, "next 12", "", "timer 0", "back", "# a comment", "quit", "nonsense")
    assert ran.returncode == FINE, ran.stderr
    shown = ran.stdout.split("\n\n")
    assert [part.splitlines()[0] for part in shown[1:]] == [
        *("step> next 12", "step>", "step> timer 0", "step> back", "step> # a comment"),
        "step> quit",
    ]
    first = shown[0].splitlines()
    assert first[0].startswith("question 0 of ")
    assert first[-3:] == [
        "who goes on?",
        "*   0  cpu 0 goes on",
        "    1  timer 0 of adapter 0 begins",
    ]
    for words in ("packets     0.0 (life 1): miniport", "locks       none held", "cpus        0  "):
        assert words in shown[1], words
    assert "question 13 of" in shown[2]
    assert "question 13 of" in shown[4]
    assert "*   1  timer 0" in shown[4]
    assert shown[5].strip() == "step> # a comment"


def test_what_it_saves_is_replayed_and_viewed(tmp_path):
    """A replay file, a page, and the story of what an explorer found; exit code 1, since a rule is broken."""
    ran = stepped(
        tmp_path,
        "next 3",
        "run random until broken seed 1",
        "save 'a failure.json'",
        "view page.html",
        "story",
        "path",
        "events 1",
        "help",
    )
    assert ran.returncode == VIOLATIONS, ran.stderr
    for words in ("saved a failure.json", "wrote page.html", "owner of", "run [WHO] [UNTIL]"):
        assert words in ran.stdout, words
    assert "<!doctype html>" in (tmp_path / "page.html").read_text().lower()
    again = json.loads(ndiswan("replay", "a failure.json", "--json", cwd=tmp_path).stdout)
    assert again["identical"] is True
    assert ndiswan("view", "a failure.json", "--html", "x.html", cwd=tmp_path).returncode == FINE
    again = stepped(tmp_path, "run until broken", target="a failure.json")
    assert again.returncode == VIOLATIONS
    assert "** breaks" in again.stdout


def test_a_good_execution_is_saved_and_replayed_too(tmp_path):
    """`ndiswan replay` says that nothing goes wrong, and tells its story; exit code 0."""
    assert stepped(tmp_path, "timer", "save good.json").returncode == FINE
    ran = ndiswan("replay", "good.json", cwd=tmp_path)
    assert ran.returncode == FINE, ran.stderr
    assert "nothing goes wrong, as when it was saved" in ran.stdout
    assert "MiniportWanSend" in ran.stdout
    for form in ("report", "mermaid", "svg", "trace"):
        assert ndiswan("replay", "good.json", "--as", form, cwd=tmp_path).returncode == FINE


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("17", "expected a number from 0 to 1, got 17"),
        ("cpu 9", "or words of one answer, got 'cpu 9'; `help` lists the commands"),
        ("next many", "expected a number, got 'many'"),
        ("back 1 2", "expected one number, got '1 2'"),
        ("goto", "expected a number, got ''"),
        ("goto 99999", "expected a question from 0 to"),
        ("run clever", "expected one of plain, random, pct"),
        ("run random pct", "expected until, steps or seed, got 'pct'"),
        ("run until dawn", "expected `broken` or `packet ADAPTER.SLOT`, got 'dawn'"),
        ("run until packet 9.9", "or a packet (0.0, 0.1, 0.2), got '9.9'"),
        (
            "run until broken",
            "is broken; it stays as it was; `run portfolio until …` looks at other",
        ),
        ("undo", "there is nothing to undo: it stands as it began"),
        ("undo 2", "expected nothing behind it, got '2'"),
        ("run seed x", "expected a number, got 'x'"),
        ("save", "expected the name of one file, got ''"),
        ("save no/such/folder/x.json", "No such file"),
        ("save 'x", "No closing quotation"),
        ("story now", "expected nothing behind it, got 'now'"),
    ],
)
def test_what_cannot_be_done_is_refused_with_what_was_expected(tmp_path, line, said):
    """From a file it is the end: exit code 4, and the line; as JSON it is an answer, and it goes on."""
    ran = stepped(tmp_path, "show", line, "next")  # what only shows is no step to undo
    assert ran.returncode == USAGE
    assert ran.stderr.startswith("line 2: ")
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
    ran = stepped(tmp_path, line, "next", options=["--json"])
    assert ran.returncode == FINE
    first, error, then = documents(ran)
    assert said in error["error"]
    assert (first["at"], then["at"]) == (0, 1)


def test_for_tools_each_answer_is_a_line_of_json(tmp_path):
    """Where it stands, by name."""
    lines = ("goto 5", "timer 0", "on cpu 1", "path", "run random until broken", "quit")
    ran = stepped(tmp_path, *lines, options=["--json", "--cpus", "3"])
    assert ran.returncode == VIOLATIONS
    first, five, timer, begun, path, broken = documents(ran)
    assert first["question"]["answers"][0] == "cpu 0 goes on"
    assert len(first["cpus"]) == 3
    assert five["at"] == 5
    assert timer["question"]["what"] == "where it begins"
    assert begun["events"][0]["cpu"] == 1
    assert begun["owners"]["0.0"] == {"owner": "miniport", "life": 1}
    assert len(path["text"].splitlines()) == 7
    assert broken["symptom"]["rule"]


@pytest.mark.parametrize("command", ["save", "view"])
def test_what_is_there_is_not_written_over(tmp_path, command):
    """The source of a driver, say: it stays as it is, and another name is asked for."""
    (tmp_path / "driver.py").write_text("mine")
    ran = stepped(tmp_path, f"{command} driver.py")
    assert ran.returncode == USAGE
    assert "driver.py: there is such a file, which stays as it is; give another name" in ran.stderr
    assert (tmp_path / "driver.py").read_text() == "mine"


def test_what_is_no_target_is_refused(tmp_path):
    """A name that is none, a file that is none, and settings for a failure, which has its own."""
    assert ndiswan("step", f"{TARGETS}:nobody").returncode in (USAGE, NOTHING_RAN)
    assert "no.json" in ndiswan("step", "no.json").stderr
    stepped(tmp_path, "save x.json")
    ran = ndiswan("step", "x.json", "--cpus", "3", cwd=tmp_path)
    assert ran.returncode == USAGE
    assert "--cpus: a failure has its own settings" in ran.stderr


def test_a_pipe_is_as_good_as_a_file():
    """Commands on standard input are taken line by line, and its end is the end."""
    ran = subprocess.run(
        [sys.executable, "-m", "ndiswan", "step", CARELESS],
        input="next 2\nevents\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == FINE, ran.stderr
    assert "question 2 of" in ran.stdout


def test_a_letter_is_enough(tmp_path):
    """First letters stand for commands; the path marks what is not the plain answer."""
    ran = stepped(
        tmp_path, "n 12", "timer 0", "p", "u", "b 2", "g 3", "e", "r steps 2", "?", "q", "x"
    )
    assert ran.returncode == FINE, ran.stderr
    parts = ran.stdout.split("\n\nstep> ")
    at = [re.search(r"question (\d+) of", part) for part in parts]
    assert [found and found[1] for found in at] == [
        *("0", "12", "13", None, "12", "10", "3", None, "5", None, None)
    ]
    assert "   11   cpu" in parts[3]
    assert "   12 > timer 0" in parts[3]
    assert "n, b, u, g, r, e, p" in parts[9]


def test_a_person_is_prompted_and_told_and_goes_on(tmp_path):
    """On a terminal there is a prompt; what cannot be done is said, Tab completes, Ctrl-D ends."""
    (tmp_path / "only.json").touch()
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-m", "ndiswan", "step", CARELESS],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        close_fds=True,
        start_new_session=True,
        cwd=tmp_path,
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(theirs)
    said = ""

    def until(words):
        nonlocal said
        end = time.monotonic() + 60
        while words not in said:
            assert time.monotonic() < end, said
            if select.select([ours], [], [], 1)[0]:
                try:
                    said += os.read(ours, 65536).decode()
                except OSError:
                    break
        heard, _, said = said.partition(words)
        return heard

    try:
        until("step> ")
        os.write(ours, b"nonsense\n")
        assert "expected a number from 0 to 1" in until("step> ")
        os.write(ours, b"next 2\n")
        assert "question 2 of" in until("step> ")
        os.write(ours, b"und\t\n")
        assert "question 0 of" in until("step> ")
        os.write(ours, b"timer\t\n")
        assert "question 1 of" in until("step> ")
        os.write(ours, b"view o\t extra\n")
        assert "expected the name of one file, got 'only.json extra'" in until("step> ")
        os.write(ours, b"\x04")
        assert running.wait(60) == FINE
    finally:
        running.kill()
        os.close(ours)


def test_a_misspelt_scenario_is_told_with_those_that_there_are():
    """Functions too: the target may be one."""
    done = ndiswan("step", f"{TARGETS}:nobody")
    assert done.returncode == USAGE
    assert "nothing is called 'nobody' in it; there are: Modem, Careless" in done.stderr
    assert "careful, careless" in done.stderr


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (
            b"run random until broken seed 99999999999999999999999\n",
            "seed: expected 0 to 2**64 - 1",
        ),
        (b"next\n\xff\n", "--commands: expected text in UTF-8"),
    ],
    ids=["seed", "bytes"],
)
def test_what_cannot_be_read_is_no_mistake_of_ours(tmp_path, said, words):
    """A number beyond all seeds, bytes that are no text: told, with exit code 4."""
    (tmp_path / "commands").write_bytes(said)
    ran = ndiswan("step", CARELESS, "--commands", "commands", cwd=tmp_path)
    assert ran.returncode == USAGE, ran.stderr
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
