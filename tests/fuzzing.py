"""Drivers that do anything at any time, by seed: wrong arguments, nested calls, exceptions, closing from inside.

    python tests/fuzzing.py virtual 17        one world, that of seed 17, in virtual time
    python tests/fuzzing.py real 0 20         twenty worlds, seeds 0 to 19, in real time
    python tests/fuzzing.py adversarial 0 20  the same where an explorer decides what happens next

Each seed is printed before its world is played, and a world that hangs or crashes ends the process with a traceback:
the last seed printed is the one to run again. In real time threads share the dice; else a seed plays the same world
each time.
"""

import faulthandler
import gc
import random
import sys
import tempfile
import warnings
from array import array
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import ndiswan as nw
from fuzzing_drivers import TOUCHES, Card, Peer
from ndiswan._native import Trace

SECONDS_A_WORLD = 20  # a world takes some milliseconds; one that takes this long hangs
OPERATIONS_A_WORLD = 400
DEPTH = 6  # how deep operations nest, by way of callbacks
ADAPTERS = 4
PROBLEM = "PROBLEM"
ANNOUNCED = "seed "

MANY = [1, 2, 5]
STATUSES = [nw.SUCCESS, nw.SUCCESS, nw.FAILURE, nw.Status.RESOURCES, nw.PENDING]
VALUES = [None, 0, 1, -1, 2**40, 1.5, 0xDEADBEEF, b"", b"x", bytes(2000), "s"]
VALUES += [nw.SUCCESS, nw.PENDING, nw.Status.RESOURCES, nw.Irql.DISPATCH, object()]
TIMES = {"virtual": nw.VirtualTime, "real": nw.RealTime}
POLICIES = {
    "serialized_reentry": ["queued", "recursive"],
    "window_shrink": ["hold_back", "report"],
    "owed_at_halt": ["report", "return"],
    "queued_at_line_down": ["keep", "return"],
    "resources_as_final": ["warn", "report", "allow"],
    "beyond_window": ["queue", "report"],
}


