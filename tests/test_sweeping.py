"""Sweeps: the same results whoever computes them, and whatever was there before."""

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from clusters import cluster
from ndiswan import models
from ndiswan.campaign import WorkerDiedError

GRID = {"rate_pps": [100, 300], "window": [1, 2, 8]}
TIMES = {"until": 4, "warmup": 0.5, "seed": 11}


def make(rate_pps, window):
    """Two links, of which one stands for three."""
    flow = models.Poisson(rate_pps=rate_pps, size=models.UniformSize(64, 800))
    line = models.Line(rate_bps=1_544_000, loss=models.BitErrors(1e-6))
    one = models.Link(traffic=flow, line=line, window=window, name="one")
    return [one, models.Link(traffic=flow, line=line, window=window, count=3, name="three")]


@pytest.fixture(scope="module")
def serial():
    """The sweep as one process does it, four replications."""
    return models.sweep(make, GRID, replications=4, executor="serial", **TIMES)


def same(one, other):
    """Whether two sweeps are the same to the bit: columns, means and histograms."""
    for mine, theirs in (one.columns, other.columns), (one.means.columns, other.means.columns):
        assert list(mine) == list(theirs)
        for name, column in mine.items():
            np.testing.assert_array_equal(column, theirs[name], name)
    for n in range(len(one.points)):
        for name in one.names[n]:
            for stage, histogram in one[n][name].items():
                again = other[n][name][stage]
                np.testing.assert_array_equal(histogram.low, again.low)
                np.testing.assert_array_equal(histogram.counts, again.counts)
                assert histogram.sum == again.sum
    return True


def test_a_grid_is_every_combination(serial):
    """A row for each point, replication and link, the last parameter fastest, the parameters in front."""
    columns = serial.columns
    assert len(serial) == 6 * 4 * 4
    assert list(columns)[:5] == ["point", "rate_pps", "window", "link", "replication"]
    assert columns["window"][::16].tolist() == [1, 2, 8, 1, 2, 8]
    assert columns["rate_pps"][::16].tolist() == [100, 100, 100, 300, 300, 300]
    assert columns["link"][:4].tolist() == ["one", "three", "three", "three"]
    assert columns["replication"][:16:4].tolist() == [0, 1, 2, 3]


def test_each_point_is_what_simulate_measures(serial):
    """The results of a point are those of `simulate` with the same seed: the luck is the same at every point."""
    for n, point in enumerate(serial.points):
        alone = models.simulate(make(**point), replications=4, **TIMES)
        for name, column in alone.columns.items():
            np.testing.assert_array_equal(column, serial[n].columns[name], name)
    offered = serial.columns["offered"].reshape(6, -1)
    assert (offered[:3] == offered[0]).all()
    assert serial.at(rate_pps=300, window=2)["one"]["latency"].count > 0
    with pytest.raises(KeyError, match="expected one point with window=2, got 2"):
        serial.at(window=2)


