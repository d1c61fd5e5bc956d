"""What a driver in C does to its process ends that process, and is a report in the one that asked for it."""

from __future__ import annotations

import ctypes
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import ndiswan as nw
from ndiswan._native import engine_locks
from ndiswan.checking import Options, check
from ndiswan.drivers import DriverCrash, RemoteError, isolated, isolation, load

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["pytester"]

HERE = Path(__file__).parent
WILD = HERE / "drivers" / "wild.c"
QUEUED = HERE.parent / "examples" / "c" / "queued" / "queued.c"


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NDISWAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def destroys(address: int, words: int) -> str:
    """Sends a frame of that many bytes to a driver that writes as many words from there on."""
    miniport = load(WILD, config={"Where": address.to_bytes(8, "little")})
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), miniport).send(b"x" * words)
        assert [bytearray(size) for size in range(3000)]
    return "it lives"


def destroys_the_heap() -> str:
    """The same, into a block of the C library's heap and what was written before it; the block is given back then.

    Nobody else's memory is written to: a lock of the engine that says it is taken would be waited for.
    """
    library = ctypes.CDLL(None)
    library.malloc.restype = ctypes.c_void_p
    library.free.argtypes = [ctypes.c_void_p]
    block = library.malloc(8000)
    told = destroys(block - 8, 800)
    library.free(block)
    return told


def test_a_process_that_a_driver_destroys_is_a_report_and_this_one_goes_on() -> None:
    """How it died, which functions the driver called last, and where Python was; of packets, what was not destroyed."""
    with pytest.raises(DriverCrash) as caught:
        isolated(destroys_the_heap)
    text = str(caught.value)
    assert "the process of destroys_the_heap was killed by SIG" in text
    assert "outside of the driver's own code the process" in text
    assert "the newest at the end: NdisMInitializeWrapper" in text
    assert "test_isolation.py" in text
    assert isolated(lambda: 5) == 5


def test_a_process_that_dies_inside_of_a_drivers_call_has_its_lines() -> None:
    """Who faults is called by the driver: the driver's lines are told, and each packet that it has."""

    class Peer(nw.Protocol):
        def send_complete(self, packet: nw.Packet, status: nw.Status) -> None:
            ctypes.string_at(0)

    def sends() -> None:
        with nw.Ndis() as ndis:
            link = ndis.bind(Peer(), load(QUEUED))
            link.send(b"one")
            link.send(b"two")
            ndis.run()

    with pytest.raises(DriverCrash) as caught:
        isolated(sends)
    text = str(caught.value)
    assert "a driver was in the middle of a call, in QueuedTimer (queued.c:" in text
    assert "NdisMWanSendComplete" in text
    assert "the driver had packet 0.1 (life 1)" in text


def test_a_process_that_ends_with_its_drivers_stack_has_the_line_that_ended_it(
    tmp_path: Path,
) -> None:
    """What takes the thread out of a driver's call is on the stack, and was overwritten."""
    begin = "    if (Link != LINK_HANDLE) {\n"
    text = QUEUED.read_text("utf-8")
    assert text.count(begin) == 1
    smash = "    { volatile char b[8]; int i; for (i = 0; i < 512; i++) b[i] = 'A'; }\n"
    source = tmp_path / "smash.c"
    source.write_text(text.replace(begin, smash + begin), "utf-8")

    def sends() -> None:
        with nw.Ndis() as ndis:
            ndis.bind(nw.Protocol(), load(source)).send(b"one")

    with pytest.raises(DriverCrash) as caught:
        isolated(sends)
    told = "it was leaving a driver that had destroyed its stack: the driver crashed: it "
    assert told in str(caught.value)
    assert "in QueuedWanSend (smash.c:" in str(caught.value)


def test_a_crash_has_every_function_and_the_packets_history() -> None:
    """A fault in a function that another one called: both lines, innermost first, and the driver's packet."""
    with pytest.raises(DriverCrash) as caught:
        destroys(0x10, 3)
    lines = WILD.read_text("utf-8").splitlines()
    inner = 1 + next(at for at, line in enumerate(lines) if "From[Index] =" in line)
    outer = 1 + next(at for at, line in enumerate(lines) if "Scribble(Where);" in line)
    text = str(caught.value)
    assert f"in Scribble (wild.c:{inner}) <- Send (wild.c:{outer})" in text
    assert caught.value.place == f"wild.c:{inner} in Scribble"
    assert "the driver had packet 0.0 (life 1)" in text
    assert "sent by the protocol, 3 bytes" in text


def test_what_is_raised_elsewhere_is_raised_here() -> None:
    """As it is, with its traceback as a note; as RemoteError if it cannot travel."""

    class LocalError(Exception): ...

    def raises(error: Exception) -> None:
        raise error

    with pytest.raises(ZeroDivisionError) as caught:
        isolated(raises, ZeroDivisionError("of nothing"))
    assert "raised in another process" in caught.value.__notes__[0]
    with pytest.raises(RemoteError, match="LocalError"):
        isolated(raises, LocalError())


