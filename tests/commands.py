"""What the tests of the command line share: how it is run, and the drivers that it is run on."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GOOD = ROOT / "examples" / "drivers" / "modem.py"
BAD = ROOT / "examples" / "drivers" / "bad_modem.py"

FINE, VIOLATIONS, INTERRUPTED, INTERNAL, USAGE, NOTHING_RAN = range(6)
# One mode, for tests that are not about modes.
QUICK = ("--mode", "send/inline")

HEAD = "import ndiswan as nw\n"
# A driver to which a test adds what is wrong with it.
DRIVER = """
class Driver(nw.Miniport):
    serialized = False

    def wan_send(self, link, packet):
        {send}
"""


def ndiswan(*arguments: object, cwd: Path | None = None, **environment: str):
    """Run `ndiswan` in a process of its own, as a user does; of the service that runs the tests it knows nothing."""
    here = {name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")}
    return subprocess.run(
        [sys.executable, "-m", "ndiswan", *map(str, arguments)],
        capture_output=True,
        text=True,
        errors="surrogateescape",
        check=False,
        timeout=120,
        cwd=cwd,
        env={**here, **environment},
    )


def driver(tmp_path: Path, send: str = "return nw.SUCCESS", head: str = "", more: str = "") -> Path:
    """A file with one driver whose `wan_send` does `send`."""
    body = send.replace("\n", "\n        ")
    path = tmp_path / "target.py"
    path.write_text(HEAD + head + DRIVER.format(send=body) + more)
    return path


def states(document):
    """The state of each rule of the first driver."""
    return {rule["rule"]: rule["state"] for rule in document["drivers"][0]["rules"]}
