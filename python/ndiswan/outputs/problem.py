"""What went wrong, whatever found it: the one shape that every form of output is made from.

check, fuzz, replay  ->  Report of Problems  ->  SARIF, JUnit, Code Quality, annotations, summary
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from ndiswan._native import rule_info, rule_table
from ndiswan.checking.place import Place, relative

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# What is wrong and is no rule of the contract: its id, what it is, and what to do.
NO_RULES = {
    "EXCEPTION": (
        "A callback of the driver does not raise.",
        "Handle the error in the driver, or give the packet back with a final status; the traceback has the line.",
    ),
    "CRASH": (
        "A driver does not end the process that it runs in.",
        "The report has the signal or exit status, and the line if it is known.",
    ),
    "ENDLESS": (
        "Each execution of a scenario comes to its end.",
        "Bound the loop at the place where it was cut off, or wait for an event in place of polling.",
    ),
    "INTERNAL": (
        "ndiswan does its work whatever a driver does.",
        "This is a mistake in ndiswan itself; please report it.",
    ),
    "LEAK": (
        "After the halt a driver has nothing left: no timer, no memory, no interrupt.",
        "Free it in the halt routine; the report says what was left.",
    ),
}
_WAN_SEND, _COMPLETES = "MiniportWanSend", "NdisMWanSendComplete"


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the way to a failure: when, on which virtual CPU, what, and from which line it was called.

    >>> from ndiswan.exploring.target import find
    >>> scenario = find("ndiswan.zoo.scenarios:double_shared_list")
    >>> failure = nw.explore(scenario, seed=1, executions=500).failures[0]
    >>> import json
    >>> from ndiswan.outputs import Step
    >>> steps = [Step.of(step) for step in json.loads(failure.story().to_json())["steps"]]
    >>> steps[-1].broken, steps[-1].text[:13]
    (True, 'breaks DOUBLE')
    """

    index: int
    time_ns: int
    cpu: int
    text: str
    owner: str = ""
    level: str = ""
    locks: tuple[str, ...] = ()
    place: Place | None = None
    returns: bool = False
    broken: bool = False
    names: str = ""
    """The call by itself: ``MiniportWanSend (life 1)``."""

    @classmethod
    def of(cls, step: dict[str, Any]) -> Step:
        """A step of a story's JSON."""
        broken = step["broken"]
        if broken:
            text = f"breaks {broken['rule']}: {broken['why']}"
        elif step["from"] == step["to"]:
            text = f"{step['from']}: {step['text']}"
        else:
            text = f"{step['from']} → {step['to']}: {step['text']}"
        return cls(
            step["index"],
            step["time"],
            step["cpu"],
            text,
            step["owner"],
            step["level"],
            tuple(step["locks"]),
            Place.of(step["site"]),
            step["returns"],
            bool(broken),
            step["text"],
        )


def taken(steps: Iterable[Step]) -> Place | None:
    """Where in the driver the packet was taken: the first line of its own that is known while it was given it."""
    call: Step | None = None
    for step in steps:
        if call is None:
            if step.names.startswith(_WAN_SEND) and not step.returns:
                call = step
        elif step.cpu == call.cpu:
            if step.names.startswith(_WAN_SEND):
                call = None if step.returns else step
            elif step.place is not None:
                return step.place
    return None


