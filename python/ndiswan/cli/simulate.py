"""`ndiswan simulate`: a scenario file in, a table of what was measured out."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan.cli.console import (
    cannot_write,
    expect_apart,
    expect_writable,
    out,
    out_json,
    painter,
)
from ndiswan.cli.group import FINE, INTERRUPTED, NOTHING_RAN, VIOLATIONS
from ndiswan.cli.measuring import Outcome, Seconds, measure, read

if TYPE_CHECKING:
    from ndiswan.models import Results
    from ndiswan.models.scenario import Scenario

RUN = ("until", "warmup", "seed", "replications", "threads")


@click.command()
@click.argument("file", metavar="SCENARIO")
@click.option(
    "--until",
    type=Seconds(),
    metavar="TIME",
    show_default="as the file says",
    help='Simulate so long: seconds, or "2 min".',
)
@click.option(
    "--warmup",
    type=Seconds(),
    metavar="TIME",
    show_default="as the file says",
    help='Measure from then on: seconds, or "2 min".',
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63),
    metavar="N",
    show_default="as the file says, or 0",
    help="Other luck.",
)
@click.option(
    "--replications",
    type=click.IntRange(min=1),
    help="So many runs, with intervals.",
    metavar="N",
    show_default="as the file says, or 1",
)
@click.option(
    "--threads", type=click.IntRange(1, 4096), metavar="N", show_default="all", help="Cores to use."
)
@click.option(
    "--trace",
    metavar="OUT",
    help="Write every packet: .pcapng for Wireshark, .perfetto-trace or .json for ui.perfetto.dev.",
    show_default="none",
)
@click.option(
    "--snaplen",
    type=click.IntRange(0, 2**32 - 1),
    default=96,
    show_default=True,
    metavar="BYTES",
    help="The most of a packet in a pcapng file; 0 for all.",
)
@click.option(
    "--csv",
    "csv_file",
    metavar="OUT",
    help="Write a row for each link and replication.",
    show_default="none",
)
@click.option(
    "--parquet",
    metavar="OUT",
    show_default="none",
    help="Write the same rows as Parquet; needs the extra `arrow`.",
)
@click.option("--json", "as_json", is_flag=True, help="The result as one document on stdout.")
def simulate(file: str, *, trace: str | None, snaplen: int, as_json: bool, **given: Any) -> int:
    """Simulate the links of SCENARIO, a TOML or Python file, and say what was measured.

    Ctrl-C ends it with what was measured so far. While --trace writes, Ctrl-C ends the writing and removes the file.
    """
    scenario = read(file, {key: given[key] for key in RUN})
    _check(scenario, trace, given["parquet"])
    written = {"trace": trace, "csv": given["csv_file"], "parquet": given["parquet"]}
    expect_apart(scenario.files, **written)
    for option, name in written.items():
        expect_writable(f"--{option}", name)
    click.echo(f"seed {scenario.run.seed}", err=True)
    outcome = measure(scenario, "counters" if trace is None else "trace")
    if as_json:
        out_json(_document(scenario, outcome))
    else:
        out("\n".join(_lines(scenario, outcome)))
    whole = _save(outcome, trace, snaplen, given)
    if outcome.interrupted or outcome.results is None or not whole:
        return INTERRUPTED
    columns = outcome.results.columns
    if columns["broken"].any():
        return VIOLATIONS
    return FINE if columns["offered"].any() else NOTHING_RAN


def _check(scenario: Scenario, trace: str | None, parquet: str | None) -> None:
    """Refuse what cannot be written before anything runs."""
    from ndiswan.models.export import form_of

    if trace is not None:
        if scenario.run.replications > 1:
            raise click.UsageError("--trace: expected one run, got several replications")
        try:
            form_of(trace)
        except ValueError as error:
            raise click.UsageError(f"--trace: {error}") from error
    if parquet is not None:
        try:
            import pyarrow.parquet  # noqa: F401 -- only whether it is there
        except ModuleNotFoundError as error:
            raise click.UsageError("--parquet: pip install 'ndiswan[arrow]'") from error


def _lines(scenario: Scenario, outcome: Outcome) -> list[str]:
    paint = painter(sys.stdout)
    results = outcome.results
    lines = [] if results is None else [str(results)]
    events = ""
    if outcome.simulation is not None:
        events = f"{outcome.simulation.progress[0]:,} events, "
    lines.append(f"{events}seed {scenario.run.seed}")
    broken = 0 if results is None else int(results.columns["broken"].sum())
    if broken:
        text = f"a model broke the contract {broken:,} times; please report it"
        lines.append(paint(text, "bad"))
    if outcome.interrupted:
        lines.append(paint(outcome.interrupted, "warn"))
    return lines


def _document(scenario: Scenario, outcome: Outcome) -> dict[str, Any]:
    from ndiswan.cli.rows import rows

    run, results = scenario.run, outcome.results
    return {
        "scenario": scenario.path,
        "seed": run.seed,
        "until_s": run.until,
        "warmup_s": run.warmup,
        "replications": 0 if results is None else results.replications,
        "events": None if outcome.simulation is None else outcome.simulation.progress[0],
        "interrupted": bool(outcome.interrupted),
        "warmup_over": not outcome.warming,
        "links": [] if results is None else rows(results),
    }


def _save(outcome: Outcome, trace: str | None, snaplen: int, given: dict[str, Any]) -> bool:
    """Write the files that were asked for; false if somebody did not wait for the last of them."""
    from ndiswan.models.export import save_trace

    # A table of the warm-up would be taken for one of the measurement.
    results = None if outcome.warming else outcome.results
    try:
        if results is not None and given["csv_file"] is not None:
            _write_csv(results, Path(given["csv_file"]))
        if results is not None and given["parquet"] is not None:
            results.to_parquet(given["parquet"])
        if trace is None or outcome.simulation is None:
            return True
        try:
            if outcome.interrupted:
                click.echo(f"writing {trace}; Ctrl-C once more ends that", err=True)
            packets = save_trace(outcome.simulation, trace, snaplen=snaplen)
        except KeyboardInterrupt:
            click.echo(f"interrupted: {trace} is not written", err=True)
            return False
    except OSError as error:
        raise cannot_write("--trace, --csv, --parquet", error) from error
    click.echo(f"{trace}: {packets:,} packets", err=True)
    return True


def _write_csv(results: Results, path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(results.columns)
        columns = [column.tolist() for column in results.columns.values()]
        writer.writerows(zip(*columns, strict=True))
