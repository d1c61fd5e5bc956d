"""One execution of a scenario: what is no scenario is refused, and one in which nothing happens is said."""

from __future__ import annotations

import pytest

import ndiswan as nw
from commands import ndiswan
from rigs import Instant

NONE = {
    "async def": "async def scenario(ndis):\n    ndis.run()\n",
    "a coroutine": "async def later(ndis):\n    pass\n\ndef scenario(ndis):\n    return later(ndis)\n",
    "a generator": "def scenario(ndis):\n    yield ndis.run()\n",
    "an async generator": "async def scenario(ndis):\n    yield ndis.run()\n",
}


@pytest.mark.parametrize("source", NONE.values(), ids=NONE)
def test_what_does_nothing_when_it_is_called_is_no_scenario(tmp_path, source) -> None:
    """It would be green for ever: a TypeError says what to do, and the command ends as for a wrong target."""
    names: dict[str, object] = {}
    exec(source, names)
    words = "scenario: expected a function that has done all when it returns, got"
    with pytest.raises(TypeError, match=words):
        nw.explore(names["scenario"], executions=3)
    (tmp_path / "s.py").write_text(source)
    for command in (("fuzz",), ("fuzz", "--executor", "serial"), ("step",)):
        done = ndiswan(command[0], "s.py:scenario", *command[1:], cwd=tmp_path)
        assert done.returncode == 4, done.stdout + done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_campaign_in_which_nothing_happened_says_so(tmp_path) -> None:
    """The scenario only gives back what it should have called: exit code 5, as for a driver that never sends."""
    (tmp_path / "s.py").write_text("def scenario(ndis):\n    return lambda: 5\n")
    budget = ("--executions", "20", "--executor", "serial")
    done = ndiswan("fuzz", "s.py:scenario", *budget, cwd=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    assert "nothing happened in any of them: the scenario binds no driver" in done.stdout


class NeverTakesOne(nw.Miniport):
    """A loop through the engine that never ends: the queue is looked at, and nothing taken."""

    serialized = False

    def initialize(self):
        self.lock, self.queue = self.adapter.spin_lock("queue"), []
        self.timer = self.adapter.timer(self.tick)

    def wan_send(self, link, packet):
        self.queue.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def tick(self):
        while self.queue:
            with self.lock:
                pass


def endless(ndis):
    """One send, whose timer goes on for ever."""
    ndis.bind(nw.Protocol(), NeverTakesOne()).send(b"x")
    ndis.run()


def late(ndis):
    """Many sends, and an exception behind them."""
    link = ndis.bind(nw.Protocol(), Instant())
    for _ in range(500):
        link.send(b"x")
    raise ValueError("the modem is on fire")


@pytest.mark.parametrize(
    ("scenario", "rule", "words"),
    [(endless, "ENDLESS", " in tick"), (late, "EXCEPTION", "the modem is on fire")],
)
def test_the_story_of_what_is_no_rule_is_short_and_about_it(scenario, rule, words) -> None:
    """What came of it afterwards, a packet that is owed at the halt for example, is not what the story is of."""
    (failure,) = nw.explore(scenario, executions=1, max_points=5_000).failures
    story = failure.story()
    assert (failure.rule, story.rule) == (rule, rule)
    assert words in story.why
    assert len(story) < 60
    assert f"title {rule} of adapter" in failure.mermaid()
