"""What the good drivers have in common: a wire that remembers, and the register of them."""

import ndiswan as nw

GOOD: list[type["Wire"]] = []


def good(driver):
    """Registers a good driver."""
    GOOD.append(driver)
    return driver


class Wire(nw.Miniport):
    """A miniport that remembers what it transmitted; drivers are made from it."""

    virtual = True  # whether it works in virtual time

    def __init__(self, window=4):
        self.wire = []
        self.info = nw.WanInfo(max_transmit=window)

    def transmit(self, packet):
        """The frame is on the wire."""
        self.wire.append(bytes(packet))

    def payload(self, frame):
        """What the protocol sent, of a frame on the wire."""
        return frame
