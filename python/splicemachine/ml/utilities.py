"""Evaluators of predictions, each in one pass over the data.

Results are averaged over all ``input()`` calls.  What differs from the
original package, whose faults are put right, is listed in docs/PYTHON.md:
false positives and false negatives were swapped there, SPC was TPR, and
column names other than 'label' and 'prediction' were not honoured.
"""
from __future__ import annotations

import math
from typing import Any, Callable, Dict, List, Optional, Tuple

from splicemachine import _bridge
from splicemachine.errors import SpliceError


def _over(numerator: float, denominator: float) -> float:
    """A ratio; 0.0 when there is nothing to divide by, as in scikit-learn."""
    return numerator / denominator if denominator else 0.0


def _mcc(tp: int, tn: int, fp: int, fn: int) -> float:
    return _over(tp * tn - fp * fn,
                 math.sqrt(tp + fp) * math.sqrt(tp + fn) * math.sqrt(tn + fp) * math.sqrt(tn + fn))


# key, meaning, value from (tp, tn, fp, fn); in the order of the results.
BINARY: List[Tuple[str, str, Callable[[int, int, int, int], float]]] = [
    ("TPR", "true positive rate: recall, sensitivity", lambda tp, tn, fp, fn: _over(tp, tp + fn)),
    ("SPC", "specificity: true negative rate", lambda tp, tn, fp, fn: _over(tn, tn + fp)),
    ("PPV", "positive predictive value: precision", lambda tp, tn, fp, fn: _over(tp, tp + fp)),
    ("NPV", "negative predictive value", lambda tp, tn, fp, fn: _over(tn, tn + fn)),
    ("FPR", "false positive rate: fall-out", lambda tp, tn, fp, fn: _over(fp, fp + tn)),
    ("FDR", "false discovery rate", lambda tp, tn, fp, fn: _over(fp, fp + tp)),
    ("FNR", "false negative rate: miss rate", lambda tp, tn, fp, fn: _over(fn, fn + tp)),
    ("ACC", "accuracy", lambda tp, tn, fp, fn: _over(tp + tn, tp + tn + fp + fn)),
    ("F1", "F1 score", lambda tp, tn, fp, fn: _over(2 * tp, 2 * tp + fp + fn)),
    ("MCC", "Matthews correlation coefficient", _mcc),
]


class _Evaluator:
    """What the evaluators share: column names of both eras, averaging, output."""

    MEANINGS: Dict[str, str] = {}
    FIRST = "prediction"  # which column's name comes first among positional arguments

    def __init__(self, spark: Any, *names: Any, **options: Any):
        self._spark = spark
        self._results: List[Dict[str, float]] = []
        self.label_column, self.prediction_column = _column_names(self.FIRST, names, options)
        if options:
            raise TypeError(f"{type(self).__name__}: unknown argument {next(iter(options))!r}")

    def input(self, predictions_dataframe: Any) -> None:
        """Evaluate a frame of predictions; the results average over all frames given.

        Raises SpliceError when a column is missing, or holds what cannot be evaluated.
        """
        have = predictions_dataframe.columns
        for column in (self.label_column, self.prediction_column):
            if column not in have:
                raise SpliceError(f"the frame has no column {column!r}; it has {', '.join(have)}",
                                  f"Name yours: {type(self).__name__}(spark, label_column=…, "
                                  "prediction_column=…).")
        self._results.append(self._evaluate(predictions_dataframe))

    def get_results(self, output_type: Any = "dataframe", *, as_dict: Any = False,
                    dict: Any = False) -> Any:
        """The results so far.

        A Spark frame with the columns metric, value and meaning; with 'dict' (or True, as_dict or
        dict, as releases differ) a dict of floats.
        """
        if output_type not in ("dataframe", "dict", True, False):
            raise ValueError(f"output_type {output_type!r}: 'dataframe' or 'dict'")
        results = self._average()
        if output_type in ("dict", True) or as_dict or dict:
            return results
        frame = self._spark.createDataFrame(
            [(k, v, self.MEANINGS[k]) for k, v in results.items()],
            "metric string, value double, meaning string")
        frame._splice_chart = "none"  # metrics are no parts of a whole
        return frame

    def _average(self) -> Dict[str, float]:
        if not self._results:
            raise SpliceError("nothing was evaluated", "Call input(PREDICTIONS) first.")
        return {k: sum(r[k] for r in self._results) / len(self._results) for k in self._results[0]}

    def _evaluate(self, frame: Any) -> Dict[str, float]:
        raise NotImplementedError


