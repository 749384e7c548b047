"""Anything that holds rows, as the columns and rows of the bridge's `show`.

`from_object` is where a kind of object is recognised.  Values become what
docs/BRIDGE.md says a row holds; what JSON has no word for (vectors, nested
rows, arrays) becomes a short readable text.
"""
from __future__ import annotations

import datetime
import decimal
import math
import numbers
import sys
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

TEXT_MAX = 20_000   # characters of one value that are sent; the kernel shows fewer
BYTES_MAX = 4_096   # bytes of one binary value that are sent
ITEMS_SHOWN = 3     # numbers of a vector or array in its text


class Table(NamedTuple):
    """`total` counts all rows of the object, of which `rows` are the first."""

    columns: List[Dict[str, Any]]
    rows: List[List[Any]]
    total: int


SPARK_TYPES = {
    "boolean": "BOOLEAN", "tinyint": "SMALLINT", "smallint": "SMALLINT", "int": "INTEGER",
    "bigint": "BIGINT", "float": "REAL", "double": "DOUBLE", "string": "VARCHAR", "date": "DATE",
    "timestamp": "TIMESTAMP", "timestamp_ntz": "TIMESTAMP", "binary": "BINARY",
}


def column(name: Any, type_: str = "VARCHAR", type_name: Optional[str] = None,
           precision: int = 0, scale: int = 0, nullable: bool = True) -> Dict[str, Any]:
    """A COLUMN of the bridge."""
    return {"name": str(name), "type": type_, "type_name": type_name or type_,
            "nullable": nullable, "precision": precision, "scale": scale}


def from_object(obj: Any, rows: int) -> Optional[Table]:
    """The object's first `rows` rows, or None for what is not a table."""
    module = type(obj).__module__ or ""
    if module.startswith("pyspark.pandas"):
        obj, module = obj.to_spark(), "pyspark.sql"
    if module.startswith("pyspark.sql") and hasattr(obj, "schema") and hasattr(obj, "take"):
        return _spark_frame(obj, rows)
    if module.startswith("pyspark") and hasattr(obj, "mapPartitions") and hasattr(obj, "take"):
        return _listed(obj.take(rows + 1), rows, obj.count)
    if module.startswith("pandas.") and hasattr(obj, "to_frame") and not hasattr(obj, "columns"):
        obj = obj.to_frame(name=obj.name if obj.name is not None else "value")
        return _pandas_frame(obj, rows)
    if module.startswith("pandas.") and hasattr(obj, "columns"):
        return _pandas_frame(obj, rows)
    if module.startswith("pyarrow") and hasattr(obj, "to_pylist") and hasattr(obj, "schema"):
        return _listed(obj.slice(0, rows).to_pylist(), rows, lambda: obj.num_rows,
                       names=obj.schema.names, exact=obj.num_rows <= rows)
    if module == "numpy" and type(obj).__name__ == "ndarray" and obj.ndim in (1, 2):
        return _listed([r.tolist() if hasattr(r, "tolist") else r for r in obj[:rows]], rows,
                       lambda: len(obj), exact=len(obj) <= rows)
    if isinstance(obj, dict):
        return _listed([(k, v) for k, v in list(obj.items())[:rows]], rows, lambda: len(obj),
                       names=["key", "value"], exact=len(obj) <= rows)
    if isinstance(obj, (list, tuple, set, frozenset, range)):
        items = obj if isinstance(obj, (list, tuple, range)) else list(obj)
        if isinstance(obj, tuple) and hasattr(obj, "_fields"):
            items = [obj]
        return _listed(list(items[:rows]), rows, lambda: len(items), exact=len(items) <= rows)
    if isinstance(obj, numbers.Number) or isinstance(
            obj, (decimal.Decimal, datetime.date, datetime.time)):
        return _listed([obj], rows, lambda: 1)
    return None


def _spark_frame(frame: Any, rows: int) -> Table:
    if getattr(frame, "isStreaming", False):
        from splicemachine.errors import SpliceError

        raise SpliceError("a streaming frame has no end to show",
                          'Write it with writeStream.format("memory") and show that table.')
    taken = frame.take(rows + 1)
    total = len(taken) if len(taken) <= rows else frame.count()
    columns = [_spark_column(f) for f in frame.schema.fields]
    return Table(columns, [[value(v) for v in row] for row in taken[:rows]], max(total, len(taken)))


