"""`action.yml`, run step by step as GitHub's runner has it, and the hook for pre-commit in a repository of its own."""

import os
import subprocess
import sys

import pytest
import yaml

from acting import PYTHON, acted
from ci import BIN, Action, git, sarif
from commands import BAD, FINE, GOOD, ROOT, VIOLATIONS, driver

ACTION = ROOT / "action.yml"
PAGE = ROOT / "docs/how-to/put-it-in-ci.md"
HOOKS = ROOT / ".pre-commit-hooks.yaml"
HERE = {"PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture
def repository(tmp_path):
    """A folder with a good and a bad driver, and an interpreter that notes what it is to install."""
    drivers = tmp_path / "drivers"
    drivers.mkdir()
    (drivers / "modem.py").write_text(GOOD.read_text())
    (drivers / "bad_modem.py").write_text(BAD.read_text())
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)
    return tmp_path


def checked(repository, **inputs):
    """The action in that folder."""
    given = {"python": str(repository / "python"), "arguments": "--mode reset", **inputs}
    return Action(ACTION).run(repository, given)


def test_a_bad_driver_fails_the_step_with_notes_and_a_file(repository):
    """The exit code is that of the check, the log has the notes, and the outputs lead to SARIF and JUnit."""
    ran = checked(repository, targets="drivers/bad_modem.py")
    assert ran.code == VIOLATIONS, ran.log
    assert "::error file=drivers/modem.py,line=" in ran.log
    assert ran.outputs == {"exit-code": "1", "sarif": "ndiswan.sarif", "junit": "ndiswan.xml"}
    (run,) = sarif(repository / ran.outputs["sarif"])
    assert [result["ruleId"] for result in run["results"]] == ["DOUBLE", "STALE"]
    assert "### ❌ ndiswan check" in ran.summary
    assert ran.used == []


def test_several_targets_and_patterns_are_checked(repository):
    """Blanks, line breaks and patterns divide targets as in a shell; a good one passes."""
    ran = checked(repository, targets="drivers/mod*.py\n  drivers/modem.py")
    assert ran.code == FINE, ran.log
    assert len(sarif(repository / "ndiswan.sarif")) == 2


def test_findings_are_uploaded_also_of_a_bad_driver(repository):
    """The upload runs after a step that failed, if it is asked for, with the file that was written."""
    ran = checked(repository, targets="drivers/bad_modem.py", upload="true", sarif="a.sarif")
    assert ran.code == VIOLATIONS
    ((action, given),) = ran.used
    assert action.startswith("github/codeql-action/upload-sarif@")
    assert given == {"sarif_file": "a.sarif"}


@pytest.mark.parametrize(
    ("inputs", "wanted"),
    [
        ({}, "ndiswan[cli]"),
        ({"version": "0.1.0"}, "ndiswan[cli]==0.1.0"),
        ({"wheel": "dist/*.whl"}, "dist/ndiswan-0.1.0-cp311.whl[cli]"),
    ],
)
def test_what_is_installed_is_what_the_inputs_say(repository, inputs, wanted):
    """The newest version, a version, or a wheel, whose name may be a pattern."""
    (repository / "dist").mkdir()
    (repository / "dist" / "ndiswan-0.1.0-cp311.whl").touch()
    ran = checked(repository, targets="drivers/modem.py", **inputs)
    (line,) = [line for line in ran.log.splitlines() if line.startswith("installs:")]
    assert line.split()[-1] == wanted


def test_what_an_input_says_is_never_a_command(repository):
    """Quotes, semicolons and substitutions in an input run nothing, and arguments keep their blanks."""
    ran = checked(
        repository,
        targets="drivers/modem.py $(touch${IFS}owned) ;touch owned",
        arguments="--class 'No such; class' $(touch owned)",
    )
    assert ran.code != FINE
    assert not (repository / "owned").exists()
    assert "No such; class" in ran.log or "no such file" in ran.log


