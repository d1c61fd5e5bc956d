"""The example of a fuzzer's target runs: with random bytes, and under atheris where that is installed."""

import importlib.util
import subprocess
import sys

import pytest

from repository import ROOT

EXAMPLE = ROOT / "examples" / "fuzz_modem.py"


def fuzz(room, *arguments):
    """Runs the example in a folder; what it printed."""
    done = subprocess.run(
        [sys.executable, EXAMPLE, *arguments],
        cwd=room,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout + done.stderr


def test_random_bytes_find_the_bug_and_its_file_replays(tmp_path):
    """Without a fuzzer: bytes break the driver, and the replay file breaks it again, from the command line."""
    code, printed = fuzz(tmp_path, "--plain", "2000")
    assert code == 1, printed
    assert "to replay it: ndiswan replay" in printed
    (file,) = tmp_path.glob("*.json")
    again = subprocess.run(
        [sys.executable, "-m", "ndiswan", "replay", file],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert again.returncode == 1, again.stdout + again.stderr
    assert file.name.partition("-")[0] in again.stdout


@pytest.mark.skipif(not importlib.util.find_spec("atheris"), reason="atheris is not installed")
def test_atheris_finds_the_bug(tmp_path):
    """Under libFuzzer the driver's lines are coverage, and the bytes that break it are in a file."""
    code, printed = fuzz(tmp_path, "-runs=20000", "-seed=1", "-max_len=64")
    assert code != 0, printed
    assert "INFO: Instrumenting bad_modem" in printed
    assert "=== Uncaught Python exception: ===" in printed
    assert list(tmp_path.glob("crash-*")), printed
    code, printed = fuzz(tmp_path, *[str(path) for path in tmp_path.glob("crash-*")])
    assert "to mend" in printed


def test_a_good_run_ends_quietly(tmp_path):
    """A few random bytes are not enough to find it, and then nothing is said."""
    assert fuzz(tmp_path, "--plain", "0") == (0, "")
