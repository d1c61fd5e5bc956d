"""Under which conditions a table was measured: machine, versions, what else ran, how long it took."""

import json
import os
import platform
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# What each table's rivals are, by who installs them: pip, cargo (the crate's folder below rust/), apt.
RIVALS: dict[str, dict[str, list[str]]] = {
    "ring": {
        "cargo": ["compare/ring"],
        "apt": ["libdpdk-dev", "libck-dev", "libconcurrentqueue-dev"],
    },
    "scalar": {"pip": ["simpy"]},
    "simulate": {"pip": ["simpy", "ns3"], "cargo": ["compare/simulate"]},
    "explore": {"pip": ["frontrun", "hypothesis", "greenlet"]},
    "explore_rust": {"cargo": ["compare/explore"]},
    "ring_python": {"pip": ["numpy"]},
}


@dataclass
class Clock:
    """What else the machine did when a measurement began, and when that was."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    load: float = field(default_factory=lambda: os.getloadavg()[0])

    def conditions(self, table: str) -> dict[str, object]:
        """What is to be kept beside the figures."""
        took = datetime.now(UTC) - self.began
        return {
            "date": self.began.date().isoformat(),
            "commit": _said("git", "rev-parse", "--short", "HEAD") or "unknown",
            "processor": processor(),
            "rustc": _said("rustc", "--version").removeprefix("rustc ").split(" (")[0],
            "system": _system(),
            "load": [round(self.load, 1), round(os.getloadavg()[0], 1)],
            "minutes": round(took.total_seconds() / 60, 1),
            "rivals": rivals(table),
        }


def processor() -> str:
    """The processor's name, and how many there are."""
    text = Path("/proc/cpuinfo").read_text("utf-8") if sys.platform == "linux" else ""
    name = re.search(r"^model name\s*: (.*)", text, re.MULTILINE)
    return f"{name[1] if name else platform.machine()}, {os.cpu_count()} cores"


def rivals(table: str) -> dict[str, str]:
    """The versions of what a table compares with, as far as they are installed here."""
    found: dict[str, str] = {}
    asked = RIVALS.get(table, {})
    for name in asked.get("pip", []):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    for crate in asked.get("cargo", []):
        found |= _locked(ROOT / "rust" / crate)
    for package in asked.get("apt", []):
        if version := _said("dpkg-query", "--show", "--showformat=${Version}", package):
            found[package.removeprefix("lib").removesuffix("-dev")] = version
    return found


def _locked(crate: Path) -> dict[str, str]:
    """What a crate depends on from outside of the repository, and the versions of its lock file."""
    manifest = tomllib.loads((crate / "Cargo.toml").read_text("utf-8"))
    lock = tomllib.loads((crate / "Cargo.lock").read_text("utf-8"))
    versions = {package["name"]: package["version"] for package in lock["package"]}
    wanted = {
        what.get("package", name) if isinstance(what, dict) else name
        for name, what in manifest["dependencies"].items()
        if not (isinstance(what, dict) and "path" in what)
    }
    tools = {"libc", "rustix", "serde_json", "rand", "core_affinity"}
    return {name: versions[name] for name in sorted(wanted - tools) if name in versions}


def _system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _said(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    except FileNotFoundError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def keep(path: Path, conditions: dict[str, object]) -> None:
    """Write a table's conditions into its file: a row a line, figures to four digits, so that a change is small."""
    document = json.loads(path.read_text("utf-8"))
    for old in ("machine", "commit"):
        document.pop(old, None)
    if "python" in document:  # a table of Python's, by whichever interpreter
        conditions |= {"python": document.pop("python")}
    path.write_text(text_of(document | {"conditions": conditions}), "utf-8")


def text_of(document: dict[str, object]) -> str:
    """The file of a table."""
    rows = document["rows"]
    assert isinstance(rows, list)
    head = "".join(
        f" {json.dumps(key)}: {json.dumps(value)},\n"
        for key, value in document.items()
        if key != "rows"
    )
    lines = ",\n".join(f"  {json.dumps(_rounded(row))}" for row in rows)
    return f'{{\n{head} "rows": [\n{lines}\n ]\n}}\n'


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return value
