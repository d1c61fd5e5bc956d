"""What is given to others holds what it should, and nothing else: the wheel under test, and the source distribution."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import wheels
from repository import ROOT


@pytest.fixture(scope="module")
def wheel() -> Path:
    """The wheel that `make wheel` built, which is the one under test."""
    found = [*(ROOT / "dist").glob("*.whl")]
    assert len(found) == 1, f"expected one wheel in dist/, got {found}: make wheel"
    return found[0]


def test_the_wheel_holds_the_package_its_licences_and_its_bill(wheel: Path) -> None:
    """Files, tags, metadata, hashes, entry points, bill of material and size of the wheel are as they should be."""
    assert wheels.wrong_wheel(wheel) == []


def test_the_source_distribution_holds_what_a_wheel_is_built_from(tmp_path: Path) -> None:
    """`maturin sdist` packs sources, lock file, licences and README, and no page, benchmark or Python test."""
    maturin = Path(sys.executable).with_name("maturin")
    command = [maturin, "sdist", "--out", tmp_path]
    subprocess.run([*map(str, command)], cwd=ROOT, check=True, capture_output=True)
    (packed,) = tmp_path.glob("*.tar.gz")
    assert wheels.wrong_source(packed) == []


def test_what_is_wrong_with_a_wheel_is_seen(wheel: Path, tmp_path: Path) -> None:
    """A file too many, one too few, another text than RECORD says and another name are each told."""

    def changed(name: str, change: dict[str, bytes | None]) -> list[str]:
        path = tmp_path / name
        with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
            bodies = {name: old.read(name) for name in old.namelist()} | change
            for inner, body in bodies.items():
                if body is not None:
                    new.writestr(inner, body)
        return wheels.wrong_wheel(path)

    other = wheel.name.replace("linux", "macosx")
    assert changed(wheel.name, {"ndiswan/notes.txt": b""}) == ["stray: ndiswan/notes.txt"]
    assert changed(wheel.name, {"ndiswan/py.typed": None}) == ["missing: ndiswan/py.typed"]
    assert changed(wheel.name, {"ndiswan/packet.py": b"#"}) == [
        "another file than RECORD says: ndiswan/packet.py"
    ]
    assert any("tags: expected" in wrong for wrong in changed(other, {}))


def test_what_is_wrong_with_a_bill_is_seen() -> None:
    """A bill that lacks a crate, a version or a licence, or is of another kind, is told."""
    assert wheels.wrong_bill('{"bomFormat": "SPDX"}') != []
    found = wheels.wrong_bill(
        '{"bomFormat": "CycloneDX", "components": [{"name": "libc", "version": "1"}]}'
    )
    assert "not in the bill: pyo3" in found
    assert "without version or licence in the bill: libc" in found
