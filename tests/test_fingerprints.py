"""The events of thirty scenarios are those that were pinned, on every machine and any number of cores."""

import dataclasses
import json

import pytest

from ndiswan import models
from scenarios import FILE, SCENARIOS, fingerprint

KEPT = json.loads(FILE.read_text("utf-8"))


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_its_fingerprint(name: str) -> None:
    """Digest and number of packets are the pinned ones, on one core and on up to four."""
    for threads in range(1, 5):
        found = list(fingerprint(SCENARIOS[name], threads))
        assert found == KEPT["pins"][name], f"{threads} cores; tests/scenarios.py says what to do"


def test_scenarios_and_pins_are_the_same_thirty() -> None:
    """No scenario is without a pin, no pin without a scenario, no two fingerprints are equal; each had a reason."""
    assert len(SCENARIOS) == 30
    assert KEPT["pins"].keys() == SCENARIOS.keys()
    assert len({digest for digest, _ in KEPT["pins"].values()}) == 30
    assert min(packets for _, packets in KEPT["pins"].values()) > 200
    assert all(reason["reason"].strip() for reason in KEPT["reasons"])


def test_every_part_of_the_models_is_in_a_scenario() -> None:
    """Each flow, size, duration, discipline, framing, loss and way to complete occurs in one of the thirty."""
    seen: set[object] = set()

    def look(part: object) -> None:
        if dataclasses.is_dataclass(part):
            seen.add(type(part))
            for field in dataclasses.fields(part):
                look(getattr(part, field.name))
        elif isinstance(part, list | tuple):
            for item in part:
                look(item)
        elif isinstance(part, str):
            seen.add(part)

    for scenario in SCENARIOS.values():
        look(scenario()[0])
    parts = (
        models.Flow,
        models.Size,
        models.Duration,
        models.Discipline,
        models.Framing,
        models.Loss,
    )
    wanted = {kind for part in parts for kind in part.__subclasses__()}
    assert len(wanted) > 20
    assert wanted | {models.Moderation, models.Death, models.Multilink} <= seen
    assert {"when_sent", "when_copied", "inline"} <= seen


def test_another_seed_is_another_fingerprint() -> None:
    """The fingerprint is of the events, not of the parameters."""
    links, until = SCENARIOS["poisson"]()
    digests = set()
    for seed in range(3):
        simulation = models.Simulation(links, seed=seed, detail="digest")
        simulation.run(until)
        digests.add(simulation.digest)
    assert len(digests) == 3
