"""What is to be checked: the drivers of a file or a module, found and made.

Only a child process comes here: what is imported is somebody else's code.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan.checking.in_c import factory as factory_in_c
from ndiswan.checking.in_c import is_in_c, name_of
from ndiswan.checking.raised import is_ours
from ndiswan.miniport import Miniport

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

FACTORY = "make_miniport"
# NDIS's names of what a driver has its own function for.
ENTRY_POINTS = {
    "initialize": "MiniportInitialize",
    "halt": "MiniportHalt",
    "wan_send": "MiniportWanSend",
    "reset": "MiniportReset",
    "check_for_hang": "MiniportCheckForHang",
    "query_information": "MiniportQueryInformation",
    "set_information": "MiniportSetInformation",
    "isr": "MiniportISR",
    "handle_interrupt": "MiniportHandleInterrupt",
    "shutdown": "MiniportShutdown",
    # Of the sister contracts; whichever a driver sends by is the one that NDIS calls with a send.
    "send": "MiniportWanSend",
    "send_packets": "MiniportWanSend",
    "co_send_packets": "MiniportWanSend",
    "send_net_buffer_lists": "MiniportWanSend",
    "pause": "MiniportPause",
    "restart": "MiniportRestart",
}
# What is defined in these is a base class's, not the driver's.
_OURS = {f"ndiswan.{name}" for name in ("miniport", "_twins", "lan", "condis", "ndis6")}


class TargetError(Exception):
    """The target cannot be checked; the text says why, and what to do.

    >>> from ndiswan.checking import TargetError, check
    >>> try:
    ...     check("nowhere.py")
    ... except TargetError as error:
    ...     print(error)
    nowhere.py: there is no such file; expected a file.py, module:Class or a recorded trace
    """


class NothingToCheckError(TargetError):
    """There is no driver in the target."""


@dataclass(slots=True)
class Driver:
    """A driver as the parent process knows it: how to ask for it, and what decides its modes."""

    name: str
    serialized: bool
    """What the class says."""
    fixed: bool
    """Whether the class says so itself; else both serializations are its own."""
    interrupts: bool
    """Whether it has an `isr` or a `handle_interrupt`."""
    contract: str = "wan"
    """Which contract it keeps to: ``wan``, ``lan``, ``condis`` or ``ndis6``."""
    cancels: bool = False
    """Whether its sends can be cancelled, as in the sister contracts."""
    pauses: bool = False
    """Whether it can be paused, as one of NDIS 6."""
    shuts_down: bool = False
    """Whether it has a `shutdown`; one in C may register its own."""
    defined: dict[str, str] = field(default_factory=dict)
    """Where its entry points are, by NDIS's names: ``file:line in function``."""

    def to_json(self) -> dict[str, Any]:
        """As a child answers it."""
        return asdict(self)


def is_trace(target: str) -> bool:
    """Whether the target is a recorded trace: a file that is no Python file."""
    return Path(target).is_file() and not target.endswith(".py") and not is_in_c(target)


def load(target: str) -> tuple[ModuleType, str | None]:
    """The module of a target, and the class that it names.

    Raises TargetError if it is not there or cannot be imported.
    """
    place, colon, name = target.partition(":")
    if Path(target).is_dir():
        raise TargetError(
            f"{target}: expected a file.py, module:Class, a recorded trace or a folder with C files;"
            " this is a folder without any: name the file in it"
        )
    if place.endswith(".py") or os.sep in place:
        return _load_file(Path(place)), name or None
    if not colon or not name:
        raise TargetError(
            f"{target}: expected a file.py, module:Class or a recorded trace;"
            " there is no such file, and no class is named"
        )
    try:
        return importlib.import_module(place), name
    except ModuleNotFoundError as error:
        raise TargetError(
            f"{target}: no module {error.name!r} from here ({Path.cwd()});"
            " run this where it can be imported, or give the file"
        ) from error
    except BaseException as error:
        raise TargetError(
            f"{target}: expected a module that can be imported, {place} cannot:\n{_short(error)}"
        ) from error


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise TargetError(
            f"{path}: there is no such file; expected a file.py, module:Class or a recorded trace"
        )
    main = sys.modules["__main__"]
    if (running := getattr(main, "__file__", None)) and Path(running).resolve() == path.resolve():
        return main  # to run a script for what is in it would begin it again
    # The file's neighbours can be imported, as when it is run.
    if (folder := str(path.parent.resolve())) not in sys.path:
        sys.path.insert(0, folder)
    name = f"_checked_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path.resolve())
    if spec is None or spec.loader is None:
        raise TargetError(f"{path}: expected a name that ends with .py, as Python loads it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        raise TargetError(
            f"{path}: expected a file that can be imported, this cannot:\n{_short(error)}"
        ) from error
    return module


