"""`ndiswan simulate`: a table for people, a document for programs, and the house's exit codes."""

import csv
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from commands import FINE, INTERRUPTED, NOTHING_RAN, USAGE, ndiswan
from ndiswan import models
from ndiswan.models import scenario
from ndiswan.models.replications import _Runs
from repository import ROOT

EXAMPLE = ROOT / "examples" / "t1.toml"
ENDLESS = """
[[link]]
name = "busy"
count = 8
traffic = { kind = "saturating", size = 64 }
line = { rate_bps = 1_000_000_000 }
"""


def test_the_table_is_that_of_the_results() -> None:
    """What is printed is what `simulate` gives in Python; the seed is told on stderr."""
    made = scenario.load(EXAMPLE)
    by_hand = models.simulate(made.links, until=20, warmup=5, seed=9)
    done = ndiswan("simulate", EXAMPLE, "--until", "20", "--seed", "9")
    assert (done.returncode, done.stderr) == (FINE, "seed 9\n")
    assert done.stdout.startswith(f"{by_hand}\n")
    assert done.stdout.endswith(" events, seed 9\n")


def test_the_document_has_what_was_measured() -> None:
    """`--json` is one document: counts, means with intervals, and the times of each stage, NaN nowhere."""
    done = ndiswan("simulate", EXAMPLE, "--json", "--until", "1 min", "--replications", "3")
    document = json.loads(done.stdout, parse_constant=pytest.fail)
    made = scenario.load(EXAMPLE)
    results = models.simulate(made.links, until=60, warmup=5, seed=1, replications=3)
    assert (document["seed"], document["until_s"], document["replications"]) == (1, 60, 3)
    assert [row["link"] for row in document["links"]] == ["office", "branch"]
    office, branch = document["links"]
    assert (office["links"], branch["links"]) == (1, 3)
    interval = results.interval("latency", "office")
    assert office["means"]["latency_mean_ns"] == {
        "mean": interval.mean,
        "half_width": interval.half_width,
    }
    assert office["stages"]["latency"]["p99_ns"] == results["office"]["latency"].quantile(0.99)
    assert office["counts"]["sent"] > 0


def test_number_of_threads_and_replications_come_from_either_side(tmp_path: Path) -> None:
    """What the file says of the run holds, and the command line says otherwise."""
    path = tmp_path / "s.toml"
    path.write_text("[run]\nuntil = 0.2\nreplications = 2\nthreads = 1\n" + ENDLESS, "utf-8")
    first = ndiswan("simulate", path, "--json")
    other = ndiswan("simulate", path, "--json", "--threads", "2")
    single = ndiswan("simulate", path, "--json", "--replications", "1", "--until", "0.1")
    assert first.stdout == other.stdout
    assert json.loads(first.stdout)["replications"] == 2
    assert (json.loads(single.stdout)["until_s"], json.loads(single.stdout)["replications"]) == (
        0.1,
        1,
    )


def test_rows_go_to_csv_and_parquet(tmp_path: Path) -> None:
    """Both have a row for each link, and the same numbers."""
    text, binary = tmp_path / "o.csv", tmp_path / "o.parquet"
    done = ndiswan("simulate", EXAMPLE, "--until", "7", "--csv", text, "--parquet", binary)
    assert done.returncode == FINE, done.stderr
    with text.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pq.read_table(binary).to_pydict()
    assert [row["link"] for row in rows] == table["link"] == ["office", *["branch"] * 3]
    assert [int(row["sent"]) for row in rows] == table["sent"]


