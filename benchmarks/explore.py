"""`make bench BENCH=explore`: the explorer of Python drivers beside frontrun and Hypothesis.

    explore.py [--rounds 9] [--seconds 0.7] [--seeds 3] [--only speed|bugs]

Speed is executions of one scenario (`exploring/race.py`). Bugs are those of `ndiswan.zoo`, hunted by each tool in a
process of its own with so many seconds of the processor for each. What is comparable and what is not stands in
docs/explanation/decisions/2026-11-28-exploring-beside-others.md.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import table

import ndiswan as nw

HERE = Path(__file__).parent


def hunts(tool: str, seconds: float, seeds: int, bugs: list[str]) -> Iterator[dict[str, object]]:
    """What one tool finds, as it comes."""
    command = [sys.executable, "-m", "exploring.hunt", tool, "--seconds", str(seconds)]
    command += ["--seeds", str(seeds), "--bugs", *bugs]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for number, line in enumerate(child.stdout, 1):
            print(
                f"\r{tool}: {number} of {len(bugs) * seeds} ", end="", file=sys.stderr, flush=True
            )
            yield json.loads(line)
    print(file=sys.stderr)
    if child.returncode:
        raise RuntimeError(f"the hunt by {tool} broke; see above")


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=("speed", "bugs"))
    options = parser.parse_args()
    if not hasattr(nw, "explore"):
        raise SystemExit("needs nw.explore: this ndiswan has no explorer to compare")
    rows: list[dict[str, object]] = []
    if options.only != "bugs":
        from exploring import speed

        rows += table.measure(speed.rows(), max(7, options.rounds))
        table.show("explore: speed, processor time", rows)
    if options.only != "speed":
        from exploring import bugs

        all_bugs, expressible = bugs.names()
        found = [
            result
            for tool in bugs.TOOLS
            for result in hunts(
                tool,
                options.seconds,
                options.seeds,
                expressible if tool.startswith("frontrun") else all_bugs,
            )
        ]
        rows += bugs.report(found, options.seconds)
    table.save("explore", rows)


if __name__ == "__main__":
    main()
