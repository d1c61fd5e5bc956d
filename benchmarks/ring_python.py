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
# Batches that are put in before they are taken out: a look at the clock costs as much as three of our calls.
DEEP = 64
TIMES = 8 * DEEP
N = BATCH * TIMES
STATUS = 0xC0000001

HANDLES = np.arange(BATCH, dtype=np.uint64)
STATUSES = np.full(BATCH, STATUS, dtype=np.uint32)
TAGS = np.zeros(BATCH, dtype=np.uint32)
ENTRIES = [(int(handle), STATUS, 0) for handle in HANDLES]


class Side:
    """Puts `BATCH` entries in and takes them out again, so many times in a loop that does nothing else."""

    def __init__(self, name: str) -> None:
        self.name = name

    def put(self, times: int) -> None:
        """The entries in."""
        raise AssertionError("a side says how")

    def take(self, times: int) -> None:
        """The entries out."""
        raise AssertionError("a side says how")

    def cost(self) -> float:
        """Nanoseconds of the process an entry, in and out."""
        begin = time.process_time_ns()
        for _ in range(TIMES // DEEP):
            self.put(DEEP)
            self.take(DEEP)
        return (time.process_time_ns() - begin) / N

    def cost_of_put(self) -> float:
        """Nanoseconds an entry for putting it in alone."""
        spent = 0
        for _ in range(TIMES // DEEP):
            begin = time.process_time_ns()
            self.put(DEEP)
            spent += time.process_time_ns() - begin
            self.take(DEEP)
        return spent / N


class Many(Side):
    """Ours, `push_many` and `drain_into`."""

    def __init__(self) -> None:
        super().__init__("push_many")
        self.ring = nw.CompletionRing(DEEP * BATCH)
        self.handles = np.empty(BATCH, dtype=np.uint64)
        self.statuses = np.empty(BATCH, dtype=np.uint32)
        self.tags = np.empty(BATCH, dtype=np.uint32)

    def expect(self, entries: int) -> None:
        """So many are in the ring."""
        if len(self.ring) != entries:
            raise AssertionError(f"expected {entries} entries, got {self.ring!r}")

    def put(self, times: int) -> None:
        """64 in a call."""
        push_many, handles, statuses, tags = self.ring.push_many, HANDLES, STATUSES, TAGS
        for _ in range(times):
            push_many(handles, statuses, tags)
        self.expect(times * BATCH)

    def take(self, times: int) -> None:
        """64 in a call."""
        drain_into, handles, statuses = self.ring.drain_into, self.handles, self.statuses
        tags = self.tags
        for _ in range(times):
            drain_into(handles, statuses, tags)
        self.expect(0)


class OneStatus(Many):
    """Ours, one status for all and no tags."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "push_many, one status"

    def put(self, times: int) -> None:
        """64 in a call."""
        push_many, handles, status = self.ring.push_many, HANDLES, STATUS
        for _ in range(times):
            push_many(handles, status)
        self.expect(times * BATCH)

    def take(self, times: int) -> None:
        """64 in a call."""
        drain_into, handles, statuses = self.ring.drain_into, self.handles, self.statuses
        for _ in range(times):
            drain_into(handles, statuses)
        self.expect(0)


class One(Many):
    """Ours, a call an entry; taken out as before."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "push"

    def put(self, times: int) -> None:
        """One by one."""
        push = self.ring.push
        for _ in range(times):
            for handle, status, tag in ENTRIES:
                push(handle, status, tag)
        self.expect(times * BATCH)


class OneWithoutTag(OneStatus):
    """Ours, a call an entry, no tags; taken out as before."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "push, no tag"

    def put(self, times: int) -> None:
        """One by one."""
        push = self.ring.push
        for _ in range(times):
            for handle, status, _ in ENTRIES:
                push(handle, status)
        self.expect(times * BATCH)


class Queue(Side):
    """A queue of the standard library."""

    def __init__(self, name: str, make: Callable[[], "queue.SimpleQueue | queue.Queue"]) -> None:
        super().__init__(name)
        self.queue = make()

    def put(self, times: int) -> None:
        """One by one."""
        put = self.queue.put
        for _ in range(times):
            for entry in ENTRIES:
                put(entry)

    def take(self, times: int) -> None:
        """One by one."""
        get = self.queue.get
        for _ in range(times * BATCH):
            get()


class LockedDeque(Side):
    """A deque with a lock around each step."""

    def __init__(self) -> None:
        super().__init__("deque with a lock")
        self.deque: deque[tuple[int, int, int]] = deque()
        self.lock = threading.Lock()

    def put(self, times: int) -> None:
        """One by one."""
        append, lock = self.deque.append, self.lock
        for _ in range(times):
            for entry in ENTRIES:
                with lock:
                    append(entry)

    def take(self, times: int) -> None:
        """One by one."""
        popleft, lock = self.deque.popleft, self.lock
        for _ in range(times * BATCH):
            with lock:
                popleft()


def together(threads: int, times: int = TIMES) -> float:
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

    def through(ours: Side, rival: Side, target: float | None = None) -> table.Row:
        case = f"in and out, 64 at a time: {ours.name} : {rival.name}"
        sides = (ours.cost, rival.cost)
        return table.Row(case, *sides, names=(ours.name, rival.name), target=target)

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
        through(many, simple, 10),
        through(plain, simple, 10),
        *[through(many, rival) for rival in (full, locked)],
        threads(2, 1.5) if free else threads(4, 1.0),
    ]
    table.run("ring_python", rows)


if __name__ == "__main__":
    main()
