"""Exceptions of a driver's own class: they are failures like any other, whatever the class makes of its text."""

import pytest

import ndiswan as nw
from commands import VIOLATIONS, driver, ndiswan
from ndiswan.exploring import load
from ndiswan.viewer import view

CLASSES = """
class Detail(Exception):
    detail = {"code": 404}
class Notes(Exception):
    __notes__ = [404, None]
class NoText(Exception):
    def __str__(self):
        raise RuntimeError("there is none")
class Name(Exception):
    def __str__(self):
        return "caf" + chr(0xDCE9) + chr(0xD800)
"""
WORDS = {
    "Detail": "boo",
    "Notes": "boo",
    "NoText": "<exception str() failed>",
    "Name": "caf\\udce9\\ud800",
}
ALL = {}
exec(CLASSES, ALL)


@pytest.mark.parametrize(("kind", "words"), WORDS.items())
def test_it_is_found_kept_and_told(kind, words, tmp_path):
    """A replay file holds its words, and every way to tell of it has some."""

    class Raises(nw.Miniport):
        def wan_send(self, link, packet):
            raise ALL[kind]("boo")

    def scenario(ndis):
        ndis.bind(nw.Protocol(), Raises()).send(b"frame")

    (failure,) = nw.explore(scenario, executions=10).failures
    place = "" if kind == "Notes" else "; in MiniportWanSend of"  # it has notes from the beginning
    assert failure.detail.startswith(words + place)
    file = failure.save(tmp_path)
    again = load(file, scenario=scenario).replay()
    assert again.symptom == failure.symptom
    for form in ("story", "mermaid", "svg", "report"):
        assert failure.told(again, form)
    assert view(failure).html


def test_the_commands_know_them(tmp_path):
    """A byte of a name goes out as it came in, half of a character as a question mark."""
    raised = "error = Name(1); error.__notes__ = [404, None]; raise error"
    file = driver(tmp_path, raised, CLASSES)
    outputs = ("--sarif", "s", "--junit", "j", "--code-quality", "c", "--annotations")
    few = ("--executions", 20, "--folder", "f", "--jobs", 1)
    for line in (
        ("fuzz", f"{file}:Driver", *few, *outputs),
        ("replay", "kept.json", *outputs),
        ("check", file, "--mode", "send/inline", *outputs),
    ):
        for kept in tmp_path.glob("f/failures/*.json"):
            kept.rename(tmp_path / "kept.json")
        done = ndiswan(*line, cwd=tmp_path)
        assert (done.returncode, "Traceback" in done.stderr) == (VIOLATIONS, False), done.stderr
    assert "Name: caf?" in done.stdout