def _short(error: BaseException) -> str:
    """The traceback from the user's own first line on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "importlib" not in f.filename and not is_ours(f)]
    lines = traceback.format_list(own) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()


def factories(target: str, only: str | None = None) -> dict[str, Callable[..., Any]]:
    """What makes the drivers of a target, by name: `make_miniport` if there is one, else the classes.

    Raises NothingToCheckError if there is none, TargetError if `only` is none of them.
    """
    if is_in_c(target):
        return {name_of(target): factory_in_c(target)}
    module, named = load(target)
    wanted = only or named
    if wanted is not None:
        made = getattr(module, wanted, None)
        if not callable(made):
            known = ", ".join(_classes(module)) or "none"
            raise TargetError(f"{target}: no miniport {wanted!r} in it; there are: {known}")
        if isinstance(made, type) and not issubclass(made, Miniport):
            raise TargetError(
                f"{target}: expected a subclass of ndiswan.Miniport, {wanted} is none"
            )
        return {wanted: made}
    if callable(made := getattr(module, FACTORY, None)):
        return {FACTORY: made}
    classes = _classes(module)
    if not classes:
        raise NothingToCheckError(
            f"{target}: there is no driver in it; expected a subclass of ndiswan.Miniport with a wan_send,"
            f" or a function {FACTORY}()"
        )
    return dict(classes)


def _classes(module: ModuleType) -> dict[str, type[Miniport]]:
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Miniport)
        and value.__module__ == module.__name__
        and (value.wan_send, value.wan_send_many) != (Miniport.wan_send, Miniport.wan_send_many)
        and not name.startswith("_")
    }


def make(name: str, factory: Callable[..., Any], arguments: list[str]) -> Any:
    """A fresh driver, a Miniport or one in C. `arguments`: literals or strings, each `VALUE` or `NAME=VALUE`.

    Raises TargetError if it cannot be made without other arguments or is no miniport.
    """
    positional, keywords = _arguments(arguments)
    try:
        inspect.signature(factory).bind(*positional, **keywords)
    except TypeError as error:
        raise TargetError(
            f"{name} cannot be made with {', '.join(arguments) or 'no arguments'}: {error}."
            f" Give them by --arg (--arg 5, --arg speed=64000), or write a function {FACTORY}()"
            " in the module that returns a new driver"
        ) from error
    except ValueError:
        pass  # what is written in C has no signature; calling it will tell
    try:
        miniport = factory(*positional, **keywords)
    except Exception as error:
        from ndiswan.drivers import BuildError

        # What does not compile says all of it itself; where in our files it was found helps nobody.
        told = str(error) if isinstance(error, BuildError) else _short(error)
        raise TargetError(f"{name}: expected a driver, but it cannot be made:\n{told}") from error
    if not isinstance(miniport, Miniport) and not hasattr(miniport, "_c_driver"):
        raise TargetError(f"{name}: expected an ndiswan.Miniport from it, got {miniport!r}")
    return miniport


def _arguments(texts: list[str]) -> tuple[list[Any], dict[str, Any]]:
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if equals and name.isidentifier():
            keywords[name] = _literal(value)
        else:
            positional.append(_literal(text))
    return positional, keywords


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def describe(target: str, only: str | None, arguments: list[str]) -> list[Driver]:
    """The drivers of a target, each made once to see that it can be.

    Raises TargetError as `load`, `factories` and `make` do.
    """
    drivers = []
    for name, factory in factories(target, only).items():
        miniport = make(f"{target}: {name}", factory, arguments)
        drivers.append(driver_of(name, miniport))
    return drivers


def driver_of(name: str, miniport: Any) -> Driver:
    """What decides the modes of a driver that has been made."""
    if not isinstance(miniport, Miniport):
        return Driver(name, serialized=True, fixed=True, interrupts=True, shuts_down=True)
    kind = type(miniport)
    fixed = "serialized" in vars(miniport) or any(
        "serialized" in vars(base) for base in kind.__mro__ if base not in {Miniport, object}
    )
    interrupts = (
        kind.isr is not Miniport.isr or kind.handle_interrupt is not Miniport.handle_interrupt
    )
    more = getattr(miniport, "_more", {})
    return Driver(
        name,
        bool(miniport.serialized),
        fixed,
        interrupts,
        contract=getattr(miniport, "_face", "wan"),
        cancels="cancel_send" in more,
        pauses="pause" in more,
        shuts_down=kind.shutdown is not Miniport.shutdown,
        defined=_entry_points(kind),
    )


def _entry_points(kind: type[Miniport]) -> dict[str, str]:
    """Where the class, or one that it inherits from, defines what NDIS calls."""
    found: dict[str, str] = {}
    for method, entry in ENTRY_POINTS.items():
        function = getattr(kind, method, None)
        code = getattr(inspect.unwrap(function), "__code__", None) if function else None
        if function and code is not None and function.__module__ not in _OURS:
            site = f"{code.co_filename}:{code.co_firstlineno} in {function.__qualname__}"
            found.setdefault(entry, site)
    return found
