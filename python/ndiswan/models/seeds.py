"""Where luck comes from: a stream of its own for each link and each thing that is drawn."""

import numpy as np

# What is drawn from a stream of its own, in the order in which the engine takes the seeds.
STREAMS = ("arrivals", "sizes", "loss", "jitter", "escapes", "card")


def words_of(seed: int | np.random.SeedSequence, number: int) -> list[int]:
    """The seeds of the streams of link ``number``: two words for each.

    They are those of the child with this number, as ``SeedSequence.spawn`` makes it; but ``spawn`` counts, and here the
    same sequence gives the same luck twice.
    """
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    child = np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, number))
    words: list[int] = child.generate_state(2 * len(STREAMS), np.uint64).tolist()
    return words
