"""SQL text and types: names, statements on tables, the database's types as Spark's.

Pure: no connection.  Names follow SQL: unquoted ones are upper case.
"""
from __future__ import annotations

import datetime
import decimal
import re
from typing import Any, Dict, List, Optional, Sequence, Tuple

PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|([^\s".]+))\s*(\.|$)')


def strip(sql: str) -> str:
    """One statement without the semicolon at its end."""
    if not isinstance(sql, str) or not sql.strip():
        raise ValueError("an SQL statement is needed")
    return re.sub(r"[;\s]+\Z", "", sql).lstrip()


def split(name: str) -> Tuple[Optional[str], str]:
    """("SCHEMA" or None, "TABLE") of a table's name as written in SQL."""
    parts: List[str] = []
    at = 0
    while at < len(name):
        m = PART.match(name, at)
        if m is None:
            raise ValueError(f"{name!r} is not the name of a table")
        parts.append(m.group(1).replace('""', '"') if m.group(1) else m.group(2).upper())
        at = m.end()
    if not 1 <= len(parts) <= 2 or name.rstrip().endswith("."):
        raise ValueError(f"{name!r} is not the name of a table: SCHEMA.TABLE or TABLE")
    return (parts[0], parts[1]) if len(parts) == 2 else (None, parts[0])


def quote(identifier: str) -> str:
    """The identifier as it is, in quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def quoted(name: str) -> str:
    """A table's name with each part folded and in quotes: safe in any statement."""
    schema, table = split(name)
    return f"{quote(schema)}.{quote(table)}" if schema else quote(table)


def beside(name: str, table: str) -> str:
    """Another table in the schema of the first."""
    schema, _ = split(name)
    return f"{quote(schema)}.{quote(table)}" if schema else quote(table)


def shown_names(labels: Sequence[str]) -> List[str]:
    """Names of a query's columns; one without a name (Derby labels it "2") is C and its number."""
    return [f"C{i + 1}" if label in ("", str(i + 1)) else label for i, label in enumerate(labels)]


def unique_names(labels: Sequence[str]) -> List[str]:
    """The same, with later ones of one name told apart, as a derived table needs it."""
    names: List[str] = []
    for i, name in enumerate(shown_names(labels)):
        while name in names:
            name = f"{name}_{i + 1}"
        names.append(name)
    return names


# --- statements that match a table's rows with a stage table's by primary key ---

def _matching(table: str, stage: str, key: Sequence[str]) -> str:
    return " and ".join(f"{quoted(stage)}.{quote(k)} = {quoted(table)}.{quote(k)}" for k in key)


def delete(table: str, stage: str, columns: Sequence[str], key: Sequence[str]) -> List[str]:
    """Delete the stage's rows from the table."""
    return [_keyed(stage, key),
            f"delete from {quoted(table)} where exists (select 1 from {quoted(stage)} "
            f"where {_matching(table, stage, key)})"]


def update(table: str, stage: str, columns: Sequence[str], key: Sequence[str]) -> List[str]:
    """Give the table's rows the stage's values."""
    where = _matching(table, stage, key)
    sets = ", ".join(f"{quote(c)} = (select {quoted(stage)}.{quote(c)} from {quoted(stage)} "
                     f"where {where})" for c in columns if c not in key)
    if not sets:
        return []
    return [_keyed(stage, key), f"update {quoted(table)} set {sets} where exists "
                                f"(select 1 from {quoted(stage)} where {where})"]


def upsert(table: str, stage: str, columns: Sequence[str], key: Sequence[str]) -> List[str]:
    """Update what is there, then insert what is not.  (Splice 3.2 has no MERGE.)"""
    names = ", ".join(map(quote, columns))
    statements = update(table, stage, columns, key) or [_keyed(stage, key)]
    return [*statements,
            f"insert into {quoted(table)} ({names}) select {names} from {quoted(stage)} "
            f"where not exists (select 1 from {quoted(table)} where {_matching(table, stage, key)})"]


def _keyed(stage: str, key: Sequence[str]) -> str:
    """An index on the stage, without which each row would scan it; two rows of one key fail here."""
    _, name = split(stage)
    return (f"create unique index {beside(stage, name + '_K')} on {quoted(stage)} "
            f"({', '.join(map(quote, key))})")


# --- types ---

SPARK_TO_SQL = {
    "boolean": "BOOLEAN", "tinyint": "SMALLINT", "smallint": "SMALLINT", "int": "INTEGER",
    "bigint": "BIGINT", "float": "REAL", "double": "DOUBLE", "string": "VARCHAR(5000)",
    "date": "DATE", "timestamp": "TIMESTAMP", "timestamp_ntz": "TIMESTAMP", "binary": "BLOB",
    "void": "VARCHAR(50)",
}


def sql_type(data_type: Any) -> str:
    """The column type for a Spark type; ValueError for one that a table cannot hold."""
    name = data_type.simpleString()
    if name.startswith("decimal"):
        if data_type.precision > 31:  # Derby's limit; a longer one would be refused row by row
            return f"DECIMAL(31,{min(31, data_type.scale)})"
        return f"DECIMAL({data_type.precision},{data_type.scale})"
    if re.match(r"(var)?char\(", name):
        return name.upper()
    if name not in SPARK_TO_SQL:
        raise ValueError(f"a table cannot hold {name}")
    return SPARK_TO_SQL[name]


def create_table(table: str, schema: Any, primary_keys: Sequence[str], options: str,
                 types: Dict[str, str], to_upper: bool) -> str:
    """CREATE TABLE for a Spark schema."""
    if isinstance(primary_keys, str):
        primary_keys = [k.strip() for k in primary_keys.split(",")]
    fold = str.upper if to_upper else str
    keys = [fold(k) for k in primary_keys]
    given = {fold(k): v for k, v in types.items()}
    names = [f.name for f in schema.fields]
    unknown = [k for k in [*keys, *given] if k not in names]
    if unknown:
        raise ValueError(f"the frame has no column {', '.join(unknown)}")
    columns = []
    for field in schema.fields:
        try:
            type_ = given.get(field.name) or sql_type(field.dataType)
        except ValueError as e:
            raise ValueError(f"column {field.name}: {e}; cast it, or give a type in types=") from None
        columns.append(f"{quote(field.name)} {type_}{' NOT NULL' if field.name in keys else ''}")
    if keys:
        columns.append(f"PRIMARY KEY ({', '.join(map(quote, keys))})")
    return f"CREATE TABLE {quoted(table)} ({', '.join(columns)}) {options}".rstrip()


def schema(columns: Sequence[Dict[str, Any]]) -> Any:
    """A StructType of the bridge's COLUMNs."""
    from pyspark.sql.types import StructField, StructType

    return StructType([StructField(c["name"], _spark_type(c), bool(c.get("nullable", True)))
                       for c in columns])


def _spark_type(column: Dict[str, Any]) -> Any:
    from pyspark.sql import types as T

    kind = column["type"]
    if kind == "DECIMAL":
        return T.DecimalType(min(38, column.get("precision") or 31), column.get("scale") or 0)
    return {"BOOLEAN": T.BooleanType, "SMALLINT": T.ShortType, "INTEGER": T.IntegerType,
            "BIGINT": T.LongType, "REAL": T.FloatType, "DOUBLE": T.DoubleType, "DATE": T.DateType,
            "TIMESTAMP": T.TimestampType, "BINARY": T.BinaryType, "BLOB": T.BinaryType,
            "ROWID": T.BinaryType}.get(kind, T.StringType)()


def python_value(value: Any, column: Dict[str, Any]) -> Any:
    """A value of a bridge row as what Spark takes for the column's type."""
    if value is None:
        return None
    kind = column["type"]
    if isinstance(value, dict):
        return bytearray.fromhex(value["hex"])
    if kind in ("REAL", "DOUBLE"):
        return float(value)
    if kind == "DECIMAL":
        return decimal.Decimal(value)
    if kind == "DATE":
        return datetime.date.fromisoformat(value)
    if kind == "TIMESTAMP":
        return timestamp(value)
    return value


def timestamp(text: str) -> datetime.datetime:
    """A TIMESTAMP of up to nine fractional digits; what is finer than a microsecond is cut."""
    whole, _, fraction = text.partition(".")
    parsed = datetime.datetime.strptime(whole.replace("T", " "), "%Y-%m-%d %H:%M:%S")
    return parsed.replace(microsecond=int((fraction + "000000")[:6]))
