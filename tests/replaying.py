"""Failures of the zoo by the thousand: found in one process, replayed in others, of this Python or of another one.

    python tests/replaying.py collect FOLDER 1000     writes so many replay files
    other-python tests/replaying.py replay FOLDER     runs each of them again; exit code 1 if one comes out otherwise

Every second one is found in worlds that are not the usual ones: three CPUs, switches of the policy that are chosen,
queued delivery. Every tenth has been made small.
"""

import json
import platform
import re
import sys
from pathlib import Path

import ndiswan as nw
from ndiswan.exploring import load
from ndiswan.zoo import ENTRIES

WORLDS = ({}, {"cpus": 3}, {}, {"policies": True}, {}, {"delivery": "queued"})
SMALL = 10
EXECUTIONS = 3_000
# Beyond so many seeds it is said that there are no more.
SEEDS = 200


def collect(folder, count, executions=EXECUTIONS):
    """Search the zoo, seed by seed, and write a file for each failure, until there are so many; how many."""
    written = 0
    for seed in range(SEEDS):
        for number, entry in enumerate(ENTRIES.values()):
            found = nw.explore(
                entry.scenario,
                seed=seed,
                executions=executions,
                shrinking=1.0 if (seed + number) % SMALL == 0 else 0,
                **WORLDS[(seed + number) % len(WORLDS)],
            )
            for failure in found.failures:
                failure.save(folder / f"{written:05}.json")
                written += 1
                if written == count:
                    return written
    return written


def without_line(place):
    """A place, whatever is written above it."""
    return re.sub(r":\d+ in ", " in ", place)


def replay(folder):
    """Each file as it was expected and as it came out, where these differ: rule, function, digest of the events."""
    different = []
    for file in sorted(folder.glob("*.json")):
        failure = load(file)
        again = failure.replay()
        expected = [failure.rule, without_line(failure.place), failure.digest]
        rule, place = again.symptom or ("nothing", "")
        came = [rule, without_line(place), again.ndis.digest()]
        if came != expected:
            different.append({"file": str(file), "expected": expected, "came": came})
    return different


def main():
    """Do what is asked for; what is printed is JSON."""
    command, folder, *rest = sys.argv[1:]
    folder = Path(folder)
    if command == "collect":
        folder.mkdir(exist_ok=True)
        print(json.dumps({"written": collect(folder, int(rest[0]))}))
        return 0
    different = replay(folder)
    files = len(list(folder.glob("*.json")))
    print(json.dumps({"python": platform.python_version(), "files": files, "different": different}))
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
