"""Replications: the same links with other luck, until there are enough of them."""

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from ndiswan.models import engine
from ndiswan.models._parameters import real, whole
from ndiswan.models.links import Link
from ndiswan.models.measured import Measured
from ndiswan.models.results import BATCHED, Results, column_named, read
from ndiswan.models.running import Simulation, callable_watch, several
from ndiswan.models.seeds import child, seed_sequence
from ndiswan.models.stages import Column
from ndiswan.models.statistics import checked_confidence

if TYPE_CHECKING:
    from ndiswan._native import Simulation as _Simulation

PRECISE = "latency_mean_ns"
"""What a ``precision`` that is a number is asked of."""
FIRST = 10
"""Replications before a precision is looked at for the first time; fewer say too little of the variance (Law)."""


class PrecisionWarning(UserWarning):
    """An interval is still too wide, and no more replications were allowed.

    >>> import warnings
    >>> flow = models.Poisson(rate_pps=90, size=500)
    >>> link = models.Link(traffic=flow, line=models.Line(rate_bps=512_000))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     results = models.simulate(link, until=1, precision=0.001, max_replications=2)
    >>> caught[0].category.__name__
    'PrecisionWarning'
    """


def simulate(  # noqa: PLR0913 -- all but the first have names
    links: Link | Sequence[Link],
    *,
    until: float | None = None,
    warmup: float = 0.0,
    seed: int | np.random.SeedSequence = 0,
    threads: int | None = None,
    detail: engine.Detail = "counters",
    replications: int | None = None,
    precision: float | Mapping[str, float] | None = None,
    confidence: float = 0.95,
    max_replications: int = 1000,
    watch: Callable[[], object] | None = None,
) -> Results:
    """Run links and return what was measured after ``warmup`` seconds, up to ``until`` or the end of the traffic.

    ``links``, ``seed``, ``threads``, ``detail`` and ``watch`` are those of `Simulation`. ``replications``: so many runs
    with luck of their own, on all cores. Number ``r`` has that of ``SeedSequence(seed).spawn(n)[r]``, however many
    there are; without ``replications`` the one run has that of ``seed`` itself. The results are the same on any number
    of cores.

    ``precision``: more replications until the confidence interval of the mean is at most this share of it to both
    sides, for each link: 0.01 for the mean latency, ``{"latency": 0.01, "utilisation": 0.001}`` for what is named. The
    first look is after ``replications`` (10 by default), the next when the interval should be small enough (the
    sequential procedure of Law, Simulation Modeling and Analysis). If ``max_replications`` are not enough,
    `Results.missed` says so, and a `PrecisionWarning`.

    Raises ``ValueError`` and ``TypeError`` for parameters that cannot be, ``KeyError`` for a column that is not there.

    >>> results = models.simulate(
    ...     models.Link(
    ...         traffic=models.Cbr(rate_pps=100, size=500), line=models.Line(rate_bps=512_000)
    ...     ),
    ...     until=10,
    ... )
    >>> int(results.columns["sent"][0])
    1001
    """
    links = several(links)
    checked_confidence(confidence)
    callable_watch(watch)
    until_ns, warmup_ns = engine.times(until, warmup)
    cores = engine.cores(threads)
    if replications is None and precision is None:
        simulation = Simulation(links, seed=seed, threads=cores, detail=detail)
        simulation.run_measured(until_ns, warmup_ns, watch)
        return replace(simulation.results(), confidence=confidence)
    wanted = _wanted(precision, links[0])
    most = whole("max_replications", max_replications, 2 if wanted else 1)
    number = whole(
        "replications", (FIRST if wanted else 1) if replications is None else replications, 1
    )
    if wanted:
        if replications is not None and number > most:
            raise ValueError(
                f"replications: expected at most max_replications, which is {most}, got {number}"
            )
        number = min(max(number, 2), most)
    runs = _Runs(links, seed_sequence(seed), detail)
    while True:
        runs.extend(number, until_ns, warmup_ns, cores, watch)
        results = replace(runs.results(), confidence=confidence)
        missed = {
            name: share
            for name, share in _shares(results, wanted).items()
            if not share <= wanted[name]
        }
        if not missed or number >= most:
            break
        # The width goes with the root of their number; who guessed too low looks again.
        worst = max(share / wanted[name] for name, share in missed.items())
        guess = math.ceil(number * worst**2) if math.isfinite(worst) else 2 * number
        number = min(max(number + 1, min(guess, 2 * number)), most)
    unknown = {name: math.inf for name in wanted if _is_always_zero(results, name)}
    for name, share in (missed | unknown).items():
        warnings.warn(PrecisionWarning(_why(results, name, share, wanted[name])), stacklevel=2)
    return replace(results, missed=missed)


