"""A retraining's guards, comparison and kernel, as far as they need neither JVM nor server."""
import json
import os
import sys

import pytest

from splicemachine import _bridge, _cell, _deployable
from splicemachine._retrain import compare, drive, kernel, model_columns, plan, recorded, replay
from splicemachine.errors import SpliceError
from splicemachine.ml.management import MLManager
from splicemachine.spark.context import PySpliceContext
from tracking_ops import Memory, TrackingOps

PLAN = {"run_id": "0" * 32, "experiment_id": "1", "name": "Ben (retrained)",
        "tags": {"splice.retrained_from": "0" * 32}, "old": [["S", "T"]], "fresh": [["S", "T2"]], "renames": [], "inputs": [], "label": [None, "label", None]}


@pytest.fixture
def guarded(kernel, tmp_path, monkeypatch):
    """The package guarded as in a replaying child; gives the tracking stand-in."""
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    for name in [n for n in dir(PySpliceContext) if not n.startswith("__")]:
        monkeypatch.setattr(PySpliceContext, name, getattr(PySpliceContext, name))
    monkeypatch.setattr(_deployable, "log", _deployable.log)
    monkeypatch.setattr(replay, "_replay", None)
    monkeypatch.setattr(replay._imports, "after", lambda name, then: None)
    ops = TrackingOps(Memory())
    ops.install(kernel.ops)
    ops.client.create_experiment("fraud")
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**PLAN, "folder": str(tmp_path)}))
    monkeypatch.setenv(replay.VARIABLE, str(path))
    replay.take()
    assert replay.VARIABLE not in os.environ, "not for the cells' own children"
    cell(own=True)
    replay.begin()
    cell()
    yield ops
    monkeypatch.undo()
    _bridge._guard = None
    cell()


def cell(**about):
    _cell.enter({"retrain": about} if about else {})


def test_there_is_one_run(guarded, tmp_path):
    run = guarded.run["id"]
    assert json.loads((tmp_path / "begin.json").read_text())["id"] == run
    assert guarded.client.runs[run].info.run_name == "Ben (retrained)"
    manager = MLManager()
    assert manager.create_experiment("other", reset=True) == "1" and len(guarded.client.experiments) == 1
    manager.set_active_experiment("nowhere")
    assert manager.create_new_run("Amy") == manager.start_run(run_name="x", nested=True) == run
    manager.set_active_run("abc")
    manager.end_run()
    manager.delete_active_run()
    manager.reset_run()
    assert manager.current_run_id == run and list(guarded.client.runs) == [run]
    assert guarded.client.runs[run].info.status == "RUNNING"
    cell(own=True)
    replay.end("FAILED")
    assert guarded.client.runs[run].info.status == "FAILED"


def test_what_is_logged(guarded):
    manager, run = MLManager(), guarded.client.runs[guarded.run["id"]]
    manager.log_param("a", 1)
    manager.log_batch(metrics={"m": 2}, parameters={"a": 5, "b": 6}, tags={"t": 1})
    assert run.data.params == {"a": "1", "b": "6"} and run.data.metrics["m"] == 2 and run.data.tags["t"] == "1"
    manager.log_param("a", 9)  # said, and the cell goes on
    manager.set_tag("0" * 32, "k", "v")
    cell(logs=False)
    manager.log_param("of another run", 1)
    manager.log_metric("x", 1)
    assert run.data.params == {"a": "1", "b": "6"} and set(run.data.metrics) == {"m"} and "k" not in run.data.tags


def test_errors_that_are_no_conflict_go_on(guarded, kernel):
    def refused(args, request):
        raise RuntimeError("down")
    kernel.ops["track.log"] = refused
    with pytest.raises(SpliceError, match="down"):
        MLManager().log_metric("m", 1)


