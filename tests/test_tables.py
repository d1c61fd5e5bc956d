"""Tables: what pandas, Polars, Arrow and Parquet read is what is in the columns."""

import sys

import numpy as np
import pytest

from ndiswan import models

LINK = models.Link(
    traffic=models.Poisson(rate_pps=100, size=1000),
    line=models.Line(rate_bps=1_000_000),
    name="line",
)


@pytest.fixture(scope="module")
def results():
    """Two links, three replications."""
    return models.simulate([LINK, LINK.named("other")], until=1, replications=3)


def check(results, read):
    """Every column is there, in order, with its values and as what it was."""
    assert list(read) == list(results.columns)
    for name, column in results.columns.items():
        got = np.asarray(read[name])
        if column.dtype.kind == "U":
            assert got.tolist() == column.tolist()
        else:
            assert got.dtype == column.dtype, name
            np.testing.assert_array_equal(got, column)


def test_pandas_reads_the_columns(results):
    """`to_pandas` is a DataFrame with the same columns."""
    pytest.importorskip("pandas")
    frame = results.to_pandas()
    check(results, {name: frame[name].to_numpy() for name in frame})


def test_polars_reads_the_columns(results):
    """`to_polars` is a DataFrame with the same columns, and so is what Polars makes of the Arrow stream."""
    polars = pytest.importorskip("polars")
    pytest.importorskip("nanoarrow")
    for frame in results.to_polars(), polars.DataFrame(results):
        check(results, {name: frame[name].to_numpy() for name in frame.columns})


def test_arrow_and_parquet_have_the_columns(results, tmp_path):
    """`to_arrow`, the Arrow stream and a Parquet file that is read again hold the same."""
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    results.to_parquet(tmp_path / "results.parquet")
    for table in (
        results.to_arrow(),
        pyarrow.table(results),
        parquet.read_table(tmp_path / "results.parquet"),
    ):
        check(results, {name: table[name].to_numpy() for name in table.column_names})


def test_objects_become_text():
    """A column of things that are no numbers is text elsewhere, and booleans stay what they are."""
    pyarrow = pytest.importorskip("pyarrow")
    things = np.array([models.Fifo(), None], object)
    table = models.Columns({"thing": things, "yes": np.array([True, False])})
    for read in table.to_arrow(), pyarrow.table(table):
        assert read["thing"].to_pylist() == ["Fifo()", "None"]
        assert read["yes"].to_pylist() == [True, False]


@pytest.mark.parametrize(
    ("call", "package", "extra"),
    [
        (models.Table.to_pandas, "pandas", "pandas"),
        (models.Table.to_polars, "polars", "polars"),
        (models.Table.to_arrow, "pyarrow", "arrow"),
        (lambda table: table.to_parquet("x"), "pyarrow", "arrow"),
        (models.Table.__arrow_c_stream__, "nanoarrow", "arrow"),
    ],
    ids=["pandas", "polars", "arrow", "parquet", "stream"],
)
def test_a_package_that_is_missing_is_named(results, monkeypatch, call, package, extra):
    """The error says which package is wanted and what to type."""
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"the package {package}.*'ndiswan\[{extra}\]'"):
        call(results)


def test_long_tables_are_shown_in_part():
    """Of 100 rows 20 are shown, and how many more there are."""
    table = models.Columns({"n": np.arange(100), "<b>": np.linspace(0, 1, 100)})
    assert str(table).count("\n") == 21
    assert str(table).endswith("… and 80 more rows")
    assert table._repr_html_().count("<tr>") == 21
    assert "<b>" not in table._repr_html_()
    assert len(table) == 100
