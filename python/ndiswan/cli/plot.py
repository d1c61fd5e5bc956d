"""`ndiswan plot`: what a scenario or a sweep gives, as one HTML file that needs no network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan.cli.console import out
from ndiswan.cli.group import FINE, INTERRUPTED
from ndiswan.cli.measuring import Seconds, measure, read

if TYPE_CHECKING:
    from collections.abc import Sequence

SCENARIOS = (".toml", ".py")


@click.command()
@click.argument("file", metavar="SCENARIO")
@click.option("-o", "--output", metavar="OUT", help="The HTML file; SCENARIO.html without it.")
@click.option("--until", type=Seconds(), help='Simulate so long: seconds, or "2 min".')
@click.option("--warmup", type=Seconds(), help="Measure from then on.")
@click.option("--seed", type=click.IntRange(0, 2**63), help="Other luck; 0 if nobody says.")
def plot(file: str, *, output: str | None, **given: Any) -> int:
    """Draw what SCENARIO gives: how long packets took, and where they were over time.

    Needs the extra `viz` (`pip install 'ndiswan[viz]'`).
    """
    from ndiswan.models.charts import latency_cdf, occupancy

    scenario = read(file, given)
    click.echo(f"seed {scenario.run.seed}", err=True)
    outcome = measure(scenario.with_run(replications=1), "packets")
    results = outcome.results
    if results is None:
        raise KeyboardInterrupt
    said = [str(results), f"seed {scenario.run.seed}"]
    target = Path(output or Path(file).with_suffix(".html").name)
    write(target, lambda: [latency_cdf(results), occupancy(results)], Path(file).name, said)
    return INTERRUPTED if outcome.interrupted else FINE


def write(target: Path, draw: Any, title: str, said: Sequence[str]) -> None:
    """Write a page, and say where it is."""
    from ndiswan.models.charts import MissingVizError, page

    try:
        text = page(draw(), title, said)
        target.write_text(text, "utf-8")
    except MissingVizError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(str(error)) from error
    out(str(target))
