"""What the pytest plugin does when a test asks for it: worlds that are closed, explorations with a corpus."""

from __future__ import annotations

import json
import shlex
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ndiswan.exploring.exploration import Exploration
from ndiswan.exploring.explore import explore
from ndiswan.exploring.failure import Failure, ReplayError, load
from ndiswan.exploring.in_words import in_short
from ndiswan.exploring.target import name_of
from ndiswan.ndis import Ndis
from ndiswan.refused import refused
from ndiswan.testing.playing import error_of

if TYPE_CHECKING:
    from ndiswan.exploring.execution import Execution, Scenario

Texts = list[tuple[str, str]]


@dataclass(frozen=True)
class Profile:
    """How much is tried."""

    examples: int
    """Of a state machine, and of a test with programs."""
    steps: int
    """Of a state machine, in one example."""
    executions: int
    """Of an exploration."""


PROFILES = {
    "ci": Profile(examples=50, steps=30, executions=500),
    "dev": Profile(examples=20, steps=25, executions=200),
    "thorough": Profile(examples=1000, steps=60, executions=20_000),
}


def profile_of(config: pytest.Config) -> Profile:
    """The profile of the command line."""
    return PROFILES[config.option.ndiswan_profile]


class Worlds:
    """Worlds that a test makes."""

    def __init__(self) -> None:
        self._made: list[Ndis] = []

    def make(self, **settings: Any) -> Ndis:
        """A world; settings as of :class:`ndiswan.Ndis`."""
        ndis = Ndis(**settings)
        # Of the hundreds of a test with @given those that are closed, with nothing found, say nothing more.
        self._made = [made for made in self._made if made.violations or not made.closed]
        self._made.append(ndis)
        return ndis

    def found(self) -> Texts:
        """The rules that were broken in them, each with its report; of those that begin alike the last."""
        alike = {
            str(violation).partition("\n")[0]: (f"ndiswan: {violation.rule}", str(violation))
            for ndis in self._made
            for violation in ndis.violations
        }
        return list(alike.values())

    def close(self, *, quiet: bool) -> None:
        """Close all; raises what the first one found doing so, unless it is to be quiet."""
        raised: list[BaseException] = []
        for ndis in self._made:
            try:
                if quiet:
                    ndis.__exit__(AssertionError, AssertionError(), None)
                else:
                    ndis.close()
            except Exception as error:  # noqa: BLE001 -- the others are to be closed as well
                raised.append(error)
        if raised:
            raise raised[0]


