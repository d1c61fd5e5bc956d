"""What is of another type, or out of range: the error names it, says what was expected and what came."""

from __future__ import annotations

import math
import re

import pytest

import ndiswan as nw
from ndiswan.campaign import Campaign, Store
from ndiswan.checking import Options
from ndiswan.testing import fuzz_one_input, play


def scenario(ndis) -> None:
    """Nothing but a choice."""
    ndis.choose(2)


def in_a_world() -> nw.Ndis:
    """A world that is closed, in which names and drivers are looked at all the same."""
    with nw.Ndis() as ndis:
        return ndis


class Neither(nw.Miniport):
    """What it says is true, and means the contrary."""

    serialized = "no"

    def wan_send(self, link, packet) -> nw.Status:
        """Not called."""
        return nw.SUCCESS


async def later(_: object) -> None:
    """What never runs."""


class Late(nw.Protocol):
    """Waits before it takes a packet back."""

    send_complete = later


def bound(protocol: nw.Protocol | None = None, **of_the_driver: object) -> nw.Link:
    """What a world makes of a driver with these attributes."""
    made = type("Driver", (nw.Miniport,), {"wan_send": lambda *_: nw.SUCCESS, **of_the_driver})
    with nw.Ndis() as ndis:
        return ndis.bind(protocol or nw.Protocol(), made())


def explored(**given: object) -> object:
    """What `explore` makes of it."""
    return nw.explore(scenario, **{"executions": 2, **given})


def timed(**given: object) -> object:
    """What a world in that time makes of it."""
    with nw.Ndis(time=nw.AdversarialTime(**given)) as ndis:
        return ndis.choose(2)


