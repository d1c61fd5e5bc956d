"""`ndiswan.CompletionRing` from Python: many entries in a call against one, and against Python's own queues.

An entry is a handle, a status and a tag: an element of three NumPy arrays on our side, a tuple of three ints on the
others', since that is what a queue of Python's can hold. "One status" is ours with one status for all and no tags, as
a card reports a batch. Every side puts in and takes out the same entries.
"""

import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np
import table

import ndiswan as nw

BATCH = 64
TIMES = 64
# Batches between two looks at the clock, where only putting in is timed.
DEEP = 16
N = BATCH * TIMES
STATUS = 0xC0000001

HANDLES = np.arange(BATCH, dtype=np.uint64)
STATUSES = np.full(BATCH, STATUS, dtype=np.uint32)
TAGS = np.zeros(BATCH, dtype=np.uint32)
ENTRIES = [(int(handle), STATUS, 0) for handle in HANDLES]


class Side:
    """Puts `BATCH` entries in and takes them out again."""

    def __init__(self, name: str) -> None:
        self.name = name

    def put(self) -> None:
        """The entries in."""
        raise AssertionError("a side says how")

    def take(self) -> None:
        """The entries out."""
        raise AssertionError("a side says how")

    def cost(self) -> float:
        """Nanoseconds of the process an entry, in and out."""
        put, take = self.put, self.take
        begin = time.process_time_ns()
        for _ in range(TIMES):
            put()
            take()
        return (time.process_time_ns() - begin) / N

    def cost_of_put(self) -> float:
        """Nanoseconds an entry for putting it in alone."""
        put, take, spent = self.put, self.take, 0
        for _ in range(TIMES // DEEP):
            begin = time.process_time_ns()
            for _ in range(DEEP):
                put()
            spent += time.process_time_ns() - begin
            for _ in range(DEEP):
                take()
        return spent / N


class Many(Side):
    """Ours, `push_many` and `drain_into`."""

    def __init__(self) -> None:
        super().__init__("push_many")
        self.ring = nw.CompletionRing(DEEP * BATCH)
        self.handles = np.empty(BATCH, dtype=np.uint64)
        self.statuses = np.empty(BATCH, dtype=np.uint32)
        self.tags = np.empty(BATCH, dtype=np.uint32)

    def put(self) -> None:
        """All in one call."""
        if self.ring.push_many(HANDLES, STATUSES, TAGS) != BATCH:
            raise AssertionError("the ring has room")

    def take(self) -> None:
        """All in one call."""
        if self.ring.drain_into(self.handles, self.statuses, self.tags) != BATCH:
            raise AssertionError("the entries are there")


class OneStatus(Many):
    """Ours, one status for all and no tags."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "push_many, one status"

    def put(self) -> None:
        """All in one call."""
        if self.ring.push_many(HANDLES, STATUS) != BATCH:
            raise AssertionError("the ring has room")

    def take(self) -> None:
        """All in one call."""
        if self.ring.drain_into(self.handles, self.statuses) != BATCH:
            raise AssertionError("the entries are there")


class One(Many):
    """Ours, a call an entry; taken out as before."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "push"

    def put(self) -> None:
        """One by one."""
        push = self.ring.push
        for handle, status, tag in ENTRIES:
            push(handle, status, tag)


class OneWithoutTag(OneStatus):
    """Ours, a call an entry, no tags; taken out as before."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "push, no tag"

    def put(self) -> None:
        """One by one."""
        push = self.ring.push
        for handle, status, _ in ENTRIES:
            push(handle, status)


class Queue(Side):
    """A queue of the standard library."""

    def __init__(self, name: str, make: Callable[[], "queue.SimpleQueue | queue.Queue"]) -> None:
        super().__init__(name)
        self.queue = make()

    def put(self) -> None:
        """One by one."""
        put = self.queue.put
        for entry in ENTRIES:
            put(entry)

    def take(self) -> None:
        """One by one."""
        get = self.queue.get
        for _ in range(BATCH):
            get()


class LockedDeque(Side):
    """A deque with a lock around each step."""

    def __init__(self) -> None:
        super().__init__("deque with a lock")
        self.deque: deque[tuple[int, int, int]] = deque()
        self.lock = threading.Lock()

    def put(self) -> None:
        """One by one."""
        append, lock = self.deque.append, self.lock
        for entry in ENTRIES:
            with lock:
                append(entry)

    def take(self) -> None:
        """One by one."""
        popleft, lock = self.deque.popleft, self.lock
        for _ in range(BATCH):
            with lock:
                popleft()


def together(threads: int, times: int = 8 * TIMES) -> float:
    """Nanoseconds an entry when so many threads push `BATCH` at a time into one ring and this one drains."""
    ring = nw.CompletionRing(4 * BATCH * threads)
    handles = np.empty(4 * BATCH, dtype=np.uint64)
    statuses, tags = np.empty(4 * BATCH, dtype=np.uint32), np.empty(4 * BATCH, dtype=np.uint32)
    gate = threading.Barrier(threads + 1)

    def produce() -> None:
        gate.wait()
        for _ in range(times // threads):
            left = HANDLES
            while len(left):
                left = left[ring.push_many(left, STATUSES[: len(left)], TAGS[: len(left)]) :]
                if len(left):
                    time.sleep(0)

    workers = [threading.Thread(target=produce) for _ in range(threads)]
    for worker in workers:
        worker.start()
    gate.wait()
    begin = time.perf_counter_ns()
    missing = times // threads * threads * BATCH
    while missing:
        missing -= ring.drain_into(handles, statuses, tags, timeout=1.0)
    took = time.perf_counter_ns() - begin
    for worker in workers:
        worker.join()
    return took / (times * BATCH)


def main() -> None:
    """Run and print the table."""
    many, one = Many(), One()
    plain, plain_one = OneStatus(), OneWithoutTag()
    simple, full = Queue("SimpleQueue", queue.SimpleQueue), Queue("Queue", queue.Queue)
    locked = LockedDeque()
    free = not getattr(sys, "_is_gil_enabled", lambda: True)()

    def into(ours: Side, rival: Side, target: float | None = None) -> table.Row:
        case = f"in, 64 at a time: {ours.name} : {rival.name}"
        sides = (ours.cost_of_put, rival.cost_of_put)
        return table.Row(case, *sides, names=(ours.name, rival.name), target=target)

    def through(ours: Side, rival: Side) -> table.Row:
        case = f"in and out, 64 at a time: {ours.name} : {rival.name}"
        return table.Row(case, ours.cost, rival.cost, names=(ours.name, rival.name))

    def threads(count: int, target: float) -> table.Row:
        return table.Row(
            f"{count} threads push 64 at a time : 1 thread",
            lambda: together(count),
            lambda: together(1),
            names=(f"{count} threads", "1 thread"),
            target=target,
        )

    rows = [
        into(many, one, 15),
        into(plain, plain_one, 15),
        into(many, simple, 10),
        into(plain, simple, 10),
        *[through(many, rival) for rival in (simple, full, locked)],
        through(plain, simple),
        threads(2, 1.5) if free else threads(4, 1.0),
    ]
    table.run("ring_python", rows)


if __name__ == "__main__":
    main()
