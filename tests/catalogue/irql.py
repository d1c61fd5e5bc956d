"""Levels: where a send and a completion may be made, and that a level is given back."""

import ndiswan as nw
from catalogue.case import Modem, Peer, breaks, keeps


class Card(Modem):
    """A card that raises its interrupt when a frame is out."""

    def wan_send(self, link, packet):
        self.owed.append(packet)
        self.timer.set(0.001)
        return nw.PENDING

    def take(self):
        return self.owed.popleft() if self.owed else None

    def sent(self):
        self.adapter.interrupt()


@breaks("IRQL_COMPLETE", call="ndis.run")
class CompletesInItsIsr(Card):
    """The interrupt service routine completes the packet that the card has finished."""

    def isr(self):
        self.adapter.wan_send_complete(self.take(), nw.SUCCESS)  # breaks IRQL_COMPLETE


@keeps("IRQL_COMPLETE")
class CompletesInItsDpc(Card):
    """The interrupt service routine says whose interrupt it is; the rest is done at DISPATCH."""

    def isr(self):
        return True

    def handle_interrupt(self):
        self.adapter.wan_send_complete(self.take(), nw.SUCCESS)


@breaks("IRQL_SEND", call="link.send")
class SendsAtDirql(Peer):
    """Raises to a device level and sends before it lowers again."""

    def talk(self, bench, link):
        with link.adapter.at(nw.Irql.DIRQL):
            bench.send()


@keeps("IRQL_SEND")
class SendsAtDispatch(Peer):
    """Sends at DISPATCH, which is as high as a send may be made."""

    def talk(self, bench, link):
        with link.adapter.at(nw.Irql.DISPATCH):
            bench.send()


@breaks("IRQL_LEAK", call="ndis.run")
class ReturnsRaised(Modem):
    """Raises to guard a list, and returns early when the list is empty."""

    def sent(self):
        super().sent()
        before = self.adapter.raise_irql(nw.Irql.HIGH)
        if not self.owed:
            return
        self.adapter.lower_irql(before)


@keeps("IRQL_LEAK")
class ReturnsLowered(Modem):
    """Lowers on every path."""

    def sent(self):
        super().sent()
        with self.adapter.at(nw.Irql.HIGH):
            if not self.owed:
                return


@breaks("IRQL_CALL", call="ndis.run")
class SetsATimerInItsIsr(Card):
    """The interrupt service routine sets a timer, to look later what became of the frame."""

    def isr(self):
        self.timer.set(0.001)  # breaks IRQL_CALL
        return True

    def handle_interrupt(self):
        self.adapter.wan_send_complete(self.take(), nw.SUCCESS)


@keeps("IRQL_CALL")
class SetsATimerInItsDpc(Card):
    """What the interrupt leaves to do is done at DISPATCH, where timers are set."""

    def isr(self):
        return True

    def handle_interrupt(self):
        self.adapter.wan_send_complete(self.take(), nw.SUCCESS)
        if self.owed:
            self.timer.set(0.001)