@dataclass(slots=True)
class Problem:
    """One thing that is wrong with one driver.

    `rule` is a rule's id or one of ``NO_RULES``. `driver` is a class, a C driver, or a scenario; `modes` are those of
    a check in which it is wrong, `count` how often it was seen. `place` is the line that breaks the rule; `defined`
    says where the driver has its entry points, for what has no line of its own. `command` shows it again.

    >>> from pathlib import Path
    >>> from ndiswan.outputs import Place, Problem
    >>> place = Place("/src/modem.py", 12, "Modem.sent")
    >>> lost = Problem("LOST", "error", "packet 0.0 was owed", "Modem", "LOST: ...", place=place)
    >>> print(lost.shown(Path("/src")))
    /src/modem.py:12 in Modem.sent
    >>> moved = Problem("LOST", "error", "packet 0.0 was owed", "Modem", "LOST: ...")
    >>> moved.place = Place("/src/modem.py", 40, "Modem.sent")  # another line of the same function
    >>> moved.fingerprint(Path("/src")) == lost.fingerprint(Path("/src"))
    True
    """

    rule: str
    level: Literal["error", "warning"]
    detail: str
    driver: str
    report: str
    command: str = ""
    modes: list[str] = field(default_factory=list)
    count: int = 1
    place: Place | None = None
    steps: list[Step] = field(default_factory=list)
    defined: dict[str, Place] = field(default_factory=dict)
    entry: str | None = None
    """The entry point of the driver in which it happened."""
    file: str | None = None
    """The driver's file, if nothing better is known."""
    packet: str | None = None
    diagram: str = ""
    """The story as a Mermaid sequence diagram."""
    properties: dict[str, Any] = field(default_factory=dict)
    """What a machine needs to show it again: the replay token, the digest of the events."""

    def candidates(self) -> list[Place]:
        """Where it may be shown, the best place first."""
        entry = _WAN_SEND if self.rule == "LOST" else self.entry
        places = [self.place, self._nearest()]
        places.append(self.defined.get(entry or ""))
        places += [step.place for step in reversed(self.steps)]
        places += [self.defined.get(_WAN_SEND), Place(self.file, 1) if self.file else None]
        return [place for place in places if place is not None]

    def _nearest(self) -> Place | None:
        """For a rule that is broken by what is not done, or by a return: the nearest line that has to do with it."""
        if self.rule == "LOST":
            return taken(self.steps)
        if self.rule == "EARLY":
            calls = (step for step in reversed(self.steps) if step.names.startswith(_COMPLETES))
            return next((step.place for step in calls), None)
        return None

    def shown(self, root: Path) -> Place | None:
        """The best place inside of the repository, which alone can be shown; the best one if none is inside."""
        places = self.candidates()
        inside = [place for place in places if relative(place.file, root) is not None]
        return next(iter(inside or places), None)

    def related(self) -> list[tuple[str, Place]]:
        """Other places that tell what happened: where the packet was taken, and where it was completed before."""
        found: dict[Place, str] = {}
        begun = taken(self.steps) or self.defined.get(_WAN_SEND)
        if begun is not None and self.packet is not None:
            found[begun] = "the packet was taken here"
        for step in self.steps:
            if step.place is not None and step.names.startswith(_COMPLETES):
                found.setdefault(step.place, f"{step.names}, on cpu {step.cpu}")
        if self.rule == "LOST" and (halt := self.defined.get("MiniportHalt")):
            found.setdefault(halt, "what is owed has to be completed here at the latest")
        return [(text, place) for place, text in found.items()]

    def fingerprint(self, root: Path, number: int = 0) -> str:
        """The same for the same mistake in each run, on each machine, whatever is written above its function.

        `number` tells apart those that have all else in common.
        """
        place = self.shown(root)
        file = "" if place is None else relative(place.file, root) or place.file
        parts = [self.rule, self.driver, file, "" if place is None else place.function]
        text = "\0".join([*parts, str(number)] if number else parts)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]

    @property
    def rule_is_one(self) -> bool:
        """Whether `rule` is in the table, and not an exception or a crash."""
        return self.rule not in NO_RULES

    @property
    def remedy(self) -> str:
        """What to do: in the words of the driver's interface, which the report has."""
        _, told, remedy = self.report.rpartition("\n  to mend   ")
        if told:
            return remedy.partition("\n")[0]
        return str(rule_info(self.rule)["remedy"]) if self.rule_is_one else NO_RULES[self.rule][1]


@dataclass(slots=True)
class Case:
    """One test of JUnit's: a mode of a check, a failure that is kept.

    >>> from ndiswan.outputs import Case
    >>> Case("send/inline", "Modem", seconds=0.2).problems  # it passed
    []
    """

    name: str
    owner: str
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0.0
    skipped: str | None = None
    output: str = ""


@dataclass(slots=True)
class Suite:
    """Tests that belong together, and what is known of them.

    >>> from ndiswan.outputs import Case, Suite
    >>> suite = Suite("modem.py:Modem", [Case("send/inline", "Modem")], {"rule.LOST": "kept"})
    >>> len(suite.cases)
    1
    """

    name: str
    cases: list[Case]
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """What a command found in a target; `trouble` is what kept it from doing its work, in words.

    >>> from ndiswan.checking import CheckResult
    >>> from ndiswan.outputs import of_check
    >>> report = of_check(CheckResult("modem.py"), lambda driver, mode: "ndiswan check modem.py")
    >>> report.command, report.target, report.exit_code  # 5: nothing ran
    ('check', 'modem.py', 5)
    """

    command: str
    target: str
    exit_code: int = 0
    headline: str = ""
    seconds: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    suites: list[Suite] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)

    def numbered(self, root: Path) -> list[tuple[Problem, str]]:
        """The problems with their fingerprints, no two of which are the same."""
        seen: dict[str, int] = {}
        found = []
        for problem in self.problems:
            alike = problem.fingerprint(root)
            number = seen[alike] = seen.get(alike, -1) + 1
            found.append((problem, problem.fingerprint(root, number)))
        return found


def rule_ids() -> list[str]:
    """Every id that a problem can have."""
    return [*rule_table(), *NO_RULES]
