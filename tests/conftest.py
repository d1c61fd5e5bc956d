"""What the tests of the viewer's page share: a browser and pages, made when the first of them asks."""

import pytest


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
