"""Interrupt request levels: the numbers, raising and lowering, and one level for each thread."""

import pickle
import threading

import pytest

import ndiswan as nw
from ndiswan import Irql
from rigs import Instant, bound


@pytest.fixture
def adapter():
    """An adapter to raise and lower with."""
    with nw.Ndis() as ndis:
        yield bound(ndis, Instant())[2].adapter


def test_the_levels_have_their_numbers():
    """Those of wdm.h; the device levels between the first and HIGH are members without an attribute."""
    assert [(level.name, int(level)) for level in Irql] == [
        ("PASSIVE", 0),
        ("APC", 1),
        ("DISPATCH", 2),
        ("DIRQL", 3),
        ("HIGH", 31),
    ]
    assert Irql(5) is Irql(5)
    assert (Irql(5).name, int(Irql(5))) == ("DIRQL_5", 5)
    assert Irql.DISPATCH < Irql.DIRQL < Irql(7) < Irql.HIGH
    assert pickle.loads(pickle.dumps(Irql(9))) is Irql(9)


@pytest.mark.parametrize("wrong", [-1, 32, "PASSIVE", None, 2.5])
def test_there_are_no_other_levels(wrong):
    """ValueError, as for any enum."""
    with pytest.raises(ValueError, match="Irql"):
        Irql(wrong)


def test_a_level_is_raised_and_lowered(adapter):
    """`raise_irql` gives the level before, `lower_irql` takes it; the levels are members of `Irql`."""
    assert adapter.irql is Irql.PASSIVE
    before = adapter.raise_irql(Irql.DIRQL)
    assert (before, adapter.irql) == (Irql.PASSIVE, Irql.DIRQL)
    assert adapter.raise_irql(17) is Irql.DIRQL
    assert adapter.irql is Irql(17)
    adapter.lower_irql(before)
    assert adapter.irql is Irql.PASSIVE


def test_a_block_goes_back_by_itself(adapter):
    """`with adapter.at(level)` lowers at its end, an exception included, and can be nested and used again."""
    high = adapter.at(Irql.HIGH)
    with adapter.at(Irql.DISPATCH) as before, high as between:
        assert (before, between, adapter.irql) == (Irql.PASSIVE, Irql.DISPATCH, Irql.HIGH)
    with pytest.raises(ZeroDivisionError), high:
        raise ZeroDivisionError
    assert adapter.irql is Irql.PASSIVE
    with adapter.at(Irql.PASSIVE):
        assert adapter.irql is Irql.PASSIVE


@pytest.mark.parametrize("wrong", [-1, 32, 2**40])
def test_a_number_that_is_no_level_is_refused(adapter, wrong):
    """The error names the range."""
    for call in (adapter.raise_irql, adapter.lower_irql, adapter.at):
        with pytest.raises(ValueError, match="expected an IRQL of 0 to 31"):
            call(wrong)
    with pytest.raises(TypeError):
        adapter.raise_irql("HIGH")


def test_raising_down_and_lowering_up_are_reported(adapter):
    """Each goes in its own direction; the level stays."""
    with adapter.at(Irql.DISPATCH):
        for wrong in (
            lambda: adapter.raise_irql(Irql.PASSIVE),
            lambda: adapter.lower_irql(Irql.DIRQL),
            lambda: adapter.at(Irql.PASSIVE).__enter__(),
        ):
            with pytest.raises(nw.IrqlViolation, match="IRQL_LEAK"):
                wrong()
            assert adapter.irql is Irql.DISPATCH


def test_a_lock_keeps_the_level_up(adapter):
    """Lowering below DISPATCH with a spin lock held is IRQL_LEAK."""
    with adapter.spin_lock():
        with pytest.raises(nw.IrqlViolation, match=r"with 1 spin lock\(s\) held"):
            adapter.lower_irql(Irql.PASSIVE)
        assert adapter.irql is Irql.DISPATCH


def test_each_thread_is_a_cpu_of_its_own(adapter):
    """A thread begins at PASSIVE, whatever another one is at."""
    levels = []
    with adapter.at(Irql.DISPATCH):
        thread = threading.Thread(target=lambda: levels.append(adapter.irql))
        thread.start()
        thread.join()
    assert levels == [Irql.PASSIVE]


def test_a_handler_that_ends_lower_is_found_too():
    """A timer that lowers below the level at which it was called is IRQL_LEAK, and the level is put right."""

    class Lowers(Instant):
        def initialize(self):
            self.timer = self.adapter.timer(lambda: self.adapter.lower_irql(Irql.PASSIVE))

    with nw.Ndis() as ndis:
        miniport = bound(ndis, Lowers())[2]
        miniport.timer.set(1.0)
        with pytest.raises(
            nw.IrqlViolation, match="entered at DISPATCH_LEVEL and returned at PASSIVE"
        ):
            ndis.run()
        assert miniport.adapter.irql is Irql.PASSIVE


def test_nobody_waits_for_dpcs_above_passive(adapter):
    """KeFlushQueuedDpcs is for PASSIVE_LEVEL: such a routine may be waiting for the caller. It said that none runs."""
    assert adapter.flush_dpcs()
    with adapter.at(Irql.DISPATCH), pytest.raises(nw.IrqlViolation, match=r"IRQL_CALL.*flush_dpcs"):
        adapter.flush_dpcs()


def test_a_thread_that_ends_raised_is_told_and_put_right():
    """What a spawned function leaves behind is no matter of who comes after it on the same thread."""
    with nw.Ndis(on_violation="record") as ndis:
        adapter = bound(ndis)[2].adapter
        ndis.spawn(adapter.raise_irql, Irql.DISPATCH)
        ndis.run()
        assert [found.rule for found in ndis.violations] == ["IRQL_LEAK"]
        assert adapter.irql == Irql.PASSIVE