def test_means_have_their_intervals(serial):
    """A row for each point and name, with the interval that the results of the point have."""
    means = serial.means.columns
    assert means["link"].tolist() == ["one", "three"] * 6
    for row in range(12):
        interval = serial[row // 2].interval("latency", means["link"][row])
        assert means["latency_mean_ns"][row] == interval.mean
        assert means["latency_mean_ns_half_width"][row] == interval.half_width > 0


@pytest.mark.parametrize("executor", ["processes", "threads"])
def test_workers_compute_what_one_process_computes(serial, executor):
    """Processes and threads give the same, to the bit."""
    same(models.sweep(make, GRID, replications=4, executor=executor, jobs=3, **TIMES), serial)


def test_any_executor_will_do(serial):
    """Pools of the standard library give the same; what `make` is, does not travel."""
    with ThreadPoolExecutor(2) as threads:
        closure = lambda **point: make(**point)  # noqa: E731, PLW0108 -- processes could not take it
        same(models.sweep(closure, GRID, replications=4, executor=threads, **TIMES), serial)
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:
        same(models.sweep(closure, GRID, replications=4, executor=processes, **TIMES), serial)


def test_a_cluster_of_which_a_worker_is_killed_computes_the_same(serial, tmp_path):
    """A real Dask scheduler and two worker processes, one of which is killed half-way, give the same."""
    with cluster(tmp_path) as (address, workers):
        killed = []

        def tell(progress):
            if progress.done and not killed:
                killed.append(progress.done)
                workers[-1].send_signal(signal.SIGKILL)

        there = models.sweep(
            make, GRID, replications=4, executor=f"dask:{address}", jobs=2, progress=tell, **TIMES
        )
        assert killed
        from distributed import Client

        with Client(address) as client:
            again = models.sweep(
                make, GRID, replications=4, executor=client.get_executor(), **TIMES
            )
    same(there, serial)
    same(again, serial)


def test_a_sweep_goes_on_where_it_was(serial, tmp_path):
    """Interrupted, it keeps what was done; begun again, it computes only the rest, and gives the same."""

    def stop(progress):
        if progress.done >= 5:
            raise KeyboardInterrupt

    options = {**TIMES, "executor": "serial", "directory": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        models.sweep(make, GRID, replications=4, progress=stop, **options)
    told = []
    same(models.sweep(make, GRID, replications=4, progress=told.append, **options), serial)
    assert 5 <= told[0].kept == told[0].done < 24
    assert told[-1].done == told[-1].total == 24
    assert not list(tmp_path.glob("*.part"))


def test_a_folder_serves_more_points_and_more_replications(serial, tmp_path):
    """What is there is taken for another grid, in another order, and for more or fewer replications."""
    options = {**TIMES, "directory": tmp_path, "executor": "threads"}
    models.sweep(make, {**GRID, "window": [2]}, replications=3, **options)
    told = []
    whole = models.sweep(make, GRID, replications=4, progress=told.append, **options)
    assert (told[0].kept, told[0].total) == (6, 24)
    same(whole, serial)
    turned = [{"window": 8, "rate_pps": 300}, {"window": 1, "rate_pps": 100}]
    fewer = models.sweep(make, turned, replications=2, progress=told.append, **options)
    assert told[-1].kept == told[-1].total == 4
    np.testing.assert_array_equal(
        fewer[0].columns["sent"], serial.at(rate_pps=300, window=8).columns["sent"][:8]
    )
    other = models.sweep(
        make, turned, replications=2, progress=told.append, **{**options, "seed": 1}
    )
    assert told[-1].kept == 0
    assert (other.columns["sent"] != fewer.columns["sent"]).any()


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "exchanged"])
def test_a_damaged_file_is_computed_again(serial, tmp_path, damage):
    """A file that was cut, changed in a bit, emptied or exchanged is put aside and told; the results are the same."""
    options = {**TIMES, "directory": tmp_path, "executor": "serial"}
    models.sweep(make, GRID, replications=4, **options)
    files = sorted(tmp_path.glob("*.npz"))
    content = bytearray(files[3].read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    elif damage == "flipped":
        content[len(content) // 2] ^= 1
    elif damage == "empty":
        content.clear()
    else:
        np.savez(files[3], check=np.zeros(16, np.uint8))
        content = bytearray(files[3].read_bytes())
    files[3].write_bytes(content)
    with pytest.warns(models.DamagedFileWarning, match=rf"{files[3].name}: cannot be read"):
        again = models.sweep(make, GRID, replications=4, **options)
    same(again, serial)
    assert files[3].with_name(f"{files[3].name}.damaged").read_bytes() == bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        same(models.sweep(make, GRID, replications=4, **options), serial)


def test_progress_says_how_long_it_takes():
    """It is told from nothing to everything, with the time left; in between it never goes back."""
    told = []
    models.sweep(make, GRID, replications=2, executor="serial", progress=told.append, **TIMES)
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert (done[0], done[-1], told[-1].left) == (0, 12, 0)
    assert math.isnan(told[0].left)
    assert all(progress.left >= 0 for progress in told[1:])
    assert re.fullmatch(r"12 of 12 \(100%\), [\d,]+ s, 0 s left", str(told[-1]))


def test_progress_is_printed_on_request(capsys):
    """`progress=True` says at the end what was done, on stderr, where no terminal is."""
    models.sweep(make, GRID, executor="serial", progress=True, **TIMES)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("6 of 6 (100%)")


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({}, "points: expected at least one point"),
        ([], "points: expected at least one point"),
        ({"window": 4}, "expected a list of values, got 4"),
        ({"window": "18"}, "expected a list of values, got '18'"),
        ([{"window": 1}, {"windw": 1}], r"points\[1\]: expected the parameters of the first"),
        ({"queued": [1]}, "a parameter's name that is no column's, got 'queued'"),
    ],
    ids=str,
)
def test_points_that_are_none_are_refused(points, message):
    """Each error says what was expected."""
    with pytest.raises((ValueError, TypeError), match=message):
        models.sweep(lambda **_: make(100, 1), points, until=1, executor="serial")


def test_an_error_names_the_point():
    """What `make` raises, and what the engine does not take, comes before anything runs, with a note of the point."""

    def broken(mtu):
        line = models.Line(rate_bps=1_000_000, mtu=mtu)
        return models.Link(traffic=models.Cbr(rate_pps=1, size=9000), line=line)

    with pytest.raises(ValueError, match="mtu") as raised:
        models.sweep(broken, {"mtu": [9000, 1500]}, until=1, executor="serial")
    assert raised.value.__notes__ == ["at the point mtu=1500"]
    endless = {"rate_pps": [100], "window": [1]}
    with pytest.raises(ValueError, match="does not end by itself") as raised:
        models.sweep(make, endless, executor="serial")
    assert raised.value.__notes__ == ["at the point rate_pps=100, window=1"]


