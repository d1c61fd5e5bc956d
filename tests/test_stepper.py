"""Going through an execution by hand: where it stands, who owns and holds what, and where each answer leads."""

from __future__ import annotations

import itertools
import json
import re
from array import array
from concurrent.futures import ThreadPoolExecutor

import pytest

import ndiswan as nw
from exploring_targets import Careless, careful, run
from ndiswan.exploring import StepError, load
from ndiswan.exploring.workload import workload

KNOWN = {"protocol", "ndis", "miniport", "returning"}


def careless(ndis):
    """The driver with a race."""
    run(ndis, Careless())


def stood(stepper):
    """All that can be seen where it stands."""
    return stepper.choices, stepper.owners, stepper.locks, stepper.cpus, stepper.path


def test_it_begins_with_the_plain_execution_of_which_nothing_is_decided():
    """It stands at the first question; every answer of the execution is 0, and nothing goes wrong."""
    stepper = nw.Stepper(careless)
    assert (stepper.at, stepper.symptom) == (0, None)
    assert len(stepper) > 10
    assert {chosen for _, chosen in stepper.answers} == {0}
    assert stepper.choices[0] == "cpu 0 goes on"
    assert stepper.path == []


def test_the_answers_of_a_workload_have_names():
    """What is done to a driver without a scenario, how often and how large; a name chooses as a number does."""
    stepper = nw.Stepper(workload(Careless))
    assert stepper.choices[:2] == ["1 of them", "2 of them"]
    stepper.choose("2 of them")
    assert stepper.question.what == "operation"
    assert stepper.choices[:3] == ["send", "run what is due", "send from another thread"]
    stepper.choose("send")
    assert stepper.choices[:2] == ["64 bytes", "2 bytes"]
    while stepper.question.what != "run at the end":
        stepper.forward()
    assert stepper.choices == ["run what is due", "no", "no", "no"]
    stepper.choose("no")
    assert stepper.answers[stepper.at - 1] == (4, 1)


def test_names_are_for_whoever_asks():
    """A scenario names what it chooses; more answers than names are numbers, more names than answers are none."""

    def scenario(ndis):
        ndis.name_answers("few", ["a", "b"])
        ndis.name_answers("many", "abcdef")
        for what in ("few", "many", "none"):
            ndis.choose(3, what)

    stepper = nw.Stepper(scenario)
    found = {}
    while stepper.question is not None:
        found[stepper.question.what] = stepper.choices
        stepper.forward()
    assert (found["few"], found["many"]) == (["a", "b", "2"], ["a", "b", "c"])
    assert found["none"] == ["0", "1", "2"]


def test_an_answer_that_is_the_one_it_has_changes_nothing():
    """Going forward and choosing what is marked are the same, and the execution stays."""
    one, other = nw.Stepper(careless), nw.Stepper(careless)
    for _ in range(8):
        one.choose(one.question.chosen)
        other.forward()
        assert stood(one) == stood(other)
    assert one.answers == other.answers


def test_another_answer_is_another_execution_with_the_same_beginning():
    """What was answered before stays, what comes behind is plain, and the one who was chosen acts next."""
    stepper = nw.Stepper(careless)
    stepper.goto(5)
    before = stepper.answers[:5]
    wanted = stepper.choices.index("timer 0 of adapter 0 begins")
    stepper.choose(wanted)
    assert stepper.answers[:5] == before
    assert stepper.answers[5][1] == wanted
    assert {chosen for _, chosen in stepper.answers[6:]} == {0}
    assert stepper.question.what == "where it begins"
    stepper.choose("on cpu 1")
    assert stepper.events[0].cpu == 1
    assert "timer 0 is due" in [event.words for event in stepper.events]
    assert stepper.path[-2:] == ["timer 0 of adapter 0 begins", "on cpu 1"]


