"""A world inside SimPy: its timers and DPCs and SimPy's processes happen in one order of time. Extra ``simpy``.

``env = SimPyWorld(ndis)`` is a ``simpy.Environment`` with everything that one has. Before each event of SimPy it lets
happen what the engine has to do up to then; so the engine goes first at the same instant.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simpy import Environment
from simpy.events import NORMAL

from ndiswan.processes import expect_virtual

if TYPE_CHECKING:
    from simpy import Event
    from simpy.events import EventPriority

    from ndiswan.ndis import Ndis


class SimPyWorld(Environment):
    """An environment of SimPy whose clock is that of an ``Ndis`` in virtual time; a unit of time is a second.

    Drivers may use it from their callbacks (``event.succeed()``, ``store.put(…)``), processes may call ``link.send``.
    Its ``run(until=…)`` ends with what the engine does at that time, and before what SimPy does then. Raises
    ``ValueError`` for an ``Ndis`` in another kind of time.

    >>> from ndiswan.simpy_bridge import SimPyWorld
    >>> with nw.Ndis() as ndis:
    ...     env = SimPyWorld(ndis)
    ...     timeout = env.timeout(2)
    ...     env.run()
    ...     env.now
    2.0
    """

    def __init__(self, ndis: Ndis) -> None:
        expect_virtual(ndis)
        self.ndis = ndis
        super().__init__(initial_time=ndis.now)

    @property
    def now(self) -> float:
        """The time in seconds; inside of a callback of the engine it is the engine's."""
        return max(self._now, self.ndis.now)

    def schedule(self, event: Event, priority: EventPriority = NORMAL, delay: float = 0) -> None:
        """As SimPy does, from the time that it is for the caller."""
        self._now = self.now
        super().schedule(event, priority, delay)

    def step(self) -> None:
        """What the engine has to do before the next event of SimPy, one by one, and then that event.

        Raises ``simpy.core.EmptySchedule`` if nobody has anything to do.
        """
        while True:
            due = self.peek()
            until = None if due == float("inf") else due
            if not self.ndis.run(until, max_events=1):
                break
        super().step()
