"""From a saved Spark ML model to the model file of splice-scorer (docs/SCORER.md).

What is exported is what Spark saved, so nothing here needs a JVM.  A stage
that is not known, or is used in a way the scorer does not have, is reported
with its reason; all of them are, not only the first.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from splicemachine._scorer import models, stages
from splicemachine._scorer.columns import Column, Columns
from splicemachine._scorer.saved import Saved, Unsupported
from splicemachine._scorer.saved import stages as saved_stages

FORMAT, VERSION = "splice-scorer", 1

# Spark's class -> the model file's kind and what exports it.
KINDS: Dict[str, Tuple[str, Callable[[Saved, Columns], Dict[str, Any]]]] = {
    "VectorAssembler": ("VectorAssembler", stages.vector_assembler),
    "StandardScalerModel": ("StandardScaler", stages.standard_scaler),
    "MinMaxScalerModel": ("MinMaxScaler", stages.min_max_scaler),
    "MaxAbsScalerModel": ("MaxAbsScaler", stages.max_abs_scaler),
    "Normalizer": ("Normalizer", stages.normalizer),
    "ImputerModel": ("Imputer", stages.imputer),
    "Bucketizer": ("Bucketizer", stages.bucketizer),
    "Binarizer": ("Binarizer", stages.binarizer),
    "StringIndexerModel": ("StringIndexer", stages.string_indexer),
    "IndexToString": ("IndexToString", stages.index_to_string),
    "OneHotEncoderModel": ("OneHotEncoder", stages.one_hot_encoder),
    "PCAModel": ("PCA", stages.pca),
    "SQLTransformer": ("SelectColumns", stages.select_columns),
    "LogisticRegressionModel": ("LogisticRegression", models.logistic_regression),
    "LinearRegressionModel": ("LinearRegression", models.linear_regression),
    "GeneralizedLinearRegressionModel":
        ("GeneralizedLinearRegression", models.generalized_linear_regression),
    "MultilayerPerceptronClassificationModel": ("MultilayerPerceptron", models.multilayer_perceptron),
    "DecisionTreeClassificationModel": ("DecisionTree", models.decision_tree),
    "DecisionTreeRegressionModel": ("DecisionTree", models.decision_tree),
    "RandomForestClassificationModel": ("RandomForest", models.random_forest),
    "RandomForestRegressionModel": ("RandomForest", models.random_forest),
    "GBTClassificationModel": ("GBT", models.gbt),
    "GBTRegressionModel": ("GBT", models.gbt),
    "LinearSVCModel": ("LinearSVC", models.linear_svc),
    "NaiveBayesModel": ("NaiveBayes", models.naive_bayes),
    "KMeansModel": ("KMeans", models.k_means),
}


class Export(NamedTuple):
    """Either a model file, or what stands against it: [{"kind", "uid", "reason"}]."""

    model: Optional[Dict[str, Any]]
    unsupported: List[Dict[str, str]]


def export(folder: str, schema: Optional[Dict[str, Any]] = None, **about: str) -> Export:
    """The model file of the model that Spark saved in `folder`.

    `schema` is that of a frame it transforms, as `frame.schema.jsonValue()` gives it: types of
    inputs and lengths of vectors come from there, and are concluded from the stages without it.
    `about` are further members: run_id, experiment_id.
    """
    found = _leave_out_labels(list(saved_stages(folder)))
    columns = Columns(schema)
    made, unsupported = [], []
    for stage in found:
        try:
            made.append(_exported(stage, columns))
        except Unsupported as e:
            unsupported.append(_reason(stage, str(e)))
            columns.lose_track()
    if not found:
        unsupported.append({"kind": "PipelineModel", "uid": Saved(folder).uid, "reason": "it has no stages"})
    if unsupported:
        return Export(None, unsupported)
    try:
        _settle(made)
        outputs, inputs = _outputs(made), columns.inputs()
    except Unsupported as e:
        return Export(None, [_reason(found[-1], str(e))])
    return Export({"format": FORMAT, "version": VERSION, "spark": str(found[-1].meta.get("sparkVersion")),
                   **about, "inputs": inputs, "stages": made, "outputs": outputs}, [])


def _exported(stage: Saved, columns: Columns) -> Dict[str, Any]:
    kind, convert = KINDS.get(stage.kind, (None, None))
    if convert is None:
        raise Unsupported("the scorer does not have this stage")
    return {"kind": kind, "uid": stage.uid, **convert(stage, columns)}


def _settle(made: Sequence[Dict[str, Any]]) -> None:
    """Replace the columns of assemblers by their lengths, which later stages have told by now."""
    for stage in made:
        if stage["kind"] == "VectorAssembler":
            parts: List[Column] = stage["sizes"]
            unknown = [p.name for p in parts if p.length() is None and p.type == "vector"]
            if unknown:
                raise Unsupported(f"the number of elements of the vector {unknown[0]} is not known")
            stage["sizes"] = [p.length() or 1 for p in parts]


def _outputs(made: Sequence[Dict[str, Any]]) -> Dict[str, str]:
    """The columns of the last model; of a pipeline without one, the last column made."""
    model = next((s for s in reversed(made) if "prediction" in s), None)
    if model is not None:
        if not model["prediction"]:
            raise Unsupported("its predictionCol is empty")
        return {k: model[k] for k in ("prediction", "probability", "raw") if model[k]}
    last = made[-1]
    names = last.get("outputs") or [last.get("output")] if last["kind"] != "SelectColumns" else \
        [c["as"] for c in last["columns"]]
    if not names or not names[-1]:
        raise Unsupported("it makes no column")
    return {"prediction": names[-1]}


def _reason(stage: Saved, text: str) -> Dict[str, str]:
    return {"kind": stage.kind, "uid": stage.uid, "reason": text}


def _leave_out_labels(found: Sequence[Saved]) -> List[Saved]:
    """Without what only indexes a column that nothing reads: the label's.

    A request has no label, and Spark, too, passes over a StringIndexer's column that is missing.
    """
    read: set = set()
    kept = []
    for stage in reversed(found):
        if stage.kind == "StringIndexerModel" and kept and "*" not in read:
            outputs = stage.param("outputCols") if stage.is_set("inputCols") else [stage.param("outputCol")]
            stage.unread = set(outputs or ()) - read
            if not set(outputs or ()) - stage.unread:
                continue
        kept.append(stage)
        read.update(_reads(stage))
    return kept[::-1]


def _reads(stage: Saved) -> List[str]:
    """Names of the columns that a stage reads; "*" for any."""
    if stage.kind == "SQLTransformer":
        try:
            return [c["from"] for c in stages.parse_select(stage.param("statement", ""))[1]]
        except Unsupported:
            return ["*"]
    if stage.kind not in KINDS:
        return ["*"]
    single = [stage.param(p) for p in ("inputCol", "featuresCol", "offsetCol")]
    return [name for name in (*single, *(stage.param("inputCols") or [])) if name]
