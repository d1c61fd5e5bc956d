"""The scenario that every side runs: one line of 1 Gbit/s, first in first out, 64 packets that go round.

Packet `n` has the size `SIZES[n % 4096]`, in the order in which packets are sent, and is on the line for 8 ns a byte.
All 64 are sent at time 0; each is sent again in the instant in which it comes back, until `n` were sent in all. Its
latency is from when it is sent until it comes back. The sizes are made once, beforehand, so that nobody's time is spent
on the generator.
"""

from typing import NamedTuple

WINDOW = 64
NS_PER_BYTE = 8
RATE_BPS = 1_000_000_000


class Outcome(NamedTuple):
    """What every side has to come to."""

    count: int
    latency_ns: int
    end_ns: int


def lcg(count: int) -> list[int]:
    """Sizes of 64 to 1,518 bytes from Knuth's MMIX generator, begun at 1; `rust/compare/simulate` has the same."""
    sizes, x = [], 1
    for _ in range(count):
        x = (x * 6364136223846793005 + 1442695040888963407) % 2**64
        sizes.append(64 + (x >> 33) % 1455)
    return sizes


SIZES = lcg(4096)
