"""What happened on links, as files to look at: pcapng for Wireshark, and traces for Perfetto and Chrome."""

from os import PathLike
from pathlib import Path

from ndiswan.models._parameters import whole
from ndiswan.models.results import names_of
from ndiswan.models.running import Simulation

# By the form: what the name of a file in it ends with.
SUFFIXES: dict[str, tuple[str, ...]] = {
    "pcapng": (".pcapng",),
    "perfetto": (".perfetto-trace", ".pftrace"),
    "chrome": (".json",),
}


def form_of(path: str | PathLike[str]) -> str:
    """The form that the name of a file asks for.

    Raises ``ValueError`` for a name that asks for none.
    """
    for form, suffixes in SUFFIXES.items():
        if str(path).endswith(suffixes):
            return form
    known = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    raise ValueError(f"expected a name that ends in one of {known}, got {Path(path).name!r}")


def names_of_each(simulation: Simulation) -> list[str]:
    """A name for each link, those of a family with their number in it."""
    names = []
    for name, link in zip(names_of(simulation.links), simulation.links, strict=True):
        names += [name] if link.count == 1 else [f"{name}[{n}]" for n in range(link.count)]
    return names


def save_trace(
    simulation: Simulation,
    path: str | PathLike[str],
    *,
    form: str | None = None,
    snaplen: int = 96,
) -> int:
    """Write what happened to a file, in the form that its name asks for; how many packets were sent.

    The simulation must have been made with ``detail="trace"``. ``snaplen``: the most bytes of a packet in a capture,
    0 for all; what they carry is made up (an LCP Discard-Request of that size), when and how they went is not.
    Raises ``ValueError`` for a simulation without a trace and a name that asks for no form, ``OSError`` for a file that
    cannot be written. A file that is not written to its end, as after Ctrl-C, is removed.

    >>> from ndiswan.models.export import save_trace
    >>> link = models.Link(
    ...     traffic=models.Cbr(rate_pps=100, size=500, packets=20), line=models.Line(rate_bps=512_000)
    ... )
    >>> simulation = models.Simulation(link, detail="trace")
    >>> finished = simulation.run()
    >>> save_trace(simulation, "run.pcapng")
    20
    """
    form = form or form_of(path)
    most = whole("snaplen", snaplen, 0, 2**32 - 1)
    native = simulation._native  # noqa: SLF001 -- its face is running.py, which knows no files
    return native.export(Path(path), form, names_of_each(simulation), most)
