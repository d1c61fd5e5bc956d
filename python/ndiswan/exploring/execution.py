"""One execution of a scenario: a world of its own, and what went wrong in it."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Generator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ndiswan.exploring.in_words import in_words
from ndiswan.exploring.watchdog import EndlessError, begin
from ndiswan.given import whole
from ndiswan.ndis import Ndis, _forget_frames
from ndiswan.policy import Policy
from ndiswan.time import AdversarialTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from ndiswan._native import Explorer
    from ndiswan.violations import ContractViolation

    Scenario = Callable[[Ndis], object]

_PACKAGE = str(Path(__file__).parents[1])
_WORKLOAD = str(Path(__file__).parent)
_ENDS = {
    "_pytest.outcomes": ("Skipped", "Exit"),
    "hypothesis.errors": ("StopTest", "UnsatisfiedAssumption"),
}


_LINE = re.compile(r":\d+ in ")


class Symptom(NamedTuple):
    """What went wrong, and where; failures of one symptom are alike.

    >>> from ndiswan.exploring import Symptom
    >>> Symptom("DOUBLE", "modem.py:20 in sent").rule
    'DOUBLE'
    """

    rule: str
    """The id of the rule; ``EXCEPTION`` or ``ENDLESS`` for what is none."""
    place: str
    """Whose function, and the line of its call."""

    def __str__(self) -> str:
        return f"{self.rule} at {self.place}" if self.place else self.rule

    def is_like(self, other: Symptom | None) -> bool:
        """Whether it is the same rule in the same function, whatever was written above it since.

        >>> from ndiswan.exploring import Symptom
        >>> Symptom("DOUBLE", "modem.py:20 in sent").is_like(Symptom("DOUBLE", "modem.py:23 in sent"))
        True
        """
        if other is None or self.rule != other.rule:
            return False
        here, there = (_LINE.sub(" in ", place) for place in (self.place, other.place))
        return here == there


def has_line(symptom: Symptom) -> bool:
    """Whether its place is a line; that of what is never completed, say, is only whose it is."""
    return _LINE.search(symptom.place) is not None


NO_RULE = ("EXCEPTION", "ENDLESS")

GOOD = Symptom("NONE", "")
"""In the replay file of an execution in which nothing goes wrong."""


@dataclass(frozen=True)
class Settings:
    """How the worlds of an exploration are set up.

    Parameters
    ----------
    cpus:
        Virtual CPUs.
    policies:
        Whether the switches of ``Policy`` are chosen, too, in place of ``policy``.
    latency:
        The longest, in seconds of the clock, that what is due waits.
    max_points:
        After so many points in one execution nothing is explored any more; after twice as many it
        is cut off (``ENDLESS``).
    patience:
        An execution that takes longer than this, in seconds of the machine, is cut off as well.
    policy:
        The switches for what the pages leave open.
    delivery:
        As of :class:`ndiswan.Ndis`.

    Raises
    ------
    TypeError, ValueError
        A setting is of another type than it says, or out of range.

    Examples
    --------
    >>> from ndiswan.exploring import Settings
    >>> Settings(cpus=3, latency=0.1).cpus
    3
    """

    cpus: int = 2
    policies: bool = False
    latency: float = 0.5
    max_points: int = 20_000
    patience: float = 5.0
    policy: Policy = field(default_factory=Policy)
    delivery: Literal["inline", "queued"] = "inline"

    def __post_init__(self) -> None:
        whole("cpus", self.cpus, 1, 32)
        whole("max_points", self.max_points)
        if not isinstance(self.policies, bool):
            raise TypeError(f"policies: expected True or False, got {self.policies!r}")
        if not isinstance(self.policy, Policy):
            raise TypeError(f"policy: expected a Policy, got {self.policy!r}")
        if self.delivery not in ("inline", "queued"):
            raise ValueError(f"delivery: expected 'inline' or 'queued', got {self.delivery!r}")
        for name, least in (("latency", 0), ("max_points", 1), ("patience", 1e-3)):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not least <= value <= 1e9:
                raise ValueError(f"{name}: expected {least:g} to 1e9, got {value!r}")


def settings_of(**given: Any) -> Settings:
    """Settings by name; TypeError if there is none of that name, and what they raise."""
    known = [field.name for field in fields(Settings)]
    for name in given:
        if name not in known:
            raise TypeError(f"expected one of the settings {', '.join(known)}, got {name!r}")
    return Settings(**given)


def budget(name: str, value: float, least: float) -> float:
    """How much there is to spend: a number of `least` or more, without end too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name}: expected a number of {least:g} or more, got {value!r}")
    if not value >= least:
        raise ValueError(f"{name}: expected {least:g} or more, got {value!r}")
    counted = name not in ("seconds", "shrinking")
    if counted and value < float("inf") and value != int(value):
        raise ValueError(f"{name}: expected a whole number, got {value!r}")
    return value


