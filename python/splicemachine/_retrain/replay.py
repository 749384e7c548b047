"""What is different where recorded cells are run again (`%mlmanager retrain`).

A fresh kernel's child finds SPLICE_RETRAIN in its environment, a 0600 file
with what the retraining decided.  From then on, in the user's cells:

- there is one run, the new one: what makes, chooses or ends runs and
  experiments does nothing, and what is logged goes to it;
- nothing is written outside: models, frames and tables are not saved;
- a query of the fresh tables that has what the models need shows four of
  five rows.  The fifth, chosen by a hash of the row, is for the comparison.

The retraining's own requests say so in their metadata and are left alone.
"""
from __future__ import annotations

import functools
import json
import os
import re
import threading
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Optional

from splicemachine import _bridge, _cell, _deployable, _imports, _mlflow, _sql
from splicemachine._notice import notice
from splicemachine._retrain import model_columns, outside, tables
from splicemachine._retrain.sqlcells import QUERIES, first_words, spark_writes
from splicemachine.errors import SpliceError, TrackingError

VARIABLE = "SPLICE_RETRAIN"
HOLD_OUT = 5  # every fifth row
WRITER_V2 = ("create", "replace", "createOrReplace", "append", "overwrite", "overwritePartitions")
# Operations that make, choose or end what the retraining decided; each answers as if it had.
STAND_INS: Dict[str, Callable[["Replay"], Dict[str, Any]]] = {
    "track.create_experiment": lambda r: {"experiment": r.experiment, "created": False, "deleted_runs": 0},
    "track.set_experiment": lambda r: {"experiment": r.experiment},
    "track.delete_runs_of_experiment": lambda r: {"deleted_runs": 0},
    "track.create_run": lambda r: {"run": r.run},
    "track.set_run": lambda r: {"run": r.run},
    "track.end_run": lambda r: {"run": r.run},
    "track.delete_run": lambda r: {"run_id": r.run["id"]},
}
LOGS = {"track.log": {}, "track.log_artifact": {"files": 0, "bytes": 0, "artifact_uri": ""},
        "track.log_artifacts": {"files": 0, "bytes": 0, "artifact_uri": ""}}
# Of the Jobs Tracker's operations those that only look; the others answer with job 0, which succeeded.
JOBS_LOOK = {"jobs.address", "jobs.list", "jobs.get", "jobs.log", "jobs.endpoints", "jobs.invoke", "jobs.validate"}
NO_JOB: Dict[str, Dict[str, Any]] = {
    "jobs.get": {"job": {"id": 0, "state": "success", "result": {}}},
    "jobs.log": {"lines": [], "last": 0, "ended": True},
}
# Methods of MlflowClient that change something; logging and tags have guards of their own.
CLIENT_WRITES = re.compile("(create|delete|update|rename|restore|transition|copy|link|finalize)_|set_(?!tag$)")


class Read(NamedTuple):
    """A query of a fresh table, and the rows that its cell did not see."""

    sql: str
    held: Any


class Replay:
    """The decisions, and what became of them."""

    def __init__(self, plan: Dict[str, Any]):
        self.plan = plan
        self.old = [tuple(n) for n in plan["old"]]
        self.fresh = [tuple(n) for n in plan["fresh"]]
        self.run: Dict[str, Any] = {}
        self.experiment: Dict[str, Any] = {}
        self.reads: List[Read] = []


_replay: Optional[Replay] = None
_ours = threading.local()


def take() -> None:
    """Read the file that the environment names, once; without it nothing is different.

    A file that cannot be read ends the child: cells must not run unguarded.
    """
    path = os.environ.pop(VARIABLE, None)
    if path is not None:
        with open(path, encoding="utf-8") as f:
            install(json.load(f))


def install(plan: Dict[str, Any]) -> None:
    """Guard what the user's cells call from now on."""
    global _replay
    _replay = Replay(plan)
    _bridge.guard(_guarded)
    _deployable.log = _as_ours(_deployable.log)
    _guard_context()
    _imports.after("pyspark.ml.util", _guard_models)
    _imports.after("pyspark.sql.readwriter", _guard_frames)
    _imports.after("pyspark.sql.session", _guard_session)
    _imports.after("mlflow", _guard_mlflow)
    _imports.after("mlflow.spark", _guard_flavor)


def current() -> Replay:
    """The replay that this process is for."""
    if _replay is None:
        raise SpliceError("this kernel retrains nothing", "Use %mlmanager retrain RUN in your notebook.")
    return _replay


# --- the retraining's own requests ---

def begin() -> None:
    """Make the new run, which is the active one from here on."""
    replay, plan = current(), current().plan
    answer = _bridge.call("track.set_experiment", id=plan["experiment_id"])
    replay.experiment = answer["experiment"]
    replay.run = _bridge.call("track.create_run", name=plan["name"], tags=plan["tags"])["run"]
    _mlflow.refresh()
    tell("begin", replay.run)


