"""Replay files: a failure of each is in the repository and fails for ever as it did when it was found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ndiswan as nw
from ndiswan.exploring import ReplayError, load

FILES = sorted((Path(__file__).parent / "replays").glob("*.json"))


def test_there_are_files_of_many_rules():
    """The corpus is not empty, and not of one rule."""
    assert len(FILES) >= 30
    assert len({json.loads(file.read_text())["expect"]["rule"] for file in FILES}) >= 8


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_failure_of_earlier_fails_as_it_did(file):
    """The same rule at the same place, and the same events, on every machine and Python version."""
    failure = load(file)
    again = failure.replay()
    assert again.symptom == failure.symptom
    assert again.ndis.digest() == failure.digest


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "which is JSON"),
        ("[]", "expected a replay file"),
        ('{"ndiswan-replay": 99}', "version"),
        ('{"ndiswan-replay": 1}', "damaged"),
    ],
)
def test_a_file_that_is_no_replay_file_is_refused(tmp_path, content, words):
    """Each says what is wrong with it, and its name."""
    path = tmp_path / "x.json"
    path.write_text(content)
    with pytest.raises(ReplayError, match=words):
        nw.replay(path)
