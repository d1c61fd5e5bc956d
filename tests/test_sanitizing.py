"""Drivers in C with AddressSanitizer and UBSan: what they find is told with its line and the packet's history."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan.drivers import SanitizerError, SanitizerReport, build, isolated, load
from ndiswan.drivers.sanitizing import kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
SOURCE = HERE / "drivers" / "sanitized.c"
QUEUED = HERE.parent / "examples" / "c" / "queued" / "queued.c"
COMPILERS = [cc for cc in ("gcc", "clang") if shutil.which(cc)]


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NDISWAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def line_of(text: str) -> int:
    """The line of the driver that has this."""
    lines = SOURCE.read_text("utf-8").splitlines()
    return 1 + next(at for at, line in enumerate(lines) if text in line)


def found(length: int, sanitize: str, guard: bool = True) -> tuple[str, str | None]:
    """What a frame of that length brings to light, and where: of a sanitizer, or of a page that is nobody's."""
    miniport = load(SOURCE, sanitize=sanitize, guard=guard)
    with nw.Ndis(on_violation="record") as ndis:
        link = ndis.bind(nw.Protocol(), miniport)
        try:
            link.send(b"x" * length)
        except SanitizerReport as report:
            return str(report), report.place
        finally:
            broken = [violation.detail for violation in ndis.violations]
    return "\n".join(broken), None


def all_found(sanitize: str, guard: bool) -> dict[int, tuple[str, str | None]]:
    """For each length."""
    return {length: found(length, sanitize, guard) for length in range(1, 8)}


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize(
    ("length", "what", "where"),
    [
        (5, "signed overflow: 2147483647 + 10 does not fit into 'int'", "Most = Most + Ten"),
        (6, "shift out of bounds: 1 of type 'int' by 40", "Sum = 1 << Wide"),
        (7, "index out of bounds: 10 of 'UCHAR", "Sum = Table[Ten]"),
    ],
)
def test_undefined_behaviour_is_told_in_any_process(
    cc: str, length: int, what: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """UBSan's findings: what, the line, the packet; the driver goes on, and the packet comes back."""
    monkeypatch.setenv("CC", cc)
    text, place = found(length, "undefined")
    assert text.startswith(f"UndefinedBehaviorSanitizer: {what}")
    assert place == f"sanitized.c:{line_of(where)} in Send"
    assert "the driver had packet 0.0 (life 1)" in text
    assert "MiniportWanSend called (life 1)" in text


@pytest.mark.parametrize("cc", COMPILERS)
@pytest.mark.parametrize("guard", [True, False])
def test_touches_of_no_object_are_told(
    cc: str, guard: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AddressSanitizer: behind a block, behind a variable, in freed memory, behind a variable on the stack."""
    monkeypatch.setenv("CC", cc)
    texts = isolated(all_found, "address,stack", guard, sanitize=True)
    line = line_of("Into[Index] = 0x55")
    behind = "the driver wrote 1 bytes, 0 bytes behind the end of"
    assert f"{behind} a block of 13 bytes that NdisAllocateMemoryWithTag gave" in texts[1][0]
    assert f"in Fill (sanitized.c:{line}) <- FillBlock (sanitized.c:" in texts[1][0]
    assert texts[1][1] == texts[2][1] == texts[4][1] == f"sanitized.c:{line} in Fill"
    assert "variable" in texts[2][0]
    assert "freed block" in texts[3][0]
    assert "the driver wrote 1 bytes" in texts[4][0]
    assert "the driver had packet 0.0 (life 1)" in texts[4][0]
    assert texts[5] == texts[6] == ("", None)


def test_a_process_without_the_runtime_says_so() -> None:
    """Loading such a driver would end it: the error says which commands start another one."""
    with pytest.raises(SanitizerError, match=r"ndiswan check --sanitize(.|\n)*LD_PRELOAD="):
        load(SOURCE, sanitize="address")
    built = build(SOURCE, sanitize=True)
    with pytest.raises(SanitizerError):
        load(built)


def test_other_sanitizers_there_are_none() -> None:
    """The names are looked at; `stack` is of `address`."""
    assert kinds_of(True) == ("address", "undefined")
    assert kinds_of("undefined,address,stack") == ("address", "stack", "undefined")
    for wrong in ("thread", "stack", "address,thread", ""):
        with pytest.raises(ValueError, match="sanitize: expected"):
            kinds_of(wrong)


def ndiswan(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command."""
    command = [sys.executable, "-m", "ndiswan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)


def test_check_sanitizes() -> None:
    """`ndiswan check --sanitize`: the command starts anew, and the findings of both sanitizers are among the others."""
    ran = ndiswan("check", SOURCE, "--sanitize", "--mode", "padding/inline", "--json")
    assert ran.returncode == 1, ran.stderr
    (mode,) = json.loads(ran.stdout)["drivers"][0]["modes"]
    details = [finding["detail"] for finding in mode["findings"]]
    assert any("Sanitizer: " in detail for detail in details)
    assert f"sanitized.c:{line_of('Into[Index]')}" in mode["findings"][0]["report"]


def test_fuzz_sanitizes_and_a_good_driver_is_left_alone(tmp_path: Path) -> None:
    """`ndiswan fuzz --sanitize` finds what a sanitizer finds, with its line, and nothing in the good sample."""
    options = ["--sanitize", "--executor", "serial", "--seed", "1", "--shrink", "0"]
    bad = ndiswan("fuzz", SOURCE, *options, "--executions", "20", "--folder", tmp_path / "bad")
    assert bad.returncode == 1, bad.stderr
    assert "SanitizerReport at sanitized.c:" in bad.stdout
    good = ndiswan("fuzz", QUEUED, *options, "--executions", "100", "--folder", tmp_path / "good")
    assert good.returncode == 0, good.stdout + good.stderr


def test_what_fuzz_found_sanitized_is_run_again_by_every_command(tmp_path: Path) -> None:
    """The replay file says that its driver is sanitized: each command begins again in a process made for that."""
    options = ["--sanitize", "--executor", "serial", "--seed", "1", "--shrink", "0"]
    found = ndiswan("fuzz", SOURCE, *options, "--executions", "20", "--folder", tmp_path / "kept")
    assert found.returncode == 1, found.stderr
    file = next((tmp_path / "kept" / "failures").glob("*.json"))
    again = ndiswan("replay", file, "--json")
    assert (again.returncode, again.stderr) == (1, "")
    assert json.loads(again.stdout)["identical"]
    small = ndiswan("minimize", file, "--time", "1", "--out", tmp_path / "small.json")
    assert small.returncode == 1, small.stderr
    command = next(line for line in found.stdout.splitlines() if "ndiswan replay --target" in line)
    by_token = ndiswan(*shlex.split(command.partition("ndiswan ")[2]))
    assert "SanitizerReport" in by_token.stdout, by_token.stderr
    page = tmp_path / "out.html"
    shown = ndiswan("view", file, "--html", page)
    assert shown.returncode == 0, shown.stderr
    assert "Sanitizer: " in page.read_text()
    stepped = tmp_path / "commands"
    stepped.write_text("quit\n")
    assert ndiswan("step", file, "--commands", stepped).returncode == 1
