"""Polling by several hands, in which no timer sets itself; and what a halt may wait for."""

import pytest

import ndiswan as nw
from ndiswan.drivers import load
from ndiswan.exploring import Search
from ndiswan.exploring.workload import workload
from test_c_kernel import HARNESS
from test_polls import PERIOD, Polls


class ByTwoHands(Polls):
    """The timer has a DPC look, and that sets the timer again: no timer is set inside of its own function."""

    def initialize(self):
        self.dpc = self.adapter.dpc(self.look)
        super().initialize()
        self.timer = self.adapter.timer(self.dpc.queue)
        self.timer.set(PERIOD)


class WithTwoTimers(Polls):
    """Two timers that set each other."""

    def initialize(self):
        super().initialize()
        again = self.adapter.timer(self.look)
        self.timer, self.other = self.adapter.timer(lambda: again.set(PERIOD)), again
        self.timer.set(PERIOD)

    def halt(self):
        super().halt()
        self.other.cancel()


@pytest.mark.parametrize("kind", [ByTwoHands, WithTwoTimers])
def test_polling_by_several_hands_is_polling(kind):
    """A run ends, a packet that it brings back is waited for, and no explorer calls it endless."""
    driver = kind(done=50)
    with nw.Ndis() as ndis:
        link = ndis.bind(nw.Protocol(), driver)
        for _ in range(3):
            link.send(b"frame")
            ndis.run()
            assert link.outstanding == 0
        assert driver.looks < 5_000
        assert ndis.wait(lambda: driver.looks >= 10_000, 100)
    found = Search(workload(kind), seed=1).run(30, 60, stop=False)
    assert "ENDLESS" not in {failure.rule for failure in found.failures}
    assert found.executions == 30


def test_what_was_set_from_outside_is_waited_for_however_much_polls():
    """A timer of the scenario's comes, also behind a thousand looks; and one that was set between two runs."""
    driver, rang = ByTwoHands(), []
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver)
        alarm = driver.adapter.timer(lambda: rang.append(ndis.now))
        for count in (1, 2):
            alarm.set(30.0)
            ndis.run()
            assert len(rang) == count


def test_a_chain_of_timers_that_stands_still_is_no_polling():
    """Where the clock does not go on, it is an endless loop, and told as one."""

    class StandsStill(WithTwoTimers):
        def initialize(self):
            again = self.adapter.timer(lambda: self.timer.set(0))
            self.timer, self.other = self.adapter.timer(lambda: again.set(0)), again

        def wan_send(self, link, packet):
            self.timer.set(0)
            return nw.SUCCESS

        def halt(self):
            self.timer.cancel()
            self.other.cancel()

    def scenario(ndis):
        ndis.bind(nw.Protocol(), StandsStill()).send(b"frame")
        ndis.run()

    found = nw.explore(scenario, executions=1, max_points=2_000)
    assert [failure.rule for failure in found.failures] == ["ENDLESS"]


HALT_WAITS = 'while (Busy) NdisMSleep(1000); DbgPrint("idle\\n");'
WORK = """
static NDIS_WORK_ITEM Item;
static volatile LONG Busy;
static VOID Work(PNDIS_WORK_ITEM Of, PVOID Context) { Busy = 0; }
"""
SCHEDULE = "Busy = 1; NdisInitializeWorkItem(&Item, Work, NULL); NdisScheduleWorkItem(&Item);"


def test_a_halt_may_wait_for_a_work_item_of_before(tmp_path):
    """What the driver scheduled and did not begin yet runs while its halt sleeps, as on a machine."""
    source = tmp_path / "works.c"
    text = HARNESS.replace("@GLOBALS@", WORK).replace("@HALT@", HALT_WAITS)
    source.write_text(text.replace("@BODY@", SCHEDULE))
    driver = load(source)
    with nw.Ndis() as ndis:
        ndis.bind(nw.Protocol(), driver)
    assert driver.printed == ["idle\n"]
