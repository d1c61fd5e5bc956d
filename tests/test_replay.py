"""Replay files: a failure of each is in the repository and fails for ever as it did when it was found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import ndiswan as nw
from commands import NOTHING_RAN, ndiswan
from ndiswan.exploring import ReplayError, load
from ndiswan.exploring.explore import detail_of
from ndiswan.exploring.target import find
from ndiswan.zoo import ENTRIES
from replaying import collect, without_line

FOLDER = Path(__file__).parent / "replays"
FILES = sorted(FOLDER.rglob("*.json"))


def test_there_are_files_of_many_rules():
    """The corpus is not empty, and not of one rule."""
    assert len(FILES) >= 30
    assert len({json.loads(file.read_text())["expect"]["rule"] for file in FILES}) >= 8


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(FOLDER)))
def test_a_failure_of_earlier_fails_as_it_did(file):
    """The same rule in the same function, and the same events, on every machine and Python version."""
    failure = load(file)
    again = failure.replay()
    assert again.symptom.rule == failure.rule
    assert without_line(again.symptom.place) == without_line(failure.place)
    assert again.ndis.digest() == failure.digest
    # pytest has words for a failed assertion that the same assertion has not elsewhere.
    said, says = (
        text.partition("; AssertionError")[0] for text in (failure.detail, detail_of(again))
    )
    assert said == says, f"rewrite it: ndiswan minimize --time 0 {file}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "which is JSON"),
        ("[]", "expected a replay file"),
        ('{"ndiswan-replay": 99}', "version"),
        ('{"ndiswan-replay": 1}', "damaged"),
    ],
)
def test_a_file_that_is_no_replay_file_is_refused(tmp_path, content, words):
    """Each says what is wrong with it, and its name."""
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(ReplayError, match=words):
        nw.replay(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scenario", 5),
        ("choices", 5),
        ("choices", "c1.2-"),
        ("expect", None),
        ("expect", {"rule": "LOST", "place": "\ud800"}),
        ("detail", "half of a \ud800 pair"),
        ("settings", {}),
        ("cpus", 1000),
        ("cpus", -1),
        ("cpus", "two"),
        ("latency", -1.0),
        ("max_points", "x"),
        ("patience", None),
        ("delivery", "pigeon"),
        ("colour", "red"),
    ],
)
def test_a_damaged_replay_file_is_refused_when_it_is_read(tmp_path, name, value):
    """Whatever is wrong in it, what is raised is a ReplayError with the file's name."""
    content = json.loads(FILES[0].read_text())
    (content if name in content else content["settings"])[name] = value
    path = tmp_path / "x.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ReplayError, match=r"x\.json"):
        load(path)


def test_the_story_comes_to_an_end_where_another_answer_would_not(tmp_path):
    """What would go on for ever with the plain answer does not hold up the story of a failure."""

    def scenario(ndis):
        if ndis.choose(2, "way") == 1:
            raise KeyError("found")
        while True:
            pass

    found = nw.explore(
        scenario,
        executions=25,
        seed=1,
        explorer="random",
        patience=0.2,
        shrinking=0,
        stop=False,
        seconds=100,
    )
    failure = next(f for f in found.failures if f.rule == "EXCEPTION")
    assert failure.decisive() is None
    assert [file.name for file in tmp_path.iterdir()] == []
    assert failure.save(tmp_path).read_text().endswith("}\n")
    assert [file.name for file in tmp_path.iterdir()] == [f"{failure.name}.json"]
    # A folder that is not there yet is no file of that name: a second failure would take its place.
    assert failure.save(tmp_path / "new" / "failures").parent == tmp_path / "new" / "failures"
    assert failure.save(tmp_path / "new" / "one.json").name == "one.json"


SHARED = FOLDER / "double-shared-list.json"


@pytest.mark.parametrize("command", ["replay", "minimize"])
def test_choices_that_do_not_fit_are_no_good_news(tmp_path, command):
    """A damaged schedule, and one of another driver: exit code 5, and nobody says that it fails no more."""
    content = json.loads(SHARED.read_text())
    damaged = tmp_path / "damaged.json"
    head, _, rest = content["choices"].partition("-")
    version = head.partition(".")[0]
    damaged.write_text(json.dumps({**content, "choices": f"{version}.9999-{rest}"}))
    other = tmp_path / "other.py"
    other.write_text("def scenario(ndis):\n    ndis.choose(9999, 'what')\n")
    for file, *more in ([damaged], [SHARED, "--target", f"{other}:scenario"]):
        out = ["--out", tmp_path / "x.json"] if command == "minimize" else []
        done = ndiswan(command, file, *more, *out)
        assert done.returncode == NOTHING_RAN, done.stderr
        assert done.stdout.startswith(f"nothing is known of {content['expect']['rule']} at ")
        assert "its choices are of another scenario" in done.stdout
        assert "fails no more" not in done.stdout


