"""Running a scenario for a command: what the file says, how far it is on the screen, and what is left after Ctrl-C."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ndiswan.cli.watching import watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.models import Results, Simulation
    from ndiswan.models.scenario import Scenario

# For a person who watches, a run is made in so many pieces, which changes nothing else; not for so many links.
PIECES, TOO_MANY = 50, 4096

SO_FAR = "interrupted: this is what was measured so far"
NONE_WHOLE = "interrupted before a replication was over: this is what the first had measured so far"


class Seconds(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """A number of seconds, or a time with a unit."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Seconds."""
        from ndiswan.models.units import quantity

        try:
            return float(value)
        except ValueError:
            try:
                return float(quantity("until", value))
            except ValueError as error:
                self.fail(str(error), param, ctx)


@dataclass
class Outcome:
    """What a run gave: ``results`` is ``None`` if it was interrupted before there was anything."""

    results: Results | None
    interrupted: str = ""
    """What is to be said of a run that was; empty if it was not."""
    simulation: Simulation | None = None
    """The one run; ``None`` of several."""
    warming: bool = False
    """Whether the warm-up was not over, so that the results are of what is not to be measured."""


def read(file: str, changes: dict[str, Any]) -> Scenario:
    """The scenario of a file, with what the command line says otherwise, looked at as a whole."""
    from ndiswan.models.scenario import ScenarioError, load

    try:
        scenario = load(file)
    except ScenarioError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror or error}") from error
    try:
        scenario = scenario.with_run(**changes)
    except (TypeError, ValueError) as error:
        raise click.UsageError(f"--{str(error).removeprefix('Run.')}") from error
    try:
        scenario.check()
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    return scenario


def measure(scenario: Scenario, detail: Any) -> Outcome:
    """Run a scenario once, or as often as it says."""
    several = scenario.run.replications > 1
    try:
        return _replications(scenario) if several else _once(scenario, detail)
    except ValueError as error:
        raise click.ClickException(f"{scenario.path}: {error}") from error


def _once(scenario: Scenario, detail: Any) -> Outcome:
    from ndiswan.models import Simulation

    run = scenario.run
    simulation = Simulation(scenario.links, seed=run.seed, threads=run.threads, detail=detail)
    interrupted, warming = "", bool(run.warmup)
    try:
        with watching() as watch:
            if run.warmup:
                _advance(simulation, run.warmup, watch(simulation, "warm-up", run.warmup))
                simulation.clear()
                warming = False
            _advance(simulation, run.until, watch(simulation, "measuring", run.until))
    except KeyboardInterrupt:
        interrupted = SO_FAR
        if warming:
            interrupted = f"interrupted in the warm-up of {run.warmup:g} s: these are its numbers, nothing was measured"
    return Outcome(simulation.results(), interrupted, simulation, warming)


def _advance(
    simulation: Simulation, until: float | None, watch: Callable[[], object] | None
) -> None:
    began = simulation.now
    if watch is not None and until is not None and simulation.progress[2] < TOO_MANY:
        for piece in range(1, PIECES):
            simulation.run(began + (until - began) * piece / PIECES, watch=watch)
            watch()
    simulation.run(until, watch=watch)


def _replications(scenario: Scenario) -> Outcome:
    from ndiswan.models import engine
    from ndiswan.models.replications import _Runs
    from ndiswan.models.seeds import seed_sequence

    run, links = scenario.run, scenario.links
    until = None if run.until is None else engine.nanoseconds("until", run.until)
    warmup = engine.nanoseconds("warmup", run.warmup)
    runs = _Runs(links, seed_sequence(run.seed), "counters")
    size = sum(link.count for link in links)
    done = 0
    try:
        with watching() as watch:
            for some in engine.chunks(0, run.replications, len(links), size):
                look = watch(None, f"{done:,} of {run.replications:,} replications", None)
                runs.extend(some.stop, until, warmup, engine.cores(run.threads), look)
                done = some.stop
    except KeyboardInterrupt:
        whole = runs.cut(until)
        if not runs.any():
            return Outcome(None, "interrupted in the warm-up: nothing was measured", warming=True)
        return Outcome(runs.results(), SO_FAR if whole else NONE_WHOLE)
    return Outcome(runs.results())
