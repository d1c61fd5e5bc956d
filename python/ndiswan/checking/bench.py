"""Where a mode runs: makes worlds with fresh drivers and gathers what was found in them."""

from __future__ import annotations

import itertools
import sys
import time
from typing import TYPE_CHECKING, Any

from ndiswan._native import Trace
from ndiswan.checking import frames as frames_of
from ndiswan.checking.place import site_in
from ndiswan.checking.raised import detail_of, text_of
from ndiswan.checking.reached import reached_in
from ndiswan.checking.results import CANNOT_BIND, Finding, ModeResult
from ndiswan.checking.steps import tell
from ndiswan.checking.world import (
    ENOUGH,
    BindFailedError,
    CannotSendError,
    EnoughError,
    World,
)
from ndiswan.violations import ContractViolation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ndiswan.checking.modes import Mode
    from ndiswan.miniport import Miniport
    from ndiswan.ndis import Ndis
    from ndiswan.oid import WanInfo

# How much larger than MaxFrameSize a frame may be inside (DDK:"OID_WAN_GET_INFO").
SPARE = 32
# Events of a recording that is read within a second.
SHORT = 100_000
# So much of what a driver in C printed is of use.
MOST_SAID = 200


class Bench:
    """One mode of one driver.

    `timeout` is how long it may take, in seconds. `traces` is where the recording of each world goes, to stay there
    with `keep`. With `only` no others are sent in place of `frames` that are all too long for the driver.
    """

    def __init__(
        self,
        mode: Mode,
        make: Callable[[], Miniport],
        frames: Sequence[bytes],
        traces: Path,
        *,
        only: bool = False,
        keep: bool = False,
        timeout: float = 20.0,
    ) -> None:
        self.mode = mode
        self.delivery: Any = mode.delivery
        self.result = ModeResult(mode.name)
        self.note = ""
        self._make = make
        self._frames = frames
        self._only = only
        self._traces = traces
        self._keep = keep
        self._half = time.monotonic() + timeout / 2
        self._numbers = itertools.count(1)
        self._open: list[World] = []

    def make(self) -> Miniport:
        """A fresh driver, serialized as the mode asks."""
        miniport = self._make()
        if self.mode.serialized is not None:
            miniport.serialized = self.mode.serialized
        return miniport

    def frames_for(self, info: WanInfo) -> list[bytes]:
        """The frames that a driver takes; without one a made-up frame, unless none but those given are sent."""
        fitting = [frame for frame in self._frames if len(frame) <= info.max_frame_size]
        self.result.too_long = len(self._frames) - len(fitting)
        if not fitting and not self._only:
            self.note = f"a frame of {info.max_frame_size} octets is sent, all others being longer than max_frame_size"
            return [frames_of.of_length(info.max_frame_size)]
        return fitting

    def world(self, *, real: bool = False, line: bool = True) -> World:
        """A world with a fresh driver; to be entered, which waits for a line unless none is asked for."""
        world = World(self, real=real, line=line)
        self._open.append(world)
        return world

    @property
    def is_late(self) -> bool:
        """Whether half of the mode's time is over."""
        return time.monotonic() > self._half

    def enough(self, world: World, *, goes_on: bool = False) -> None:
        """End the mode early if enough is broken; anything is, once half of its time is over, or if it ``goes_on``.

        Raises EnoughError then.
        """
        broken = sum(not violation.warning for violation in world.ndis.violations)
        broken += sum(finding.count for finding in self.result.errors) + world.raised
        if broken > (0 if self.is_late or goes_on else ENOUGH):
            raise EnoughError

    def run(self, scenario: Callable[[Bench], None]) -> ModeResult:
        """Run a scenario, and tell what was found."""
        try:
            scenario(self)
        except CannotSendError as error:
            self.note = str(error)
        except EnoughError:
            self.note = "ended early, with enough found"
        except BindFailedError as error:
            why = error.__cause__
            # What initialize raised is told with all that callbacks raised.
            if why is not None and not any(why is known for known in self._open[-1].ndis.errors):
                found = _of_exception(why, getattr(self._open[-1], "miniport", None))
                found.detail = f"{CANNOT_BIND}: {why}"
                self.result.add(found)
        except RuntimeError as error:
            from ndiswan.drivers.tapi_call import TapiError

            # What a driver makes of its telephone calls is its own.
            if not isinstance(error, TapiError):
                raise
            self.result.add(_of_exception(error, None))
        return self.finish()

    def _hear(self, miniport: Miniport | None, *, halted: bool) -> None:
        """What a driver in C printed, and what it left behind."""
        for said in getattr(miniport, "printed", [])[-MOST_SAID:]:
            sys.stdout.write(f"{said.rstrip()}\n")
        for leak in getattr(miniport, "leaks", []) if halted else []:
            text = f"after the halt: {leak}"
            self.result.add(Finding("warning", None, text, f"LEAK: {text}"))

    def warn(self, text: str) -> None:
        """Something that breaks no rule and is worth telling."""
        self.result.add(Finding("warning", None, text, f"WARNING: {text}"))

    def finish(self, *, closed: bool = False) -> ModeResult:
        """The result, with what worlds found that are still open, if they are not ``closed``."""
        for world in [] if closed else list(self._open):
            self.collect(world)
        self.result.note = self.note
        self.result.ran = bool(self.result.sends or self.result.errors)
        return self.result

    def collect(self, world: World) -> None:
        """Take what a world found."""
        if world not in self._open:
            return
        told = self._take(world)
        self._open.remove(world)
        self._hear(getattr(world, "miniport", None), halted=not world.is_down)
        number = next(self._numbers)
        path = self._traces / f"{self.mode.name.replace('/', '-')}-{number}.jsonl"
        world.ndis.save(path)
        if told:
            tell(told, Trace(path))
        reached = reached_in(path)
        if not self._keep:
            path.unlink()
        self.result.reached = sorted({*self.result.reached, *reached.rules})
        self.result.resets += reached.resets

    def cut(self) -> ModeResult:
        """The result when the time is over. Somebody waits for it, so a long recording is not read to its end."""
        for world in list(self._open):
            if world.ndis.recorded() <= SHORT:
                self.collect(world)
            else:
                self._take(world)
        return self.finish(closed=True)

    def _take(self, world: World) -> list[Finding]:
        """What it found, without its story; those findings that are new."""
        self.result.worlds += 1
        self.result.sends += world.sends
        told = []
        for violation, site in zip(world.ndis.violations, _sites(world.ndis), strict=False):
            finding = _of_violation(violation, site)
            if self.result.add(finding):
                told.append(finding)
        for error in world.ndis.errors:
            if not isinstance(error, ContractViolation):
                self.result.add(_of_exception(error, getattr(world, "miniport", None)))
        if world.finding:
            self.result.add(Finding("hang", "HANG", world.finding, f"HANG: {world.finding}"))
        return told


def _sites(ndis: Ndis) -> list[str | None]:
    """The call that broke each of the rules, as far as the recording has it."""
    violations = ndis.violations
    told = ndis._broken_at() if violations else []  # noqa: SLF001 -- of its recording, in which other events are the most
    if len(told) != len(violations):
        return [violation.site for violation in violations]
    return told


def _of_violation(violation: ContractViolation, site: str | None) -> Finding:
    return Finding(
        kind="warning" if violation.warning else "violation",
        rule=violation.rule,
        detail=violation.detail,
        report=str(violation),
        adapter=violation.adapter,
        packet=violation.packet,
        time_ns=violation.time_ns,
        history=[str(event).strip() for event in violation.history],
        site=site,
        inside=list(violation.inside),
    )


def _of_exception(error: BaseException, miniport: Miniport | None) -> Finding:
    text = text_of(error, miniport)
    return Finding("exception", None, detail_of(error), text, site=site_in(text))
