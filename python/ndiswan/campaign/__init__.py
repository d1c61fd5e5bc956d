"""Campaigns: a scenario is explored for minutes or days, by many processes or machines, and what is found is kept."""

from ndiswan.campaign.campaign import Campaign, Progress, Verdict
from ndiswan.campaign.died import Died
from ndiswan.campaign.executors import ExecutorError, WorkerDiedError, open_executor
from ndiswan.campaign.store import Store, merge
from ndiswan.campaign.task import Found, Task, run_task

__all__ = [
    "Campaign",
    "Died",
    "ExecutorError",
    "Found",
    "Progress",
    "Store",
    "Task",
    "Verdict",
    "WorkerDiedError",
    "merge",
    "open_executor",
    "run_task",
]
