"""The greenlets of virtual CPUs: they are made once a thread, and bring nothing along from one world to the next."""

import contextvars
import gc
import subprocess
import sys
import threading
import weakref

import greenlet

import ndiswan as nw
from ndiswan._stacks import spare
from ndiswan.zoo.drivers import Modem
from ndiswan.zoo.plays import Peer

seen: contextvars.ContextVar[int] = contextvars.ContextVar("seen", default=0)


def two_cpus(ndis, driver=Modem):
    """The card's interrupts run on the other one."""
    link = ndis.bind(Peer(), driver(ndis))
    for _ in range(4):
        link.send(b"frame")
    ndis.run()


def explored(scenario=two_cpus, executions=20):
    """What a search comes to."""
    return nw.explore(scenario, explorer="random", seed=1, executions=executions)


def test_one_greenlet_serves_one_world_after_the_other():
    """To make one takes as long as a tenth of a short execution."""
    spare.greenlets.clear()
    assert explored().executions == 20
    (waiting,) = spare.greenlets  # the other CPU is the thread's own stack
    assert explored().executions == 20
    assert spare.greenlets == [waiting]


def test_what_a_driver_sets_of_the_context_is_gone_in_the_next_world():
    """A driver that counts in a context variable would be another one in each execution."""
    counted = []

    class Counts(Modem):
        def isr(self):
            seen.set(seen.get() + 1)
            counted.append((greenlet.getcurrent() is own, seen.get()))
            return super().isr()

    def scenario(ndis):
        counted.clear()
        two_cpus(ndis, Counts)
        most.append(max((count for here, count in counted if not here), default=0))

    own, most = greenlet.getcurrent(), []
    assert explored(scenario, 60).nondeterministic == []
    assert 0 < max(most) <= 8  # and not 60 times as many


def test_nothing_of_a_world_is_kept_by_who_waits():
    """A driver and its world are freed when their execution is over."""
    kept = []

    class Kept(Modem):
        def initialize(self):
            super().initialize()
            kept.append(weakref.ref(self))

    explored(lambda ndis: two_cpus(ndis, Kept))
    gc.collect()
    assert len(kept) > 10
    assert [one() for one in kept if one()] == []


def test_a_greenlet_that_waits_serves_who_runs_in_another_greenlet():
    """It goes on with who made the world, not with who made it."""
    explored()
    assert greenlet.greenlet(explored).switch().executions == 20
    assert explored().executions == 20


def test_each_thread_has_its_own():
    """A greenlet can be switched to in its own thread only."""
    explored()
    mine, theirs = list(spare.greenlets), []

    def other():
        explored()
        theirs.extend(map(id, spare.greenlets))

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert len(theirs) == 1
    assert theirs[0] not in map(id, mine)
    assert spare.greenlets == mine
    assert explored().executions == 20


AT_THE_END = """
import threading
import ndiswan as nw
from ndiswan.zoo import ENTRIES

def explore():
    print(nw.explore(ENTRIES["double-shared-list"].twin, seed=1, executions=30).executions)

explore()
thread = threading.Thread(target=explore)
thread.start()
thread.join()
explore()
"""


def test_threads_and_the_interpreter_end_while_greenlets_wait():
    """Nothing is said, and nobody hangs."""
    ran = subprocess.run(
        [sys.executable, "-X", "dev", "-c", AT_THE_END],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, ran.stdout.split(), ran.stderr) == (0, ["30"] * 3, "")


def test_ctrl_c_finds_no_place_of_ours_where_it_would_be_lost():
    """Neither what ends a world nor what a virtual CPU begins with is in Python: no driver runs there."""
    lost = []

    def note(frame, event, _):
        name, begins = frame.f_code.co_qualname, frame.f_back is None
        if event == "call" and (begins or name.endswith("__del__")):
            lost.append(name)

    def begins():
        """As the seen one."""

    spare.greenlets.clear()
    before = sys.getprofile()
    sys.setprofile(note)
    try:
        greenlet.greenlet(begins).switch()
        explored(executions=5)
    finally:
        sys.setprofile(before)
    drivers = ("Modem.", "_Line.")  # what is raised there is kept, and told
    assert {name for name in lost if not name.startswith(drivers)} == {begins.__qualname__}


def test_two_cpus_may_take_views_of_one_packet():
    """An explorer may have the other one go on while the first takes its view, which was a panic."""
    views = []

    def looks(data):
        with memoryview(data) as view:
            views.append(bytes(view))

    def scenario(ndis):
        data = ndis.bind(Peer(), Modem(ndis)).packet(b"frame").data
        ndis.spawn(looks, data)
        ndis.spawn(looks, data)
        ndis.run()

    found = nw.explore(scenario, explorer="bounded", seed=1, executions=300)
    assert (found.failures, found.nondeterministic) == ([], [])
    assert set(views) == {b"frame"}
