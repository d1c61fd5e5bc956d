"""The zoo: each bug is one, breaks what it says, and its mended twin breaks nothing."""

import inspect
import json
import os
import pickle
from pathlib import Path

import pytest

import ndiswan as nw
from commands import FINE, USAGE, VIOLATIONS, ndiswan
from ndiswan._native import rule_info, rule_table
from ndiswan.exploring import load
from ndiswan.exploring.target import find, name_of
from ndiswan.zoo import ENTRIES

# Of one seed; the bug that takes longest takes 7,000 of them, and a second.
EXECUTIONS = 20_000
SECONDS = float(os.environ.get("NDISWAN_ZOO_SECONDS", "60"))
SHORTEST = Path(__file__).parent / "replays" / "shortest"
TWIN_SECONDS = float(os.environ.get("NDISWAN_ZOO_TWIN_SECONDS", "600"))

every_bug = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)


def broken_by(scenario):
    """The first rule that the scenario breaks in virtual time, None for none."""
    try:
        with nw.Ndis(on_violation="record") as ndis:
            scenario(ndis)
    except nw.ContractViolation:
        pass  # reading what is not one's own raises in every mode, and is on record
    broken = [found.rule for found in ndis.violations if not found.warning]
    return broken[0] if broken else None


def test_the_zoo_is_as_large_as_it_says():
    """There are at least 40 bugs, 14 of which need three preemptions or more, and every family of rules is there."""
    families = {rule_info(entry.rule)["family"] for entry in ENTRIES.values()}
    assert len(ENTRIES) >= 40
    assert sum(entry.preemptions >= 3 for entry in ENTRIES.values()) >= 14
    assert families == {rule_info(rule)["family"] for rule in rule_table()}


def test_each_entry_says_what_it_is():
    """A title is one sentence, a story two or three, and a rule is one of the table."""
    for entry in ENTRIES.values():
        assert entry.rule in rule_table()
        assert entry.title[0].isupper()
        assert 2 <= entry.story.count(".") + entry.story.count("?") <= 6, entry.id


@every_bug
def test_a_driver_of_the_zoo_is_a_driver(entry):
    """A driver has 60 to 200 lines that are not blank, inherited ones included, and the bug is at most 60 of them."""
    classes = [kind for kind in entry.driver.__mro__ if kind.__module__.startswith("ndiswan.zoo")]
    lines = [len(inspect.getsource(kind).replace("\n\n", "\n").splitlines()) for kind in classes]
    assert 60 <= sum(lines) <= 200
    assert lines[0] <= 60


@every_bug
def test_a_mended_twin_is_silent_in_virtual_time(entry):
    """Without an adversary nothing is reported on the mended driver."""
    assert broken_by(entry.twin) is None


@every_bug
def test_a_bug_that_needs_an_adversary_is_silent_without_one(entry):
    """In virtual time a bug shows if its entry says so, as the rule that it says, and else not at all."""
    assert broken_by(entry.scenario) == (entry.rule if entry.plain else None)


@every_bug
def test_a_mended_twin_is_silent_under_an_adversary(entry):
    """A hundred schedules of the mended driver break nothing."""
    assert nw.explore(entry.twin, seed=1, executions=100).failures == []


@every_bug
def test_a_bug_is_found(entry):
    """A search finds the bug, as the rule that its entry says."""
    found = nw.explore(entry.scenario, executions=EXECUTIONS, shrinking=0)
    assert found.failures, f"{found.executions} executions"
    assert found.failures[0].rule in (entry.rule, *entry.also)


@every_bug
def test_the_shortest_story_that_is_known_is_there(entry):
    """What an entry says of it is so: the file beside the bug breaks the rule, in so many events."""
    again = load(SHORTEST / f"{entry.id}.json", scenario=entry.scenario).replay()
    assert again.symptom.rule in (entry.rule, *entry.also)
    assert len(again.ndis.events()) == entry.events


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
@every_bug
def test_a_bug_is_found_with_each_seed(entry, seed):
    """Each of twenty seeds finds the bug within the default budget of a minute."""
    found = nw.explore(entry.scenario, seed=seed, seconds=SECONDS, shrinking=0)
    assert found.failures, f"{found.executions} executions"
    assert found.failures[0].rule in (entry.rule, *entry.also)


@pytest.mark.soak
@every_bug
def test_a_mended_twin_is_silent_for_ten_minutes(entry):
    """Nothing is reported on a mended driver, however long one looks."""
    assert nw.explore(entry.twin, seed=2, seconds=TWIN_SECONDS).failures == []


@every_bug
def test_a_scenario_has_a_name_that_finds_it(entry):
    """A replay file and another process find the scenario by its name."""
    for scenario in entry.scenario, entry.twin:
        assert find(name_of(scenario)) is scenario
        assert pickle.loads(pickle.dumps(scenario)) is scenario


def test_the_command_lists_the_zoo():
    """`ndiswan zoo` has a line for each bug; as JSON it has the whole entry."""
    listed = ndiswan("zoo")
    assert listed.returncode == FINE
    assert [name for name in ENTRIES if name not in listed.stdout] == []
    facts = json.loads(ndiswan("zoo", "--json").stdout)
    assert [fact["id"] for fact in facts] == list(ENTRIES)


def test_the_command_shows_what_is_wrong(tmp_path):
    """`ndiswan zoo NAME` shows the bug beside its mended twin, and knows names that are nearly right."""
    shown = ndiswan("zoo", "touch-statistics-in-the-send")
    assert shown.returncode == FINE
    assert "+        self.octets += len(packet)" in shown.stdout
    assert "-    self.octets += len(packet)" in shown.stdout
    *_, command = shown.stdout.splitlines()
    assert command.startswith("To hunt it:  ndiswan fuzz ")
    hunt = (*command.split("ndiswan ")[1].split(), "--executions", "400", "--jobs", "1")
    hunted = ndiswan(*hunt, "--folder", tmp_path / "found", cwd=tmp_path)
    assert hunted.returncode == VIOLATIONS
    assert "TOUCH at" in hunted.stdout
    wrong = ndiswan("zoo", "touch-statistics")
    assert wrong.returncode == USAGE
    assert "touch-statistics-in-the-send" in wrong.stderr
