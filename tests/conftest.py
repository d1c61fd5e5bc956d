"""What tests share: Ctrl-C, and for the viewer's page a browser and pages, made when the first of them asks."""

import signal
import sys

import pytest
from hypothesis import settings

# How long an example takes is the machine's business: a test that hangs has pytest's limit.
settings.register_profile("unhurried", settings.default, deadline=None)
settings.load_profile("unhurried")


def pytest_configure():
    """A shell has its background jobs ignore Ctrl-C, and so would all that the tests of Ctrl-C start and interrupt."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _where_modules_come_from():
    """A driver's file that is loaded brings its folder along, and what is in there is for that test alone."""
    before = sys.path[:]
    yield
    sys.path[:] = before


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A browser, which lives as long as the tests do."""
    from browser import Browser

    with Browser(tmp_path_factory.mktemp("browser") / "profile") as started:
        yield started


@pytest.fixture(scope="session")
def pages(tmp_path_factory):
    """Four pages: a failure beside its good run, a good recording, one that breaks a rule often, a simulation."""
    from ndiswan.viewer import read, to_html
    from runs import REPLAYS, Twice, record, simulate

    folder = tmp_path_factory.mktemp("pages")
    simulate(folder / "run.json")
    runs = {
        "failure": read(REPLAYS / "double-timer-against-interrupt.json"),
        "good": read(record(folder / "good.trace", events=600)),
        "twice": read(record(folder / "twice.trace", Twice, events=600, verify=4)),
        "simulation": read(folder / "run.json"),
    }
    for name, shown in runs.items():
        (folder / f"{name}.html").write_text(to_html(shown), "utf-8")
    return {name: folder / f"{name}.html" for name in runs}
