"""What is in files is read once, as long as they stay as they are."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from ndiswan.drivers import contents

if TYPE_CHECKING:
    from pathlib import Path


def old(file: Path, text: str) -> Path:
    """A file with that text that was written and last changed a while ago."""
    file.write_text(text, "utf-8")
    time.sleep(0.2)
    return file


def test_what_is_in_the_files_and_how_they_are_called_counts(tmp_path: Path) -> None:
    """Another text, another name, another order: another digest."""
    one, other = old(tmp_path / "one.c", "a"), old(tmp_path / "other.c", "b")
    first = contents.digest([one, other])
    assert contents.digest([one, other]) == first
    assert contents.digest([other, one]) != first
    assert contents.digest([one]) != first
    one.write_text("c", "utf-8")
    assert contents.digest([one, other]) != first
    one.write_text("a", "utf-8")
    assert contents.digest([one, other]) == first


def test_a_file_that_nobody_has_changed_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its dates, its length and its place say so; one that was changed just now is read each time."""
    file = old(tmp_path / "driver.c", "text")
    read: list[Path] = []
    original = type(file).read_bytes

    def reading(path: Path) -> bytes:
        read.append(path)
        return original(path)

    monkeypatch.setattr(type(file), "read_bytes", reading)
    first = contents.digest([file])
    assert contents.digest([file]) == first
    assert read == [file]
    file.write_text("TEXT", "utf-8")
    for _ in range(2):
        assert contents.digest([file]) != first
    assert read == [file] * 3


def test_a_date_that_was_set_back_deceives_nobody(tmp_path: Path) -> None:
    """As by a copy that keeps dates: of the same length, with the date of before."""
    file = old(tmp_path / "driver.c", "text")
    first, date = contents.digest([file]), file.stat().st_mtime_ns
    file.write_text("TEXT", "utf-8")
    os.utime(file, ns=(date, date))
    time.sleep(0.2)
    assert contents.digest([file]) != first


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    """Also if it was read before."""
    file = old(tmp_path / "driver.c", "text")
    contents.digest([file])
    file.unlink()
    with pytest.raises(FileNotFoundError, match=r"driver\.c"):
        contents.digest([file])
