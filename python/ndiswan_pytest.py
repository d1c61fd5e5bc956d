"""The pytest plugin of ndiswan; it is named by the entry point `pytest11`, so pytest imports it in every run.

That is why it is a module beside the package: importing it loads nothing of `ndiswan`, which a measurement of
coverage would miss otherwise. What it needs of the package it imports when a test asks for it.
"""

from __future__ import annotations

import json
import os
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from ndiswan.exploring import Exploration
    from ndiswan.ndis import Ndis
    from ndiswan.testing.isolating import Elsewhere
    from ndiswan.testing.session import Explores, Worlds

PROFILES = ("ci", "dev", "thorough")
ISOLATE = ("auto", "always", "never")
_FAILED = pytest.StashKey[bool]()
_TEXTS: pytest.StashKey[list[tuple[str, str]]] = pytest.StashKey()
_WORLDS: pytest.StashKey[Worlds] = pytest.StashKey()
_ELSEWHERE: pytest.StashKey[Elsewhere] = pytest.StashKey()
_CURRENT: pytest.StashKey[pytest.Item] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini keys, all of which begin with ndiswan."""
    group = parser.getgroup("ndiswan", "drivers under ndiswan")
    group.addoption(
        "--ndiswan-seed",
        type=int,
        default=None,
        metavar="N",
        help="seed of explorations and state machines (0 in profile ci, else random; the header says it)",
    )
    group.addoption(
        "--ndiswan-profile",
        choices=PROFILES,
        default=None,
        help="how much is tried: ci (the default if CI is set), dev (otherwise), thorough",
    )
    group.addoption(
        "--ndiswan-corpus",
        default=None,
        metavar="DIR",
        help="where failures are kept, to be replayed first (default .ndiswan/pytest)",
    )
    group.addoption(
        "--ndiswan-replay",
        default=None,
        metavar="FILE",
        help="replay this file in place of exploring; what explores other scenarios is skipped",
    )
    group.addoption(
        "--ndiswan-isolate",
        choices=ISOLATE,
        default=None,
        help="which tests run in a process of their own: auto (those of drivers in C, the default), always, never",
    )
    parser.addini("ndiswan_isolate", "as --ndiswan-isolate", default="auto")
    parser.addini("ndiswan_seed", "as --ndiswan-seed", default="")
    parser.addini("ndiswan_profile", "as --ndiswan-profile", default="")
    parser.addini("ndiswan_corpus", "as --ndiswan-corpus, from the root", default=".ndiswan/pytest")


def pytest_configure(config: pytest.Config) -> None:
    """Decide what was left open; the workers of xdist are told what was decided."""
    config.addinivalue_line(
        "markers",
        "ndiswan_explore(executions=None, seconds=None, explorer='portfolio', **settings):"
        " run the test again and again under an explorer; its argument ndiswan_world is the world",
    )
    config.addinivalue_line(
        "markers",
        "ndiswan_isolate(wanted=True, *, timeout=None, standstill=60.0): run the test in a process of its own, or not;"
        " one that takes more than so many seconds, or stands still for so many, is ended",
    )
    option = config.option
    if option.ndiswan_isolate is None:
        option.ndiswan_isolate = config.getini("ndiswan_isolate")
    if option.ndiswan_isolate not in ISOLATE:
        raise pytest.UsageError(
            f"ndiswan_isolate: expected one of {', '.join(ISOLATE)}, got {option.ndiswan_isolate!r}"
        )
    if option.ndiswan_profile is None:
        ours = "ci" if os.environ.get("CI") else "dev"
        option.ndiswan_profile = config.getini("ndiswan_profile") or ours
    if option.ndiswan_profile not in PROFILES:
        raise pytest.UsageError(
            f"ndiswan_profile: expected one of {', '.join(PROFILES)}, got {option.ndiswan_profile!r}"
        )
    if told := getattr(config, "workerinput", {}).get("ndiswan"):
        vars(option).update(told)
    else:
        _choose_seed(config)
    if option.ndiswan_corpus is None:
        option.ndiswan_corpus = str(config.rootpath / config.getini("ndiswan_corpus"))
    config.pluginmanager.register(_Summary(), "ndiswan-summary")


def _choose_seed(config: pytest.Config) -> None:
    option = config.option
    given = config.getini("ndiswan_seed")
    if option.ndiswan_seed is None and given:
        option.ndiswan_seed = int(given) if given.isdecimal() else given
    if option.ndiswan_seed is None and option.ndiswan_profile == "ci":
        option.ndiswan_seed = 0
    seed = option.ndiswan_seed
    if seed is not None and not (isinstance(seed, int) and 0 <= seed < 2**64):
        raise pytest.UsageError(
            f"ndiswan_seed: expected a number from 0 to 2**64 - 1, got {seed!r}"
        )
    # With a seed of somebody's Hypothesis keeps no examples, so that runs are alike.
    option.ndiswan_seeded = option.ndiswan_seed is not None
    if option.ndiswan_seed is None:
        option.ndiswan_seed = random.SystemRandom().randrange(2**32)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist what was decided."""
    names = ("ndiswan_seed", "ndiswan_seeded")
    node.workerinput["ndiswan"] = {name: getattr(node.config.option, name) for name in names}