def test_an_answer_has_a_name():
    """Words that one answer has are that answer, in any case; others say what there is."""
    stepper = nw.Stepper(careless)
    stepper.choose("TIMER 0")
    assert stepper.path == ["timer 0 of adapter 0 begins"]
    for which, said in ((99, "0 to"), ("goes on or not", "words of one answer"), ("", "words")):
        with pytest.raises(StepError, match=said):
            stepper.choose(which)
    stepper = nw.Stepper(careless)
    stepper.goto(5)
    with pytest.raises(StepError, match=r"fits 1 \(timer 0 .*, 2 \(timer 1 .*more of it"):
        stepper.choose("timer")


def test_it_goes_back_to_where_it_was():
    """After other answers were tried, the same answers lead to the same places."""
    stepper = nw.Stepper(careless)
    seen = []
    for _ in range(12):
        seen.append(stood(stepper))
        stepper.choose(len(stepper.choices) - 1)
    answers = stepper.answers
    stepper.back(12)
    assert stood(stepper) == seen[0]
    stepper.run("random", seed=3)
    stepper.goto(0)
    for at, (_, chosen) in enumerate(answers[:12]):
        assert stood(stepper) == seen[at]
        stepper.choose(chosen)
    assert stepper.answers == answers
    stepper.back(1000)
    assert stepper.at == 0


def test_it_undoes_steps_of_every_kind_up_to_the_first():
    """After a choice, a jump and an explorer's execution, each undo stands where it stood, in that execution."""
    stepper = nw.Stepper(careless)
    seen = []

    def now():
        return stood(stepper), stepper.answers, stepper.events

    for step in (
        lambda: stepper.goto(5),
        lambda: stepper.choose("timer 0 of adapter 0 begins"),
        lambda: stepper.forward(3),
        lambda: stepper.run("random", until="broken", seed=1),
        lambda: stepper.back(2),
        lambda: stepper.run("plain"),
    ):
        seen.append(now())
        step()
    for before in reversed(seen):
        stepper.undo()
        assert now() == before
    with pytest.raises(StepError, match="nothing to undo: it stands as it began"):
        stepper.undo()


def test_what_was_refused_is_no_step_to_undo():
    """An answer that is none, and a run that found nothing, leave the step before them to be undone."""
    stepper = nw.Stepper(careful)
    stepper.forward(2)
    with pytest.raises(StepError):
        stepper.choose("cpu 99")
    assert not stepper.run("random", until="broken", executions=3)
    stepper.undo()
    assert stepper.at == 0


@pytest.mark.parametrize("explorer", ["random", "pos"])
def test_who_owns_and_holds_what_is_what_the_drivers_see(explorer):
    """At each question the owners are those of the packets, and a lock is held by whom the levels show."""
    live = []

    class Watched(Careless):
        def wan_send(self, link, packet):
            live.append(packet)
            return super().wan_send(link, packet)

    stepper = nw.Stepper(lambda ndis: run(ndis, Watched()))
    stepper.run(explorer, seed=2)
    held = owned = 0
    for at in range(len(stepper)):
        stepper.goto(at)
        assert {found.owner for found in stepper.owners.values()} <= KNOWN
        owned += len(stepper.owners)
        for cpu in stepper.locks.values():
            held += 1
            assert stepper.cpus[cpu].level == "DISPATCH"
    assert held > 0
    assert owned > 0
    stepper.goto(len(stepper))
    assert (stepper.owners, stepper.locks, stepper.cpus, stepper.choices) == ({}, {}, [], [])
    assert {packet.owner for packet in live} == {"pool"}


def test_the_events_between_the_questions_are_all_events():
    """Each event is shown once, in order, by one who goes from question to question."""
    stepper = nw.Stepper(careless)
    stepper.run("random", seed=1)
    stepper.goto(0)
    shown = list(stepper.events)
    while stepper.choices:
        stepper.forward()
        shown += stepper.events
    assert len(shown) == len(stepper.execution.ndis.events())
    assert all(one.time_ns <= other.time_ns for one, other in itertools.pairwise(shown))
    assert any(event.site and "exploring_targets.py" in event.site for event in shown)
    stepper.goto(0)
    stepper.forward(10)
    ten = len(stepper.events)
    stepper.back(0)
    stepper.goto(9)
    stepper.forward()
    assert len(stepper.events) < ten


