"""`[tool.ndiswan]` of a project's pyproject.toml: options for all who work on it."""

import json

import pytest

from commands import FINE, QUICK, USAGE, driver, ndiswan


def configure(folder, text):
    """A project that says so."""
    (folder / "pyproject.toml").write_text(text)


def test_a_project_sets_options_by_their_names(tmp_path):
    """What stands there counts in each folder below, several values and what is true or false too."""
    configure(tmp_path, '[tool.ndiswan.check]\nmode = ["send", "halt/inline"]\njson = true\n')
    driver(tmp_path)
    below = tmp_path / "src"
    below.mkdir()
    done = ndiswan("check", "../target.py", cwd=below)
    assert done.returncode == FINE, done.stderr
    modes = {mode["name"] for mode in json.loads(done.stdout)["drivers"][0]["modes"]}
    assert modes == {"send/inline", "send/queued", "halt/inline"}


def test_the_command_line_counts_more(tmp_path):
    """An option that is given is not the project's."""
    configure(tmp_path, '[tool.ndiswan.check]\nmode = "halt"\nreal-time = false\n')
    done = ndiswan("check", driver(tmp_path), *QUICK, cwd=tmp_path)
    assert done.returncode == FINE, done.stderr
    assert "Driver  1 mode," in done.stdout
    assert "Driver  2 modes," in ndiswan("check", "target.py", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.ndiswan.chek]\n", "[tool.ndiswan]: expected a table for one of build, "),
        ("[tool.ndiswan]\ncheck = 5\n", "[tool.ndiswan.check]: expected a table of options, got 5"),
        ("[tool.ndiswan.check]\ntime = 5\n", "[tool.ndiswan.check]: expected options of the comm"),
        ("[tool.ndiswan.check]\ntimeout = 'x'\n", "[tool.ndiswan.check] timeout: "),
        ("[tool.ndiswan.check]\ntimeout = [1, 2]\n", "timeout: expected one value, got [1, 2]"),
        ("[tool.ndiswan.check]\ntimeout = true\n", "expected text or a number, got True"),
        ("[tool.ndiswan.check]\njson = 'yes'\n", "json: expected true or false, got 'yes'"),
        ("[tool.ndiswan.check\n", "expected TOML, as the packaging tools read it: "),
        ("tool = 5 # tool.ndiswan\n", "expected TOML, as the packaging tools read it: "),
    ],
)
def test_what_no_command_takes_is_refused_by_its_file_and_name(tmp_path, text, said):
    """Exit code 4, with the file, what was expected and what came."""
    configure(tmp_path, text)
    done = ndiswan("check", driver(tmp_path), *QUICK, cwd=tmp_path)
    assert done.returncode == USAGE
    assert said in " ".join(done.stderr.split())
    assert f"{tmp_path}/pyproject.toml" in done.stderr


def test_other_projects_are_left_alone(tmp_path):
    """A pyproject.toml without such a table, whatever else is in it, is not read."""
    configure(tmp_path, "this is no TOML\n")
    assert ndiswan("check", driver(tmp_path), *QUICK, cwd=tmp_path).returncode == FINE