WRONG = {
    "explore, seed": (
        lambda: explored(seed="a"),
        TypeError,
        "seed: expected a whole number, got 'a'",
    ),
    "explore, no setting": (lambda: explored(foo=1), TypeError, "delivery, got 'foo'"),
    "explore, executions": (
        lambda: explored(executions=2.5),
        ValueError,
        "executions: expected a whole number, got 2.5",
    ),
    "explore, progress": (
        lambda: explored(progress=5),
        TypeError,
        "progress: expected a function of an Exploration, got 5",
    ),
    "explore, stop": (
        lambda: explored(stop="x"),
        TypeError,
        "stop: expected True or False, got 'x'",
    ),
    "explore, suggest": (
        lambda: explored(suggest="abc"),
        TypeError,
        "suggest: expected a list of choices, each a list of pairs, got 'abc'",
    ),
    "explore, one of suggest": (
        lambda: explored(suggest=[5]),
        TypeError,
        "suggest[0]: expected a list of choices, each (of how many, which), got 5",
    ),
    "explore, a pair of suggest": (
        lambda: explored(suggest=[[(2, 1)], [(2, "x")]]),
        TypeError,
        "suggest[1]: expected a list of (of how many, which), got (2, 'x') in it",
    ),
    "play, answers": (
        lambda: play(scenario, None),
        TypeError,
        "answers: expected a list of choices, each (of how many, which), got None",
    ),
    "stepper, choose": (
        lambda: nw.Stepper(scenario).choose(None),
        TypeError,
        "which: expected the number of an answer, or words of it, got None",
    ),
    "stepper, choose half": (
        lambda: nw.Stepper(scenario).choose(1.0),
        TypeError,
        "which: expected the number of an answer, or words of it, got 1.0",
    ),
    "policy": (
        lambda: nw.Policy(callback_at_dispatch="no"),
        TypeError,
        "callback_at_dispatch: expected True or False, got 'no'",
    ),
    "serialized": (
        lambda: in_a_world().bind(nw.Protocol(), Neither()),
        TypeError,
        "Neither.serialized: expected True or False, got 'no'",
    ),
    "answers": (
        lambda: in_a_world().name_answers("x", 5),
        TypeError,
        "answers: expected a list of names, got 5",
    ),
    "answers' name": (
        lambda: in_a_world().name_answers(5, []),
        TypeError,
        "what: expected the text that `choose` was given, got 5",
    ),
    "explore, explorer": (
        lambda: explored(explorer=None),
        TypeError,
        "explorer: expected its name, got None",
    ),
    "explore, policies": (
        lambda: explored(policies="no"),
        TypeError,
        "policies: expected True or False, got 'no'",
    ),
    "explore, policy": (
        lambda: explored(policy="x"),
        TypeError,
        "policy: expected a Policy, got 'x'",
    ),
    "explore, delivery": (
        lambda: explored(delivery="x"),
        ValueError,
        "delivery: expected 'inline' or 'queued', got 'x'",
    ),
    "explore, cpus": (lambda: explored(cpus=33), ValueError, "cpus: expected 1 to 32, got 33"),
    "explore, points": (
        lambda: explored(max_points=2.5),
        TypeError,
        "max_points: expected a whole number, got 2.5",
    ),
    "play, scenario": (
        lambda: play(None),
        TypeError,
        "scenario: expected a function of an Ndis, got None",
    ),
    "play, no setting": (lambda: play(scenario, foo=1), TypeError, "delivery, got 'foo'"),
    "fuzz_one_input": (
        lambda: fuzz_one_input(None),
        TypeError,
        "scenario: expected a function of an Ndis, got None",
    ),
    "stepper, target": (
        lambda: nw.Stepper(5),
        TypeError,
        "target: expected a scenario, a failure, or the name of one, got 5",
    ),
    "stepper, arguments": (
        lambda: nw.Stepper(scenario, arguments=["a=1"]),
        TypeError,
        "arguments: expected none for a function, got ['a=1']",
    ),
    "stepper, goto": (
        lambda: nw.Stepper(scenario).goto("x"),
        TypeError,
        "at: expected a whole number, got 'x'",
    ),
    "stepper, forward": (
        lambda: nw.Stepper(scenario).forward(0.5),
        TypeError,
        "count: expected a whole number, got 0.5",
    ),
    "stepper, seed": (
        lambda: nw.Stepper(scenario).run("random", until="broken", seed=-1),
        ValueError,
        "seed: expected 0 to 2**64 - 1, got -1",
    ),
    "time, seed": (lambda: timed(seed=-1), ValueError, "seed: expected 0 to 2**64 - 1, got -1"),
    "time, latency": (
        lambda: timed(latency=math.nan),
        ValueError,
        "latency: expected 0 to 1e9, got nan",
    ),
    "time, points": (
        lambda: timed(max_points=0),
        ValueError,
        "max_points: expected 1 to 2**64 - 1, got 0",
    ),
    "time, most points": (
        lambda: timed(max_points=2**70),
        ValueError,
        "max_points: expected 1 to 2**64 - 1, got 1180591620717411303424",
    ),
    "time, cpus": (
        lambda: timed(cpus="x"),
        TypeError,
        "cpus: expected a whole number, got 'x'",
    ),
    "time, many cpus": (
        lambda: timed(cpus=2**70),
        ValueError,
        "cpus: expected 1 to 32, got 1180591620717411303424",
    ),
    "time, policies": (
        lambda: timed(policies=None),
        TypeError,
        "policies: expected True or False, got None",
    ),
    "time, explorer": (
        lambda: timed(explorer=5),
        TypeError,
        "explorer: expected the name of one, an explorer, bytes, or a list of pairs, got 5",
    ),
    "time, pairs": (
        lambda: timed(explorer=[(1, 2, 3)]),
        TypeError,
        "explorer: expected pairs of how many answers there are and which it is, got [(1, 2, 3)]",
    ),
    "ndis, violation": (
        lambda: nw.Ndis(on_violation=5),
        TypeError,
        "on_violation: expected 'raise', 'record' or 'bugcheck', got 5",
    ),
    "ndis, delivery": (
        lambda: nw.Ndis(delivery=None),
        TypeError,
        "delivery: expected 'inline' or 'queued', got None",
    ),
    "ndis, record": (
        lambda: nw.Ndis(record="x"),
        TypeError,
        "record: expected True or False, got 'x'",
    ),
    "ndis, verify": (
        lambda: nw.Ndis(verify=None),
        TypeError,
        "verify: expected a whole number, got None",
    ),
    "ndis, level": (
        lambda: nw.Ndis(verify=10**20),
        ValueError,
        "verify: expected 0 (off), 1 (counters), 2 (last owner), 3 (history) or 4 (with call sites), got 1",
    ),
    "wait": (
        lambda: in_a_world().wait("x"),
        TypeError,
        "done: expected a function without arguments, got 'x'",
    ),
    "spawn": (
        lambda: in_a_world().spawn("x"),
        TypeError,
        "function: expected a function, got 'x'",
    ),
    "check for hang": (
        lambda: bound(check_for_hang_seconds="x"),
        TypeError,
        "Driver.check_for_hang_seconds: expected seconds, got 'x'",
    ),
    "check for hang, never": (
        lambda: bound(check_for_hang_seconds=math.nan),
        ValueError,
        "Driver.check_for_hang_seconds: expected 0 to 1e9, got nan",
    ),
    "halt": (
        lambda: bound(halt=later),
        TypeError,
        "Driver.halt: expected a method that has done its work when it returns, got an `async def`",
    ),
    "send_complete": (
        lambda: bound(protocol=Late()),
        TypeError,
        "Late.send_complete: expected a method that has done its work when it returns, got an `async def`",
    ),
    "campaign, jobs": (
        lambda: Campaign("x.py:y", Store("x"), jobs=10**20),
        ValueError,
        "jobs: expected 1 to 4096, got 1000",
    ),
    "campaign, seed": (
        lambda: Campaign("x.py:y", Store("x"), seed=-1),
        ValueError,
        "seed: expected 0 to 2**64 - 1, got -1",
    ),
    "options, timeout": (
        lambda: Options(timeout=-1),
        ValueError,
        "timeout: expected more than 0, up to 1e+06, got -1",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_by_name(name, tmp_path, monkeypatch) -> None:
    """At the call that was given it."""
    monkeypatch.chdir(tmp_path)
    call, error, words = WRONG[name]
    with pytest.raises(error, match=re.escape(words)):
        call()


def test_what_can_be_is_taken() -> None:
    """A budget without an end, and a whole number that is written as a float."""
    assert explored(executions=2.0).executions == 2
    assert explored(executions=math.inf, seconds=0.1).executions > 0
    assert timed(seed=2**64 - 1, latency=0) in {0, 1}
    assert explored(suggest=iter([[(2, 1)], ((2, 0),)])).executions == 2
    play(scenario, [(2, 1)])
