"""Old and new model on the same fresh rows, and whether the new one is better.

`evaluate` runs in the replaying child, behind the cells; what `decide` and
`rows` make of its figures needs no Spark.
"""
from __future__ import annotations

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from splicemachine import _bridge, _deployable
from splicemachine._retrain import model_columns, replay
from splicemachine._retrain.recorded import MODEL
from splicemachine.errors import SpliceError

BINARY, MULTICLASS, REGRESSION = "binary", "multiclass", "regression"
FEW = 30  # rows of the rarer class; below, a difference is mostly chance


class Measure(NamedTuple):
    """The metric that decides."""

    name: str
    higher: bool      # is better
    tolerance: float  # what counts as equal; of the old value where `relative`
    relative: bool


MEASURES = {BINARY: Measure("MCC", True, 0.005, False), MULTICLASS: Measure("f1", True, 0.005, False),
            REGRESSION: Measure("rmse", False, 0.005, True)}


class Verdict(NamedTuple):
    """Whether to replace, and the sentence that says why."""

    better: bool
    text: str


def decide(kind: str, old: Dict[str, float], new: Dict[str, float]) -> Verdict:
    """Better is more than the tolerance better on the metric that decides."""
    m = MEASURES[kind]
    before, after = old[m.name], new[m.name]
    gain = (after - before) if m.higher else (before - after)
    least = m.tolerance * abs(before) if m.relative else m.tolerance
    needs = f"{m.tolerance:.1%} of it" if m.relative else f"{m.tolerance:g}"
    figures = f"{m.name} {number(before)} → {number(after)}"
    least += 1e-12  # 0.505 - 0.5 is more than 0.005 in binary
    if math.isfinite(gain) and gain > least:
        return Verdict(True, f"The new model is better: {figures}.")
    if math.isfinite(gain) and gain >= -least:
        return Verdict(False, f"The new model is no better: {figures}; a difference of up to {needs} counts as none.")
    return Verdict(False, f"The new model is worse: {figures}.")


def rows(kind: str, old: Dict[str, float], new: Dict[str, float], names: Tuple[str, str]) -> List[Dict[str, Any]]:
    """The table: the metric that decides first, then the others."""
    order = sorted(old, key=lambda k: k != MEASURES[kind].name)
    return [{"metric": k, names[0]: old[k], names[1]: new[k], "change": new[k] - old[k]} for k in order]


def number(x: float) -> str:
    """As people read it."""
    return f"{x:.4g}"


# --- in the replaying child ---

def evaluate() -> None:
    """Score both models on the held-out rows; the figures go to the new run and to the notebook."""
    here = replay.current()
    plan = here.plan
    label = model_columns.Label(*plan["label"])
    spark, models = _models(plan["run_id"], here.run["id"])
    frame, sql = _frame(here.reads, plan)
    frame = frame.persist()
    try:
        n = frame.count()
        if not n:
            raise SpliceError("no row was held out: the fresh table has too few", f"The query: {sql[:200]}")
        answered = [_answered(m, frame) for m in models]
        kind = _kind(models[1], answered[1][0], label.name)
        figures = [_score(spark, kind, f, label.name, column) for f, column in answered]
        few = _rarest(answered[1][0], label.name) if kind != REGRESSION else None
    finally:
        frame.unpersist()
    metrics = {f"retrain.{which}.{k}": v for which, found in zip(("old", "new"), figures) for k, v in found.items()}
    _bridge.call("track.log", metrics={**metrics, "retrain.rows": n}, run_id=here.run["id"])
    replay.tell("evaluate", {"kind": kind, "old": figures[0], "new": figures[1], "rows": n, "few": few,
                             "queries": len({r.sql for r in here.reads})})


def _models(old: str, new: str) -> Tuple[Any, List[Any]]:
    from splicemachine import _spark
    from splicemachine.ml.management import MLManager

    if not any(f["path"] == MODEL for f in _bridge.call("track.list_artifacts", run_id=new)["files"]):
        raise SpliceError("the cells logged no model this time", f"They are to call log_spark_model(MODEL) as {MODEL}.")
    manager = MLManager()
    return _spark.session(), [manager.load_spark_model(old), manager.load_spark_model(new)]


def _frame(reads: Sequence[replay.Read], plan: Dict[str, Any]) -> Tuple[Any, str]:
    """The held-out rows of the first query."""
    if not reads:
        raise SpliceError("no cell read the fresh table with splice.df and all columns that the models need: "
                          f"{', '.join(sorted(model_columns.wanted(plan)))}")
    sql, held = reads[0]
    return held.toDF(*model_columns.for_models(held.columns, plan)), sql


def _answered(model: Any, frame: Any) -> Tuple[Any, str]:
    last = _predictor(model)
    return model.transform(frame), last.getOrDefault("predictionCol")


def _predictor(model: Any) -> Any:
    """The stage that predicts."""
    for stage in reversed(_deployable._stages(model)):
        if stage.hasParam("predictionCol"):
            return stage
    raise SpliceError("the model predicts nothing that can be compared")


def _kind(model: Any, answered: Any, label: str) -> str:
    from pyspark.ml.base import Model
    from pyspark.sql import functions as F

    last = _predictor(model)
    package = f"{type(last).__module__}"
    if "classification" not in package:
        if "regression" in package and isinstance(last, Model):
            return REGRESSION
        raise SpliceError(f"there is no comparison for {type(last).__name__}",
                          "Classification and regression models are compared.")
    column = F.col("`" + label.replace("`", "``") + "`").cast("double")
    other = answered.filter(column.isNotNull() & ~column.isin(0.0, 1.0)).limit(1).count()
    classes = getattr(last, "numClasses", None)
    return BINARY if not other and classes in (2, None) else MULTICLASS


def _score(spark: Any, kind: str, answered: Any, label: str, prediction: str) -> Dict[str, float]:
    from splicemachine.ml import utilities

    evaluator = {
        BINARY: lambda: utilities.SpliceBinaryClassificationEvaluator(
            spark, labelCol=label, predictionCol=prediction, confusion_matrix=False),
        MULTICLASS: lambda: utilities.SpliceMultiClassificationEvaluator(
            spark, labelCol=label, predictionCol=prediction),
        REGRESSION: lambda: utilities.SpliceRegressionEvaluator(spark, labelCol=label, predictionCol=prediction),
    }[kind]()
    evaluator.input(answered)
    return {k: float(v) for k, v in evaluator.get_results("dict").items()}


def _rarest(answered: Any, label: str) -> Optional[List[Any]]:
    """[class, its rows] of the class with the fewest, when they are few."""
    counts = answered.groupBy("`" + label.replace("`", "``") + "`").count().collect()
    if len(counts) < 2:
        return [None, 0]
    value, n = min(((str(r[0]), r[1]) for r in counts), key=lambda c: c[1])
    return [value, n] if n < FEW else None
