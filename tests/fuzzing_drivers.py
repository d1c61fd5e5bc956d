"""The drivers of `fuzzing`: every callback answers by chance, and does what the world comes up with next."""

from collections.abc import Callable

import ndiswan as nw

SEND_ANSWERS = [nw.PENDING] * 6 + [nw.SUCCESS] * 3
SEND_ANSWERS += [nw.FAILURE, nw.Status.RESOURCES, None, "x", 0xDEADBEEF, 2**40]
RESET_ANSWERS = [nw.SUCCESS, nw.PENDING, nw.FAILURE, (nw.SUCCESS, True), None, "odd"]
# What they do to a packet, theirs or not, with a number that seldom fits.
TOUCHES: list[Callable[[nw.Packet, int], object]] = [
    lambda packet, _: packet.prepend(b"h"),
    lambda packet, _: packet.append(b"t"),
    lambda packet, _: bytes(packet),
    lambda packet, number: setattr(packet, "current_length", number),
    lambda packet, number: setattr(packet, "current_buffer", number),
    lambda packet, _: packet.mac_reserved.__setitem__(0, packet),
    lambda packet, _: packet.protocol_reserved,
    lambda packet, _: packet.history,
    lambda packet, _: repr(packet),
    lambda packet, _: packet.data.__setitem__(slice(0, 2), b"zz"),
]


class Peer(nw.Protocol):
    """Keeps some of its packets, and goes on from every callback."""

    def __init__(self, world) -> None:
        self.world = world

    def send_complete(self, packet, status):
        if self.world.chance(0.3):
            self.world.own.append(packet)
        self.world.operate_some()

    def receive(self, link, data):
        self.world.operate_some()
        return self.world.pick(None, nw.SUCCESS, nw.FAILURE, "odd", nw.PENDING)

    def line_up(self, link):
        self.world.meet(link)
        self.world.operate_some()

    def on_anything_else(self, *_):
        self.world.operate_some()

    line_down = status = reset_complete = fragment = receive_complete = on_anything_else


class Card(nw.Miniport):
    """Answers by chance, and goes on from every entry point."""

    def __init__(self, world) -> None:
        self.world, dice = world, world.dice
        self.serialized = world.chance(0.5)
        self.check_for_hang_seconds = world.pick(0, 0.5, 2, 15)
        self.line_up_at_bind = world.chance(0.8)
        self.info = nw.WanInfo(
            max_transmit=dice.randrange(1, 5),
            endpoints=2,
            header_padding=dice.randrange(4),
            tail_padding=dice.randrange(4),
        )

    def answer(self, *answers):
        self.world.operate_some()
        return self.world.pick(*answers)

    def initialize(self):
        world, adapter = self.world, self.adapter
        world.adapters.append(adapter)
        for name in ("transmit", "receive"):
            world.timers.append(adapter.timer(world.operate_some))
            world.dpcs.append(adapter.dpc(world.operate_some))
            if (
                world.clock != "real"
            ):  # with threads, locks taken at random are a deadlock: the driver's
                world.locks.append(adapter.spin_lock(name))
        world.operate_some()

    def wan_send(self, link, packet):
        self.world.sent.append(packet)
        return self.answer(*SEND_ANSWERS)

    def reset(self):
        return self.answer(*RESET_ANSWERS)

    def check_for_hang(self):
        return self.answer(True, *[False] * 4)

    def isr(self):
        return self.answer(*[True] * 7, *[False] * 3)

    def query_information(self, oid):
        return self.answer(NotImplemented, b"123456", 1, nw.LinkInfo(), "x")

    def set_information(self, oid, value):
        return self.answer(NotImplemented, nw.SUCCESS, "x", None)

    def on_anything_else(self):
        self.world.operate_some()

    handle_interrupt = halt = shutdown = on_anything_else
