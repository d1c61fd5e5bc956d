"""A failure: what went wrong, the answers that lead there, and its file."""

from __future__ import annotations

import hashlib
import json
import platform
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ndiswan._native import RNG, Explorer, Story, Trace, __version__, from_token, to_token
from ndiswan._whole import write_whole
from ndiswan.checking.target import TargetError
from ndiswan.exploring.answers import said, switches_of
from ndiswan.exploring.determinism import watching
from ndiswan.exploring.elsewhere import here
from ndiswan.exploring.execution import GOOD, Execution, Settings, Symptom, execute
from ndiswan.exploring.in_words import in_words
from ndiswan.exploring.target import arguments_of, find, name_of
from ndiswan.exploring.watchdog import watched
from ndiswan.policy import Policy
from ndiswan.shown import Shown
from ndiswan.status import Status

if TYPE_CHECKING:
    from ndiswan.exploring.execution import Scenario
    from ndiswan.viewer import Page

FORMAT = 1
UNFIT = "its choices are of another scenario, or of a driver that was another then"
_CALLED = {str: "a text", int: "a whole number", dict: "an object", list: "a list of texts"}
#: What each part of a replay file is.
_KINDS = {
    **dict.fromkeys(("scenario", "explorer", "choices", "detail", "digest"), str),
    **dict.fromkeys(("seed", "events"), int),
    **dict.fromkeys(("settings", "expect"), dict),
}


class ReplayError(ValueError):
    """A replay file that is none, or whose scenario is not to be found.

    >>> from pathlib import Path
    >>> written = Path("other.json").write_text("{}")
    >>> from ndiswan.exploring import ReplayError
    >>> try:
    ...     nw.replay("other.json")
    ... except ReplayError as error:
    ...     print(error)
    other.json: expected a replay file, as `ndiswan fuzz` writes it; got other JSON
    """


