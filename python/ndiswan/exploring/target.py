"""Scenarios by name: of a function, or of a miniport, which is given a workload."""

from __future__ import annotations

import functools
import inspect
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan.checking.in_c import is_in_c
from ndiswan.checking.target import FACTORY, TargetError, factories, load, make
from ndiswan.exploring.workload import workload
from ndiswan.miniport import Miniport

if TYPE_CHECKING:
    from ndiswan.exploring.execution import Scenario


def name_of(scenario: Scenario) -> str:
    """``module:function``, or ``/path/of/file.py:function`` for one that is no module's.

    A ``functools.partial`` is called as its function, another object as its class: the same in each run.
    """
    given = getattr(scenario, "ndiswan_name", None)
    if given is not None:
        return str(given)
    if isinstance(scenario, functools.partial):
        return name_of(scenario.func)
    named: Any = scenario if hasattr(scenario, "__qualname__") else type(scenario)
    module, function = named.__module__ or "?", named.__qualname__
    file = getattr(sys.modules.get(module), "__file__", None)
    if module == "__main__" and file:
        return f"{Path(file).resolve()}:{function}"
    return f"{module}:{function}"


def arguments_of(scenario: Scenario) -> list[str]:
    """With what the driver was made that :func:`find` found, so that a replay file can make it again."""
    return list(getattr(scenario, "ndiswan_arguments", ()))


def find(target: str, arguments: list[str] | None = None) -> Scenario:
    """The scenario that ``target`` names: ``file.py:name`` or ``module:name``, a function or a Miniport.

    Of a file without a name: its one function ``scenario``, or its one driver. ``arguments`` are for
    the driver's constructor, as of ``ndiswan check --arg``.

    Raises
    ------
    TargetError
        There is nothing of that name, or it is neither.

    >>> from ndiswan.exploring.target import find
    >>> scenario = find("ndiswan.zoo.scenarios:double_shared_list")
    >>> print(nw.explore(scenario, seed=1, executions=500).failures[0].rule)
    DOUBLE
    """
    if is_in_c(target):
        return _of_driver(target, None, arguments or [])
    if "::" in target:
        test = shlex.quote(target.rpartition(":")[0])
        raise TargetError(
            f"{target}: expected a scenario that can be called from here; of what is inside of a test only pytest can,"
            f" by pytest {test} --ndiswan-replay=FILE"
        )
    place, colon, name = target.rpartition(":")
    if not colon or (os.sep in name and not place.endswith(".py")):
        place, name = target, ""
    if name == FACTORY:
        return _of_driver(place, None, arguments or [])
    if not place:
        raise TargetError(f"{target}: expected file.py:function, file.py:Class or module:function")
    module, _ = load(place if place.endswith(".py") or not name else target)
    found = _part(module, name, target) if name else getattr(module, "scenario", None)
    if isinstance(found, type) or found is None:
        return _of_driver(target, name or None, arguments or [])
    if not callable(found):
        raise TargetError(f"{target}: expected a function of an Ndis or a Miniport, got {found!r}")
    try:
        inspect.signature(found).bind(None)
    except (TypeError, ValueError) as error:
        text = f"{target}: expected a function of one argument, an Ndis; called with one: {error}"
        raise TargetError(text) from error
    scenario: Scenario = found
    return _named(scenario, target)


def _part(module: Any, name: str, target: str) -> Any:
    found = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        known = _names(module)
        raise TargetError(f"{target}: nothing is called {name!r} in it; there are: {known}")
    return found


def _names(module: Any) -> str:
    """What of a module can be explored: its functions and its drivers."""
    own = {
        name: found
        for name, found in vars(module).items()
        if getattr(found, "__module__", None) == module.__name__ and not name.startswith("_")
    }
    can = [n for n, f in own.items() if inspect.isfunction(f) or _is_driver(f)]
    return ", ".join(can) or "none"


def _is_driver(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, Miniport)


def _of_driver(target: str, name: str | None, arguments: list[str]) -> Scenario:
    place = target[: -len(name) - 1] if name else target
    if name and "." in name:
        raise TargetError(
            f"{target}: there is nothing of that name; expected a function or a Miniport"
        )
    made = factories(
        target if is_in_c(target) else place if place.endswith(".py") else target, name
    )
    if len(made) != 1:
        which = ", ".join(f"{place}:{n}" for n in made)
        raise TargetError(f"{target}: expected one driver, got {len(made)}; say which: {which}")
    ((known, factory),) = made.items()

    def driver() -> Miniport:
        made: Miniport = make(known, factory, arguments)
        return made

    driver()
    scenario = workload(driver)
    scenario.ndiswan_arguments = arguments  # type: ignore[attr-defined]
    if is_in_c(target):
        return _named(scenario, str(Path(target).resolve()))
    return _named(scenario, f"{target}:{known}" if name is None else target)


def _named(scenario: Scenario, target: str) -> Scenario:
    """The scenario, which knows how it was asked for, so that a replay file can ask again."""
    if target.encode("utf-8", "replace").decode() != target:
        raise TargetError(
            f"{target}: expected a name in UTF-8, which a replay file can hold; give it another one"
        )
    place, colon, name = target.rpartition(":")
    if place.endswith(".py"):
        target = f"{Path(place).resolve()}{colon}{name}"
    elif target.endswith(".py"):
        target = str(Path(target).resolve())

    try:
        scenario.ndiswan_name = target  # type: ignore[attr-defined]
    except AttributeError:  # a method's name cannot be kept in it
        bound = scenario

        def scenario_(ndis: Any) -> object:
            return bound(ndis)

        scenario_.ndiswan_name = target  # type: ignore[attr-defined]
        return scenario_
    return scenario