def test_ctrl_c_ends_threads():
    """What a thread has begun ends within a second, too, though it would take a minute."""

    def slow(rate_pps):
        return models.Link(
            traffic=models.Poisson(rate_pps=rate_pps, size=100), line=models.Line(rate_bps=10**9)
        )

    def stop(progress):
        if progress.seconds > 0.2:
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        models.sweep(
            slow, {"rate_pps": [1e6] * 4}, until=1e4, executor="threads", jobs=2, progress=stop
        )
    assert time.monotonic() - begun < 20
    assert not [t for t in threading.enumerate() if t.name.startswith("ndiswan sweep")]


SCRIPT = """
from ndiswan import models

def make(window):
    flow = models.Poisson(rate_pps=1e6, size=100)
    return models.Link(traffic=flow, line=models.Line(rate_bps=10**9), window=window)

def tell(progress):
    print(progress.done, flush=True)

if __name__ == "__main__" or {unguarded}:
    models.sweep(make, {{"window": [1, 2, 3, 4]}}, until={until}, jobs=2, progress=tell)
"""


def alive_in(group):
    """The processes of a group that have not ended."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, of = status.read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                found.append(status.parent.name)
    return found


def test_ctrl_c_ends_processes(tmp_path):
    """Ctrl-C to the whole group ends a sweep of minutes at once, and no worker is left."""
    (tmp_path / "slow.py").write_text(SCRIPT.format(unguarded=False, until=1e4))
    process = subprocess.Popen(
        [sys.executable, "slow.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Who runs the tests may have told their children to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    try:
        assert process.stdout.readline() == "0\n"
        time.sleep(3)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert "KeyboardInterrupt" in told
    end = time.monotonic() + 10
    while alive_in(process.pid) and time.monotonic() < end:
        time.sleep(0.1)
    assert alive_in(process.pid) == []


def test_a_script_without_a_guard_is_told_what_it_needs(tmp_path):
    """Processes read the script again; one that sweeps then, too, fails with what to write."""
    (tmp_path / "bare.py").write_text(SCRIPT.format(unguarded=True, until=0.001))
    ran = subprocess.run(
        [sys.executable, "bare.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert (
        "WorkerDiedError: expected an answer, but 3 processes ended in the middle of the sweep at"
        in ran.stderr
    )
    assert "executor='threads' needs none" in ran.stderr


def die():
    """End this process without a word."""
    os._exit(3)


def test_a_pool_that_breaks_is_told(tmp_path):
    """An executor that was given cannot be opened again: what is kept is said not to be lost."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        pool.submit(die)
        with pytest.raises(WorkerDiedError, match="a process of the given ProcessPoolExecutor"):
            models.sweep(make, GRID, executor=pool, directory=tmp_path, **TIMES)


def test_columns_of_parameters_are_what_they_hold():
    """Numbers, booleans and text are columns of that; whatever else is an object, and text elsewhere."""
    points = [
        {"n": 1, "x": 0.5, "on": True, "text": "a", "card": models.simple(), "mixed": 1},
        {"n": 2, "x": 1, "on": False, "text": "bc", "card": models.batching(4), "mixed": None},
    ]

    def link(card, **_):
        return models.Link(
            traffic=models.Cbr(rate_pps=9, size=99), line=models.Line(rate_bps=10**6), card=card
        )

    swept = models.sweep(link, points, until=1, executor="serial")
    kinds = {name: swept.columns[name].dtype.kind for name in points[0]}
    assert kinds == {"n": "i", "x": "f", "on": "b", "text": "U", "card": "O", "mixed": "O"}
    pyarrow = pytest.importorskip("pyarrow")
    assert pyarrow.table(swept)["mixed"].to_pylist() == ["1", "None"]


def test_a_sweep_is_shown_as_a_table(serial):
    """Printed and in a notebook: a row for each point and link, with units and intervals."""
    lines = str(serial).splitlines()
    assert lines[0].split()[:3] == ["rate_pps", "window", "link"]
    assert re.search(r"^ +100 +1 +one +[\d.]+ ± [\d.]+ kbit/s ", lines[1])
    assert lines[-1].startswith("6 points, 4 replications of each; ±")
    shown = serial._repr_html_()
    assert shown.count("<tr>") == 13
    assert "<th>window</th>" in shown


def test_parameters_are_text_in_html():
    """A parameter whose name or value is markup cannot do anything in a notebook."""
    points = [{"<b>": "<script>alert(1)</script>"}]
    shown = models.sweep(lambda **_: make(100, 1), points, until=1, executor="serial")._repr_html_()
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_two_sweeps_of_one_process_may_have_one_folder(tmp_path, serial):
    """Each comes to the whole, whoever kept a file first."""
    options = {"replications": 4, "executor": "serial", "directory": tmp_path, **TIMES}
    with ThreadPoolExecutor(2) as both:
        running = [both.submit(models.sweep, make, GRID, **options) for _ in range(2)]
        for swept in running:
            same(swept.result(), serial)
    assert not list(tmp_path.glob("*.part"))
