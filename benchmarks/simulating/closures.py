"""A simulation as one writes it in an afternoon: a heap of closures."""

from heapq import heappop, heappush
from typing import Any

from simulating.workload import NS_PER_BYTE, SIZES, WINDOW, Outcome


def heap(n: int) -> Outcome:
    """`heapq` with (time, number, what to do); no packet, no owner, no status."""
    events: list[tuple[int, int, Any]] = []
    now = free = sent = count = latency = 0

    def send() -> None:
        nonlocal free, sent
        begun = now
        free = max(free, now) + NS_PER_BYTE * SIZES[sent % 4096]
        sent += 1

        def done() -> None:
            nonlocal count, latency
            count += 1
            latency += now - begun
            if sent < n:
                send()

        heappush(events, (free, sent, done))

    for _ in range(min(WINDOW, n)):
        send()
    while events:
        now, _, act = heappop(events)
        act()
    return Outcome(count, latency, now)
