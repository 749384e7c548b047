"""Models: one function for each of docs/SCORER.md's table."""
from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence

from splicemachine._scorer import trees
from splicemachine._scorer.columns import NUMERIC, Column, Columns
from splicemachine._scorer.saved import Saved, Unsupported, matrix, number, numbers, rows, vector

Stage = Dict[str, Any]
ANSWERS = {"prediction": ("predictionCol", "prediction"), "probability": ("probabilityCol", "probability"),
           "raw": ("rawPredictionCol", "rawPrediction")}  # member: parameter, Spark's default
LINKS = {"gaussian": "identity", "binomial": "logit", "poisson": "log", "gamma": "inverse"}
TWEEDIE = {0.0: "gaussian", 1.0: "poisson", 2.0: "gamma"}  # by the power of the variance
POWERS = {0.0: "log", 1.0: "identity", -1.0: "inverse", 0.5: "sqrt"}


def logistic_regression(stage: Saved, columns: Columns) -> Stage:
    row = stage.row()
    coefficients = matrix(row["coefficientMatrix"])
    made = {**_features(stage, columns, row["numFeatures"]), "classes": row["numClasses"],
            "coefficients": rows(coefficients), "intercepts": numbers(vector(row["interceptVector"])),
            "sparse": _is_sparse(row["coefficientMatrix"])}
    thresholds = stage.numbers("thresholds")
    if row["isMultinomial"]:
        made["thresholds"] = _vector_or_none(thresholds)
    else:
        made["threshold"] = number(_binary(thresholds) if thresholds else stage.number("threshold", 0.5))
    return {**made, **_answers(stage, columns, row["numClasses"], "prediction", "probability", "raw")}


def linear_regression(stage: Saved, columns: Columns) -> Stage:
    row = stage.row()
    coefficients = vector(row["coefficients"])
    return {**_features(stage, columns, len(coefficients)), "coefficients": numbers(coefficients),
            "sparse": _is_sparse(row["coefficients"]), "intercept": number(row["intercept"]),
            **_answers(stage, columns, 0, "prediction")}


def generalized_linear_regression(stage: Saved, columns: Columns) -> Stage:
    row = stage.row()
    coefficients = vector(row["coefficients"])
    offset = stage.param("offsetCol") or None
    if offset and columns.read(offset, "double").type not in NUMERIC:
        raise Unsupported(f"its offset {offset} is not a number")
    link_column = stage.param("linkPredictionCol") or None
    made = {**_features(stage, columns, len(coefficients)), "coefficients": numbers(coefficients),
            "intercept": number(row["intercept"]), **_family(stage), "offset": offset,
            "link_prediction": link_column, **_answers(stage, columns, 0, "prediction")}
    if link_column:
        columns.add(Column(link_column, "double"))
    return made


def multilayer_perceptron(stage: Saved, columns: Columns) -> Stage:
    layers = stage.param("layers")
    return {**_features(stage, columns, layers[0]), "layers": layers,
            "weights": numbers(vector(stage.row()["weights"])),
            **_thresholds(stage), **_answers(stage, columns, layers[-1], *ANSWERS)}


def decision_tree(stage: Saved, columns: Columns) -> Stage:
    classes = _classes(stage)
    return {**_trained(stage, columns, classes), "tree": trees.tree(stage, bool(classes)),
            **_answers(stage, columns, classes, *(ANSWERS if classes else ("prediction",)))}


def random_forest(stage: Saved, columns: Columns) -> Stage:
    classes = _classes(stage)
    if any(w != 1.0 for w in trees.weights(stage)):
        raise Unsupported("its trees have weights")
    return {**_trained(stage, columns, classes), "trees": trees.ensemble(stage, bool(classes)),
            **_answers(stage, columns, classes, *(ANSWERS if classes else ("prediction",)))}


def gbt(stage: Saved, columns: Columns) -> Stage:
    classes = 2 if stage.kind == "GBTClassificationModel" else 0
    return {**_trained(stage, columns, classes), "trees": trees.ensemble(stage, classify=False),
            "weights": trees.weights(stage),
            **_answers(stage, columns, classes, *(ANSWERS if classes else ("prediction",)))}


