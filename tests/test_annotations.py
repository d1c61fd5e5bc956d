"""What GitHub Actions shows: notes at lines, and the summary of a job."""

import re

from commands import BAD, FINE, ROOT, VIOLATIONS, driver, ndiswan
from ndiswan.checking.place import Place
from ndiswan.outputs import Problem, Report, to_annotations, to_summary

COMMAND = re.compile(r"::(error|warning) (?:([^:]*))::(.*)")


def read(line):
    """A workflow command as the runner reads it: its kind, its properties, its message."""
    kind, properties, message = COMMAND.fullmatch(line).groups()
    pairs = (pair.split("=", 1) for pair in properties.split(","))
    return kind, {name: decoded(value) for name, value in pairs}, decoded(message)


def decoded(text):
    """The runner's way back."""
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def test_what_ends_a_command_early_comes_through(tmp_path):
    """Line breaks, colons, commas and percent signs in a message, a title and a path are read back as they were."""
    problem = Problem(
        rule="DOUBLE",
        level="warning",
        detail="100%, a: b\r\nand 50%0A more",
        driver="A,B::C",
        report="",
        place=Place(str(tmp_path / "a,b%3A.py"), 7, "C.d"),
    )
    (line,) = to_annotations([Report("check", "x", problems=[problem])], tmp_path)
    assert "\n" not in line
    kind, properties, message = read(line)
    assert (kind, properties["file"], properties["line"]) == ("warning", "a,b%3A.py", "7")
    assert properties["title"] == "DOUBLE in A,B::C"
    assert message.startswith("100%, a: b\r\nand 50%0A more\n")


def test_a_place_outside_of_the_repository_is_not_named(tmp_path):
    """GitHub has no such file; the note is there without one."""
    problem = Problem("DOUBLE", "error", "d", "D", "", place=Place("/elsewhere/a.py", 3))
    (line,) = to_annotations([Report("check", "x", problems=[problem])], tmp_path)
    assert set(read(line)[1]) == {"title"}


def test_in_actions_each_failure_is_a_note_and_the_job_has_a_summary(tmp_path):
    """GITHUB_ACTIONS=true alone does it: notes on stderr, so that stdout is as ever, and Markdown with a diagram."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    there = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    done = ndiswan("check", BAD, "--mode", "reset", "--json", cwd=ROOT, **there)
    assert done.returncode == VIOLATIONS
    assert done.stdout.startswith("{")
    notes = [read(line) for line in done.stderr.splitlines()]
    assert [properties["title"] for _, properties, _ in notes] == [
        "DOUBLE in BadModem",
        "STALE in BadModem",
    ]
    assert notes[0][1]["file"] == "examples/drivers/modem.py"
    assert "To see it: ndiswan check" in notes[0][2]
    text = summary.read_text()
    assert text.startswith("before\n### ❌ ndiswan check")
    assert "| **DOUBLE** | `examples/drivers/modem.py:" in text
    assert "```mermaid\nsequenceDiagram" in text
    assert text.count("<details>") == text.count("</details>") == 2


def test_the_table_of_a_summary_holds_any_text(tmp_path):
    """Bars and tags in a text neither end a cell nor become HTML, and a fence is longer than one in a report."""
    problem = Problem("DOUBLE", "error", "a | b <b>c</b>", "D", "x\n```\ny", modes=["m"])
    text = to_summary([Report("check", "t", 1, problems=[problem])], tmp_path)
    row = next(line for line in text.splitlines() if "**DOUBLE**" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 5
    assert "<b>" not in row
    assert "````text\nx\n```\ny\n````" in text


def test_elsewhere_nothing_of_it_is_printed(tmp_path):
    """Without GITHUB_ACTIONS stderr is empty; --no-annotations turns it off there."""
    bad = driver(tmp_path, "return 0x12345678")
    assert "::" not in ndiswan("check", bad, "--mode", "send/inline").stderr
    for more in ((), ("--no-annotations",)):
        done = ndiswan("check", bad, "--mode", "send/inline", *more, GITHUB_ACTIONS="true")
        assert ("::" in done.stderr) == (not more)


def test_a_good_driver_has_a_short_summary(tmp_path):
    """A tick and a line, and no note."""
    summary = tmp_path / "summary.md"
    good = driver(tmp_path)
    there = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    done = ndiswan("check", good, "--mode", "send/inline", **there)
    assert (done.returncode, done.stderr) == (FINE, "")
    lines = summary.read_text().splitlines()
    assert lines[0].startswith("### ✅ ndiswan check")
    assert len(lines) < 5


def test_what_cannot_be_checked_is_a_note(tmp_path):
    """A target that is not there is an error in the list of notes, too."""
    done = ndiswan("check", "nowhere.py", "--annotations", cwd=tmp_path)
    assert done.returncode == 4
    note = next(line for line in done.stderr.splitlines() if line.startswith("::"))
    assert "no such file" in read(note)[2]