def test_the_action_and_the_examples_keep_the_services_schemas(tmp_path):
    """action.yml, and the workflows and the GitLab file of the how-to page, are valid by the published schemas."""
    page = PAGE.read_text("utf-8")
    kinds = {"# .github/": "vendor.github-workflows", "# .gitlab-ci.yml": "vendor.gitlab-ci"}
    blocks = [block.partition("```")[0] for block in page.split("```yaml\n")[1:]]
    checks = [(ACTION, "vendor.github-actions")]
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yml"
        path.write_text(block)
        kind = next((kind for head, kind in kinds.items() if block.startswith(head)), None)
        checks += [(path, kind)] if kind else []
    assert {kind for _, kind in checks} == {"vendor.github-actions", *kinds.values()}
    for path, kind in checks:
        done = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--builtin-schema", kind, path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


# ── act ──


@pytest.fixture
def workflow():
    """The first workflow of the page, letter for letter."""
    blocks = PAGE.read_text("utf-8").split("```yaml\n")
    return next(b.partition("```")[0] for b in blocks if b.startswith("# .github/workflows/"))


def test_the_workflow_of_the_page_passes_a_good_driver(tmp_path, workflow):
    """The job succeeds, a driver in C among the targets; the file is uploaded and has a run for each."""
    log, code, kept = acted(tmp_path, workflow, [GOOD])
    assert code == 0, log
    assert "installs: -m pip install --quiet --disable-pip-version-check ndiswan[cli]" in log
    assert "setup got 3.12" in log
    assert "upload got ndiswan.sarif" in log
    assert "::set-output:: exit-code=0" in log
    runs = sarif(kept / "ndiswan.sarif")
    assert [run["results"] for run in runs] == [[], []]


def test_the_workflow_of_the_page_fails_a_bad_driver(tmp_path, workflow):
    """The job fails with a note at the line, and what was found is uploaded all the same."""
    log, code, kept = acted(tmp_path, workflow, [GOOD, BAD])
    assert code == 1, log
    assert "::error file=drivers/modem.py,line=" in log
    assert "title=DOUBLE in BadModem::" in log
    assert "upload got ndiswan.sarif" in log
    assert "::set-output:: exit-code=1" in log
    assert any(run["results"] for run in sarif(kept / "ndiswan.sarif"))


# ── pre-commit ──


@pytest.fixture(scope="module")
def hooks(tmp_path_factory):
    """A clone of the hooks as pre-commit takes them: a repository, and its revision."""
    folder = tmp_path_factory.mktemp("hooks")
    git(folder, "init", "-q")
    (folder / HOOKS.name).write_text(HOOKS.read_text())
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "hooks")
    return folder, git(folder, "rev-parse", "HEAD")


def committed(tmp_path, hooks, contents, **hook):
    """What becomes of a commit of these files in a repository that has the hook."""
    where, revision = hooks
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q")
    repos = [{"repo": str(where), "rev": revision, "hooks": [{"id": "ndiswan-check", **hook}]}]
    (work / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": repos}))
    for name, text in contents.items():
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text(text)
    git(work, "add", ".")
    there = {**os.environ, **HERE, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run"],
        cwd=work,
        env=there,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


QUICK = {"args": ["--mode", "send"]}


def test_a_commit_with_a_bad_driver_is_held_back(tmp_path, hooks):
    """The hook fails with the report of the file that was changed."""
    bad = driver(tmp_path, "self.adapter.wan_send_complete(packet)\nreturn nw.SUCCESS")
    done = committed(tmp_path, hooks, {"drivers/bad.py": bad.read_text()}, **QUICK)
    assert done.returncode == 1, done.stderr
    assert "EARLY in mode send/inline" in done.stdout


def test_a_commit_without_a_bad_driver_goes_through(tmp_path, hooks):
    """A good driver passes, and so does a Python file that has no driver."""
    files = {"drivers/good.py": driver(tmp_path).read_text(), "tool.py": "print()\n"}
    done = committed(tmp_path, hooks, files, **QUICK)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_a_commit_of_other_files_runs_nothing(tmp_path, hooks):
    """Text is no driver: the hook is skipped; so is a file that `files` leaves out."""
    bad = driver(tmp_path, "return nw.PENDING").read_text()
    files = {"README.md": "text\n", "other/bad.py": bad}
    done = committed(tmp_path, hooks, files, files="^drivers/", **QUICK)
    assert done.returncode == 0, done.stdout
    assert "Skipped" in done.stdout


def test_the_hook_is_a_hook():
    """The manifest is valid by pre-commit's own check."""
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "validate-manifest", HOOKS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
