"""`ndiswan fuzz`: a campaign from the command line."""

from __future__ import annotations

import faulthandler
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import click

from ndiswan._native import explorers
from ndiswan.campaign import (
    Campaign,
    ExecutorError,
    Progress,
    Store,
)
from ndiswan.campaign.campaign import MOST_JOBS
from ndiswan.checking.target import TargetError
from ndiswan.cli.console import (
    Number,
    drivers_on_stderr,
    out,
    out_json,
    somebody_looks,
)
from ndiswan.cli.database import database
from ndiswan.cli.fuzzed import document_of, lines_of, nothing_ran
from ndiswan.cli.in_c import options, with_options
from ndiswan.cli.outputs import (
    any_of,
    asked,
    outputs,
    publish,
    publish_trouble,
)
from ndiswan.exploring.execution import Settings
from ndiswan.exploring.target import find
from ndiswan.refused import refused

if TYPE_CHECKING:
    from collections.abc import Callable


NEVER = float("inf")
DEFAULT_SECONDS = 60.0
LONGEST = 100
"""Characters of a folder's name."""
FINE, VIOLATIONS, INTERRUPTED = range(3)
NOTHING_RAN = 5
EXPLORERS = [*explorers(), *(f"pct{depth}" for depth in range(1, 10)), "bounded-sleep"]


