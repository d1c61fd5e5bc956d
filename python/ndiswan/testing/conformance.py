"""The whole kit as pytest tests of one miniport."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ndiswan.checking.bench import Bench
from ndiswan.checking.frames import built_in
from ndiswan.checking.modes import Mode, modes_of
from ndiswan.checking.scenarios import FUNCTIONS
from ndiswan.checking.target import driver_of
from ndiswan.exploring.failure import load
from ndiswan.exploring.watchdog import EndlessError, Watchdog
from ndiswan.exploring.workload import workload
from ndiswan.ndis import Ndis
from ndiswan.program import run_program
from ndiswan.protocol import Protocol
from ndiswan.testing.playing import error_of
from ndiswan.violations import ContractWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from ndiswan.exploring.execution import Scenario
    from ndiswan.exploring.exploration import Exploration
    from ndiswan.miniport import Miniport


class ConformanceError(AssertionError):
    """A driver does not do what the contract says; ``rule`` is the id of what it broke, ``report`` is all of it.

    >>> from ndiswan.testing import ConformanceError
    >>> ConformanceError("a packet was owed", rule="LOST").rule
    'LOST'
    """

    def __init__(self, report: str, *, rule: str) -> None:
        super().__init__(report)
        self.rule = rule
        self.report = report


class MiniportConformance:
    """Subclass it in a test file, name your miniport, and the kit is pytest tests::

        class TestModem(MiniportConformance):
            miniport = Modem

    The tests are every scenario of ``ndiswan check`` in each way of delivery, and in both serializations
    unless the driver says which is its own; programs and a state machine that Hypothesis makes up, in
    virtual and in adversarial time; an exploration; and the replay files of a folder. How much is tried
    says ``--ndiswan-profile``.

    Attributes
    ----------
    miniport:
        The driver's class. Override :meth:`make_miniport` if it needs arguments, or is in C:
        ``return nw.load("driver.c")``.
    both:
        Run it serialized and deserialized, whatever it says itself.
    real_time:
        With the scenario on the real clock, which takes a second or so.
    lines:
        With lines that go down by another's hand than the driver's, in programs and state machines.
    explores:
        With adversarial time: not for a driver that has threads of its own, or waits with
        ``time.sleep``; ``ndis.spawn`` and ``adapter.sleep`` do that under an explorer.
    corpus:
        A folder of replay files, from the test's folder, that are replayed for ever: those of a driver of this name
        with this driver, another with the scenario that it names. One whose choices do not fit any more fails.
    patience:
        Seconds of the machine, after which a scenario, a program or an example of a state machine has hung.

    Examples
    --------
    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> from ndiswan.testing import MiniportConformance
    >>> class TestInstant(MiniportConformance):
    ...     miniport = Instant
    >>> type(TestInstant().make_miniport()).__name__
    'Instant'
    """

    miniport: ClassVar[type[Miniport]]
    both: ClassVar[bool] = False
    real_time: ClassVar[bool] = True
    lines: ClassVar[bool] = True
    explores: ClassVar[bool] = True
    corpus: ClassVar[str | Path | None] = None
    patience: ClassVar[float] = 20.0

    def make_miniport(self) -> Miniport:
        """A fresh driver."""
        miniport = getattr(type(self), "miniport", None)
        if not isinstance(miniport, type):
            got = "nothing" if miniport is None else repr(miniport)
            raise TypeError(
                f"{type(self).__name__}.miniport: expected the class of a driver, got {got};"
                " a driver that needs arguments is made by make_miniport"
            )
        made: Miniport = miniport()
        return made

    def frames(self) -> list[bytes]:
        """The frames that the scenarios send."""
        return built_in()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test for each mode that applies to the driver, and for each replay file; pytest calls it."""
        names = metafunc.fixturenames
        if "ndiswan_mode" in names:
            metafunc.parametrize("ndiswan_mode", self._modes(), ids=lambda mode: mode.name)
        if "ndiswan_file" in names:
            place = Path(str(metafunc.definition.path)).parent
            files = sorted((place / self.corpus).glob("*.json")) if self.corpus else []
            metafunc.parametrize("ndiswan_file", files, ids=lambda path: path.stem)

    def test_scenario(self, ndiswan_mode: Mode, tmp_path: Path) -> None:
        """The driver breaks no rule in this scenario of ``ndiswan check``."""
        bench = Bench(
            ndiswan_mode, self.make_miniport, self.frames(), tmp_path, timeout=self.patience * 2
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ContractWarning)  # they are on record as well
            self._guarded(lambda: bench.run(FUNCTIONS[ndiswan_mode.scenario]), bench)
        for finding in bench.result.errors:
            error = ConformanceError(finding.report, rule=finding.title)
            for line in finding.history[-1:]:
                error.add_note(f"the last of the packet's events: {line}")
            error.add_note(
                f"{finding.count} time(s) in mode {ndiswan_mode.name}; alone:"
                f" ndiswan check {self._target} --mode {ndiswan_mode.name}"
            )
            raise error

    def test_programs(self, request: pytest.FixtureRequest) -> None:
        """The driver breaks no rule in lists of operations that Hypothesis makes up."""
        from hypothesis import given

        from ndiswan.strategies import programs

        driver = self.make_miniport()
        made = programs(driver.info, interrupts=driver_of("", driver).interrupts, lines=self.lines)

        @given(program=made)
        def play(program: list[tuple[int, int]]) -> None:
            with watch(self.patience), Ndis() as ndis:
                link = ndis.bind(Protocol(), self.make_miniport())
                run_program(ndis, link, program)

        self._hypothesis(request, play)()

    def test_state_machine(self, request: pytest.FixtureRequest) -> None:
        """The driver breaks no rule in a state machine of sends, interrupts, resets and line changes."""
        self._run_machine(request, adversarial=False)

    def test_state_machine_under_an_explorer(self, request: pytest.FixtureRequest) -> None:
        """The same in adversarial time: timers, DPCs and interrupts come whenever they may."""
        self._run_machine(request, adversarial=True)

    def test_exploration(self, ndiswan_explore: Callable[..., Exploration]) -> None:
        """An explorer finds no execution of a workload in which the driver breaks a rule."""
        if not self.explores:
            _skip("explores is False for this driver")
        ndiswan_explore(self._workload())

    def test_replay(self, ndiswan_file: Path) -> None:
        """A failure of earlier is mended."""
        from ndiswan.testing.session import scenario_in, unfit

        named = scenario_in(ndiswan_file)
        if "::" in named:
            test = named.rpartition(":")[0]
            _skip(f"{ndiswan_file} is of {test}: pytest {test} --ndiswan-replay={ndiswan_file}")
        # What a driver of this name did is done with the driver as it is made here; else with what the file names.
        ours = named.rpartition(":")[2] == type(self.make_miniport()).__qualname__
        failure = load(ndiswan_file, scenario=self._workload() if ours else None)
        again = failure.replay(patience=failure.settings.patience)
        if again.symptom is not None:
            raise error_of(failure, f"replayed from {ndiswan_file}")
        if (misfit := failure.misfit(again)) is not None:
            raise AssertionError(unfit(failure, ndiswan_file, misfit))

    # ── how ──

    def _modes(self) -> list[Mode]:
        driver = self.make_miniport()
        known = driver_of(type(driver).__name__, driver)
        return modes_of(known, both=self.both, real_time=self.real_time)

    @property
    def _target(self) -> str:
        kind = type(self.make_miniport())
        return f"{kind.__module__}:{kind.__qualname__}"

    def _workload(self) -> Scenario:
        scenario = workload(self.make_miniport)
        scenario.ndiswan_name = self._target  # type: ignore[attr-defined]
        return scenario

    def _guarded(self, run: Callable[[], object], bench: Bench) -> None:
        try:
            with watch(self.patience):
                run()
        except EndlessError as error:
            bench.finish()
            text = (
                f"HANG: expected an answer within {self.patience:g} s in mode {bench.mode.name};"
                " patience gives it more"
            )
            raise ConformanceError(text, rule="HANG") from error

    def _run_machine(self, request: pytest.FixtureRequest, *, adversarial: bool) -> None:
        from hypothesis.stateful import run_state_machine_as_test

        from ndiswan.testing.machine import MiniportMachine

        if adversarial and not self.explores:
            _skip("explores is False for this driver")
        named = f"{type(self).__name__}Machine"
        body = {
            "adversarial": adversarial,
            "patience": self.patience,
            "lines": self.lines,
            "make_miniport": lambda _: self.make_miniport(),
        }
        machine = self._hypothesis(request, type(named, (MiniportMachine,), body))
        run_state_machine_as_test(machine, settings=_settings(request.config))

    def _hypothesis(self, request: pytest.FixtureRequest, test: Any) -> Any:
        from hypothesis import seed

        if not request.config.option.ndiswan_seeded:
            return test if isinstance(test, type) else _settings(request.config)(test)
        seeded = seed(request.config.option.ndiswan_seed)(test)
        return seeded if isinstance(test, type) else _settings(request.config)(seeded)


@contextmanager
def watch(patience: float) -> Iterator[None]:
    """EndlessError for what takes longer than so many seconds."""
    with Watchdog(patience, EndlessError) as watchdog, watchdog.watching():
        yield


def _settings(config: pytest.Config) -> Any:
    from hypothesis import HealthCheck, Phase, settings

    from ndiswan.testing.session import profile_of

    profile = profile_of(config)
    return settings(
        max_examples=profile.examples,
        stateful_step_count=profile.steps,
        deadline=None,
        report_multiple_bugs=False,
        # Which lines only failing runs execute says little of a driver, and takes long to find out.
        phases=[phase for phase in Phase if phase not in {Phase.explain, Phase.target}],
        suppress_health_check=list(HealthCheck),
    )


def _skip(why: str) -> None:
    import pytest

    pytest.skip(why)
