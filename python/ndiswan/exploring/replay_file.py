"""Replay files: a failure that was kept is found again, on this machine or another one."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._native import Explorer, from_token
from ndiswan.checking.target import TargetError
from ndiswan.exploring.execution import Execution, Settings, Symptom, execute
from ndiswan.exploring.failure import FORMAT, Failure, settings_to_json
from ndiswan.exploring.target import find
from ndiswan.policy import Policy
from ndiswan.status import Status

if TYPE_CHECKING:
    from ndiswan.exploring.execution import Scenario

# A longer token is no part of a command line.
LONGEST_TOKEN = 400


class ReplayError(ValueError):
    """A replay file that is none, or whose scenario is not to be found."""


def load(
    path: str | Path, *, scenario: Scenario | None = None, target: str | None = None
) -> Failure:
    """The failure in a replay file.

    Parameters
    ----------
    path:
        The file.
    scenario:
        It is run in place of the one that the file names.
    target:
        As of ``ndiswan fuzz``: where the scenario is on this machine, if not where the file says or below this folder.

    Raises
    ------
    OSError
        The file cannot be read.
    ReplayError
        It is no replay file, or of a later version, or its scenario is not to be found.
    """
    try:
        content = json.loads(Path(path).read_text("utf-8"))
    except ValueError as error:
        raise ReplayError(f"{path}: expected a replay file, which is JSON: {error}") from error
    return from_json(content, path, scenario=scenario, target=target)


def from_json(
    content: Any,
    name: str | Path = "it",
    *,
    scenario: Scenario | None = None,
    target: str | None = None,
) -> Failure:
    """The failure in what a replay file holds, which errors call ``name``; else as :func:`load`."""
    if not isinstance(content, dict) or "ndiswan-replay" not in content:
        raise ReplayError(f"{name}: expected a replay file of ndiswan")
    if content["ndiswan-replay"] != FORMAT:
        got = content["ndiswan-replay"]
        raise ReplayError(f"{name}: expected version {FORMAT} of the format, got {got!r}")
    try:
        settings = dict(content["settings"])
        policy = dict(settings.pop("policy"))
        policy["reset_leftovers"] = Status(policy["reset_leftovers"])
        arguments = content.get("arguments", [])
        return Failure(
            symptom=Symptom(content["expect"]["rule"], content["expect"]["place"]),
            detail=content["detail"],
            choices=from_token(content["choices"]),
            scenario=scenario or _find(target or _here(content["scenario"]), arguments),
            settings=_settings(policy, settings),
            explorer=content["explorer"],
            seed=content["seed"],
            execution=0,
            seconds=0.0,
            digest=content["digest"],
            events=content["events"],
            deterministic=True,
        )
    except ReplayError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise ReplayError(f"{name}: this replay file is damaged: {error!r}") from error


def command(content: dict[str, Any]) -> str | None:
    """The command line that runs what a replay file holds without the file; None if its token is too long for one.

    None, too, if its worlds were not the plain ones, which a command line cannot say.
    """
    settings = content["settings"]
    plain = Settings(cpus=settings["cpus"])
    if settings_to_json(plain) != settings or len(content["choices"]) > LONGEST_TOKEN:
        return None
    words = ["ndiswan", "replay", "--target", content["scenario"]]
    words += ["--cpus", str(plain.cpus)] if plain.cpus != Settings.cpus else []
    for value in content.get("arguments", []):
        words += ["--arg", value]
    return shlex.join([*words, "--token", content["choices"]])


def _here(name: str) -> str:
    """The scenario's name on this machine: the longest end of its path that is below this folder, if it is not there.

    ``/home/runner/work/x/x/drivers/modem.py:scenario`` is ``drivers/modem.py:scenario`` in a clone of the repository.
    """
    file, colon, function = name.rpartition(":")
    if not colon or os.sep in function:
        file, colon, function = name, "", ""
    path = Path(file)
    if path.exists() or not path.suffix:
        return name
    ends = (Path(*path.parts[start:]) for start in range(1, len(path.parts)))
    return next((f"{end}{colon}{function}" for end in ends if end.exists()), name)


def _settings(policy: dict[str, Any], others: dict[str, Any]) -> Settings:
    """Settings with which a world can be made; what that raises, this raises."""
    settings = Settings(policy=Policy(**policy), **others)
    execute(lambda _: None, Explorer.replay([]), settings)
    if not settings.patience > 0:
        raise ValueError(f"patience: expected seconds, got {settings.patience!r}")
    return settings


def _find(name: str, arguments: list[str]) -> Scenario:
    try:
        return find(name, arguments)
    except TargetError as error:
        raise ReplayError(
            f"its scenario is not to be found: {error}; run this in the folder that has it, or say where it is"
            " by --target FILE.py:NAME (in Python: load(path, target=...))"
        ) from error


def replay(failure: Failure | str | Path) -> Execution:
    """Run a failure, or the one in a replay file, once more.

    Raises
    ------
    ReplayError
        As :func:`load`.
    """
    return (failure if isinstance(failure, Failure) else load(failure)).replay()
