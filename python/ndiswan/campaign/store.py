"""What a campaign keeps in its folder: failures, a corpus of choices, what was reached."""

from __future__ import annotations

import fcntl
import hashlib
import json
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from ndiswan._native import Explorer, from_token
from ndiswan._whole import write_whole
from ndiswan.exploring.failure import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from hypothesis.database import ExampleDatabase

Kept = TypeVar("Kept")

CORPUS_MOST = 2000
"""As many examples are given to a task at most; which of more, their names say."""


class Store:
    """A campaign's folder.

    ``failures/RULE-HASH.json`` are replay files, ``corpus/`` has a file for each interesting choice
    sequence, ``coverage.json`` the ownership edges that were reached, ``campaign.json`` the counts, and ``merged.json``
    those of each campaign that was merged into it.
    With ``database`` the corpus is kept there instead: any Hypothesis ``ExampleDatabase``, one on
    Redis that several machines share for example.

    >>> from ndiswan.campaign import Store
    >>> store = Store("campaign")
    >>> store.failures(), store.corpus("modem.py")
    ([], [])
    """

    def __init__(self, folder: str | Path, database: ExampleDatabase | None = None) -> None:
        self.folder = Path(folder)
        self.database = database
        for name in ("failures", "corpus"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    def failures(self) -> list[Path]:
        """The replay files, oldest first."""
        found = (self.folder / "failures").glob("*.json")
        files = [file for file in found if file.is_file()]
        return sorted(files, key=lambda file: (file.stat().st_mtime, file.name))

    def failure(self, path: Path) -> dict[str, Any] | None:
        """What a replay file holds; ``None`` if it is damaged, or of another version, and so was put aside."""
        return _read(path, _replay)

    def keep_failure(
        self, content: dict[str, Any], stale: Container[dict[str, Any]] = ()
    ) -> tuple[Path, bool]:
        """Keep a failure, unless one of its rule, place, needs is there that is not larger; (path, whether it is new).

        What ``stale`` holds fails no more, as far as is known: it is replaced, and the failure is new.
        """
        expect = content["expect"]
        needs = content.get("needs", [])
        text = json.dumps([content["scenario"], expect["rule"], expect["place"], *needs])
        name = f"{expect['rule']}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.json"
        path = self.folder / "failures" / name
        with self._alone():
            there = self.failure(path)
            known = None if there is None or there in stale else _size(there)
            new = known is None
            if known is None or _size(content) < known:
                _write(path, json.dumps(content, indent=1))
        return path, new

    def key(self, target: str) -> bytes:
        """The corpus of a scenario in a database."""
        return b"ndiswan." + hashlib.sha256(target.encode()).digest()[:16]

    def corpus(self, target: str) -> list[str]:
        """Interesting choices, as tokens."""
        if self.database is not None:
            examples = list(self.database.fetch(self.key(target)))
            tokens = [token for example in examples if (token := _known(example)) is not None]
            if others := len(examples) - len(tokens):
                text = f"the database has {others} example(s) for {target} that are no tokens; they are left alone"
                warnings.warn(text, stacklevel=2)
            return sorted(tokens)[-CORPUS_MOST:]
        files = sorted(
            file
            for file in (self.folder / "corpus").iterdir()
            if file.is_file() and not file.suffix
        )
        read = (_read(file, _token) for file in files[-CORPUS_MOST:])
        return [token for token in read if token is not None]

    def keep_corpus(self, target: str, tokens: Iterable[str]) -> int:
        """Add to the corpus; how many there were in it before not."""
        new = 0
        for token in tokens:
            if self.database is not None:
                self.database.save(self.key(target), token.encode())
                new += 1
                continue
            path = self.folder / "corpus" / hashlib.sha256(token.encode()).hexdigest()[:20]
            if not path.exists():
                _write(path, token)
                new += 1
        return new

    def keep_words(self, text: str) -> Path:
        """Keep the last words of a process; their file."""
        path = self.folder / "last-words.txt"
        _write(path, text)
        return path

    def edges(self) -> str | None:
        """What was reached, as JSON."""
        return _read(self.folder / "coverage.json", _edges)

    def keep_edges(self, edges: Iterable[str]) -> tuple[int, int]:
        """Add to what was reached; (edges, pairs)."""
        total = Explorer("random", 0)
        with self._alone():
            for text in (self.edges(), *edges):
                if text:
                    total.knows(text)
            write_whole(self.folder / "coverage.json", total.edges().encode())
        return total.reached

    def counts(self) -> dict[str, Any]:
        """What was counted over all runs of the campaign, and of those that were merged into it."""
        return _read(self.folder / "campaign.json", _counts) or {}

    def add_counts(self, **more: float) -> None:
        """Add to the counts."""
        with self._alone():
            own, by = self._by_campaign()
            mine = by.setdefault(own, {})
            for name, value in more.items():
                mine[name] = mine.get(name, 0) + value
            self._write_counts(own, by)

    def merge_counts(self, source: Store) -> None:
        """Add what another campaign counted, and what was merged into that; what was added already is not, again."""
        _, theirs = source._by_campaign()
        with self._alone():
            own, by = self._by_campaign()
            for campaign, counts in theirs.items():
                known = by.setdefault(campaign, {})
                for name, value in counts.items():
                    known[name] = max(value, known.get(name, 0))
            self._write_counts(own, by)

    def _by_campaign(self) -> tuple[str, dict[str, dict[str, float]]]:
        """What this campaign is called, and what each that is in it has counted."""
        kept = _read(self.folder / "merged.json", _merged)
        if kept is not None:
            return kept["own"], kept["counts"]
        counts = self.counts()  # of a folder that has only the sum
        own = str(self.folder.resolve()) if counts else uuid4().hex
        return own, {own: counts} if counts else {}

    def _write_counts(self, own: str, by: dict[str, dict[str, float]]) -> None:
        names = dict.fromkeys(name for counts in by.values() for name in counts)
        total = {name: sum(counts.get(name, 0) for counts in by.values()) for name in names}
        _write(self.folder / "merged.json", json.dumps({"own": own, "counts": by}, indent=1))
        _write(self.folder / "campaign.json", json.dumps(total, indent=1))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Other campaigns with this folder wait: what is read here is added to and written."""
        with (self.folder / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read(path: Path, read: Callable[[str], Kept]) -> Kept | None:
    """What a file has; ``None`` if it is not there. A damaged one is put aside (``.damaged``), with a warning."""
    try:
        return read(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        warnings.warn(f"{path}: cannot be read ({error}); put aside as {aside.name}", stacklevel=3)
        return None


def _token(text: str) -> str:
    from_token(text.strip())
    return text.strip()


def _edges(text: str) -> str:
    Explorer("random", 0).knows(text)
    return text


def _known(example: bytes) -> str | None:
    """The token in a database's entry; None for what is somebody else's."""
    try:
        return _token(example.decode())
    except ValueError:
        return None


def _merged(text: str) -> dict[str, Any]:
    kept = json.loads(text)
    own, by = kept["own"], kept["counts"]
    if not isinstance(own, str):
        raise TypeError(f"own: expected a text, got {own!r:.40}")
    if not isinstance(by, dict):
        raise TypeError(f"counts: expected counts by campaign, got {by!r:.40}")
    for counts in by.values():
        _checked(counts)
    return {"own": own, "counts": by}


def _counts(text: str) -> dict[str, Any]:
    return _checked(json.loads(text))


def _checked(counts: Any) -> dict[str, Any]:
    if not isinstance(counts, dict):
        raise TypeError(f"expected counts by name, got {counts!r:.40}")
    for name, value in counts.items():
        if not isinstance(value, int | float):
            raise TypeError(f"{name}: expected a number, got {value!r:.40}")
    return counts


def _replay(text: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(text)
    parts_of(content)
    return content


def _size(content: dict[str, Any]) -> tuple[int, int]:
    choices = from_token(content["choices"])
    return sum(chosen != 0 for _, chosen in choices), len(choices)


def _write(path: Path, text: str) -> None:
    write_whole(path, f"{text}\n".encode())


def merge(target: str | Path, sources: Iterable[str | Path]) -> dict[str, int]:
    """Merge the folders of other campaigns, shards for example, into one; what it has then.

    What is merged a second time is not counted twice, so that this may be done again while they grow.

    Raises FileNotFoundError if one of them is no campaign's folder, NotADirectoryError if ``target`` is a file, and
    ValueError if it is one of them.

    >>> from ndiswan.campaign import Store, merge
    >>> first, second = Store("first"), Store("second")
    >>> merge("both", ["first", "second"])["failures"]
    0
    """
    folders = [Path(source) for source in sources]
    for folder in folders:
        if not (folder / "failures").is_dir():
            raise FileNotFoundError(
                f"{folder}: expected the folder of a campaign, such as `ndiswan fuzz --folder` leaves one; got none"
            )
    if Path(target).exists() and not Path(target).is_dir():
        raise NotADirectoryError(f"{target}: expected a folder to merge into, got a file")
    if Path(target).resolve() in {folder.resolve() for folder in folders}:
        raise ValueError(
            f"{target}: expected another folder to merge into than those that are merged"
        )
    into = Store(target)
    for folder in folders:
        source = Store(folder)
        for file in source.failures():
            content = source.failure(file)
            if content is not None:
                into.keep_failure(content)
        into.keep_corpus("", source.corpus(""))
        into.keep_edges([source.edges() or ""])
        into.merge_counts(source)
    edges, pairs = into.keep_edges(())
    found = len(into.failures())
    return {"failures": found, "corpus": len(into.corpus("")), "edges": edges, "pairs": pairs}
