"""What a deployment needs of a logged model, stored beside it (docs/DEPLOY.md).

The model is stored by then: whatever cannot be had here costs a notice and
nothing else.
"""
from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Optional

from splicemachine import _bridge, _fitted, _sample, _scorer
from splicemachine._notice import notice

FOLDER = "splice"       # below the run's artifacts
MODEL_MAX = 256 << 20   # bytes that the scorer reads
NOT_SEEN = ("No sample of the training data was kept: the fit of this model was not seen in this "
            "session. log_spark_model(model, input_example=FRAME) takes one.")


def log(model: Any, saved: str, folder: str, run: Dict[str, Any], input_example: Any = None) -> None:
    """Store it for the model that Spark saved in `saved`; `folder` is scratch."""
    os.makedirs(os.path.join(folder, "sample"))
    rest = os.path.join(folder, "rest")
    os.makedirs(rest)
    fit = _fitted.find(model)
    frame = _frame(fit, input_example)
    with _loses("The cells and queries of this session were not kept"):
        _write_session(rest)
    exported = _write_model(rest, saved, frame, run)
    if fit is not None:
        with _loses("The unfitted pipeline was not kept"):
            _save_pipeline(fit.estimator, os.path.join(rest, "pipeline"))
    with _loses("What a deployment needs was not stored"):
        _bridge.call("track.log_artifacts", dir=rest, path=FOLDER, run_id=run["id"])
    if frame is None:
        notice(NOT_SEEN)
        return
    with _loses("No sample of the training data was kept"):
        made = _sample.sample(model, frame, *_columns(model, exported), label=_label(fit))
        _dump(os.path.join(folder, "sample", "sample.json"), made)
        _bridge.call("track.log_artifacts", dir=os.path.join(folder, "sample"), path=FOLDER,
                     run_id=run["id"])


@contextmanager
def _loses(what: str) -> Iterator[None]:
    """An error within loses what is named, with one notice."""
    try:
        yield
    except Exception as e:
        first = next((line for line in str(e).splitlines() if line.strip()), type(e).__name__)
        notice(f"{what}: {first[:300]}")


def _frame(fit: Optional[_fitted.Fit], input_example: Any) -> Any:
    if input_example is None:
        return fit and fit.frame
    if hasattr(input_example, "sparkSession"):
        return input_example
    from splicemachine import _spark

    return _spark.session().createDataFrame(input_example)


def _write_session(folder: str) -> None:
    kept = _bridge.call("track.kept")
    for name, member in (("cells", "cells"), ("sql", "statements")):
        _dump(os.path.join(folder, f"{name}.json"),
              {member: kept[member], "forgotten": kept["forgotten"][member]})


def _write_model(folder: str, saved: str, frame: Any, run: Dict[str, Any]) -> _scorer.Export:
    """model.json or unsupported.json; an error on the way is a reason like others."""
    try:
        schema = frame.schema.jsonValue() if frame is not None else None
        exported = _scorer.export(saved, schema, run_id=run["id"], experiment_id=run["experiment_id"])
    except Exception as e:
        exported = _scorer.Export(None, [{"kind": "PipelineModel", "uid": "", "reason": str(e)}])
    if exported.model is not None:
        path = os.path.join(folder, "model.json")
        _dump(path, exported.model)
        size = os.path.getsize(path)
        if size <= MODEL_MAX:
            return exported
        os.remove(path)
        reason = f"the model file has {size >> 20} MB, more than {MODEL_MAX >> 20}"
        last = exported.model["stages"][-1]
        exported = _scorer.Export(None, [{"kind": last["kind"], "uid": last["uid"], "reason": reason}])
    _dump(os.path.join(folder, "unsupported.json"), {"stages": exported.unsupported})
    first = exported.unsupported[0]
    more = f" and {len(exported.unsupported) - 1} more" if len(exported.unsupported) > 1 else ""
    notice(f"splice-scorer cannot serve this model ({first['kind']}: {first['reason']}{more}); "
           "a deployment takes MLflow's own image.")
    return exported


def _save_pipeline(estimator: Any, path: str) -> None:
    from pyspark.ml import Pipeline

    pipeline = estimator if isinstance(estimator, Pipeline) else Pipeline(stages=[estimator])
    pipeline.save("file://" + path)
    if not os.path.isdir(os.path.join(path, "metadata")):
        raise OSError("Spark's workers do not share this machine's files")


def _columns(model: Any, exported: _scorer.Export) -> List[Any]:
    """(output columns, input columns or None) of the model."""
    if exported.model is not None:
        return [exported.model["outputs"], [c["name"] for c in exported.model["inputs"]]]
    found: Dict[str, str] = {}
    for stage in _stages(model):
        names = {k: _param(stage, f"{c}Col") for k, c in
                 (("prediction", "prediction"), ("probability", "probability"), ("raw", "rawPrediction"))}
        if names["prediction"]:
            found = {k: name for k, name in names.items() if name}
    if not found:
        raise ValueError("the pipeline has no model")
    return [found, None]


def _label(fit: Optional[_fitted.Fit]) -> Optional[str]:
    """The label column of the last estimator that has one."""
    labels = [_param(stage, "labelCol") for stage in _stages(fit.estimator)] if fit else []
    return next((name for name in reversed(labels) if name), None)


def _stages(pipeline: Any) -> List[Any]:
    """The stages of a pipeline, fitted or not, nested ones in line."""
    best = getattr(pipeline, "bestModel", None)
    if best is not None:
        return _stages(best)
    stages = pipeline.getStages() if hasattr(pipeline, "getStages") else getattr(pipeline, "stages", None)
    if not isinstance(stages, list):
        return [pipeline]
    return [inner for stage in stages for inner in _stages(stage)]


def _param(stage: Any, name: str) -> Any:
    return stage.getOrDefault(name) if hasattr(stage, "hasParam") and stage.hasParam(name) \
        and stage.isDefined(name) else None


def _dump(path: str, content: Any) -> None:
    with open(path, "w", encoding="utf-8") as f:
        json.dump(content, f, allow_nan=False, separators=(",", ":"))
