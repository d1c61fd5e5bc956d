"""`make soak`: the sample drivers in C, changed at random in code or source, each in a process of its own.

    python tests/mutations.py [--source] [--isdn] [COUNT] [FIRST]

Nothing that a driver does may take the tool along. What comes of each is counted: "found" is a failure with its report,
"silent" a change that does nothing here, "killed" a process that died and "endless" one that was ended, both of which
`isolated` reports; "refused" does not compile. "broken" is an exception of the tool's own, of which there may be none.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import ndiswan as nw
from ndiswan.drivers import BuildError, DriverCrash, build, isolated, load
from ndiswan.exploring.workload import workload

SAMPLES = Path(__file__).parents[1] / "examples" / "c"
OWN = ("Queued", "GiveBack", "TimeOf", "DriverEntry", "Isdn")
#: Seconds for one: an endless loop is seen after 5.
PATIENCE = 25.0
EXECUTIONS = 20

#: What a line of C may become; which of the places where one fits is chosen.
CHANGES = [
    (r"==", "!="),
    (r"!=", "=="),
    (r"<=?(?!<)", ">"),
    (r"(?<!-)>=?(?!>)", "<"),
    (r"&&", "||"),
    (r"\|\|", "&&"),
    (r"(?<![+])\+(?![+=])", "-"),
    (r"(?<![-])-(?![-=>])", "+"),
    (r"\+\+", "--"),
    (r"\bNULL\b", "((PVOID)16)"),
    (r"\b0\b", "1"),
    (r"\b1\b", "0"),
    (r"\b\d\d+\b", "7"),
    (r"\bTRUE\b", "FALSE"),
    (r"\bFALSE\b", "TRUE"),
    (r"NDIS_STATUS_SUCCESS", "NDIS_STATUS_PENDING"),
    (r"NDIS_STATUS_PENDING", "NDIS_STATUS_SUCCESS"),
    (r"(?m)^\s+[A-Z]\w+\([^;{}]*\);$", ""),
    (r"(?m)^\s+[\w>.\-\[\]]+ = [^;{}]*;$", ""),
    (r"->", "[1]."),
    (r"\breturn\b", "if (0) return"),
    (r"\bif \(", "while ("),
    (r"!(?!=)", ""),
]


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


def changed_code(data, places, seed):
    """The file with one bit or one byte of the driver's code turned."""
    luck = random.Random(seed)
    start, length = luck.choice(places)
    at = start + luck.randrange(length)
    image = bytearray(data)
    image[at] ^= 1 << luck.randrange(8) if luck.random() < 0.5 else 0xFF
    return bytes(image)


def changed_source(texts, seed):
    """The files with one place of one of them changed."""
    luck = random.Random(seed)
    while True:
        name = luck.choice(sorted(name for name in texts if name.endswith(".c")))
        pattern, into = luck.choice(CHANGES)
        begin = texts[name].index("\n\n")  # behind the comment and the includes
        places = [m.span() for m in re.finditer(pattern, texts[name]) if m.start() > begin]
        if places:
            start, end = luck.choice(places)
            return texts | {name: texts[name][:start] + into + texts[name][end:]}


class Sample:
    """One of the samples: how it is built, changed, and brought up."""

    def __init__(self, name, folder):
        self.folder = Path(folder)
        self.source = SAMPLES / name
        self.define = {"NDIS50_MINIPORT": 1} if name == "queued" else None
        self.device = None
        if name == "isdn":
            sys.path.insert(0, str(self.source))
            from device import IsdnCard

            self.device = IsdnCard
        files = [file for file in sorted(self.source.iterdir()) if file.suffix in {".c", ".h"}]
        self.texts = {file.name: file.read_text("utf-8") for file in files}
        good = build(self.source, define=self.define, output=self.folder / "good.so")
        self.data, self.places = good.read_bytes(), functions(good)

    def make(self, image):
        """A miniport of a file."""
        return load(image, device=self.device() if self.device else None)

    def code(self, seed):
        """A changed file."""
        image = self.folder / f"code-{seed}.so"
        image.write_bytes(changed_code(self.data, self.places, seed))
        return image

    def sources(self, seed):
        """The file that changed sources make."""
        work = self.folder / f"source-{seed}"
        work.mkdir()
        for name, text in changed_source(self.texts, seed).items():
            (work / name).write_text(text, "utf-8")
        return build(work, define=self.define, output=self.folder / f"source-{seed}.so")

    def explore(self, image):
        """In a child: a few executions under the adversary; what was found, if anything."""
        found = nw.explore(
            workload(lambda: self.make(image)), executions=EXECUTIONS, seed=1, shrinking=0
        )
        return [(failure.rule, failure.detail.splitlines()[0]) for failure in found.failures]

    def outcome(self, seed, *, source):
        """What comes of one, and in a word why."""
        try:
            image = self.sources(seed) if source else self.code(seed)
        except BuildError:
            return "refused", ""
        try:
            failures = isolated(self.explore, image, timeout=PATIENCE)
        except DriverCrash as crash:
            return "endless" if "did not come" in str(crash) else "killed", str(crash)
        except OSError as error:
            return "refused", str(error)
        except BaseException as error:  # noqa: BLE001 -- what is looked for
            return "broken", f"{type(error).__name__}: {error}"
        finally:
            image.unlink()
        if any("panic" in detail.lower() for _, detail in failures):
            return "broken", str(failures)
        return ("found", str(failures[0])) if failures else ("silent", "")


def work(name, seeds, folder, *, source):
    """In a worker: a line of JSON for each."""
    sample = Sample(name, folder)
    for seed in seeds:
        begun = time.monotonic()
        what, why = sample.outcome(seed, source=source)
        line = {"seed": seed, "what": what, "why": why, "seconds": time.monotonic() - begun}
        print(json.dumps(line), flush=True)


def main():
    """Try them, and print what came."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int, nargs="?", default=1000)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("--source", action="store_true")
    parser.add_argument("--isdn", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--worker", type=int)
    given = parser.parse_args()
    name = "isdn" if given.isdn else "queued"
    if given.worker is not None:
        with tempfile.TemporaryDirectory() as folder:
            seeds = range(given.first + given.worker, given.first + given.count, given.jobs)
            work(name, seeds, folder, source=given.source)
        return 0
    command = [sys.executable, *sys.argv]
    workers = [
        subprocess.Popen(
            [*command, "--worker", str(number), "--jobs", str(given.jobs)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(given.jobs)
    ]
    lines = [
        json.loads(line) for worker in workers for line in worker.communicate()[0].splitlines()
    ]
    counts = Counter(line["what"] for line in lines)
    for line in lines:
        if line["what"] in {"broken", "killed", "endless"}:
            print(json.dumps(line))
    kind = "source" if given.source else "machine code"
    print(f"{len(lines)} of {given.count} changes of the {kind} of {name}: {dict(counts)}")
    ended = all(worker.returncode == 0 for worker in workers)
    return 0 if ended and len(lines) == given.count and not counts["broken"] else 1


if __name__ == "__main__":
    sys.exit(main())
