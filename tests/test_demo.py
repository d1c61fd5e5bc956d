"""The demo is what a newcomer runs first."""

import subprocess
import sys

from commands import FINE, ROOT


def test_the_demo_finds_its_bug():
    """`make demo` runs this: the good driver is clean, the bad one's bug is shown with its mend, on a page."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (FINE, "")
    assert len(done.stdout.splitlines()) < 80
    for part in ("DOUBLE is broken in reset/inline", "history", "to mend", "self.card.stop()"):
        assert part in done.stdout
