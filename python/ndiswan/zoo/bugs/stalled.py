"""A serialized LAN driver refuses a send for want of room, and NDIS waits until it is told; or is told too often."""

from __future__ import annotations

from typing import Any, ClassVar

from ndiswan.zoo.bugs.twins import busy
from ndiswan.zoo.catalogue import bug
from ndiswan.zoo.drivers.fifo import FifoCard


class NoisyCard(FifoCard):
    """The same on a wire that others talk into."""

    hardware: ClassVar[dict[str, Any]] = {"faults": True}


@bug("resources-for-each-frame", "RESOURCES", busy(5), mended=FifoCard, events=77)
class TellsOfEachFrame(FifoCard):
    """NDIS is told of room whenever a frame has left the card, asked for or not.

    There is room then, so what is said is true, and while frames wait it is what NDIS waits for. Behind the last burst
    nobody does: the driver has answered a question that was not put.
    """

    def tell(self) -> None:
        self.refused = True
        super().tell()


@bug(
    "resources-after-the-collision", "RESOURCES", busy(3), mended=NoisyCard, faults=True, events=59
)
class TellsOfGoodFrames(NoisyCard):
    """NDIS is told of room where a frame is counted as sent, and a frame that is given up makes room as well.

    As long as the next frame goes out well nobody sees it. When the last frames in the card are lost there is no next
    one, and NDIS waits for a word that nothing is left to say.
    """

    def handle_interrupt(self) -> None:
        for tag, well in self.card.finished():
            self.is_out(tag, well=well)
            if well:
                self.tell()
