"""When something may be sent or called: the window, the line, one entry point at a time."""

from catalogue.case import Modem, Peer, breaks, keeps


@breaks("WINDOW", call="link.send", policy={"beyond_window": "report"})
class SendsBeyondTheWindow(Peer):
    """Plays NDISWAN and sends one more than the line-up allowed."""

    def talk(self, bench, link):
        for _ in range(link.window + 1):
            bench.send()


@keeps("WINDOW", policy={"beyond_window": "report"})
class KeepsTheWindow(Peer):
    """Sends as many as the window has, and the next when one is back."""

    def talk(self, bench, link):
        for _ in range(link.window):
            bench.send()
        self.more = bench.send

    def send_complete(self, packet, status):
        super().send_complete(packet, status)
        if self.more:
            more, self.more = self.more, None
            more()


@breaks("LINE", call="ndis.run")
class ReceivesOnADeadLine(Modem):
    """The modem hangs up, and then the driver indicates what was left in its buffer."""

    def sent(self):
        super().sent()
        self.adapter.line_down(self.link)
        self.adapter.indicate_receive(self.link, b"the last words")  # breaks LINE

    def wan_send(self, link, packet):
        self.link = link
        return super().wan_send(link, packet)


@keeps("LINE")
class ReceivesOnALiveLine(ReceivesOnADeadLine):
    """What was received is indicated before the line-down."""

    def sent(self):
        Modem.sent(self)
        self.adapter.indicate_receive(self.link, b"the last words")
        self.adapter.indicate_receive_complete(self.link)
        self.adapter.line_down(self.link)


def with_the_clock(bench):
    """The driver gets at what runs the clock, then one frame is sent."""
    bench.miniport.run = bench.ndis.run
    bench.send()
    bench.run()


@breaks("SERIAL", call="link.send", drive=with_the_clock, both=False)
class WaitsInItsSend(Modem):
    """`wan_send` runs the clock until the card is idle, so the timer would run inside of it."""

    serialized = True

    def wan_send(self, link, packet):
        answer = super().wan_send(link, packet)
        self.run()  # breaks SERIAL
        return answer


@keeps("SERIAL", drive=with_the_clock, both=False)
class ReturnsFromItsSend(Modem):
    """Returns, and goes on when the timer fires."""

    serialized = True