def _spark_column(field: Any) -> Dict[str, Any]:
    name = field.dataType.simpleString()
    if name.startswith("decimal"):
        return column(field.name, "DECIMAL", name.upper(), field.dataType.precision,
                      field.dataType.scale, field.nullable)
    if type(field.dataType).__name__ == "VectorUDT":
        name = "vector"
    base = name.split("(")[0]
    base = {"char": "string", "varchar": "string"}.get(base, base)
    return column(field.name, SPARK_TYPES.get(base, "VARCHAR"), name, nullable=field.nullable)


def _pandas_frame(frame: Any, rows: int) -> Table:
    total = len(frame)
    head = frame.iloc[:rows]
    if type(frame.index).__name__ != "RangeIndex" or frame.index.name is not None:
        head = _with_index(head)
    columns, values = [], []
    for i in range(head.shape[1]):
        series = head.iloc[:, i]
        cells = [value(_pandas_scalar(v)) for v in series.tolist()]
        columns.append(_inferred(_label(head.columns[i]), cells, _pandas_type(series.dtype)))
        values.append(cells)
    return Table(columns, [list(r) for r in zip(*values)] if values else [[] for _ in range(len(head))],
                 total)


def _with_index(head: Any):
    """The frame with its index as first columns, whatever names are taken."""
    import pandas

    levels = head.index.to_frame(index=False)
    levels.columns = [n if n is not None else ("index" if len(head.index.names) == 1 else f"level_{i}")
                      for i, n in enumerate(head.index.names)]
    levels.index = head.index
    return pandas.concat([levels, head], axis=1)


def _label(name: Any) -> str:
    return " / ".join(str(n) for n in name) if isinstance(name, tuple) else str(name)


def _pandas_type(dtype: Any) -> Optional[str]:
    kind = getattr(dtype, "kind", "O")
    if kind == "M":
        return "TIMESTAMP"
    return {"b": "BOOLEAN", "i": "BIGINT", "u": "BIGINT", "f": "DOUBLE"}.get(kind)


def _pandas_scalar(v: Any) -> Any:
    pandas = sys.modules.get("pandas")
    if pandas is not None and (v is pandas.NaT or v is pandas.NA):
        return None
    return v


def _listed(items: List[Any], rows: int, count, names: Optional[List[str]] = None,
            exact: bool = False) -> Table:
    """A list of dicts, rows or plain values."""
    total = len(items) if exact or (len(items) <= rows and names is None) else count()
    total = max(total, count()) if not exact and len(items) <= rows and names is None else total
    items = items[:rows]
    if items and all(isinstance(i, dict) for i in items):
        names = names or list(dict.fromkeys(str(k) for i in items for k in i))
        body = [[{str(k): v for k, v in i.items()}.get(n) for n in names] for i in items]
    elif items and all(isinstance(i, (list, tuple)) for i in items):
        width = max(len(i) for i in items)
        names = names or _row_names(items[0]) or [f"_{n + 1}" for n in range(width)]
        names = names + [f"_{n + 1}" for n in range(len(names), width)]
        body = [list(i) + [None] * (len(names) - len(i)) for i in items]
    else:
        names, body = ["value"], [[i] for i in items]
    cells = [[value(v) for v in row] for row in body]
    columns = [_inferred(n, [row[i] for row in cells], None, [row[i] for row in body])
               for i, n in enumerate(names)]
    return Table(columns, cells, total)


def _row_names(row: Any) -> Optional[List[str]]:
    fields = getattr(row, "__fields__", None) or getattr(row, "_fields", None)
    return [str(f) for f in fields] if fields else None


def _inferred(name: str, cells: List[Any], known: Optional[str],
              raw: Optional[List[Any]] = None) -> Dict[str, Any]:
    """A column typed by its values, where its type is not known."""
    if known:
        return column(name, known)
    some = [v for v in (raw if raw is not None else cells) if v is not None]
    if some and all(isinstance(v, bool) for v in some):
        return column(name, "BOOLEAN")
    if some and all(isinstance(v, numbers.Integral) and abs(v) < 2**63 for v in some):
        return column(name, "BIGINT")
    if some and all(isinstance(v, numbers.Real) and not isinstance(v, bool) for v in some):
        return column(name, "DOUBLE")
    if some and all(isinstance(v, decimal.Decimal) for v in some):
        return column(name, "DECIMAL")
    return column(name)


