"""What a check found: findings of modes, folded into the state of every rule.

A finding is a broken rule, or what made a mode end before its time; several of one kind in one mode are one finding
with a count, of which the first is told in full. All of it goes through JSON: child to parent, and out by `--json`.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ndiswan._native import rule_info, rule_table
from ndiswan.shown import Shown

FORMAT, VERSION = "ndiswan-check", 1
CANNOT_BIND = "it cannot be bound"
BROKE_BEFORE = "\n  it had broken "

_Kind = Literal["violation", "warning", "exception", "hang", "crash", "internal"]
_State = Literal["broken", "warned", "kept", "not reached"]

FINE, VIOLATIONS, INTERRUPTED, INTERNAL, USAGE, NOTHING_RAN = range(6)


@dataclass(slots=True)
class Finding:
    """One thing that is wrong in one mode: what, how often, and the first of it in full.

    `rule` is the id of the broken rule; None for an exception or a crash, which break no rule by themselves.

    >>> from ndiswan.checking import Finding
    >>> Finding("violation", "LOST", "packet 0.0 was owed", "").title
    'LOST'
    """

    kind: _Kind
    rule: str | None
    detail: str
    report: str
    count: int = 1
    adapter: str | None = None
    packet: str | None = None
    time_ns: int | None = None
    history: list[str] = field(default_factory=list)
    site: str | None = None
    """The driver's call that breaks the rule, ``file:line in function``, if it is one call."""
    inside: list[str] = field(default_factory=list)
    """The entry points on the stack, the newest last."""
    steps: list[dict[str, Any]] = field(default_factory=list)
    """The steps of its story, as :meth:`Story.to_json` has them."""
    diagram: str = ""
    """Its story as a Mermaid sequence diagram; not in the document of ``--json``."""

    @property
    def title(self) -> str:
        """The rule's id, or the kind in capitals."""
        return self.rule or self.kind.upper()

    @property
    def leads(self) -> bool:
        """Whether broken rules may have come of it: an exception in a callback, unless it tells of some before."""
        comes_first = not self.detail.startswith(CANNOT_BIND) and BROKE_BEFORE not in self.report
        return self.kind == "exception" and comes_first


@dataclass(slots=True)
class ModeResult:
    """One mode's run. `note` says why it did not run, or what stood in its way.

    >>> from ndiswan.checking import Finding, ModeResult
    >>> mode = ModeResult("send/inline")
    >>> mode.add(Finding("violation", "LOST", "packet 0.0 was owed", ""))
    True
    >>> len(mode.errors)
    1
    """

    name: str
    findings: list[Finding] = field(default_factory=list)
    reached: list[str] = field(default_factory=list)
    sends: int = 0
    worlds: int = 0
    seconds: float = 0.0
    note: str = ""
    output: str = ""
    ran: bool = True
    resets: int = 0
    """Those for which the driver's MiniportCheckForHang asked."""
    too_long: int = 0
    """The frames that are longer than the driver's MaxFrameSize; those are not sent."""

    @property
    def errors(self) -> list[Finding]:
        """The findings that are no warnings."""
        return [finding for finding in self.findings if finding.kind != "warning"]

    def add(self, finding: Finding) -> bool:
        """Another finding, which may be one more of a kind that is known; whether it is a new one."""
        for known in self.findings:
            if (known.kind, known.rule, known.site) == (
                finding.kind,
                finding.rule,
                finding.site,
            ) and (finding.rule or known.detail == finding.detail):
                known.count += 1
                return False
        self.findings.append(finding)
        return True

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> ModeResult:
        """The result that a child wrote."""
        findings = [Finding(**finding) for finding in document.pop("findings", [])]
        return cls(findings=findings, **document)


@dataclass(slots=True)
class RuleState:
    """One rule after all modes; `modes` are those in which it was broken (or warned of).

    >>> from ndiswan.checking import DriverResult
    >>> state = DriverResult("Modem").rules[0]
    >>> state.rule, state.state
    ('DOUBLE', 'not reached')
    """

    rule: str
    family: str
    state: _State
    modes: list[str]