def test_nothing_is_written_to_the_database(guarded, kernel, capsys):
    answer = {"columns": [], "rows": [], "count": 3, "warnings": [], "more": False}
    kernel.ops["sql.execute"] = lambda args, request: answer
    splice = PySpliceContext(object())
    for call in (lambda: splice.insert(None, "s.u"), lambda: splice.dropTable("s.u"), lambda: splice.export(None, "f"),
                 lambda: splice.execute("delete from s.u"), lambda: splice.createTable(None, "s.u")):
        assert call() is None
    assert splice.executeUpdate("  insert into s.u values 1") == 0
    assert kernel.calls("sql.execute") == []
    said = capsys.readouterr().err
    assert "Left out while retraining: insert in the database s.u." in said and "delete from s.u" in said
    for hiding in ("/* select */ delete from s.u", "-- select\ndelete from s.u"):
        splice.execute(hiding)
    assert kernel.calls("sql.execute") == []
    splice.execute("set schema s")
    splice.execute("/* why */ select 1 from s.u")
    assert len(kernel.calls("sql.execute")) == 2
    cell(own=True)
    assert splice.executeUpdate("delete from s.u") == 3


def test_nothing_is_deployed(guarded, kernel, capsys):
    kernel.ops["jobs.endpoints"] = lambda args, request: {"endpoints": []}
    manager = MLManager()
    for start in (lambda: manager.deploy_local("app"), lambda: manager.deploy_aws("app"),
                  lambda: manager.undeploy("app"), lambda: manager.shift_traffic("app", 10)):
        job = start()
        assert manager.watch_job(job) == {} and manager.fetch_logs(job) == []
    assert manager.get_deployed_models().empty
    for op in ("jobs.cancel", "jobs.retry", "jobs.remove"):
        _bridge.call(op, id=3)
    assert not any(kernel.calls("jobs." + op) for op in ("add", "undeploy", "shift", "cancel", "retry", "remove", "get", "log"))
    assert "Job 0 (deploy app): left out while retraining" in capsys.readouterr().out


def test_sparks_statements_change_the_session_alone(guarded, capsys):
    class Session:
        ran = []

        def sql(self, sqlQuery, *args):
            self.ran.append(sqlQuery)

        def range(self, n):
            return self

        drop = range

    replay._guard_session(type("session", (), {"SparkSession": Session}))
    kept = ["select 1", "-- insert\nselect 1", "create or replace temp view v as select 1", "set a=b", "use s",
            "CREATE GLOBAL TEMPORARY VIEW v as select 1", "with x as (select 1) select * from x", "show tables"]
    left = ["insert into t values (1)", "/* select */ drop table t", "create table t (a int)", "truncate table t",
            "with x as (select 1) insert into t select * from x", "from x insert overwrite t select *", "create view v as x"]
    session = Session()
    for statement in kept:
        session.sql(statement)
    for statement in left:
        assert session.sql(statement) is session  # an empty frame
    assert Session.ran == kept
    assert capsys.readouterr().err.count("Left out while retraining") == len(left)


def test_only_frames_for_the_models_are_parted(guarded, monkeypatch):
    """A count of the rows, or a table of names beside, must not lose a fifth."""
    plan_ = replay.current().plan
    monkeypatch.setitem(plan_, "inputs", ["v1"])
    monkeypatch.setitem(plan_, "label", ["CLASS_RESULT", "label", None])
    monkeypatch.setattr(replay, "split", lambda frame: ["four of five", "the fifth"])
    frames = {"select * from s.t2": ["V1", "CLASS_RESULT", "X"], "select count(*) from s.t2": ["1"],
              "select v1 from s.t2": ["V1"]}

    def df(self, sql, to_lower=False):
        return type("Frame", (), {"columns": frames[sql]})()
    reading = type("Context", (), {"df": replay._holding_out(df)})()
    assert reading.df("select * from s.t2") == "four of five"
    for whole in ("select count(*) from s.t2", "select v1 from s.t2"):
        assert reading.df(whole).columns == frames[whole]
    assert replay.current().reads == [replay.Read("select * from s.t2", "the fifth")]


def test_a_query_of_the_old_table_is_refused(guarded):
    with pytest.raises(SpliceError, match="still reads s.t, which --table replaces"):
        PySpliceContext(object()).df("select * from S.T")
    assert replay.current().reads == []


def test_a_child_without_a_plan_is_as_ever(monkeypatch):
    monkeypatch.delenv(replay.VARIABLE, raising=False)
    replay.take()
    with pytest.raises(SpliceError, match="retrains nothing"):
        replay.current()
    monkeypatch.setenv(replay.VARIABLE, "/nowhere")
    with pytest.raises(OSError):  # cells must not run unguarded
        replay.take()


