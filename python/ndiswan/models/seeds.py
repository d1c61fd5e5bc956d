"""Where luck comes from: a stream of its own for each link and each thing that is drawn."""

from functools import lru_cache

import numpy as np

# What is drawn from a stream of its own, in the order in which the engine takes the seeds.
STREAMS = ("arrivals", "sizes", "loss", "jitter", "escapes", "card")

Entropy = int | tuple[int, ...]


def seed_sequence(seed: int | np.random.SeedSequence) -> np.random.SeedSequence:
    """The seed as a sequence; ``None`` is other luck each time. Raises ``TypeError`` and ``ValueError``."""
    if isinstance(seed, np.random.SeedSequence):
        return seed
    try:
        return np.random.SeedSequence(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"seed: expected a whole number of 0 or more, or a numpy.random.SeedSequence, got {seed!r:.60}"
        ) from error


def entropy_of(root: np.random.SeedSequence) -> Entropy:
    """What a sequence was made of, so that it can be compared and sent."""
    if isinstance(root.entropy, int):
        return root.entropy
    entropy = np.atleast_1d(np.asarray(root.entropy, object)).tolist()
    return int(entropy[0]) if np.ndim(root.entropy) == 0 else tuple(map(int, entropy))  # type: ignore[arg-type]


def child(root: np.random.SeedSequence, number: int) -> np.random.SeedSequence:
    """The child with this number, as ``SeedSequence.spawn`` makes it.

    But ``spawn`` counts, and here the same sequence gives the same luck twice.
    """
    key = (*root.spawn_key, number)
    return np.random.SeedSequence(root.entropy, spawn_key=key, pool_size=root.pool_size)


def words_of(seed: int | np.random.SeedSequence, number: int) -> list[int]:
    """The seeds of the streams of link ``number``, which are those of this child: two words for each."""
    root = seed_sequence(seed)
    return _words(entropy_of(root), (*root.spawn_key, number), root.pool_size)


# Each point of a sweep asks for the same ones.
@lru_cache(maxsize=1 << 14)
def _words(entropy: Entropy, spawn_key: tuple[int, ...], pool_size: int) -> list[int]:
    seeds = np.random.SeedSequence(entropy, spawn_key=spawn_key, pool_size=pool_size)
    words: list[int] = seeds.generate_state(2 * len(STREAMS), np.uint64).tolist()
    return words
