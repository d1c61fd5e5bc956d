"""What a campaign keeps in its folder: failures, a corpus of choices, what was reached."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ndiswan._native import Explorer, from_token
from ndiswan.exploring.failure import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator

    from hypothesis.database import ExampleDatabase

Kept = TypeVar("Kept")

CORPUS_MOST = 2000
"""As many examples are given to a task at most: the newest."""


class Store:
    """A campaign's folder.

    ``failures/RULE-HASH.json`` are replay files, ``corpus/`` has a file for each interesting choice
    sequence, ``coverage.json`` the ownership edges that were reached, ``campaign.json`` the counts.
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
                _write(path, json.dumps(content, indent=1) + "\n")
        return path, new

    def key(self, target: str) -> bytes:
        """The corpus of a scenario in a database."""
        return b"ndiswan." + hashlib.sha256(target.encode()).digest()[:16]

    def corpus(self, target: str) -> list[str]:
        """Interesting choices, as tokens."""
        if self.database is not None:
            tokens = [example.decode() for example in self.database.fetch(self.key(target))]
            return sorted(tokens)[-CORPUS_MOST:]
        files = sorted(file for file in (self.folder / "corpus").iterdir() if not file.suffix)
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
                _write(path, token + "\n")
                new += 1
        return new

    def keep_words(self, text: str) -> Path:
        """Keep the last words of a process; their file."""
        path = self.folder / "last-words.txt"
        _write(path, text + "\n")
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
            _write(self.folder / "coverage.json", total.edges())
        return total.reached

    def counts(self) -> dict[str, Any]:
        """What was counted over all runs of the campaign."""
        return _read(self.folder / "campaign.json", _counts) or {}

    def add_counts(self, **more: float) -> None:
        """Add to the counts."""
        with self._alone():
            counts = self.counts()
            for name, value in more.items():
                counts[name] = counts.get(name, 0) + value
            _write(self.folder / "campaign.json", json.dumps(counts, indent=1) + "\n")

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


def _counts(text: str) -> dict[str, Any]:
    counts = json.loads(text)
    if not isinstance(counts, dict):
        raise TypeError(f"expected counts by name, got {text:.40}")
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
    """Write a file whole or not at all: a campaign may be killed, and another have the same folder."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def merge(target: str | Path, sources: Iterable[str | Path]) -> dict[str, int]:
    """Merge the folders of other campaigns, shards for example, into one; what it has then.

    Raises FileNotFoundError if one of them is no campaign's folder, NotADirectoryError if ``target`` is a file.

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
    into = Store(target)
    for folder in folders:
        source = Store(folder)
        for file in source.failures():
            content = source.failure(file)
            if content is not None:
                into.keep_failure(content)
        into.keep_corpus("", source.corpus(""))
        into.keep_edges([source.edges() or ""])
        into.add_counts(**source.counts())
    edges, pairs = into.keep_edges(())
    found = len(into.failures())
    return {"failures": found, "corpus": len(into.corpus("")), "edges": edges, "pairs": pairs}
