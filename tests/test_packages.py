"""What is given to others holds what it should, and nothing else: the wheel under test, and the source distribution."""

import os
import re
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
    said = wheels.held(wheel)
    assert "3 licence files" in said
    crates = re.search(r"a bill of material of (\d+) crates", said)
    assert crates is not None, said
    assert int(crates[1]) > 20  # PyO3 alone brings a dozen


def test_the_source_distribution_holds_what_a_wheel_is_built_from(tmp_path: Path) -> None:
    """`maturin sdist` packs sources, lock file, licences and README, and no page, benchmark or Python test."""
    maturin = Path(sys.executable).with_name("maturin")
    command = [maturin, "sdist", "--out", tmp_path]
    subprocess.run([*map(str, command)], cwd=ROOT, check=True, capture_output=True)
    (packed,) = tmp_path.glob("*.tar.gz")
    assert wheels.wrong_source(packed) == []
    assert "3 licence files" in wheels.held(packed)


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


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working tree as the one commit of a repository of its own."""
    place = tmp_path_factory.mktemp("repository")
    listed = "git ls-files -z --cached --others --exclude-standard"
    for command in (
        f"cd {ROOT} && {listed} | tar --null --files-from=- -cf - | tar -xf - -C {place}",
        f"cd {place} && git init --quiet && git add --all --force",
        f"cd {place} && git -c user.name=a -c user.email=a@b.c commit --quiet --message all",
    ):
        subprocess.run(["bash", "-euo", "pipefail", "-c", command], check=True)
    return place


@pytest.mark.soak
@pytest.mark.parametrize("name", ["", "HEAD"], ids=["no-release", "a-commit"])
def test_a_public_function_that_is_gone_is_found(
    repository: Path, tmp_path: Path, name: str
) -> None:
    """Without a change `tools/crate OUT semver` passes; a function that is gone is told, an error beside a commit."""
    checks = ROOT / ".stamps" / "cargo" / "bin"  # where `make semver` has it
    environment = os.environ | {
        "PATH": f"{checks}:{os.environ['PATH']}",
        "BASELINE": name,
        "CARGO_TARGET_DIR": str(ROOT / "target"),
    }

    def compared() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [repository / "tools" / "crate", tmp_path, "semver"],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    same = compared()
    assert same.returncode == 0, same.stderr
    source = repository / "rust" / "core" / "src" / "hdlc.rs"
    text = source.read_text("utf-8")
    source.write_text(text.replace("pub fn fcs16(", "pub(crate) fn fcs16("), "utf-8")
    gone = compared()
    source.write_text(text, "utf-8")
    assert gone.returncode == (1 if name else 0)
    assert "function ndiswan::hdlc::fcs16" in gone.stdout
