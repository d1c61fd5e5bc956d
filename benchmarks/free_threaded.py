"""Two threads against one on CPython without a GIL: into a completion ring, and completing packets of one adapter.

"Fill" is what each thread pushes, 64 entries a call, into one ring that is emptied afterwards. "Complete" is a
miniport in real time that owes packets; one thread completes all of them, or two threads half each, by name, one by
one or 64 a call, and the completions go into the adapter's ring. Each thread's own time is taken, from the moment at
which all of them run; a thread that is there for the protocol would need a third core.

Runs on the interpreter that `make free-threaded` builds (CPython 3.13t), whichever Python starts it.
"""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import table

FREE = Path(__file__).resolve().parents[1] / ".stamps" / "free-threaded" / "venv" / "bin" / "python"
PACKETS, BATCH = 2_048, 64
ROUNDS = 31


class Together:
    """Threads that do their part at once, again and again, and say how long it took them."""

    def __init__(self, threads: int) -> None:
        self.gate = threading.Barrier(threads + 1)
        self.rounds = [0] * threads
        self.took = [0] * threads
        self.parts: list[Callable[[], None]] = []
        for thread in range(threads):
            threading.Thread(target=self.work, args=(thread,), daemon=True).start()

    def work(self, thread: int) -> None:
        """One thread's life."""
        rounds, clock = self.rounds, time.perf_counter_ns
        for number in count(1):
            self.gate.wait()
            part = self.parts[thread]
            rounds[thread] = number
            while min(rounds) < number:
                pass  # a barrier lets go of one thread after the other
            begin = clock()
            part()
            self.took[thread] = clock() - begin
            self.gate.wait()

    def run(self, parts: Sequence[Callable[[], None]], work: int) -> float:
        """Nanoseconds for each of `work` things, of which each thread does its share."""
        self.parts = list(parts)
        self.gate.wait()
        self.gate.wait()
        share = work / len(parts)
        return 1 / sum(share / took for took in self.took)


class Complete:
    """So many threads complete `PACKETS` packets that a miniport owes."""

    def __init__(self, threads: int, batch: int) -> None:
        self.threads, self.batch = threads, batch
        self.together = Together(threads)

    def cost(self) -> float:
        """Nanoseconds a completion."""
        import numpy as np

        import ndiswan as nw

        class Owing(nw.Miniport):
            """Keeps what it gets."""

            serialized = False
            info = nw.WanInfo(max_transmit=PACKETS)

            def initialize(self) -> None:
                self.owed: list[nw.Packet] = []

            def wan_send(self, link: nw.Link, packet: nw.Packet) -> nw.Status:
                self.owed.append(packet)
                return nw.PENDING

        with nw.Ndis(time=nw.RealTime(), delivery="queued") as ndis:
            driver = Owing()
            link = ndis.bind(nw.Protocol(), driver, packets=PACKETS)
            for _ in range(PACKETS):
                link.send(b"frame")

            def one_by_one(packets: list[nw.Packet]) -> Callable[[], None]:
                complete, status = driver.adapter.wan_send_complete, nw.SUCCESS

                def part() -> None:
                    for packet in packets:
                        complete(packet, status)

                return part

            def many(packets: list[nw.Packet]) -> Callable[[], None]:
                complete, status = driver.adapter.wan_send_complete_many, nw.SUCCESS
                handles = np.array([packet.handle for packet in packets], dtype=np.uint64)
                batches = [handles[at : at + BATCH].copy() for at in range(0, len(handles), BATCH)]

                def part() -> None:
                    for batch in batches:
                        complete(batch, status)

                return part

            make = one_by_one if self.batch == 1 else many
            return self.together.run(
                [make(driver.owed[thread :: self.threads]) for thread in range(self.threads)],
                PACKETS,
            )


def rows() -> list[table.Row]:
    """What is compared."""
    import ring_python

    def row(
        case: str, two: Callable[[], float], one: Callable[[], float], target: float
    ) -> table.Row:
        return table.Row(case, two, one, names=("2 threads", "1 thread"), target=target)

    return [
        row("fill a ring, 64 a call", ring_python.Fill(2).cost, ring_python.Fill(1).cost, 1.5),
        row("complete, one by one", Complete(2, 1).cost, Complete(1, 1).cost, 1.0),
        row("complete, 64 a call", Complete(2, BATCH).cost, Complete(1, BATCH).cost, 1.0),
    ]


def main() -> None:
    """Run and print the table, on the other interpreter if this one has a lock."""
    if not getattr(sys, "_is_gil_enabled", lambda: True)():
        table.run("free_threaded", rows(), rounds=ROUNDS)
    elif FREE.exists() and "NDISWAN_FREE" not in os.environ:
        os.execve(
            FREE, [str(FREE), __file__], {**os.environ, "PYTHON_GIL": "0", "NDISWAN_FREE": "1"}
        )
    else:
        why = "no interpreter without a GIL here: make free-threaded builds one"
        cases = ("fill a ring, 64 a call", "complete, one by one", "complete, 64 a call")
        table.report("free_threaded", [table.missing(case, "1 thread", why) for case in cases])


if __name__ == "__main__":
    main()
