"""MLManager: experiments, runs, and what is logged to them.

Every call that writes goes over the bridge to the kernel's one tracking
client, whose journal keeps it when the tracking server is down.  An MLManager
holds no state of its own: two of them, ``%mlmanager`` cells and ``mlflow``
see the same active experiment and run.

The methods are those of the package's 2018 releases (as the walkthrough uses
them) and of its later ones.  Every method of MlflowClient is there as well,
through a client made when one is first called.
"""
from __future__ import annotations

import json
import math
import numbers
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Tuple, Union

from splicemachine import _bridge, _deployable, _mlflow
from splicemachine._notice import notice
from splicemachine.errors import SpliceError
from splicemachine.ml._deployments import Deployments

MODEL_PATH = "spark_model"  # where deployments look for a run's model
MODEL_HISTORY = "mlflow.log-model.history"
TAG_MAX = 8000  # characters of a tag that MLflow keeps


class MLManager(Deployments):
    """The notebook's experiments and runs.

    Takes and ignores what older releases took: a tracking address (the kernel's is used) or a
    SpliceMLContext, in either place.
    """

    def __init__(self, splice_context: Any = None, tracking_uri: Optional[str] = None,
                 _testing: bool = False, _tracking_uri: Optional[str] = None):
        asked = tracking_uri or _tracking_uri or \
            (splice_context if isinstance(splice_context, str) else None)
        server = _bridge.call("track.server")
        _mlflow.refresh()
        if asked and asked.rstrip("/") != str(server["uri"]).rstrip("/"):
            notice(f"{asked} is not used here: the notebook tracks to {server['uri']} "
                   "(set MLFLOW_TRACKING_URI before the kernel starts for another).")
        print(f"Tracking server: {server.get('ui') or server['uri']}")
        self._timer: Optional[Tuple[str, float]] = None
        self._client = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        client = self._mlflow_client()
        if not hasattr(client, name):
            raise AttributeError(f"MLManager has no {name!r}")
        return getattr(client, name)

    def __dir__(self) -> Iterable[str]:
        return sorted({*super().__dir__(), *(n for n in dir(self._mlflow_client())
                                             if not n.startswith("_"))})

    def _mlflow_client(self):
        if self.__dict__.get("_client") is None:
            mlflow = _mlflow_module()
            self._client = mlflow.MlflowClient(_bridge.call("track.server")["uri"])
        return self._client

    # --- experiments ---

    def create_experiment(self, experiment_name: str, reset: bool = False) -> str:
        """Make an experiment and make it active; one that exists is made active.

        With `reset`, the runs of one that exists are deleted.  Returns its id.
        """
        answer = _changed("track.create_experiment", name=_name(experiment_name), reset=bool(reset))
        experiment = answer["experiment"]
        if answer["created"]:
            print(f"Experiment {experiment['name']} made, ID {experiment['id']}: {experiment['url']}")
        else:
            runs = f", its {answer['deleted_runs']} runs deleted" if reset else ""
            print(f"Experiment {experiment['name']} exists{runs}; active now, "
                  f"ID {experiment['id']}: {experiment['url']}")
        return experiment["id"]

    def set_active_experiment(self, experiment_name: Union[str, int]) -> None:
        """Make an experiment active: by its name (text) or its ID (number)."""
        by = {"id": str(experiment_name)} if isinstance(experiment_name, int) \
            and not isinstance(experiment_name, bool) else {"name": _name(experiment_name)}
        _changed("track.set_experiment", **by)

    @property
    def active_experiment(self):
        """The active experiment with `experiment_id`, `name` and `url`, or None."""
        experiment = _bridge.call("track.state")["experiment"]
        return experiment and SimpleNamespace(experiment_id=experiment["id"],
                                              name=experiment["name"], url=experiment["url"])

    @property
    def experiment_id(self) -> Optional[str]:
        """ID of the active experiment, or None."""
        return (_bridge.call("track.state")["experiment"] or {}).get("id")

    # --- runs ---

    def create_new_run(self, user_id: str = "splice") -> str:
        """Start a run of the active experiment, named after its user; ends the one before.

        Returns its ID.
        """
        return self._create_run(user=_name(user_id))

    def start_run(self, tags: Optional[Mapping[str, Any]] = None, run_name: Optional[str] = None,
                  experiment_id: Optional[Union[str, int]] = None, nested: bool = False) -> str:
        """Start a run; with `nested`, the active run is noted as its parent.  Returns its ID."""
        tags = dict(tags or {})
        parent = _bridge.call("track.state")["run"]
        if nested and parent:
            tags.setdefault("mlflow.parentRunId", parent["id"])
        if experiment_id is not None:
            _bridge.call("track.set_experiment", id=str(experiment_id))
        return self._create_run(name=run_name, tags={k: _text(v) for k, v in tags.items()})

    @staticmethod
    def _create_run(**args: Any) -> str:
        run = _changed("track.create_run", **{k: v for k, v in args.items() if v})["run"]
        print(f"Run {run['name']} started, ID {run['id']}: {run['url']}")
        return run["id"]

    def set_active_run(self, run_id: str) -> None:
        """Go on with a run: its ID, or a unique beginning of it."""
        _changed("track.set_run", run_id=str(run_id))

    def reset_run(self) -> str:
        """Delete the active run and start a fresh one with its name and user."""
        run = self._active()
        self.delete_active_run()
        return self._create_run(user=run.get("user") or "splice", name=run.get("name"))

    def delete_active_run(self) -> None:
        """Delete the active run."""
        _changed("track.delete_run")

    def end_run(self, create: bool = False, metadata: Optional[Mapping[str, Any]] = None,
                status: str = "FINISHED") -> None:
        """End the active run; `metadata` is set as tags first, `create` starts another."""
        if metadata:
            self.set_tags(metadata)
        _changed("track.end_run", status=status)
        if create:
            self._create_run(user="splice")

    def get_run(self, run_id: Optional[str] = None):
        """MLflow's Run object, of the active run unless an ID is given."""
        run = run_id or self._active()["id"]
        _bridge.call("track.flush")
        return self._mlflow_client().get_run(run)

    @property
    def active_run(self):
        """MLflow's Run object of the active run, or None."""
        run = _bridge.call("track.state")["run"]
        return run and self.get_run(run["id"])

    @property
    def current_run_id(self) -> Optional[str]:
        """ID of the active run, or None."""
        return (_bridge.call("track.state")["run"] or {}).get("id")

    @staticmethod
    def _active() -> Dict[str, Any]:
        return _bridge.call("track.get_run")["run"]

    # --- logging ---

    def log_param(self, *args: Any) -> None:
        """Log a parameter of the active run: ``log_param(key, value)``.

        The value is kept as str() gives it.  With three arguments, as MlflowClient's.
        """
        run, key, value = _with_run("log_param", args, 2)
        _log(run, params={_key(key): _text(value)})

    def log_params(self, params: Union[Mapping[str, Any], Iterable[Tuple[str, Any]]]) -> None:
        """Log parameters: a dict or a list of pairs."""
        _log(None, params={_key(k): _text(v) for k, v in _pairs(params)})

    def log_metric(self, *args: Any, step: Optional[int] = None,
                   timestamp: Optional[int] = None) -> None:
        """Log a metric of the active run: ``log_metric(key, value, step=None)``.

        Logged again, it gets a history.  `timestamp` is in milliseconds.  With a run's ID first,
        as MlflowClient's: ``log_metric(run_id, key, value, timestamp=None, step=None)``.
        """
        run, args = (args[0], args[1:]) if len(args) > 2 and isinstance(args[1], str) else (None, args)
        if not 2 <= len(args) <= (4 if run else 3):
            raise TypeError(f"log_metric(key, value): {len(args)} arguments were given")
        further = dict(zip(("timestamp", "step") if run else ("step",), args[2:]))
        _log(run, metrics=[_metric(args[0], args[1], further.get("step", step),
                                   further.get("timestamp", timestamp))])

    def log_metrics(self, metrics: Union[Mapping[str, float], Iterable[Tuple[str, float]]],
                    step: Optional[int] = None) -> None:
        """Log metrics: a dict or a list of pairs."""
        _log(None, metrics=[_metric(k, v, step, None) for k, v in _pairs(metrics)])

    def set_tag(self, *args: Any) -> None:
        """Set a tag of the active run: ``set_tag(key, value)``."""
        run, key, value = _with_run("set_tag", args, 2)
        _log(run, tags={_key(key): _text(value)})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags."""
        _log(None, tags={_key(k): _text(v) for k, v in _pairs(tags)})

    lp, lm, st = log_param, log_metric, set_tag

    def log_batch(self, metrics: Any = (), parameters: Any = (), tags: Any = ()) -> None:
        """Log metrics, parameters and tags at once, each a dict or a list of pairs."""
        _log(None, metrics=[_metric(k, v, None, None) for k, v in _pairs(metrics)],
             params={_key(k): _text(v) for k, v in _pairs(parameters)},
             tags={_key(k): _text(v) for k, v in _pairs(tags)})

    def log_pipeline_stages(self, pipeline: Any) -> None:
        """Log the class of each stage of a pipeline as ``Stage n``."""
        self.log_params([(f"Stage {n}", type(s).__name__) for n, s in enumerate(_stages(pipeline))])

    def log_feature_transformations(self, unfit_pipeline: Any) -> None:
        """Log, for each column a pipeline reads, the stages that it goes through."""
        paths: Dict[str, List[str]] = {}
        for stage in _stages(unfit_pipeline):
            out = _column(stage, "outputCol")
            for name in _columns(stage, "inputCol", "inputCols"):
                paths.setdefault(name, []).append(f"{type(stage).__name__} -> {out}" if out
                                                  else type(stage).__name__)
        self.log_params([(f"column {k}", "; ".join(v)) for k, v in paths.items()])

    def log_model_params(self, pipeline_or_model: Any) -> None:
        """Log the parameters of a model, or of the last stage of a pipeline."""
        model = _stages(pipeline_or_model)[-1]
        self.log_params([("classifier", type(model).__name__)]
                        + [(p.name, v) for p, v in model.extractParamMap().items()])

    def log_evaluator_metrics(self, splice_evaluator: Any) -> None:
        """Log all results of an evaluator of splicemachine.ml.utilities."""
        self.log_metrics(splice_evaluator.get_results("dict"))

    def start_timer(self, timer_name: str) -> None:
        """Start a stopwatch; there is one."""
        self._timer = (timer_name, time.monotonic())

    def log_and_stop_timer(self) -> float:
        """Log the seconds since start_timer as a metric of the timer's name; returns them."""
        if self._timer is None:
            raise SpliceError("no timer runs", "Call start_timer(NAME) first.")
        name, began = self._timer
        self._timer = None
        seconds = time.monotonic() - began
        self.log_metric(name, seconds)
        return seconds

    @contextmanager
    def timer(self, timer_name: str, param: bool = False) -> Iterator[None]:
        """Log the seconds that a block takes, as a metric or as a parameter."""
        began = time.monotonic()
        try:
            yield
        finally:
            seconds = time.monotonic() - began
            (self.log_param if param else self.log_metric)(timer_name, seconds)

    # --- files and models ---

    def log_artifact(self, file_name: str, name: Optional[str] = None,
                     artifact_path: Optional[str] = None) -> None:
        """Log a file.  `name` is what it is called in the run, `artifact_path` its folder there."""
        path = _existing(file_name, os.path.isfile, "file")
        folder = artifact_path or ((os.path.dirname(name) or None) if name else None)
        if name is None or os.path.basename(name) == os.path.basename(path):
            _bridge.call("track.log_artifact", file=path, path=folder)
            return
        with _scratch() as scratch:
            renamed = os.path.join(scratch, os.path.basename(name))
            os.symlink(path, renamed)
            _bridge.call("track.log_artifact", file=renamed, path=folder)

    def log_artifacts(self, file_names: Union[str, List[str]],
                      names: Optional[Union[str, List[str]]] = None) -> None:
        """Log a folder (into `names`, a folder of the run), or a list of files."""
        if isinstance(file_names, str):
            _bridge.call("track.log_artifacts", path=names,
                         dir=_existing(file_names, os.path.isdir, "folder"))
            return
        for i, file in enumerate(file_names):
            self.log_artifact(file, names[i] if names else None)

    def download_artifact(self, name: str, local_path: Optional[str] = None,
                          run_id: Optional[str] = None) -> str:
        """Write an artifact of a run to a file; returns the file's name."""
        target = os.path.abspath(local_path or os.path.basename(name))
        if os.path.isdir(target):
            target = os.path.join(target, os.path.basename(name))
        _bridge.call("track.download_artifact", path=name, file=target, run_id=run_id)
        return target

    def log_spark_model(self, model: Any, name: str = MODEL_PATH, input_example: Any = None) -> None:
        """Log a fitted Spark ML model to the active run, as MLflow's Spark format.

        `name` is its folder among the run's artifacts; deployments expect the default, and beside
        it, in `splice`, goes what they need (docs/DEPLOY.md): among it rows of the frame that the
        model was fitted on, or of `input_example`, a Spark or pandas frame.
        ``mlflow.spark.load_model("runs:/RUN/spark_model")`` reads the model back.
        """
        mlflow_spark = _flavor("spark")
        import pyspark

        def save(path: str, meta: Any) -> None:
            mlflow_spark.save_model(
                model, path, mlflow_model=meta, dfs_tmpdir=os.path.join(os.path.dirname(path), "tmp"),
                # Given, because MLflow would find them out by starting another Python and another Spark.
                pip_requirements=[f"pyspark=={pyspark.__version__}"])

        def deployable(path: str, run: Dict[str, Any]) -> None:
            _deployable.log(model, os.path.join(path, "sparkml"),
                            os.path.join(os.path.dirname(path), "splice"), run, input_example)

        self._log_saved(name, save, deployable if name == MODEL_PATH else None)

    def log_model(self, model: Any, module: Any = None, name: str = MODEL_PATH,
                  input_example: Any = None) -> None:
        """Log a model by one of MLflow's flavors, e.g. ``log_model(model, mlflow.sklearn)``.

        Without a module the flavor is the one of the library that the model's class is from.
        Spark's models go the way of log_spark_model.
        """
        library = type(model).__module__.split(".")[0]
        module = module or _flavor("spark" if library == "pyspark" else library)
        if getattr(module, "__name__", "") == "mlflow.spark":
            self.log_spark_model(model, name, input_example)
            return
        example = {} if input_example is None else {"input_example": input_example}
        self._log_saved(name, lambda path, meta: module.save_model(model, path, mlflow_model=meta,
                                                                   **example))

    def _log_saved(self, name: str, save: Any, further: Any = None) -> None:
        """Store what `save` writes; then `further` may store more."""
        from mlflow.models import Model

        run = self._active()
        with _scratch() as scratch:
            path = os.path.join(scratch, "model")
            meta = Model(artifact_path=name, run_id=run["id"])
            save(path, meta)
            _bridge.call("track.log_artifacts", dir=path, path=name, run_id=run["id"])
            self._note_model(run, name, meta)
            if further is not None:
                further(path, run)

    @staticmethod
    def _note_model(run: Dict[str, Any], name: str, meta: Any) -> None:
        """The tag by which MLflow shows a run's models."""
        earlier = json.loads((run.get("tags") or {}).get(MODEL_HISTORY) or "[]")
        earlier = [m for m in earlier if m.get("artifact_path") != name]
        history = [*earlier, meta.get_tags_dict()]
        while len(json.dumps(history)) > TAG_MAX and len(history) > 1:
            history.pop(0)
        _log(run["id"], tags={MODEL_HISTORY: json.dumps(history)})
        print(f"Model logged to run {run.get('name') or run['id']} as {name}: "
              f"runs:/{run['id']}/{name}")

    def load_spark_model(self, run_id: Optional[str] = None, name: str = MODEL_PATH):
        """The Spark model that a run logged; of the active run unless an ID is given."""
        run = run_id or self.current_run_id
        if run is None:
            raise SpliceError("no run is active", "Give the run's ID: load_spark_model(RUN).")
        from splicemachine import _spark

        _spark.session()
        _bridge.call("track.flush")
        with _scratch() as scratch:
            return _flavor("spark").load_model(f"runs:/{run}/{name}", dfs_tmpdir=scratch)


