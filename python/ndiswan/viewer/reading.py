"""What kind of file it is, and the runs in it."""

from __future__ import annotations

from pathlib import Path

from ndiswan._native import Trace
from ndiswan.viewer.replays import of_replay
from ndiswan.viewer.run import Run, ViewError
from ndiswan.viewer.simulations import of_simulation
from ndiswan.viewer.traces import of_trace

EXPECTED = (
    "expected a replay file (`ndiswan fuzz`), a recorded trace (`ndis.save(FILE)`) or a simulation's trace in JSON "
    "(`ndiswan simulate SCENARIO --trace run.json`)"
)
_CAPTURES = (b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1")


def read(path: str | Path, *, target: str | None = None) -> list[Run]:
    """The runs in a file: one, and of a replay file the good one beside it, if one answer makes it good.

    ``target``, as of ``ndiswan fuzz``, says where the scenario of a replay file is on this machine, if it is neither
    where the file says nor below this folder; what is recorded needs none.

    Raises
    ------
    ViewError
        The file is not to be read, none that can be shown, empty, or of a newer version.

    Examples
    --------
    >>> with nw.Ndis(record=True) as ndis:
    ...     link = ndis.bind(nw.Protocol(), models.CardMiniport(models.Line(rate_bps=64_000)))
    ...     status = link.send(b"hello")
    ...     events = ndis.run()
    >>> ndis.save("run.trace")
    >>> from ndiswan.viewer import read
    >>> [run.name for run in read("run.trace")]
    ['run.trace']
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise ViewError(f"{path}: cannot read it: {error.strerror}; {EXPECTED}") from error
    if not head.strip():
        raise ViewError(f"{path}: the file is empty; {EXPECTED}")
    if head.startswith(_CAPTURES):
        raise ViewError(
            f"{path}: this is a capture of frames, which Wireshark shows; {EXPECTED}. "
            "Give the trace that it was made of; of a simulation, write one with a name that ends with .json"
        )
    text = head.decode("utf-8", "replace").lstrip()
    if not text.startswith("{"):
        if path.suffix in (".perfetto-trace", ".pftrace"):
            raise ViewError(
                f"{path}: this is a trace for ui.perfetto.dev; {EXPECTED}. "
                "Write it once more with a name that ends with .json"
            )
        raise ViewError(f"{path}: begins with {text[:24]!r}; {EXPECTED}")
    return _runs(path, text, target)


def _runs(path: Path, head: str, target: str | None) -> list[Run]:
    if '"traceEvents"' in head[:200]:
        return [of_simulation(path)]
    if '"ndiswan-trace"' in head:
        try:
            trace = Trace(path)
        except (OSError, ValueError) as error:
            raise ViewError(str(error)) from error
        return [of_trace(trace, path.name)]
    if '"ndiswan-replay"' in head:
        run, good = of_replay(str(path), path.name, target)
        return [run] if good is None else [run, good]
    raise ViewError(f"{path}: this is JSON, and nothing that can be shown; {EXPECTED}")