def value(v: Any) -> Any:
    """One value as docs/BRIDGE.md writes it in a row."""
    if v is None or isinstance(v, (bool, str)):
        return _cut(v) if isinstance(v, str) else v
    if isinstance(v, numbers.Integral):
        return int(v) if abs(int(v)) < 2**63 else str(int(v))
    if isinstance(v, numbers.Real) and not isinstance(v, decimal.Decimal):
        return _real(float(v))
    if isinstance(v, (bytes, bytearray, memoryview)):
        return {"hex": bytes(v[:BYTES_MAX]).hex()}
    if type(v).__name__ == "bool_" or type(v).__name__ == "bool" and hasattr(v, "item"):
        return bool(v)
    return _cut(text(v))


def _real(v: float) -> Any:
    if math.isfinite(v):
        return v
    return "NaN" if math.isnan(v) else ("Infinity" if v > 0 else "-Infinity")


def _cut(s: str) -> str:
    return s if len(s) <= TEXT_MAX else f"{s[:TEXT_MAX]}… ({len(s):,} characters)"


def text(v: Any) -> str:
    """A value as readable text: vectors and arrays short, rows and maps with their names."""
    if isinstance(v, str):
        return v
    if isinstance(v, datetime.datetime):
        return v.isoformat(sep=" ")
    if isinstance(v, (datetime.date, datetime.time)):
        return v.isoformat()
    kind = type(v).__name__
    if kind == "DenseVector" or kind == "ndarray" and v.ndim == 1:
        return _sequence(v.tolist() if hasattr(v, "tolist") else list(v), "[", "]")
    if kind == "SparseVector":
        return _sparse(v)
    fields = _row_names(v) if isinstance(v, tuple) else None
    if fields:
        return _named(zip(fields, v))
    if isinstance(v, dict):
        return _named(v.items())
    if isinstance(v, (list, tuple)):
        return _sequence(v, "[", "]")
    if isinstance(v, (set, frozenset)):
        return _sequence(sorted(v, key=repr), "{", "}")
    return str(v)


def _item(v: Any) -> str:
    if isinstance(v, float):
        return f"{v:.4g}"
    return "null" if v is None else text(v)


def _sequence(items: Any, opening: str, closing: str) -> str:
    shown = [_item(i) for i in items[:ITEMS_SHOWN + 1]]
    if len(items) <= ITEMS_SHOWN + 1:
        return opening + ", ".join(shown) + closing
    return f"{opening}{', '.join(shown[:ITEMS_SHOWN])}, … {len(items)} values{closing}"


def _sparse(v: Any) -> str:
    pairs: List[Tuple[int, float]] = list(zip(v.indices.tolist(), v.values.tolist()))
    shown = ", ".join(f"{i}: {x:.4g}" for i, x in pairs[:ITEMS_SHOWN])
    more = ", …" if len(pairs) > ITEMS_SHOWN else ""
    return f"{{{shown}{more}; {len(pairs)} of {v.size} values}}" if pairs else f"{{0 of {v.size} values}}"


def _named(pairs: Iterable[Tuple[Any, Any]]) -> str:
    return "{" + ", ".join(f"{k}: {_item(v)}" for k, v in pairs) + "}"


def plain(table: Table) -> str:
    """The table as text, for a process without a kernel."""
    head = [c["name"] for c in table.columns]
    body = [["" if v is None else str(v) for v in row] for row in table.rows]
    widths = [max(len(r[i]) for r in [head, *body]) for i in range(len(head))]
    lines = ["  ".join(v.ljust(w) for v, w in zip(r, widths)).rstrip() for r in [head, *body]]
    lines.insert(1, "  ".join("-" * w for w in widths))
    if table.total > len(table.rows):
        lines.append(f"{len(table.rows):,} of {table.total:,} rows")
    return "\n".join(lines)
