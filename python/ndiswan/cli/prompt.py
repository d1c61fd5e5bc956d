"""What can be said at the prompt of `ndiswan step`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._native import explorers
from ndiswan.cli.console import out
from ndiswan.exploring.stepping import StepError
from ndiswan.exploring.stepping.data import document
from ndiswan.exploring.stepping.stepper import PLAIN
from ndiswan.exploring.stepping.told import happened, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.exploring.stepping import Stepper

HELP = """\
NUMBER or WORDS       give that answer; an empty line gives the one marked *
next [N]              N questions on with the answers that the execution has; 1 without N
back [N]              N questions back; 1 without N
undo                  where it stood before, in the execution that it was then
goto N                to question N
run [WHO] [UNTIL]     go on without being asked
      WHO             {who}; without it as the execution is
      UNTIL           until broken | until packet A.S | steps N; without it to the end
      seed N          of an explorer that chooses at random; 0 without it
events [N]            all that happened since the last choice, or the last N of it
path                  what was answered up to here; > is not the plain answer
story                 what led to what goes wrong
save FILE             write a new replay file, for `ndiswan replay` and `ndiswan view`
view FILE             write the page of `ndiswan view`
show                  where it stands, once more
help                  this
quit                  end; so does Ctrl-D

n, b, u, g, r, e, p, h or ?, and q are short for these. Tab completes commands, answers and names of files."""

SHORT = {
    name[0]: name
    for name in ("next", "back", "undo", "goto", "run", "events", "path", "help", "quit")
} | {"?": "help", "exit": "quit"}


class Prompt:
    """Takes commands for a stepper, and shows where it stands."""

    def __init__(self, stepper: Stepper, *, as_json: bool) -> None:
        self._stepper = stepper
        self._as_json = as_json
        self._commands: dict[str, Callable[[list[str]], object]] = {
            "next": lambda words: stepper.forward(_one(words, 1)),
            "back": lambda words: stepper.back(_one(words, 1)),
            "goto": lambda words: stepper.goto(_one(words)),
            "undo": self._undo,
            "run": self._run,
            "events": self._events,
            "path": self._path,
            "story": self._story,
            "save": self._save,
            "view": self._view,
            "show": _none,
            "help": self._help,
        }

    def show(self) -> None:
        """Where it stands."""
        self._print(document(self._stepper) if self._as_json else told(self._stepper))

    def echo(self, line: str) -> None:
        """What was said, as it would stand there if somebody had typed it."""
        out(f"\nstep> {line.strip()}".rstrip())

    def refuse(self, said: str) -> None:
        """Say as JSON that something cannot be done."""
        self._print({"error": said})

    def take(self, line: str) -> str | None:
        """Do what a line says; what is wrong with it, if anything is; None to end."""
        line = line.strip()
        if line.startswith("#"):
            return ""
        word, *words = line.split(maxsplit=1) or [""]
        word = SHORT.get(word, word)
        if word == "quit":
            return None
        try:
            if self._do(word, line, shlex.split("".join(words)) if word in self._commands else []):
                self.show()
        except KeyboardInterrupt:
            return "interrupted: it stands where it stood"
        except (StepError, OSError) as error:
            # What is said of the part that is written first is true of the file.
            why = getattr(error, "strerror", None)
            return f"{line}: {why}" if why else str(error)
        except ValueError as error:  # shlex: a quote that is not closed
            return f"{line}: {error}"
        return ""

    def _do(self, word: str, line: str, words: list[str]) -> bool:
        """Whether it may stand somewhere else after it."""
        command = self._commands.get(word)
        if command is None:
            self._choose(line)
            return True
        command(words)
        return word in ("next", "back", "goto", "undo", "run", "show")

    def completions(self, typed: str) -> list[str]:
        """What a line that begins so may be: a command, an answer, or a command with the name of a file."""
        word, blank, rest = typed.partition(" ")
        if blank and word in ("save", "view"):
            folder, _, begin = rest.rpartition("/")
            place = Path(folder or ("/" if rest.startswith("/") else "."))
            files = sorted(path.name for path in place.glob("*") if path.name.startswith(begin))
            return [f"{typed.removesuffix(begin)}{name}" for name in files]
        known = [*self._commands, "quit", *self._stepper.choices]
        return [one for one in known if one.startswith(typed)]

    def _undo(self, words: list[str]) -> None:
        _none(words)
        self._stepper.undo()

    def _choose(self, line: str) -> None:
        stepper = self._stepper
        question = stepper.question
        if not line and question is not None:
            stepper.choose(question.chosen)
        elif line or question is None:
            try:
                stepper.choose(line)
            except StepError as error:
                raise StepError(f"{error}; `help` lists the commands") from error

    def _run(self, words: list[str]) -> None:
        stepper, left = self._stepper, list(words)
        given: dict[str, Any] = {}
        while left:
            word = left.pop(0)
            if word == "until":
                given["until"] = _until(left)
            elif word in ("steps", "seed"):
                given[word] = _number(left.pop(0) if left else "")
            elif "strategy" not in given:
                given["strategy"] = word
            else:
                raise StepError(f"expected until, steps or seed, got {word!r}; see `help`")
        if not stepper.run(**given):
            what = "a rule is broken" if given["until"] == "broken" else f"{given['until']} moves"
            hint = "" if "strategy" in given else "; `run portfolio until …` looks at other answers"
            raise StepError(
                f"no execution from here was found in which {what}; it stays as it was{hint}"
            )

    def _events(self, words: list[str]) -> None:
        most = _one(words, len(self._stepper.events))
        self._tell("\n".join(happened(self._stepper, most)) or "nothing happened since")

    def _path(self, words: list[str]) -> None:
        _none(words)
        stepper = self._stepper
        path = enumerate(zip(stepper.path, stepper.answers, strict=False))
        lines = [f"{at:>5} {'>' if which else ' '} {said}" for at, (said, (_, which)) in path]
        self._tell("\n".join(lines) or "nothing was answered yet")

    def _story(self, words: list[str]) -> None:
        _none(words)
        self._tell(self._stepper.story().to_text())

    def _help(self, words: list[str]) -> None:
        _none(words)
        self._tell(HELP.format(who=" | ".join([PLAIN, *explorers()])))

    def _save(self, words: list[str]) -> None:
        self._tell(f"saved {self._stepper.save(_new_file(words))}")

    def _view(self, words: list[str]) -> None:
        self._tell(f"wrote {self._stepper.view().save(_new_file(words))}")

    def _tell(self, text: str) -> None:
        self._print({"text": text} if self._as_json else text)

    def _print(self, said: Any) -> None:
        import json

        out(json.dumps(said) if self._as_json else said)


def _until(left: list[str]) -> str:
    word = left.pop(0) if left else "nothing"
    if word == "packet" and left:
        return left.pop(0)
    if word != "broken":
        raise StepError(f"until: expected `broken` or `packet ADAPTER.SLOT`, got {word!r}")
    return word


def _one(words: list[str], without: int | None = None) -> int:
    if not words and without is not None:
        return without
    if len(words) > 1:
        raise StepError(f"expected one number, got {' '.join(words)!r}")
    return _number("".join(words))


def _number(word: str) -> int:
    if not word.isdigit():
        raise StepError(f"expected a number, got {word!r}")
    return int(word)


def _new_file(words: list[str]) -> str:
    if len(words) != 1:
        raise StepError(f"expected the name of one file, got {' '.join(words)!r}")
    if Path(words[0]).exists() and not Path(words[0]).is_dir():
        raise StepError(
            f"{words[0]}: there is such a file, which stays as it is; give another name"
        )
    return words[0]


def _none(words: list[str]) -> None:
    if words:
        raise StepError(f"expected nothing behind it, got {' '.join(words)!r}")