@pytest.mark.parametrize("name", ["t.pcapng", "t.perfetto-trace", "t.pftrace", "t.json"])
def test_a_trace_is_written_in_the_form_of_its_name(tmp_path: Path, name: str) -> None:
    """`--trace` writes a file, says how many packets it has, and leaves the results as they are."""
    done = ndiswan("simulate", EXAMPLE, "--until", "7", "--trace", tmp_path / name)
    assert done.returncode == FINE, done.stderr
    assert f"{name}: " in done.stderr
    assert (tmp_path / name).stat().st_size > 10_000
    assert done.stdout == ndiswan("simulate", EXAMPLE, "--until", "7").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothere.toml"], "nothere.toml: No such file"),
        ([EXAMPLE, "--trace", "a.gif"], "--trace: expected a name that ends in one of .pcapng"),
        ([EXAMPLE, "--trace", "a.json", "--replications", "2"], "--trace: expected one run"),
        ([EXAMPLE, "--until", "3 parsecs"], "expected a time such as '60 s'"),
        ([EXAMPLE, "--until", "-1"], "--until: expected a finite number"),
        ([EXAMPLE, "--warmup", "90"], "--warmup: expected less than until"),
        ([EXAMPLE, "--csv", "/nowhere/a.csv"], "/nowhere/a.csv"),
    ],
)
def test_wrong_use_is_usage(arguments: list[object], said: str) -> None:
    """What cannot be done ends with 4 and a sentence, without a traceback."""
    done = ndiswan("simulate", *arguments, *([] if "--until" in arguments else ["--until", "6"]))
    assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False)
    assert said in done.stderr


NO_TIME = """
[run]
until = 0

[[link]]
traffic = { kind = "saturating", size = 1500 }
line = { rate_bps = 1_544_000 }
"""


def test_a_run_of_no_length_is_refused_where_it_is_asked_for(tmp_path: Path) -> None:
    """It was a run of one instant, whose throughput was a thousand times the line's."""
    file = tmp_path / "none.toml"
    file.write_text(NO_TIME, "utf-8")
    done = ndiswan("simulate", file)
    said = f"Error: {file}:3:9: run.until: expected a nanosecond or more, got 0 s\n"
    assert (done.returncode, done.stdout, done.stderr[-len(said) :]) == (USAGE, "", said)
    done = ndiswan("simulate", EXAMPLE, "--warmup", "0", "--until", "1e-12")
    assert done.returncode == USAGE
    assert done.stderr.endswith("--until: expected a nanosecond or more, got 1e-12 s\n")


def test_a_wrong_scenario_is_told_with_its_line(tmp_path: Path) -> None:
    """The first line of the error names file, line, column, key, what was expected, and what came."""
    path = tmp_path / "s.toml"
    path.write_text("[run]\nuntil = 2\n" + ENDLESS.replace("1_000_000_000", "-5"), "utf-8")
    done = ndiswan("simulate", path)
    assert done.returncode == USAGE
    assert done.stderr == (
        f"Error: {path}:8:21: link[0].line.rate_bps: expected a whole number from 8 to"
        " 10000000000000, got -5\n"
    )


