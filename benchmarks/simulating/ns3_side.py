"""ns-3's own event loop at the scenario, beside ours: `python -m simulating.ns3_side`, after `pip install ns3`.

In a process of its own, since importing ns-3 takes ten to twenty seconds of the processor. The model is C++, compiled
by cppyy when it is first used, so no Python runs for a packet: one event each, as in the other sides, and none of
ns-3's devices, queues and headers. The wheel is built with its assertions on. Prints nanoseconds of the processor for a
packet, ours and its, round by round, as JSON.
"""

import json
import time

from simulating import ours
from simulating.workload import NS_PER_BYTE, SIZES, WINDOW, Outcome

ROUNDS = 31
PACKETS = 50_000

MODEL = """
#include <cstdint>
#include <vector>
#include "ns3/core-module.h"

namespace ndiswan_compare {
struct Line {
    std::vector<uint32_t> sizes;
    uint64_t left = 0, sent = 0, count = 0, latency = 0, free_at = 0, end = 0;
    uint64_t ns_per_byte = 8;

    void send() {
        if (left == 0) return;
        left--;
        const uint64_t now = ns3::Simulator::Now().GetNanoSeconds();
        free_at = (free_at > now ? free_at : now) + ns_per_byte * sizes[sent++ % sizes.size()];
        ns3::Simulator::Schedule(ns3::NanoSeconds(free_at - now), &Line::done, this, now);
    }
    void done(uint64_t begun) {
        end = ns3::Simulator::Now().GetNanoSeconds();
        count++;
        latency += end - begun;
        send();
    }
    void run(uint64_t packets, int window) {
        left = packets;
        for (int i = 0; i < window; i++) send();
        ns3::Simulator::Run();
        ns3::Simulator::Destroy();
    }
};
}
"""


def run(n: int) -> Outcome:
    """The scenario in ns-3."""
    import cppyy

    line = cppyy.gbl.ndiswan_compare.Line()
    line.ns_per_byte = NS_PER_BYTE
    line.sizes = cppyy.gbl.std.vector["uint32_t"](SIZES)
    line.run(n, WINDOW)
    return Outcome(line.count, line.latency, line.end)


def main() -> None:
    """Run both in turn, each once for the compiler, and print."""
    import cppyy
    from ns import ns  # noqa: F401  (it loads the libraries)

    from simulating import rows

    cppyy.cppdef(MODEL)
    for n in 1, 63, 64, 65, PACKETS:
        if (got := run(n)) != (expected := ours.run(n)):
            raise AssertionError(f"ns-3, {n} packets: expected {expected}, got {got}")
    sides = rows.built_in(), lambda: run_timed(PACKETS)
    print(json.dumps([[side() for side in sides] for _ in range(ROUNDS)]))


def run_timed(n: int) -> float:
    """What a packet costs ns-3."""
    begin = time.process_time_ns()
    run(n)
    return (time.process_time_ns() - begin) / n


if __name__ == "__main__":
    main()
