"""Spin locks: two forms, the level they remember, their order, and threads that wait for them."""

import threading

import pytest

import ndiswan as nw
from ndiswan import Irql
from rigs import bound


@pytest.fixture
def adapter():
    """An adapter to make locks of."""
    with nw.Ndis() as ndis:
        yield bound(ndis)[2].adapter


def test_a_lock_raises_to_dispatch_and_remembers_the_level_before(adapter):
    """The plain form: acquire raises, release goes back; `with` is the same."""
    lock = adapter.spin_lock("queue")
    assert (lock.name, lock.held, adapter.irql) == ("queue", False, Irql.PASSIVE)
    with adapter.at(Irql.APC):
        lock.acquire()
        assert (lock.held, adapter.irql) == (True, Irql.DISPATCH)
        lock.release()
        assert (lock.held, adapter.irql) == (False, Irql.APC)
    with lock as same:
        assert same is lock
        assert adapter.irql == Irql.DISPATCH
    assert adapter.irql == Irql.PASSIVE
    assert "free" in repr(lock)


def test_the_dpr_form_leaves_the_level_alone(adapter):
    """At DISPATCH the Dpr form takes the same lock without touching the level."""
    lock = adapter.spin_lock()
    with adapter.at(Irql.DISPATCH):
        with lock.dpr as same:
            assert same is lock
            assert (lock.held, adapter.irql) == (True, Irql.DISPATCH)
        lock.dpr_acquire()
        lock.dpr_release()
        with lock:
            assert adapter.irql == Irql.DISPATCH
    assert not lock.held


def test_locks_nest_in_one_order(adapter):
    """Several locks may be held; released in reverse order the level comes out right."""
    first, second, third = (adapter.spin_lock(name) for name in ("a", "b", "c"))
    for _ in range(3):
        with first, second, third:
            assert (first.held, second.held, third.held) == (True, True, True)
        with first, third:
            pass
    assert adapter.irql == Irql.PASSIVE


WRONG_USES = {
    "unheld": ("LOCK_UNHELD", ["x.release"]),
    "dpr at passive": ("LOCK_FORM", ["x.dpr_acquire"]),
    "plain at dirql": ("LOCK_FORM", ["raise", "x.acquire"]),
    "the other form": ("LOCK_FORM", ["x.acquire", "x.dpr_release"]),
    "twice": ("LOCK_RECURSION", ["x.acquire", "x.acquire"]),
    "not in reverse": ("LOCK_ORDER", ["x.acquire", "y.acquire", "x.release"]),
}


@pytest.mark.parametrize(("rule", "steps"), WRONG_USES.values(), ids=WRONG_USES)
def test_a_wrong_use_of_a_lock_is_found_at_the_call(rule, steps):
    """Each is the rule it is, raised by the last call and no earlier; close puts right what is left."""
    ndis = nw.Ndis()
    adapter = bound(ndis)[2].adapter
    x, y = adapter.spin_lock("x"), adapter.spin_lock("y")
    calls = {
        "raise": lambda: adapter.raise_irql(Irql.DIRQL),
        "x.acquire": x.acquire,
        "x.release": x.release,
        "x.dpr_acquire": x.dpr_acquire,
        "x.dpr_release": x.dpr_release,
        "y.acquire": y.acquire,
    }
    for step in steps[:-1]:
        calls[step]()
    with pytest.raises(nw.ContractViolation) as caught:
        calls[steps[-1]]()
    assert caught.value.rule == rule
    if adapter.irql == Irql.PASSIVE:
        ndis.close()
    else:
        with pytest.raises(nw.ContractViolation, match="the Ndis was closed at"):
            ndis.close()


@pytest.mark.parametrize("mode", ["raise", "record"])
def test_an_order_that_can_deadlock_is_found_before_it_does(mode):
    """A → b → c and then c → a is a cycle: the report has both paths."""
    with nw.Ndis(on_violation=mode) as ndis:
        adapter = bound(ndis)[2].adapter
        a, b, c = (adapter.spin_lock(name) for name in "abc")
        with a, b:
            pass
        with b, c:
            pass
        if mode == "raise":
            with pytest.raises(nw.LockViolation, match="LOCK_ORDER"), c, a:
                pass
        else:
            with c, a:
                assert a.held  # what follows goes on as if the order were right
        (violation,) = ndis.violations
        assert violation.rule == "LOCK_ORDER"
        assert 'spin lock "c" -> spin lock "a" was acquired here' in violation.detail
        assert 'spin lock "a" -> spin lock "b" -> spin lock "c" before' in violation.detail
        assert violation.locks == ['spin lock "c"']
        assert (a.held, b.held, c.held, adapter.irql) == (False, False, False, Irql.PASSIVE)


@pytest.mark.parametrize("rule", ["LOCK_RECURSION", "LOCK_FORM"])
def test_a_recorded_mistake_does_not_unbalance_the_lock(rule):
    """In record mode the refused acquire's release is none either, and the lock can be used on."""
    with nw.Ndis(on_violation="record") as ndis:
        adapter = bound(ndis)[2].adapter
        lock = adapter.spin_lock()
        if rule == "LOCK_RECURSION":
            with lock:
                with lock:
                    pass
                assert lock.held
        else:
            with lock.dpr:
                pass
        assert (lock.held, adapter.irql) == (False, Irql.PASSIVE)
        with lock:
            pass
        assert [violation.rule for violation in ndis.violations] == [rule]


