"""The main job in half a minute: check a good modem driver and a bad one on real frames, and see the bug found.

    make demo        or, with the package installed:        python examples/demo.py

The frames are a dial-up session with slirp, a PPP peer that nobody here wrote. Exit code 0 if the good driver is clean
and the bad one's bug was found.
"""

import inspect
import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

from ndiswan.checking import CheckResult, Options, TargetError, check
from ndiswan.checking.report import full, heading, plain, summary

try:  # colour, and a bar while it works, come with the extra `cli`
    from ndiswan.cli.console import painter, progress
except ModuleNotFoundError:
    from contextlib import nullcontext

    def progress():
        """No bar."""
        return nullcontext()

    def painter(_stream):
        """No colour."""
        return plain


HERE = Path(__file__).resolve().parent
FRAMES = HERE / "dial-up.pcapng"


def run(name: str) -> CheckResult:
    """The check of one of the drivers, in every mode that applies."""
    options = Options(frames=os.path.relpath(FRAMES), timeout=60.0)
    with progress() as show:
        return check(os.path.relpath(HERE / "drivers" / name), options, show)


def method(name: str) -> str:
    """The source of the method `abort` of one of the drivers."""
    sys.path.insert(0, str(HERE / "drivers"))
    module = __import__(name)
    driver = next(
        value
        for value in vars(module).values()
        if getattr(value, "__module__", "") == name and hasattr(value, "abort")
    )
    return textwrap.dedent(inspect.getsource(driver.abort))


def show_mend(say: Callable[[str], None], paint: Callable[[str, str], str]) -> None:
    """The bad driver's abort with the lines that the good one has."""
    bad, good = method("bad_modem").splitlines(), method("modem").splitlines()
    for line in good:
        missing = line not in bad
        say(paint(f"  {'+' if missing else ' '} {line}", "good" if missing else "dim"))


def main() -> int:
    """Check both drivers and show what was found."""
    say, paint = print, painter(sys.stdout)
    try:
        good, bad = run("modem.py"), run("bad_modem.py")
    except TargetError as error:
        say(f"the demo cannot run: {error}")
        return 1
    say(paint("1. A good modem driver: queue, card, interrupt, reset, halt", "bold"))
    say(f"   {heading(good, good.drivers[0], paint)}")
    say(f"   rules:{summary(good.drivers[0], paint)}")
    say("")
    say(paint("2. Its first version, which works as long as nobody resets it", "bold"))
    driver = bad.drivers[0]
    say(f"   {heading(bad, driver, paint)}")
    say(f"   rules:{summary(driver, paint)}")
    for state in driver.rules:
        if state.modes:
            say(f"   {paint(state.rule, 'bad')} is broken in {', '.join(state.modes)}")
    say("")
    if driver.first is None or good.exit_code:
        say(paint("The demo did not find what it should: please report this.", "bad"))
        return 1
    mode, finding = driver.first
    say(paint("3. The bug, at the call that breaks the rule, with the packet's history", "bold"))
    for line in full(mode, finding, paint):
        say(line)
    say("")
    say(
        paint(
            "4. What mends it: the lines that its reset lacked (examples/drivers/modem.py)", "bold"
        )
    )
    show_mend(say, paint)
    say("")
    say(
        "Try it:  .venv/bin/ndiswan check examples/drivers/bad_modem.py --frames examples/dial-up.pcapng"
    )
    say(f"         .venv/bin/ndiswan explain {finding.title}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
