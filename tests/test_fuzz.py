"""Whatever drivers do, in whatever order, the library answers: no crash, no hang, nothing lost, every report readable.

A failure names a clock and a seed. `python tests/fuzzing.py virtual 17` plays the world of seed 17 alone.
"""

import subprocess
import sys
from pathlib import Path

import pytest

import fuzzing

FUZZING = Path(fuzzing.__file__)
CHUNK = 500
CLOCKS = ["real", "virtual", "adversarial", "virtual", "adversarial"]
CHUNKS = [(CLOCKS[n % 5], n * CHUNK) for n in range(40)]  # 20,000 worlds


def campaign(clock: str, first: int, count: int, *, program=(FUZZING,), patience=300) -> list[str]:
    """What is wrong in the worlds of these seeds, each with its seed.

    They are played in a process of their own, because a hang or a crash takes the process along.
    """
    command = [sys.executable, *map(str, program), clock, str(first), str(count)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as child:
        try:
            output, _ = child.communicate(timeout=patience)
        except subprocess.TimeoutExpired:
            child.kill()
            output, _ = child.communicate()
    return findings(clock, output, child.returncode, last=first + count - 1)


def findings(clock: str, output: str, code: int, last: int) -> list[str]:
    """The problems in what the child printed, and how it ended if that was not as it should."""
    wrong, seed, since = [], None, 0
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if line.startswith(fuzzing.ANNOUNCED):
            seed, since = int(line.removeprefix(fuzzing.ANNOUNCED)), number
        elif line.startswith(fuzzing.PROBLEM) or "panicked at" in line:
            wrong.append(f"python tests/fuzzing.py {clock} {seed}: {line}")
    if code or seed != last:
        ending = "\n".join(lines[since:])
        wrong.append(f"python tests/fuzzing.py {clock} {seed}: ended with {code}\n{ending}")
    return wrong


@pytest.mark.parametrize(("clock", "count"), [("virtual", 150), ("real", 20), ("adversarial", 150)])
def test_whatever_drivers_do_the_library_answers(clock, count):
    """Worlds of drivers that do anything end closed, with every send delivered and IRQL at PASSIVE.

    The message has the command for each seed that fails: `python tests/fuzzing.py virtual 17` is
    seed 17 in virtual time.
    """
    assert campaign(clock, 0, count) == []


@pytest.mark.soak
@pytest.mark.parametrize(("clock", "first"), CHUNKS)
def test_whatever_thousands_of_drivers_do_the_library_answers(clock, first):
    """The same for 20,000 seeds, a fifth of them in real time; one seed is run as above."""
    assert campaign(clock, first, CHUNK, patience=1800) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("__import__('time').sleep(60)", "Timeout"),
        ("__import__('os').abort()", "Aborted"),
        ("1 / 0", "ZeroDivisionError"),
        ("['lost']", "PROBLEM lost"),
    ],
)
def test_a_world_that_goes_wrong_is_named(fault, said):
    """A hang, a crash, an error and a problem each fail the campaign with the seed, here 7."""
    program = f"""if True:
        import sys; sys.path.insert(0, {str(FUZZING.parent)!r})
        import fuzzing
        fuzzing.SECONDS_A_WORLD = 0.5
        fuzzing.World.play = lambda world: {fault}
        fuzzing.main(*sys.argv[1:])"""
    (finding,) = campaign("virtual", 7, 1, program=("-c", program), patience=30)
    assert "fuzzing.py virtual 7:" in finding
    assert said in finding


def played(seed):
    """A world in virtual time, in this process, after it was played."""
    world = fuzzing.World(seed)
    assert world.play() == []
    return world


@pytest.mark.filterwarnings("ignore")  # the drivers earn many
def test_a_seed_plays_the_same_world_each_time():
    """In virtual time a seed decides everything: what happened and what was broken are the same again."""

    def story(seed):
        ndis = played(seed).ndis
        return ndis.counters, [str(violation) for violation in ndis.violations]

    seeds = range(10)
    assert [story(seed) for seed in seeds] == [story(seed) for seed in seeds]


@pytest.mark.filterwarnings("ignore")
def test_the_worlds_are_not_idle():
    """A world does not spoil the next: fifty send packets and break most of the rules that there are."""
    worlds = [played(seed) for seed in range(50)]
    assert sum(world.ndis.counters["sends"] > 0 for world in worlds) > 20
    assert len({violation.rule for world in worlds for violation in world.ndis.violations}) >= 20
