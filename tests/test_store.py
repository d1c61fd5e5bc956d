"""A campaign's folder: what is damaged in it is put aside, and the campaign goes on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from hypothesis.database import InMemoryExampleDatabase

from commands import ndiswan
from ndiswan.campaign import Campaign, Store, merge

TOKEN = "c1.2-0x5.1.40-3"


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("corpus/0123456789abcdef0123", "c1.", lambda store: store.corpus("x.py")),
        ("coverage.json", "zz", lambda store: store.edges()),
        ("campaign.json", "[1]", lambda store: store.counts()),
        (
            "merged.json",
            '{"own": "x", "counts": []}',
            lambda store: Store(store.folder / "other").merge_counts(store),
        ),
    ],
    ids=["corpus", "coverage", "counts", "merged"],
)
def test_a_damaged_file_is_put_aside(tmp_path, name, text, read) -> None:
    """With a warning that names it; what there is besides is read, and the next time there is no warning."""
    store = Store(tmp_path / "campaign")
    store.keep_corpus("x.py", [TOKEN])
    whole = store.corpus("x.py")
    assert whole == [TOKEN]
    path = store.folder / name
    path.write_text(text)
    with pytest.warns(UserWarning, match=f"{path.name}: cannot be read .*; put aside as"):
        assert not read(store) or read(store) == whole
    assert path.with_name(f"{path.name}.damaged").read_text() == text
    assert not path.exists()
    assert store.corpus("x.py") == whole
    store.add_counts(executions=2)
    store.keep_edges(())
    assert store.counts() == {"executions": 2}


def test_a_damaged_failure_is_left_out_of_a_merge(tmp_path) -> None:
    """It is named, and the rest is merged."""
    store = Store(tmp_path / "one")
    store.keep_corpus("x.py", [TOKEN])
    (store.folder / "failures" / "LOST-0.json").write_text("{")
    with pytest.warns(UserWarning, match=r"LOST-0\.json: cannot be read"):
        merged = merge(tmp_path / "all", [store.folder])
    assert (merged["failures"], merged["corpus"]) == (0, 1)


UNDETERMINED = """
import random

import ndiswan as nw


class Careless(nw.Miniport):
    serialized = False

    def wan_send(self, link, packet):
        if random.random() < 0.0005:
            self.adapter.wan_send_complete(packet)
        return nw.SUCCESS
"""


def test_what_is_not_deterministic_is_said_and_not_mended(tmp_path) -> None:
    """By `fuzz` and its document, by `replay`, and by the next `fuzz`: none of them ends with 0."""
    source = tmp_path / "careless.py"
    source.write_text(UNDETERMINED)
    words = "careless.py:11 in Careless.wan_send calls random.random()"
    fuzz = (
        "fuzz",
        source,
        "--executions",
        "4000",  # ten of them fail; that one does twice, by chance, is rare
        "--seed",
        "1",
        "--jobs",
        "1",
        "--folder",
        "found",
    )
    done = ndiswan(*fuzz, "--json", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert document["nondeterministic"] == [words]
    (file, *_) = document["failures"]["new"]
    for _ in range(20):  # it comes again now and then
        done = ndiswan("replay", file, cwd=tmp_path)
        assert done.returncode == 1
        if "did not come again" in done.stdout:
            break
    assert f"the driver is not deterministic: {words}" in done.stdout
    done = ndiswan(*fuzz[:2], "--executions", "1", *fuzz[4:], cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "fails no more" not in done.stdout


def test_a_campaign_without_a_budget_ran_nothing(tmp_path) -> None:
    """An empty variable of a pipeline is no success."""
    (tmp_path / "careless.py").write_text(UNDETERMINED)
    done = ndiswan("fuzz", "careless.py", "--time", "0", "--folder", "found", cwd=tmp_path)
    assert done.returncode == 5, done.stdout + done.stderr
    assert "nothing ran: expected a budget" in done.stdout


SEVERAL = """import ndiswan as nw


def scenario(ndis):
    raise LookupError if ndis.choose(2, "which") else KeyError
