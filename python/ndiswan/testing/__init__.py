"""The kit for tests of drivers, for pytest and Hypothesis.

`MiniportConformance` makes the whole kit pytest tests of one miniport; `MiniportMachine` is a Hypothesis state machine
for any; `play` runs a scenario once with given answers, `fuzz_one_input` makes it a target for a fuzzer.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ndiswan.testing.conformance import ConformanceError, MiniportConformance
    from ndiswan.testing.machine import MiniportMachine
    from ndiswan.testing.playing import fuzz_one_input, play

_PLACES = {
    "ConformanceError": "conformance",
    "MiniportConformance": "conformance",
    "MiniportMachine": "machine",
    "fuzz_one_input": "playing",
    "play": "playing",
}

__all__ = [
    "ConformanceError",
    "MiniportConformance",
    "MiniportMachine",
    "fuzz_one_input",
    "play",
]


def __getattr__(name: str) -> object:
    """A fuzzer's target needs no Hypothesis, so each is imported when it is used."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
