"""What the pytest plugin does with a test of a driver in C: it runs in a process of its own, which may die.

The setup and teardown of fixtures stay in pytest's process, and so does all that reports. The child is a copy of it,
runs the test's function and makes its report, which travels back.

    pytest  setup ─► fork ─────────────── wait ──────────► report ─► teardown
                       └► child: the test, its report, end
"""

from __future__ import annotations

import functools
import inspect
import pickle
import sys
import warnings
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from ndiswan.drivers.crash import DriverCrash
from ndiswan.drivers.isolation import STANDSTILL, Supervision, fork

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARKER = "ndiswan_isolate"
_PACKAGE = "ndiswan.drivers"
#: What brings a driver in C into a process, by its name in somebody's code.
_NAMES = {"drivers", _PACKAGE}
#: And what does so by a name of the package itself, `nw.load`.
_LOAD = "load"


def is_wanted(item: pytest.Item) -> bool:
    """Whether a test is to run in a process of its own, as its marker, the options and its module say."""
    option = item.config.option
    if option.usepdb or getattr(option, "trace", False):
        return False  # a debugger is here
    if (marker := item.get_closest_marker(MARKER)) is not None:
        _expect_known(item, marker)
        return bool(marker.args[0] if marker.args else marker.kwargs.get("wanted", True))
    if option.ndiswan_isolate != "auto":
        return bool(option.ndiswan_isolate == "always")
    if "ndiswan" not in sys.modules or _is_measured():
        return False
    return any(_uses(module, item.config.rootpath) for module in _modules(item)) and can_fork()


def _expect_known(item: pytest.Item, marker: pytest.Mark) -> None:
    """A word that is not in the marker's signature would change nothing."""
    unknown = sorted(set(marker.kwargs) - {"wanted", "timeout", "standstill"})
    if unknown or len(marker.args) > 1:
        what = ", ".join(unknown) or f"{len(marker.args)} arguments without a name"
        raise pytest.UsageError(
            f"{item.nodeid}: expected ndiswan_isolate(wanted=True, *, timeout=None, standstill=60.0), got {what}"
        )


def can_fork() -> bool:
    """Whether nothing here would be missing in a copy: the clock of a world in real time is a thread."""
    from ndiswan import ndis

    return not any(world._kind == "real" and not world.closed for world in list(ndis._open))  # noqa: SLF001


def _is_measured() -> bool:
    """Coverage is counted in this process; what a child counts would be lost."""
    coverage = sys.modules.get("coverage")
    return coverage is not None and coverage.Coverage.current() is not None


def _modules(item: pytest.Item) -> Iterator[ModuleType]:
    """The modules of a test and of its fixtures."""
    module = getattr(item, "module", None)
    if module is not None:
        yield module
    fixtures: Any = getattr(item, "_fixtureinfo", None)
    for known in fixtures.name2fixturedefs.values() if fixtures else ():
        for fixture in known:
            found = sys.modules.get(getattr(fixture.func, "__module__", ""))
            if found is not None and found is not module:
                yield found


@functools.cache
def _uses(module: ModuleType, root: Path) -> bool:
    """Whether a module, or one of the user's that it takes something of, says that it uses drivers in C."""
    waiting, seen = [module], {module}
    while waiting:
        this = waiting.pop()
        for value in list(vars(this).values()):
            home = value.__name__ if isinstance(value, ModuleType) else _home(value)
            if home is None:
                continue
            if home == _PACKAGE or home.startswith(f"{_PACKAGE}."):
                return True
            if home == this.__name__ and _mentions(value, this):
                return True
            other = sys.modules.get(home)
            if other is not None and other not in seen and _is_of(other, root):
                seen.add(other)
                waiting.append(other)
    return False


def _home(value: object) -> str | None:
    home = getattr(value, "__module__", None) if callable(value) else None
    return home if isinstance(home, str) else None


def _is_of(module: ModuleType, root: Path) -> bool:
    file = getattr(module, "__file__", None)
    # An interpreter may lie in the project's folder, as an environment of conda's does.
    return (
        file is not None
        and module.__name__.partition(".")[0] not in sys.stdlib_module_names
        and Path(file).is_relative_to(root)
        and "site-packages" not in Path(file).parts
    )


