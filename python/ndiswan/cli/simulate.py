"""`ndiswan simulate`: a scenario file in, a table of what was measured out."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan.cli.console import out, out_json, painter
from ndiswan.cli.group import FINE, INTERRUPTED, NOTHING_RAN, VIOLATIONS
from ndiswan.cli.watching import watching

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.models import Results, Simulation
    from ndiswan.models.scenario import Scenario

# For a person who watches, a run is made in so many pieces, which changes nothing else; not for so many links.
PIECES, TOO_MANY = 50, 4096


class Seconds(click.ParamType[float]):
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


@click.command()
@click.argument("file", metavar="SCENARIO")
@click.option("--until", type=Seconds(), help='Simulate so long: seconds, or "2 min".')
@click.option("--warmup", type=Seconds(), help="Measure from then on.")
@click.option("--seed", type=click.IntRange(0, 2**63), help="Other luck; 0 if nobody says.")
@click.option("--replications", type=click.IntRange(min=1), help="So many runs, with intervals.")
@click.option("--threads", type=click.IntRange(1, 4096), help="Cores to use; all without it.")
@click.option(
    "--trace",
    metavar="OUT",
    help="Write every packet: OUT.pcapng for Wireshark, .perfetto-trace or .json for ui.perfetto.dev.",
)
@click.option(
    "--snaplen",
    type=click.IntRange(0, 2**32 - 1),
    default=96,
    show_default=True,
    help="The most bytes of a packet in a pcapng file; 0 for all.",
)
@click.option("--csv", "csv_file", metavar="OUT", help="Write a row for each link.")
@click.option("--parquet", metavar="OUT", help="Write a row for each link.")
@click.option("--json", "as_json", is_flag=True, help="The result as one document on stdout.")
def simulate(file: str, *, trace: str | None, snaplen: int, as_json: bool, **given: Any) -> int:
    """Simulate the links of SCENARIO, a TOML or Python file, and say what was measured.

    Ctrl-C ends it with what was measured so far.
    """
    from ndiswan.cli.rows import rows
    from ndiswan.models.export import form_of, save_trace

    scenario = read(
        file, {key: given[key] for key in ("until", "warmup", "seed", "replications", "threads")}
    )
    click.echo(f"seed {scenario.run.seed}", err=True)
    if trace is not None:
        try:
            form_of(trace)
        except ValueError as error:
            raise click.UsageError(f"--trace: {error}") from error
        if scenario.run.replications > 1:
            raise click.UsageError("--trace: expected one run; leave --replications out")
    simulation, results, interrupted = measure(scenario, "counters" if trace is None else "trace")
    found = rows(results)
    if as_json:
        out_json(_document(scenario, simulation, found, interrupted=interrupted))
    else:
        out("\n".join(_lines(scenario, simulation, found, interrupted=interrupted)))
    try:
        if trace is not None:
            packets = save_trace(simulation, trace, snaplen=snaplen)
            click.echo(f"{trace}: {packets:,} packets", err=True)
        _save(results, given)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    if interrupted:
        return INTERRUPTED
    if any(row["broken"] for row in found):
        return VIOLATIONS
    return FINE if any(row["offered"] for row in found) else NOTHING_RAN


def read(file: str, changes: dict[str, Any]) -> Scenario:
    """The scenario of a file, with what the command line says otherwise, looked at as a whole."""
    from ndiswan.models.scenario import ScenarioError, load

    try:
        scenario = load(file).with_run(**changes)
        scenario.check()
    except ScenarioError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.UsageError(str(error)) from error
    except ValueError as error:
        raise click.UsageError(f"--{str(error).removeprefix('Run.')}") from error
    return scenario


def measure(scenario: Scenario, detail: Any) -> tuple[Simulation, Results, bool]:
    """Run a scenario once: the simulation, what was measured, and whether it was interrupted."""
    from ndiswan.models import Simulation

    run = scenario.run
    simulation = Simulation(scenario.links, seed=run.seed, threads=run.threads, detail=detail)
    interrupted = False
    try:
        with watching() as watch:
            if run.warmup:
                _advance(simulation, run.warmup, watch(simulation, "warm-up", run.warmup))
                simulation.clear()
            _advance(simulation, run.until, watch(simulation, "measuring", run.until))
    except KeyboardInterrupt:
        interrupted = True
    except ValueError as error:
        raise click.ClickException(f"{scenario.path}: {error}") from error
    return simulation, simulation.results(), interrupted


def _advance(
    simulation: Simulation, until: float | None, watch: Callable[[], object] | None
) -> None:
    began = simulation.now
    if watch is not None and until is not None and simulation.progress[2] < TOO_MANY:
        for piece in range(1, PIECES):
            simulation.run(began + (until - began) * piece / PIECES, watch=watch)
            watch()
    simulation.run(until, watch=watch)


def _lines(
    scenario: Scenario, simulation: Simulation, found: list[dict[str, Any]], *, interrupted: bool
) -> list[str]:
    from ndiswan.cli.rows import table

    paint = painter(sys.stdout)
    head, *body = table(found)
    events, _, links = simulation.progress
    lines = [paint(head, "bold"), *body]
    measured = max(row["elapsed_s"] for row in found)
    words = f"{measured:g} s measured on {links:,} link{'s' if links != 1 else ''}"
    lines.append(f"{words}, {events:,} events, seed {scenario.run.seed}")
    lines += [
        paint(
            f"{row['link']}: a model broke the contract {row['broken']:,} times; please report it",
            "bad",
        )
        for row in found
        if row["broken"]
    ]
    if interrupted:
        lines.append(paint("interrupted: this is what was measured so far", "warn"))
    return lines


def _document(
    scenario: Scenario, simulation: Simulation, found: list[dict[str, Any]], *, interrupted: bool
) -> dict[str, Any]:
    run = scenario.run
    return {
        "scenario": scenario.path,
        "seed": run.seed,
        "until_s": run.until,
        "warmup_s": run.warmup,
        "events": simulation.progress[0],
        "interrupted": interrupted,
        "links": found,
    }


def _save(results: Results, given: dict[str, Any]) -> None:
    if given["csv_file"] is not None:
        with Path(given["csv_file"]).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(results.columns)
            writer.writerows(
                zip(*(column.tolist() for column in results.columns.values()), strict=True)
            )