@dataclass(frozen=True)
class Failure(Shown):
    """An execution in which something went wrong, small enough to be read.

    ``choices`` are the answers, (of how many, which), that lead there: the replay token.

    >>> from ndiswan.zoo import ENTRIES
    >>> failure = nw.explore(ENTRIES["double-shared-list"].scenario, executions=500).failures[0]
    >>> failure.rule, failure.deterministic
    ('DOUBLE', True)
    >>> failure.replay().symptom == failure.symptom
    True
    """

    symptom: Symptom
    detail: str
    choices: list[tuple[int, int]]
    scenario: Scenario
    settings: Settings
    explorer: str
    seed: int
    execution: int
    """In which execution it was found, from 1."""
    seconds: float
    """After how many seconds."""
    digest: str
    """Of the events."""
    events: int
    """How many events there are."""
    deterministic: bool
    """Whether the same choices gave the same events."""
    needs: list[str] = field(default_factory=list)
    """The values that it needs, in words, if it was made small and its place is no line."""

    @property
    def rule(self) -> str:
        """The id of the broken rule; EXCEPTION or ENDLESS for what is none, NONE for a good execution."""
        return self.symptom.rule

    @property
    def place(self) -> str:
        """Whose function, and the line of its call."""
        return self.symptom.place

    @property
    def switches(self) -> int:
        """How far the execution is from the plain one: how many answers are another, sizes and faults among them."""
        return sum(chosen != 0 for _, chosen in self.choices)

    @property
    def name(self) -> str:
        """``RULE-HASH``, for its file: the same failure has the same name."""
        text = json.dumps([name_of(self.scenario), *self.symptom, *self.needs])
        return f"{self.rule}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def replay(self, *, record: bool = True, patience: float | None = None) -> Execution:
        """Run it again.

        After ``patience`` seconds it is cut off. Without it only what never came to an end before is cut
        off, after as long as then: a debugger in a driver takes its time.
        """
        if patience is None and self.rule == "ENDLESS":
            patience = self.settings.patience
        answers = Explorer.replay(self.choices)
        with watched(patience):
            return execute(self.scenario, answers, self.settings, record=record)

    def misfit(self, again: Execution) -> str | None:
        """Where its choices are not those that ``again`` was asked for: of another scenario, or of an older driver.

        A run that ends earlier fits: a mended driver asks for less.
        """
        return misfit(self.choices, again)

    def undetermined(self) -> list[str]:
        """Who makes the same choices give other events, by a real clock or a global generator: a line for each call."""
        seen: dict[str, None] = {}
        with watching(seen):
            self.replay(record=False, patience=self.settings.patience)
        return list(seen)

    def decisive(self) -> int | None:
        """The last answer, as an index of ``choices``, without which the run is good; None if there is none.

        Of what goes on for ever it is not looked for: each look would take as long.
        """
        if self.rule == "ENDLESS" or self.symptom == GOOD:
            return None
        for index in reversed(range(len(self.choices))):
            of, chosen = self.choices[index]
            if chosen == 0:
                continue
            plain = [*self.choices[:index], (of, 0), *self.choices[index + 1 :]]
            explorer = Explorer.replay(plain, lenient=True)
            with watched(self.settings.patience):
                run = execute(self.scenario, explorer, self.settings)
            if run.symptom is None:
                return index
        return None

    def trace(self, again: Execution | None = None) -> Trace:
        """What happened, as a trace; of ``again`` if it was replayed already."""
        ndis = (again or self.replay()).ndis
        with TemporaryDirectory() as folder:
            path = Path(folder) / "failure.jsonl"
            ndis.save(path)
            return Trace(path)

    def story(self, again: Execution | None = None, *, full: bool = False) -> Story:
        """What happened to whom, step by step, and which answer it hangs on.

        ``str()`` of it is a sequence diagram; see ``to_text``, ``to_mermaid``, ``to_svg``.
        """
        again = again or self.replay()
        facts = [self.place] if self.place else []
        decisive, words = self.decisive(), said(again)
        if decisive is not None and decisive < len(words):
            facts.append(
                f"answer {decisive + 1} of {len(self.choices)} decides: {words[decisive]};"
                " with the plain answer there the run is good"
            )
        told = self.trace(again).story
        return told(full=full, switches=switches_of(again), facts=facts, raised=again.untold)

    def mermaid(self) -> str:
        """The story as a Mermaid sequence diagram."""
        return self.story().to_mermaid()

    def svg(self) -> str:
        """The story as a self-contained SVG picture."""
        return self.story().to_svg()

    def view(self, *, beside: bool = True) -> Page:
        """The page of ``ndiswan view``, which a notebook shows; with the good run beside it, if there is one."""
        from ndiswan.viewer import view

        return view(self, beside=beside)

    def told(self, again: Execution, form: str, *, full: bool = False) -> str:
        """An execution of it as ``story``, ``mermaid``, ``svg`` (``full``: of every event), ``report`` or ``trace``."""
        if form == "report":
            return in_words(again.error) if again.error else "nothing goes wrong"
        if form == "trace":
            return self.trace(again).to_jsonl()
        story = self.story(again, full=full)
        forms = {"story": story.to_text, "mermaid": story.to_mermaid, "svg": story.to_svg}
        return forms[form]()

    def to_json(self) -> dict[str, Any]:
        """The replay file's content."""
        arguments = arguments_of(self.scenario)
        settings = dict(vars(self.settings))
        settings["policy"] = {
            name: _plain(getattr(self.settings.policy, name)) for name in Policy.__slots__
        }
        return {
            "ndiswan-replay": FORMAT,
            "scenario": name_of(self.scenario),
            **({"arguments": arguments} if arguments else {}),
            "settings": settings,
            "explorer": self.explorer,
            "seed": self.seed,
            "rng": RNG,
            "choices": to_token(self.choices),
            "expect": {"rule": self.rule, "place": self.place},
            **({"needs": self.needs} if self.needs else {}),
            "detail": self.detail,
            "events": self.events,
            "digest": self.digest,
            "made-by": {"ndiswan": __version__, "python": platform.python_version()},
        }

    def save(self, path: str | Path) -> Path:
        """Write the replay file; into a folder, as ``RULE-HASH.json``. Gives its path.

        A name without a suffix is a folder's, which is made if it is not there.
        """
        path = Path(path)
        if path.is_dir() or not (path.suffix or path.exists()):
            path.mkdir(parents=True, exist_ok=True)
            path = path / f"{self.name}.json"
        write_whole(path, f"{json.dumps(self.to_json(), indent=1)}\n".encode())
        return path

    def __str__(self) -> str:
        return f"{self.symptom}: {self.detail}"


def misfit(choices: list[tuple[int, int]], again: Execution) -> str | None:
    """Where choices are not those that an execution with them was asked for; None if they fit."""
    both = zip(choices, again.ndis.choices(), strict=False)
    for number, ((kept, _), (asked, _)) in enumerate(both, 1):
        if kept != asked:
            return f"choice {number} is one of {asked} here, and one of {kept} there"
    return None


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Status) else value


