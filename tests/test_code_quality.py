"""GitLab's Code Quality artifact: an array of findings, each with what GitLab needs of it."""

import json

from commands import BAD, ROOT, VIOLATIONS, driver, ndiswan
from ndiswan.checking.place import Place
from ndiswan.outputs import Problem, Report, to_code_quality

SEVERITIES = {"info", "minor", "major", "critical", "blocker"}


def test_each_finding_has_what_gitlab_takes(tmp_path):
    """A text, a name, a fingerprint of its own, a severity of the list, a path below the repository and a line."""
    path = tmp_path / "quality.json"
    done = ndiswan("check", BAD, "--mode", "reset", "--code-quality", path, cwd=ROOT)
    assert done.returncode == VIOLATIONS
    found = json.loads(path.read_text())
    assert [finding["check_name"] for finding in found] == ["DOUBLE", "STALE"]
    for finding in found:
        assert finding["description"].startswith(finding["check_name"])
        assert finding["severity"] in SEVERITIES
        assert (ROOT / finding["location"]["path"]).is_file()
        assert finding["location"]["lines"]["begin"] > 1
    assert len({finding["fingerprint"] for finding in found}) == len(found)


def test_a_good_driver_has_an_empty_array(tmp_path):
    """Which is what tells GitLab that earlier findings are mended."""
    path = tmp_path / "quality.json"
    good = driver(tmp_path)
    assert ndiswan("check", good, "--mode", "send/inline", "--code-quality", path).returncode == 0
    assert json.loads(path.read_text()) == []


def test_alike_findings_have_fingerprints_of_their_own(tmp_path):
    """Two lines of one function that break one rule are two findings for GitLab, the same two each time."""
    problems = [
        Problem("DOUBLE", "error", "d", "D", "", place=Place(str(tmp_path / "a.py"), line, "D.f"))
        for line in (3, 9)
    ]
    report = Report("check", "x", problems=problems)
    one, two = (json.loads(to_code_quality([report], tmp_path)) for _ in range(2))
    assert one == two
    assert len({finding["fingerprint"] for finding in one}) == 2


def test_what_only_warns_is_minor_and_a_crash_blocks(tmp_path):
    """The severities follow from what was found."""
    place = Place(str(tmp_path / "a.py"), 1)
    problems = [
        Problem("LEAK", "warning", "d", "D", "", place=place),
        Problem("CRASH", "error", "d", "D", "", place=place),
        Problem("LOST", "error", "d", "D", "", place=place),
    ]
    found = json.loads(to_code_quality([Report("check", "x", problems=problems)], tmp_path))
    assert [finding["severity"] for finding in found] == ["minor", "blocker", "critical"]
