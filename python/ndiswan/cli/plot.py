"""`ndiswan plot`: what a scenario or a sweep gives, as one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan.cli.console import cannot_write, expect_apart, expect_writable, out
from ndiswan.cli.group import FINE, INTERRUPTED
from ndiswan.cli.measuring import Seconds, measure, read

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ndiswan.models.stages import Column

TABLES = (".parquet", ".csv")


@click.command()
@click.argument("file", metavar="SCENARIO|TABLE")
@click.option("-o", "--output", metavar="OUT", show_default="FILE.html", help="The HTML file.")
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
    "--x",
    metavar="NAME",
    help="Of a table: the parameter to the right.",
    show_default="the first that is a number",
)
@click.option(
    "--y",
    "ys",
    metavar="NAME",
    multiple=True,
    help="Of a table: a column to draw.",
    show_default="what is usual",
)
@click.option(
    "--by",
    metavar="NAME",
    help="Of a table: a line for each value of this column.",
    show_default="the other parameters",
)
def plot(file: str, *, output: str | None, **given: Any) -> int:
    """Draw what a scenario or a sweep gives, as one HTML file that needs no network.

    Of SCENARIO, a TOML or Python file: how long packets took, and where they were over time. Of TABLE, a Parquet or
    CSV file that `sweep(...).to_parquet` or `.means.to_parquet` wrote: curves with their confidence intervals.
    Needs the extra `viz` (`pip install 'ndiswan[viz]'`).
    """
    path = Path(file)
    target = Path(output or f"{path.stem}.html")
    if path.is_dir():
        text = "a sweep's folder does not say which parameters its points have; give what sweep(...).to_parquet wrote"
        raise click.UsageError(f"{file}: {text}")
    is_table = path.suffix in TABLES
    other = ("until", "warmup", "seed") if is_table else ("x", "ys", "by")
    for name in other:
        if given[name] not in (None, ()):
            kind = "a scenario" if is_table else "a table"
            raise click.UsageError(
                f"--{name.rstrip('s')}: expected {kind} beside it, which {file} is not"
            )
    expect_apart([path], o=target)
    expect_writable("-o", str(target))
    if is_table:
        columns = _read_table(path)
        _write(target, lambda: _curves(columns, given), path.name)
        return FINE
    scenario = read(file, {key: given[key] for key in ("until", "warmup", "seed")})
    expect_apart(scenario.files, o=target)
    click.echo(f"seed {scenario.run.seed}", err=True)
    outcome = measure(scenario.with_run(replications=1), "packets")
    results = outcome.results
    if results is None:
        raise KeyboardInterrupt

    def draw() -> list[Any]:
        from ndiswan.models.charts import latency_cdf, occupancy

        return [latency_cdf(results), occupancy(results)]

    said = [str(results), f"seed {scenario.run.seed}"]
    if outcome.interrupted:
        said.append(outcome.interrupted)
        click.echo(outcome.interrupted, err=True)
    _write(target, draw, path.name, said)
    return INTERRUPTED if outcome.interrupted else FINE


def _read_table(path: Path) -> dict[str, Column]:
    from ndiswan.models.curves import read_table

    if not path.exists():
        raise click.UsageError(f"{path}: there is no such file")
    try:
        return read_table(path)
    except (ImportError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.UsageError(f"{path}: {error.strerror or error}") from error


def _curves(columns: dict[str, Column], given: dict[str, Any]) -> list[Any]:
    from ndiswan.models.curves import curves

    return curves(columns, x=given["x"], ys=given["ys"], by=given["by"])


def _write(
    target: Path, draw: Callable[[], list[Any]], title: str, said: Sequence[str] = ()
) -> None:
    """Write a page, and say where it is."""
    from ndiswan.models.charts import page

    try:
        target.write_text(page(draw(), title, said), "utf-8", "replace")
    except (ImportError, ValueError) as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise cannot_write("-o", error, target) from error
    out(str(target))
