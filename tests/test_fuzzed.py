"""What `ndiswan fuzz` takes of a search, and tells of it when it is over."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from commands import ndiswan
from ndiswan.campaign import Task
from ndiswan.campaign.died import command
from ndiswan.exploring import Settings

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = """
import ndiswan as nw

class Instant(nw.Miniport):
    def wan_send(self, link, packet):
        return nw.SUCCESS

def scenario(ndis):
    ndis.bind(nw.Protocol(), Instant()).send(b"x")
    ndis.run()
    if ndis.choose(2, "what"):
        raise ValueError("it")
"""
BUDGET = ("--executions", "50", "--seed", "1", "--executor", "serial")


def _found(folder: Path, *options: str) -> dict[str, object]:
    """What the replay file of what it finds holds."""
    (folder / "d.py").write_text(SOURCE)
    done = ndiswan("fuzz", "d.py:scenario", *BUDGET, *options, "--json", cwd=folder)
    assert done.returncode == 1, done.stderr
    (file,) = json.loads(done.stdout)["failures"]["new"]
    again = ndiswan("replay", file, "--json", cwd=folder)
    assert json.loads(again.stdout)["identical"]
    content: dict[str, object] = json.loads((folder / file).read_text())
    return content


@pytest.mark.parametrize("name", ["pct5", "bounded-sleep"])
def test_every_explorer_of_a_program_is_one_of_the_command(tmp_path: Path, name: str) -> None:
    """PCT of another depth, and the bounded one that leaves out what does not conflict."""
    assert _found(tmp_path, "--explorer", name)["explorer"] == name


def test_an_explorer_that_there_is_not_is_told_those_that_there_are(tmp_path: Path) -> None:
    """All of them."""
    done = ndiswan("fuzz", "d.py:scenario", "--explorer", "pct0", cwd=tmp_path)
    assert done.returncode == 4
    for name in ("random", "portfolio", "pct1", "pct9", "bounded-sleep"):
        assert f"'{name}'" in done.stderr


def test_policies_and_delivery_are_chosen_by_options(tmp_path: Path) -> None:
    """They are in the replay file, and without them the worlds are the plain ones."""
    plain = _found(tmp_path)["settings"]
    other = _found(tmp_path, "--policies", "--delivery", "queued", "--folder", "other")["settings"]
    assert (plain["policies"], plain["delivery"]) == (False, "inline")
    assert (other["policies"], other["delivery"]) == (True, "queued")


def test_the_command_of_a_task_that_died_has_its_settings() -> None:
    """Else it would do something else."""
    task = Task(0, "d.py:scenario", explorer="pct5")
    assert command(task).endswith("--explorer pct5 --seed 0 --executions 1000 --shrink 10 --cpus 2")
    settings = Settings(cpus=3, policies=True, delivery="queued")
    other = command(Task(0, "d.py:scenario", settings=settings))
    assert other.endswith("--cpus 3 --policies --delivery queued")
