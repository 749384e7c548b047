"""z.show: anything with rows as the bridge's columns and rows."""
import collections
import datetime
import decimal

import pytest

from splicemachine import _table
from splicemachine.zeppelin import ZeppelinContext


@pytest.fixture
def shown(kernel):
    kernel.ops["show"] = lambda args, request: {"data": {"text/plain": "TABLE"}, "metadata": {}}
    z = ZeppelinContext()

    def show(*args, **options):
        z.show(*args, **options)
        return kernel.calls("show")[-1]
    return show


def types(sent):
    return [(c["name"], c["type"]) for c in sent["columns"]]


def test_lists(shown, capsys):
    sent = shown([{"a": 1, "b": "x"}, {"b": None, "c": 1.5}])
    assert types(sent) == [("a", "BIGINT"), ("b", "VARCHAR"), ("c", "DOUBLE")]
    assert sent["rows"] == [[1, "x", None], [None, None, 1.5]] and sent["total"] == 2
    assert sent["chart"] == "auto" and capsys.readouterr().out == "TABLE\n"
    Point = collections.namedtuple("Point", "x y")
    assert types(shown([Point(1, 2)])) == [("x", "BIGINT"), ("y", "BIGINT")]
    assert types(shown([(1, 2), (3,)])) == [("_1", "BIGINT"), ("_2", "BIGINT")]
    assert shown(["a", "b"])["rows"] == [["a"], ["b"]]
    assert shown([])["rows"] == []
    assert shown(7)["rows"] == [[7]]
    assert shown({"TPR": 0.5, "n": 3})["rows"] == [["TPR", 0.5], ["n", 3]]


def test_more_rows_than_shown(shown):
    sent = shown(list(range(2500)))
    assert len(sent["rows"]) == 1000 and sent["total"] == 2500
    sent = shown(range(50), rows=7, chart="none", title="T")
    assert len(sent["rows"]) == 7 and sent["total"] == 50
    assert sent["chart"] == "none" and sent["title"] == "T"


def test_pandas(shown):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [1, 2], "f": [0.5, float("nan")], "s": ["x", None],
                              "t": pandas.to_datetime(["2020-01-02 03:04:05", None])})
    sent = shown(frame)
    assert types(sent) == [("n", "BIGINT"), ("f", "DOUBLE"), ("s", "VARCHAR"), ("t", "TIMESTAMP")]
    assert sent["rows"] == [[1, 0.5, "x", "2020-01-02 03:04:05"], [2, "NaN", None, None]]
    grouped = frame.groupby("s").size()
    assert types(shown(grouped)) == [("s", "VARCHAR"), ("value", "BIGINT")]
    assert shown(pandas.DataFrame({"n": range(3000)}))["total"] == 3000
    assert types(shown(pandas.DataFrame({("a", "b"): [1]}))) == [("a / b", "BIGINT")]
    assert shown(pandas.DataFrame({"n": range(5)}).set_index(pandas.Index([9, 8, 7, 6, 5])))["rows"][0] == [9, 0]
    doubled = pandas.DataFrame([[1, 2]], columns=["a", "a"])
    assert shown(doubled)["rows"] == [[1, 2]]
    assert shown(frame.iloc[:0])["rows"] == []


def test_numpy_and_arrow(shown):
    numpy = pytest.importorskip("numpy")
    assert shown(numpy.array([[1, 2], [3, 4]]))["rows"] == [[1, 2], [3, 4]]
    assert shown(numpy.arange(3000))["total"] == 3000
    arrow = pytest.importorskip("pyarrow")
    sent = shown(arrow.table({"a": list(range(1500))}))
    assert sent["total"] == 1500 and len(sent["rows"]) == 1000


@pytest.mark.parametrize("raw, sent", [
    (None, None), (True, True), (2**70, str(2**70)), (float("inf"), "Infinity"),
    (decimal.Decimal("12.50"), "12.50"), (datetime.date(2020, 1, 2), "2020-01-02"),
    (datetime.datetime(2020, 1, 2, 3, 4, 5, 600), "2020-01-02 03:04:05.000600"),
    (b"\x00\xff", {"hex": "00ff"}), ([1, 2, 3, 4, 5], "[1, 2, 3, … 5 values]"),
    ([1.23456789, -2.0], "[1.235, -2]"), ({"a": 1, "b": None}, "{a: 1, b: null}"), ([], "[]"),
])
def test_values(raw, sent):
    assert _table.value(raw) == sent


def test_long_text_says_its_length():
    cut = _table.value("x" * 50_000)
    assert len(cut) < 21_000 and cut.endswith("… (50,000 characters)")


def test_vectors_are_readable():
    linalg = pytest.importorskip("pyspark.ml.linalg")
    assert _table.value(linalg.Vectors.dense([0.12, -1.3, 2.0] + [0.0] * 26)) == \
        "[0.12, -1.3, 2, … 29 values]"
    assert _table.value(linalg.Vectors.sparse(29, {1: 0.5, 7: 2.0})) == "{1: 0.5, 7: 2; 2 of 29 values}"
    from pyspark.sql import Row
    assert _table.value(Row(a=1, b=Row(c="x"))) == "{a: 1, b: {c: x}}"


def test_bad_arguments(shown):
    with pytest.raises(ValueError, match="pie"):
        shown([1], chart="donut")
    for rows in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="whole number"):
            shown([1], rows=rows)


def test_what_is_no_table(shown, capsys):
    ZeppelinContext().show("just text")
    assert capsys.readouterr().out == "just text\n"


def test_without_a_kernel(capsys):
    ZeppelinContext().show([{"a": 1, "b": None}], rows=1)
    ZeppelinContext().show(range(3), rows=1)
    assert capsys.readouterr().out == "a  b\n-  -\n1\nvalue\n-----\n0\n1 of 3 rows\n"


def test_pool_and_forms():
    z = ZeppelinContext()
    z.put("a", 1)
    assert z.get("a") == 1 and "a" in z and z.get("b") is None
    assert z.input("name", "x") == "x" and z.select("n", [("1", "one"), ("2", "two")]) == "1"
    assert z.checkbox("n", ["a", "b"]) == ["a", "b"] and z.checkbox("n", ["a", "b"], ["b"]) == ["b"]