@pytest.mark.parametrize("explorer", ["random", "pct", "pos", "surw", "portfolio"])
def test_an_explorer_goes_on_until_a_rule_is_broken(explorer):
    """It keeps the answers that were given, and stops where the rule is broken."""
    stepper = nw.Stepper(careless)
    stepper.goto(4)
    assert stepper.run(explorer, until="broken", seed=1)
    assert {chosen for _, chosen in stepper.answers[:4]} == {0}
    assert stepper.symptom is not None
    assert any(event.words.startswith("** breaks") for event in stepper.events)


def test_what_is_not_found_leaves_it_where_it_was():
    """A good driver breaks nothing, and it still stands there with the answers that it had."""
    stepper = nw.Stepper(careful)
    stepper.goto(3)
    before = stood(stepper), stepper.answers
    assert not stepper.run("random", until="broken", executions=20)
    assert (stood(stepper), stepper.answers) == before


def test_it_goes_on_until_a_packet_moves():
    """It stops at the first question after the packet has another owner."""
    stepper = nw.Stepper(careless)
    owners = []
    while stepper.run(until="0.1"):
        owners.append(stepper.owners.get("0.1", ("pool",))[0])
        if not stepper.choices:
            break
    assert "miniport" in owners
    assert all(one != other for one, other in itertools.pairwise(owners))
    with pytest.raises(StepError, match=r"expected 'broken' or a packet \(0\.0, 0\.1"):
        stepper.run(until="7.7")


def test_it_goes_on_for_some_questions():
    """``steps`` of an explorer, or of the answers that it has."""
    stepper = nw.Stepper(careless)
    stepper.run("random", steps=5, seed=4)
    assert stepper.at == 5
    stepper.run(steps=2)
    assert stepper.at == 7
    stepper.run("plain")
    assert stepper.at == len(stepper)
    assert {chosen for _, chosen in stepper.answers[7:]} == {0}
    with pytest.raises(
        StepError, match=r"expected one of plain, random.*, pct1 to pct9, or bounded-sleep, got"
    ):
        stepper.run("clever")
    for call in (stepper.forward, stepper.back, stepper.goto):
        with pytest.raises(StepError, match="expected"):
            call(-1)


def test_what_is_saved_replays_as_it_stood(tmp_path):
    """A failure as a failure, a good execution as one of which nothing is expected to go wrong."""
    stepper = nw.Stepper("exploring_targets:careful")
    stepper.choose(1)
    good = load(stepper.save(tmp_path / "good.json"))
    assert (good.rule, good.replay().symptom, good.decisive()) == ("NONE", None, None)
    assert good.replay().ndis.digest() == good.digest

    bad = nw.Stepper(careless)
    assert bad.run("random", until="broken")
    failure = load(bad.save(tmp_path / "bad.json"), scenario=careless)
    assert failure.replay().symptom == bad.symptom
    assert failure.replay().ndis.digest() == failure.digest
    again = nw.Stepper(failure)
    assert (again.answers, again.symptom) == (bad.answers, bad.symptom)
    assert str(again.story()).startswith(failure.rule)
    with pytest.raises(TypeError, match="its own settings"):
        nw.Stepper(failure, cpus=3)


def test_a_driver_is_saved_with_what_it_was_made_of(tmp_path):
    """The arguments of a driver's constructor are in the file, and the driver that it finds has them."""
    file = tmp_path / "made.py"
    file.write_text(
        "import ndiswan as nw\n"
        "class Made(nw.Miniport):\n"
        "    def __init__(self, delay): self.delay = int(delay)\n"
        "    def initialize(self): self.adapter.timer(lambda: None).set(self.delay)\n"
        "    def wan_send(self, link, packet): return nw.SUCCESS\n"
    )
    stepper = nw.Stepper(f"{file}:Made", arguments=["7"])
    stepper.run("random", seed=1)
    saved = stepper.save(tmp_path / "made.json")
    again = nw.Stepper(saved)
    assert again.answers == stepper.answers
    assert again.failure.digest == stepper.failure.digest
    assert load(again.save(tmp_path / "twice.json")).digest == stepper.failure.digest


