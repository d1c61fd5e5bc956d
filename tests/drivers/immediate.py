"""Drivers that are done with a frame before `wan_send` returns."""

import ndiswan as nw
from drivers.wire import Wire, good


@good
class Inline(Wire):
    """Answers with the final status; nothing is ever pending."""

    serialized = False

    def wan_send(self, link, packet):
        self.transmit(packet)
        return nw.SUCCESS


@good
class SerializedInline(Inline):
    """The same, one entry point at a time."""

    serialized = True


@good
class Early(Wire):
    """Completes inside of the call, as the page's intelligent card, and answers PENDING."""

    serialized = False

    def wan_send(self, link, packet):
        self.transmit(packet)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
        return nw.PENDING


@good
class SerializedEarly(Early):
    """The same, one entry point at a time: `wan_send` runs at DISPATCH, so it may complete."""

    serialized = True


@good
class Refusing(Wire):
    """Refuses every third frame with an error, inline; pends and completes the rest in the call."""

    serialized = False
    count = 0

    def wan_send(self, link, packet):
        self.count += 1
        if self.count % 3 == 0:
            return nw.Status.HARD_ERRORS
        self.transmit(packet)
        self.adapter.wan_send_complete(packet)
        return nw.PENDING
