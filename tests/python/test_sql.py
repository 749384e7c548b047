"""SQL text and types of the database context (splicemachine/_sql.py)."""
import datetime
import decimal

import pytest

from splicemachine import _sql


def test_strip():
    assert _sql.strip(" select 1 ;\n ;") == "select 1"
    assert _sql.strip("select ';'") == "select ';'"
    for nothing in ("", "  ", None):
        with pytest.raises(ValueError):
            _sql.strip(nothing)


@pytest.mark.parametrize("name, parts", [
    ("t", (None, "T")), ("s.t", ("S", "T")), ('"s"."a.b"', ("s", "a.b")), (' s . t ', ("S", "T")),
    ('s."q""x"', ("S", 'q"x'))])
def test_names(name, parts):
    assert _sql.split(name) == parts


@pytest.mark.parametrize("name", ["", "a.b.c", "a b", "a.", 't"; drop table x', ".t", '"'])
def test_what_is_no_name(name):
    with pytest.raises(ValueError, match="name of a table"):
        _sql.split(name)


def test_quoting():
    assert _sql.quoted("cc_fraud.t") == '"CC_FRAUD"."T"'
    assert _sql.quote('a"b') == '"a""b"'


def test_columns_without_names():
    assert _sql.shown_names(["CLASS_RESULT", "2"]) == ["CLASS_RESULT", "C2"]
    assert _sql.unique_names(["A", "A", "3"]) == ["A", "A_2", "C3"]


def test_keyed_statements():
    index, statement = _sql.delete("s.t", "s.x", ["K", "V"], ["K"])
    assert index == 'create unique index "S"."X_K" on "S"."X" ("K")'
    assert statement == ('delete from "S"."T" where exists (select 1 from "S"."X" '
                         'where "S"."X"."K" = "S"."T"."K")')
    assert 'set "V" = (select' in _sql.update("s.t", "s.x", ["K", "V"], ["K"])[1]
    assert _sql.update("s.t", "s.x", ["K"], ["K"]) == []
    assert len(_sql.upsert("s.t", "s.x", ["K"], ["K"])) == 2
    assert len(_sql.upsert("s.t", "s.x", ["K", "V"], ["K"])) == 3


def test_create_table():
    T = pytest.importorskip("pyspark.sql.types")
    schema = T.StructType([T.StructField("ID", T.IntegerType()), T.StructField("D", T.DecimalType(10, 2)),
                           T.StructField("S", T.StringType()), T.StructField("F", T.FloatType())])
    assert _sql.create_table("s.t", schema, ["id"], "", {"s": "CLOB"}, True) == \
        'CREATE TABLE "S"."T" ("ID" INTEGER NOT NULL, "D" DECIMAL(10,2), "S" CLOB, "F" REAL, PRIMARY KEY ("ID"))'
    with pytest.raises(ValueError, match="no column NOPE"):
        _sql.create_table("s.t", schema, ["nope"], "", {}, True)
    nested = T.StructType([T.StructField("A", T.ArrayType(T.IntegerType()))])
    with pytest.raises(ValueError, match="column A: a table cannot hold array<int>"):
        _sql.create_table("s.t", nested, [], "", {}, True)


def test_values():
    def value(v, kind):
        return _sql.python_value(v, {"type": kind})
    assert value("12.50", "DECIMAL") == decimal.Decimal("12.50")
    assert value("NaN", "DOUBLE") != value("NaN", "DOUBLE")
    assert value("2020-01-02", "DATE") == datetime.date(2020, 1, 2)
    assert value("2020-01-02 03:04:05.123456789", "TIMESTAMP") == \
        datetime.datetime(2020, 1, 2, 3, 4, 5, 123456)
    assert value({"hex": "00ff"}, "BLOB") == bytearray(b"\x00\xff") and value(None, "DATE") is None


def test_schema():
    T = pytest.importorskip("pyspark.sql.types")
    schema = _sql.schema([{"name": "A", "type": "DECIMAL", "precision": 10, "scale": 2, "nullable": False},
                          {"name": "B", "type": "VARCHAR"}])
    assert schema == T.StructType([T.StructField("A", T.DecimalType(10, 2), False),
                                   T.StructField("B", T.StringType())])
