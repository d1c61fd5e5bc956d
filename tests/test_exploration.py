"""What a search came to: its failures, each once, and what was suggested to it."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import pytest

import ndiswan as nw
from exploring_targets import Modem, careless
from ndiswan._native import explorers
from ndiswan.campaign import Store
from ndiswan.exploring import ReplayError, Settings, load
from ndiswan.exploring.answers import said, switches_of
from ndiswan.exploring.stepping.walk import Walk
from ndiswan.exploring.workload import workload
from ndiswan.testing import play

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


def test_a_failure_is_made_small_without_an_end_of_time() -> None:
    """`shrinking=inf` is as long as it takes; it lost what it had found."""
    found = nw.explore(careless, explorer="random", seed=3, executions=5000, shrinking=math.inf)
    assert found.failures[0].switches <= 4


def test_choices_that_do_not_fit_are_said_wherever_they_are_run() -> None:
    """By the stepper, the viewer and `play`: what is shown, or passes, is another execution."""
    (failure,) = nw.explore(careless, suggest=[FOUND], executions=1, shrinking=0).failures
    other = replace(failure, choices=[(3, 2), (7, 6)])
    with pytest.warns(UserWarning, match="choice 1 is one of . here, and one of 3 there"):
        nw.Stepper(other)
    with pytest.warns(UserWarning, match="this is another execution"):
        other.view()
    with pytest.raises(ReplayError, match="nothing is known of what failed then"):
        play(careless, "c1.3-2")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nw.Stepper(failure).symptom == failure.symptom
        play(careless, [])


def test_sizes_and_faults_are_no_switches_and_have_their_names() -> None:
    """The story counts who goes on; the answer that decides is told by the name that it was given."""
    (failure,) = nw.explore(workload(Forgets), seed=1, executions=1000).failures
    again = failure.replay()
    story = str(failure.story(again))
    assert failure.switches > switches_of(again)
    assert f"{switches_of(again)} switches from first-in-first-out" in story
    assert '"operation" is line down' in said(again)
    assert " of 0 to " not in story


def test_settings_are_equal_if_all_of_them_are() -> None:
    """Those of a policy, too, by which they are found in a set."""
    assert nw.Policy() == nw.Policy()
    assert Settings() == Settings()
    assert nw.Policy() != nw.Policy(window_shrink="report")
    assert nw.Policy() != "the default"
    assert len({nw.Policy(), nw.Policy(), nw.Policy(owed_at_halt="return")}) == 2


class TwoLosses(Modem):
    """Forgets every frame of 750 bytes and more, and all that it has when it is asked for something."""

    def wan_send(self, link, packet):
        return nw.PENDING if len(packet) >= 750 else super().wan_send(link, packet)

    def query_information(self, oid):
        with self.lock:
            self.queue.clear()
        return super().query_information(oid)

    def halt(self):
        for timer in self.timers:
            timer.cancel()
        self.adapter.flush_dpcs()
        with self.adapter.at(nw.Irql.DISPATCH):
            self.sent()


def test_two_mistakes_of_one_rule_without_a_line_are_two_failures(tmp_path) -> None:
    """One needs a large frame, the other one a query; each is told once, and each has a file of its own."""
    found = nw.explore(workload(TwoLosses), seed=1, executions=6000, stop=False)
    lost = [failure for failure in found.failures if failure.rule == "LOST"]
    needs = [set(failure.needs) for failure in lost]
    assert any('"size" is 751 bytes' in values for values in needs)
    assert any(
        '"operation" is query WAN_GET_INFO' in values and '"size" is 751 bytes' not in values
        for values in needs
    )
    assert not any(one < other or other < one for one in needs for other in needs)
    assert len({failure.name for failure in lost}) == len(lost)
    store = Store(tmp_path)
    for failure in lost * 2:
        store.keep_failure(failure.to_json())
    assert len(store.failures()) == len(lost)
    assert load(lost[0].save(tmp_path / "one.json"), scenario=careless).needs == lost[0].needs


def test_what_has_a_line_needs_nothing() -> None:
    """It is known by that, so its file is named as before."""
    found = nw.explore(careless, explorer="random", seed=3, executions=5000)
    assert found.failures[0].needs == []
    assert "needs" not in found.failures[0].to_json()
