"""Delivery in real time: whatever threads send, complete and close, each send is answered exactly once."""

import threading
import time
from collections import Counter

import pytest

import ndiswan as nw
from drivers import deferred, immediate, threaded, timed


class Counting(nw.Protocol):
    """Counts how often each send comes back."""

    def __init__(self):
        self.back = Counter()

    def send_complete(self, packet, status):
        self.back[packet.protocol_reserved[0]] += 1


def a_packet(link, data):
    """A packet of the pool, as soon as there is one."""
    for _ in range(20_000):
        try:
            return link.packet(data)
        except RuntimeError:
            time.sleep(0.0005)
    raise TimeoutError("the pool stays exhausted")


def flood(link, thread, sends, answers):
    """What one sending thread does."""
    for number in range(sends):
        packet = a_packet(link, b"%d.%d" % (thread, number))
        packet.protocol_reserved[0] = (thread, number)
        answers[thread, number] = link.send(packet)
        del packet


THREADED = [
    immediate.Inline,
    immediate.Early,
    immediate.SerializedEarly,
    deferred.Deferred,
    deferred.SerializedDeferred,
    timed.SerializedTimed,
    threaded.Threads,
    threaded.SerializedThread,
]


def send_from_four_threads(ndis, driver, sends, during=lambda: None):
    """Four threads send at once; what the sends were answered, and what came back."""
    protocol, answers = Counting(), {}
    link = ndis.bind(protocol, driver(8), packets=64)
    threads = [threading.Thread(target=flood, args=(link, n, sends, answers)) for n in range(4)]
    for thread in threads:
        thread.start()
    during()
    for thread in threads:
        thread.join()
    return answers, protocol


@pytest.mark.parametrize("delivery", ["inline", "queued"])
@pytest.mark.parametrize("driver", THREADED, ids=lambda driver: driver.__name__)
def test_four_threads_lose_and_double_nothing(driver, delivery):
    """2,000 sends from four threads in real time: each is answered exactly once, by its return or by its completion."""
    with nw.Ndis(time=nw.RealTime(), delivery=delivery) as ndis:
        answers, protocol = send_from_four_threads(ndis, driver, 500)
        ndis.run()
        pending = [key for key, answer in answers.items() if answer == nw.PENDING]
        assert protocol.back == Counter(pending)
        assert len(answers) == 2000
    assert ndis.violations == []


@pytest.mark.parametrize("delivery", ["inline", "queued"])
@pytest.mark.parametrize("driver", THREADED, ids=lambda driver: driver.__name__)
@pytest.mark.parametrize("after", [0.0, 0.002, 0.01])
def test_a_halt_in_the_middle_of_sends_loses_nothing(driver, delivery, after):
    """The Ndis is closed while four threads send: every send that was answered PENDING still comes back once."""
    ndis = nw.Ndis(time=nw.RealTime(), delivery=delivery, on_violation="record")

    def close():
        threading.Event().wait(after)
        ndis.close()

    answers, protocol = send_from_four_threads(ndis, driver, 100, close)
    pending = [key for key, answer in answers.items() if answer == nw.PENDING]
    assert protocol.back == Counter(pending)
    assert {violation.rule for violation in ndis.violations} <= {"HALT", "LINE", "HANDLE"}
