"""One piece of a campaign: what a worker is told, and what it answers. Both travel between machines."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ndiswan._native import from_token, to_token
from ndiswan.campaign.died import doing
from ndiswan.campaign.executors import told_to_stop, unless_told_to_stop
from ndiswan.checking.target import TargetError
from ndiswan.exploring.execution import Settings
from ndiswan.exploring.explore import Search
from ndiswan.exploring.target import find


@dataclass(frozen=True)
class Task:
    """So many executions of a scenario from one seed.

    It depends on nothing but itself, so that it can be given to any worker, and again if that dies.

    >>> from ndiswan.campaign import Task, run_task
    >>> task = Task(0, "ndiswan.zoo.scenarios:double_shared_list", executions=500)
    >>> run_task(task).failures[0]["expect"]["rule"]
    'DOUBLE'
    """

    number: int
    target: str
    arguments: tuple[str, ...] = ()
    explorer: str = "portfolio"
    seed: int = 0
    executions: int = 1000
    seconds: float = 60.0
    """The most that it may take; by it what is found depends on the machine."""
    shrinking: float = 10.0
    settings: Settings = field(default_factory=Settings)
    corpus: tuple[str, ...] = ()
    """Choices, as tokens, that are tried first."""
    until: float | None = None
    """When it is over by this machine's clock (``time.time``), however long it waited for a worker."""
    careful: bool = False
    """Whether each execution is noted before it begins: the task has taken its process along."""


@dataclass
class Found:
    """What became of a task.

    >>> from ndiswan.campaign import Task, run_task
    >>> found = run_task(Task(0, "ndiswan.zoo.scenarios:double_shared_list", executions=20))
    >>> found.number, found.executions
    (0, 20)
    """

    number: int
    executions: int = 0
    points: int = 0
    seconds: float = 0.0
    failing: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Replay files."""
    corpus: list[str] = field(default_factory=list)
    """Choices, as tokens, that reached something new to the task."""
    edges: str = ""
    last_new: float = 0.0
    certificate: str | None = None
    exhausted: bool = False
    nondeterministic: list[str] = field(default_factory=list)
    """Who makes the same choices give other events."""
    interrupted: bool = False
    """Whether Ctrl-C ended it early; what it had found by then is here."""


def run_task(task: Task) -> Found:
    """Do a task; every symptom that it finds is in the answer once.

    Raises TargetError if the worker cannot find the scenario.

    >>> from ndiswan.campaign import Task, run_task
    >>> run_task(Task(0, "ndiswan.zoo.scenarios:double_shared_list_mended", executions=20)).failures
    []
    """
    if told_to_stop():
        return Found(task.number, interrupted=True)
    try:
        scenario = find(task.target, list(task.arguments))
    except TargetError as error:
        where = f"{platform.node()}, in {Path.cwd()}"
        raise TargetError(f"{error} (said by a worker on {where})") from error
    search = Search(
        scenario,
        task.explorer,
        task.seed,
        shrinking=task.shrinking,
        settings=task.settings,
        suggest=[from_token(token) for token in task.corpus],
        before=lambda execution: doing(task.number, execution),
        one_by_one=task.careful,
    )
    seconds = task.seconds
    if task.until is not None:
        seconds = min(seconds, task.until - time.time())
    if seconds <= 0:
        return Found(task.number)
    found, interrupted = search.found, False
    try:
        search.run(task.executions, seconds, stop=False, progress=unless_told_to_stop)
    except KeyboardInterrupt:
        interrupted = True
    files = [replace(failure, seed=task.seed).to_json() for failure in found.failures]
    for file in files:
        file["scenario"], file["arguments"] = task.target, list(task.arguments)
    return Found(
        number=task.number,
        executions=found.executions,
        points=found.points,
        seconds=found.seconds,
        failing=found.failing,
        failures=files,
        corpus=[to_token(choices) for choices in found.interesting],
        edges=found.edges,
        last_new=found.last_new,
        certificate=found.certificate,
        exhausted=found.exhausted,
        nondeterministic=found.nondeterministic,
        interrupted=interrupted,
    )
