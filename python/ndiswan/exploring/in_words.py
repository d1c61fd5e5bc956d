"""What an exception says of itself, as text that a file can hold, whatever its class does about that."""

from __future__ import annotations

from ndiswan.violations import ContractViolation


def printable(text: str) -> str:
    """The text, with half a character of UTF-16, or a byte of a name that is no text, written as Python writes it.

    >>> from ndiswan.exploring.in_words import printable
    >>> len(printable("caf" + chr(0xDCE9)))
    9
    """
    return text.encode("utf-8", "backslashreplace").decode()


def in_words(error: BaseException | None) -> str:
    """What ``str`` gives of it; if that raises, what a traceback has in its place.

    >>> from ndiswan.exploring.in_words import in_words
    >>> in_words(ValueError("no carrier"))
    'no carrier'
    """
    try:
        return printable(str(error))
    except Exception:  # noqa: BLE001 -- whatever its class does
        return "<exception str() failed>"


def notes_of(error: BaseException | None) -> list[str]:
    """What ``add_note`` added to it; what is no text is left out.

    >>> from ndiswan.exploring.in_words import notes_of
    >>> error = ValueError("no carrier")
    >>> error.add_note("line 3")
    >>> notes_of(error)
    ['line 3']
    """
    notes = getattr(error, "__notes__", None)
    return [printable(note) for note in notes if isinstance(note, str)] if notes else []


def in_short(error: BaseException | None) -> str:
    """The same, and of a broken rule what was expected and what came.

    >>> from ndiswan.exploring.in_words import in_short
    >>> in_short(ValueError("no carrier"))
    'no carrier'
    """
    return error.detail if isinstance(error, ContractViolation) else in_words(error)
