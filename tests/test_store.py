"""A campaign's folder: what is damaged in it is put aside, and the campaign goes on."""

from __future__ import annotations

import pytest

from ndiswan.campaign import Store, merge

TOKEN = "c1.2-0x5.1.40-3"


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("corpus/0123456789abcdef0123", "c1.", lambda store: store.corpus("x.py")),
        ("coverage.json", "zz", lambda store: store.edges()),
        ("campaign.json", "[1]", lambda store: store.counts()),
    ],
    ids=["corpus", "coverage", "counts"],
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
