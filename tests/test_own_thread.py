"""Threads of a C driver's own (PsCreateSystemThread): they wait as long as the driver lives, and everything goes on."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan.checking import Options, check
from ndiswan.drivers import DriverCrash, load

DRIVER = Path(__file__).parent / "drivers" / "own_thread.c"
FAULTS = DRIVER.with_name("faults.c")
# How it waits for work: for ever, for one of two events, for a time, and not at all.
WAYS: list[dict[str, str | int | None]] = [{}, {"TWO": 1}, {"POLL": 10}, {"SLEEP": 5}]


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NDISWAN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.mark.parametrize("define", WAYS, ids=str)
def test_a_run_ends_when_it_says_so_with_the_thread_waiting(
    define: dict[str, str | int | None],
) -> None:
    """What was sent comes back by the thread; the clock stands where it was told to."""
    driver = load(DRIVER, define=define)
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        for _ in range(6):
            link.send(b"frame")
        ndis.run(until=0.5)
        assert ndis.now == 0.5
        assert not link.outstanding
        ndis.run()
    assert not driver.leaks
    woken = int(driver.printed[-1].split()[1])
    assert woken <= 8 if define in WAYS[:2] else 50 <= woken <= 300


def test_a_thread_is_woken_up_at_the_moment_of_its_event() -> None:
    """It does not look now and then: the send and its completion have the same time."""
    with nw.Ndis(record=True) as ndis:
        link = ndis.bind(nw.Protocol(), load(DRIVER))
        ndis.run(until=0.123)
        link.send(b"frame")
        ndis.run()
        assert ndis.now == 0.123
        assert not link.outstanding


@pytest.mark.parametrize("define", WAYS, ids=str)
def test_real_time_and_its_end(define: dict[str, str | int | None]) -> None:
    """The thread runs beside the caller's; closing has MiniportHalt end it, and does not wait for it before."""
    driver = load(DRIVER, define=define)
    with nw.Ndis(time=nw.RealTime()) as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        for _ in range(40):
            link.send(b"frame")
        assert ndis.wait(lambda: not link.outstanding)
    assert driver.printed
    assert not driver.leaks


@pytest.mark.parametrize("define", WAYS[:3], ids=str)
def test_check_and_fuzz_find_nothing_in_it(
    define: dict[str, str | int | None], tmp_path: Path
) -> None:
    """Neither HANG nor ENDLESS: that it waits is what it is there for."""
    target = tmp_path / "threaded.py"
    target.write_text(
        f"from ndiswan.drivers import load\ndef make_miniport(): return load({str(DRIVER)!r}, define={define!r})\n"
    )
    result = check(str(target), Options(patterns=["send", "halt", "patience", "real-time"]))
    found = [mode.errors for mode in result.drivers[0].modes if mode.errors]
    assert found == []
    assert result.exit_code == 0
    found = nw.explore(lambda ndis: _scenario(ndis, define), executions=150)
    assert not found.failures
    assert found.executions == 150


def _scenario(ndis: nw.Ndis, define: dict[str, str | int | None]) -> None:
    link = ndis.bind(nw.Protocol(), load(DRIVER, define=define))
    for _ in range(3):
        link.send(b"frame")
    ndis.run()
    assert not link.outstanding


@pytest.mark.parametrize("time", [nw.VirtualTime(), nw.RealTime()], ids=["virtual", "real"])
@pytest.mark.parametrize("calls_end", [False, True])
def test_a_thread_that_nobody_ends_is_a_leak(time: object, calls_end: bool) -> None:
    """MiniportHalt returns and it waits still: its code is gone then. It is ended, and the process goes on."""
    driver = load(DRIVER, define={"LEAVES": 1} | ({"CALLS_END": 1} if calls_end else {}))
    with nw.Ndis(time=time) as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert [leak for leak in driver.leaks if "PsCreateSystemThread" in leak]
    assert driver.crashed is None


def test_psterminatesystemthread_does_not_return() -> None:
    """What stands behind it is not run, and the object of the thread is signaled."""
    driver = load(DRIVER, define={"CALLS_END": 1})
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver).send(b"frame")
        ndis.run()
    assert "woken" in driver.printed[-1]
    assert not driver.leaks
    assert driver.crashed is None


@pytest.mark.parametrize("time", [nw.VirtualTime(), nw.RealTime()], ids=["virtual", "real"])
@pytest.mark.parametrize(
    ("define", "told"), [("CRASHES", "address 0x8"), ("SPINS", "endless loop")]
)
def test_a_thread_that_crashes_or_never_waits_is_told(time: object, define: str, told: str) -> None:
    """With its line; what it owed goes back, and the world ends."""
    driver = load(DRIVER, define={define: 1})

    def sends() -> None:
        with nw.Ndis(time=time) as ndis:
            ndis.bind(nw.Protocol(), driver).send(b"frame")
            ndis.run(until=ndis.now + 5)

    with pytest.raises(DriverCrash, match=told) as caught:
        sends()
    assert "in Run (own_thread.c:" in str(caught.value)


def test_a_world_that_is_left_open_ends_with_its_interpreter() -> None:
    """A thread that waits keeps nobody from the end of the process."""
    script = (
        "import ndiswan as nw\nfrom ndiswan.drivers import load\n"
        f"ndis = nw.Ndis()\nndis.bind(nw.Protocol(), load({str(DRIVER)!r})).send(b'frame')\n"
        "ndis.run(until=1)\nprint(ndis.counters['delivered'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


def test_a_fault_is_told_on_a_stack_of_its_own_whoever_gave_another() -> None:
    """Python's faulthandler gives the thread a small one in the heap: what is below it is somebody else's."""
    program = f"""if True:
        import ctypes, faulthandler
        import ndiswan as nw
        from ndiswan.drivers import load

        class Stack(ctypes.Structure):
            _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]

        def given():
            stack = Stack()
            ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack))
            return stack.start, stack.size

        def broken():
            with nw.Ndis(on_violation="record") as ndis:
                ndis.bind(nw.Protocol(), load({str(FAULTS)!r})).send(b"x" * 9)  # a byte beyond the padding
            return [violation.rule for violation in ndis.violations]

        told = broken()
        own = given()
        faulthandler.enable()
        small = given()
        before = ctypes.string_at(*small)
        assert broken() == told == ["PADDING", "PADDING"], told
        assert given() == own != small
        assert ctypes.string_at(*small) == before, "a handler ran on it"
    """
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