def test_what_does_not_end_is_ended() -> None:
    """After its time, with the line where it was."""

    def endless() -> None:
        while True:
            pass

    with pytest.raises(DriverCrash, match=r"did not come to its end in 0\.5 s(.|\n)*in endless"):
        isolated(endless, timeout=0.5)


@pytest.mark.parametrize(
    ("lock", "told"),
    [(0, "a thread was inside of the engine"), (1, "its watching thread stood still")],
)
def test_what_stands_still_in_the_engine_is_ended(
    lock: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver writes to a lock of the engine, which is never free again: of memory, or of who looks for that."""
    monkeypatch.setattr("ndiswan.drivers.isolation.AFTER", 0.0)

    def destroys_a_lock() -> None:
        taken = {"Where": engine_locks()[lock].to_bytes(8, "little"), "What": b"\1" + bytes(7)}
        wild, other = load(WILD, config=taken), load(QUEUED)
        with nw.Ndis() as ndis:
            ndis.bind(nw.Protocol(), wild).send(b"x")
            if lock == 0:
                ndis.bind(nw.Protocol(), other)
            else:
                thread = threading.Thread(target=lambda: ndis.bind(nw.Protocol(), other))
                thread.start()
                thread.join()

    with pytest.raises(DriverCrash) as caught:
        isolated(destroys_a_lock, standstill=1.0)
    text = str(caught.value)
    assert "destroys_a_lock stood still; its process was ended (standstill=1 s; " in text
    assert told in text
    assert "the driver had had packet 0.0 (life 1)" in text
    assert "in destroys_a_lock" in text


def test_what_waits_on_purpose_is_no_standstill() -> None:
    """Python that sleeps or computes, a world in real time, a driver that sleeps: longer than a standstill may take."""

    def waits() -> str:
        end = time.monotonic() + 2.2
        while time.monotonic() < end:
            pass
        time.sleep(2.2)
        sleeps = load(HERE / "drivers" / "waits.c", define={"SLEEPS": 2_200_000})
        with nw.Ndis(time=nw.RealTime()) as ndis:
            link = ndis.bind(nw.Protocol(), load(QUEUED))
            ndis.run(until=2.2)
            link.send(b"one")
            ndis.bind(nw.Protocol(), sleeps)
        return "it lives"

    assert isolated(waits, standstill=1.0) == "it lives"


@pytest.mark.parametrize("wrong", [0.0, -1.0, float("nan"), 1e10, "60", True])
def test_a_standstill_and_a_timeout_are_times(wrong: Any) -> None:
    """Less than a second, or none at all, and no number, are refused before anything is started."""
    with pytest.raises(ValueError, match="standstill: expected 1 to 1e9 seconds, or None"):
        isolated(lambda: None, standstill=wrong)
    with pytest.raises(ValueError, match="timeout: expected more than 0 seconds, up to 1e9, or"):
        isolated(lambda: None, timeout=wrong)


def test_a_copy_that_cannot_begin_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells why; it does not go on with what its caller was at."""

    def refuse(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(isolation, "leave_last_words", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        isolated(lambda: None)


def test_who_is_interrupted_while_it_waits_ends_the_copy(tmp_path: Path) -> None:
    """Nobody is left who goes on with what nobody waits for."""
    copy = tmp_path / "copy"  # leads to its process as long as that is there
    threading.Timer(1.0, ctypes.pythonapi.PyErr_SetInterrupt).start()
    with pytest.raises(KeyboardInterrupt):
        isolated(lambda: (copy.symlink_to(Path("/proc/self").resolve()), time.sleep(60)))
    assert not copy.exists()


def test_an_endless_loop_is_seen_in_a_copy_too() -> None:
    """A process that is forked after a driver was loaded has a watchdog of its own."""
    load(HERE / "drivers" / "faults.c")

    def sends() -> None:
        miniport = load(HERE / "drivers" / "faults.c")
        with nw.Ndis() as ndis:
            link = ndis.bind(nw.Protocol(), miniport)
            link.send(b"x" * 11)
            link.send(b"x" * 4)

    with nw.Ndis() as ndis:  # the first driver that runs starts the watchdog
        ndis.bind(nw.Protocol(), load(QUEUED)).send(b"one")
        ndis.run()
    with pytest.raises(DriverCrash, match="an endless loop, in Send"):
        isolated(sends, timeout=20)


TESTS = f"""
import ctypes
import pytest
import ndiswan as nw
from ndiswan.drivers import load

calls = []

def destroys():
    # A block that is larger than what is written has its own head destroyed, and nothing that is the engine's.
    c = ctypes.CDLL(None)
    c.malloc.restype, c.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    block = c.malloc(100_000)
    where = (block - 16).to_bytes(8, "little")
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), load({str(WILD)!r}, config={{"Where": where}})).send(bytes(800))
    c.free(block)

def test_before():
    calls.append(1)

def test_destroys():
    print("on its way")
    destroys()

def test_next():
    assert calls == []  # what another test did is in another process

def test_real_time():
    with nw.Ndis(time=nw.RealTime()) as ndis:
        ndis.bind(nw.Protocol(), load({str(QUEUED)!r})).send(b"one")

def test_fails():
    assert [1, 2] == [1, 3]

def test_skipped():
    pytest.skip("for a reason")

def test_owes(ndiswan_ndis):
    ndiswan_ndis().bind(nw.Protocol(), load({str(QUEUED)!r}, define={{"BUG": 4}})).send(b"one")

@pytest.mark.ndiswan_isolate(False)
def test_here():
    calls.append(1)

@pytest.mark.ndiswan_isolate(False)
def test_here_too():
    assert calls == [1]

@pytest.mark.ndiswan_isolate(timeout=1)
def test_endless():
    while True:
        pass
"""


def test_a_test_that_destroys_its_process_fails_and_the_next_one_runs(
    pytester: pytest.Pytester,
) -> None:
    """In pytest, with nothing said: the failed test has the report, the others their own outcomes."""
    pytester.makepyfile(TESTS)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=6, failed=3, skipped=1, errors=1)
    text = result.stdout.str()
    assert "the process of test_destroys was killed by SIG" in text
    assert "on its way" in text
    assert "At index 1 diff: 2 != 3" in text
    assert "ERROR at teardown of test_owes" in text
    assert "OwnershipViolation: LOST" in text
    assert "test_endless did not come to its end in 1 s" in text


def test_isolation_can_be_asked_for_and_turned_off(pytester: pytest.Pytester) -> None:
    """`always` isolates tests without drivers; `never` none: what is set at module level is seen by the next."""
    pytester.makepyfile(
        "calls = []\ndef test_one(): calls.append(1)\ndef test_two(): assert calls == [1]\n"
    )
    for wanted, outcomes in (("always", {"passed": 1, "failed": 1}), ("never", {"passed": 2})):
        result = pytester.runpytest_subprocess(
            "-p", "no:cacheprovider", f"--ndiswan-isolate={wanted}"
        )
        result.assert_outcomes(**outcomes)


def test_what_answers_to_every_name_and_an_interpreter_below_the_root_do_no_harm(
    pytester: pytest.Pytester,
) -> None:
    """An object whose `__wrapped__` never ends is passed over, and Python's own modules are nobody's tests."""
    pytester.makepyfile(
        """
        from unittest import mock
        from unittest.mock import call

        class Echo:
            def __call__(self): pass
            def __getattr__(self, name): return self

        echo = Echo()

        def test_one():
            assert mock and call and echo.anything is echo
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "--rootdir=/")
    result.assert_outcomes(passed=1)


def test_ctrl_c_in_a_child_ends_the_session_once(pytester: pytest.Pytester) -> None:
    """A test that is interrupted ends pytest, and its copy tells nothing of its own."""
    pytester.makepyfile(
        "import pytest\n@pytest.mark.ndiswan_isolate\ndef test_one(): pytest.exit('enough')\n"
    )
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.stdout.str().count("test session starts") == 1
    assert "enough" in result.stdout.str() + result.stderr.str()


def test_check_tells_what_a_process_left(tmp_path: Path) -> None:
    """A mode whose process the driver destroys is a finding with its last words, and the check goes on.

    As above, nobody else's memory is written to: what else would be destroyed is chance, an answer of Python's for one.
    """
    target = tmp_path / "wild.py"
    target.write_text(
        "import ctypes, sys\nfrom ndiswan.drivers import load\n"
        "library = ctypes.CDLL(None)\n"
        "library.malloc.restype = ctypes.c_void_p\n"
        "library.free.argtypes = [ctypes.c_void_p]\n"
        "block = library.malloc(16000)\n"
        "first = ctypes.c_ubyte.from_address(block)\n"
        "first.value = 0\n"
        "# What the driver destroyed is given back by whatever Python does next.\n"
        "sys.addaudithook(lambda *_: first.value and library.free(block))\n"
        "def make_miniport():\n"
        f"    return load({str(WILD)!r}, config={{'Where': (block - 8).to_bytes(8, 'little')}})\n"
    )
    result = check(str(target), Options(patterns=["padding/inline", "requests/inline"]))
    assert result.exit_code == 1
    modes = {mode.name: mode for mode in result.drivers[0].modes}
    assert len(modes) == 2
    crash = next(found for found in modes["padding/inline"].findings if found.kind == "crash")
    assert "killed by SIG" in crash.report
    assert "the newest at the end: NdisMInitializeWrapper" in crash.report


def test_a_script_needs_no_name_for_what_it_isolates() -> None:
    """Lambdas and functions inside of functions are called, since the other process is a copy."""
    assert isolated(lambda text: text.upper(), "here") == "HERE"
    assert isolated(lambda: sys.argv) == sys.argv
