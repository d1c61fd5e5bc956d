"""`make bench`: every comparison, or the ones that are named.

Each table prints what it measured and writes `benchmarks/results/NAME.json`, from which `performance.py` makes
docs/explanation/performance.md. A table that is not named keeps the figures it had.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import performance
from conditions import Clock, keep

HERE = Path(__file__).parent
ROOT = HERE.parent


def cargo(name: str, crate: str) -> list[str]:
    """A benchmark that is a Rust program of this crate."""
    results = HERE / "results" / f"{name}.json"
    results.parent.mkdir(exist_ok=True)
    manifest = str(ROOT / "rust" / crate / "Cargo.toml")
    command = ["cargo", "run", "--quiet", "--release", "--manifest-path", manifest, "--bin", name]
    return [*command, "--", "--json", str(results)]


def levels() -> list[str]:
    """The Rust round trip at each level of verification."""
    return cargo("levels", "compare")


# What has to be there for a rival in C or C++, and the Debian package that has it.
NATIVE = {
    "test -e /usr/include/dpdk/rte_ring.h": "libdpdk-dev",
    "test -e /usr/include/ck_ring.h": "libck-dev",
    "test -e /usr/include/concurrentqueue/concurrentqueue.h": "libconcurrentqueue-dev",
    "command -v c++": "g++",
}


def ring() -> list[str]:
    """The completion ring beside its rivals. One that cannot be installed becomes a row that says so."""
    for pair in NATIVE.items():
        subprocess.run([str(ROOT / "tools" / "need"), *pair], check=False)
    version = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=False).stdout
    llvm = re.search(r"^LLVM version: (\d+)", version, re.MULTILINE)
    clang = shutil.which(f"clang-{llvm[1]}") if llvm else None
    if clang:
        # Of rustc's own LLVM: then what the rivals' headers define is inlined into the harness, as Rust's is.
        os.environ |= {
            "CC": clang,
            "CXX": clang.replace("clang", "clang++"),
            "CFLAGS": "-flto",
            "CXXFLAGS": "-flto",
            "RUSTFLAGS": "-Clinker-plugin-lto",
            # With a target that is named, build scripts are built without these flags.
            "CARGO_BUILD_TARGET": re.search(r"^host: (.*)", version, re.MULTILINE)[1],
        }
    return cargo("ring", "compare/ring")


def script(name: str) -> list[str]:
    """A benchmark that is a Python file here."""
    return [sys.executable, str(HERE / f"{name}.py")]


TABLES = {
    "levels": levels,
    "ring": ring,
    "callbacks": lambda: script("callbacks"),
    "scalar": lambda: script("scalar"),
    "simulate": lambda: script("simulate"),
    "ring_python": lambda: script("ring_python"),
    "explore": lambda: script("explore"),
    "explore_rust": lambda: cargo("explore_rust", "compare/explore"),
    "zoo": lambda: script("zoo"),
    "c_drivers": lambda: script("c_drivers"),
    "free_threaded": lambda: script("free_threaded"),
    "import_cost": lambda: script("import_cost"),
}


def measure(name: str) -> bool:
    """Run one table and keep under which conditions; whether it came to its end."""
    clock, results = Clock(), HERE / "results" / f"{name}.json"
    before = results.stat().st_mtime_ns if results.exists() else None
    done = subprocess.run(TABLES[name](), check=False)
    written = results.exists() and results.stat().st_mtime_ns != before
    # A target that is missed is printed as missed; only a benchmark that breaks is a failure.
    if done.returncode not in (0, 1) or not written:
        return False
    keep(results, clock.conditions(name))
    performance.write()
    return True


def main() -> int:
    """Run the tables that are asked for, all of them without an argument."""
    asked = sys.argv[1:] or list(TABLES)
    unknown = [name for name in asked if name not in TABLES]
    if unknown:
        print(f"expected {', '.join(TABLES)}; got {', '.join(unknown)}", file=sys.stderr)
        return 4
    failed = [name for name in asked if not measure(name)]
    if failed:
        print(f"broken: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