def test_mlflow_has_the_one_run_too(guarded, monkeypatch):
    import mlflow
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import fluent

    for module in (mlflow, fluent):
        for name in ("start_run", "end_run", "set_experiment", "create_experiment"):
            monkeypatch.setattr(module, name, getattr(module, name))
    logged = []

    def log_param(self, run_id, key, value, synchronous=None):
        if (run_id, key) in [(r, k) for r, k, _ in logged]:
            raise MlflowException("Changing param values is not allowed")
        logged.append((run_id, key, value))
    for name in ("log_param", "log_metric", "log_batch", "set_tag", "log_artifact", "log_artifacts"):
        monkeypatch.setattr(mlflow.MlflowClient, name, log_param)
    changed = [n for n in dir(mlflow.MlflowClient) if replay.CLIENT_WRITES.match(n)]
    for name in changed:
        monkeypatch.setattr(mlflow.MlflowClient, name, lambda self, *a, n=name, **k: logged.append(n))
    monkeypatch.setattr(mlflow, "active_run", lambda: "the new run")
    replay._guard_mlflow(mlflow)
    assert mlflow.start_run(run_name="x") == fluent.start_run() == "the new run"
    assert mlflow.end_run() is None and mlflow.set_experiment("y") is None and mlflow.create_experiment("z") == "1"
    client = mlflow.MlflowClient("http://127.0.0.1:1")
    client.log_param("r", "a", 1)
    client.log_param("r", "a", 2)
    cell(logs=False)
    client.log_param("r", "b", 1)
    assert logged == [("r", "a", 1)]
    assert {"delete_run", "delete_experiment", "set_terminated", "update_run", "create_registered_model",
            "set_experiment_tag"} <= set(changed) and "set_tag" not in changed
    assert client.create_run("1") == "the new run" and client.create_experiment("z") == "1"
    for name in set(changed) - {"create_run", "create_experiment"}:
        assert getattr(client, name)("r") is None
    assert logged == [("r", "a", 1)]
    with replay._as_own():
        client.set_terminated("r")
    assert logged[1:] == ["set_terminated"]


def test_what_saves_and_what_does_not(guarded, capsys):
    class Writer:
        saved = []

        def save(self, path):
            self.saved.append(path)

    class V2:
        append = replace = Writer.save

    util = type("util", (), {"MLWriter": Writer, "JavaMLWriter": type("J", (), {"save": Writer.save})})
    replay._guard_models(util)
    readwriter = type("rw", (), {"DataFrameWriter": type("F", (), {"csv": Writer.save}), "DataFrameWriterV2": V2})
    replay._guard_frames(readwriter)
    flavor = type("spark", (), {"save_model": staticmethod(lambda path: util.JavaMLWriter().save(path)),
                                "log_model": staticmethod(lambda path: util.MLWriter().save(path))})
    replay._guard_flavor(flavor)
    for path, call in (("a", util.MLWriter().save), ("b", util.JavaMLWriter().save), ("c", readwriter.DataFrameWriter().csv),
                       ("d", V2().append)):
        call(path)
    said = capsys.readouterr().err
    assert "saving a model a." in said and "writing a frame c." in said
    with pytest.raises(AttributeError):
        util.JavaMLWriter().saved  # nothing was
    util.JavaMLWriter.saved = Writer.saved
    flavor.save_model("kept 1")  # a part of logging a model
    flavor.log_model("kept 2")
    cell(logs=False)
    flavor.log_model("another run's")
    assert Writer.saved == ["kept 1", "kept 2"]


# --- comparison ---

