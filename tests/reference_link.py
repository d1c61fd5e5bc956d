"""A plain model of a link: every event in one heap, written from what the pages say of each part, whatever it costs.

`test_reference.py` compares the engine with it, event by event. It reads the parameters of a `models.Link`.
"""

import heapq
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from ndiswan import models
from reference_flows import source_of
from reference_luck import loss_of, reordering
from reference_queue import queue_of

SUCCESS, PENDING, ABORTED = 0x00000000, 0x00000103, 0xC001000C
# At the same instant the card goes first: what happens to it, in this order; then the flows in theirs.
LIFE, OUT, COPIED, INTERRUPT, ARRIVAL = range(5)


@dataclass(eq=False)
class Packet:
    """A packet: its flow, its number there, its size, and what happened to it when."""

    flow: int
    number: int
    bytes: int
    offered: int
    traffic_class: int
    sent: int = -1
    finish: int = -1

    @property
    def name(self) -> tuple[int, int]:
        """Flow and number."""
        return self.flow, self.number


@dataclass
class Reference:
    """A link at work: `run` returns the events as (what, time, packet, detail)."""

    link: models.Link
    seed: int = 0
    number: int = 0
    events: list[tuple[str, int, tuple[int, int], int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        link, self.card, self.line = self.link, self.link.card, self.link.line
        self.flows = [source_of(flow, link.window) for flow in link.traffic]
        self.numbers = [0] * len(self.flows)
        self.queue = queue_of(link.queue.discipline)
        luck = self.seed, self.number
        self.mix, self.loses = reordering(*luck), loss_of(self.line.loss, *luck)
        self.now = self.age = 0
        self.heap: list[tuple[int, int, int, Any]] = []
        self.outstanding: list[Packet] = []
        self.line_free = self.last_arrival = self.incarnation = 0
        self.life, self.next_check = "well", 0
        self.waiting: list[Packet] = []
        self.on_the_way: list[Packet] = []
        self.copying: Packet | None = None
        self.unreported: list[Packet] = []
        self.held: list[Packet] = []
        self.interrupts: list[int] = []
        self.busy: list[tuple[int, int]] = []  # from when to when a frame is on the line
        self.sums = {"queued_ns": 0, "outstanding_ns": 0}
        self.counts = {"interrupts": 0, "resets": 0, "vanished": 0, "most_outstanding": 0}
        self.die_next()

    def counters(self, now: int) -> dict[str, int]:
        """What has happened up to `now`, under the engine's names."""

        def of(what: str, *details: int) -> list[Any]:
            return [e for e in self.events if e[0] == what and (not details or e[3] in details)]

        arrived = [e for e in of("left") if 0 <= e[3] <= now]
        waiting = sum(now - packet.offered for packet in self.queue.packets)
        queued = sum(packet.sent - packet.offered for packet in self.outstanding)
        return {
            "offered": sum(self.numbers),
            "dropped": len(of("dropped")),
            "sent": len(of("sent")),
            "succeeded": len(of("completed", SUCCESS)),
            "aborted": len(of("completed", ABORTED)),
            "received": len(arrived),
            "lost": len(of("left", -1)),
            "busy_ns": sum(min(to, now) - min(since, now) for since, to in self.busy),
            "queued_sum": self.sums["queued_ns"] + waiting + queued,
            "outstanding_sum": self.sums["outstanding_ns"]
            + sum(now - p.sent for p in self.outstanding),
            **self.counts,
        }

    # The loop.

    def at(self, time: int, priority: int, action: Any) -> None:
        self.age += 1
        heapq.heappush(self.heap, (time, priority, self.age, (action, self.incarnation)))

    def run(self, until: int) -> list[tuple[str, int, tuple[int, int], int]]:
        while True:
            flow = min(
                (flow for flow in range(len(self.flows)) if self.due(flow) is not None),
                key=lambda flow: (self.due(flow), flow),
                default=None,
            )
            arrival = None if flow is None else self.due(flow)
            if arrival is None and self.is_done():
                return self.events
            if self.heap and (arrival is None or self.heap[0][0] <= arrival):
                time, _, _, (action, incarnation) = heapq.heappop(self.heap)
                if time > until:
                    return self.events
                if incarnation == self.incarnation:
                    self.now = time
                    action()
                if not self.heap or self.heap[0][0] > time:
                    self.room()
            elif flow is None or arrival is None or arrival > until:
                return self.events
            else:
                self.now = max(self.now, arrival)
                self.offer(flow)

    def is_done(self) -> bool:
        """Whether nothing is owed to anybody; that the card may still die is no event then."""
        wait = any(flow.waits_for_room for flow in self.flows)
        return not (self.outstanding or len(self.queue) or self.on_the_way or wait)

    def due(self, flow: int) -> int | None:
        most = self.link.traffic[flow].packets
        if most is not None and self.numbers[flow] >= most:
            return None
        return self.flows[flow].due

    def log(self, what: str, packet: Packet, detail: int, time: int | None = None) -> None:
        self.events.append((what, self.now if time is None else time, packet.name, detail))

    # Above the card.

    def offer(self, flow: int) -> None:
        spec, number = self.link.traffic[flow], self.numbers[flow]
        self.numbers[flow] += 1
        self.flows[flow].take()
        sizes = spec.size
        size = (
            sizes.bytes[number % len(sizes.bytes)] if hasattr(sizes.bytes, "size") else sizes.bytes
        )
        packet = Packet(flow, number, int(size), self.now, spec.traffic_class)
        limit = self.link.queue.limit
        if not len(self.queue) and self.may_send():
            self.send(packet)
        elif limit is not None and len(self.queue) >= limit:
            self.log("dropped", packet, 0)
            self.flows[flow].turned_away(self.now)
        else:
            self.queue.push(packet)

    def room(self) -> None:
        """Those who found the queue full try again when it is not."""
        limit = self.link.queue.limit
        if limit is None or len(self.queue) < limit or (not len(self.queue) and self.may_send()):
            for flow in self.flows:
                flow.try_again(self.now)

    def may_send(self) -> bool:
        return len(self.outstanding) < self.link.window and self.life != "resetting"

    def send_queued(self) -> None:
        while len(self.queue) and self.may_send():
            packet, dropped = self.queue.pop(self.now)
            for gone in dropped:
                self.log("dropped", gone, 0)
                self.sums["queued_ns"] += self.now - gone.offered
                self.flows[gone.flow].back(self.now)
            if packet is None:
                return
            self.send(packet)

    def send(self, packet: Packet) -> None:
        packet.sent = self.now
        self.outstanding.append(packet)
        most = max(self.counts["most_outstanding"], len(self.outstanding))
        self.counts["most_outstanding"] = most
        room = self.life == "well" and not self.waiting and self.copying is None and self.has_room()
        if self.card.completes == "inline" and room:
            self.put_on_line(packet, self.now + self.card.program_ns)
            self.log("sent", packet, SUCCESS)
            self.hand_back(packet, SUCCESS)
            return
        self.log("sent", packet, PENDING)
        self.waiting.append(packet)
        self.program()

    def hand_back(self, packet: Packet, status: int) -> None:
        self.outstanding.remove(packet)
        self.sums["queued_ns"] += packet.sent - packet.offered
        self.sums["outstanding_ns"] += self.now - packet.sent
        self.log("completed", packet, status)
        self.flows[packet.flow].back(self.now)

    def complete(self, packets: list[Packet], status: int) -> None:
        """Each callback may send: what is queued first, then who waited for this packet."""
        for packet in packets:
            self.hand_back(packet, status)
            self.send_queued()
            if self.flows[packet.flow].goes_round and self.due(packet.flow) == self.now:
                self.offer(packet.flow)

    # The card.

    def has_room(self) -> bool:
        if self.card.completes == "when_sent":
            taken = len(self.on_the_way) + len(self.unreported)
        else:
            taken = len(self.on_the_way) + (self.copying is not None)
        return not self.card.descriptors or taken < self.card.descriptors

    def program(self) -> None:
        while self.life == "well" and self.waiting and self.copying is None and self.has_room():
            packet = self.waiting.pop(0)
            if self.card.completes == "when_sent":
                self.put_on_line(packet, self.now + self.card.program_ns)
            elif self.card.program_ns:
                self.copying = packet
                self.at(self.now + self.card.program_ns, COPIED, self.copied)
            else:
                self.put_on_line(packet, self.now)
                self.finished(packet)

    def copied(self) -> None:
        packet, self.copying = self.copying, None
        assert packet is not None
        self.put_on_line(packet, self.now)
        self.finished(packet)
        self.program()

    def put_on_line(self, packet: Packet, ready: int) -> None:
        more = getattr(self.line.framing, "bytes", 0)
        took = Fraction((packet.bytes + more) * 8 * 10**9, self.line.rate_bps)
        begin = max(self.line_free, ready)
        packet.finish = self.line_free = begin + int(took + Fraction(1, 2))
        self.busy.append((begin, packet.finish))
        self.on_the_way.append(packet)
        self.at(packet.finish, OUT, self.out)

    def out(self) -> None:
        packet = self.on_the_way.pop(0)
        arrival = packet.finish + self.line.propagation_ns
        if self.line.jitter is not None:
            arrival += round(self.line.jitter.ns)
        if not self.line.reorder:
            arrival = self.last_arrival = max(arrival, self.last_arrival)
        if self.loses(*packet.name):
            self.log("left", packet, -1, 0)
        else:
            self.log("left", packet, arrival, arrival)
        if self.card.completes == "when_sent":
            self.finished(packet)
        self.program()
        waits_for_idle = self.card.moderation is not None and not self.card.moderation.ns
        if self.is_idle() and (
            (waits_for_idle and self.unreported) or (self.held and not self.unreported)
        ):
            self.interrupt_at(self.now)

    def is_idle(self) -> bool:
        """Nothing is on its way to the line, and nothing can be put there without an interrupt."""
        return not self.on_the_way and self.copying is None

    def finished(self, packet: Packet) -> None:
        """The driver may complete it; it learns of that from an interrupt."""
        self.unreported.append(packet)
        moderation = self.card.moderation
        if moderation is None or len(self.unreported) >= moderation.frames:
            self.interrupt_at(self.now)
        elif moderation.ns:
            self.interrupt_at(self.now + moderation.ns)

    def interrupt_at(self, cause: int) -> None:
        """An interrupt that is on its way and would come earlier serves this cause, too."""
        time = cause + self.card.interrupt_ns
        if not self.interrupts or time < min(self.interrupts):
            self.interrupts.append(time)
            self.at(time, INTERRUPT, lambda: self.interrupt(time))

    def interrupt(self, time: int) -> None:
        if not self.interrupts or time != min(self.interrupts):
            return
        self.interrupts.clear()
        self.counts["interrupts"] += 1
        finished, self.unreported = self.unreported, []
        completed = []
        if self.card.reorder:
            for packet in finished:
                self.held.append(packet)
                if len(self.held) > self.card.reorder:
                    completed.append(self.held.pop(self.mix(len(self.held))))
        else:
            completed = finished
        self.program()
        if self.is_idle():
            while self.held:
                completed.append(self.held.pop(self.mix(len(self.held))))
        self.complete(completed, SUCCESS)

    # Its death.

    def die_next(self) -> None:
        if self.card.dies is not None:
            times = (int(at) for at in self.card.dies.at_ns if at > self.now)
            if (death := next(times, None)) is not None:
                self.at(death, LIFE, self.hang)

    def hang(self) -> None:
        self.life = "hung"
        self.incarnation += 1  # what was to come does not come
        self.busy = [(min(since, self.now), min(to, self.now)) for since, to in self.busy]
        every = self.card.dies.check_for_hang_ns
        self.at((self.now // every + 1) * every, LIFE, self.reset)

    def reset(self) -> None:
        self.life = "resetting"
        self.at(self.now + self.card.dies.reset_ns, LIFE, self.come_up)

    def come_up(self) -> None:
        self.counts["resets"] += 1
        # NDIS holds sends back until the driver has completed all that it owed and says that the reset is over.
        self.copying = None
        self.counts["vanished"] += sum(packet not in self.outstanding for packet in self.on_the_way)
        self.line_free = min(self.line_free, self.now)
        for owned in (self.waiting, self.on_the_way, self.unreported, self.held, self.interrupts):
            owned.clear()
        self.complete(list(self.outstanding), ABORTED)
        self.life = "well"
        self.die_next()
        self.send_queued()