@dataclass
class Execution:
    """What one execution came to.

    >>> from ndiswan.zoo import ENTRIES
    >>> failure = nw.explore(ENTRIES["double-shared-list"].scenario, executions=500).failures[0]
    >>> ran = failure.replay()
    >>> ran.symptom.rule, type(ran.error).__name__
    ('DOUBLE', 'OwnershipViolation')
    """

    symptom: Symptom | None
    error: BaseException | None
    """The broken rule, or the exception."""
    ndis: Ndis
    """Its world, which is closed."""
    events: int = 0
    """How many events there were when the scenario raised, if they were recorded."""

    @property
    def untold(self) -> tuple[str, str, int] | None:
        """What no trace tells: EXCEPTION or ENDLESS, the words, and how many events there were by then."""
        if self.error is None or self.symptom is None or self.symptom.rule not in NO_RULE:
            return None
        words = f"{self.symptom.place}: {in_words(self.error)}"
        if isinstance(self.error, EndlessError):
            words = f"{self.error}, at {raised_at(self.error)}"
        return self.symptom.rule, words, self.events


class ScenarioError(TypeError):
    """A scenario that has not done anything when it returns.

    >>> from ndiswan.exploring.execution import ScenarioError
    >>> async def scenario(ndis):
    ...     ndis.run()
    >>> try:
    ...     nw.explore(scenario)
    ... except ScenarioError as error:
    ...     print(str(error)[:80])
    scenario: expected a function that has done all when it returns, got a coroutine
    """


def execute(
    scenario: Scenario,
    explorer: Explorer,
    settings: Settings,
    *,
    record: bool = False,
    lines: bool = True,
) -> Execution:
    """Run ``scenario`` once, as ``explorer`` says.

    With ``record`` the world keeps its events, and unless ``lines`` is false where in the source they were called, and
    what each answer meant: most of what recording takes.
    What the scenario or a driver raises is in the answer, SystemExit too; only KeyboardInterrupt goes
    on, and what pytest and Hypothesis end a test with that is none. ScenarioError is raised if the scenario is a
    coroutine or generator function, or gives what such a one does.

    >>> from ndiswan._native import Explorer
    >>> from ndiswan.exploring import Settings, execute
    >>> from ndiswan.zoo import ENTRIES
    >>> execute(ENTRIES["double-shared-list"].twin, Explorer("random", 1), Settings()).symptom is None
    True
    """
    time = AdversarialTime(
        explorer=explorer,
        cpus=settings.cpus,
        policies=settings.policies,
        latency=settings.latency,
        max_points=settings.max_points,
    )
    ndis = Ndis(
        time=time,
        policy=settings.policy,
        on_violation="record",
        verify=4 if record and lines else 1,
        delivery=settings.delivery,
        record=record,
    )
    begin()
    given, raised, events = _run(scenario, ndis)
    if given is not None:
        _expect_done(given)
    if not ndis.violation_count() and raised is None:
        return Execution(None, None, ndis)
    if not record:
        # The world keeps exceptions, they keep frames, and one of those has the world: nobody would free the driver.
        errors = [error for error in (*ndis.errors, raised) if error is not None]
        _forget_frames(errors, sys._getframe())  # noqa: SLF001  (there is no other way)
    endless = isinstance(raised, EndlessError)
    # What was left undone when the driver was cut off is no mistake of its own.
    found = (found for found in ndis.violations if not found.warning)
    broken = next((one for one in found if not (endless and one.rule in _LEFT_UNDONE)), None)
    if broken is not None:
        if raised is not None and raised is not broken:
            # It may be why: a packet is lost whose callback did not come to its end.
            broken.add_note(f"{type(raised).__name__} at {raised_at(raised)}: {raised}")
        return Execution(_of_violation(broken), broken, ndis)
    if raised is not None:
        return Execution(_of_exception(raised), raised, ndis, events)
    return Execution(None, None, ndis)