def end(status: str) -> None:
    """End the new run and see it delivered."""
    _bridge.call("track.end_run", status=status)
    tell("end", _bridge.call("track.flush", timeout_ms=10_000))


def tell(name: str, what: Any) -> None:
    """Leave an answer where the notebook looks for it."""
    path = os.path.join(current().plan["folder"], name)
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(what, f)
    os.rename(path + ".new", path + ".json")


# --- tracking ---

def _said() -> Dict[str, Any]:
    return _cell.info().get("retrain") or {}


def _own() -> bool:
    """Whether the retraining itself asks, or MLflow's and our own way of storing a model."""
    return bool(_said().get("own")) or getattr(_ours, "depth", 0) > 0


def _muted() -> bool:
    """Whether this cell was another run's: what it logs is not this run's."""
    return not _said().get("own") and not _said().get("logs", True)


def _guarded(op: str, args: Dict[str, Any], ask: Callable[..., Any]) -> Any:
    __tracebackhide__ = True
    if _said().get("own") or _replay is None:
        return ask(op, **args)
    if op in STAND_INS:
        return STAND_INS[op](_replay)
    if op.startswith("jobs."):
        return _job(op, args, ask)
    if op not in LOGS:
        return ask(op, **args)
    if _muted() or args.get("run_id") not in (None, _replay.run.get("id")):
        return LOGS[op]
    return _log_all(args, ask) if op == "track.log" else ask(op, **args)


def _job(op: str, args: Dict[str, Any], ask: Callable[..., Any]) -> Any:
    """What is deployed stays as it is."""
    __tracebackhide__ = True
    if args.get("id") == 0 and op in NO_JOB:
        return NO_JOB[op]
    if op in JOBS_LOOK:
        return ask(op, **args)
    kind = op.partition(".")[2].replace("add", "deploy")
    return {"job": {"id": 0, "kind": kind, "app": args.get("app") or args.get("app_name") or args.get("id", "")},
            "page": "left out while retraining"}


def _log_all(args: Dict[str, Any], ask: Callable[..., Any]) -> Any:
    """Log, where a parameter that has another value already costs only itself."""
    __tracebackhide__ = True
    try:
        return ask("track.log", **args)
    except TrackingError:
        params = args.get("params") or {}
        if not params:
            raise
    rest = {k: v for k, v in args.items() if k != "params"}
    for name, value in params.items():
        try:
            ask("track.log", **{**rest, "metrics": None, "tags": None, "params": {name: value}})
        except TrackingError as e:
            notice(f"Parameter {name}={value} was not logged: {e.message}")
    return ask("track.log", **rest) if rest.get("metrics") or rest.get("tags") else {}


def _guard_mlflow(mlflow: Any) -> None:
    """mlflow's own runs are the new run as well."""
    from mlflow.tracking import fluent

    def active(*args: Any, **kwargs: Any) -> Any:
        return mlflow.active_run()

    for name, instead in (("start_run", active), ("end_run", _nothing), ("set_experiment", _nothing),
                          ("create_experiment", lambda *a, **k: current().experiment.get("id"))):
        for module in (mlflow, fluent):
            setattr(module, name, _unless_ours(getattr(module, name), instead))
    mlflow.MlflowClient.log_param = _forgiving(mlflow.MlflowClient.log_param)
    for name in ("log_param", "log_metric", "log_batch", "set_tag", "log_artifact", "log_artifacts"):
        setattr(mlflow.MlflowClient, name, _unless_muted(getattr(mlflow.MlflowClient, name)))
    for name in filter(CLIENT_WRITES.match, dir(mlflow.MlflowClient)):
        _stop(mlflow.MlflowClient, name, f"MlflowClient.{name}")
    for name, instead in (("create_run", active), ("create_experiment", lambda *a, **k: current().experiment.get("id"))):
        stopped = getattr(mlflow.MlflowClient, name).__wrapped__
        setattr(mlflow.MlflowClient, name, _unless_ours(stopped, instead))


def _forgiving(log_param: Any) -> Any:
    """A parameter that has another value already costs only itself."""
    @functools.wraps(log_param)
    def forgiving(self, run_id, key, value, *args, **kwargs):
        from mlflow.exceptions import MlflowException

        try:
            return log_param(self, run_id, key, value, *args, **kwargs)
        except MlflowException as e:
            notice(f"Parameter {key}={value} was not logged: {e.message}")
            return value

    return forgiving


def _guard_flavor(flavor: Any) -> None:
    flavor.save_model = _as_ours(flavor.save_model)
    flavor.log_model = _unless_muted(_as_ours(flavor.log_model))


# --- what writes ---

def _guard_models(util: Any) -> None:
    for writer in (util.MLWriter, util.JavaMLWriter):
        writer.save = _left_out(writer.save, "saving a model")


