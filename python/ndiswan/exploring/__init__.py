"""Exploring: a scenario is run again and again under an adversary, until it breaks or the time is over."""

from ndiswan.exploring.execution import Execution, Settings, Symptom, execute
from ndiswan.exploring.exploration import Exploration
from ndiswan.exploring.explore import Search, explore
from ndiswan.exploring.failure import Failure, ReplayError, load, replay
from ndiswan.exploring.stepping import StepError, Stepper
from ndiswan.exploring.watchdog import EndlessError

__all__ = [
    "EndlessError",
    "Execution",
    "Exploration",
    "Failure",
    "ReplayError",
    "Search",
    "Settings",
    "StepError",
    "Stepper",
    "Symptom",
    "execute",
    "explore",
    "load",
    "replay",
]