class World:
    """One `Ndis`, what its drivers have laid hands on, and the dice that say what they do with it."""

    def __init__(self, seed: int, clock: str = "virtual") -> None:
        self.dice = random.Random(seed)
        self.clock = clock
        self.problems: list[str] = []
        self.operations = self.depth = 0
        self.sent: list[nw.Packet] = []  # what a miniport was given, whoever has it by now
        self.own: list[nw.Packet] = []  # what a protocol was given
        self.views: list[memoryview] = []
        self.links: list[nw.Link] = []
        self.adapters: list[nw.Adapter] = []
        self.locks: list[nw.SpinLock] = []
        self.timers: list[nw.Timer] = []
        self.dpcs: list[nw.Dpc] = []
        self.verified = self.dice.randrange(5)
        self.ndis = nw.Ndis(
            time=nw.AdversarialTime(seed) if clock == "adversarial" else TIMES[clock](),
            policy=nw.Policy(
                callback_at_dispatch=self.chance(0.7),
                **{name: self.dice.choice(values) for name, values in POLICIES.items()},
            ),
            on_violation=self.dice.choice(["raise", "record", "record", "bugcheck"]),
            verify=self.verified,
            delivery=self.dice.choice(["inline", "queued"]),
            record=self.chance(0.3),
        )

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def play(self) -> list[str]:
        """Bind, do this and that, close; what is wrong with it."""
        self.guarded(self.bind)
        for _ in range(self.dice.randrange(5, 40)):
            self.guarded(self.operate)
            if self.chance(0.3):
                self.guarded(self.run, self.short(10), 50)
        self.operations = OPERATIONS_A_WORLD  # from here on the callbacks do nothing
        self.guarded(self.ndis.close)  # closed or not: it also lowers what this thread raised since
        if not self.ndis.closed:
            self.guarded(self.ndis.close)
        self.judge()
        return self.problems

    def guarded(self, call: Callable[..., object], *arguments: object) -> None:
        """Drivers may raise whatever they like; the library may not be at fault."""
        try:
            call(*arguments)
        except BaseException as error:  # noqa: BLE001  (KeyboardInterrupt and a panic are among them)
            self.look_at(error)

    def look_at(self, error: BaseException) -> None:
        if "bug in ndiswan" in repr(error) or "panic" in repr(error).lower():
            self.problems.append(f"the library is at fault: {error!r}")

    def judge(self) -> None:
        """What holds at the end of every world."""
        counters = self.ndis.counters
        if not self.ndis.closed:
            self.problems.append(f"not closed after two closes: {self.ndis!r}")
        elif counters.get("sends", 0) != counters.get("delivered", 0):
            rules = [violation.rule for violation in self.ndis.violations]
            self.problems.append(f"sends are not deliveries: {counters}, {rules}")
        for adapter in self.adapters:
            if adapter.irql != nw.Irql.PASSIVE:
                self.problems.append(f"{adapter!r} is left at {adapter.irql!r}")
        for error in self.ndis.errors:
            self.look_at(error)
        for violation in self.ndis.violations:
            try:
                assert str(violation)
                assert violation._repr_html_()
            except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
                self.problems.append(f"{violation.rule} cannot be shown: {error!r}")
        self.look_again()

    def look_again(self) -> None:
        """Who looks at the recording afterwards finds what was found meanwhile."""
        if not (self.ndis.recorded() and self.verified):
            return
        with tempfile.TemporaryDirectory() as folder:
            self.ndis.save(trace := f"{folder}/world.trace")
            again = Counter(found["rule"] for found in Trace(trace).check())
        meanwhile = Counter(violation.rule for violation in self.ndis.violations)
        if again != meanwhile:
            wrong = f"{again - meanwhile} too many, {meanwhile - again} not"
            self.problems.append(f"of what was found the recording has {wrong}")

    def bind(self) -> None:
        link = self.ndis.bind(Peer(self), Card(self), packets=self.dice.choice([1, 2, 8, 16]))
        self.meet(link)

    def meet(self, link: nw.Link) -> None:
        if link not in self.links:
            self.links.append(link)

    def operate(self) -> None:
        """One operation from the table, in which callbacks may do more."""
        self.operations += 1
        if self.operations > OPERATIONS_A_WORLD or self.depth > DEPTH:
            return
        self.depth += 1
        try:
            _, kind, does = self.dice.choices(OPERATIONS, HOW_OFTEN)[0]
            things = getattr(self, kind)[-6:]
            if things and self.links:
                does(self, self.dice.choice(things))
        finally:
            self.depth -= 1

    def operate_some(self) -> None:
        for _ in range(self.dice.randrange(3)):
            self.operate()

    def anything(self) -> object:
        """A value that is seldom what the call wants."""
        known = (self.sent, self.own, self.links, self.views, self.adapters)
        return self.dice.choice([*VALUES, *(thing for kind in known for thing in kind[-3:])])

    def pick(self, *values: Any) -> Any:
        return self.dice.choice(values)

    @property
    def adapter(self) -> nw.Adapter:
        return self.dice.choice(self.adapters)

    @property
    def link(self) -> nw.Link:
        return self.dice.choice(self.links)

    def short(self, seconds: float) -> float:
        """So long where time costs nothing."""
        return 0.003 if self.clock == "real" else seconds

    def run(self, seconds: float, most: int) -> None:
        self.ndis.run(self.ndis.now + seconds, most if self.clock == "virtual" else None)

    def receive(self, link: nw.Link) -> None:
        adapter = self.adapter
        adapter.indicate_receive(link, b"data")
        adapter.indicate_receive_complete(link)

    def query_and_set(self, link: nw.Link) -> None:
        link.query(self.pick(*nw.Oid))
        link.set(self.pick(*nw.Oid), self.pick(b"123456", nw.LinkInfo(), 1))

    def work_inside(self, scope: AbstractContextManager[object]) -> None:
        with scope:
            self.operate()
            self.operate()

    def change_life(self, link: nw.Link) -> None:
        """Close, run, drain or bind, from wherever this is."""
        steps = [link.close] * 6 + [self.ndis.close] * 2 + [lambda: self.run(0.001, 3)] * 4
        steps += [self.ndis.drain] * 2 + [self.ndis.shutdown] + [lambda: None] * 3
        if len(self.adapters) < ADAPTERS:
            steps += [self.bind] * 2
        self.pick(*steps)()

    def fail(self) -> None:
        raise self.pick(ValueError, KeyboardInterrupt, SystemExit)("x")

    def forget(self) -> None:
        self.views.clear()
        del self.own[:-2]


