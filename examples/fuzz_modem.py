"""A driver under a coverage-guided fuzzer: libFuzzer makes bytes, and the bytes say what happens to the driver.

    pip install atheris
    python examples/fuzz_modem.py -runs=20000              the modem driver's first version; a bug is found
    python examples/fuzz_modem.py --plain 2000             the same without atheris: random bytes

libFuzzer sees which lines of the driver run, keeps the bytes that reach new ones, and writes those that break a rule
to a file `crash-…`; `python examples/fuzz_modem.py crash-…` runs them again. The replay file that is written beside it
needs no fuzzer: `ndiswan replay FILE`.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "drivers"))

import ndiswan as nw
from ndiswan.testing import fuzz_one_input


def scenario(ndis: nw.Ndis) -> None:
    """Sends, resets and sends again; how many of each, and when things happen, the bytes say."""
    import bad_modem  # noqa: PLC0415 -- when atheris is ready to count its lines

    link = ndis.bind(nw.Protocol(), bad_modem.BadModem())
    for _ in range(ndis.choose(3, "rounds") + 1):
        for _ in range(ndis.choose(3, "sends")):
            link.send(b"\xff\x03\x00\x21ping")
        if ndis.choose(2, "run"):
            ndis.run()
        if ndis.choose(4, "reset") == 3:
            ndis.reset(link)
    ndis.run()


def plain(runs: int) -> None:
    """Random bytes, where atheris cannot be installed."""
    dice, target = random.Random(1), fuzz_one_input(scenario, save=".")
    for _ in range(runs):
        target(dice.randbytes(64))


if __name__ == "__main__":
    if "--plain" in sys.argv:
        plain(int(sys.argv[-1]))
    else:
        import atheris

        with atheris.instrument_imports(include=["bad_modem", "modem"]):
            import bad_modem  # noqa: F401 -- from here on its lines are counted

        atheris.Setup(sys.argv, fuzz_one_input(scenario, save="."))
        atheris.Fuzz()