@dataclass(slots=True)
class DriverResult:
    """One driver in all of its modes.

    >>> from ndiswan.checking import DriverResult, ModeResult
    >>> DriverResult("Modem", [ModeResult("send/inline")]).clean
    True
    """

    name: str
    modes: list[ModeResult] = field(default_factory=list)
    contracts: list[str] = field(default_factory=lambda: ["wan"])
    """Which it keeps to: ``wan``, ``lan``, ``condis``, ``ndis6``; of a recording with several drivers all of theirs."""
    defined: dict[str, str] = field(default_factory=dict)
    """Where its entry points are, by NDIS's names: ``file:line in function``."""

    @property
    def rules(self) -> list[RuleState]:
        """The state of every rule of its contract, by family."""
        known = {rule for contract in self.contracts for rule in rule_table(contract)}
        found = {finding.rule for mode in self.modes for finding in mode.findings}
        states = [self._state(rule) for rule in rule_table() if rule in known | found]
        families = list(dict.fromkeys(state.family for state in states))
        return sorted(states, key=lambda state: families.index(state.family))

    def _state(self, rule: str) -> RuleState:
        def modes(*kinds: str) -> list[str]:
            return [
                mode.name
                for mode in self.modes
                if any(found.rule == rule and found.kind in kinds for found in mode.findings)
            ]

        family = str(rule_info(rule)["family"])
        if broken := modes("violation", "hang"):
            return RuleState(rule, family, "broken", broken)
        if warned := modes("warning"):
            return RuleState(rule, family, "warned", warned)
        reached = any(rule in mode.reached for mode in self.modes)
        return RuleState(rule, family, "kept" if reached else "not reached", [])

    @property
    def first(self) -> tuple[ModeResult, Finding] | None:
        """The first thing that is wrong, and its mode; what may follow from another comes after it, a warning last.

        An exception of the driver's comes before the rules that are broken in its mode: its packet went back at once,
        and what the driver does with it later is no mistake of its own. That it cannot be bound comes after them, being
        what they led to.
        """
        found = [(mode, finding) for mode in self.modes for finding in mode.findings]
        order: dict[_Kind, int] = {"hang": 1, "crash": 2, "internal": 3, "warning": 4}

        def key(pair: tuple[ModeResult, Finding]) -> tuple[int, int, bool]:
            mode, finding = pair
            number = next(n for n, one in enumerate(self.modes) if one is mode)
            return order.get(finding.kind, 0), number, not finding.leads

        return min(found, key=key, default=None)

    @property
    def problems(self) -> list[tuple[ModeResult, Finding]]:
        """What is wrong and is no rule: exceptions and crashes."""
        return [(m, f) for m in self.modes for f in m.findings if f.rule is None]

    @property
    def clean(self) -> bool:
        """Whether nothing is wrong, warnings apart."""
        return not any(mode.errors for mode in self.modes)

    @property
    def ran(self) -> bool:
        """Whether anything was sent, or went wrong before it could be."""
        return any(mode.ran for mode in self.modes)


@dataclass(slots=True)
class CheckResult(Shown):
    """The check of one target.

    >>> from ndiswan.checking import CheckResult
    >>> CheckResult("modem.py").exit_code  # nothing ran
    5
    """

    target: str
    drivers: list[DriverResult] = field(default_factory=list)
    frames: str = ""
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 fine, 1 violations found, 3 a mistake of ours in some mode, 5 nothing ran."""
        problems = [finding for driver in self.drivers for _, finding in driver.problems]
        if any(finding.kind == "internal" for finding in problems):
            return INTERNAL
        if any(not driver.clean for driver in self.drivers):
            return VIOLATIONS
        return FINE if any(driver.ran for driver in self.drivers) else NOTHING_RAN

    def frames_of(self, driver: DriverResult) -> str:
        """What was sent to a driver, and how much of it was not."""
        too_long = max((mode.too_long for mode in driver.modes), default=0)
        return f"{self.frames}, {too_long} too long for it" if too_long else self.frames

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "target": self.target,
            "frames": self.frames,
            "seconds": round(self.seconds, 3),
            "exit_code": self.exit_code,
            "drivers": [
                {
                    "name": driver.name,
                    "clean": driver.clean,
                    "contracts": driver.contracts,
                    "rules": [asdict(state) for state in driver.rules],
                    "modes": [_as_document(mode) for mode in driver.modes],
                }
                for driver in self.drivers
            ],
        }


def _as_document(mode: ModeResult) -> dict[str, Any]:
    document = asdict(mode)
    for finding in document["findings"]:
        del finding["diagram"]
    return document