def load(
    path: str | Path, *, scenario: Scenario | None = None, target: str | None = None
) -> Failure:
    """The failure in a replay file; with ``scenario`` that one is run instead of the one it names.

    ``target``, as of ``ndiswan fuzz``, says where the scenario is on this machine, if it is neither where the file
    says nor below this folder.

    Raises
    ------
    OSError
        The file cannot be read.
    ReplayError
        It is no replay file, or of a later version, or its scenario is not to be found.

    Examples
    --------
    >>> from ndiswan.exploring import load
    >>> from ndiswan.zoo import ENTRIES
    >>> failure = nw.explore(ENTRIES["double-shared-list"].scenario, executions=500).failures[0]
    >>> load(failure.save("found")).rule
    'DOUBLE'
    """
    try:
        content = json.loads(Path(path).read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ReplayError(f"{path}: expected a replay file, which is JSON: {error}") from error
    return from_json(content, path, scenario, target)


def from_json(
    content: Any,
    path: str | Path,
    scenario: Scenario | None = None,
    target: str | None = None,
) -> Failure:
    """The failure in what a replay file holds; errors call it ``path``. Else as :func:`load`."""
    try:
        parts = parts_of(content)
    except ReplayError as error:
        raise ReplayError(f"{path}: {error}") from error
    found = scenario or _find(target or here(content["scenario"]), content.get("arguments", []))
    return Failure(scenario=found, execution=0, seconds=0.0, deterministic=True, **parts)


def parts_of(content: Any) -> dict[str, Any]:
    """What a replay file says of a failure, all but its scenario; ReplayError if it is none that was written here."""
    if not isinstance(content, dict) or "ndiswan-replay" not in content:
        raise ReplayError("expected a replay file, as `ndiswan fuzz` writes it; got other JSON")
    if content["ndiswan-replay"] != FORMAT:
        got = content["ndiswan-replay"]
        raise ReplayError(
            f"expected version {FORMAT} of the format, got {got!r}; install the ndiswan that wrote it"
        )
    try:
        for name, kind in _KINDS.items():
            _expect(name, content[name], kind)
        for name in ("rule", "place"):
            _expect(name, content["expect"][name], str)
        for name in ("arguments", "needs"):
            for argument in _expect(name, content.get(name, []), list):
                _expect(name, argument, str)
        settings = dict(content["settings"])
        policy = dict(_expect("policy", settings.pop("policy"), dict))
        policy["reset_leftovers"] = Status(policy["reset_leftovers"])
        return {
            "symptom": Symptom(content["expect"]["rule"], content["expect"]["place"]),
            "choices": from_token(content["choices"]),
            "settings": _settings(policy, settings),
            "needs": content.get("needs", []),
            **{name: content[name] for name in ("detail", "explorer", "seed", "digest", "events")},
        }
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else error
        raise ReplayError(
            f"this replay file is damaged: {what}; expected it as it was written: copy it whole"
        ) from error


def _expect(name: str, value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {_CALLED[kind]}, got {value!r:.60}")
    if isinstance(value, str) and value.encode("utf-8", "replace").decode() != value:
        raise ValueError(f"{name}: expected text that can be printed, got {value!r:.60}")
    return value


def _settings(policy: dict[str, Any], others: dict[str, Any]) -> Settings:
    """Settings with which a world can be made; what that raises, this raises."""
    settings = Settings(policy=Policy(**policy), **others)
    execute(lambda _: None, Explorer.replay([]), settings)
    return settings


def _find(name: str, arguments: list[str]) -> Scenario:
    try:
        return find(name, arguments)
    except TargetError as error:
        raise ReplayError(
            f"expected its scenario where it was, but {error}; run this in the folder that has it, or say where it is:"
            " by --target FILE.py:NAME, in Python by load(path, target=...)"
        ) from error


def replay(failure: Failure | str | Path) -> Execution:
    """Run a failure, or the one in a replay file, once more.

    Raises
    ------
    ReplayError
        As :func:`load`.

    Examples
    --------
    >>> from ndiswan.zoo import ENTRIES
    >>> failure = nw.explore(ENTRIES["double-shared-list"].scenario, executions=500).failures[0]
    >>> path = failure.save("found")
    >>> nw.replay(path).symptom.rule
    'DOUBLE'
    """
    return (failure if isinstance(failure, Failure) else load(failure)).replay()
