"""What a search came to: its failures, each once, and what was suggested to it."""

from __future__ import annotations

import pytest

import ndiswan as nw
from exploring_targets import Modem, careless
from ndiswan._native import explorers
from ndiswan.exploring.stepping.walk import Walk
from ndiswan.exploring.workload import workload

FOUND = nw.explore(careless, explorer="random", seed=3, executions=5000).failures[0].choices


@pytest.mark.parametrize("explorer", explorers())
def test_what_is_suggested_is_tried_first(explorer: str) -> None:
    """Whoever the explorer is: he that could not have found it in one execution finds it in the first."""
    found = nw.explore(careless, explorer=explorer, suggest=[[], FOUND], executions=3, shrinking=0)
    assert [failure.rule for failure in found.failures] == ["DOUBLE"]
    assert found.executions == 2
    assert not found.exhausted


def test_suggestions_are_executions_and_the_explorer_goes_on_behind_them() -> None:
    """They count in the budget, and no certificate has them."""

    def scenario(ndis):
        ndis.choose(2, "weather")

    found = nw.explore(scenario, explorer="bounded", suggest=[[(2, 1)]] * 3, executions=100)
    assert found.executions == 5
    assert (
        found.certificate == "exhausted up to 0 preemptions in 2 executions; no execution has more"
    )


class Serialized(Modem):
    """One at a time, so it may complete in its halt what its timers had to."""

    serialized = True

    def halt(self):
        for timer in self.timers:
            timer.cancel()
        with self.adapter.at(nw.Irql.DISPATCH):
            self.sent()

    def reset(self):
        self.queue.clear()  # NDIS gives up what was out
        return nw.SUCCESS


class Forgets(Serialized):
    """Forgets what it has when its line goes down."""

    def hang_up(self, link):
        self.queue.clear()
        self.adapter.line_down(link)


class PaysFirst(Forgets):
    """Completes it before."""

    def hang_up(self, link):
        self.sent()
        self.adapter.line_down(link)


class ForgetsBeyondTwo(Serialized):
    """Keeps two packets, as its window says, and forgets a third."""

    info = nw.WanInfo(max_frame_size=1500, max_transmit=2)

    def wan_send(self, link, packet):
        return nw.PENDING if len(self.queue) == 2 else super().wan_send(link, packet)


def test_the_workload_takes_the_line_of_a_driver_in_python_down_and_up() -> None:
    """By its own `hang_up(link)`, as its DPC, with sends in flight; what waits for the line is sent at the end."""
    found = nw.explore(workload(Forgets), seed=1, executions=1000)
    (failure,) = found.failures
    assert failure.rule in {"LATE", "LOST"}
    assert "line down" in [
        question.answers[question.chosen] for question in Walk(failure.replay()).questions
    ]
    assert not nw.explore(workload(PaysFirst), seed=1, executions=2000).failures


def test_the_workload_gives_lines_other_windows() -> None:
    """A driver that relies on the window that it asked for is given more than that."""
    found = nw.explore(workload(ForgetsBeyondTwo), seed=1, executions=8000)
    (failure,) = found.failures
    assert failure.rule in {"LATE", "LOST"}
    answers = [question.what for question in Walk(failure.replay()).questions]
    assert "window" in answers