def test_a_driver_that_is_not_deterministic_is_told(tmp_path):
    """When the same answers lead elsewhere, it says what to do, where it is saved or another answer is given."""
    runs = itertools.count()

    def fickle(ndis):
        ndis.choose(2 + next(runs), "fickle")
        ndis.choose(2, "after it")

    stepper = nw.Stepper(fickle)
    with pytest.raises(StepError, match=r"make it one with ndis\.choose"):
        stepper.save(tmp_path / "x.json")
    assert list(tmp_path.iterdir()) == []
    stepper.goto(1)
    with pytest.raises(StepError, match="led elsewhere: question 0 is another one"):
        stepper.choose(1)


def test_values_are_chosen_as_well():
    """A question of the scenario's own has numbers for answers, however many there are."""

    def scenario(ndis):
        drawn.append(ndis.choose(1_000_000, "size"))

    drawn = []
    stepper = nw.Stepper(scenario)
    assert (stepper.question.what, stepper.question.of) == ("size", 1_000_000)
    assert stepper.choices[:3] == ["0", "1", "2"]
    stepper.choose(123_456)
    assert drawn == [0, 123_456]
    assert stepper.path == ['"size" is 123456 of 0 to 999999']
    assert "the end: nothing went wrong" in str(stepper)


def test_one_who_waits_is_seen_waiting():
    """What a CPU waits for is said, and another one holds that lock."""
    stepper, waits = nw.Stepper(careless, cpus=3), 0
    for seed in range(10):
        stepper.run("random", seed=seed)
        for at in range(len(stepper)):
            stepper.goto(at)
            for number, cpu in enumerate(stepper.cpus):
                if cpu.doing == 'waits for spin lock "queue"':
                    waits += 1
                    assert stepper.locks.get("queue") != number
        stepper.goto(0)
    assert waits > 0


def test_a_cpu_has_one_number_wherever_it_is_shown():
    """Steps, trace, its text, story and page count the CPUs from 0, whichever thread an execution ran on."""

    def shown():
        failure = nw.explore(careless, seed=1, executions=400).failures[0]
        stepper = nw.Stepper(failure)
        told = []
        while stepper.at < len(stepper):
            stepper.forward()
            told += [event.cpu for event in stepper.events]
        trace = failure.trace()
        story = json.loads(failure.story(full=True).to_json())
        raw = array("Q", trace.table()[1]["cpu"])
        return told, trace.to_text(), list(raw), [step["cpu"] for step in story["steps"]]

    with ThreadPoolExecutor(1) as pool:
        told, text, on_the_page, in_the_story = pool.submit(shown).result()
    in_text = [int(number) for number in re.findall(r"^ +[\d.]+ +(\d+) ", text, re.MULTILINE)]
    assert in_text[-len(told) :] == told
    assert on_the_page == in_text == in_the_story
    assert set(told) == {0, 1}


def test_a_driver_of_a_sister_contract_has_its_own_names():
    """Of an NDIS 6 driver events, CPUs and the story name its functions, and nothing of WAN's or NDIS 5's."""
    stepper = nw.Stepper("ndiswan.zoo.scenarios:pause_with_a_half_full_chain")
    stepper.run()
    told = "; ".join(
        [*(event.words for event in stepper.events), stepper.story().to_text(width=400)]
    )
    for words in (
        "MiniportSendNetBufferLists begins",
        "NdisMSendNetBufferListsComplete(",
        "ProtocolSendNetBufferListsComplete begins",
    ):
        assert words in told
    assert "WanSend" not in told
    assert "ProtocolSendComplete" not in told
