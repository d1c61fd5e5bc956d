"""What the machine refuses is told as that, whatever command meets it: what, where, what to do, and exit code 4."""

import errno
import json
import os
import pty
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from commands import BAD, FINE, INTERRUPTED, USAGE, VIOLATIONS, driver, ndiswan
from ndiswan.campaign import Campaign, Store
from ndiswan.drivers import BuildError, build
from ndiswan.refused import THREADS, WHAT_TO_DO, refused
from telephones import SAMPLES

ONE = ("--mode", "reset/inline")
RACE = "ndiswan.zoo.scenarios:double_shared_list"
EMPTY = "int DriverEntry(void *driver, void *registry) { return 0; }"


def run(*arguments, shell, cwd=None, **environment):
    """`ndiswan` as a shell starts it that did something before; `$0` is the command."""
    words = ["sh", "-c", f'{shell} "$0" -m ndiswan "$@"', sys.executable, *map(str, arguments)]
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        cwd=cwd,
        env={**os.environ, **environment},
    )


@pytest.mark.parametrize("number", sorted(WHAT_TO_DO))
def test_each_refusal_says_where_and_what_to_do(number):
    """The file, the system's words, and what is to be done about it."""
    told = refused(OSError(number, os.strerror(number), "runs/1.json"))
    assert told == f"runs/1.json: {os.strerror(number)}; {WHAT_TO_DO[number]}"


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError(THREADS), OSError("a.toml: none")])
def test_memory_threads_and_our_own_errors_are_told(error):
    """They have no number, and are refusals as well."""
    assert refused(error)


@pytest.mark.parametrize(
    "error", [KeyError("x"), RuntimeError("x"), OSError(errno.ENOENT, "no", "x")]
)
def test_a_mistake_of_ours_is_no_refusal(error):
    """It keeps its traceback."""
    assert refused(error) is None


def test_output_that_cannot_be_written_is_no_mistake_of_ours():
    """A disk that is full under stdout."""
    done = subprocess.run(
        ["sh", "-c", '"$0" -m ndiswan rules >/dev/full', sys.executable],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False)
    assert "No space left on device; make room" in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-"])
def test_a_closed_stream_changes_no_verdict(closed):
    """As of a program that a service starts."""
    words = ["sh", "-c", f'"$0" -m ndiswan "$@" {closed}', sys.executable, "check", BAD, *ONE]
    done = subprocess.run(words, capture_output=True, check=False, timeout=60)
    assert done.returncode == VIOLATIONS
    assert b"Traceback" not in done.stderr


def test_a_folder_that_is_no_more_is_told(tmp_path):
    """Somebody removed it in another window."""
    gone = tmp_path / "gone"
    gone.mkdir()
    done = run("check", BAD, *ONE, shell="rmdir ../gone;", cwd=gone)
    assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False)
    assert "the folder in which this was started is no more" in done.stderr


@pytest.mark.parametrize("command", [("check", BAD, *ONE, "--traces"), ("fuzz", BAD, "--folder")])
def test_a_folder_that_cannot_be_made_is_told_with_its_option(command):
    """The option names the folder."""
    done = ndiswan(*command, "/dev/null/runs")
    assert done.returncode == USAGE
    assert f"{command[-1]}: " in done.stderr
    assert "/dev/null/runs" in done.stderr


def test_a_report_that_has_no_room_names_its_file():
    """Its option as well."""
    done = ndiswan("check", BAD, *ONE, "--sarif", "/dev/full")
    assert done.returncode == USAGE
    assert "--sarif: expected a file that can be written: /dev/full: No space left" in done.stderr


def test_a_trace_that_has_no_room_is_not_blamed_on_the_driver(tmp_path):
    """The child may write files of 100 blocks, of which the trace takes more."""
    done = run("check", BAD, *ONE, "--traces", tmp_path / "traces", shell="ulimit -f 1;")
    assert (done.returncode, "CRASH" in done.stdout) == (USAGE, False)
    assert "Traceback" not in done.stderr
    assert "File too large" in done.stderr or "could not" in done.stderr


def test_a_small_stack_is_enough_for_a_driver_in_c(tmp_path):
    """What a driver runs on is no larger than the process may have."""
    words = ("fuzz", SAMPLES / "queued", "--executions", "50", "--folder", tmp_path)
    done = run(*words, shell="ulimit -Ss 200; ulimit -Hs 200;")
    assert (done.returncode, "anic" in done.stderr) == (0, False)
    assert "50 executions" in done.stdout


def test_a_built_driver_that_cannot_be_kept_says_how_it_can(tmp_path, monkeypatch):
    """A home that cannot be written, as in many containers."""
    source = tmp_path / "empty.c"
    source.write_text(EMPTY)
    monkeypatch.setenv("NDISWAN_CACHE", "/dev/null/built")
    with pytest.raises(BuildError, match=r"/dev/null/built.*\$NDISWAN_CACHE names the folder"):
        build(source)


