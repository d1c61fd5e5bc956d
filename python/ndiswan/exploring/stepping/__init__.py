"""Choosing by hand: an execution that somebody goes through, question by question."""

from ndiswan.exploring.stepping.moment import Cpu, Happened, Moment, Owned
from ndiswan.exploring.stepping.naming import StepError
from ndiswan.exploring.stepping.stepper import Stepper
from ndiswan.exploring.stepping.walk import Question

__all__ = ["Cpu", "Happened", "Moment", "Owned", "Question", "StepError", "Stepper"]
