"""What is owed comes, in time."""

import ndiswan as nw
from catalogue.case import Modem, breaks, keeps


def steady_talk(bench):
    """A frame every two seconds, for forty."""
    for second in range(0, 40, 2):
        bench.send()
        bench.run(until=float(second + 2))


@breaks("LATE", call="ndis.run", drive=steady_talk)
class KeepsItsFirst(Modem):
    """The first packet stays behind while those after it pass."""

    first = True

    def wan_send(self, link, packet):
        if self.first:
            self.first = False
            return nw.PENDING
        return super().wan_send(link, packet)


@keeps("LATE", drive=steady_talk)
class GivesUpInTime(KeepsItsFirst):
    """A packet that does not get out is given up after three seconds."""

    def initialize(self):
        super().initialize()
        self.patience = self.adapter.timer(self.impatient)

    def wan_send(self, link, packet):
        if self.first:
            self.stuck = packet
            self.patience.set(3.0)
        return super().wan_send(link, packet)

    def impatient(self):
        self.adapter.wan_send_complete(self.stuck, nw.Status.HARD_ERRORS)


def forty_seconds(bench):
    """Two frames, and forty seconds."""
    bench.send()
    bench.send()
    bench.run(until=40.0)


@breaks("HANG", call="ndis.run", drive=forty_seconds)
class MissesAnInterrupt(Modem):
    """Clears the interrupt after it has read the ring: what finished in between is never noticed."""

    check_for_hang_seconds = 12.0

    def wan_send(self, link, packet):
        return nw.PENDING


@keeps("HANG", drive=forty_seconds)
class LooksAgain(Modem):
    """Clears the interrupt first, so that none is missed."""

    check_for_hang_seconds = 12.0
