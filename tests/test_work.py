"""Tasks that workers do again if one dies: none is lost, and the last try is alone."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass

import pytest

from ndiswan.campaign.executors import WorkerDiedError
from ndiswan.campaign.work import TRIES, Work


@dataclass(frozen=True)
class Task:
    """A task by its number; the last time it knows that."""

    number: int
    last: bool = False


class Mortal(Executor):
    """Ends its only worker, and with it itself, in the middle of some tasks, or just before it is given another."""

    def __init__(self, ends_in=(), *, takes: int = 1000) -> None:
        self.ends_in, self.takes, self.broken = set(ends_in), takes, False
        self.given: list[Task] = []

    def submit(self, fn, /, *args, **kwargs):
        """Call it at once, as long as there is a worker."""
        if self.takes == len(self.given):
            self.broken = True
        if self.broken:
            raise BrokenExecutor("a worker is gone")
        (task,) = args
        self.given.append(task)
        future = Future()
        if task.number in self.ends_in:
            future.set_exception(BrokenExecutor("a worker died"))
        else:
            future.set_result(fn(task, **kwargs))
        return future


def through(work: Work, executors) -> list[int]:
    """What is done by one executor after the other, as each is broken by a worker."""
    done = []
    for executor in executors:
        try:
            for found in work.done(executor, 1):
                done += [result for _, result in found]
        except BrokenExecutor as error:
            work.put_back(list(work.running), error)
        else:
            return done
    raise AssertionError("there is work left")


def number(task: Task) -> int:
    """What a worker does."""
    return task.number


def test_a_task_that_the_executor_does_not_take_is_not_lost():
    """A worker that died between two tasks is noticed when the next one is given away, which then is nobody's."""
    for takes in range(4):
        work = Work(number, map(Task, range(6)), str)
        assert sorted(through(work, [Mortal(takes=takes), Mortal()])) == list(range(6)), takes


def test_a_task_that_is_not_taken_has_its_tries_left():
    """Nobody began it, so that it is no sign of what it does to a worker."""
    work = Work(number, map(Task, range(1)), str)
    assert through(work, [*(Mortal(takes=0) for _ in range(TRIES + 1)), Mortal()]) == [0]


def test_a_task_whose_worker_dies_each_time_is_an_error():
    """After so many tries, and with its name."""
    work = Work(number, map(Task, range(3)), lambda task: f"task {task.number}")
    executors = [Mortal({1}) for _ in range(TRIES + 1)]
    with pytest.raises(WorkerDiedError, match=f"{TRIES} processes ended in the middle of task 1"):
        through(work, executors)


def test_the_last_try_is_alone_and_knows_that_it_is_the_last():
    """And what is lost is told, and the others are done."""
    lost: list[Task] = []
    work = Work(
        number,
        map(Task, range(6)),
        str,
        last=lambda task: Task(task.number, True),
        lost=lost.append,
    )
    executors = [Mortal({2}) for _ in range(TRIES + 1)]
    assert sorted(through(work, executors)) == [0, 1, 3, 4, 5]
    assert lost == [Task(2, True)]
    assert [task for executor in executors for task in executor.given if task.last] == lost
