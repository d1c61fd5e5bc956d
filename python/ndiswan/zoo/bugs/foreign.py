"""Two adapters and one driver: a packet is completed for the wrong one."""

from __future__ import annotations

from typing import Any, ClassVar

from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers import Failover, Isdn
from ndiswan.zoo.drivers.common import outcome
from ndiswan.zoo.plays import FRAME, Peer, pair

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    import ndiswan as nw
    from ndiswan import Ndis, Packet


@bug("foreign-standby-completes", "FOREIGN", pair(2), mended=Failover, faults=True, events=76)
class CompletesWhatItCarries(Failover):
    """The card that transmits a frame for the other one completes it as well.

    The function that tells the owner was there. Its author took the adapter that he had at hand, which is the one whose
    interrupt it is.
    """

    def carried(self, packet: Packet, *, well: bool) -> None:
        self.partner.adapter.wan_send_complete(packet, outcome(well=well))
        self.put_down(1)


class Current:
    """What the driver keeps once for all of its adapters."""

    adapter: ClassVar[nw.Adapter]


class Own(Isdn):
    """Each adapter completes through its own handle."""

    def handle_interrupt(self) -> None:
        adapter = self.adapter
        with self.lock:
            answers = self.take_finished()
            self.fill()
        for packet, status in answers:
            adapter.wan_send_complete(packet, status)
        if answers:
            self.put_down(len(answers))


def two_cards(frames: int, **settings: Any) -> Any:
    """So many frames on each of two adapters of one driver."""

    def play(ndis: Ndis, driver: Callable[..., nw.Miniport]) -> None:
        names = "first", "second"
        links = [ndis.bind(Peer(), driver(ndis, **settings), name=name) for name in names]
        for _ in range(frames):
            for link in links:
                link.send(FRAME)
        ndis.run()

    return play


@bug("foreign-global-handle", "FOREIGN", two_cards(1), mended=Own, preemptions=1, events=70)
class KeepsOneHandle(Own):
    """The handle to complete with is in a global, which the interrupt sets when it begins.

    It saved an argument in thirty functions. With two cards the interrupt of one sets it while the other is at work.
    """

    def handle_interrupt(self) -> None:
        Current.adapter = self.adapter
        with self.lock:
            answers = self.take_finished()
            self.fill()
        for packet, status in answers:
            Current.adapter.wan_send_complete(packet, status)
        if answers:
            self.put_down(len(answers))


@bug("foreign-after-three-tries", "FOREIGN", two_cards(3), mended=Own, preemptions=3, events=152)
class TriesThreeTimes(Own):
    """The global handle is set, and looked at again; if another interrupt has changed it, it is set once more.

    Three times, since more than that was thought to be a fault of the machine. Two busy cards did it within a week.
    """

    def handle_interrupt(self) -> None:
        with self.lock:
            answers = self.take_finished()
            self.fill()
        for packet, status in answers:
            for _ in range(3):
                Current.adapter = self.adapter
                self.card.room()
                if Current.adapter is self.adapter:
                    break
            Current.adapter.wan_send_complete(packet, status)
        if answers:
            self.put_down(len(answers))