def _changed(op: str, **args: Any) -> Dict[str, Any]:
    """A call that may change the active experiment or run; `mlflow` is told."""
    __tracebackhide__ = True
    try:
        return _bridge.call(op, **args)
    finally:
        _mlflow.refresh()


def _log(run: Optional[str], **what: Any) -> None:
    __tracebackhide__ = True
    what = {k: v for k, v in what.items() if v}
    if what:
        _bridge.call("track.log", run_id=run, **what)


def _with_run(method: str, args: Tuple, n: int) -> Tuple:
    """(run or None, *args): MlflowClient's calls have the run's ID first, MLManager's do not."""
    if len(args) == n:
        return (None, *args)
    if len(args) == n + 1:
        return args
    raise TypeError(f"{method}(key, value): {len(args)} arguments were given")


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"{name!r} is not a name")
    return name


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"the key {key!r} is not a text")
    return key


def _text(value: Any) -> str:
    return str(value)  # as MLflow does


def _metric(key: Any, value: Any, step: Optional[int], timestamp: Optional[int]) -> Dict[str, Any]:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"metric {key!r}: {value!r} is not a number") from None
    if not math.isfinite(number):
        number = "NaN" if math.isnan(number) else ("Infinity" if number > 0 else "-Infinity")
    metric = {"key": _key(key), "value": number, "timestamp": int(timestamp or time.time() * 1000)}
    return {**metric, "step": int(step)} if step is not None else metric