@pytest.mark.parametrize("kind, old, new, better, text", [
    ("binary", {"MCC": 0.5}, {"MCC": 0.6}, True, "better: MCC 0.5 → 0.6"),
    ("binary", {"MCC": 0.5}, {"MCC": 0.505}, False, "no better: MCC 0.5 → 0.505; a difference of up to 0.005"),
    ("binary", {"MCC": 0.5}, {"MCC": 0.4}, False, "worse"),
    ("binary", {"MCC": -0.9}, {"MCC": 0.0}, True, "better"),
    ("multiclass", {"f1": 0.5}, {"f1": 0.51}, True, "better: f1"),
    ("regression", {"rmse": 10.0}, {"rmse": 9.0}, True, "better: rmse 10 → 9"),
    ("regression", {"rmse": 10.0}, {"rmse": 9.96}, False, "no better: rmse 10 → 9.96; a difference of up to 0.5% of it"),
    ("regression", {"rmse": 10.0}, {"rmse": 11.0}, False, "worse"),
    ("regression", {"rmse": 10.0}, {"rmse": float("nan")}, False, "worse"),
])
def test_better_is_more_than_a_little_better(kind, old, new, better, text):
    verdict = compare.decide(kind, old, new)
    assert verdict.better is better and text in verdict.text


def test_the_metric_that_decides_comes_first():
    made = compare.rows("binary", {"ACC": 0.9, "MCC": 0.5}, {"ACC": 0.8, "MCC": 0.75}, ("old", "new"))
    assert made == [{"metric": "MCC", "old": 0.5, "new": 0.75, "change": 0.25},
                    {"metric": "ACC", "old": 0.9, "new": 0.8, "change": pytest.approx(-0.1)}]


QUERY = ["TIME_OFFSET", "V1", "CLASS_RESULT"]


@pytest.mark.parametrize("args, column, name", [
    (dict(query=QUERY, name="label", renames=[("CLASS_RESULT", "label")]), "CLASS_RESULT", "label"),
    (dict(query=QUERY, name="label", renames=[("a", "b"), ("class_result", "LABEL")]), "CLASS_RESULT", "label"),
    (dict(query=[*QUERY, "LABEL"], name="label", renames=[]), "LABEL", "label"),
    (dict(query=QUERY, name="index", renames=[], made=["index"]), None, "index"),
    (dict(query=QUERY, name="label", renames=[], training=["TIME_OFFSET", "V1", "label"]), "CLASS_RESULT", "label"),
    (dict(query=QUERY, name="label", renames=[], given="class_result"), "CLASS_RESULT", "label"),
    (dict(query=QUERY, name=None, renames=[], given="V1"), "V1", "V1"),
])
def test_where_the_label_is(args, column, name):
    found = model_columns.find_label(**args)
    assert (found.column, found.name) == (column, name)


@pytest.mark.parametrize("args, text", [
    (dict(query=QUERY, name="label", renames=[]), "has no column label"),
    (dict(query=QUERY, name="label", renames=[("V1", "label"), ("CLASS_RESULT", "label")]), "is not plain"),
    (dict(query=QUERY, name="label", renames=[], training=["V1", "x", "label"]), "is not plain"),
    (dict(query=QUERY, name=None, renames=[]), "not recorded"),
    (dict(query=QUERY, name="label", renames=[], given="none"), "no such column"),
])
def test_no_label(args, text):
    with pytest.raises(SpliceError, match=text):
        model_columns.find_label(**args)


def test_columns_as_the_cells_call_them():
    label = model_columns.Label("CLASS_RESULT", "label", None)
    assert model_columns.renamed(QUERY, label, [("V1", "a"), ("x", "y")]) == ["TIME_OFFSET", "a", "label"]
    assert model_columns.renamed(["LABEL"], model_columns.Label("LABEL", "label", None), []) == ["label"]
    assert model_columns.renamed(["A", "B"], model_columns.Label(None, "i", None), [("A", "B")]) == ["A", "B"]


# --- what the run kept ---

META = {"class": "org.apache.spark.ml.classification.LogisticRegression", "paramMap": {"featuresCol": "f"},
        "defaultParamMap": {"labelCol": "label", "predictionCol": "prediction"}}
FEATURE = {"class": "org.apache.spark.ml.feature.StringIndexer", "paramMap": {"outputCol": "i", "inputCol": "c"}}