def pytest_report_header(config: pytest.Config) -> str:
    """Seed and profile."""
    option = config.option
    return f"ndiswan: profile {option.ndiswan_profile}, --ndiswan-seed={option.ndiswan_seed}"


# Factories have the scope of the session, since Hypothesis refuses what is made once for all examples of a test.


@pytest.fixture(scope="session")
def ndiswan_ndis(pytestconfig: pytest.Config) -> Callable[..., Ndis]:
    """A factory of worlds: ``ndiswan_ndis(**settings)`` is an ``Ndis``, closed when the test is over.

    What closing them finds (a packet that is still owed) fails the test, unless it has failed already. In a test with
    ``@given`` close each in its example: ``with ndiswan_ndis() as ndis``.
    """

    def make(**settings: Any) -> Ndis:
        from ndiswan.testing.session import Worlds

        item = _current(pytestconfig)
        worlds = item.stash.get(_WORLDS, None)
        if worlds is None:
            worlds = item.stash[_WORLDS] = Worlds()
            # What fixtures have that were there before outlives it, and it what they have that came later.
            item.addfinalizer(lambda: worlds.close(quiet=item.stash.get(_FAILED, False)))
        return worlds.make(**settings)

    return make


@pytest.fixture(scope="session")
def ndiswan_explore(pytestconfig: pytest.Config) -> Callable[..., Exploration]:
    """Explores: ``ndiswan_explore(scenario, executions=…, **settings)`` raises what it finds.

    As ``ndiswan.explore``, with seed and budget of the command line. Failures of the corpus that are of
    this scenario are replayed first; a new one is kept there.
    """

    def explore(scenario: Callable[[Ndis], object], **settings: Any) -> Exploration:
        return _explores(_current(pytestconfig))(scenario, **settings)

    return explore


def _current(config: pytest.Config) -> pytest.Item:
    """The test that runs."""
    item = config.stash.get(_CURRENT, None)
    if item is None:
        raise pytest.UsageError("ndiswan_ndis and ndiswan_explore: expected a call from a test")
    return item


def _explores(item: pytest.Item) -> Explores:
    from ndiswan.testing.session import Explores

    return Explores(item, item.stash.setdefault(_TEXTS, []))