def test_programs_are_told_of_choices_that_do_not_fit(tmp_path):
    """The document says where, JUnit in a word; of a good execution that was saved it is told as well."""
    content = json.loads(SHARED.read_text())
    file = tmp_path / "good.json"
    other = {"choices": "c1.9999-1", "expect": {"rule": "NONE", "place": ""}}
    file.write_text(json.dumps(content | other))
    done = ndiswan("replay", file, "--json", "--junit", tmp_path / "j.xml")
    assert done.returncode == NOTHING_RAN
    assert "one of 9999 there" in json.loads(done.stdout)["misfit"]
    assert "its choices do not fit" in (tmp_path / "j.xml").read_text()
    assert "nothing goes wrong" not in ndiswan("replay", file).stdout


def test_what_a_mended_driver_does_with_the_choices_is_good_news():
    """Each twin of the zoo is asked for what its failure says, so that 0 is said of it and not 5."""
    mended = 0
    for entry in ENTRIES.values():
        for failure in nw.explore(entry.scenario, executions=100, seed=1, shrinking=1).failures[:1]:
            twin = replace(failure, scenario=entry.mended)
            again = twin.replay()
            assert (again.symptom, twin.misfit(again)) == (None, None), failure.name
            mended += 1
    assert mended > 30


def replayed(folder, python=sys.executable, **environment):
    """What a fresh process says that replays each file of the folder."""
    program = Path(__file__).with_name("replaying.py")
    ran = subprocess.run(
        [python, program, "replay", folder],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)


def test_failures_replay_in_a_fresh_process(tmp_path):
    """Rule, function and events are the same where nothing hashes as it did here."""
    assert collect(tmp_path, 30, executions=200) == 30
    for seed in "1", "2":
        said = replayed(tmp_path, PYTHONHASHSEED=seed)
        assert (said["files"], said["different"]) == (30, [])


@pytest.mark.soak
def test_a_thousand_failures_replay_in_fresh_processes(tmp_path):
    """All of a thousand replay in processes with other hashes, and in NDISWAN_OTHER_PYTHON if that is set."""
    count = int(os.environ.get("NDISWAN_REPLAYS", "1000"))
    assert collect(tmp_path, count) == count
    runs = [replayed(tmp_path, PYTHONHASHSEED=seed) for seed in ("0", "1", "4242")]
    other = os.environ.get("NDISWAN_OTHER_PYTHON")
    runs += [replayed(tmp_path, other)] if other else []
    for said in runs:
        assert (said["files"], said["different"]) == (count, []), said["python"]
        print(f"{said['python']}: {count} of {count} replay")


DAMAGED = {
    "arguments": lambda content: json.dumps({**content, "arguments": 5}),
    "place": lambda content: json.dumps({**content, "expect": {"rule": "DOUBLE", "place": 5}}),
    "rule": lambda content: json.dumps({**content, "expect": {"rule": 5, "place": "x"}}),
    "seed": lambda content: json.dumps({**content, "seed": "x"}),
    "deep": lambda _: "[" * 100_000,
    "SARIF": lambda _: '{"runs": 5}',
}


@pytest.mark.parametrize("change", DAMAGED.values(), ids=DAMAGED)
def test_a_file_with_something_else_in_it_is_told_by_each_command(tmp_path, change) -> None:
    """Exit code 4, and what was expected; no traceback."""
    found = nw.explore(find("ndiswan.zoo.scenarios:double_shared_list"), executions=500, seed=1)
    file = found.failures[0].save(tmp_path / "f.json")
    file.write_text(change(json.loads(file.read_text())))
    for command in ("replay", "minimize", "view", "step"):
        done = ndiswan(command, "f.json", cwd=tmp_path)
        assert done.returncode == 4, (command, done.stdout, done.stderr)
        assert "expected" in done.stderr
        assert "Traceback" not in done.stderr