class Artifacts:
    """A run's artifacts for the bridge's two operations."""

    def __init__(self, files):
        self.files = files

    def install(self, ops):
        ops["track.list_artifacts"] = self.list
        ops["track.download_artifact"] = self.download

    def list(self, args, request):
        path = (args.get("path") or "") and args["path"] + "/"
        inside = {path + f[len(path):].split("/")[0] for f in self.files if f.startswith(path)}
        return {"files": [{"path": p, "is_dir": p not in self.files, "file_size": 1} for p in sorted(inside)]}

    def download(self, args, request):
        with open(args["file"], "w") as f:
            f.write(self.files[args["path"]])
        return {"bytes": 1}


RUN = {"id": "a" * 32, "name": "Ben", "experiment_id": "1"}


def full():
    stages = "splice/pipeline/stages"
    return {"spark_model/MLmodel": "", "splice/cells.json": '{"cells": []}', "splice/sql.json": '{"statements": []}',
            "splice/model.json": "{}", "splice/sample.json": '{"columns": [{"name": "V1", "type": "double"}]}',
            f"{stages}/10_lr/metadata/part-00000-x.txt": json.dumps(META),
            f"{stages}/10_lr/metadata/_SUCCESS": "", f"{stages}/2_si/metadata/part-00000": json.dumps(FEATURE),
            "splice/pipeline/metadata/part-00000": "{}"}


