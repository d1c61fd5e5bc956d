"""`nw.load` and `nw.isolated`: drivers in C by the package's own name, and where one may be loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan import drivers

pytest_plugins = ["pytester"]

QUEUED = Path(__file__).parents[1] / "examples" / "c" / "queued" / "queued.c"

LOADS = f"""
import ndiswan as nw
nw.load({str(QUEUED)!r}, isolate=VALUE)
print("loaded")
"""


def loaded() -> str:
    """The name of a driver that is loaded in a process that may die."""
    return nw.load(QUEUED, isolate=True).name


def in_a_script(isolate: str) -> str:
    """What a script says that loads a driver so."""
    script = LOADS.replace("VALUE", isolate)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_package_has_the_names_of_drivers_in_c() -> None:
    """They are those of `ndiswan.drivers`."""
    assert nw.load is drivers.load
    assert nw.isolated is drivers.isolated
    assert {"load", "isolated"} <= set(nw.__all__)


def test_isolate_wants_a_process_that_may_die() -> None:
    """True is refused in a script, and not inside of `isolated`; None and False load the driver where it is called."""
    refused = in_a_script("True")
    assert "isolate=True: expected a process that may die" in refused
    assert "loaded" not in refused.splitlines()
    for value in ("None", "False"):
        assert in_a_script(value) == "loaded\n"
    assert nw.isolated(loaded, timeout=60) == "queued"
    with pytest.raises(TypeError, match="isolate: expected True, False or None, got 1"):
        nw.load(QUEUED, isolate=1)  # type: ignore[arg-type]


def test_a_check_is_such_a_process(tmp_path: Path) -> None:
    """A file that says `isolate=True` of its driver is checked."""
    target = tmp_path / "card.py"
    target.write_text(
        f"import ndiswan as nw\ndef make_miniport(): return nw.load({str(QUEUED)!r}, isolate=True)\n"
    )
    command = [sys.executable, "-m", "ndiswan", "check", "--mode", "send/inline", str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_test_that_names_nw_load_runs_in_a_copy(pytester: pytest.Pytester) -> None:
    """Nothing of `ndiswan.drivers` is imported by name; another module's `load` is no driver's."""
    pytester.makepyfile(
        f"""
        import json
        import ndiswan as nw
        def test_a_driver(): assert nw.load({str(QUEUED)!r}, isolate=True).name == "queued"
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
    pytester.makepyfile(
        """
        import json, io
        import ndiswan as nw
        calls = []
        def test_one(): calls.append(json.load(io.StringIO("1")))
        def test_two(): assert calls == [1]
        """
    )
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_a_copy_s_warnings_and_properties_are_listed(pytester: pytest.Pytester) -> None:
    """What a test warns of and records is in the summary and in JUnit's file; what cannot travel is not."""
    pytester.makepyfile(
        """
        import os, warnings
        import pytest
        here = os.getpid()
        class Local(UserWarning):
            def __reduce__(self): raise RuntimeError("no")
        @pytest.mark.ndiswan_isolate
        def test_warns(record_property):
            assert os.getpid() != here
            warnings.warn("it leaks")
            warnings.warn(Local())
            record_property("speed", 5)
            record_property("key", lambda: 0)
        @pytest.mark.ndiswan_isolate
        def test_expects(recwarn):
            warnings.warn("expected")
            assert len(recwarn) == 1
        @pytest.mark.ndiswan_isolate(wanted=False)
        def test_here(): assert os.getpid() == here
        """
    )
    file = pytester.path / "junit.xml"
    options = ("-p", "no:cacheprovider", f"--junitxml={file}", "-o", "junit_family=xunit1")
    ran = pytester.runpytest_subprocess(*options)
    ran.assert_outcomes(passed=3, warnings=1)
    ran.stdout.fnmatch_lines(["*UserWarning: it leaks"])
    assert '<property name="speed" value="5"' in file.read_text("utf-8")


@pytest.mark.parametrize("given", ["timout=5", "True, False"])
def test_a_marker_s_word_that_says_nothing_is_refused(
    pytester: pytest.Pytester, given: str
) -> None:
    """A misspelled limit would be none."""
    pytester.makepyfile(
        f"import pytest\n@pytest.mark.ndiswan_isolate({given})\ndef test_it(): pass\n"
    )
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    ran.assert_outcomes(failed=1)
    ran.stdout.fnmatch_lines(
        ["*expected ndiswan_isolate(wanted=True, *, timeout=None, standstill=60.0), got *"]
    )


def test_a_file_that_was_cut_off_is_not_loaded(tmp_path: Path) -> None:
    """Who touches what is not there would be killed, and half a file may have no lines."""
    whole = drivers.build(QUEUED, output=tmp_path / "whole.so").read_bytes()
    cut = tmp_path / "cut.so"
    for length in (100, 20_000, len(whole) // 4):
        cut.write_bytes(whole[:length])
        with pytest.raises(OSError, match=rf"it was cut off: {length} of \d+ bytes are there"):
            nw.load(cut)
    cut.write_bytes(whole)
    assert nw.load(cut).name == "cut"