"""


def test_no_more_failures_are_kept_than_were_asked_for(tmp_path) -> None:
    """A task finds several before it ends; the first are told and kept."""
    (tmp_path / "several.py").write_text(SEVERAL)
    for most in 1, 2:
        arguments = (
            "--failures",
            most,
            "--executions",
            "50",
            "--task",
            "50",
            "--seed",
            "1",
            "--jobs",
            "1",
        )
        folder = tmp_path / f"found{most}"
        done = ndiswan("fuzz", "several.py:scenario", *arguments, "--folder", folder, cwd=tmp_path)
        assert done.returncode == 1, done.stderr
        assert len(Store(folder).failures()) == done.stdout.count("found: ") == most


def test_a_file_is_no_folder_to_merge_into(tmp_path) -> None:
    """It is said by the name that was given."""
    Store(tmp_path / "shard")
    (tmp_path / "shard" / "failures").mkdir(parents=True, exist_ok=True)
    (tmp_path / "a.toml").touch()
    done = ndiswan("campaign", "merge", "a.toml", "shard", cwd=tmp_path)
    assert done.returncode == 4
    assert "a.toml: expected a folder to merge into, got a file" in done.stderr


def test_a_failure_whose_choices_do_not_fit_is_not_mended(tmp_path) -> None:
    """The driver asks for something else before it goes wrong: nobody knows whether it still would, as `fuzz` says.

    It ends with 5, as `replay` does, until the file is gone.
    """
    source = tmp_path / "d.py"
    scenario = "def run(ndis):\n    if ndis.choose({n}):\n        {then}\n"
    fuzz = ("fuzz", f"{source}:run", "--executions", "20", "--seed", "1", "--jobs", "1")
    source.write_text(scenario.format(n=3, then="raise ValueError('it')"))
    first = ndiswan(*fuzz, "--json", cwd=tmp_path)
    (file, *_) = json.loads(first.stdout)["failures"]["new"]
    source.write_text(scenario.format(n=4, then="pass"))
    failures = json.loads(ndiswan(*fuzz, "--json", cwd=tmp_path).stdout)["failures"]
    assert (failures["unfit"], failures["mended"], failures["known"]) == ([file], [], [])
    told = ndiswan(*fuzz, cwd=tmp_path)
    assert told.returncode == 5
    assert "its choices do not fit any more, so nothing is known of it: EXCEPTION" in told.stdout


SPEEDY = """
def run(ndis):
    if {before}ndis.choose({n}, "what") == 1 and ndis.choose(2, "then"):
        raise ValueError("it")
