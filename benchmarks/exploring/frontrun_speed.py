"""What an execution of the race costs frontrun: `python -m exploring.frontrun_speed random|dpor [hidden]`.

In a process of its own: in one in which our explorer has run, its exhaustive explorer waits for threads until it times
out. Prints microseconds of the processor, without what the start of the process costs.
"""

import contextlib
import sys
import time

from exploring import frontrun_side, plain_ndis, race

EXECUTIONS = 8


def main() -> None:
    """Measure and print."""
    strategy, *rest = sys.argv[1:]
    play = race.scenario(plain_ndis)
    with frontrun_side.installed(plain_ndis) if rest else contextlib.nullcontext():
        frontrun_side.explore(play, strategy, executions=1)  # imports and caches
        begin = time.process_time_ns()
        found = frontrun_side.explore(play, strategy, executions=EXECUTIONS)
        spent = time.process_time_ns() - begin
    if found.failure or found.executions != EXECUTIONS:
        raise AssertionError(f"expected {EXECUTIONS} good executions, got {found}")
    print(spent / EXECUTIONS / 1000)


if __name__ == "__main__":
    main()
