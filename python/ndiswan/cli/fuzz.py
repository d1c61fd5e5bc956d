"""`ndiswan fuzz`: a campaign from the command line."""

from __future__ import annotations

import faulthandler
import json
import re
import secrets
import shlex
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ndiswan._native import explorers
from ndiswan.campaign import (
    Campaign,
    ExecutorError,
    Progress,
    Store,
    Verdict,
)
from ndiswan.campaign.campaign import MOST_JOBS
from ndiswan.checking.in_c import as_options
from ndiswan.checking.target import TargetError
from ndiswan.cli.console import Number, out, out_json, painter, somebody_looks
from ndiswan.cli.in_c import options, with_options
from ndiswan.cli.outputs import (
    any_of,
    asked,
    outputs,
    publish,
    publish_trouble,
)
from ndiswan.exploring.elsewhere import command
from ndiswan.exploring.execution import Settings, Symptom
from ndiswan.exploring.in_rust import NAME
from ndiswan.exploring.target import find
from ndiswan.refused import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.database import ExampleDatabase

NEVER = float("inf")
DEFAULT_SECONDS = 60.0
FINE, VIOLATIONS, INTERRUPTED = range(3)
NOTHING_RAN = 5
# So many executions without a packet, by chance, there are not.
MANY = 100


class Shard(click.ParamType[tuple[int, int]]):
    """K/N: the K-th of N machines."""

    name = "K/N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """(K, N)."""
        if isinstance(value, tuple):
            return value
        first, _, count = str(value).partition("/")
        if not (first.isdigit() and count.isdigit() and 1 <= int(first) <= int(count)):
            self.fail(f"expected K/N with 1 <= K <= N, 2/8 for example, got {value!r}", param, ctx)
        return int(first), int(count)


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
    type=click.Choice(explorers()),
    default="portfolio",
    show_default=True,
    help="Who chooses what happens next.",
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
    "--folder",
    type=click.Path(path_type=Path),
    show_default=".ndiswan/TARGET",
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
def fuzz(target: str, *, as_json: bool, seed: int | None, **given: Any) -> int:
    """Explore TARGET: file.py:function or module:function of an Ndis, file.py:Miniport, or a driver in C.

    What failed in the folder earlier is replayed first. Ctrl-C ends it in order. Exit code 1 if anything fails, 5 if
    nothing does and the choices of an earlier failure do not fit any more, or if nothing ran.
    """
    said = asked(given)
    given["arguments"] = with_options(given)
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
        out_json(_document(campaign, verdict))
    else:
        out("\n".join(_lines(campaign, verdict)))
    if verdict.elsewhere is not None:
        click.echo(f"ndiswan: {verdict.elsewhere}", err=True)
    exit_code = VIOLATIONS if verdict.failed else FINE
    if _nothing_ran(campaign, verdict) or (verdict.unfit and not verdict.failed):
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
        Store(given["folder"] or _folder(target), _database(given["database"])),
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
        settings=Settings(cpus=given["cpus"]),
    )


def _folder(target: str) -> Path:
    """What failed in one scenario is no other one's business."""
    return Path(".ndiswan") / re.sub(r"[^\w.]+", "-", target).strip("-.")


def _database(url: str | None) -> ExampleDatabase | None:
    if url is None:
        return None
    try:
        if url.startswith("redis://"):
            from hypothesis.extra.redis import RedisExampleDatabase
            from redis import Redis

            redis = Redis.from_url(url)
            redis.ping()
            return RedisExampleDatabase(redis)
        from hypothesis.database import DirectoryBasedExampleDatabase

        return DirectoryBasedExampleDatabase(url)
    except ImportError as error:
        text = f"--database {url}: {error}; pip install 'ndiswan[redis]'"
        raise click.UsageError(text) from error
    except Exception as error:
        raise click.UsageError(f"--database {url}: {error}") from error


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


