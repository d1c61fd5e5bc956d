"""What a search came to: its failures, each once, and what was suggested to it."""

from __future__ import annotations

import pytest

import ndiswan as nw
from exploring_targets import careless
from ndiswan._native import explorers

FOUND = nw.explore(careless, explorer="random", seed=3, executions=5000).failures[0].choices


@pytest.mark.parametrize("explorer", explorers())
def test_what_is_suggested_is_tried_first(explorer: str) -> None:
    """Whoever the explorer is: he that could not have found it in one execution finds it in the first."""
    found = nw.explore(careless, explorer=explorer, suggest=[[], FOUND], executions=3, shrinking=0)
    assert [failure.rule for failure in found.failures] == ["DOUBLE"]
    assert found.executions == 2
    assert not found.exhausted


def test_suggestions_are_executions_and_the_explorer_goes_on_behind_them() -> None:
    """They count in the budget, and no certificate has them."""

    def scenario(ndis):
        ndis.choose(2, "weather")

    found = nw.explore(scenario, explorer="bounded", suggest=[[(2, 1)]] * 3, executions=100)
    assert found.executions == 5
    assert (
        found.certificate == "exhausted up to 0 preemptions in 2 executions; no execution has more"
    )