class SpliceBinaryClassificationEvaluator(_Evaluator):
    """Two classes, 0 and 1; 1 is positive.

    SpliceBinaryClassificationEvaluator(spark, label_column='label',
        prediction_column='prediction', confusion_matrix=True), or with the later names labelCol
    and predictionCol.  Positional names are taken in the order of 2018, label first, unless the
    first one says "pred".  `confusion_matrix` shows the matrix at each input().

    Results: TPR SPC PPV NPV FPR FDR FNR ACC F1 MCC.  A ratio without a denominator (no positive
    label, say) is 0.0.  Rows whose label or prediction is null are left out.
    """

    FIRST = "label"
    MEANINGS = {key: meaning for key, meaning, _ in BINARY}

    def __init__(self, spark: Any, *names: Any, confusion_matrix: bool = True, **options: Any):
        if names and isinstance(names[-1], bool):
            names, confusion_matrix = names[:-1], names[-1]
        super().__init__(spark, *names, **options)
        self.confusion_matrix = confusion_matrix

    def _evaluate(self, frame: Any) -> Dict[str, float]:
        counts = self._counts(frame)
        tp, tn, fp, fn = counts[1, 1], counts[0, 0], counts[0, 1], counts[1, 0]
        if self.confusion_matrix:
            _show_matrix(tp, tn, fp, fn)
        return {key: formula(tp, tn, fp, fn) for key, _, formula in BINARY}

    def _counts(self, frame: Any) -> Dict[Tuple[int, int], int]:
        from pyspark.sql import functions as F

        pairs = frame.select(F.col(f"`{self.label_column}`").cast("double").alias("label"),
                             F.col(f"`{self.prediction_column}`").cast("double").alias("prediction"))
        counts = {(label, prediction): 0 for label in (0, 1) for prediction in (0, 1)}
        for row in pairs.dropna().groupBy("label", "prediction").count().collect():
            if (row[0], row[1]) not in counts:
                raise SpliceError(f"label {row[0]:g} with prediction {row[1]:g}: two classes are 0 and 1",
                                  "For more classes use SpliceMultiClassificationEvaluator.")
            counts[int(row[0]), int(row[1])] = row[2]
        return counts


class SpliceRegressionEvaluator(_Evaluator):
    """SpliceRegressionEvaluator(spark, prediction_column='prediction', label_column='label').

    Results: rmse, mse, r2, mae.  r2 is 0.0 when all labels are equal.
    """

    MEANINGS = {"rmse": "root of the mean squared error", "mse": "mean squared error",
                "r2": "coefficient of determination", "mae": "mean absolute error"}

    def _evaluate(self, frame: Any) -> Dict[str, float]:
        from pyspark.sql import functions as F

        label = F.col(f"`{self.label_column}`").cast("double").alias("label")
        prediction = F.col(f"`{self.prediction_column}`").cast("double").alias("prediction")
        error = F.col("label") - F.col("prediction")
        n, mse, mae, variance = frame.select(label, prediction).dropna().agg(
            F.count(F.lit(1)), F.avg(error * error), F.avg(F.abs(error)), F.var_pop("label")).first()
        if not n:
            raise SpliceError("the frame has no row with a label and a prediction")
        return {"rmse": math.sqrt(mse), "mse": mse, "r2": 1 - mse / variance if variance else 0.0,
                "mae": mae}


class SpliceMultiClassificationEvaluator(_Evaluator):
    """SpliceMultiClassificationEvaluator(spark, prediction_column='prediction', label_column='label').

    Results: f1, weightedPrecision, weightedRecall, accuracy, each class weighted by its labels.
    """

    MEANINGS = {"f1": "F1 score, weighted by class", "weightedPrecision": "precision, weighted by class",
                "weightedRecall": "recall, weighted by class", "accuracy": "accuracy"}

    def _evaluate(self, frame: Any) -> Dict[str, float]:
        from pyspark.sql import functions as F

        counts = frame.select(F.col(f"`{self.label_column}`").cast("double").alias("label"),
                              F.col(f"`{self.prediction_column}`").cast("double").alias("prediction"))
        counts = {(r[0], r[1]): r[2] for r in
                  counts.dropna().groupBy("label", "prediction").count().collect()}
        total = sum(counts.values())
        if not total:
            raise SpliceError("the frame has no row with a label and a prediction")
        f1 = precision = recall = 0.0
        for c in {label for label, _ in counts}:
            labelled = sum(n for (label, _), n in counts.items() if label == c)
            predicted = sum(n for (_, p), n in counts.items() if p == c)
            right = counts.get((c, c), 0)
            weight = labelled / total
            precision += weight * _over(right, predicted)
            recall += weight * _over(right, labelled)
            f1 += weight * _over(2 * right, labelled + predicted)
        right = sum(n for (label, p), n in counts.items() if label == p)
        return {"f1": f1, "weightedPrecision": precision, "weightedRecall": recall,
                "accuracy": right / total}