def _pairs(items: Any) -> List[Tuple[str, Any]]:
    if isinstance(items, Mapping):
        return list(items.items())
    return [(i.key, i.value) if hasattr(i, "key") else tuple(i) for i in items or ()]


def _stages(pipeline: Any) -> List[Any]:
    if hasattr(pipeline, "getStages"):
        return list(pipeline.getStages())
    return list(pipeline.stages) if isinstance(getattr(pipeline, "stages", None), list) else [pipeline]


def _columns(stage: Any, *params: str) -> List[str]:
    found: List[str] = []
    for param in params:
        value = _column(stage, param)
        found += [value] if isinstance(value, str) else list(value or ())
    return found


def _column(stage: Any, param: str) -> Any:
    if not (hasattr(stage, "hasParam") and stage.hasParam(param)):
        return None
    return stage.getOrDefault(param) if stage.isDefined(param) else None


def _existing(path: str, is_kind: Any, kind: str) -> str:
    path = os.path.abspath(os.path.expanduser(path))
    if not is_kind(path):
        raise FileNotFoundError(f"{path}: no such {kind}")
    return path


@contextmanager
def _scratch() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="splice-model-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _mlflow_module():
    try:
        import mlflow
    except ImportError as e:
        raise SpliceError(f"MLflow cannot be imported here: {e}",
                          "Install it: pip install mlflow-skinny==3.17.2") from None
    return mlflow


def _flavor(name: str):
    import importlib

    _mlflow_module()
    try:
        return importlib.import_module(f"mlflow.{name}")
    except ImportError:
        raise SpliceError(f"MLflow has no format for models of {name!r}",
                          "Pass one of its modules: log_model(model, mlflow.sklearn).") from None
