"""Where an adapter is in its life: reset, halt, and what may be called when."""

import ndiswan as nw
from catalogue.case import Modem, breaks, keeps


def reset_in_between(bench):
    """The adapter is reset while it has a packet."""
    bench.send()
    bench.reset()
    bench.run()


@breaks("RESET", call="ndis.run", drive=reset_in_between, both=False)
class CompletesAfterItsReset(Modem):
    """Resets its card, keeps its list, and completes what is on it when the card is up again."""

    serialized = True

    def reset(self):
        return nw.SUCCESS

    def sent(self):
        self.adapter.wan_send_complete(self.take(), nw.SUCCESS)  # breaks RESET


@keeps("RESET", drive=reset_in_between)
class CompletesInItsReset(Modem):
    """Completes everything with REQUEST_ABORTED before the reset ends."""


def after_the_end(bench):
    """The adapter is halted with a packet under way; then the driver's thread comes to its turn."""
    bench.send()
    bench.close()
    bench.call = "the driver's own thread"
    bench.miniport.thread()


@breaks(
    "HALT",
    call="the driver's own thread",
    drive=after_the_end,
    policy={"owed_at_halt": "return"},
)
class OutlivesItsAdapter(Modem):
    """A thread is not joined in halt, and completes its packet a moment after halt has returned."""

    def halt(self):
        self.timer.cancel()

    def thread(self):
        with self.adapter.at(nw.Irql.DISPATCH):
            self.adapter.wan_send_complete(self.take(), nw.SUCCESS)  # breaks HALT


@keeps("HALT", drive=after_the_end, policy={"owed_at_halt": "return"})
class EndsWithItsAdapter(OutlivesItsAdapter):
    """Halt takes the packets from the thread and completes them; the thread finds nothing."""

    def halt(self):
        self.give_up()

    def thread(self):
        if self.owed:
            super().thread()


@breaks("INDICATE", call="ndis.close")
class LineDownInHalt(Modem):
    """Halt indicates line-down for the links that are still up."""

    def halt(self):
        self.give_up()
        for link in self.adapter.links:
            with self.adapter.at(nw.Irql.DISPATCH):
                self.adapter.line_down(link)  # breaks INDICATE


@keeps("INDICATE")
class LineDownBeforeHalt(Modem):
    """Indicates line-down when the last frame is out, before it is halted."""

    def sent(self):
        super().sent()
        for link in self.adapter.links:
            self.adapter.line_down(link)


class Watched(Modem):
    """Has a watchdog that sets itself again each second."""

    def initialize(self):
        super().initialize()
        self.watchdog = self.adapter.timer(self.watch)
        self.watchdog.set(1.0)

    def watch(self):
        self.watchdog.set(1.0)


def three_seconds(bench):
    """One frame is sent, and three seconds pass."""
    bench.send()
    bench.run(until=3.0)


@breaks("TIMER", call="ndis.close", drive=three_seconds)
class LeavesItsWatchdog(Watched):
    """Halt does not cancel the watchdog."""


@keeps("TIMER", drive=three_seconds)
class CancelsItsWatchdog(Watched):
    """Halt cancels every timer."""

    def halt(self):
        self.watchdog.cancel()
        super().halt()
