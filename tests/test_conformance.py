"""Replay files of a conformance test: each is run as what it is of, and none is green that says nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import ndiswan as nw
from ndiswan.testing import MiniportConformance

if TYPE_CHECKING:
    from pathlib import Path

DRIVERS = """
import ndiswan as nw

class Instant(nw.Miniport):
    def wan_send(self, link, packet):
        return nw.SUCCESS

class Forgets(Instant):
    def wan_send(self, link, packet):
        return nw.PENDING

def scenario(ndis):
    ndis.bind(nw.Protocol(), Forgets()).send(b"one")
    ndis.run()
    assert ndis.choose(3, "what") != 2
"""


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The replay file of a failure of `scenario`, beside its drivers."""
    (tmp_path / "drivers.py").write_text(DRIVERS)
    found = nw.explore(_named(tmp_path, "scenario"), executions=50, seed=1)
    return found.failures[0].save(tmp_path / "kept.json")


def _named(folder: Path, name: str):
    from ndiswan.exploring.target import find

    return find(f"{folder / 'drivers.py'}:{name}")


class Instant(nw.Miniport):
    """Keeps each rule."""

    def wan_send(self, link, packet):
        """At once."""
        return nw.SUCCESS


class Conformance(MiniportConformance):
    """Pytest does not take it for tests of its own."""

    miniport = Instant


def test_a_file_of_another_scenario_is_run_as_that(kept: Path) -> None:
    """It fails still, whatever the driver does that the tests are of."""
    with pytest.raises((nw.ContractViolation, AssertionError)) as failed:
        Conformance().test_replay(kept)
    assert f"replayed from {kept}" in failed.value.__notes__


def test_a_file_whose_choices_do_not_fit_is_not_passed(kept: Path) -> None:
    """Of a driver that was another then nothing is known; one of this driver that fits, and fails no more, is green."""
    content = json.loads(kept.read_text())
    content["scenario"] = "elsewhere:Instant"
    content["choices"] = "c1.31-2"
    kept.write_text(json.dumps(content))
    with pytest.raises(AssertionError, match=r"choice 1 is one of \d+ here, and one of 31"):
        Conformance().test_replay(kept)
    content["choices"] = "c1"
    kept.write_text(json.dumps(content))
    Conformance().test_replay(kept)


def test_a_file_of_a_test_is_skipped_with_the_line_that_replays_it(kept: Path) -> None:
    """What is inside of a test is called by pytest alone."""
    content = {**json.loads(kept.read_text()), "scenario": "test_it.py::test_x:scenario"}
    kept.write_text(json.dumps(content))
    line = f"pytest test_it.py::test_x --ndiswan-replay={kept}"
    with pytest.raises(pytest.skip.Exception, match=line):
        Conformance().test_replay(kept)