class Shard(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """K/N: the K-th of N machines."""

    name = "K/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """(K, N)."""
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", str(value))
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            self.fail(f"expected K/N with 1 <= K <= N, 2/8 for example, got {value!r}", param, ctx)
        return int(found[1]), int(found[2])


@click.command()
@click.argument("target")
@click.option(
    "--arg",
    "arguments",
    multiple=True,
    metavar="VALUE",
    show_default="none",
    help="An argument for the driver's constructor, as of `ndiswan check`.",
)
@options
@click.option(
    "--time",
    "seconds",
    type=Number(min=0),
    metavar="SECONDS",
    show_default="no limit",
    help="Stop after so long, all counted: workers that start, earlier failures, making failures small. On top come the"
    " executions at hand, two seconds at most to make small what fails in one of them, and reports that are asked for.",
)
@click.option(
    "--executions",
    type=click.IntRange(min=1),
    show_default="no limit",
    help="Stop after so many executions.",
    metavar="N",
)
@click.option(
    "--failures",
    type=click.IntRange(min=1),
    show_default="no limit",
    help="Stop after so many different ones.",
    metavar="N",
)
@click.option(
    "--explorer",
    type=click.Choice(EXPLORERS),
    default="portfolio",
    show_default=True,
    metavar="NAME",
    help=f"Who chooses what happens next: {', '.join(explorers())}, pct1 to pct9, or bounded-sleep.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63),
    show_default="random",
    help="Of the first task.",
    metavar="N",
)
@click.option(
    "--cpus",
    type=click.IntRange(1, 32),
    default=2,
    show_default=True,
    help="Virtual CPUs.",
    metavar="N",
)
@click.option(
    "--policies", is_flag=True, help="Choose what the pages leave open, too: each switch of Policy."
)
@click.option(
    "--delivery",
    type=click.Choice(["inline", "queued"]),
    default="inline",
    show_default=True,
    help="When a protocol has a packet back: inside of the completion, or later.",
)
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    show_default=".ndiswan/TARGET-ARGUMENTS",
    help="What is kept, to go on with the next time.",
    metavar="DIR",
)
@click.option(
    "--database",
    metavar="URL",
    help="Keep the corpus there: redis://HOST:PORT/DB, or a folder.",
    show_default="the folder",
)
@click.option(
    "--executor",
    default="processes",
    show_default=True,
    help="processes, serial or dask:tcp://HOST:PORT.",
    metavar="NAME",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, MOST_JOBS),
    show_default="one a CPU",
    help="Workers.",
    metavar="N",
)
@click.option(
    "--task",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="Executions a worker does at a time.",
    metavar="N",
)
@click.option(
    "--shard",
    type=Shard(),
    default=(1, 1),
    metavar="K/N",
    help="This machine is the K-th of N.",
    show_default="1/1",
)
@click.option(
    "--shrink",
    type=Number(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="The most for making one failure small; 0 leaves it as it was found.",
)
@click.option("--json", "as_json", is_flag=True, help="The verdict as one document on stdout.")
@outputs
@drivers_on_stderr()
def fuzz(target: str, *, as_json: bool, seed: int | None, **given: Any) -> int:
    """Explore TARGET: file.py:function or module:function of an Ndis, file.py:Miniport, or a driver in C.

    What failed in the folder earlier is replayed first. Ctrl-C ends it in order. Exit code 1 if anything fails, 5 if
    nothing does and the choices of an earlier failure do not fit any more, or if nothing ran.
    """
    said = asked(given, [target])
    given["arguments"] = with_options([target], given)
    try:
        find(
            target, list(given["arguments"])
        )  # an error here is the user's, before any worker starts
    except TargetError as error:
        publish_trouble("fuzz", target, error, said)
        raise
    if given["executor"] == "serial":
        faulthandler.enable(all_threads=False)  # a driver that faults takes this process along
    seed = secrets.randbelow(1 << 32) if seed is None else seed
    click.echo(f"seed {seed}", err=True)
    try:
        campaign = _campaign(target, seed, given)
    except OSError as error:
        raise click.UsageError(
            f"--folder: expected a folder to write in: {refused(error) or error}"
        ) from error
    try:
        verdict = campaign.run(_teller(somebody_looks()))
    except ExecutorError as error:
        raise click.UsageError(str(error)) from error
    if as_json:
        out_json(document_of(campaign, verdict))
    else:
        out("\n".join(lines_of(campaign, verdict)))
    if verdict.elsewhere is not None:
        click.echo(f"ndiswan: {verdict.elsewhere}", err=True)
    exit_code = VIOLATIONS if verdict.failed else FINE
    if nothing_ran(campaign, verdict) or (verdict.unfit and not verdict.failed):
        exit_code = NOTHING_RAN
    if verdict.interrupted:
        exit_code = INTERRUPTED
    if any_of(said):
        from ndiswan.outputs import of_campaign

        publish([of_campaign(campaign, verdict, exit_code)], said)
    return exit_code


def _campaign(target: str, seed: int, given: dict[str, Any]) -> Campaign:
    seconds, executions = given["seconds"], given["executions"]
    if seconds is None:
        seconds = DEFAULT_SECONDS if executions is None else NEVER
    shard, shards = given["shard"]
    return Campaign(
        target,
        Store(given["folder"] or _folder(target, given["arguments"]), database(given["database"])),
        tuple(given["arguments"]),
        given["explorer"],
        seed,
        shard,
        shards,
        executions or NEVER,
        seconds,
        given["failures"] or NEVER,
        given["task"],
        given["shrink"],
        given["executor"],
        given["jobs"],
        share_corpus=given["database"] is not None,
        settings=Settings(**{name: given[name] for name in ("cpus", "policies", "delivery")}),
    )


def _folder(target: str, arguments: list[str]) -> Path:
    """What failed in one scenario is no other one's business, nor in one that was given other arguments."""
    name = re.sub(r"[^\w.]+", "-", " ".join([target, *arguments])).strip("-.")
    long = "" if len(name) <= LONGEST else f"-{crc32(name.encode()):08x}"
    return Path(".ndiswan") / (name[:LONGEST] + long)


def _teller(terminal: bool) -> Callable[[Progress], object]:
    """What shows how far it is, on stderr and only to a person."""

    def tell(progress: Progress) -> None:
        rules = ", ".join(f"{n} {rule}" for rule, n in sorted(progress.rules.items())) or "none"
        text = (
            f"\r{progress.seconds:6.0f} s  {progress.executions} executions "
            f"({progress.executions / max(progress.seconds, 1e-9):.0f}/s)  "
            f"{progress.edges} edges, {progress.pairs} pairs, last new after {progress.last_new:.0f} s  "
            f"failures: {rules} "
        )
        click.echo(text, err=True, nl=False)

    return tell if terminal else lambda _: None
