"""What an entry of the zoo is, and how a bug gets into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import ndiswan as nw

    Play = Callable[[nw.Ndis, Callable[..., nw.Miniport]], None]
    Scenario = Callable[[nw.Ndis], None]

Kind = TypeVar("Kind", bound="type[nw.Miniport]")


@dataclass(frozen=True)
class Entry:
    """One bug: a driver that has it, the same driver without it, and what happens around them.

    Attributes
    ----------
    id:
        Its name, a slug.
    title:
        What is wrong, in one sentence.
    rule:
        The id of the rule that it breaks; the first that an execution breaks.
    story:
        What happened, as the driver's author would tell it.
    preemptions:
        How often, at least, a processor must be taken from a task that could go on.
    faults:
        Whether values are needed as well (`Ndis.choose`): a card that fails, a certain size.
    plain:
        Whether it shows in plain virtual time, without an adversary.
    driver, mended:
        The driver class with the bug, and the one without.
    scenario, twin:
        A function of an Ndis that has the driver, or the mended one, at work. On the twin nothing may be reported.
    also:
        What other executions may break first.
    events:
        How many events the shortest story has that is known, from the first to the end of the execution: of any rule
        that may break first, however many switches it takes. None if nobody has looked.

    Examples
    --------
    >>> from ndiswan.zoo import ENTRIES
    >>> entry = ENTRIES["double-shared-list"]
    >>> entry.rule, entry.preemptions
    ('DOUBLE', 1)
    """

    id: str
    title: str
    rule: str
    story: str
    preemptions: int
    faults: bool
    plain: bool
    driver: type[nw.Miniport]
    mended: type[nw.Miniport]
    scenario: Scenario
    twin: Scenario
    also: tuple[str, ...] = ()
    events: int | None = None


ENTRIES: dict[str, Entry] = {}


def bug(  # noqa: PLR0913 -- a table's columns
    name: str,
    rule: str,
    play: Play,
    *,
    mended: type[nw.Miniport],
    preemptions: int = 0,
    faults: bool = False,
    plain: bool | None = None,
    also: tuple[str, ...] = (),
    events: int | None = None,
) -> Callable[[Kind], Kind]:
    """Enter a driver with a bug; its docstring's first sentence is the title, the rest is the story.

    `play(ndis, driver)` binds drivers of a class and lets things happen.
    """

    def enter(driver: Kind) -> Kind:
        title, _, story = (driver.__doc__ or "").partition("\n")
        ENTRIES[name] = Entry(
            id=name,
            title=title.strip().removesuffix("."),
            rule=rule,
            story=" ".join(story.split()),
            preemptions=preemptions,
            faults=faults,
            plain=not (preemptions or faults) if plain is None else plain,
            driver=driver,
            mended=mended,
            scenario=_scenario(play, driver, name),
            twin=_scenario(play, mended, f"{name}-mended"),
            also=also,
            events=events,
        )
        return driver

    return enter


def _scenario(play: Play, driver: type[nw.Miniport], name: str) -> Scenario:
    """A function that is found again by its name, in `ndiswan.zoo.scenarios`."""

    def scenario(ndis: nw.Ndis) -> None:
        play(ndis, driver)

    scenario.__module__ = "ndiswan.zoo.scenarios"
    scenario.__name__ = scenario.__qualname__ = name.replace("-", "_")
    return scenario