def _guard_frames(readwriter: Any) -> None:
    for name in outside.WRITER_ENDS:
        _stop(readwriter.DataFrameWriter, name, "writing a frame")
    for name in WRITER_V2:
        _stop(readwriter.DataFrameWriterV2, name, "writing a frame")


def _guard_session(session: Any) -> None:
    session.SparkSession.sql = _spark_statement(session.SparkSession.sql)


def _guard_context() -> None:
    from splicemachine.spark.context import PySpliceContext

    for name in outside.WRITES:
        method = getattr(PySpliceContext, name)
        setattr(PySpliceContext, name, _statement(method) if name in ("execute", "executeUpdate") else
                _left_out(method, f"{name} in the database"))
    PySpliceContext.df = _holding_out(PySpliceContext.df)


def _stop(cls: Any, name: str, what: str) -> None:
    if hasattr(cls, name):
        setattr(cls, name, _left_out(getattr(cls, name), what))


def _left_out(method: Any, what: str) -> Any:
    @functools.wraps(method)
    def stopped(self, *args, **kwargs):
        if _own():
            return method(self, *args, **kwargs)
        where = next((str(a) for a in [*args, *kwargs.values()] if isinstance(a, str)), "")
        notice(f"Left out while retraining: {what} {where}".rstrip() + ".")

    return stopped


def _statement(method: Any) -> Any:
    """execute: queries and `set schema` run, all else does not."""
    @functools.wraps(method)
    def guarded(self, query_string):
        words = first_words(query_string)
        if _own() or words[:1] and words[0] in QUERIES or words == ["set", "schema"]:
            return method(self, query_string)
        notice(f"Left out while retraining: {_sql.strip(query_string)[:100]}")
        return 0 if method.__name__ == "executeUpdate" else None

    return guarded


def _spark_statement(sql: Any) -> Any:
    """spark.sql: what changes more than the session gives an empty frame."""
    @functools.wraps(sql)
    def guarded(self, sqlQuery, *args, **kwargs):
        if _own() or not spark_writes(sqlQuery):
            return sql(self, sqlQuery, *args, **kwargs)
        notice(f"Left out while retraining: {_sql.strip(sqlQuery)[:100]}")
        return self.range(0).drop("id")

    return guarded


def _as_ours(function: Any) -> Any:
    """What it saves is a part of logging a model."""
    @functools.wraps(function)
    def ours(*args, **kwargs):
        with _as_own():
            return function(*args, **kwargs)

    return ours


@contextmanager
def _as_own() -> Iterator[None]:
    _ours.depth = getattr(_ours, "depth", 0) + 1
    try:
        yield
    finally:
        _ours.depth -= 1


def _unless_ours(function: Any, instead: Any) -> Any:
    @functools.wraps(function)
    def chosen(*args, **kwargs):
        return (function if _own() else instead)(*args, **kwargs)

    return chosen


def _unless_muted(function: Any) -> Any:
    @functools.wraps(function)
    def chosen(*args, **kwargs):
        return None if _muted() else function(*args, **kwargs)

    return chosen


def _nothing(*args: Any, **kwargs: Any) -> None:
    return None


# --- what reads ---

def _holding_out(df: Any) -> Any:
    @functools.wraps(df)
    def held_out(self, sql, to_lower=False):
        __tracebackhide__ = True
        if _own():
            return df(self, sql, to_lower)
        for old in current().old:
            if old not in current().fresh and tables.reads(sql, old):
                raise SpliceError(f"this query still reads {tables.text(old)}, which --table replaces: {sql[:200]}",
                                  "The cell puts the name together from parts; write it in one piece.")
        frame = df(self, sql, to_lower)
        if not any(tables.reads(sql, name) for name in current().fresh):
            return frame
        if model_columns.for_models(frame.columns, current().plan) is None:  # a count, a look-up: whole
            return frame
        shown, held = split(frame)
        current().reads.append(Read(sql, held))
        return shown

    return held_out


def split(frame: Any) -> List[Any]:
    """[the rows that cells see, every fifth row]: a row is always on the same side."""
    from pyspark.sql import functions as F

    # Spark would derive a condition of each combination of columns and their new names: 2^columns.
    frame.sparkSession.conf.set("spark.sql.constraintPropagation.enabled", "false")
    names = frame.columns
    twice = len({n.lower() for n in names}) < len(names)
    plain = frame.toDF(*[f"c{i}" for i in range(len(names))]) if twice else frame
    quoted = ["`" + c.replace("`", "``") + "`" for c in plain.columns]
    fifth = F.pmod(F.xxhash64(*[F.col(c) for c in quoted]), F.lit(HOLD_OUT)) == 0
    parts = [plain.filter(~fifth), plain.filter(fifth)]
    return [p.toDF(*names) for p in parts] if twice else parts