@pytest.fixture
def ndiswan_world(request: pytest.FixtureRequest) -> Iterator[Ndis | None]:
    """The world of a test: one in virtual time, or with ``@pytest.mark.ndiswan_explore`` each execution's."""
    if request.node.get_closest_marker("ndiswan_explore"):
        yield None  # each execution is given its own
        return
    make = request.getfixturevalue("ndiswan_ndis")
    yield make()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A child that was made for a test ends with it, whatever becomes of it."""
    error: BaseException | None = None
    item.config.stash[_CURRENT] = item
    try:
        return (yield)
    except BaseException as raised:
        error = raised
        raise
    finally:
        del item.config.stash[_CURRENT]
        elsewhere = item.stash.get(_ELSEWHERE, None)
        if elsewhere is not None and elsewhere.is_child:
            elsewhere.escaped(error)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """What is no function of pytest's own cannot be explored: nobody calls it by its arguments."""
    of = getattr(item, "cls", None)
    in_unittest = of is not None and hasattr(of, "assertRaises")
    if item.get_closest_marker("ndiswan_explore") and (
        in_unittest or not isinstance(item, pytest.Function)
    ):
        raise pytest.UsageError(
            f"{item.nodeid}: expected a function, or a method of a plain class, below @pytest.mark.ndiswan_explore;"
            f" got {'a method of a unittest.TestCase' if in_unittest else type(item).__name__}"
        )


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test of a driver in C runs in a child; one with the marker is a scenario, and is explored."""
    __tracebackhide__ = (
        True  # a failure is the test's, and pytest shows whose frames are on the way before 9.1
    )
    if _may_be_isolated(pyfuncitem):
        from ndiswan.testing.isolating import Elsewhere, is_wanted

        if is_wanted(pyfuncitem):
            elsewhere = pyfuncitem.stash[_ELSEWHERE] = Elsewhere(pyfuncitem)
            if elsewhere.begin():
                return True
    return _explored(pyfuncitem)


def _may_be_isolated(item: pytest.Function) -> bool:
    """What can be said without the package, which a run without drivers does not load."""
    wanted = item.config.option.ndiswan_isolate
    loaded = "ndiswan.drivers" in sys.modules or (wanted == "auto" and "ndiswan" in sys.modules)
    return loaded or wanted == "always" or item.get_closest_marker("ndiswan_isolate") is not None


def _explored(pyfuncitem: pytest.Function) -> bool | None:
    __tracebackhide__ = True
    marker = pyfuncitem.get_closest_marker("ndiswan_explore")
    if marker is None:
        return None
    wanted = pyfuncitem._fixtureinfo.argnames  # noqa: SLF001 -- as pytest's own caller does
    arguments = {name: pyfuncitem.funcargs[name] for name in wanted}
    if "ndiswan_world" not in arguments:
        raise pytest.UsageError(
            f"{pyfuncitem.nodeid}: a test with @pytest.mark.ndiswan_explore needs the argument ndiswan_world"
        )

    def scenario(ndis: Ndis) -> object:
        return pyfuncitem.obj(**{**arguments, "ndiswan_world": ndis})

    _explores(pyfuncitem)(scenario, *marker.args, **marker.kwargs)
    return True


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Stories, and broken rules that the failure itself does not tell, get a section of the report.

    The report of a test that ran in a child is made there.
    """
    report = yield
    elsewhere = item.stash.get(_ELSEWHERE, None)
    if elsewhere is not None and not elsewhere.is_child:
        report = elsewhere.report(report)
        item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
        return report
    if report.failed:
        item.stash[_FAILED] = True
        told = report.longreprtext
        texts: list[tuple[str, str]] = item.stash.get(_TEXTS, [])
        report.sections += texts
        item.stash[_TEXTS] = []
        if (worlds := item.stash.get(_WORLDS, None)) is not None:
            report.sections += [found for found in worlds.found() if _head(found[1]) not in told]
    if elsewhere is not None and report.when == "call":
        worlds, failed = item.stash.get(_WORLDS, None), bool(report.failed)

        def close() -> None:
            if worlds is not None:
                worlds.close(quiet=failed)

        elsewhere.end(report, close)
    return report


def _head(text: str) -> str:
    return text.partition("\n")[0]


class _Summary:
    """Counts of all tests; reports bring them from the workers of xdist as properties."""

    def __init__(self) -> None:
        self.executions = self.explored = self.replayed = 0
        self.seconds = 0.0
        self.broken: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a test's counts."""
        if report.when != "teardown":
            return
        for name, value in report.user_properties:
            if name == "ndiswan":
                counts = json.loads(str(value))
                self.explored += 1
                self.executions += counts["executions"]
                self.replayed += counts["replayed"]
                self.seconds += counts["seconds"]
                for rule in counts["rules"]:
                    self.broken[rule] = self.broken.get(rule, 0) + 1

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """One line on what was explored."""
        if not self.explored:
            return
        broken = ", ".join(f"{rule} {count}" for rule, count in sorted(self.broken.items()))
        terminalreporter.section("ndiswan")
        terminalreporter.write_line(
            f"{self.explored} explorations: {self.executions} executions in {self.seconds:.1f} s,"
            f" {self.replayed} replayed; broken: {broken or 'nothing'}"
        )
