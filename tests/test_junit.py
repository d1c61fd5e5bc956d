"""JUnit of campaigns and replays; that of a check is in test_check.py."""

from xml.etree import ElementTree as ET

from ci import sarif
from commands import FINE, ROOT, VIOLATIONS, ndiswan
from ndiswan.campaign import Campaign, Progress, Store, Verdict
from ndiswan.outputs import Case, Problem, Report, Suite, of_campaign, to_junit

CARELESS = "exploring_targets.py:careless"
BUDGET = ("--executions", "60", "--executor", "serial", "--seed", "5", "--explorer", "random")


def cases(path):
    """The test cases by name, with the kind of what is wrong with each."""
    suite = ET.parse(path).getroot().find("testsuite")
    return {
        case.get("name"): [child.tag for child in case if child.tag != "system-out"]
        for case in suite.findall("testcase")
    }


def test_a_campaign_has_a_case_a_failure(tmp_path):
    """What was found fails; once it is mended, its case passes."""
    target = tmp_path / "exploring_targets.py"
    source = (ROOT / "tests/exploring_targets.py").read_text()
    target.write_text(source)
    first = ndiswan("fuzz", CARELESS, *BUDGET, "--junit", "a.xml", cwd=tmp_path)
    assert first.returncode == VIOLATIONS, first.stderr
    found = cases(tmp_path / "a.xml")
    assert found.pop("explored") == []
    assert found
    assert all(name.startswith("found: ") and kinds == ["failure"] for name, kinds in found.items())
    target.write_text(source + "\ncareless = careful\n")
    second = ndiswan("fuzz", CARELESS, *BUDGET, "--junit", "b.xml", cwd=tmp_path)
    assert second.returncode == FINE, second.stdout
    mended = cases(tmp_path / "b.xml")
    assert len(mended) == len(found) + 1
    assert all(kinds == [] for kinds in mended.values())
    assert sum(name.startswith("fails no more: ") for name in mended) == len(found)


def test_what_did_not_come_again_is_a_case_that_is_skipped(tmp_path):
    """The exit code is 1 for it, and the report says what of: it is neither mended nor known to fail."""
    path = tmp_path / "LOST-0123456789ab.json"
    verdict = Verdict(Progress(executions=9), unsure=[path], nondeterministic=["somebody"])
    assert verdict.failed
    report = of_campaign(Campaign("modem.py", Store(tmp_path / "kept")), verdict, VIOLATIONS)
    (tmp_path / "a.xml").write_text(to_junit([report]))
    assert cases(tmp_path / "a.xml") == {
        "explored": [],
        f"did not come again: {path.stem}": ["skipped"],
    }
    assert "1 that did not come again" in report.headline


def test_a_replay_is_one_case(tmp_path):
    """It fails as long as the failure does."""
    file = ROOT / "tests/replays/double-timer-against-interrupt.json"
    done = ndiswan("replay", file, "--junit", "a.xml", cwd=tmp_path)
    assert done.returncode == VIOLATIONS, done.stderr
    assert cases(tmp_path / "a.xml") == {"double-timer-against-interrupt": ["failure"]}


def test_a_file_that_cannot_be_written_is_an_error_of_usage(tmp_path):
    """The option is named, whichever it is."""
    (tmp_path / "d.py").write_text("")
    for option in ("--junit", "--sarif", "--code-quality"):
        done = ndiswan("check", "d.py", "--allow-nothing", option, "no/such/folder", cwd=tmp_path)
        assert (done.returncode, option in done.stderr) == (4, True)


def test_a_campaign_that_cannot_be_run_says_so_in_its_files(tmp_path):
    """A scenario that is not there, and one that ends its process: an error in the list of tests, and its exit code."""
    gone = ndiswan("fuzz", "gone.py:f", "--junit", "a.xml", cwd=tmp_path)
    assert gone.returncode == 4
    assert cases(tmp_path / "a.xml") == {"ndiswan fuzz": ["error"]}
    (tmp_path / "k.py").write_text("import os\ndef scenario(ndis):\n    os._exit(9)\n")
    budget = ("--executions", "9", "--jobs", "1", "--seed", "4")
    killed = ndiswan(
        "fuzz", "k.py", *budget, "--junit", "b.xml", "--sarif", "b.sarif", cwd=tmp_path
    )
    assert killed.returncode == VIOLATIONS, killed.stderr
    assert cases(tmp_path / "b.xml") == {
        "explored": [],
        "ended its process: seed 4": ["error"],
    }
    ((result,),) = [run["results"] for run in sarif(tmp_path / "b.sarif")]
    assert result["ruleId"] == "CRASH"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "k.py"


def test_no_name_breaks_the_document():
    """A control character in the name of an adapter, a suite or a target: it is replaced, and XML can be read."""
    bad = "M\x01\x1bdem\ud800"
    problem = Problem("LOST", "error", bad, bad, bad)
    suite = Suite(bad, [Case(bad, bad, [problem], skipped=bad, output=bad)], {bad: bad})
    for report in Report("check", bad, suites=[suite]), Report("check", bad, trouble=[bad]):
        text = to_junit([report])
        (found,) = ET.fromstring(text).findall("testsuite")
        assert found.get("name") == "M\ufffd\ufffddem\ufffd"
