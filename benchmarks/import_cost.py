"""What `import ndiswan` costs, and what the command costs before it does anything.

The import is compared with `import json, enum, dataclasses, collections`: a fresh interpreter for each, and the
processor time of the import alone, as that interpreter measures it. `ndiswan --help` is compared with
`python -c "import click"`: the processor time of the whole process.
"""

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import table

OURS = "import ndiswan"
RIVAL = "import json, enum, dataclasses, collections"
PROGRAM = "import time; t = time.process_time_ns(); {}; print(time.process_time_ns() - t)"
HELP = [str(Path(sys.executable).with_name("ndiswan")), "--help"]
CLICK = [sys.executable, "-c", "import click"]


def imported(statement: str) -> float:
    """The processor time of the statement in a fresh interpreter, in microseconds."""
    command = [sys.executable, "-I", "-c", PROGRAM.format(statement)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout) / 1e3


def process(command: list[str]) -> float:
    """The processor time of a process, in microseconds."""

    def spent() -> float:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    subprocess.run(command, capture_output=True, check=True)
    return (spent() - before) * 1e6


def main() -> None:
    """Run and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="at least 7 (default: %(default)s)")
    rounds = max(parser.parse_args().rounds, 7)
    rows = [
        table.Row("import ndiswan : four modules of the library", lambda: imported(OURS),
                  lambda: imported(RIVAL), names=("ndiswan", "json, enum, …"), target=1 / 2, unit="us"),
        table.Row("ndiswan --help : import click", lambda: process(HELP), lambda: process(CLICK),
                  names=("ndiswan --help", "import click"), target=1 / 2.5, unit="us"),
    ]  # fmt: skip
    table.run("import_cost", rows, rounds=rounds)


if __name__ == "__main__":
    main()
