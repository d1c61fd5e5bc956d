"""What a wheel and a source distribution have to hold; `python tests/wheels.py FILE ...` says it.

Each check returns what is wrong, so that an empty answer is the good one. Only the standard library is used, since
`tools/packages` asks before anything is installed.
"""

import base64
import csv
import hashlib
import json
import re
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LICENCES = {"LICENSE", "LICENSE-APACHE", "LICENSE-MIT"}
# In bytes, of the file; a wheel has 3.6 million now, 2.9 of them the engine, a source distribution 0.9.
LARGEST = {".whl": 4_000_000, ".gz": 1_500_000}
MODULE = re.compile(r"ndiswan/_native(\.[\w-]+)?\.so")


def of_package() -> set[str]:
    """The files of the package in the source tree, by the names that they have when it is installed."""
    made = {"__pycache__", ".hypothesis", ".pytest_cache", ".mypy_cache", ".ndiswan"}
    top = ROOT / "python"
    return {
        path.relative_to(top).as_posix()
        for path in top.rglob("*")
        if path.is_file() and not made & set(path.parts) and path.suffix != ".so"
    }


def version() -> str:
    """The version of the workspace."""
    return str(
        tomllib.loads((ROOT / "Cargo.toml").read_text("utf-8"))["workspace"]["package"]["version"]
    )


def wrong_files(names: set[str]) -> list[str]:
    """What is in the wheel and should not be, or the other way round."""
    info = f"ndiswan-{version()}.dist-info"
    wanted = of_package() | {
        f"{info}/METADATA",
        f"{info}/WHEEL",
        f"{info}/RECORD",
        f"{info}/entry_points.txt",
        f"{info}/sboms/ndiswan-python.cyclonedx.json",
        *(f"{info}/licenses/{name}" for name in LICENCES),
    }
    modules = {name for name in names if MODULE.fullmatch(name)}
    found = [f"missing: {name}" for name in sorted(wanted - names)]
    found += [f"stray: {name}" for name in sorted(names - wanted - modules)]
    if len(modules) != 1:
        found.append(f"expected one extension module, got {sorted(modules)}")
    return found


def wrong_metadata(text: str) -> list[str]:
    """What METADATA says that is not so: licence, version, oldest Python, needs, entry points apart."""
    said = Parser().parsestr(text)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {
        "Name": "ndiswan",
        "Version": version(),
        "License-Expression": project["license"],
        "Requires-Python": project["requires-python"],
        "Summary": project["description"],
    }
    found = [f"{k}: expected {v}, got {said[k]}" for k, v in wanted.items() if said[k] != v]
    if set(said.get_all("License-File", [])) != LICENCES:
        found.append(f"licence files are {said.get_all('License-File')}")
    needs = [need for need in said.get_all("Requires-Dist", []) if "extra ==" not in need]
    if len(needs) != len(project["dependencies"]):
        found.append(f"it needs {needs}")
    return found


def wrong_tags(name: str, text: str) -> list[str]:
    """Tags in WHEEL that are not those of the file's name, or are of no Linux."""
    _, _, python, abi, platforms = name.removesuffix(".whl").split("-")
    # What is for several interfaces is written as one name in the file and as several lines inside.
    wanted = {f"{python}-{one}-{p}" for one in abi.split(".") for p in platforms.split(".")}
    tags = set(Parser().parsestr(text).get_all("Tag", []))
    found = [] if tags == wanted else [f"tags: expected {sorted(wanted)}, got {sorted(tags)}"]
    return found + [f"not for Linux: {tag}" for tag in tags if "linux" not in tag]


def wrong_record(text: str, files: dict[str, bytes]) -> list[str]:
    """Files that RECORD does not have with their hash and size."""
    rows = {name: (digest, size) for name, digest, size in csv.reader(text.splitlines())}
    found = [f"not in RECORD: {name}" for name in sorted(set(files) ^ set(rows))]
    for name, body in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()
        if not name.endswith("/RECORD") and rows.get(name) != (f"sha256={digest}", str(len(body))):
            found.append(f"another file than RECORD says: {name}")
    return found