def _wanted(precision: float | Mapping[str, float] | None, link: Link) -> dict[str, float]:
    if precision is None:
        return {}
    shares = precision if isinstance(precision, Mapping) else {PRECISE: precision}
    known = Simulation(replace(link, count=1)).results().columns
    wanted = {
        column_named(name, known): real(f"precision[{name}]", share)
        for name, share in shares.items()
    }
    for name, share in wanted.items():
        if known[name].dtype.kind not in "iuf" or not share > 0:
            raise ValueError(
                f"precision: expected columns that measure, and shares above 0, got {name}: {share!r}"
            )
    return wanted


def _shares(results: Results, wanted: dict[str, float]) -> dict[str, float]:
    """Half of the interval as a share of the mean, of the link for which it is largest; of no packet infinite."""
    found = {}
    for name in wanted:
        shares = [results.interval(name, link).relative for link in results.names]
        found[name] = max(math.inf if math.isnan(share) else share for share in shares)
    return found


def _is_always_zero(results: Results, name: str) -> bool:
    return not results.columns[name].any()


def _why(results: Results, name: str, share: float, wanted: float) -> str:
    """Why a precision was missed, and what to do."""
    number = results.replications
    if _is_always_zero(results, name):
        return (
            f"{name}: it was 0 in each of {number} replications, which does not say how rare it is;"
            " give a larger `until`, or more replications"
        )
    without = np.isnan(results.columns[name].astype(np.float64))
    if without.any():
        some = len(set(results.columns["replication"][without].tolist()))
        return (
            f"{name}: {some} of {number} replications had no packet to measure, so that it has no mean;"
            " give a larger `until`"
        )
    return (
        f"{name}: its interval is ± {share:.2%} of the mean after {number} replications,"
        f" wanted ± {wanted:.2%}; allow more with max_replications"
    )


class _Runs:
    """The replications that were made until now."""

    def __init__(
        self, links: tuple[Link, ...], root: np.random.SeedSequence, detail: engine.Detail
    ) -> None:
        self._links, self._root, self._detail = links, root, detail
        self._plain = engine.plain_links(links)
        self._size = sum(link.count for link in links)
        self._done = 0
        self._parts: list[Results] = []
        self._measuring: _Simulation | None = None

    def extend(
        self,
        number: int,
        until_ns: int | None,
        warmup_ns: int,
        cores: int,
        watch: Callable[[], object] | None,
    ) -> None:
        """Have so many of them."""
        specs = len(self._links)
        # A fingerprint is of one replication.
        alone = specs if self._detail == "counters" else engine.GROUPS_AT_ONCE
        for some in engine.chunks(self._done, number, alone, self._size):
            roots = [child(self._root, replication) for replication in some]
            native = engine.build(self._plain, roots, self._detail)
            engine.warm_up(native, warmup_ns, cores, watch)
            self._measuring = native
            native.run(until_ns, cores, watch)
            self._measuring = None
            self._parts.append(read(native, self._links))
        self._done = number

    def cut(self, until_ns: int | None) -> bool:
        """Keep what there is of those that were running when something was raised; whether that is whole replications.

        The first ones that are over, since the results number them through; if none is, the first as far as it came.
        """
        native, self._measuring = self._measuring, None
        if native is None:
            return True
        specs = len(self._links)
        results = read(native, self._links)
        measured, over = results.measured, np.array(native.over(until_ns))
        left = measured.group[~over]
        whole = int(left[0]) // specs if len(left) else measured.groups // specs
        kept = whole or int(not self._parts)
        if kept:
            some = measured.part(0, kept * specs)
            batches = results.batches[: len(some.group)]
            self._parts.append(replace(results, measured=some, batches=batches))
        return bool(whole or not kept)

    def any(self) -> bool:
        """Whether anything was measured."""
        return bool(self._parts)

    def results(self) -> Results:
        """All of them together."""
        parts = self._parts
        batches = [row for part in parts for row in part.batches][:BATCHED]
        digests = [part.digest for part in parts if part.digest is not None]
        return replace(
            parts[0],
            measured=Measured.together([part.measured for part in parts]),
            packets=_packets(parts),
            batches=batches,
            digest=blake2b("".join(digests).encode(), digest_size=8).hexdigest()
            if digests
            else None,
        )


def _packets(parts: list[Results]) -> dict[str, Column]:
    if not len(parts[0].packets.get("link", ())):
        return parts[0].packets
    columns = {
        name: np.concatenate([part.packets[name] for part in parts]) for name in parts[0].packets
    }
    sizes = [len(part.packets["link"]) for part in parts]
    return {"replication": np.repeat(np.arange(len(parts)), sizes), **columns}