def test_what_a_run_kept(kernel, tmp_path):
    Artifacts(full()).install(kernel.ops)
    found = recorded.read(RUN, str(tmp_path))
    assert [s.name for s in found.stages] == ["StringIndexer", "LogisticRegression"] and found.stages[0].outputs == ["i"]
    assert (found.label, found.kind, found.inputs, found.columns) == ("label", "classification", ["V1"], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("gone, text", [
    ("spark_model/MLmodel", "run Ben has no model"), ("splice/cells.json", "its model was logged by another tool")])
def test_runs_that_cannot_be_retrained(kernel, tmp_path, gone, text):
    Artifacts({k: v for k, v in full().items() if k != gone}).install(kernel.ops)
    with pytest.raises(SpliceError, match=text):
        recorded.read(RUN, str(tmp_path))


def test_a_run_whose_fit_was_not_seen(kernel, tmp_path):
    Artifacts({k: v for k, v in full().items() if "pipeline" not in k and "sample" not in k}).install(kernel.ops)
    found = recorded.read(RUN, str(tmp_path))
    assert (found.label, found.kind, found.inputs) == (None, None, [])
    Artifacts({**full(), "splice/cells.json": "{"}).install(kernel.ops)
    with pytest.raises(SpliceError, match="cannot be read"):
        recorded.read(RUN, str(tmp_path))


# --- what is looked at before ---

def known(**more):
    return recorded.Recorded(RUN, {}, {}, [recorded.stage(META)], **more)


def database(kernel, tables, in_transaction=False):
    """A database of {table: columns} on the stand-in."""
    from bridge_server import Fault

    def execute(args, request):
        name = args["sql"].split(" from ")[1].split()[0].lower()
        if name not in tables:
            raise Fault("42X05", f"no table {name}")
        return {"columns": [{"name": c} for c in tables[name]], "rows": [], "count": None, "warnings": [], "more": True}
    kernel.ops["sql.execute"] = execute
    kernel.ops["sql.jdbc"] = lambda args, request: {"url": "jdbc:derby://h:1/db", "user": "u", "password": "p",
                                                    "driver": "d", "in_transaction": in_transaction}


def a_plan(**more):
    made = plan.Plan(tables={("S", "T"): ("S", "T2")}, queries=["select * from s.t2"], reads=[("S", "T")],
                     renames=[("CLASS_RESULT", "label")])
    return made if not more else plan.Plan(**{**vars(made), **more})


def test_all_is_there(kernel, capsys):
    database(kernel, {"s.t": QUERY, "s.t2": [*QUERY, "MORE"]})
    label, access = drive.check(known(inputs=["V1"]), a_plan(), None)
    assert label.column == "CLASS_RESULT" and access["url"] == "jdbc:derby://h:1/db"
    assert "The label label is the query's column CLASS_RESULT." in capsys.readouterr().out
    database(kernel, {"s.t2": QUERY})  # the old table is gone
    drive.check(known(inputs=["v1"]), a_plan(), None)


@pytest.mark.parametrize("tables, more, text", [
    ({"s.t": QUERY}, {}, "there is no table s.t2"),
    ({"s.t": QUERY, "s.t2": ["V1", "CLASS_RESULT"]}, {}, "s.t2 lacks columns of s.t: TIME_OFFSET"),
    ({"s.t": QUERY, "s.t2": QUERY}, {"inputs": ["V1", "made"]}, "columns that the cells make of the query's: made"),
])
def test_tables_and_columns_that_are_missing(kernel, tables, more, text):
    database(kernel, tables)
    with pytest.raises(SpliceError, match=text):
        drive.check(known(**more), a_plan(), None)


def test_what_else_is_refused(kernel):
    database(kernel, {"s.t": QUERY, "s.t2": QUERY}, in_transaction=True)
    with pytest.raises(SpliceError, match="a transaction is open"):
        drive.check(known(), a_plan(), None)
    with pytest.raises(SpliceError, match="read no table with splice.df"):
        drive.check(known(), a_plan(queries=[]), None)
    clusters = recorded.Recorded(RUN, {}, {}, [recorded.stage({"class": "org.apache.spark.ml.clustering.KMeans"})])
    with pytest.raises(SpliceError, match="no comparison for KMeans"):
        drive.check(clusters, a_plan(), None)


def test_the_app_of_a_run(kernel):
    assert drive.deployed_as("abc") is None  # no Jobs Tracker
    local = {"app": "fraud", "target": "local", "region": None, "variants": [{"run_id": "x"}, {"run_id": "abc"}]}
    aws = {"app": "far", "target": "sagemaker", "region": "eu-west-1", "variants": [{"run_id": "def"}]}
    kernel.ops["jobs.endpoints"] = lambda args, request: {"endpoints": [local, aws]}
    assert drive.deployed_as("abcd") is None
    assert drive.replacing("new", drive.deployed_as("abc")) == \
        "%mlmanager deploy new --app fraud --target local --mode replace"
    assert drive.replacing("new", drive.deployed_as("def")) == \
        "%mlmanager deploy new --app far --target sagemaker --region eu-west-1 --mode replace"
    assert drive.replacing("new", None) == "%mlmanager deploy new --app <APP> --mode replace"


# --- the fresh kernel ---

def test_its_environment():
    env = kernel.environment({"url": "jdbc:derby://[::1]:1527/a b;create=true", "user": "b@n", "password": "p%"}, "/plan")
    assert env["SPLICE_URL"] == "derby://b%40n@[::1]:1527/a%20b;create=true" and env["SPLICE_PASSWORD"] == "p%"
    assert env["JPY_PARENT_PID"] == str(os.getpid()) and env[replay.VARIABLE] == "/plan"
    assert not {"SPLICE_CHILD", "PYDEVD_DISABLE_FILE_VALIDATION"} & set(env) and "PATH" in env
    assert "SPLICE_PASSWORD" not in kernel.environment({"url": "jdbc:derby://h:1/d", "user": None, "password": None}, "p")


def test_one_that_does_not_start(tmp_path):
    (tmp_path / "program").write_text("#!/bin/sh\necho no such library; exit 3\n")
    (tmp_path / "program").chmod(0o755)
    with kernel.Fresh(str(tmp_path / "program"), str(tmp_path), dict(os.environ)) as fresh:
        with pytest.raises(SpliceError, match="status 3") as e:
            fresh.start(lambda: None)
        assert "no such library" in e.value.hint


def test_one_that_does_not_end(tmp_path, monkeypatch):
    monkeypatch.setattr(kernel, "END_S", 0.5)
    monkeypatch.setattr(kernel, "START_S", 1.5)
    (tmp_path / "program").write_text(f"#!{sys.executable}\nimport time\ntime.sleep(600)\n")
    (tmp_path / "program").chmod(0o755)
    fresh = kernel.Fresh(str(tmp_path / "program"), str(tmp_path), dict(os.environ))
    with fresh, pytest.raises(SpliceError, match="does not answer after"):
        fresh.start(lambda: None)
    assert fresh._process.returncode is not None


def test_the_scratch_folder():
    folder = kernel.scratch()
    assert os.stat(folder).st_mode & 0o777 == 0o700
    kernel.remove(folder)
    assert not os.path.exists(folder)
