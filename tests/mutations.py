"""`make soak`: the sample driver in C with its machine code changed at random, each in a process of its own.

    python tests/mutations.py [COUNT] [FIRST]

Nothing that a driver does may take the tool along: what comes of each is counted. "found" is a report or an exception
of ours, "silent" a change that does nothing here, "killed" a process that died, which `check` and `fuzz` report.
"""

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import ndiswan as nw
from ndiswan.drivers import build, load
from ndiswan.exploring.workload import workload

QUEUED = Path(__file__).parents[1] / "examples" / "c" / "queued" / "queued.c"
OWN = ("Queued", "GiveBack", "TimeOf", "DriverEntry")
PATIENCE = 60.0
FOUND, SILENT = 10, 11


def functions(image):
    """Where the driver's own functions are in the file: address and length."""
    found = []
    for line in subprocess.run(
        ["nm", "-S", str(image)], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        words = line.split()
        if len(words) == 4 and words[2] in "tT" and words[3].startswith(OWN):
            found.append((int(words[0], 16), int(words[1], 16)))
    return found


def changed(data, places, seed):
    """The file with one bit or one byte of the driver's code turned."""
    luck = random.Random(seed)
    start, length = luck.choice(places)
    at = start + luck.randrange(length)
    image = bytearray(data)
    image[at] ^= 1 << luck.randrange(8) if luck.random() < 0.5 else 0xFF
    return bytes(image)


def explore(image):
    """In a child: a few executions under the adversary."""
    try:
        found = nw.explore(workload(lambda: load(image)), executions=20, seed=1, shrinking=0)
    except BaseException:  # noqa: BLE001 -- a report all the same
        os._exit(FOUND)
    os._exit(FOUND if found.failures else SILENT)


def outcome(image):
    """What comes of one."""
    child = os.fork()
    if child == 0:
        explore(image)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return "killed"
            return {FOUND: "found", SILENT: "silent"}.get(os.WEXITSTATUS(status), "broken")
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "endless"


def main(count=1000, first=0):
    """Try them, and print what came."""
    counts = Counter()
    with tempfile.TemporaryDirectory() as folder:
        good = build(QUEUED, output=Path(folder) / "good.so")
        data, places = good.read_bytes(), functions(good)
        for seed in range(first, first + count):
            image = Path(folder) / f"changed-{seed}.so"
            image.write_bytes(changed(data, places, seed))
            counts[outcome(image)] += 1
            image.unlink()
    print(f"{count} changed drivers: {dict(counts)}")
    return 1 if counts["broken"] else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
