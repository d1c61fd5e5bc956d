"""Nothing is used that is not one's own: data, fields, room, handles."""

import ndiswan as nw
from catalogue.case import Modem, breaks, keeps


@breaks("TOUCH", call="ndis.run")
class CountsAfterwards(Modem):
    """Completes a packet and then adds its length to a counter."""

    count = 0

    def sent(self):
        packet = self.take()
        self.adapter.wan_send_complete(packet, nw.SUCCESS)
        self.count += len(packet.data)  # breaks TOUCH


@keeps("TOUCH")
class CountsBefore(Modem):
    """Reads what it needs while the packet is its own."""

    count = 0

    def sent(self):
        packet = self.take()
        self.count += len(packet.data)
        self.adapter.wan_send_complete(packet, nw.SUCCESS)


@breaks("RESERVED", call="link.send")
class UsesTheProtocolsFields(Modem):
    """Needs a fifth word, and takes one of the protocol's."""

    def wan_send(self, link, packet):
        packet.protocol_reserved[0] = "mine"  # breaks RESERVED
        return super().wan_send(link, packet)


@keeps("RESERVED")
class UsesItsOwnFields(Modem):
    """The miniport's four words are the miniport's while it owns the packet."""

    def wan_send(self, link, packet):
        packet.mac_reserved[3] = "mine"
        return super().wan_send(link, packet)


@breaks("PADDING", call="link.send")
class LongHeader(Modem):
    """Asked for four bytes of header padding, prepends eight."""

    info = nw.WanInfo(header_padding=4)

    def wan_send(self, link, packet):
        packet.prepend(bytes(8))  # breaks PADDING
        return super().wan_send(link, packet)


@keeps("PADDING")
class FittingHeader(Modem):
    """Asked for eight, prepends eight."""

    info = nw.WanInfo(header_padding=8)

    def wan_send(self, link, packet):
        packet.prepend(bytes(8))
        return super().wan_send(link, packet)


@breaks("HANDLE", call="ndis.run")
class GivesItsOwnHandle(Modem):
    """Passes the number that it chose itself where NDIS takes the link that it gave."""

    def wan_send(self, link, packet):
        self.link = link
        return super().wan_send(link, packet)

    def sent(self):
        super().sent()
        self.adapter.indicate_receive(self.link.handle, b"hello")  # breaks HANDLE


@keeps("HANDLE")
class GivesTheLink(GivesItsOwnHandle):
    """Passes the link."""

    def sent(self):
        Modem.sent(self)
        self.adapter.indicate_receive(self.link, b"hello")
