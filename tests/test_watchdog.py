"""What ends a driver that goes on for ever, and does not end one that was kept waiting."""

import signal
import subprocess
import sys
import time

import pytest

import ndiswan as nw
from ndiswan.drivers import load
from ndiswan.exploring import Search, Settings
from ndiswan.exploring.watchdog import Watchdog


def test_time_in_which_the_machine_ran_something_else_does_not_count(monkeypatch):
    """An execution that is starved is not one that goes on for ever."""

    def rules(seconds):
        def slow(ndis):
            end = time.thread_time() + seconds
            while time.thread_time() < end:
                ndis.point()

        found = nw.explore(slow, executions=1, patience=0.2, max_points=10**9, shrinking=0)
        return [failure.rule for failure in found.failures]

    assert rules(10) == ["ENDLESS"]  # soon, if the machine lets the one look who looks
    monkeypatch.setattr(Watchdog, "_kept_waiting", lambda _: time.monotonic())
    assert rules(0.7) == []


def test_time_in_which_a_driver_is_compiled_does_not_count(tmp_path, monkeypatch):
    """The first execution of a scenario that loads a driver in C waits for the compiler, and is no endless loop."""
    source = tmp_path / "driver.c"
    source.write_text("int DriverEntry(void *driver, void *registry) { return 1; }", "utf-8")
    slow = tmp_path / "slow"
    slow.write_text('#!/bin/sh\ncase "$*" in *" -c "*) sleep 2;; esac\nexec cc "$@"\n', "utf-8")
    slow.chmod(0o755)
    monkeypatch.setenv("CC", str(slow))
    monkeypatch.setenv("NDISWAN_CACHE", str(tmp_path))
    loaded = []

    def scenario(_ndis):
        loaded.append(load(source))

    begun = time.monotonic()
    assert not nw.explore(scenario, executions=1, patience=0.5).failures
    assert loaded
    assert time.monotonic() - begun > 2


def test_what_never_ends_is_not_tried_again_and_again_when_the_time_is_over():
    """It is run once more, for the two seconds that a search may take longer, and not to its end."""

    def endless(_ndis):
        while True:
            pass

    begun = time.thread_time()
    search = Search(endless, settings=Settings(patience=6.0))
    (failure,) = search.run(1e9, 1.0, stop=False).failures
    assert failure.rule == "ENDLESS"
    assert search.found.executions == 1
    # Six seconds, then two; made small and run again it would be eighteen.
    assert time.thread_time() - begun < 12


STOPPED = """
import time
import ndiswan as nw

def slow(ndis):
    print("begun", flush=True)
    for _ in range(100):
        time.sleep(0.001)
        ndis.point()

found = nw.explore(slow, executions=1, patience=2.0, shrinking=0)
print([failure.rule for failure in found.failures], flush=True)
"""


def test_time_in_which_the_machine_stood_still_does_not_count():
    """A process that was stopped, or whose virtual machine was, did not go on for ever."""
    with subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGSTOP)
        time.sleep(4)
        child.send_signal(signal.SIGCONT)
        assert child.stdout.read().splitlines()[-1] == "[]"


ONE_THREAD = """
import os, sys, time
from ndiswan.exploring.watchdog import Watchdog

def threads():
    for _ in range(100):  # one that has ended is there for a moment still
        if len(os.listdir("/proc/self/task")) == 1:
            break
        time.sleep(0.01)
    return len(os.listdir("/proc/self/task"))

def cut_off():
    begun = time.monotonic()
    try:
        with Watchdog(0.2, TimeoutError) as watchdog, watchdog.watching():
            while True:
                pass
    except TimeoutError:
        return time.monotonic() - begun < 5
    return False

print(threads())
with Watchdog(60, TimeoutError), Watchdog(0.2, TimeoutError), Watchdog(7, TimeoutError):
    print(threads())
print(cut_off())  # the thread sleeps for a second, and is woken
sys.stdout.flush()
child = os.fork()
os.write(1, f"{threads()} {cut_off()}\\n".encode())  # both at once, and neither in pieces
if child:
    os.waitpid(child, 0)
    time.sleep(3)
    print(threads())
else:
    os._exit(0)
"""


def test_one_thread_looks_after_all_of_them_and_ends_with_them():
    """It is there once however many there are, not in the child of a fork, and not for long when all are gone."""
    ran = subprocess.run(
        [sys.executable, "-c", ONE_THREAD], capture_output=True, text=True, timeout=60, check=True
    )
    assert ran.stdout.splitlines() == ["1", "2", "True", "1 True", "1 True", "1"]
    assert ran.stderr == ""


def test_who_looks_too_late_allows_for_it():
    """Nobody ran meanwhile, by as much as that: the machine was suspended, for example."""

    def looked_at(late):
        dog = Watchdog(0.1, TimeoutError)
        with dog.watching():
            dog.look(0.0)
            time.sleep(0.3)
            dog.look(late)
            for _ in range(1_000):
                pass

    looked_at(late=0.3)
    with pytest.raises(TimeoutError):
        looked_at(late=0.0)


def test_a_handler_of_somebody_s_own_stays():
    """SIGURG is the program's, if it has asked for it."""
    asked = []
    before = signal.signal(signal.SIGURG, lambda *_: asked.append("own"))
    try:
        with Watchdog(60.0, TimeoutError).watching(), Watchdog(60.0, TimeoutError):
            signal.raise_signal(signal.SIGURG)
        assert asked == ["own"]
    finally:
        signal.signal(signal.SIGURG, before)
