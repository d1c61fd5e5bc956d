"""The kinds of time in which the same driver runs."""


class VirtualTime:
    """Simulated time: :meth:`Ndis.run` takes the next event and sets the clock to it.

    Nothing happens by itself, everything happens in the order of time, priority and age, and a
    run is as fast as the machine.
    """

    kind = "virtual"

    def __repr__(self) -> str:
        return "VirtualTime()"


class RealTime:
    """The machine's clock: timers and DPCs run on a dispatcher thread, drivers may have their own."""

    kind = "real"

    def __repr__(self) -> str:
        return "RealTime()"