def test_a_file_may_begin_with_the_mark_of_an_editor(tmp_path: Path) -> None:
    """A byte order mark, which Notepad writes, is no mistake of TOML."""
    path = tmp_path / "s.toml"
    path.write_text(EXAMPLE.read_text("utf-8"), "utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert len(scenario.load(path).links) == 2


def test_a_scenario_in_which_nothing_is_sent_ran_nothing(tmp_path: Path) -> None:
    """Where no packet is offered, the exit code says that nothing ran."""
    path = tmp_path / "s.toml"
    late = ENDLESS.replace("size = 64", "size = 64, start_ns = 9_000_000_000")
    path.write_text("[run]\nuntil = 2\n" + late, "utf-8")
    assert ndiswan("simulate", path).returncode == NOTHING_RAN


def interrupted(path: Path, *more: str) -> tuple[bytes, bytes]:
    """What `simulate` said that was interrupted after a while."""
    command = [sys.executable, "-m", "ndiswan", "simulate", str(path), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == b"seed 0\n"
        time.sleep(1.5)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert running.returncode == INTERRUPTED, err
    return out, err


@pytest.mark.parametrize("more", [[], ["--replications", "100000"]], ids=["one", "several"])
def test_ctrl_c_leaves_what_was_measured(tmp_path: Path, more: list[str]) -> None:
    """An interrupt ends the run in order: the document has what there was, and the exit code is 2."""
    path = tmp_path / "s.toml"
    path.write_text(f"[run]\nuntil = {1e-3 if more else 1e6}\n{ENDLESS}", "utf-8")
    document = json.loads(interrupted(path, "--json", *more)[0])
    assert document["interrupted"]
    assert document["warmup_over"]
    assert document["links"][0]["counts"]["sent"] > 0


def test_ctrl_c_in_the_first_replications_leaves_what_the_first_had_measured(
    tmp_path: Path,
) -> None:
    """None of those that run together is over, so it is one without an interval, and that is said."""
    path = tmp_path / "s.toml"
    path.write_text(f"[run]\nuntil = 1e6\n{ENDLESS.replace('count = 8', 'count = 1')}", "utf-8")
    document = json.loads(interrupted(path, "--json", "--replications", "500")[0])
    assert (document["replications"], document["interrupted"]) == (1, True)
    (row,) = document["links"]
    assert row["counts"]["sent"] > 0
    assert 0 < row["measured_s"] < 1e6
    out = interrupted(path, "--replications", "500")[0].decode()
    assert "interrupted before a replication was over: this is what the first had measured" in out


@pytest.mark.parametrize("more", [[], ["--replications", "500"]], ids=["one", "several"])
def test_ctrl_c_in_the_warm_up_says_that_nothing_was_measured(
    tmp_path: Path, more: list[str]
) -> None:
    """The warm-up's numbers are no measurement: it is said, also to programs, and no table is written."""
    path, table = tmp_path / "s.toml", tmp_path / "t.csv"
    path.write_text(f"[run]\nuntil = 2e6\nwarmup = 1e6\n{ENDLESS}", "utf-8")
    document = json.loads(interrupted(path, "--json", "--csv", str(table), *more)[0])
    assert (document["interrupted"], document["warmup_over"]) == (True, False)
    assert not table.exists()
    out = interrupted(path, *more)[0].decode()
    assert "interrupted in the warm-up" in out
    assert "nothing was measured" in out


@pytest.mark.parametrize("name", ["t.json", "t.pcapng", "t.perfetto-trace"])
def test_a_second_ctrl_c_ends_the_writing_of_a_trace(tmp_path: Path, name: str) -> None:
    """It may be gigabytes; what was written until then would be taken for the whole, and is removed."""
    path, trace = tmp_path / "s.toml", tmp_path / name
    path.write_text(f"[run]\nuntil = 1e6\n{ENDLESS}", "utf-8")
    command = [sys.executable, "-m", "ndiswan", "simulate", str(path), "--trace", str(trace)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as running:
        assert running.stderr is not None
        assert running.stderr.readline() == b"seed 0\n"
        time.sleep(1.5)
        running.send_signal(signal.SIGINT)
        said = running.stderr.readline().decode()
        assert said == f"writing {trace}; Ctrl-C once more ends that\n"
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=20)
    assert running.returncode == INTERRUPTED
    assert err.decode() == f"interrupted: {trace} is not written\n"
    assert not trace.exists()


def test_replications_that_are_over_are_kept_of_those_that_run_together() -> None:
    """The first ones, up to one that is not over; they are what they would have been alone."""
    link = models.Link(traffic=models.Poisson(rate_pps=90, size=500), line=models.Line(512_000))
    runs = _Runs((link,), np.random.SeedSequence(3), "counters")
    looks = 0

    def watch() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise KeyboardInterrupt

    until = 10**13
    with pytest.raises(KeyboardInterrupt):
        runs.extend(60, until, 0, 1, watch)
    whole = runs.cut(until)
    kept = runs.results()
    assert 0 < kept.replications < 60
    over = kept.columns["elapsed_ns"] == until
    assert over.all() == whole
    if whole:
        alone = models.simulate(link, until=10**4, seed=3, replications=kept.replications)
        assert np.array_equal(kept.columns["latency_mean_ns"], alone.columns["latency_mean_ns"])


@pytest.mark.parametrize(
    ("option", "name", "said"),
    [
        ("--csv", "nowhere/x.csv", "No such file or directory"),
        ("--parquet", ".", "Is a directory"),
        ("--trace", "s.toml/x.json", "Not a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_the_run(
    tmp_path: Path, option: str, name: str, said: str
) -> None:
    """The run would take for ever; what is refused is told at once, with the option and the file."""
    path = tmp_path / "s.toml"
    path.write_text(f"[run]\nuntil = 1e9\n{ENDLESS}", "utf-8")
    done = ndiswan("simulate", path, option, tmp_path / name)
    assert done.returncode == USAGE
    assert f"{option}: expected a file that can be written: " in done.stderr
    assert said in done.stderr


@pytest.mark.parametrize("option", ["--csv", "--parquet", "--trace"])
def test_an_output_is_neither_an_input_nor_another_output(tmp_path: Path, option: str) -> None:
    """By whatever name: the scenario was a table then, and the recorded capture made-up frames."""
    frames = (ROOT / "examples" / "dial-up.pcapng").read_bytes()
    (tmp_path / "dial-up.pcapng").write_bytes(frames)
    line = "line = { rate_bps = 64_000 }"
    text = f'[[link]]\ntraffic = {{ kind = "replay", capture = "dial-up.pcapng" }}\n{line}\n'
    (tmp_path / "s.toml").write_text(text, "utf-8")
    (tmp_path / "s.py").write_text(
        "from ndiswan import models as m\n"
        "flow = m.Replay.from_capture('dial-up.pcapng')\n"
        "links = [m.Link(traffic=flow, line=m.Line(64_000))]\n",
        "utf-8",
    )
    (tmp_path / "other.pcapng").symlink_to("dial-up.pcapng")
    for arguments in (
        ["s.toml", option, "./dial-up.pcapng"],
        ["s.py", option, "other.pcapng"],
        *([["s.toml", option, "s.toml"]] if option != "--trace" else []),
    ):
        done = ndiswan("simulate", *arguments, cwd=tmp_path)
        assert done.returncode == USAGE, arguments
        told = f"{option}: expected a file of its own, got {arguments[2]}, which is read"
        assert told in done.stderr
    done = ndiswan("simulate", "s.toml", "--csv", "a", "--parquet", tmp_path / "a", cwd=tmp_path)
    assert done.returncode == USAGE
    assert done.stderr.endswith("/a, which --csv writes\n")
    assert (tmp_path / "s.toml").read_text("utf-8") == text
    assert (tmp_path / "dial-up.pcapng").read_bytes() == frames
    assert not (tmp_path / "a").exists()
    (tmp_path / "circle").symlink_to("circle")
    done = ndiswan("simulate", "s.toml", "--csv", "circle", cwd=tmp_path)
    assert (done.returncode, "Traceback" in done.stderr) == (USAGE, False)
    done = ndiswan(
        "simulate", "s.toml", "--csv", "/dev/null", "--parquet", "/dev/null", cwd=tmp_path
    )
    assert done.returncode == FINE


def test_a_terminal_shows_how_far_it_is(tmp_path: Path) -> None:
    """On a terminal stderr shows simulated time and events a second; the results do not depend on it."""
    path = tmp_path / "s.toml"
    path.write_text(f"[run]\nuntil = 4\n{ENDLESS.replace('count = 8', 'count = 2')}", "utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "ndiswan", "simulate", str(path), "--json", "--threads", "1"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "COLUMNS": "120", "CI": ""},
    ) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                some = os.read(ours, 4096)
            except OSError:  # how Linux says that the other end is closed
                break
            if not some:
                break
            shown += some
        assert running.stdout is not None
        document = running.stdout.read()
    os.close(ours)
    assert b" of 4.0 s, " in shown
    assert b"/s" in shown
    assert document.decode() == ndiswan("simulate", path, "--json", "--threads", "1").stdout