def test_what_a_campaign_finds_is_kept_elsewhere_if_its_folder_takes_no_more(tmp_path, monkeypatch):
    """Nothing that was found is lost."""
    whole = Store.keep_failure

    def full(self, content, *stale):
        if self.folder == tmp_path / "full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
        return whole(self, content, *stale)

    monkeypatch.setattr(Store, "keep_failure", full)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    verdict = Campaign(RACE, Store(tmp_path / "full"), executions=500, executor="serial").run()
    assert verdict.failed
    assert "No space left on device; make room" in verdict.elsewhere
    (path, *_) = verdict.new
    assert json.loads(path.read_text())["expect"]["rule"] == "DOUBLE"
    assert str(path.parent.parent) in verdict.elsewhere


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_campaign_that_is_terminated_keeps_what_it_found(tmp_path, executor):
    """SIGTERM is as Ctrl-C."""
    words = ["fuzz", RACE, "--time", "60", "--folder", str(tmp_path), "--executor", executor]
    words += ["--task", "200"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ndiswan", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    _until((tmp_path / "coverage.json").exists)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=40)
    assert (process.returncode, "Traceback" in err) == (INTERRUPTED, False)
    assert "found: DOUBLE" in out
    _until(lambda: not _lives(process.pid))


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_campaign_whose_terminal_is_closed_keeps_what_it_found(tmp_path, executor):
    """SIGHUP is as Ctrl-C, to the workers too, and nothing fails because nobody can be told."""
    terminal, other = pty.openpty()
    os.set_blocking(terminal, False)
    # Who opens it first in a session is whom its end is told.
    shell = f'exec "$0" -m ndiswan "$@" <> {os.ttyname(other)} >&0 2>&0'
    words = ["fuzz", RACE, "--time", "60", "--folder", str(tmp_path), "--executor", executor]
    command = ["sh", "-c", shell, sys.executable, *words, "--task", "200"]
    process = subprocess.Popen(command, start_new_session=True)

    def something_is_saved() -> bool:
        with suppress(BlockingIOError):
            os.read(terminal, 1 << 16)
        return (tmp_path / "coverage.json").exists()

    _until(something_is_saved)
    os.close(other)
    os.close(terminal)
    assert process.wait(40) == INTERRUPTED
    assert (tmp_path / "campaign.json").exists()
    found = {path.name.partition("-")[0] for path in (tmp_path / "failures").iterdir()}
    assert found >= {"DOUBLE"}
    assert "CRASH" not in found
    _until(lambda: not _lives(process.pid))


def test_who_does_not_hear_ctrl_c_is_terminated_all_the_same(tmp_path):
    """As a shell starts a job in the background: with SIGINT ignored."""
    shell = 'trap "" INT; exec "$0" -m ndiswan "$@"'
    words = ["fuzz", RACE, "--time", "60", "--task", "200", "--folder", str(tmp_path)]
    process = subprocess.Popen(
        ["sh", "-c", shell, sys.executable, *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    _until((tmp_path / "coverage.json").exists)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=40)
    assert process.returncode == -signal.SIGTERM
    _until(lambda: not _lives(process.pid))


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _until(ready) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_number_that_is_none_is_told_in_words_of_everyday():
    """Not by the name that click has for its type."""
    done = ndiswan("fuzz", "modem.py", "--time", "soon")
    assert done.returncode == USAGE
    assert "'--time': 'soon' is not a valid number" in done.stderr


def test_a_report_that_cannot_be_written_is_told_before_the_campaign(tmp_path):
    """And not after its hours; into a folder that the campaign itself makes it is written."""
    target = driver(tmp_path)
    late = ndiswan("fuzz", target, "--time", 1000, "--sarif", "nowhere/x.sarif", cwd=tmp_path)
    assert late.returncode == USAGE
    assert (
        "--sarif: expected a file that can be written: nowhere/x.sarif: No such file" in late.stderr
    )
    own = ("--folder", "found", "--sarif", "found/x.sarif")
    done = ndiswan("fuzz", target, "--executions", 20, "--executor", "serial", *own, cwd=tmp_path)
    assert done.returncode == FINE, done.stdout + done.stderr
    assert (tmp_path / "found" / "x.sarif").is_file()


WITHOUT_ROOM = """
import resource, time
import ndiswan as nw
from ndiswan import models
from ndiswan.refused import refused

class Instant(nw.Miniport):
    def wan_send(self, link, packet):
        return nw.SUCCESS

def without_room(function):
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 1_000_000, resource.RLIM_INFINITY))
    try:
        function()
    except RuntimeError as error:
        print(refused(error))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
"""
WORLD = "without_room(lambda: nw.Ndis(time=nw.RealTime()))"
SPAWN = """
with nw.Ndis(time=nw.RealTime()) as ndis:
    link = ndis.bind(nw.Protocol(), Instant())
    without_room(lambda: [ndis.spawn(time.sleep, 0.2) for _ in range(50)])
    ndis.run()
    assert link.send(b"frame") is nw.SUCCESS
"""
SIMULATION = """
link = models.Link(traffic=models.Cbr(rate_pps=50, size=500), line=models.Line(rate_bps=512_000))
without_room(lambda: models.simulate(link, until=1))
assert models.simulate(link, until=1)
"""


@pytest.mark.parametrize("does", [WORLD, SPAWN, SIMULATION], ids=["world", "spawn", "simulation"])
def test_a_thread_that_there_is_not_is_told_and_not_waited_for(does):
    """It is a RuntimeError with what to do, and what was there before goes on."""
    words = [sys.executable, "-c", WITHOUT_ROOM + does]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
    told = "a thread cannot be started; allow more processes (`ulimit -u`), or start fewer\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, told, "")