"""


def _fuzz(source: Path, *more: str) -> tuple[int, dict[str, list[str]], str]:
    """What `fuzz` of its function `run` ends with, the failures of its document, and its warnings."""
    budget = ("--executions", "60", "--seed", "1", "--executor", "serial", "--explorer", "random")
    folder = ("--folder", str(source.parent / "found"))
    # What was compiled of a file that is as long, and as old to a second, would be taken for its own.
    shutil.rmtree(source.parent / "__pycache__", ignore_errors=True)
    done = ndiswan("fuzz", f"{source}:run", *budget, *folder, "--json", *more)
    return done.returncode, json.loads(done.stdout)["failures"], done.stderr


@pytest.mark.parametrize(
    ("before", "n"),
    [("1 + ndis.choose(2) and ", 2), ("", 3)],
    ids=["fails no more", "does not fit"],
)
def test_a_file_that_fails_no_more_hides_nothing_that_is_found_again(
    tmp_path: Path, before: str, n: int
) -> None:
    """The driver asks for other things now: the old answers are good, the failure is there still, and is kept."""
    source = tmp_path / "d.py"
    source.write_text(SPEEDY.format(before="", n=2))
    code, failures, _ = _fuzz(source)
    (file,) = failures["new"]
    old = Path(file).read_text()
    assert code == 1
    source.write_text(SPEEDY.format(before=before, n=n))
    code, failures, _ = _fuzz(source)
    assert (code, failures["new"], failures["mended"], failures["unfit"]) == (1, [file], [], [])
    assert Path(file).read_text() != old
    code, failures, _ = _fuzz(source)
    assert (code, failures["new"], failures["known"]) == (1, [], [file])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda content: {**content, "ndiswan-replay": 2}, "expected version 1 of the format"),
        (lambda content: {**content, "digest": None}, "digest"),
        (lambda content: {**content, "expect": None}, "expect"),
        (lambda content: {k: v for k, v in content.items() if k != "scenario"}, "no 'scenario'"),
        (lambda content: {k: v for k, v in content.items() if k != "settings"}, "no 'settings'"),
    ],
    ids=["version", "digest", "expect", "no scenario", "no settings"],
)
def test_a_file_that_is_no_replay_file_hides_nothing(tmp_path: Path, change, words: str) -> None:
    """It is put aside with a warning, as what is no JSON is, and the failure is found; a merge leaves it out."""
    source = tmp_path / "d.py"
    source.write_text(SPEEDY.format(before="", n=2))
    (file,) = map(Path, _fuzz(source)[1]["new"])
    file.write_text(json.dumps(change(json.loads(file.read_text()))))
    shutil.copytree(file.parents[1], tmp_path / "shard")
    code, failures, said = _fuzz(source)
    assert (code, failures["new"]) == (1, [str(file)])
    assert f"ndiswan: {file}: cannot be read (" in said
    assert f"{file.name}.damaged\n" in said
    assert "UserWarning" not in said
    assert words in said
    with pytest.warns(UserWarning, match="cannot be read"):
        assert merge(tmp_path / "all", [tmp_path / "shard"])["failures"] == 0


def test_what_another_campaign_saved_meanwhile_counts(tmp_path: Path) -> None:
    """Two have one folder: who comes second with a failure says that it is known, and fails as well."""
    source = tmp_path / "d.py"
    source.write_text(SPEEDY.format(before="", n=2))
    folder, verdicts = tmp_path / "found", []

    def campaign(store: Store) -> Campaign:
        settings = {"executions": 60, "seed": 1, "explorer": "random", "executor": "serial"}
        return Campaign(f"{source}:run", store, **settings)

    class Late(Store):
        def failures(self) -> list[Path]:
            files = super().failures()
            verdicts.append(campaign(Store(folder)).run())  # the other one, all of it
            return files

    verdict = campaign(Late(folder)).run()
    assert verdicts[0].new == verdict.known != []
    assert (verdict.new, verdict.failed) == ([], True)
    assert verdict.progress.rules == {"EXCEPTION": 1}


@pytest.mark.parametrize("command", ["fuzz", "merge"])
def test_a_folder_with_something_else_in_it_is_no_mistake_of_ours(tmp_path, command: str) -> None:
    """A folder where a replay file could be, and counts that are no numbers."""
    (tmp_path / "d.py").write_text(SPEEDY.format(before="", n=2))
    found = tmp_path / "found"
    (found / "failures" / "x.json").mkdir(parents=True)
    (found / "campaign.json").write_text('{"executions": "x"}')
    if command == "fuzz":
        code, failures, said = _fuzz(tmp_path / "d.py")
        assert (code, len(failures["new"])) == (1, 1)
    else:
        done = ndiswan("campaign", "merge", "all", "found", cwd=tmp_path)
        said = done.stderr
        assert done.returncode == 0
    assert "campaign.json.damaged" in said
    assert "executions: expected a number, got 'x'" in said


def test_what_goes_on_for_ever_has_no_place(tmp_path) -> None:
    """It is cut off by chance: the line ends with its name, and the next one says where."""
    (tmp_path / "d.py").write_text("def run(ndis):\n    while True:\n        ndis.point()\n")
    done = ndiswan("fuzz", "d.py:run", "--executions", "1", "--executor", "serial", cwd=tmp_path)
    assert "found: ENDLESS\n" in done.stdout, done.stdout + done.stderr
    (file,) = (tmp_path / ".ndiswan" / "d.py-run" / "failures").iterdir()
    assert " at \n" not in ndiswan("replay", file, cwd=tmp_path).stdout


@pytest.mark.parametrize(
    "command",
    [
        ("fuzz", "d.py:run", "--executions", "1", "--jobs", "9" * 20),
        ("check", "d.py", "--timeout", "1e300"),
    ],
    ids=["jobs", "timeout"],
)
def test_a_number_beyond_what_the_machine_can_is_usage(tmp_path, command) -> None:
    """Not an OverflowError of a library, and no word against the driver."""
    (tmp_path / "d.py").write_text(SPEEDY.format(before="", n=2))
    done = ndiswan(*command, cwd=tmp_path)
    assert done.returncode == 4, done.stderr
    assert command[-2] in done.stderr


def test_what_is_merged_again_is_not_counted_twice(tmp_path: Path) -> None:
    """Not by the same command, nor by way of another folder; what was counted meanwhile is added."""
    one, two = Store(tmp_path / "one"), Store(tmp_path / "two")
    one.add_counts(executions=200, seconds=1.5)
    two.add_counts(executions=100)
    for _ in range(2):
        merge(tmp_path / "all", [one.folder, two.folder, one.folder])
    assert Store(tmp_path / "all").counts() == {"executions": 300, "seconds": 1.5}
    one.add_counts(executions=50)
    merge(tmp_path / "more", [tmp_path / "all", one.folder])
    assert Store(tmp_path / "more").counts()["executions"] == 350
    Store(tmp_path / "more").add_counts(executions=7)
    assert Store(tmp_path / "more").counts()["executions"] == 357


def test_an_older_copy_of_a_folder_takes_nothing_back(tmp_path: Path) -> None:
    """Whichever is merged first, as of machines that send theirs now and then."""
    store = Store(tmp_path / "shard")
    store.add_counts(executions=5)
    shutil.copytree(store.folder, tmp_path / "before")
    store.add_counts(executions=5)
    for source in (store.folder, tmp_path / "before", store.folder):
        merge(tmp_path / "all", [source])
        assert Store(tmp_path / "all").counts() == {"executions": 10}


def test_counts_without_those_of_each_campaign_are_counted_once(tmp_path: Path) -> None:
    """Of a folder that has only the sum, or whose list is damaged."""
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "campaign.json").write_text('{"executions": 20}')
    Store(tmp_path / "old")
    for _ in range(2):
        merge(tmp_path / "all", [tmp_path / "old"])
    Store(tmp_path / "old").add_counts(executions=1)
    merge(tmp_path / "all", [tmp_path / "old"])
    assert Store(tmp_path / "all").counts() == {"executions": 21}
    (tmp_path / "all" / "merged.json").write_text('{"own": 5, "counts": {}}')
    with pytest.warns(UserWarning, match=r"merged\.json: cannot be read \(own: expected a text"):
        Store(tmp_path / "all").add_counts(executions=1)
    assert Store(tmp_path / "all").counts() == {"executions": 22}


def test_a_folder_is_not_merged_into_itself(tmp_path: Path) -> None:
    """Whatever it is called."""
    Store(tmp_path / "all").add_counts(executions=1)
    done = ndiswan("campaign", "merge", "all", "./all", cwd=tmp_path)
    assert done.returncode == 4
    assert "all: expected another folder to merge into than those that are merged" in done.stderr
    assert Store(tmp_path / "all").counts() == {"executions": 1}


def test_what_is_no_token_in_a_database_is_left_alone(tmp_path: Path) -> None:
    """Somebody else may have put it there; the campaign goes on with what it knows."""
    database = InMemoryExampleDatabase()
    store = Store(tmp_path, database)
    for example in (b"\xff\xfe", b"no token", TOKEN.encode()):
        database.save(store.key("x.py"), example)
    with pytest.warns(UserWarning, match=r"the database has 2 example\(s\) for x.py that are no"):
        assert store.corpus("x.py") == [TOKEN]
    assert len(set(database.fetch(store.key("x.py")))) == 3


@pytest.mark.parametrize("url", ["rediss://one/0", "SQLite://x", "d.py"])
def test_a_database_that_there_is_not_is_no_folder(tmp_path: Path, url: str) -> None:
    """Neither is a file."""
    (tmp_path / "d.py").write_text(SPEEDY.format(before="", n=2))
    there = {path.name for path in tmp_path.iterdir()}
    done = ndiswan("fuzz", "d.py:run", "--executions", "1", "--database", url, cwd=tmp_path)
    assert done.returncode == 4
    assert "--database: expected redis://HOST:PORT/DB, or a folder, got" in done.stderr
    left = {path.name for path in tmp_path.iterdir()} - there
    assert left <= {".ndiswan", "__pycache__"}
