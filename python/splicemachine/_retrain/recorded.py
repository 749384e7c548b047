"""What a run keeps of how its model was made, read from its artifacts (docs/DEPLOY.md)."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional

from splicemachine import _bridge
from splicemachine.errors import SpliceError

MODEL, FOLDER = "spark_model", "splice"
DEPTH_MAX = 5  # pipelines within pipelines


@dataclass
class Stage:
    """One stage of the unfitted pipeline, as Spark saved it."""

    name: str                # its class, without packages
    package: str             # "classification", "regression", "feature", …
    label: Optional[str]     # its labelCol
    outputs: List[str]


@dataclass
class Recorded:
    """A run with all that a retraining needs of it."""

    run: Dict[str, Any]                    # as track.get_run gives it
    cells: Dict[str, Any]
    statements: Dict[str, Any]
    stages: List[Stage] = field(default_factory=list)
    inputs: List[str] = field(default_factory=list)   # columns the model reads, when the scorer knows it
    columns: List[str] = field(default_factory=list)  # of the training frame, when it does not

    @property
    def label(self) -> Optional[str]:
        """The label's column in the training frame: of the last stage that has one."""
        return next((s.label for s in reversed(self.stages) if s.label), None)

    @property
    def kind(self) -> Optional[str]:
        """"classification" or "regression" as far as the pipeline tells."""
        return self.stages[-1].package if self.stages else None


def read(run: Dict[str, Any], folder: str) -> Recorded:
    """What a run recorded; `folder` is scratch.  SpliceError for a run that cannot be retrained."""
    names = _list(run, "")
    if MODEL not in names:
        raise SpliceError(f"run {run['name']} has no model: nothing was logged as {MODEL}",
                          "Retrain a run whose cells called log_spark_model(MODEL).")
    kept = _list(run, FOLDER) if FOLDER in names else {}
    if f"{FOLDER}/cells.json" not in kept:
        raise SpliceError(f"run {run['name']} has no recorded cells: its model was logged by another tool",
                          "log_spark_model in a Splice notebook records the cells of its session.")
    cells = _json(run, f"{FOLDER}/cells.json", folder)
    statements = _json(run, f"{FOLDER}/sql.json", folder) if f"{FOLDER}/sql.json" in kept else {}
    found = Recorded(run, cells, statements)
    if f"{FOLDER}/sample.json" in kept:
        sample = _json(run, f"{FOLDER}/sample.json", folder)
        names_of = [c["name"] for c in sample.get("columns") or ()]
        found.inputs, found.columns = (names_of, []) if f"{FOLDER}/model.json" in kept else ([], names_of)
    if f"{FOLDER}/pipeline" in kept:
        found.stages = _stages(run, f"{FOLDER}/pipeline", folder)
    return found


def stage(metadata: Dict[str, Any]) -> Stage:
    """A stage of its saved metadata."""
    parts = str(metadata.get("class") or "").split(".")
    values = {**(metadata.get("defaultParamMap") or {}), **(metadata.get("paramMap") or {})}
    outputs = [values.get("outputCol"), *(values.get("outputCols") or ())]
    label = values.get("labelCol")
    return Stage(parts[-1], parts[-2] if len(parts) > 1 else "", label if isinstance(label, str) else None,
                 [o for o in outputs if isinstance(o, str)])


def _stages(run: Dict[str, Any], path: str, folder: str, depth: int = 0) -> List[Stage]:
    """Stages of a saved pipeline in their order, those of inner pipelines in line."""
    inner = sorted((p for p, is_dir in _list(run, f"{path}/stages").items() if is_dir),
                   key=lambda p: int(os.path.basename(p).split("_")[0]))
    found: List[Stage] = []
    for place in inner:
        made = stage(_json(run, _part(run, f"{place}/metadata"), folder))
        if made.name == "Pipeline" and depth < DEPTH_MAX:
            found += _stages(run, place, folder, depth + 1)
        else:
            found.append(made)
    return found


def _part(run: Dict[str, Any], path: str) -> str:
    """The one file with text in a folder that Spark wrote."""
    parts = [p for p in _list(run, path) if os.path.basename(p).startswith("part-")]
    if len(parts) != 1:
        raise SpliceError(f"{path} of run {run['name']} is not as Spark writes it")
    return parts[0]


def _list(run: Dict[str, Any], path: str) -> Dict[str, bool]:
    """{path: whether it is a folder} of a run's artifacts."""
    answer = _bridge.call("track.list_artifacts", path=path or None, run_id=run["id"])
    return {f["path"]: bool(f["is_dir"]) for f in answer["files"]}


def _json(run: Dict[str, Any], path: str, folder: str) -> Any:
    target = os.path.join(folder, "artifact.json")
    _bridge.call("track.download_artifact", path=path, file=target, run_id=run["id"])
    try:
        with open(target, encoding="utf-8") as f:
            return json.load(f)
    except ValueError as e:
        raise SpliceError(f"{path} of run {run['name']} cannot be read: {e}") from None
    finally:
        os.remove(target)
