"""The columns that a pipeline reads and makes, and what is known of them.

What is known comes from the training frame's schema and from the stages
themselves: a model knows how many features it has, so the one vector of
unknown length that was assembled into them gets its length from it.
"""
from __future__ import annotations

import re
from typing import Any, Dict, List, Optional, Sequence

from splicemachine._scorer.saved import Unsupported

# Spark's names of types, in JSON, and the model file's.
TYPES = {"double": "double", "float": "float", "integer": "int", "long": "long", "short": "short",
         "byte": "byte", "boolean": "boolean", "string": "string"}
NUMERIC = ("double", "float", "int", "long", "short", "byte", "decimal")


class Column:
    """One column.  `type` and `size` are None while unknown; a scalar has size 1."""

    def __init__(self, name: str, type: Optional[str] = None, size: Optional[int] = None,
                 labels: Optional[List[str]] = None, parts: Sequence["Column"] = (),
                 scale: Optional[int] = None, given: bool = False):
        self.name = name
        self.type = type
        self.size = 1 if type not in (None, "vector") else size
        self.labels = labels  # what its numbers stand for
        self.parts = parts    # a vector that is these, one after the other
        self.scale = scale    # of a decimal
        self.given = given    # of the frame: no stage makes it

    def resize(self, size: int) -> None:
        """Learn the number of elements; Unsupported when it is known to be another."""
        self.settle()
        if self.size is not None and self.size != size:
            raise Unsupported(f"it was fitted on {size} features, and {self.name} has {self.size}")
        self.size = size
        open_parts = [p for p in self.parts if p.length() is None]
        left = size - sum(p.length() or 0 for p in self.parts)
        if len(open_parts) == 1:
            open_parts[0].resize(left)
        elif open_parts and left == len(open_parts):
            for part in open_parts:
                part.resize(1)

    def settle(self) -> None:
        """Add up the parts, once all of them are known."""
        sizes = [p.length() for p in self.parts]
        if self.size is None and sizes and None not in sizes:
            self.size = sum(sizes)

    def length(self) -> Optional[int]:
        """The number of elements, or None."""
        self.settle()
        return self.size

    def described(self) -> Dict[str, Any]:
        """An entry of the model file's `inputs`."""
        kind = self.type or ("vector" if (self.length() or 1) > 1 else "double")
        if kind != "vector":
            return {"name": self.name, "type": kind}
        if self.length() is None:
            raise Unsupported(f"the number of elements of the vector {self.name} is not known")
        return {"name": self.name, "type": kind, "size": self.length()}


class Columns:
    """The columns at one place of the pipeline.

    `schema` is the training frame's, as `frame.schema.jsonValue()` gives it, or None when there
    is none: every column that nothing makes is then taken for an input.
    """

    def __init__(self, schema: Optional[Dict[str, Any]] = None):
        self._complete = schema is not None
        self._columns = {f["name"]: _column(f) for f in schema["fields"]} if schema else {}
        self._order = list(self._columns)
        self._inputs: Dict[str, Column] = {}

    def read(self, name: str, type: Optional[str] = None) -> Column:
        """The column that a stage names; `type` is what it is when nothing is known of it."""
        column = self.find(name)
        if column is None:
            if self._complete:
                raise Unsupported(f"it reads the column {name}, which is not there")
            column = self._columns[name] = Column(name, given=True)
        if column.type is None and type is not None:
            column.type = type
            column.size = column.size if type == "vector" else 1
        if column.type == "other":
            raise Unsupported(f"it reads the column {name}, which is neither number, text nor vector")
        if column.given:
            self._inputs.setdefault(column.name, column)
        return column

    def find(self, name: str) -> Optional[Column]:
        """The column of a name, as it is or whatever its case; None without one."""
        if name in self._columns:
            return self._columns[name]
        folded = [c for n, c in self._columns.items() if n.lower() == name.lower()]
        return folded[0] if len(folded) == 1 else None

    def add(self, column: Column) -> Column:
        """A stage made this column."""
        self._columns[column.name] = column
        return column

    def also(self, columns: Dict[str, Column]) -> None:
        """These have further names."""
        self._columns.update(columns)

    def keep_only(self, columns: Dict[str, Column]) -> None:
        """Only these are left, by their new names."""
        self._columns = columns
        self._complete = True

    def lose_track(self) -> None:
        """A stage was not understood: there may be any column from now on."""
        self._complete = False

    def inputs(self) -> List[Dict[str, Any]]:
        """What the stages read and did not make, in the frame's order, as the model file has it."""
        place = {name: i for i, name in enumerate(self._order)}
        found = sorted(self._inputs.values(), key=lambda c: place.get(c.name, len(place)))
        return [c.described() for c in found]


def column_type(spark_type: Any) -> Optional[str]:
    """The model file's type of a Spark type in JSON, or None when it has none."""
    if isinstance(spark_type, str):
        return "decimal" if spark_type.startswith("decimal") else TYPES.get(spark_type)
    is_vector = isinstance(spark_type, dict) and spark_type.get("type") == "udt" and \
        str(spark_type.get("class") or spark_type.get("pyClass")).endswith("VectorUDT")
    return "vector" if is_vector else None


def _column(field: Dict[str, Any]) -> Column:
    kind = column_type(field["type"])
    attributes = (field.get("metadata") or {}).get("ml_attr") or {}
    scale = re.fullmatch(r"decimal\(\d+,(-?\d+)\)", field["type"]) \
        if isinstance(field["type"], str) else None
    size = attributes.get("num_attrs")
    if size is None and "attrs" in attributes:
        size = sum(len(group) for group in attributes["attrs"].values())
    return Column(field["name"], kind or "other", size if kind == "vector" else 1,
                  attributes.get("vals"), scale=int(scale[1]) if scale else None, given=True)
