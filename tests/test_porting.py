"""The sister contracts as a whole: the same card in each, the kit on each, and what the porting guide shows."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

import ndiswan as nw
from commands import FINE, ndiswan
from ndiswan.exploring.workload import workload
from ndiswan.testing import MiniportConformance
from ndiswan.zoo.drivers import CoCard, LanCard, NblCard

FOLDER = Path(__file__).parents[1] / "examples" / "porting"
NAMES = ["wan5", "lan5", "condis", "ndis6"]


def example(name):
    """The module of an example."""
    spec = importlib.util.spec_from_file_location(f"porting_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


CARDS = {name: example(name).QueuedCard for name in NAMES}
CARDS["lan5-serialized"] = sys.modules["porting_lan5"].SerializedCard
every_card = pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)


def test_the_examples_are_those_of_the_guide():
    """Each file of the folder is tested here."""
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_example_runs_and_says_the_same(name):
    """The card is the same card: ten frames are back after the same time in each interface."""
    command = [sys.executable, str(FOLDER / f"{name}.py")]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "10 frames are back after 8.75 ms, as SUCCESS\n"


@every_card
def test_an_explorer_finds_nothing_in_a_ported_card(card):
    """Sends, cancels, resets, pauses and restarts in three hundred schedules break no rule."""
    explored = nw.explore(workload(card), seed=1, executions=300)
    assert explored.failures == []


@pytest.mark.parametrize("name", NAMES)
def test_the_check_finds_nothing_in_a_ported_card(name):
    """`ndiswan check` runs every scenario on a driver of a sister contract as on one of WAN."""
    target = f"{FOLDER / name}.py:QueuedCard"
    checked = ndiswan("check", target, "--mode", "send", "--mode", "reset", "--mode", "halt")
    assert checked.returncode == FINE, checked.stdout + checked.stderr


def test_the_check_finds_a_bug_of_a_sister_contract(tmp_path):
    """A driver that answers by its return is found, by the rule's name."""
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import ndiswan as nw\nfrom ndiswan import condis\n\n\n"
        "class Bad(condis.Miniport):\n"
        "    def co_send_packets(self, vc, packets):\n        return nw.SUCCESS\n"
    )
    checked = ndiswan("check", str(bad), "--mode", "send")
    assert checked.returncode != FINE
    assert "SYNC" in checked.stdout


class TestLan(MiniportConformance):
    """The kit on a LAN driver."""

    miniport = LanCard
    real_time = False

    def make_miniport(self):
        return CARDS["lan5"]()


class TestSerializedLan(MiniportConformance):
    """The kit on one that answers RESOURCES."""

    real_time = False

    def make_miniport(self):
        return CARDS["lan5-serialized"]()


class TestCondis(MiniportConformance):
    """The kit on a CoNDIS driver."""

    miniport = CoCard
    real_time = False

    def make_miniport(self):
        return CARDS["condis"]()


class TestNdis6(MiniportConformance):
    """The kit on a driver of NDIS 6."""

    miniport = NblCard
    real_time = False

    def make_miniport(self):
        return CARDS["ndis6"]()