def linear_svc(stage: Saved, columns: Columns) -> Stage:
    row = stage.row()
    coefficients = vector(row["coefficients"])
    return {**_features(stage, columns, len(coefficients)), "coefficients": numbers(coefficients),
            "sparse": _is_sparse(row["coefficients"]), "intercept": number(row["intercept"]),
            "threshold": number(stage.number("threshold", 0.0)),
            **_answers(stage, columns, 2, "prediction", "raw")}


def naive_bayes(stage: Saved, columns: Columns) -> Stage:
    row = stage.row()
    theta = matrix(row["theta"])
    kind = stage.param("modelType", "multinomial")
    made = {**_features(stage, columns, len(theta[0])), "model_type": kind,
            "pi": numbers(vector(row["pi"])), "theta": rows(theta), **_thresholds(stage)}
    if kind == "gaussian":
        made["sigma"] = rows(matrix(row["sigma"]))
    return {**made, **_answers(stage, columns, len(theta), *ANSWERS)}


def k_means(stage: Saved, columns: Columns) -> Stage:
    found = sorted(stage.table().to_pylist(), key=lambda r: r["clusterIdx"])
    centers = [vector(r["clusterCenter"]) for r in found]
    return {**_features(stage, columns, len(centers[0])), "centers": rows(centers),
            "distance": stage.param("distanceMeasure", "euclidean"),
            **_answers(stage, columns, 0, "prediction", number_type="int")}


def _features(stage: Saved, columns: Columns, size: int) -> Stage:
    name = stage.param("featuresCol", "features")
    column = columns.read(name, "vector")
    if column.type != "vector":
        raise Unsupported(f"its features {name} are not a vector")
    column.resize(size)
    return {"features": name}


def _answers(stage: Saved, columns: Columns, classes: int, *members: str,
             number_type: str = "double") -> Stage:
    """The output columns; the members that the model does not have are null."""
    made: Dict[str, Optional[str]] = {}
    for member, (param, default) in ANSWERS.items():
        made[member] = (stage.param(param, default) or None) if member in members else None
        if made[member]:
            columns.add(Column(made[member], number_type) if member == "prediction"
                        else Column(made[member], "vector", classes))
    return made


def _is_sparse(coefficients: Dict[str, Any]) -> bool:
    """Whether zeros are not stored: NaN in their feature then changes nothing."""
    return coefficients["type"] == 0


def _thresholds(stage: Saved) -> Stage:
    return {"thresholds": _vector_or_none(stage.numbers("thresholds"))}


def _vector_or_none(values: Optional[Sequence[float]]) -> Optional[List[Any]]:
    return None if values is None else numbers(values)


def _binary(thresholds: Sequence[float]) -> float:
    """The one threshold that two stand for, as Spark computes it."""
    if thresholds[1] == 0.0:
        return 0.0
    return 1.0 / (1.0 + thresholds[0] / thresholds[1])


def _classes(stage: Saved) -> int:
    """Number of classes; 0 for a regression."""
    return int(stage.meta["numClasses"]) if stage.kind.endswith("ClassificationModel") else 0


def _trained(stage: Saved, columns: Columns, classes: int) -> Stage:
    """What all models of trees have."""
    if stage.param("leafCol"):
        raise Unsupported("it names the leaf of each row (leafCol)")
    made = {**_features(stage, columns, int(stage.meta["numFeatures"])),
            "task": "classification" if classes else "regression", "classes": classes, "thresholds": None}
    return {**made, **_thresholds(stage)} if classes else made


def _family(stage: Saved) -> Stage:
    """Family and link with Spark's defaults worked out; a power that has a name goes by it."""
    family = str(stage.param("family", "gaussian")).lower()
    if family == "tweedie":
        variance = stage.number("variancePower", 0.0)
        power = stage.number("linkPower", 1.0 - variance)
        link = POWERS.get(power, "power")
        return {"family": TWEEDIE.get(variance, family), "link": link, "link_power": number(power)}
    link = str(stage.param("link") or LINKS[family]).lower()
    return {"family": family, "link": link, "link_power": None}