def test_a_recorded_order_does_not_end_exclusion():
    """In record mode a lock that is taken out of order waits for the other thread as any acquire does."""
    with nw.Ndis(on_violation="record", time=nw.RealTime()) as ndis:
        adapter = bound(ndis)[2].adapter
        a, b = adapter.spin_lock("a"), adapter.spin_lock("b")
        with a, b:
            pass
        course, taken = [], threading.Event()

        def hold():
            with a:
                taken.set()
                threading.Event().wait(0.05)
                course.append("first")

        thread = threading.Thread(target=hold)
        thread.start()
        assert taken.wait(10)
        with b, a:
            course.append("second")
        thread.join()
        assert course == ["first", "second"]
        assert (a.held, b.held, adapter.irql) == (False, False, Irql.PASSIVE)
    assert [violation.rule for violation in ndis.violations] == ["LOCK_ORDER"]


def test_an_exception_after_a_refused_acquire_does_not_unbalance_the_lock():
    """In record mode the release of a later acquire is one, and a release too many is LOCK_UNHELD."""

    class Raises(nw.Miniport):
        serialized = False
        raises = True

        def wan_send(self, link, packet):
            if self.raises:
                self.lock.dpr_acquire()  # at PASSIVE: refused
                raise ZeroDivisionError
            self.lock.acquire()
            self.lock.release()
            assert not self.lock.held
            self.lock.release()
            return nw.SUCCESS

    miniport = Raises()
    with nw.Ndis(on_violation="record") as ndis:
        link, _, _ = bound(ndis, miniport)
        miniport.lock = miniport.adapter.spin_lock()
        with pytest.raises(ZeroDivisionError):
            link.send(b"frame")
        miniport.raises = False
        assert link.send(b"frame") == nw.SUCCESS
    assert [violation.rule for violation in ndis.violations] == ["LOCK_FORM", "LOCK_UNHELD"]


def test_the_end_of_a_block_releases_what_its_beginning_took():
    """In record mode an inner acquire that was refused, and whose release an exception left out, is none."""
    with nw.Ndis(on_violation="record") as ndis:
        adapter = bound(ndis)[2].adapter
        lock = adapter.spin_lock()
        with lock:
            try:
                lock.acquire()
                raise ZeroDivisionError
            except ZeroDivisionError:
                pass
            assert lock.held
        assert (lock.held, adapter.irql) == (False, Irql.PASSIVE)
        with lock:
            with lock:
                lock.acquire()
                lock.release()
            assert lock.held
        assert (lock.held, adapter.irql) == (False, Irql.PASSIVE)
    assert [violation.rule for violation in ndis.violations] == ["LOCK_RECURSION"] * 3


def test_threads_exclude_each_other():
    """Four threads that count under one lock lose no count, and wait without keeping the interpreter."""
    with nw.Ndis(time=nw.RealTime()) as ndis:
        lock = bound(ndis)[2].adapter.spin_lock("count")
        count, inside = 0, 0

        def work():
            nonlocal count, inside
            for _ in range(500):
                with lock:
                    inside += 1
                    assert inside == 1
                    count += 1
                    inside -= 1

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert count == 2000
    assert ndis.violations == []


def test_the_lock_of_another_thread_is_not_one_s_own():
    """A release by a thread that does not hold the lock is LOCK_UNHELD, and the holder keeps it."""
    with nw.Ndis(on_violation="record") as ndis:
        lock = bound(ndis)[2].adapter.spin_lock()
        with lock:
            thread = threading.Thread(target=lock.release)
            thread.start()
            thread.join()
            assert lock.held
        assert [violation.rule for violation in ndis.violations] == ["LOCK_UNHELD"]


def test_an_exception_unwinds_what_a_handler_took():
    """An exception that leaves a handler with a bare acquire is what is reported; lock and level are put right."""

    class Raises(nw.Miniport):
        serialized = False

        def wan_send(self, link, packet):
            self.lock.acquire()
            self.adapter.raise_irql(Irql.HIGH)
            raise ZeroDivisionError

    miniport = Raises()
    with nw.Ndis() as ndis:
        link, _, _ = bound(ndis, miniport)
        miniport.lock = miniport.adapter.spin_lock()
        for _ in range(2):
            with pytest.raises(ZeroDivisionError):
                link.send(b"frame")
            assert (miniport.lock.held, miniport.adapter.irql) == (False, Irql.PASSIVE)
    assert ndis.violations == []


def test_nobody_waits_for_himself():
    """With verification off a lock taken twice is found all the same: waiting for it would not end."""
    with nw.Ndis(verify=0) as ndis:
        lock = bound(ndis)[2].adapter.spin_lock()
        with lock:
            with pytest.raises(nw.LockViolation, match="LOCK_RECURSION"):
                lock.acquire()
            assert lock.held
        assert not lock.held
