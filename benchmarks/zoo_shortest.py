"""The shortest stories of the zoo: `zoo_shortest.py FOLDER [--seconds 20] [--seeds 8] [--bugs BUG ...]`.

What `Entry.events` says is measured with what this finds, and it is no part of the explorer: it knows that it is
events which are to be few, however many switches that takes. It looks at every failing execution of some searches,
makes some of them small, and goes on from the shortest by chance: answers are changed, taken out, put in and exchanged,
and what is not longer and breaks the same rule is where the next change is made. A story that is shorter than the one
in FOLDER replaces it. Nothing shows that there is no shorter one.
"""

import argparse
import random
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from ndiswan._native import Explorer
from ndiswan.exploring import Failure, Settings, execute, load
from ndiswan.exploring.execution import Symptom
from ndiswan.exploring.shrinking import failing_alike, make_small
from ndiswan.zoo import ENTRIES, Entry

Choices = list[tuple[int, int]]


class Story(NamedTuple):
    """An execution that breaks a rule that the bug breaks."""

    events: int
    switches: int
    choices: Choices
    symptom: Symptom


def told(entry: Entry, choices: Choices) -> Story | None:
    """What these answers lead to, if it is the bug."""
    explorer = Explorer.replay(choices, lenient=True)
    ran = execute(entry.scenario, explorer, Settings(), record=True)
    if ran.symptom is None or ran.symptom.rule not in (entry.rule, *entry.also):
        return None
    used = ran.ndis.choices()
    while used and used[-1][1] == 0:
        used.pop()
    return Story(len(ran.ndis.events()), sum(which != 0 for _, which in used), used, ran.symptom)


def searched(entry: Entry, seed: int, end: float) -> list[Story]:
    """The shortest of those that a search finds, and what becomes of one when it is made small."""
    explorer = Explorer("portfolio", seed)
    stories: list[Story] = []
    failing = 0
    while time.monotonic() < end and failing < 2_000:
        ran = execute(entry.scenario, explorer, Settings())
        more = explorer.end(ran.ndis, ran.symptom is not None)
        if ran.symptom is not None and ran.symptom.rule in (entry.rule, *entry.also):
            failing += 1
            choices = ran.ndis.choices()
            if failing in (1, 10):
                run = failing_alike(ran.symptom, entry.scenario, Settings())
                choices = make_small(choices, run, 3.0).choices
            story = told(entry, choices)
            if story is not None:
                stories = sorted([*stories, story])[:3]
        if not more:
            break
    return stories


def changed(choices: Choices, rng: random.Random) -> Choices:
    """One to four changes."""
    new = list(choices)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        at = rng.randrange(len(new) + 1)
        kind = rng.randrange(6)
        if kind == 0 or at >= len(new):
            new[at:at] = [(2, 0)] * rng.randint(1, 4)
        elif kind == 1:
            del new[at : at + rng.randint(1, 4)]
        elif kind == 2:
            other = min(len(new) - 1, at + rng.randint(1, 8))
            new[at], new[other] = new[other], new[at]
        elif kind == 3:
            new[at] = (new[at][0], 0)
        else:
            new[at] = (new[at][0], rng.randrange(new[at][0]))
    return new


def walked(entry: Entry, story: Story, rng: random.Random, end: float) -> Story:
    """The shortest on a walk that never gets longer."""
    best = at = story
    while time.monotonic() < end:
        new = told(entry, changed(at.choices, rng))
        if new is not None and new.events <= at.events:
            at = new
            best = min(best, at)
    return best


def shortest(entry: Entry, seconds: float, seeds: int, known: list[Story]) -> Story | None:
    """A third of the time for searches, the rest for walks from the best of them."""
    begin = time.monotonic()
    stories = list(known)
    for seed in range(seeds):
        stories += searched(entry, seed, begin + seconds / 3 * (seed + 1) / seeds)
    if not stories:
        return None
    starts = sorted(stories)[:4]
    left = begin + seconds - time.monotonic()
    for number, start in enumerate(starts, 1):
        end = begin + seconds - left * (1 - number / len(starts))
        stories.append(walked(entry, start, random.Random(number), end))
    return min(stories)


def failure(entry: Entry, story: Story) -> Failure:
    """The story as one that can be kept in a file."""
    one = Failure(
        symptom=story.symptom,
        detail="",
        choices=story.choices,
        scenario=entry.scenario,
        settings=Settings(),
        explorer="shortest",
        seed=0,
        execution=0,
        seconds=0.0,
        digest="",
        events=story.events,
        deterministic=True,
    )
    again = one.replay()
    assert again.symptom == one.symptom, f"{entry.id}: it does not replay"
    detail = getattr(again.error, "detail", None) or str(again.error)
    return replace(one, digest=again.ndis.digest(), detail=detail)


def main() -> None:
    """Look, and keep what is shorter."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each bug")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--bugs", nargs="*", default=list(ENTRIES), metavar="BUG")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    for name in options.bugs:
        entry, path = ENTRIES[name], options.folder / f"{name}.json"
        old = told(entry, load(path).choices) if path.exists() else None
        known = [] if old is None else [old]
        story = shortest(entry, options.seconds, options.seeds, known)
        if story is None:
            print(f"  {name:<40} not found")
            continue
        if old is None or story < old:
            failure(entry, story).save(path)
        print(
            f"  {name:<40}{story.events:>6} events, {story.switches} switches;"
            f" the entry says {entry.events}",
            flush=True,
        )


if __name__ == "__main__":
    main()
