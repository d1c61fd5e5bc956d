"""What is the case at a question of an execution."""

from __future__ import annotations

import pytest

import ndiswan as nw


def watched(seconds):
    """A scenario of a driver whose watchdog waits for so long."""

    class Watched(nw.Miniport):
        serialized = False

        def initialize(self):
            self.lock = self.adapter.spin_lock("driver")
            self.timer = self.adapter.timer(self.given_up)

        def given_up(self):
            with self.lock:
                pass

        def wan_send(self, link, packet):
            with self.lock:
                self.timer.set(seconds)
            return nw.SUCCESS

    def scenario(ndis):
        ndis.bind(nw.Protocol(), Watched()).send(b"x")
        ndis.run()

    return scenario


@pytest.mark.parametrize("seconds", [0.001, 4.3, 3600])
def test_a_timer_may_wait_for_more_than_32_bits_of_nanoseconds(seconds):
    """Columns of large numbers are doubles; what they point to is found all the same, at each question."""
    stepper = nw.Stepper(watched(seconds))
    events = []
    while stepper.at < len(stepper):
        assert set(stepper.locks.values()) <= {0, 1}
        assert stepper.cpus
        stepper.forward()
        events += stepper.events
    assert all(isinstance(event.time_ns, int) for event in events)
    assert 'NdisAcquireSpinLock(lock "driver")' in {event.words for event in events}
