"""What is done to a miniport that comes without a scenario: it reaches the race of a careless one."""

import ndiswan as nw
from exploring_targets import Careless, Modem
from ndiswan.exploring.workload import workload


def test_a_driver_with_a_race_is_caught_by_it():
    """Sends, resets, requests and interrupts from several CPUs reach the race of the careless driver."""
    found = nw.explore(workload(Careless), seed=1, executions=3000, shrinking=0)
    assert found.failures
    assert {failure.rule for failure in found.failures} <= {"DOUBLE", "STALE", "TOUCH", "LOST"}


def test_each_operation_is_an_answer():
    """How many operations there are, and which, are questions of their own."""
    stepper = nw.Stepper(workload(Modem))
    asked = set()
    for seed in range(8):
        stepper.goto(0)
        stepper.run("random", seed=seed)
        for at in range(len(stepper)):
            stepper.goto(at)
            asked.add(stepper.question.what)
    assert {"operations", "operation", "size", "who goes on"} <= asked
