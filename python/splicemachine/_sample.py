"""Rows of the training frame, and what Spark answers to them.

A deployment compares the model server's answers with these before anyone
sees them.  One job reads the rows; of those it brings, each class gives
equally many, as far as it has them.
"""
from __future__ import annotations

import decimal
from typing import Any, Dict, Hashable, List, Optional, Sequence

from splicemachine._scorer.columns import column_type
from splicemachine._scorer.saved import number

SAMPLE_ROWS = 200
LOOK_ROWS = 2000        # rows among which they are chosen
LOOK_VALUES = 2_000_000  # fewer rows when they are wide: what is read fits in memory …
SAMPLE_VALUES = 400_000  # … and what is kept in a few megabytes
CLASSES_MAX = 50        # more are no classes
VECTOR_GUESS = 100      # elements of a vector that nothing tells the length of

ANSWERS = {"prediction": "prediction", "probability": "probability", "rawPrediction": "raw"}


def sample(model: Any, frame: Any, outputs: Dict[str, str], inputs: Optional[Sequence[str]] = None,
           label: Optional[str] = None) -> Dict[str, Any]:
    """splice/sample.json of docs/DEPLOY.md.

    `outputs` are the model file's; `inputs` the columns to take, else all that JSON can hold.
    """
    fields = [f for f in frame.schema.jsonValue()["fields"] if column_type(f["type"])
              and (inputs is None or f["name"] in inputs)]
    names = [f["name"] for f in fields]
    answers = {k: outputs[v] for k, v in ANSWERS.items() if v in outputs}
    width = sum(_width(f) for f in fields) + len(answers)
    rows = _rows(model, frame, names, list(answers.values()), label,
                 max(SAMPLE_ROWS, min(LOOK_ROWS, LOOK_VALUES // width)))
    n = max(SAMPLE_ROWS // 10, min(SAMPLE_ROWS, SAMPLE_VALUES // width))
    chosen = [rows[i] for i in choose([_class(r[-1]) for r in rows], n)]
    at = len(names)
    return {"columns": [_described(f, [r[i] for r in chosen]) for i, f in enumerate(fields)],
            "rows": [[value(v) for v in r[:at]] for r in chosen],
            "expected": [dict(zip(answers, map(value, r[at:at + len(answers)]))) for r in chosen]}


def choose(classes: Sequence[Hashable], n: int) -> List[int]:
    """Which of the rows to take, in their order: each class in turn, as long as it has any.

    The first `n` when there are too many classes to be some.
    """
    by_class: Dict[Hashable, List[int]] = {}
    for i, c in enumerate(classes):
        by_class.setdefault(c, []).append(i)
    if len(by_class) > CLASSES_MAX:
        return list(range(min(n, len(classes))))
    taken: List[int] = []
    for turn in range(len(classes)):
        waiting = [rows[turn] for rows in by_class.values() if turn < len(rows)]
        if not waiting or len(taken) >= n:
            break
        taken += waiting
    return sorted(taken[:n])


def value(v: Any) -> Any:
    """A value as JSON holds it, every digit kept."""
    if v is None or isinstance(v, (bool, int, str)):
        return v
    if isinstance(v, (float, decimal.Decimal)):
        return number(float(v))
    return [number(x) for x in v.toArray().tolist()]


def _rows(model: Any, frame: Any, names: List[str], answers: List[str], label: Optional[str],
          n: int) -> List[Sequence[Any]]:
    """Rows of inputs, answers and the class, read in one job."""
    answered = model.transform(frame)
    if not set(names) <= set(answered.columns):  # the pipeline drops some: rows first, then answers
        return _rows_apart(model, frame, names, answers, n)
    by = label if label in answered.columns else answers[0]
    return answered.select(*map(_quoted, [*names, *answers, by])).limit(n).collect()


def _rows_apart(model: Any, frame: Any, names: List[str], answers: List[str],
                n: int) -> List[Sequence[Any]]:
    taken = frame.limit(n).collect()
    local = frame.sparkSession.createDataFrame(taken, frame.schema)
    answered = model.transform(local).select(*map(_quoted, answers)).collect()
    if len(answered) != len(taken):
        raise ValueError("the pipeline drops columns and skips rows: its answers cannot be told apart")
    return [[*(row[name] for name in names), *answer, answer[0]]
            for row, answer in zip(taken, answered)]


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _class(v: Any) -> Hashable:
    return v if isinstance(v, Hashable) and v == v else repr(v)


def _width(field: Dict[str, Any]) -> int:
    if column_type(field["type"]) != "vector":
        return 1
    return ((field.get("metadata") or {}).get("ml_attr") or {}).get("num_attrs") or VECTOR_GUESS


def _described(field: Dict[str, Any], values: List[Any]) -> Dict[str, Any]:
    kind = column_type(field["type"])
    column = {"name": field["name"], "type": kind}
    sizes = {len(v) for v in values if v is not None} if kind == "vector" else set()
    return {**column, "size": sizes.pop()} if len(sizes) == 1 else column
