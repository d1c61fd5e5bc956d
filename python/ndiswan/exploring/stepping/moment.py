"""What is the case at a question: who owns what, who holds what at which level, and what has just happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ndiswan.exploring.stepping.walk import Question, Walk


class Happened(NamedTuple):
    """An event, in words.

    >>> stepper = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list")
    >>> stepper.forward(3)
    >>> for event in stepper.events:  # since the stepper stood somewhere else
    ...     print(event.cpu, event.words)
    0 NdisReleaseSpinLock(lock "driver")
    """

    time_ns: int
    cpu: int
    level: str
    words: str
    site: str | None
    """The driver's line, without its folder."""

    def __str__(self) -> str:
        where = f"  [{self.site}]" if self.site else ""
        head = f"{self.time_ns / 1e6:.6f} ms  cpu {self.cpu}  {self.level:<8}"
        return f"{head}  {self.words}{where}"


class Owned(NamedTuple):
    """A packet that is out of its pool.

    >>> stepper = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list")
    >>> stepper.owners["0.0"]
    Owned(owner='miniport', life=1)
    """

    owner: str
    life: int


class Cpu(NamedTuple):
    """A virtual CPU.

    >>> stepper = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list")
    >>> for cpu in stepper.cpus:
    ...     print(cpu)
    DISPATCH  in MiniportWanSend, isdn.py:47 in Isdn.fill
    PASSIVE   idle
    """

    level: str
    doing: str
    site: str | None
    """The line that it is at, or the last one that it was at."""

    def __str__(self) -> str:
        return f"{self.level:<8}  {self.doing}{f', {self.site}' if self.site else ''}"


@dataclass(frozen=True)
class Moment:
    """What is the case at one question of an execution, or at its end.

    >>> stepper = nw.Stepper("ndiswan.zoo.scenarios:double_shared_list")
    >>> now = stepper.moment
    >>> now.locks, [name for name, held in now.owners.items() if held.owner == "miniport"]
    ({'driver': 0}, ['0.0'])
    """

    owners: dict[str, Owned]
    """By the packet's name: who owns it. Those in their pool are left out."""
    locks: dict[str, int]
    """By the lock's name: the CPU that holds it."""
    cpus: list[Cpu]
    """The virtual CPUs, by number; none at the end, when all is over."""


def moment(walk: Walk, at: int) -> Moment:
    """What is the case when question ``at`` of ``walk`` is asked."""
    count = walk.events_at(at)
    question = walk.questions[at] if at < len(walk) else None
    inside, locks, sites = _folded(walk, count)
    return Moment(
        owners=owners(walk, count),
        locks=locks,
        cpus=_cpus(question, inside, sites) if question else [],
    )


def owners(walk: Walk, count: int) -> dict[str, Owned]:
    """Who owns what after the first ``count`` events."""
    found: dict[str, Owned] = {}
    for packet, life, owner in _rows(walk, ("packet", "life", "owner"), 0, count):
        if packet and owner:
            found[_name(walk, packet)] = Owned(_owner(owner), life)
    return {name: owned for name, owned in sorted(found.items()) if owned.owner != "pool"}


def moves(walk: Walk, packet: str, begin: int) -> int | None:
    """The first event from number ``begin`` on after which that packet has another owner; None if there is none."""
    rows = _rows(walk, ("packet", "owner"), 0, walk.count)
    before = 0
    for number, (which, owner) in enumerate(rows):
        if which and owner and _name(walk, which) == packet:
            if number >= begin and owner != before:
                return number
            before = owner
    return None


def packets(walk: Walk) -> list[str]:
    """The names of all packets that something happens to."""
    slots = walk.run.slots if walk.count else ()
    return sorted(_name(walk, number) for number in range(1, len(slots) + 1))


def broken(walk: Walk) -> int | None:
    """The event with which the first rule is broken; None for none."""
    if not walk.count:
        return None
    return min((found.event for found in walk.run.breaks if not found.warning), default=None)


def happened(walk: Walk, begin: int, end: int) -> list[Happened]:
    """The events from number ``begin`` to before ``end``."""
    from ndiswan.viewer.kinds import level

    rows = _rows(walk, ("time", "irql"), begin, end)
    return [
        Happened(time, walk.cpus[number], level(irql), *walk.lines[number])
        for number, (time, irql) in enumerate(rows, begin)
    ]


def _folded(walk: Walk, count: int) -> tuple[dict[int, list[str]], dict[str, int], dict[int, str]]:
    """By CPU the entry points that it is in; the locks' holders; by CPU its last line."""
    inside: dict[int, list[str]] = {}
    locks: dict[str, int] = {}
    sites: dict[int, str] = {}
    for number, (text, value) in enumerate(_rows(walk, ("text", "number"), 0, count)):
        run, cpu = walk.run, walk.cpus[number]
        kind = run.texts[text].kind
        site = walk.lines[number][1]
        if site:
            sites[cpu] = site
        if kind == "enter":
            inside.setdefault(cpu, []).append(run.entries[value])
        elif kind == "leave" and inside.get(cpu):
            inside[cpu].pop()
        elif kind == "acquire":
            locks[_lock(run.locks, value)] = cpu
        elif kind == "release":
            locks.pop(_lock(run.locks, value), None)
    return inside, locks, sites


def _cpus(question: Question, inside: dict[int, list[str]], sites: dict[int, str]) -> list[Cpu]:
    from ndiswan.viewer.kinds import level

    found = []
    for number, (_, irql, waits, busy) in enumerate(question.cpus):
        entries = inside.get(number)
        if waits:
            doing = f"waits for {waits}"
        elif entries:
            doing = f"in {entries[-1]}"
        elif number == 0:
            doing = "in the scenario"
        else:
            doing = "begins" if busy else "idle"
        asks = number == question.cpu and question.site
        site = question.site if asks else sites.get(number) if entries or waits else None
        found.append(Cpu(level(irql), doing, site))
    return found


def _lock(names: list[str], number: int) -> str:
    return names[number] if number < len(names) else f"lock {number}"


def _name(walk: Walk, packet: int) -> str:
    adapter, slot = walk.run.slots[packet - 1]
    return f"{adapter}.{slot}"


def _owner(number: int) -> str:
    from ndiswan.viewer.run import OWNERS

    return OWNERS[number]


def _rows(walk: Walk, names: tuple[str, ...], begin: int, end: int) -> Any:
    """Whole numbers, row by row; a world in which nothing is bound has no events."""
    if not walk.count:
        return iter(())
    columns = walk.run.columns
    return zip(*(_whole(columns[name][begin:end]) for name in names), strict=True)


def _whole(values: Any) -> Iterable[int]:
    """Large numbers are doubles in a column."""
    return map(int, values.tolist()) if values.dtype.kind == "f" else values.tolist()