def _mentions(value: object, module: ModuleType) -> bool:
    ours = {name for name, known in vars(module).items() if known is sys.modules["ndiswan"]}
    functions = vars(value).values() if isinstance(value, type) else [value]
    for function in functions:
        try:
            plain = inspect.unwrap(function) if callable(function) else None
        except ValueError:  # it has whatever attribute is asked for, as `unittest.mock.call` does
            continue
        code = getattr(plain, "__code__", None)
        if code is not None and _named_in(code, ours):
            return True
    return False


def _named_in(code: CodeType, ours: set[str]) -> bool:
    named = set(code.co_names)
    if named & _NAMES or (_LOAD in named and named & ours):
        return True
    inner = (const for const in code.co_consts if isinstance(const, CodeType))
    return any(_named_in(const, ours) for const in inner)


def _travels(value: object) -> bool:
    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # noqa: BLE001 -- whatever its class does
        return False
    return True


class Elsewhere:
    """A test's run in a child: in there it is ended by what reports, here it has the reports."""

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        marker = item.get_closest_marker(MARKER)
        self._timeout = marker.kwargs.get("timeout") if marker else None
        given = marker.kwargs.get("standstill", STANDSTILL) if marker else STANDSTILL
        self._supervision = Supervision(given, self._timeout)
        self._reports: dict[str, Any] = {}
        self._crash: str | None = None
        self._warned: list[tuple[Any, Any, str, int]] = []
        self.is_child = False

    def begin(self) -> bool:
        """True in pytest's process, once the child has ended; False in the child, which goes on with the test."""
        pid = fork()
        if pid == 0:
            self.is_child = True
            self._keep_warnings()
            self._supervision.begin(self._timeout)
            return False
        with self._supervision as supervision:  # which takes away its folder
            try:
                self._reports = supervision.answered(pid, self._timeout, self.item.name)
            except DriverCrash as crash:
                self._crash = str(crash)
        if "ended" in self._reports:
            pytest.exit(self._reports["ended"])
        self.item.user_properties[:] = self._reports.get("properties", self.item.user_properties)
        for message, category, filename, line in self._reports.get("warnings", []):
            warnings.warn_explicit(message, category, filename, line)
        return True

    def _keep_warnings(self) -> None:
        """In the child: what is warned of is for its parent to list as well."""
        shown = warnings.showwarning

        def keep(message: Any, category: Any, filename: str, line: int, *more: Any) -> None:
            self._warned.append((message, category, filename, line))
            shown(message, category, filename, line, *more)

        warnings.showwarning = keep  # type: ignore[assignment]

    def end(self, report: pytest.TestReport, close: Callable[[], object]) -> None:
        """In the child, when the call is over: all travels, and the child ends. ``close`` closes its worlds."""
        reports = {
            "call": self._packed(report),
            "properties": report.user_properties,
            "warnings": list(filter(_travels, self._warned)),
        }
        info: pytest.CallInfo[object] = pytest.CallInfo.from_call(close, "teardown")
        if info.excinfo is not None:
            made = pytest.TestReport.from_item_and_call(self.item, info)  # type: ignore[arg-type]
            reports["teardown"] = self._packed(made)
        self._supervision.answer(reports)

    def escaped(self, error: BaseException | None) -> None:
        """In the child, where a test was ended otherwise: by Ctrl-C, by ``pytest.exit``."""
        self._supervision.answer(
            {"ended": f"{type(error).__name__} in {self.item.nodeid}: {error}"}
        )

    def report(self, own: pytest.TestReport) -> pytest.TestReport:
        """Here: the report of this phase, the child's if it made one."""
        if self._crash is not None and own.when == "call":
            own.outcome, own.longrepr = "failed", self._crash
        data = self._reports.get(own.when or "")
        if data is None or (own.when == "teardown" and own.failed):
            return own
        hook = self.item.config.hook
        report: pytest.TestReport = hook.pytest_report_from_serializable(
            config=self.item.config, data=data
        )
        return report

    def _packed(self, report: pytest.TestReport) -> Any:
        config = self.item.config
        report.user_properties = list(filter(_travels, report.user_properties))
        return config.hook.pytest_report_to_serializable(config=config, report=report)
