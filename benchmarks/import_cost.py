"""What `import ndiswan` costs, against `import json, enum, dataclasses, collections` in the same interpreter.

Each round starts one fresh interpreter for each side, in turn first, and takes the processor time of the import
alone, as that interpreter measures it. The ratio is taken per round, so that the machine's other work meets both sides.
"""

import argparse
import statistics
import subprocess
import sys

OURS = "import ndiswan"
RIVAL = "import json, enum, dataclasses, collections"
TARGET = 2.0
PROGRAM = "import time; t = time.process_time_ns(); {}; print(time.process_time_ns() - t)"


def cost_ms(statement: str) -> float:
    """The processor time of the statement in a fresh interpreter, in milliseconds."""
    command = [sys.executable, "-I", "-c", PROGRAM.format(statement)]
    return int(subprocess.run(command, capture_output=True, check=True).stdout) / 1e6


def measure(rounds: int) -> list[tuple[float, float]]:
    """Ours and the rival's cost, round by round, after one that warms the file cache."""
    pairs = []
    for number in range(rounds + 1):
        order = (OURS, RIVAL) if number % 2 else (RIVAL, OURS)
        cost = {statement: cost_ms(statement) for statement in order}
        pairs.append((cost[OURS], cost[RIVAL]))
    return pairs[1:]


def main() -> int:
    """Print both costs, the median ratio with its spread, and whether the target is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21, help="at least 7 (default: %(default)s)")
    rounds = max(parser.parse_args().rounds, 7)
    pairs = measure(rounds)
    ratios = [ours / rival for ours, rival in pairs]
    for name, column in ((OURS, 0), (RIVAL, 1)):
        times = [pair[column] for pair in pairs]
        print(
            f"{name:45} median {statistics.median(times):6.2f} ms, {min(times):.2f} to {max(times):.2f}"
        )
    median = statistics.median(ratios)
    print(
        f"ours / rival, {rounds} rounds: median {median:.2f}, {min(ratios):.2f} to {max(ratios):.2f};"
        f" target at most {TARGET}: {'met' if median <= TARGET else 'NOT met'}"
    )
    return 0 if median <= TARGET else 1


if __name__ == "__main__":
    sys.exit(main())
