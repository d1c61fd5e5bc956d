"""Replay files on another machine than the one that made them: where their scenario is found."""

import json

import pytest

from commands import ROOT, VIOLATIONS, ndiswan
from ndiswan.exploring import ReplayError, Settings, load
from ndiswan.exploring.elsewhere import LONGEST_TOKEN, command

CARELESS = "exploring_targets.py:careless"
CAREFUL = "exploring_targets.py:careful"
BUDGET = ("--executions", "60", "--executor", "serial", "--seed", "5", "--explorer", "random")


@pytest.fixture(scope="module")
def mailed(tmp_path_factory):
    """What `ndiswan fuzz` printed there, and the content of a replay file, as somebody got it by mail."""
    folder = tmp_path_factory.mktemp("there")
    (folder / "exploring_targets.py").write_text((ROOT / "tests/exploring_targets.py").read_text())
    done = ndiswan("fuzz", CARELESS, *BUDGET, "--cpus", "3", cwd=folder)
    assert done.returncode == VIOLATIONS, done.stderr
    file = next((folder / ".ndiswan").rglob("DOUBLE-*.json"))
    return done.stdout, json.loads(file.read_text())


@pytest.fixture
def here(tmp_path, mailed):
    """A clone of the repository, and the file, whose paths are those of the other machine."""
    (tmp_path / "drivers").mkdir()
    source = (ROOT / "tests/exploring_targets.py").read_text()
    (tmp_path / "drivers" / "exploring_targets.py").write_text(source)
    content = {**mailed[1], "scenario": f"/home/runner/work/a/a/drivers/{CARELESS}"}
    (tmp_path / "mail.json").write_text(json.dumps(content))
    return tmp_path


def test_the_scenario_of_another_machine_is_found_below_this_folder(here):
    """The longest end of its path that is there is taken, and the failure is the same to the last event."""
    done = ndiswan("replay", "mail.json", "--json", cwd=here)
    assert done.returncode == VIOLATIONS, done.stderr
    assert json.loads(done.stdout)["identical"]


def test_who_is_in_another_folder_says_where_it_is(here, tmp_path, monkeypatch):
    """Without --target it is said what to do; with it the failure is replayed, made small, and shown."""
    away = tmp_path / "away"
    away.mkdir()
    (here / "mail.json").rename(away / "mail.json")
    lost = ndiswan("replay", "mail.json", cwd=away)
    assert (lost.returncode, "--target" in lost.stderr) == (4, True)
    there = ("--target", f"../drivers/{CARELESS}")
    assert ndiswan("replay", "mail.json", *there, cwd=away).returncode == VIOLATIONS
    small = ndiswan("minimize", "mail.json", *there, "--out", "small.json", cwd=away)
    assert small.returncode == VIOLATIONS, small.stderr
    assert ndiswan("view", "mail.json", "--html", "out.html", cwd=away).returncode == 4
    shown = ndiswan("view", "mail.json", "--html", "out.html", *there, cwd=away)
    assert shown.returncode == 0, shown.stderr
    assert "DOUBLE" in (away / "out.html").read_text()
    monkeypatch.chdir(away)
    with pytest.raises(ReplayError, match=r"load\(path, target=...\)"):
        load(away / "mail.json")
    assert load(away / "mail.json", target=f"{here}/drivers/{CARELESS}").rule == "DOUBLE"


def test_a_token_in_a_log_is_enough(here, mailed):
    """What `ndiswan fuzz` prints for a failure replays it where no file is; without a failure that is said."""
    printed, content = mailed
    line = next(line for line in printed.splitlines() if content["choices"] in line)
    words = line.partition("ndiswan ")[2].split()
    done = ndiswan(*words, cwd=here / "drivers")
    assert done.returncode == VIOLATIONS, done.stderr
    assert done.stdout.startswith(("DOUBLE", "STALE"))
    good = ndiswan("replay", "--token", "c1", "--target", CAREFUL, cwd=here / "drivers")
    assert (good.returncode, good.stdout) == (0, "nothing fails\n")
    other = ndiswan("replay", "--token", "c1.97-1", "--target", CAREFUL, cwd=here / "drivers")
    assert other.returncode == 5
    assert "choice 1 is one of 2 here, and one of 97 there" in other.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "FILE or --token"),
        (("--token", "c1."), "--target"),
        (("--token", "x", "--target", f"drivers/{CARELESS}"), "looks like c1."),
        (("mail.json", "--token", "c1."), "one of them"),
        (("drivers/exploring_targets.py",), "which are JSON"),
    ],
)
def test_what_cannot_be_replayed_is_an_error_of_usage(here, arguments, words):
    """Each says what was expected."""
    done = ndiswan("replay", *arguments, cwd=here)
    assert (done.returncode, words in done.stderr) == (4, True), done.stderr


def test_a_command_line_is_for_short_tokens_and_plain_worlds(mailed):
    """A long token and other settings need the file; an argument of the driver's is in the command."""
    content = {**mailed[1], "arguments": ["a b"]}
    plain = Settings(cpus=3)
    assert "--cpus 3 --arg 'a b' --token c1." in command(content, plain)
    assert command({**content, "choices": "c1." + "2-0." * LONGEST_TOKEN}, plain) is None
    assert command(content, Settings(cpus=3, policies=True)) is None
