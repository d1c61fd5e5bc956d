"""The check of a driver as a library: what `ndiswan check` does.

    result = check("modem.py")
    result.exit_code, result.drivers[0].rules, result.drivers[0].first

Each mode runs in a process of its own with a fresh driver, so that a driver that hangs or crashes is a finding.
"""

from ndiswan.checking.results import CheckResult, DriverResult, Finding, ModeResult, RuleState
from ndiswan.checking.runner import Options, check
from ndiswan.checking.target import TargetError

__all__ = [
    "CheckResult",
    "DriverResult",
    "Finding",
    "ModeResult",
    "Options",
    "RuleState",
    "TargetError",
    "check",
]
