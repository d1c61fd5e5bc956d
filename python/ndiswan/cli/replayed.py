"""What `ndiswan replay` runs: the failure of a replay file, of a SARIF file, or of a token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ndiswan._native import from_token
from ndiswan.cli.in_c import arguments_in, with_runtime
from ndiswan.exploring.execution import Settings, Symptom
from ndiswan.exploring.failure import Failure, ReplayError, from_json
from ndiswan.exploring.target import find

if TYPE_CHECKING:
    from collections.abc import Callable

Command = TypeVar("Command", bound="Callable[..., Any]")

TARGET = click.option(
    "--target",
    metavar="TARGET",
    show_default="where FILE says, or below this folder",
    help="Where the scenario is on this machine, as of `ndiswan fuzz`.",
)
OPTIONS = (
    click.option(
        "--token",
        metavar="TOKEN",
        show_default="FILE's",
        help="Run these answers, without a FILE; needs --target.",
    ),
    TARGET,
    click.option(
        "--arg",
        "arguments",
        multiple=True,
        metavar="VALUE",
        show_default="none",
        help="With --token: as of `ndiswan check`.",
    ),
    click.option(
        "--cpus",
        type=click.IntRange(1, 32),
        metavar="N",
        default=2,
        show_default=True,
        help="With --token: how many virtual CPUs.",
    ),
    click.option(
        "--number",
        type=click.IntRange(min=1),
        metavar="N",
        default=1,
        show_default=True,
        help="Which failure of a SARIF file.",
    ),
)


@dataclass(frozen=True)
class Replayed:
    """The failure, what its file holds or would hold, and what it is called."""

    failure: Failure
    content: dict[str, Any]
    name: str


def options(command: Command) -> Command:
    """Adds the options that say what is run."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def replayed(file: str | None, given: dict[str, Any]) -> Replayed:
    """What FILE and the options, which are in `given`, say.

    Raises click.UsageError if that is nothing, and TargetError if the scenario of a token is not to be found.
    """
    token = given["token"]
    if (file is None) == (token is None):
        raise click.UsageError("expected FILE or --token, one of them")
    if file is None:
        return _of_token(str(token), given)
    content = _content(file, given["number"])
    if isinstance(content, dict):
        with_runtime(arguments_in(content))
    try:
        return Replayed(from_json(content, file, target=given["target"]), content, file)
    except ReplayError as error:
        raise click.UsageError(str(error)) from error


def _of_token(token: str, given: dict[str, Any]) -> Replayed:
    if given["target"] is None:
        raise click.UsageError(
            "--token: expected --target FILE.py:NAME too, the scenario that it is for"
        )
    try:
        choices = from_token(token)
    except ValueError as error:
        raise click.UsageError(f"--token: {error}") from error
    arguments = list(given["arguments"])
    with_runtime(arguments)
    failure = Failure(
        symptom=Symptom("", ""),  # it has no word of what to expect
        detail="",
        choices=choices,
        scenario=find(given["target"], arguments),
        settings=Settings(cpus=given["cpus"]),
        explorer="replay",
        seed=0,
        execution=0,
        seconds=0.0,
        digest="",
        events=0,
        deterministic=True,
    )
    content = {**failure.to_json(), "scenario": given["target"], "arguments": arguments}
    return Replayed(failure, content, f"--token {token}")


def _content(file: str, number: int) -> Any:
    """The content of a replay file, or of one of those that are in a SARIF file."""
    try:
        content = json.loads(Path(file).read_text("utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        text = f"{file}: expected a replay file or SARIF, which are JSON: {error}"
        raise click.UsageError(text) from error
    if not isinstance(content, dict) or "runs" not in content:
        return content
    try:
        results = [result for run in content["runs"] for result in run.get("results", [])]
        kept = [r["properties"]["replay"] for r in results if "replay" in r.get("properties", {})]
    except (AttributeError, KeyError, TypeError) as error:
        raise click.UsageError(
            f"{file}: expected a SARIF file, with runs and results: {error}"
        ) from error
    if number > len(kept):
        none = "it has none: what `ndiswan check` finds is shown by its command"
        has = f"it has {len(kept)}" if kept else none
        raise click.UsageError(
            f"{file}: expected a SARIF file with {number} or more failures to replay; {has}"
        )
    return kept[number - 1]
