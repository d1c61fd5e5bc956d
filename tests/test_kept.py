"""What a sweep keeps: each file is the result of what it is called by, and the folder is told by its parameter."""

import shutil

import pytest

from ndiswan import models

OPTIONS = {"until": 2, "replications": 2, "executor": "serial"}
GRID = {"rate": [100, 200]}


def make(rate):
    """A link."""
    flow = models.Poisson(rate_pps=rate, size=500)
    return models.Link(traffic=flow, line=models.Line(rate_bps=1_000_000))


def test_a_file_under_another_name_is_not_taken(tmp_path) -> None:
    """That of one point in the place of the other's: it is put aside with a warning, and the results are the same."""
    sent = models.sweep(make, GRID, directory=tmp_path, **OPTIONS).columns["sent"].tolist()
    assert len(set(sent)) > 2
    one, other = sorted(tmp_path.glob("*.npz"))[:2]
    shutil.copyfile(one, other)
    with pytest.warns(
        models.DamagedFileWarning, match=rf"{other.name}: .* written under this name"
    ):
        again = models.sweep(make, GRID, directory=tmp_path, **OPTIONS)
    assert again.columns["sent"].tolist() == sent
    assert other.with_name(f"{other.name}.damaged").read_bytes() == one.read_bytes()


def test_a_folder_that_is_none_is_told_by_its_parameter(tmp_path) -> None:
    """A number, a file, a place where there is none to make."""
    with pytest.raises(TypeError, match="directory: expected the path of a folder, got 5"):
        models.sweep(make, GRID, directory=5, **OPTIONS)
    file = tmp_path / "file"
    file.touch()
    for folder in (file, file / "below", "/proc/none"):
        with pytest.raises(
            OSError, match=f"directory: expected a folder that can .*, got {folder}: "
        ):
            models.sweep(make, GRID, directory=folder, **OPTIONS)


def test_a_folder_that_is_removed_meanwhile_is_made_again(tmp_path) -> None:
    """All that was computed was lost."""
    folder = tmp_path / "kept"
    removed = []

    def remove(progress):
        if progress.done and not removed:
            shutil.rmtree(folder)
            removed.append(progress.done)

    sweep = models.sweep(make, GRID, directory=folder, progress=remove, **OPTIONS)
    assert removed[0] < 4 == len(sweep.columns["sent"])
    assert list(folder.glob("*.npz"))


def test_files_that_overlap_are_taken_up_to_each_other(tmp_path) -> None:
    """Of two sweeps that divided their replications otherwise: each replication counts once."""

    def sent(folder, replications):
        options = {**OPTIONS, "until": 0.2, "replications": replications}
        swept = models.sweep(make, {"rate": [100]}, directory=tmp_path / folder, **options)
        return swept.columns["sent"].tolist()

    sent("both", 16)
    expected = sent("other", 24)
    for file in (tmp_path / "other").iterdir():
        shutil.copy(file, tmp_path / "both")
    ends = [file.stem.split("-")[1:] for file in (tmp_path / "both").iterdir()]
    assert ["0", "2"] in ends
    assert ["0", "3"] in ends
    assert sent("both", 24) == expected
