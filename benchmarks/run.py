"""`make bench`: every comparison, or the one that is named.

Each table prints what it measured and writes `benchmarks/results/NAME.json`.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent


def levels() -> list[str]:
    """The Rust round trip at each level of verification."""
    results = HERE / "results" / "levels.json"
    results.parent.mkdir(exist_ok=True)
    manifest = str(ROOT / "rust" / "compare" / "Cargo.toml")
    command = ["cargo", "run", "--quiet", "--release", "--manifest-path", manifest]
    return [*command, "--bin", "levels", "--", "--json", str(results)]


def script(name: str) -> list[str]:
    """A benchmark that is a Python file here."""
    return [sys.executable, str(HERE / f"{name}.py")]


TABLES = {
    "levels": levels,
    "callbacks": lambda: script("callbacks"),
    "simulate": lambda: script("simulate"),
    "import_cost": lambda: script("import_cost"),
}


def main() -> int:
    """Run the tables that are asked for, all of them without an argument."""
    asked = sys.argv[1:] or list(TABLES)
    unknown = [name for name in asked if name not in TABLES]
    if unknown:
        print(f"expected {', '.join(TABLES)}; got {', '.join(unknown)}", file=sys.stderr)
        return 4
    # A target that is missed is printed as missed; only a benchmark that breaks is a failure.
    failed = [
        name
        for name in asked
        if subprocess.run(TABLES[name](), check=False).returncode not in (0, 1)
    ]
    if failed:
        print(f"broken: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