class Explores:
    """Explores for one test: what is known first, then something new; both are counted."""

    def __init__(self, item: pytest.Item, texts: Texts) -> None:
        self._item = item
        self._texts = texts
        self._option = item.config.option

    def __call__(
        self,
        scenario: Scenario,
        *,
        executions: int | None = None,
        seconds: float | None = None,
        explorer: str = "portfolio",
        **settings: Any,
    ) -> Exploration:
        """Explore; raises what the first failure raised, with notes that say how to replay it.

        Without ``executions`` and ``seconds`` the budget is the profile's; else as
        :func:`ndiswan.explore`.
        """
        __tracebackhide__ = True  # of pytest's, here and below: who called it is who failed
        scenario = self._named(scenario)
        if self._option.ndiswan_replay:
            return self._replay_one(scenario)
        replayed = 0
        for failure in self._known(scenario):
            replayed += 1
            again = failure.replay(patience=failure.settings.patience)
            if again.symptom is not None:
                self._count(Exploration(explorer, failure.seed), replayed, [again.symptom.rule])
                self._raise((self._now(failure, again), "it is known, and was replayed first"))
        if executions is None and seconds is None:
            executions = profile_of(self._item.config).executions
        settings.setdefault("seed", self._option.ndiswan_seed)
        found = explore(
            scenario, executions=executions, seconds=seconds, explorer=explorer, **settings
        )
        self._count(found, replayed, [failure.rule for failure in found.failures])
        if found.failures:
            self._raise(*((failure, found.how_found(failure)) for failure in found.failures))
        return found

    def _named(self, scenario: Scenario) -> Scenario:
        """A scenario inside of a test is called as the test: nobody can import it."""
        name = name_of(scenario)
        if "<locals>" not in name and "<lambda>" not in name:
            return scenario
        inner = getattr(scenario, "__name__", "scenario")

        def named(ndis: Ndis) -> object:
            return scenario(ndis)

        named.ndiswan_name = f"{self._item.nodeid}:{inner}"  # type: ignore[attr-defined]
        return named

    @property
    def _corpus(self) -> Path:
        return Path(self._option.ndiswan_corpus)

    def _known(self, scenario: Scenario) -> list[Failure]:
        if not self._corpus.is_dir():
            return []
        name, files = name_of(scenario), sorted(self._corpus.glob("*.json"))
        return [load(file, scenario=scenario) for file in files if scenario_in(file) == name]

    def _replay_one(self, scenario: Scenario) -> Exploration:
        __tracebackhide__ = True
        path = Path(self._option.ndiswan_replay)
        of = scenario_in(path)
        if of != name_of(scenario):
            pytest.skip(f"--ndiswan-replay {path} is of {of}")
        failure = load(path, scenario=scenario)
        again = failure.replay()
        found = Exploration(failure.explorer, failure.seed, executions=1)
        self._count(found, 1, [again.symptom.rule] if again.symptom else [])
        if again.symptom is not None:
            self._raise((self._now(failure, again), f"replayed from {path}"))
        if (misfit := failure.misfit(again)) is not None:
            pytest.fail(unfit(failure, path, misfit), pytrace=False)
        return found

    def _now(self, failure: Failure, again: Execution) -> Failure:
        """The failure as it is today: another rule may be broken first."""
        assert again.symptom is not None
        return replace(
            failure,
            symptom=again.symptom,
            detail=in_short(again.error),
            digest=again.ndis.digest(),
        )

    def _raise(self, *found: tuple[Failure, str]) -> None:
        """Keep all, and raise what the first one raised; its notes say how each is replayed."""
        __tracebackhide__ = True
        # A test with @given fails again and again, until its example is small: the last one is told.
        self._texts.clear()
        notes = []
        for number, (failure, how) in enumerate(found):
            path, where = self._keep(failure)
            self._texts.append((f"ndiswan: the story of {failure.rule}", str(failure.story())))
            again = shlex.join(["pytest", self._item.nodeid, f"--ndiswan-replay={_short(path)}"])
            notes += [f"found too: {failure}"] if number else []
            notes += [f"{how}{where}", f"to replay it: {again}"]
        raise error_of(found[0][0], *notes)

    def _keep(self, failure: Failure) -> tuple[Path, str]:
        """The failure's file, and where it is if not in the corpus."""
        try:
            self._corpus.mkdir(parents=True, exist_ok=True)
            return failure.save(self._corpus), ""
        except OSError as error:
            # What was found is what the test is about, and not that the folder takes nothing.
            path = failure.save(tempfile.mkdtemp(prefix="ndiswan-pytest-"))
            return path, f"; kept in {path.parent}, since {refused(error) or error}"

    def _count(self, found: Exploration, replayed: int, rules: list[str]) -> None:
        counts = {
            "executions": found.executions,
            "seconds": found.seconds,
            "replayed": replayed,
            "edges": found.reached[0],
            "rules": rules,
        }
        self._item.user_properties.append(("ndiswan", json.dumps(counts)))


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def unfit(failure: Failure, path: Path, misfit: str) -> str:
    """What is said of a file that does not fail, and whose choices are not those that are asked for."""
    what = failure.symptom if failure.rule else "what failed"
    return (
        f"{path}: expected choices that fit: {misfit}. They are of another scenario, or of a driver that was another"
        f" then, so nothing is known of {what}; remove the file once you know that it is mended"
    )


def scenario_in(path: Path) -> str:
    """Whose failure it is.

    Raises ReplayError if it is no replay file.
    """
    try:
        return str(json.loads(path.read_text("utf-8"))["scenario"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReplayError(f"{path}: expected a replay file of ndiswan: {error!r}") from error
