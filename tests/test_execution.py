"""One execution of a scenario: what is no scenario is refused, and one in which nothing happens is said."""

from __future__ import annotations

import pytest

import ndiswan as nw
from commands import ndiswan

NONE = {
    "async def": "async def scenario(ndis):\n    ndis.run()\n",
    "a coroutine": "async def later(ndis):\n    pass\n\ndef scenario(ndis):\n    return later(ndis)\n",
    "a generator": "def scenario(ndis):\n    yield ndis.run()\n",
    "an async generator": "async def scenario(ndis):\n    yield ndis.run()\n",
}


@pytest.mark.parametrize("source", NONE.values(), ids=NONE)
def test_what_does_nothing_when_it_is_called_is_no_scenario(tmp_path, source) -> None:
    """It would be green for ever: a TypeError says what to do, and the command ends as for a wrong target."""
    names: dict[str, object] = {}
    exec(source, names)
    words = "scenario: expected a function that has done all when it returns, got"
    with pytest.raises(TypeError, match=words):
        nw.explore(names["scenario"], executions=3)
    (tmp_path / "s.py").write_text(source)
    for command in (("fuzz",), ("fuzz", "--executor", "serial"), ("step",)):
        done = ndiswan(command[0], "s.py:scenario", *command[1:], cwd=tmp_path)
        assert done.returncode == 4, done.stdout + done.stderr
        assert words in done.stderr
        assert "Traceback" not in done.stderr


def test_a_campaign_in_which_nothing_happened_says_so(tmp_path) -> None:
    """The scenario only gives back what it should have called: exit code 5, as for a driver that never sends."""
    (tmp_path / "s.py").write_text("def scenario(ndis):\n    return lambda: 5\n")
    budget = ("--executions", "20", "--executor", "serial")
    done = ndiswan("fuzz", "s.py:scenario", *budget, cwd=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    assert "nothing happened in any of them: the scenario binds no driver" in done.stdout
