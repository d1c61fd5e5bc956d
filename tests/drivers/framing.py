"""A driver that frames in place: header and trailer go into the padding that it asked for."""

import ndiswan as nw
from drivers.timed import Timed
from drivers.wire import good

FLAG = b"\x7e"


@good
class Framing(Timed):
    """Prepends a length and appends a checksum; keeps its own words in `mac_reserved`."""

    def __init__(self, window=4):
        super().__init__(window)
        self.info = nw.WanInfo(max_transmit=window, header_padding=3, tail_padding=2)

    def wan_send(self, link, packet):
        packet.mac_reserved[0] = len(packet)
        packet.wan_packet_queue = link
        length, check = len(packet), sum(bytes(packet)) & 0xFF
        packet.prepend(FLAG + length.to_bytes(2, "big"))
        packet.append(bytes([check]) + FLAG)
        data = packet.data
        data[0] ^= 0  # in place, within the data
        assert packet.current_buffer == 0
        return super().wan_send(link, packet)

    def transmit(self, packet):
        assert packet.mac_reserved[0] == len(packet) - 5
        super().transmit(packet)

    def payload(self, frame):
        assert frame[:1] == frame[-1:] == FLAG
        assert int.from_bytes(frame[1:3], "big") == len(frame) - 5
        assert sum(frame[3:-2]) & 0xFF == frame[-2]
        return frame[3:-2]