def _column_names(first: str, names: Tuple, options: Dict[str, Any]) -> Tuple[str, str]:
    """(label, prediction) from positional names and from the keywords of both eras."""
    if len(names) > 2 or not all(isinstance(n, str) for n in names):
        raise TypeError("column names are texts, two at most")
    order = ["label", "prediction"] if first == "label" else ["prediction", "label"]
    if names and ("pred" in names[0].lower()) != (order[0] == "prediction") \
            and ("pred" in names[0].lower() or "label" in names[0].lower()):
        order.reverse()
    found = dict(zip(order, names))
    for kind in ("label", "prediction"):
        for keyword in (f"{kind}_column", f"{kind}Col"):
            if keyword in options:
                found[kind] = options.pop(keyword)
    return found.get("label", "label"), found.get("prediction", "prediction")


def _show_matrix(tp: int, tn: int, fp: int, fn: int) -> None:
    from splicemachine.zeppelin import ZeppelinContext

    rows = [{"": "label 0", "prediction 0": tn, "prediction 1": fp},
            {"": "label 1", "prediction 0": fn, "prediction 1": tp}]
    ZeppelinContext().show(rows, chart="none",
                           title="Confusion matrix" if _bridge.available() else None)


class DecisionTreeVisualizer:
    """Decision trees and what their features weigh."""

    @staticmethod
    def feature_importance(spark: Any, model: Any, dataset: Any, featuresCol: str = "features") -> Any:
        """A Spark frame (feature, importance) of a fitted tree, largest first."""
        names = _feature_names(dataset, featuresCol)
        weights = model.featureImportances.toArray().tolist()
        pairs = sorted(zip(names or [f"feature {i}" for i in range(len(weights))], weights),
                       key=lambda p: -p[1])
        return spark.createDataFrame(pairs, "feature string, importance double")

    @staticmethod
    def visualize(model: Any, feature_column_names: List[str], label_names: List[str],
                  tree_name: str = "tree", visual: bool = False) -> None:
        """Print a fitted tree with the names of its features and labels.

        `visual` drew a picture through graphviz in the original; the text is printed here.
        """
        print(tree_name)
        print(DecisionTreeVisualizer.parse(model.toDebugString, feature_column_names, label_names))

    @staticmethod
    def parse(text: str, feature_column_names: List[str], label_names: List[str]) -> str:
        """Spark's text of a tree with names in the place of numbers."""
        import re

        def feature(m):
            i = int(m.group(1))
            return str(feature_column_names[i]) if i < len(feature_column_names) else m.group(0)

        def label(m):
            i = float(m.group(1))
            known = i.is_integer() and 0 <= i < len(label_names)
            return f"Predict: {label_names[int(i)]}" if known else m.group(0)

        text = re.sub(r"feature (\d+)", feature, text)
        return re.sub(r"Predict: (-?[\d.eE+-]+)", label, text)


def _feature_names(dataset: Any, column: str) -> Optional[List[str]]:
    attrs = dataset.schema[column].metadata.get("ml_attr", {}).get("attrs", {})
    found = sorted((a["idx"], a["name"]) for kind in attrs.values() for a in kind)
    return [name for _, name in found] or None


def _deprecated(name: str, instead: str) -> type:
    def init(self, *args, **kwargs):
        raise NotImplementedError(f"{name} is gone: use {instead}")

    return type(name, (), {"__init__": init, "__doc__": f"Gone: use {instead}."})


Run = _deprecated("Run", "splicemachine.ml.management.MLManager")
ModelEvaluator = _deprecated("ModelEvaluator", "SpliceBinaryClassificationEvaluator")


def experiment_maker(*args: Any, **kwargs: Any) -> None:
    """Gone: use MLManager.create_experiment."""
    raise NotImplementedError("experiment_maker is gone: use MLManager().create_experiment(NAME)")
