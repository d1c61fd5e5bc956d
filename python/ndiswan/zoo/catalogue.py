"""What an entry of the zoo is, and how a bug gets into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import ndiswan as nw

    Play = Callable[[nw.Ndis, Callable[..., nw.Miniport]], None]

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
    play:
        What happens: `play(ndis, driver)` binds drivers of that class and has them work.
    also:
        What it may break first in other executions.
    events:
        How many events the shortest story has that anybody told by hand; None if nobody has.
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
    play: Play
    also: tuple[str, ...] = ()
    events: int | None = None

    def scenario(self, ndis: nw.Ndis) -> None:
        """The driver with the bug at work."""
        self.play(ndis, self.driver)

    def twin(self, ndis: nw.Ndis) -> None:
        """The mended driver at the same work: nothing may be reported."""
        self.play(ndis, self.mended)


ENTRIES: dict[str, Entry] = {}


def bug(
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
    """Enter a driver with a bug; its docstring's first sentence is the title, the rest is the story."""

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
            play=play,
            also=also,
            events=events,
        )
        return driver

    return enter
