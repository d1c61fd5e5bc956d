"""What `ndiswan fuzz` tells of a campaign that is over."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ndiswan.checking.in_c import as_options
from ndiswan.cli.console import painter, results
from ndiswan.exploring.elsewhere import command
from ndiswan.exploring.execution import Symptom
from ndiswan.exploring.in_rust import NAME
from ndiswan.exploring.target import find

if TYPE_CHECKING:
    from ndiswan.campaign import Campaign, Verdict

# So many executions without a packet, by chance, there are not.
MANY = 100


def lines_of(campaign: Campaign, verdict: Verdict) -> list[str]:
    """What it tells a person."""
    paint = painter(results())
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
    if not nothing_ran(campaign, verdict):
        return []
    if not progress.points:
        return [
            "nothing happened in any of them: the scenario binds no driver, or gives back what it should have called"
        ]
    check = shlex.join(["ndiswan", "check", campaign.target, *as_options(campaign.arguments)])
    return [
        f"no packet was sent in any of them: the driver does not come up, or no line does; {check} tells why"
    ]


def nothing_ran(campaign: Campaign, verdict: Verdict) -> bool:
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


def document_of(campaign: Campaign, verdict: Verdict) -> dict[str, Any]:
    """What it tells a program, as `--json`."""
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
