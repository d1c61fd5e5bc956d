"""Places: call sites and tracebacks as files and lines, and what they are relative to."""

import subprocess

from ndiswan.checking import place
from ndiswan.checking.place import Place, relative, repository, site_in

PYTHON = """Traceback (most recent call last):
  File "/a/b/ndiswan/x.py", line 3, in bind
    f()
  File "/a/b/modem.py", line 12, in Modem.sent
    raise OSError
OSError
"""
FAULT = """Fatal Python error: Segmentation fault

Current thread 0x00007f (most recent call first):
  File "/a/b/modem.py", line 5 in sent
  File "/a/b/other.py", line 9 in run
"""


def test_a_call_site_is_a_place():
    """A file, a line and a function, which may hold blanks and colons; what is none gives None."""
    found = Place.of("/a b/c:d/modem.py:31 in Modem.sent.<locals>.f")
    assert (found.file, found.line, found.function) == (
        "/a b/c:d/modem.py",
        31,
        "Modem.sent.<locals>.f",
    )
    assert Place.of(str(found)) == found
    assert Place.of("/a/q.c:7") == Place("/a/q.c", 7)
    assert Place.of(None) is Place.of("somewhere") is None


def test_a_traceback_s_place_is_the_line_that_raised():
    """The newest call, which Python says last and its faulthandler first; the engine's own lines are none."""
    assert site_in(PYTHON) == "/a/b/modem.py:12 in Modem.sent"
    assert site_in(FAULT) == "/a/b/modem.py:5 in sent"
    assert site_in("no frames") is None
    assert site_in(f'File "{place.__file__}", line 1, in f') is None


def test_the_repository_is_what_the_service_says_or_git_or_here(tmp_path, monkeypatch):
    """GITHUB_WORKSPACE or CI_PROJECT_DIR if this folder is inside; else Git's; else this folder."""
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    assert repository() == inner
    subprocess.run(["git", "init", "-q", str(tmp_path / "a")], check=True)
    assert repository() == tmp_path / "a"
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path))
    assert repository() == tmp_path
    monkeypatch.setenv("CI_PROJECT_DIR", "/somewhere/else")
    assert repository() == tmp_path / "a"


def test_a_path_is_relative_with_slashes_or_not_at_all(tmp_path):
    """What is not below the folder has no path there."""
    assert relative(str(tmp_path / "a" / "b.py"), tmp_path) == "a/b.py"
    assert relative("/elsewhere/b.py", tmp_path) is None


def test_a_line_is_read_if_it_is_there(tmp_path):
    """Its text; None beyond the end and of a file that is gone."""
    file = tmp_path / "a.py"
    file.write_text("one\ntwo\n")
    assert Place(str(file), 2).text() == "two"
    assert Place(str(file), 3).text() is None
    assert Place(str(tmp_path / "b.py"), 1).text() is None