# How often, what there must be one of, and what is done with it.
OPERATIONS: list[tuple[int, str, Callable[[World, Any], object]]] = [
    (5, "links", lambda w, link: link.send(w.dice.randbytes(w.dice.randrange(1, 40)))),
    (1, "links", lambda w, link: link.send(w.dice.randrange(1, 40))),
    (
        1,
        "links",
        lambda w, link: link.send_many(array("I", [w.dice.randrange(1, 40)] * w.pick(*MANY))),
    ),
    (1, "links", lambda _, link: link.measure().counters),
    (1, "links", lambda w, link: w.own.append(link.packet(b"frame"))),
    (1, "own", lambda w, packet: w.link.send(packet)),
    (3, "sent", lambda w, packet: w.adapter.wan_send_complete(packet, w.pick(*STATUSES))),
    (1, "adapters", lambda w, adapter: adapter.wan_send_complete(w.anything(), w.anything())),
    (
        1,
        "adapters",
        lambda w, a: a.wan_send_complete_many(w.sent[-w.pick(*MANY) :], w.pick(*STATUSES)),
    ),
    (1, "sent", lambda w, packet: w.views.append(memoryview(packet.data))),
    (1, "sent", lambda w, packet: w.pick(*TOUCHES)(packet, w.dice.randrange(-2, 2000))),
    (1, "locks", lambda w, lock: getattr(lock, w.pick(*LOCK_CALLS))()),
    (1, "locks", lambda w, lock: w.work_inside(lock)),
    (1, "timers", lambda w, timer: timer.set(w.dice.random() * w.short(5))),
    (1, "timers", lambda _, timer: timer.cancel()),
    (1, "dpcs", lambda _, dpc: dpc.queue()),
    (1, "dpcs", lambda _, dpc: dpc.cancel()),
    (1, "adapters", lambda _, adapter: adapter.interrupt()),
    (1, "adapters", lambda w, a: a.line_up(w.pick(None, w.link), window=w.dice.randrange(5))),
    (1, "adapters", lambda w, adapter: adapter.line_down(w.link)),
    (1, "links", World.receive),
    (1, "adapters", lambda w, adapter: adapter.reset_complete(w.pick(*STATUSES))),
    (1, "links", lambda w, link: w.ndis.reset(link)),
    (1, "links", World.query_and_set),
    (1, "adapters", lambda w, a: getattr(a, w.pick(*IRQL_CALLS))(w.pick(0, 1, 2, 3, 17, 31))),
    (1, "adapters", lambda w, adapter: w.work_inside(adapter.at(w.pick(0, 1, 2, 2, 3, 31)))),
    (1, "links", World.change_life),
    (1, "links", lambda w, _: w.fail()),
    (1, "links", lambda w, _: w.forget()),
]
HOW_OFTEN = [weight for weight, _, _ in OPERATIONS]
IRQL_CALLS = ["raise_irql", "lower_irql", "lower_irql"]
LOCK_CALLS = ["acquire", "release", "dpr_acquire", "dpr_release"]


def main(clock: str, first: str, count: str = "1") -> None:
    """Play the worlds of these seeds; print each seed, and below it what is wrong with its world."""
    faulthandler.enable()
    warnings.simplefilter("ignore")  # the drivers earn many
    for seed in range(int(first), int(first) + int(count)):
        print(f"{ANNOUNCED}{seed}", flush=True)
        # Not cancelled at the end: leaving the interpreter may hang as well.
        faulthandler.dump_traceback_later(SECONDS_A_WORLD, exit=True)
        for problem in World(seed, clock).play():
            print(PROBLEM, problem, flush=True)
        if seed % 50 == 0:
            gc.collect()


if __name__ == "__main__":
    main(*sys.argv[1:])
