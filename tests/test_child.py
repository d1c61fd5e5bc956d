"""Drivers that misbehave: each runs in a child process, and whatever becomes of that is a finding."""

import json
import os
import signal
import subprocess
import sys
import time
from xml.etree import ElementTree as ET

import pytest

from commands import INTERRUPTED, QUICK, VIOLATIONS, driver, ndiswan, states

LOOP = "while True: pass"
DEADLOCK = (
    "import threading; threading.Lock().acquire(); a = threading.Lock(); a.acquire(); a.acquire()"
)
SEGFAULT = "import ctypes; ctypes.string_at(0)"
HOLDS_THE_INTERPRETER = "import re; re.match(r'(a+)+$', 'a' * 64 + 'b')"


@pytest.mark.parametrize("send", [LOOP, DEADLOCK, HOLDS_THE_INTERPRETER], ids=["loop", "lock", "C"])
def test_a_driver_that_never_returns_is_a_finding(tmp_path, send):
    """HANG is broken, with the line where the driver stands; the check comes to its end."""
    begin = time.monotonic()
    done = ndiswan("check", driver(tmp_path, send), *QUICK, "--timeout", "3")
    assert time.monotonic() - begin < 30
    assert done.returncode == VIOLATIONS
    assert "HANG: no answer in 3 s in mode send/inline" in done.stdout
    assert "target.py" in done.stdout
    assert "wan_send" in done.stdout


def test_what_was_found_before_a_hang_is_told(tmp_path):
    """A rule that was broken before the driver hung is in the report too."""
    send = (
        "if self.sent: \n    while True: pass\nself.sent = True\n"
        "self.adapter.wan_send_complete(packet)\nreturn nw.SUCCESS"
    )
    path = driver(tmp_path, send, more="    sent = False\n")
    done = ndiswan("check", path, *QUICK, "--timeout", "3", "--json")
    broken = {rule for rule, state in states(json.loads(done.stdout)).items() if state == "broken"}
    assert broken == {"EARLY", "HANG"}


FEEDS = """
    def initialize(self):
        self.queue, self.timer = [], self.adapter.timer(self.sent)
        self.lock = self.adapter.spin_lock("queue")
    def sent(self):
        queue, self.queue = self.queue, []
        for packet in queue: self.adapter.wan_send_complete(packet)
"""
FEED = "self.queue.append(packet); self.timer.set(0.0001)\n{}link.send(b'x')\nreturn nw.PENDING"


def test_what_a_driver_that_feeds_itself_breaks_is_told(tmp_path):
    """It has always more to do, and its recording is too long to be read; the rule that it breaks is told."""
    path = driver(tmp_path, FEED.format("with self.lock: "), more=FEEDS)
    done = ndiswan("check", path, *QUICK, "--timeout", "8", "--json")
    broken = {rule for rule, state in states(json.loads(done.stdout)).items() if state == "broken"}
    assert "LOCK_RECURSION" in broken


def test_a_hang_shows_nothing_of_ours(tmp_path):
    """The frames are the driver's; where none of them is on the stack that is said, and no list is empty."""
    done = ndiswan("check", driver(tmp_path, FEED.format(""), more=FEEDS), *QUICK, "--timeout", "3")
    assert "HANG: no answer in 3 s in mode send/inline" in done.stdout
    report = done.stdout.partition("HANG: no answer")[2]
    assert "target.py" in report or "in no function of the driver" in report
    assert "/ndiswan/checking/" not in report
    assert "runpy" not in report


@pytest.mark.parametrize(
    ("send", "says"),
    [
        (SEGFAULT, "killed by SIGSEGV"),
        ("import os; os._exit(3)", "exit status 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "killed by SIGKILL"),
    ],
    ids=["segfault", "exit", "kill"],
)
def test_a_driver_that_takes_its_process_away_is_a_finding(tmp_path, send, says):
    """What became of the process is told, with the last thing that it printed; other modes still run."""
    path = driver(tmp_path, f"print('so far', flush=True); {send}")
    junit = tmp_path / "junit.xml"
    done = ndiswan("check", path, "--mode", "send", "--json", "--junit", junit)
    assert done.returncode == VIOLATIONS
    modes = json.loads(done.stdout)["drivers"][0]["modes"]
    assert [mode["name"] for mode in modes] == ["send/inline", "send/queued"]
    for mode in modes:
        assert mode["findings"][0]["kind"] == "crash"
        assert says in mode["findings"][0]["detail"]
        assert "so far" in mode["findings"][0]["report"]
    assert len(ET.parse(junit).findall(".//error")) == 2


@pytest.mark.parametrize("error", ["ValueError('card is gone')", "SystemExit(3)"])
def test_an_exception_is_a_finding(tmp_path, error):
    """What a callback raises breaks no rule, but the driver is not fine; its traceback is there."""
    done = ndiswan("check", driver(tmp_path, f"raise {error}"), *QUICK)
    assert done.returncode == VIOLATIONS
    assert "EXCEPTION in mode send/inline" in done.stdout
    assert "in wan_send" in done.stdout
    assert error.partition("(")[0] in done.stdout


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("    def initialize(self): raise OSError('no card')\n", "no card"),
        ("    def initialize(self): return nw.FAILURE\n", "NDIS_STATUS_FAILURE"),
        ("    info = nw.WanInfo(max_transmit=0)\n", "max_transmit"),
        ("    info = 5\n", "Driver.info: expected an ndiswan.WanInfo, got 5"),
    ],
    ids=["raises", "fails", "info", "type"],
)
def test_a_driver_that_cannot_be_bound_is_a_finding(tmp_path, more, says):
    """What initialize raised or answered, and what its info lacks, is told."""
    done = ndiswan("check", driver(tmp_path, more=more), *QUICK)
    assert done.returncode == VIOLATIONS, done.stderr
    assert says in done.stdout


def test_a_timer_without_a_delay_is_a_finding(tmp_path):
    """A driver that keeps the clock at one moment for ever hangs."""
    more = (
        "    def initialize(self):\n        self.timer = self.adapter.timer(self.again)\n"
        "    def again(self):\n        self.timer.set(0)\n"
        "    def halt(self):\n        self.timer.cancel()\n"
    )
    send = "self.timer.set(0); self.packet = packet; return nw.PENDING"
    done = ndiswan("check", driver(tmp_path, send, more=more), *QUICK)
    assert "the clock stands at" in done.stdout


def test_what_a_driver_prints_is_not_in_the_document(tmp_path):
    """Stdout is the result's; a driver's own words are kept with its mode, and shown with --mode."""
    path = driver(tmp_path, "print('hello'); return nw.SUCCESS")
    done = ndiswan("check", path, *QUICK, "--json")
    assert json.loads(done.stdout)["drivers"][0]["modes"][0]["output"].startswith("hello\n")
    done = ndiswan("check", path, *QUICK)
    assert "hello" not in done.stdout
    assert "hello" in done.stderr


def is_running(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_control_c_ends_the_check_and_its_children(tmp_path):
    """2, at once, and nobody is left behind."""
    mark = tmp_path / "running"
    path = driver(
        tmp_path, f"open({str(mark)!r}, 'w').write(str(__import__('os').getpid()))\n{LOOP}"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "ndiswan", "check", str(path), "--timeout", "60"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        end = time.monotonic() + 30
        while not (mark.exists() and mark.read_text()):
            assert time.monotonic() < end
            time.sleep(0.01)
        child = int(mark.read_text())
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert process.returncode == INTERRUPTED
    assert "interrupted" in errors
    assert "Traceback" not in errors
    while is_running(child):
        assert time.monotonic() < end
        time.sleep(0.01)
