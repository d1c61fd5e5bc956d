"""Making a failure small takes as long as it may."""

import ndiswan as nw


def test_without_an_end_it_takes_as_long_as_it_takes():
    """`shrinking=inf` is a budget as the others are; the failure is not lost for it."""

    def scenario(ndis):
        if ndis.choose(4, "one") and ndis.choose(4, "two") == 3:
            raise KeyError

    found = nw.explore(scenario, executions=200, seed=1, shrinking=float("inf"))
    assert [(failure.rule, failure.switches) for failure in found.failures] == [("EXCEPTION", 2)]
    assert found.failures[0].choices == [(4, 1), (4, 3)]