def _run(scenario: Scenario, ndis: Ndis) -> tuple[object, BaseException | None, int]:
    """What the scenario gives, or what it or the end of its world raises, and how many events there were by then."""
    events = 0
    try:
        with ndis:
            try:
                return scenario(ndis), None, 0
            except BaseException:  # goes on: what else there is comes from the world's end
                events = len(ndis.events())
                raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # what a driver raises is what is looked for
        if _ends_the_test(error):
            raise
        return None, error, events or len(ndis.events())


def _expect_done(given: object) -> None:
    """Raise ScenarioError for what somebody else would have to run."""
    if not isinstance(given, Awaitable | Generator | AsyncGenerator):
        return
    if isinstance(given, Coroutine | Generator):
        given.close()  # else Python warns that nobody waited for it
    text = "scenario: expected a function that has done all when it returns, got"
    if isinstance(given, Awaitable):
        raise ScenarioError(
            f"{text} a coroutine: define it by `def`, not `async def`; what is async runs in it by asyncio.run()"
        )
    raise ScenarioError(f"{text} a generator: it runs nothing; leave out the `yield`")


#: What comes of it that a driver did not go on.
_LEFT_UNDONE = {"LOST", "LATE", "HANG", "LOCK_LEAK", "IRQL_LEAK", "LOCK_HELD", "TIMER"}


def _ends_the_test(error: BaseException) -> bool:
    """Whether it is pytest's ``skip`` or ``exit``, or Hypothesis's ``assume``."""
    for module, names in _ENDS.items():
        known = sys.modules.get(module)
        if known and isinstance(error, tuple(getattr(known, name) for name in names)):
            return True
    return False


def _short(site: str | None) -> str:
    """``/a/b/modem.py:31 in Modem.sent`` without the folder, which differs between machines."""
    return site.rpartition("/")[2] if site else ""


def _of_violation(broken: ContractViolation) -> Symptom:
    # What it interrupted is not its place; and a line is better known than who called it.
    inside = broken.inside[-1] if broken.inside else ""
    # A line of what plays the protocol here is nobody's mistake.
    ours = (broken.site or "").startswith(_WORKLOAD)
    parts = [broken.adapter, "" if ours else _short(broken.site) or inside]
    return Symptom(broken.rule, " · ".join(part for part in parts if part))


def _of_exception(error: BaseException) -> Symptom:
    if isinstance(error, EndlessError):
        return Symptom("ENDLESS", "")  # where in its loop it is cut off is chance
    place = getattr(error, "place", None) or raised_at(error)  # a driver in C knows its line
    return Symptom("EXCEPTION", f"{type(error).__name__} at {place}")


def raised_at(error: BaseException) -> str:
    """The line that raised it, of the newest function that is not the engine's; for what is endless, in its loop."""
    if isinstance(error, EndlessError) and error.place:
        return error.place
    place, traceback = "the call of the scenario", error.__traceback__
    while traceback is not None:  # not `traceback.extract_tb`, which reads the source
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            place = f"{Path(code.co_filename).name}:{traceback.tb_lineno} in {code.co_name}"
        traceback = traceback.tb_next
    return place
