"""The luck of a link once more, from the papers alone: SplitMix64 (Steele, Lea and Flood 2014), asked by position."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ndiswan import models

WORD = 2**64 - 1
STREAMS = ("arrivals", "sizes", "loss", "jitter", "escapes", "card")


def mixed(z: int) -> int:
    """SplitMix64's finalizer."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
    return z ^ (z >> 31)


@dataclass(frozen=True)
class Stream:
    """A named source of random numbers."""

    seed: int
    gamma: int

    def bits(self, n: int) -> int:
        """The 64 bits at position `n`."""
        return mixed((self.seed + (n + 1) * self.gamma) & WORD)

    def unit(self, n: int) -> float:
        """Uniform in [0, 1)."""
        return (self.bits(n) >> 11) / 2**53

    def below(self, n: int, below: int) -> int:
        """Uniform in 0..below, by Lemire's multiplication."""
        return self.bits(n) * below >> 64


def stream(name: str, seed: int, link: int) -> Stream:
    """A stream of the link with this number, as a simulation with this seed has it."""
    sequence = np.random.SeedSequence(seed, spawn_key=(link,))
    words = [int(word) for word in sequence.generate_state(2 * len(STREAMS), np.uint64)]
    at = 2 * STREAMS.index(name)
    odd = words[at + 1] | 1
    few_changes = (odd ^ (odd >> 1)).bit_count() < 24
    return Stream(words[at], odd ^ 0xAAAAAAAAAAAAAAAA if few_changes else odd)


def reordering(seed: int, link: int) -> Callable[[int], int]:
    """Which of so many completions that are held back comes next, one call after the other."""
    luck = stream("card", seed, link)
    calls = iter(range(2**62))
    return lambda held: luck.below(2 * next(calls) + 1, held)


def loss_of(loss: models.Loss, seed: int, link: int) -> Callable[[int, int], bool]:
    """Whether the line loses a packet (flow, number), asked in the order in which they go out."""
    if not isinstance(loss, models.GilbertElliott):
        return lambda *_: False
    luck, bad = stream("loss", seed, link), False

    def lost(flow: int, number: int) -> bool:
        nonlocal bad
        position = 2 * (flow << 48 | number)
        bad ^= luck.unit(position) < (loss.r if bad else loss.p)
        return luck.unit(position + 1) < (loss.loss_bad if bad else loss.loss_good)

    return lost
