"""A failure: what went wrong, the answers that lead there, and its file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import platform
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._native import RNG, Explorer, __version__, from_token, to_token
from ndiswan.exploring.execution import Execution, Settings, Symptom, execute
from ndiswan.policy import Policy
from ndiswan.status import Status

if TYPE_CHECKING:
    from ndiswan.exploring.execution import Scenario

FORMAT = 1


class ReplayError(ValueError):
    """A replay file that is none, or whose scenario is not to be found."""


@dataclass(frozen=True)
class Failure:
    """An execution in which something went wrong, small enough to be read.

    ``choices`` are the answers, (of how many, which), that lead there: the replay token.
    """

    symptom: Symptom
    detail: str
    choices: list[tuple[int, int]]
    scenario: Scenario
    settings: Settings
    explorer: str
    seed: int
    execution: int
    """In which execution it was found, from 1."""
    seconds: float
    """After how many seconds."""
    digest: str
    """Of the events."""
    events: int
    """How many events there are."""
    deterministic: bool
    """Whether the same choices gave the same events."""

    @property
    def rule(self) -> str:
        """The id of the broken rule; EXCEPTION or ENDLESS for what is none."""
        return self.symptom.rule

    @property
    def place(self) -> str:
        """Whose function, and the line of its call."""
        return self.symptom.place

    @property
    def switches(self) -> int:
        """How far the execution is from first-in first-out: how many answers are not the plain one."""
        return sum(chosen != 0 for _, chosen in self.choices)

    @property
    def name(self) -> str:
        """``RULE-HASH``, for its file: the same failure has the same name."""
        text = json.dumps([scenario_name(self.scenario), *self.symptom])
        return f"{self.rule}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def replay(self, *, record: bool = True) -> Execution:
        """Run it again."""
        return execute(self.scenario, Explorer.replay(self.choices), self.settings, record=record)

    def to_json(self) -> dict[str, Any]:
        """The replay file's content."""
        settings = asdict(replace(self.settings, policy=None))  # type: ignore[arg-type]
        settings["policy"] = {
            name: _plain(getattr(self.settings.policy, name)) for name in Policy.__slots__
        }
        return {
            "ndiswan-replay": FORMAT,
            "scenario": scenario_name(self.scenario),
            "settings": settings,
            "explorer": self.explorer,
            "seed": self.seed,
            "rng": RNG,
            "choices": to_token(self.choices),
            "expect": {"rule": self.rule, "place": self.place},
            "detail": self.detail,
            "events": self.events,
            "digest": self.digest,
            "made-by": {"ndiswan": __version__, "python": platform.python_version()},
        }

    def save(self, path: str | Path) -> Path:
        """Write the replay file; into a folder, as ``RULE-HASH.json``. Gives its path."""
        path = Path(path)
        if path.is_dir():
            path = path / f"{self.name}.json"
        path.write_text(json.dumps(self.to_json(), indent=1) + "\n", "utf-8")
        return path

    def __str__(self) -> str:
        return f"{self.rule} at {self.place}: {self.detail}"


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Status) else value


def scenario_name(scenario: Scenario) -> str:
    """``module:function``, or ``/path/of/file.py:function`` for one that is no module's."""
    module = getattr(scenario, "__module__", None) or "?"
    function = getattr(scenario, "__qualname__", None) or repr(scenario)
    named = sys.modules.get(module)
    file = getattr(named, "__file__", None)
    if module == "__main__" and file:
        return f"{Path(file).resolve()}:{function}"
    return f"{module}:{function}"


def find_scenario(name: str) -> Scenario:
    """The scenario of that name.

    Raises
    ------
    ReplayError
        There is no such module, file or function.
    """
    place, _, function = name.rpartition(":")
    try:
        if place.endswith(".py"):
            spec = importlib.util.spec_from_file_location(Path(place).stem, place)
            if spec is None or spec.loader is None:
                raise ReplayError(f"{place}: expected a Python file")
            found = importlib.util.module_from_spec(spec)
            sys.modules.setdefault(Path(place).stem, found)
            spec.loader.exec_module(found)
        else:
            found = importlib.import_module(place)
        scenario: Any = found
        for part in function.split("."):
            scenario = getattr(scenario, part)
    except (ImportError, AttributeError, OSError) as error:
        raise ReplayError(f"scenario {name!r} is not to be found: {error}") from error
    if not callable(scenario):
        raise ReplayError(f"scenario {name!r}: expected a function, got {scenario!r}")
    return scenario  # type: ignore[no-any-return]


def load(path: str | Path, *, scenario: Scenario | None = None) -> Failure:
    """The failure in a replay file; with ``scenario`` that one is run instead of the one it names.

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
    if not isinstance(content, dict) or "ndiswan-replay" not in content:
        raise ReplayError(f"{path}: expected a replay file of ndiswan")
    if content["ndiswan-replay"] != FORMAT:
        got = content["ndiswan-replay"]
        raise ReplayError(f"{path}: expected version {FORMAT} of the format, got {got!r}")
    try:
        settings = dict(content["settings"])
        policy = dict(settings.pop("policy"))
        policy["reset_leftovers"] = Status(policy["reset_leftovers"])
        return Failure(
            symptom=Symptom(content["expect"]["rule"], content["expect"]["place"]),
            detail=content["detail"],
            choices=from_token(content["choices"]),
            scenario=scenario or find_scenario(content["scenario"]),
            settings=Settings(policy=Policy(**policy), **settings),
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
    except (KeyError, TypeError, ValueError) as error:
        raise ReplayError(f"{path}: this replay file is damaged: {error!r}") from error


def replay(failure: Failure | str | Path) -> Execution:
    """Run a failure, or the one in a replay file, once more.

    Raises
    ------
    ReplayError
        As :func:`load`.
    """
    return (failure if isinstance(failure, Failure) else load(failure)).replay()