def wrong_bill(text: str) -> list[str]:
    """Crates that the bill of material does not have, or has without version or licence."""
    bill = json.loads(text)
    if bill.get("bomFormat") != "CycloneDX":
        return [f"expected a bill in CycloneDX, got {bill.get('bomFormat')}"]
    named = {part["name"] for part in bill["components"]}
    bare = [p["name"] for p in bill["components"] if not (p.get("version") and p.get("licenses"))]
    needed = {"ndiswan", "ndiswan-driver", "pyo3", "generator", "parking_lot", "serde_json", "libc"}
    found = [f"not in the bill: {name}" for name in sorted(needed - named)]
    return found + [f"without version or licence in the bill: {name}" for name in bare]


def wrong_wheel(path: Path) -> list[str]:
    """All that is wrong with a wheel."""
    with zipfile.ZipFile(path) as wheel:
        files = {name: wheel.read(name) for name in wheel.namelist()}
    found = wrong_files(set(files))
    if found:
        return found

    def text(name: str) -> str:
        return files[f"ndiswan-{version()}.dist-info/{name}"].decode("utf-8")

    found += wrong_metadata(text("METADATA"))
    found += wrong_tags(path.name, text("WHEEL"))
    found += wrong_record(text("RECORD"), files)
    found += wrong_bill(text("sboms/ndiswan-python.cyclonedx.json"))
    for entry in ("ndiswan=ndiswan.__main__:main", "ndiswan=ndiswan_pytest"):
        if entry not in text("entry_points.txt").replace(" ", ""):
            found.append(f"no entry point {entry}")
    return found + wrong_size(path)


def wrong_source(path: Path) -> list[str]:
    """All that is wrong with a source distribution: it has what a wheel is built from, and nothing else."""
    with tarfile.open(path) as packed:
        names = {member.name.split("/", 1)[1] for member in packed.getmembers() if member.isfile()}
    wanted = {f"python/{name}" for name in of_package()} | LICENCES
    wanted |= {"PKG-INFO", "pyproject.toml", "Cargo.toml", "Cargo.lock", "README.md"}
    for crate in ("core", "driver", "bindings"):
        wanted |= {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / "rust" / crate / "src").rglob("*.rs")
        } | {f"rust/{crate}/Cargo.toml"}
    ours = ("rust/core/", "rust/driver/", "rust/bindings/")
    found = [f"missing: {name}" for name in sorted(wanted - names)]
    found += [f"stray: {name}" for name in sorted(names - wanted) if not name.startswith(ours)]
    found += [f"stray: {name}" for name in sorted(names) if "/target/" in name or ".so" in name]
    return found + wrong_size(path)


def wrong_size(path: Path) -> list[str]:
    """A file that has grown beyond what is expected."""
    size, most = path.stat().st_size, LARGEST[path.suffix]
    return [] if size <= most else [f"{size} bytes, expected at most {most}"]


def held(path: Path) -> str:
    """What there is in a file with which nothing is wrong, in figures."""
    if path.suffix != ".whl":
        with tarfile.open(path) as packed:
            names = [member.name for member in packed.getmembers() if member.isfile()]
        licences = sum(Path(name).name in LICENCES and name.count("/") == 1 for name in names)
        return f"{len(names)} files: sources, lock file, {licences} licence files; no page, no Python test"
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        (bill,) = (json.loads(wheel.read(name)) for name in names if "/sboms/" in name)
    licences = sum("/licenses/" in name for name in names)
    return (
        f"{len(names)} files as RECORD has them, {licences} licence files,"
        f" a bill of material of {len(bill['components'])} crates, each with version and licence"
    )


def main(paths: list[str]) -> int:
    """Print what is wrong with each, or what is in it."""
    for path in map(Path, paths):
        found = wrong_wheel(path) if path.suffix == ".whl" else wrong_source(path)
        print(f"{path.name}: {'; '.join(found) or held(path)}")
        if found:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
