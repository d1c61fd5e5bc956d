"""The files that ndiswan writes are what the reference says of them: replay files and traces beside their schemas."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

import ndiswan as nw
from ndiswan.zoo import ENTRIES
from repository import ROOT
from runs import Twice, record

sys.path.insert(0, str(ROOT / "docs"))
import happenings
import schemas

REPLAYS = sorted((ROOT / "tests" / "replays").rglob("*.json"))
HEAD = Draft202012Validator(schemas.trace_head())
EVENT = Draft202012Validator(schemas.trace_event())
REPLAY = Draft202012Validator(schemas.replay())


def check_trace(path: Path) -> list[dict[str, Any]]:
    """Holds each line of a trace against its schema; the events."""
    head, *events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    HEAD.validate(head)
    kinds = {
        s["properties"]["what"]["const"]: Draft202012Validator(s) for s in EVENT.schema["oneOf"]
    }
    for event in events:
        kinds[event["what"]].validate(event)
    return events


def test_a_schema_is_one() -> None:
    """The schemas are JSON schemas of the dialect that they name."""
    for validator in HEAD, EVENT, REPLAY:
        Draft202012Validator.check_schema(validator.schema)


def test_the_corpus_of_replay_files_is_what_the_schema_says() -> None:
    """Each replay file of the corpus, whoever wrote it when, is one by the schema."""
    assert REPLAYS
    for path in REPLAYS:
        REPLAY.validate(json.loads(path.read_text("utf-8")))


def test_a_failure_that_is_saved_is_what_the_schema_says(tmp_path: Path) -> None:
    """What `Failure.save` writes today is a replay file by the schema, and its trace is a trace."""
    scenario = ENTRIES["double-shared-list"].scenario
    failure = nw.explore(scenario, executions=500).failures[0]
    REPLAY.validate(json.loads(failure.save(tmp_path).read_text("utf-8")))
    trace = tmp_path / "failure.trace"
    trace.write_text(failure.trace(failure.replay()).to_jsonl(), "utf-8")
    assert any(event["what"] == "violation" for event in check_trace(trace))


def test_a_trace_is_what_its_schema_says(tmp_path: Path) -> None:
    """Traces of a good driver and of a bad one are traces by the schema, line by line."""
    events = check_trace(record(tmp_path / "good.trace", events=600))
    events += check_trace(record(tmp_path / "twice.trace", Twice, events=600, verify=4))
    assert any("data" in event for event in events)
    assert any("site" in event for event in events)
    assert any("about" in event for event in events)


def test_what_nobody_described_is_seen(tmp_path: Path) -> None:
    """A key that is not in the schema, a missing one, and a number that is none are errors."""
    good = json.loads(REPLAYS[0].read_text("utf-8"))
    without_seed = {key: value for key, value in good.items() if key != "seed"}
    for bad in {**good, "speed": 1}, without_seed, {**good, "seed": "1"}:
        with pytest.raises(ValidationError):
            REPLAY.validate(bad)
    event = check_trace(record(tmp_path / "good.trace", events=50))[0]
    with pytest.raises(ValidationError):
        EVENT.validate({**event, "colour": "red"})


def test_each_kind_of_event_and_each_field_is_described() -> None:
    """The table of events has every kind that the engine has, and says of each field what it is."""
    page = happenings.events()
    for kind, said, _ in happenings.variants("What"):
        assert f"| `{kind}` | {said} |" in page
        assert said
