"""A Spark ML model as Spark saves it: parameters in JSON, fitted data in Parquet.

The saved form is what Spark promises to read in later versions, it holds every
double exactly, and reading it asks nothing of the JVM: a forest of a million
nodes is one file.
"""
from __future__ import annotations

import glob
import json
import math
import os
from typing import Any, Dict, Iterator, List, Optional, Set

NOT_FINITE = {"NaN": math.nan, "Inf": math.inf, "-Inf": -math.inf}  # Spark's spelling


class Unsupported(Exception):
    """A stage cannot be exported; the text is the reason, for the user."""


class Saved:
    """One saved stage: its folder, class, uid, parameters and data."""

    def __init__(self, folder: str):
        self.folder = folder
        self.meta = _metadata(folder)
        self.kind = str(self.meta.get("class", "")).rsplit(".", 1)[-1]
        self.uid = str(self.meta.get("uid", ""))
        self.unread: Set[str] = set()  # outputs that no later stage reads

    def is_set(self, name: str) -> bool:
        """Whether a value was given; defaults do not count."""
        return name in self.meta.get("paramMap", {})

    def param(self, name: str, default: Any = None) -> Any:
        """A parameter's value: as set, else Spark's default, else `default`."""
        for values in (self.meta.get("paramMap", {}), self.meta.get("defaultParamMap", {})):
            if name in values:
                return values[name]
        return default

    def number(self, name: str, default: float = 0.0) -> float:
        """A parameter that is a double."""
        return _double(self.param(name, default))

    def numbers(self, name: str) -> Optional[List[float]]:
        """A parameter that is an array of doubles, or None."""
        values = self.param(name)
        return None if values is None else [_double(v) for v in values]

    def table(self, name: str = "data") -> Any:
        """The fitted data, or another of the stage's folders, as an Arrow table."""
        try:
            from pyarrow import dataset
        except ImportError:
            raise Unsupported("pyarrow is not installed here, which reads its data") from None
        return dataset.dataset(os.path.join(self.folder, name), format="parquet").to_table()

    def row(self) -> Dict[str, Any]:
        """The data of a stage that has one row of it."""
        rows = self.table().to_pylist()
        if len(rows) != 1:
            raise Unsupported(f"its data has {len(rows)} rows, where Spark writes one")
        return rows[0]


def stages(folder: str) -> Iterator[Saved]:
    """The stages below a saved model, nested pipelines and what tuning found best in line."""
    stage = Saved(folder)
    if stage.kind == "PipelineModel":
        uids = stage.param("stageUids", [])
        for i, uid in enumerate(uids):
            yield from stages(os.path.join(folder, "stages", f"{i:0{len(str(len(uids)))}d}_{uid}"))
    elif stage.kind in ("CrossValidatorModel", "TrainValidationSplitModel"):
        yield from stages(os.path.join(folder, "bestModel"))
    else:
        yield stage


def vector(value: Dict[str, Any]) -> List[float]:
    """The elements of a stored vector, dense or sparse."""
    if value["type"] == 1:
        return value["values"]
    dense = [0.0] * value["size"]
    for i, x in zip(value["indices"], value["values"]):
        dense[i] = x
    return dense


def matrix(value: Dict[str, Any]) -> List[List[float]]:
    """The rows of a stored matrix, dense or sparse, stored by rows or by columns."""
    rows, cols, values = value["numRows"], value["numCols"], value["values"]
    lines, width = (rows, cols) if value["isTransposed"] else (cols, rows)
    if value["type"] == 1:
        stored = [values[i * width:(i + 1) * width] for i in range(lines)]
    else:
        stored = [[0.0] * width for _ in range(lines)]
        for line in range(lines):
            for at in range(value["colPtrs"][line], value["colPtrs"][line + 1]):
                stored[line][value["rowIndices"][at]] = values[at]
    return stored if value["isTransposed"] else [list(row) for row in zip(*stored)]


def number(x: float) -> Any:
    """A double as the model file writes it."""
    x = float(x)
    if math.isfinite(x):
        return x
    return "NaN" if math.isnan(x) else ("Infinity" if x > 0 else "-Infinity")


def numbers(values: Any) -> List[Any]:
    """VECTOR of docs/SCORER.md."""
    return [number(x) for x in values]


def rows(values: List[List[float]]) -> Dict[str, Any]:
    """MATRIX of docs/SCORER.md."""
    return {"rows": len(values), "cols": len(values[0]) if values else 0,
            "values": [number(x) for row in values for x in row]}


def _metadata(folder: str) -> Dict[str, Any]:
    for name in sorted(glob.glob(os.path.join(glob.escape(folder), "metadata", "part-*"))):
        with open(name, encoding="utf-8") as f:
            text = f.read()
        if text.strip():
            return json.loads(text)
    raise FileNotFoundError(f"{folder} holds no model that Spark saved")


def _double(value: Any) -> float:
    return NOT_FINITE[value] if isinstance(value, str) else float(value)