def _lines(campaign: Campaign, verdict: Verdict) -> list[str]:
    paint = painter(sys.stdout)
    progress = verdict.progress
    rate = progress.executions / max(progress.seconds, 1e-9)
    lines = []
    for title, paths, style in (
        ("fails still", verdict.known, "bad"),
        ("found", verdict.new, "bad"),
        ("fails no more", verdict.mended, "good"),
        ("did not come again", verdict.unsure, "warn"),
        ("its choices do not fit any more, so nothing is known of it", verdict.unfit, "warn"),
    ):
        for path in paths:
            content = json.loads(path.read_text("utf-8"))
            lines += [
                f"{paint(title, style)}: {Symptom(**content['expect'])}",
                f"  {content['detail']}",
                f"  ndiswan replay {path}",
            ]
            elsewhere = command(content, campaign.settings)
            lines += [f"  or, without the file: {elsewhere}"] if elsewhere else []
    if verdict.unfit:
        lines.append(
            "remove such a file once you know that its failure is mended: until then the exit code is 5"
        )
    if verdict.nondeterministic:
        why = ", ".join(verdict.nondeterministic)
        lines.append(
            f"not deterministic: {why}; what it finds may not come again by its file or token"
        )
    for died in verdict.died:
        first, *rest = str(died).splitlines()
        lines += [f"{paint('died', 'bad')}: {first}", *rest]
    lines.append(
        f"{progress.executions} executions in {progress.seconds:.1f} s ({rate:.0f}/s), seed "
        f"{campaign.seed}, {progress.edges} ownership edges, {progress.pairs} pairs; "
        f"{len(verdict.new)} new, {len(verdict.known)} known failure(s)"
        + (f", {len(verdict.died)} that ended the process" if verdict.died else "")
    )
    if verdict.certificate and campaign.explorer == "bounded":
        lines.append(verdict.certificate)
    return lines + _why_nothing(campaign, verdict)


def _why_nothing(campaign: Campaign, verdict: Verdict) -> list[str]:
    """Why nothing ran, if so."""
    progress = verdict.progress
    if not progress.executions:
        if verdict.interrupted:
            return ["it was interrupted before an execution came to its end"]
        if verdict.died:
            return ["no execution came to its end: each that began ended its process"]
        return ["nothing ran: expected a budget of some time and some executions"]
    if not _nothing_ran(campaign, verdict):
        return []
    if not progress.points:
        return [
            "nothing happened in any of them: the scenario binds no driver, or gives back what it should have called"
        ]
    check = shlex.join(["ndiswan", "check", campaign.target, *as_options(campaign.arguments)])
    return [
        f"no packet was sent in any of them: the driver does not come up, or no line does; {check} tells why"
    ]


def _nothing_ran(campaign: Campaign, verdict: Verdict) -> bool:
    """Whether there was no execution, or nothing in any, or a driver was never given a packet; and that is all."""
    progress = verdict.progress
    if not progress.executions or not progress.points:
        return not (verdict.failed or verdict.interrupted)
    all_there_are = verdict.exhausted or progress.executions >= MANY
    idle = all_there_are and not progress.pairs
    if not idle or verdict.failed or verdict.interrupted:
        return False
    # What a scenario of the user's does is the user's; the workload sends.
    return hasattr(find(campaign.target, list(campaign.arguments)), NAME)


def _document(campaign: Campaign, verdict: Verdict) -> dict[str, Any]:
    progress = verdict.progress
    return {
        "target": campaign.target,
        "seed": campaign.seed,
        "executions": progress.executions,
        "seconds": progress.seconds,
        "edges": progress.edges,
        "pairs": progress.pairs,
        "failures": {
            "new": [str(path) for path in verdict.new],
            "known": [str(path) for path in verdict.known],
            "mended": [str(path) for path in verdict.mended],
            "unsure": [str(path) for path in verdict.unsure],
            "unfit": [str(path) for path in verdict.unfit],
        },
        "nondeterministic": verdict.nondeterministic,
        "died": [asdict(died) for died in verdict.died],
        "rules": progress.rules,
        "interrupted": verdict.interrupted,
        "certificate": verdict.certificate,
        "elsewhere": verdict.elsewhere,
    }
