"""What a wheel is trained with: without its profile it would do the same, and nobody would see that it is slower."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_the_training_runs_to_its_end():
    """Every kind of driver sends what it was to send, in each of its worlds, and both drivers in C are explored."""
    done = subprocess.run(
        [sys.executable, "-P", "tools/training.py"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    lines = ["Line: 10008 packets"] * 5
    batches = [f"{name}: 40000 packets" for name in ("Batches", "Batches", "ByName", "ByName")]
    explored = ["Modem: 200", "queued: 500", "queued: 500", "isdn: 500", "isdn: 500"]
    expected = [*lines, "CardMiniport: 40008 packets", *batches, *batches]
    expected += ["Trace: 17024 events, 0 broken rules"]
    expected += [f"{line} executions" for line in explored]
    assert done.stdout.splitlines() == expected
