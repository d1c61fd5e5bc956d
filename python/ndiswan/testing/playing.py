"""A scenario run once, with answers that somebody else makes up: Hypothesis, libFuzzer, you."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ndiswan._native import Explorer, to_token
from ndiswan.exploring.execution import execute, settings_of
from ndiswan.exploring.failure import UNFIT, Failure, ReplayError, misfit
from ndiswan.exploring.in_words import in_short
from ndiswan.exploring.watchdog import watched
from ndiswan.given import function, listed
from ndiswan.testing.observe import observe

if TYPE_CHECKING:
    from collections.abc import Callable

    from ndiswan.exploring.execution import Execution, Scenario, Settings

Answers = bytes | list[tuple[int, int]] | str


def failure_of(ran: Execution, scenario: Scenario, settings: Settings, by: str) -> Failure | None:
    """The failure of an execution that was not recorded, if it is one: run twice more, with a record."""
    if ran.symptom is None:
        return None
    choices = ran.ndis.choices()
    one, two = (
        execute(scenario, Explorer.replay(choices), settings, record=True) for _ in range(2)
    )
    digest = one.ndis.digest()
    return Failure(
        symptom=ran.symptom,
        detail=in_short(ran.error),
        choices=choices,
        scenario=scenario,
        settings=settings,
        explorer=by,
        seed=0,
        execution=1,
        seconds=0.0,
        digest=digest,
        events=len(one.ndis.events()),
        deterministic=one.symptom == two.symptom == ran.symptom and digest == two.ndis.digest(),
    )


def error_of(failure: Failure, *notes: str) -> BaseException:
    """What the failure's execution raised, with notes: how far it is from the plain run, and how to replay it."""
    error = failure.replay().error or AssertionError(str(failure))
    error.add_note(
        f"{failure.switches} answers that are not the plain one, {failure.events} events;"
        f" choices {to_token(failure.choices)}"
    )
    if not failure.deterministic:
        error.add_note(
            "the same choices gave other events: the driver, or the scenario, reads the real clock,"
            " a global random number, or the order of a set"
        )
    for note in notes:
        error.add_note(note)
    return error


def play(scenario: Scenario, answers: Answers = b"", **settings: Any) -> None:
    """Run ``scenario(ndis)`` once in adversarial time, with these answers.

    Inside of a Hypothesis test the rules and the ownership edges are in its statistics, and the search
    goes for more edges::

        @given(choices())
        def test_modem(answers):
            play(scenario, answers)

    Parameters
    ----------
    scenario:
        As of :func:`ndiswan.explore`.
    answers:
        Bytes, as of :func:`ndiswan.strategies.choices`; or a replay token, as text or as pairs.
    **settings:
        ``cpus``, ``latency``, ``max_points``, ``patience``, ``policy``, ``delivery`` as of :func:`ndiswan.explore`.

    Raises
    ------
    ContractViolation, or what the scenario or a driver raised
        With notes.
    ValueError
        A text is no token, or nothing goes wrong and the choices of a token are those of another scenario.

    Examples
    --------
    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> def scenario(ndis):
    ...     ndis.bind(nw.Protocol(), Instant()).send(b"hello")
    >>> from ndiswan.testing import play
    >>> play(scenario, bytes([1, 0, 2]))  # raises what goes wrong
    """
    from ndiswan._native import from_token

    function(scenario)
    where = settings_of(**settings)
    if isinstance(answers, bytes):
        explorer = Explorer.of_bytes(answers)
    else:
        pairs = from_token(answers) if isinstance(answers, str) else listed("answers", answers)
        explorer = Explorer.replay(pairs)
    with watched(where.patience):
        ran = execute(scenario, explorer, where)
    unfit = None if isinstance(answers, bytes) else misfit(pairs, ran)
    if unfit is not None and ran.symptom is None:
        raise ReplayError(f"answers: {UNFIT}: {unfit}; so nothing is known of what failed then")
    observe([ran.symptom.rule] if ran.symptom else [], explorer.reached[0])
    with watched(where.patience):
        failure = failure_of(ran, scenario, where, "answers")
    if failure is not None:
        raise error_of(failure)


def fuzz_one_input(
    scenario: Scenario, *, save: str | Path | None = None, **settings: Any
) -> Callable[[bytes], None]:
    """A function of bytes that runs ``scenario`` with them as answers, for a coverage-guided fuzzer::

        atheris.Setup(sys.argv, fuzz_one_input(scenario))
        atheris.Fuzz()

    The function raises as :func:`play`. What goes on for ever without a call into the engine is left to
    the fuzzer's time-out.

    Parameters
    ----------
    scenario:
        As of :func:`ndiswan.explore`.
    save:
        A folder for the replay file of what is found.
    **settings:
        As of :func:`play`.

    Examples
    --------
    >>> class Instant(nw.Miniport):
    ...     def wan_send(self, link, packet):
    ...         return nw.SUCCESS
    >>> def scenario(ndis):
    ...     ndis.bind(nw.Protocol(), Instant()).send(b"hello")
    >>> from ndiswan.testing import fuzz_one_input
    >>> fuzz_one_input(scenario)(bytes([1, 0, 2]))
    """
    function(scenario)
    where = settings_of(**settings)
    folder = None if save is None else Path(save)

    def one_input(data: bytes) -> None:
        ran = execute(scenario, Explorer.of_bytes(bytes(data)), where)
        if ran.symptom is None:
            return
        failure = failure_of(ran, scenario, where, "bytes")
        assert failure is not None
        notes = [f"bytes: {bytes(data)!r}"]
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            notes.append(f"to replay it: ndiswan replay {failure.save(folder)}")
        raise error_of(failure, *notes)

    return one_input
