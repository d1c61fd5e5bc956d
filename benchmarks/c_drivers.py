"""`make bench BENCH=c_drivers`: a driver in C under the engine, beside itself without one, and its twin in Python.

The round trip is a send whose call completes the packet before it (`drivers/swap.c`): a spin lock, one completion.
The rival is the same file with its pointers to functions that do nothing (`rust/driver/examples/round_trip.rs`):
with the same four packets again and again, and with a packet taken, filled in with 64 bytes as ours is, and freed.
Pages for packets are off. Times are the thread's own: others that want the processor do not count.
Executions are those of the explorer with `examples/c/queued`, without and with pages for packets, and with the same
logic in Python (`drivers/queued.py`).
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import table

import ndiswan as nw
from ndiswan.drivers import build, load
from ndiswan.exploring.workload import workload

HERE = Path(__file__).parent
ROOT = HERE.parent
ROUNDS, SENDS, EXECUTIONS = 31, 200_000, 1000


def round_trips(driver: Path) -> list[dict[str, object]]:
    """The rows of the round trip."""
    manifest = str(ROOT / "rust" / "driver" / "Cargo.toml")
    command = [
        "cargo",
        "run",
        "--quiet",
        "--release",
        "--manifest-path",
        manifest,
        "--example",
        "round_trip",
    ]
    done = subprocess.run(
        [*command, "--", str(driver), str(ROUNDS), str(SENDS)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = []
    cases = [
        ("send, pend, complete: a bare table", 0.25),
        ("the same: one that fills in packets", None),
    ]
    for column, (case, target) in enumerate(cases, 1):
        row = table.Row(case, float, float, names=("engine", "bare table"), target=target)
        row.rounds = [(times[0], times[column]) for times in json.loads(done.stdout)]
        rows.append(row.result())
    return rows


def microseconds(make: object) -> float:
    """Processor time of an execution."""
    begin = time.process_time()
    found = nw.explore(workload(make), executions=EXECUTIONS, seed=1)  # type: ignore[arg-type]
    spent = time.process_time() - begin
    if found.failures:
        raise RuntimeError(f"a good driver fails: {found}")
    return spent * 1e6 / EXECUTIONS


def main() -> None:
    """Measure and print."""
    sys.path.insert(0, str(HERE / "drivers"))
    from queued import Queued

    with tempfile.TemporaryDirectory() as folder:
        swap = build(HERE / "drivers" / "swap.c", output=Path(folder) / "swap.so")
        rows = round_trips(swap)
    queued = build(ROOT / "examples" / "c" / "queued" / "queued.c")
    executions = [
        table.Row(
            f"an execution of the explorer{pages}: the same driver in Python",
            lambda guard=guard: microseconds(lambda: load(queued, guard=guard)),
            lambda: microseconds(Queued),
            names=("in C", "in Python"),
            target=10.0,
            unit="us",
        )
        for guard, pages in ((False, ""), (True, ", with pages"))
    ]
    rows += table.measure(executions, 15)
    table.report("c_drivers", rows)


if __name__ == "__main__":
    main()
