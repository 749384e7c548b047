"""%mlmanager retrain, in a notebook like the walkthrough's: real Derby, Spark and MLflow, 20,000 payments a month."""

import json
import os
import pathlib
import re
import shutil
import signal
import sys
import threading
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))

import make_fraud_data  # noqa: E402
from conftest import Kernel  # noqa: E402

ROWS = 20_000
COLUMNS = ",\n".join(["time_offset integer", *(f"v{i} double" for i in range(1, 29)), "amount decimal(10,2)",
                      "class_result int"])
IMPORT = ("call SYSCS_UTIL.IMPORT_DATA('cc_fraud', '{table}', null, '{path}', ',', null, null, null, null, 100000, "
          "'{bad}', null, null);")
SETUP = """%splicemachine
set schema cc_fraud;
drop table if exists cc_fraud_data;
create table cc_fraud.cc_fraud_data ({columns});
"""
CONTEXT = """%spark.pyspark
from splicemachine.spark.context import SpliceMLContext
splice = SpliceMLContext(spark)"""
MANAGER = """%spark.pyspark
from splicemachine.ml.management import MLManager
manager = MLManager()"""
LOAD = """df = splice.df("SELECT * FROM cc_fraud.cc_fraud_data")
df = df.withColumnRenamed('CLASS_RESULT', 'label')"""
FEATURES = """%spark.pyspark
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.ml import Pipeline, PipelineModel
feature_cols = df.columns
feature_cols.remove('label')
feature_cols.remove('TIME_OFFSET')
stages = [VectorAssembler(inputCols=feature_cols, outputCol='features'),
          StandardScaler(inputCol='features', outputCol='scaledFeatures')]
manager.log_param('features', str(feature_cols))"""
TRAIN = """%spark.pyspark
from pyspark.ml.classification import LogisticRegression
from splicemachine.ml.utilities import SpliceBinaryClassificationEvaluator
evaluator = SpliceBinaryClassificationEvaluator(spark)
stages.append(LogisticRegression(featuresCol='scaledFeatures', maxIter={iterations}))
manager.log_param('maxIter', {iterations})
train, test = df.randomSplit([0.8, 0.2], seed=7)
full_pipeline = Pipeline(stages=stages)
model = full_pipeline.fit(train)
predictions = model.transform(test)
evaluator.input(predictions)
z.show(evaluator.get_results())
for key, value in evaluator.get_results('dict').items():
    manager.log_metric(key, value)"""
SAVE = """%spark.pyspark
model.write().overwrite().save('s3a://splice-demo/{name}')
manager.log_spark_model(model)"""


@pytest.fixture(scope="module")
def months(tmp_path_factory):
    folder = tmp_path_factory.mktemp("months")
    for month in (1, 2):
        make_fraud_data.write_file(str(folder / f"month{month}.csv"), rows=ROWS, month=month)
    return folder


@pytest.fixture(scope="module")
def notebook(home, months):
    """A notebook with a run "Ben" of a weak model, and cells between that have nothing to do with it."""
    k = Kernel(home)
    k.ok(CONTEXT)
    k.ok(SETUP.format(columns=COLUMNS))
    k.ok(IMPORT.format(table="cc_fraud_data", path=months / "month1.csv", bad=months), timeout=300)
    k.ok("%splicemachine\nselect class_result, count(*) from cc_fraud.cc_fraud_data group by class_result;")
    k.ok(MANAGER)
    k.ok("%spark.pyspark\nmanager.create_experiment('fraud-demo')\nmanager.set_active_experiment('fraud-demo')")
    k.ok("manager.create_new_run(user_id=‘Zoe’)\nmanager.log_param('classifier', 'none')")
    k.ok(LOAD)
    k.fails("df.select('NO_SUCH_COLUMN')")
    k.ok("%mlmanager\nrun Ben --user Ben\nlog oversample=2X rate=0.5\nlog param depth=7")
    k.ok(FEATURES)
    k.ok("junk = [i for i in range(3)]\njunk.append(4)\n!true")
    k.ok(TRAIN.format(iterations=1), timeout=300)
    k.ok(SAVE.format(name="weak"), timeout=300)
    second = SETUP.format(columns=COLUMNS).replace("cc_fraud_data", "cc_fraud_data2")
    k.ok(second + IMPORT.format(table="cc_fraud_data2", path=months / "month2.csv", bad=months), timeout=300)
    yield k
    k.close()


def value(k, expression):
    r = k.ok(f"import json as _json\nprint(_json.dumps({expression}))", store_history=False)
    return json.loads(r.text.strip().splitlines()[-1])


def tracking(k):
    from mlflow.tracking import MlflowClient

    return MlflowClient(value(k, "__import__('mlflow').get_tracking_uri()"))


def runs(k):
    """{name: runs}, newest first."""
    client = tracking(k)
    found = {}
    for run in client.search_runs([client.get_experiment_by_name("fraud-demo").experiment_id]):
        found.setdefault(run.info.run_name, []).append(run)
    return found


def said(result):
    return "\n".join([result.text, *result.data()])


def retrain(k, text, **kw):
    return k.ok(f"%mlmanager retrain {text}", timeout=600, **kw)


def artifact(k, run, name):
    import mlflow

    path = mlflow.artifacts.download_artifacts(run_id=run.info.run_id, artifact_path=name,
                                               tracking_uri=value(k, "__import__('mlflow').get_tracking_uri()"))
    return json.loads(pathlib.Path(path).read_text())


def processes(home):
    """Command lines of this installation's programs, but the services'."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            env = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
            line = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"XDG_STATE_HOME={home.folder}/state".encode() in env and b"SPLICE_RETRAIN=" in env:
            found.append(line)
    return found


def nothing_left(home):
    deadline = time.time() + 20
    while processes(home):
        assert time.time() < deadline, processes(home)
        time.sleep(0.2)
    assert not list((home.folder / "state/splice-kernel").glob("spark-*/retrain-*"))
    kernels = len(list((home.folder / "state/splice-kernel").glob("spark-*")))
    assert kernels == 1, "the folder of the notebook's own child alone"


def test_what_would_run_is_shown(notebook, home):
    k = notebook
    before = len(runs(k).get("Ben (retrained)", []))
    r = retrain(k, "Ben --table cc_fraud.cc_fraud_data2 --show")
    text = said(r)
    assert "cc_fraud.cc_fraud_data2 instead of cc_fraud.cc_fraud_data" in text
    assert 'splice.df("SELECT * FROM cc_fraud.cc_fraud_data2")' in text
    assert "junk" not in text and "classifier" not in text.replace("classification", "")
    assert "Left out when run:" in text and "model.write().overwrite().save(…)" in text
    assert "changes the database" in text and "a query" in text
    assert "log param oversample=2X" in text and "log param depth=7" in text and "rate=0.5" not in text
    assert "The label label is the query's column CLASS_RESULT." in text and "Nothing was run" in text
    assert len(runs(k).get("Ben (retrained)", [])) == before


def test_retrained_on_the_second_month(notebook, home):
    k = notebook
    k.ok("%mlmanager run Notebooks own")
    r = retrain(k, "Ben --table cc_fraud.cc_fraud_data2")
    text = said(r)
    new, old = runs(k)["Ben (retrained)"][0], runs(k)["Ben"][0]
    assert new.info.status == "FINISHED"
    assert new.data.params == old.data.params and set(old.data.params) == {"oversample", "depth", "features", "maxIter"}
    assert new.data.tags["splice.retrained_from"] == old.info.run_id
    assert new.data.tags["splice.table"] == "cc_fraud.cc_fraud_data2"
    names = {"TPR", "SPC", "PPV", "NPV", "FPR", "FDR", "FNR", "ACC", "F1", "MCC"}
    compared = {f"retrain.{w}.{n}" for w in ("old", "new") for n in names}
    assert set(new.data.metrics) == names | compared | {"retrain.rows"}
    assert 3_600 < new.data.metrics["retrain.rows"] < 4_400
    assert "spark_model" in {f.path for f in tracking(k).list_artifacts(new.info.run_id)}
    sources = [c["source"] for c in artifact(k, new, "splice/cells.json")["cells"]]
    assert 'splice.df("SELECT * FROM cc_fraud.cc_fraud_data2")' in "\n".join(sources)
    assert sources[-1] == SAVE.format(name="weak") and not any("_retrain" in s for s in sources)
    assert {c["run_id"] for c in artifact(k, new, "splice/cells.json")["cells"]} == {new.info.run_id}
    assert "Both models on" in text and "MCC" in text
    assert re.search(r"Cell 1 of 8 \(In \[1\]\): \d", text) and "Cell 8 of 8" in text
    assert value(k, "manager.current_run_id") != new.info.run_id, "the notebook's own run is as it was"
    assert value(k, "manager.get_run().info.run_name") == "Notebooks own"
    nothing_left(home)


def test_the_held_out_rows_are_not_trained_on(notebook):
    new = runs(notebook)["Ben (retrained)"][0]
    sample = artifact(notebook, new, "splice/sample.json")
    assert len(sample["rows"]) == 200
    seen = value(notebook, "[list(map(float, r)) for r in splice.df('select v1, v2, v3 from cc_fraud.cc_fraud_data2')"
                           ".toPandas().values.tolist()]")
    assert len(seen) == ROWS
    rows = {tuple(map(float, r[:3])) for r in sample["rows"]}
    held = value(notebook, "(lambda r: [list(map(float, x)) for x in r.split(splice.df('select * from "
                           "cc_fraud.cc_fraud_data2'))[1].select('V1', 'V2', 'V3').collect()])"
                           "(__import__('splicemachine._retrain.replay', fromlist=('x',)))")
    assert not rows & {tuple(r) for r in held} and rows <= {tuple(r) for r in seen}
    assert len(held) == new.data.metrics["retrain.rows"]


def test_a_better_model_is_offered_and_a_retrained_run_is_retrained(notebook, home):
    """Habits turned round: what the old model knows is wrong in the new table."""
    k = notebook
    k.ok("%splicemachine\ncreate table cc_fraud.cc_turned as select * from cc_fraud.cc_fraud_data2 with data;\n"
         "update cc_fraud.cc_turned set class_result = 1 - class_result;", timeout=300)
    first = runs(k)["Ben (retrained)"][0]
    folder = home.folder / "data/splice-kernel/endpoints/fraud-app"
    folder.mkdir(parents=True)
    (folder / "endpoint.json").write_text(json.dumps(
        {"app": "fraud-app", "port": 5010,
         "variants": [{"name": "v", "weight": 1.0, "model": "m.json", "run_id": first.info.run_id}]}))
    text = said(retrain(k, f"{first.info.run_id[:12]} --table cc_fraud.cc_fraud_data2=cc_fraud.cc_turned"))
    shutil.rmtree(folder)
    again = runs(k)["Ben (retrained) (retrained)"][0]
    assert again.info.status == "FINISHED" and again.data.params == first.data.params
    assert again.data.tags["splice.retrained_from"] == first.info.run_id
    assert "cc_fraud.cc_turned instead of cc_fraud.cc_fraud_data2" in text
    assert again.data.metrics["retrain.new.MCC"] > 0.5 > 0 > again.data.metrics["retrain.old.MCC"]
    assert "The new model is better: MCC -0." in text
    assert f"%mlmanager deploy {again.info.run_id} --app fraud-app --target local --mode replace" in text
    nothing_left(home)


def test_stopped_in_the_middle(notebook, home):
    k, before = notebook, len(runs(notebook)["Ben (retrained)"])
    started, done = threading.Event(), []

    def watch():
        assert started.wait(300)
        time.sleep(2)
        done.append(time.time())
        k.manager.interrupt_kernel()

    def hook(m):
        text = m["content"].get("data", {}).get("text/plain", "") if "data" in m["content"] else ""
        if text.startswith("Cell 7 of 8") and not started.is_set():
            started.set()
        messages.append(text)

    messages = []
    thread = threading.Thread(target=watch)
    thread.start()
    reply = k.client.execute_interactive("%mlmanager retrain Ben --table cc_fraud.cc_fraud_data2", output_hook=hook,
                                         timeout=600)["content"]
    thread.join()
    assert reply["ename"] == "KeyboardInterrupt" and time.time() - done[0] < 20
    new = runs(k)["Ben (retrained)"]
    assert len(new) == before + 1 and new[0].info.status == "KILLED"
    assert any("ended as KILLED" in m for m in messages)
    nothing_left(home)
    assert k.ok("1 + 1").data()[-1] == "2"


def test_a_cell_that_fails(notebook, home):
    k = notebook
    k.ok("%splicemachine\ncreate table cc_fraud.cc_null as select * from cc_fraud.cc_fraud_data2 with data;\n"
         "update cc_fraud.cc_null set v1 = null;", timeout=300)
    r = k.run("%mlmanager retrain Ben --table cc_fraud.cc_null", timeout=600)
    assert r.status == "error" and r.reply["ename"] == "CellFailed"
    assert "cell 7 of 8 (In [13]) failed: Py4JJavaError" in r.reply["evalue"]
    assert "model = full_pipeline.fit(train)" in r.text, "the cell's own traceback"
    assert runs(k)["Ben (retrained)"][0].info.status == "FAILED"
    nothing_left(home)


def test_a_killed_notebook_leaves_nothing(home, notebook):
    k = Kernel(home)
    k.ok("%mlmanager experiment fraud-demo")
    began = int(time.time() * 1000)
    k.client.execute("%mlmanager retrain Ben --table cc_fraud.cc_fraud_data2")
    deadline = time.time() + 300
    while not processes(home):
        assert time.time() < deadline
        time.sleep(0.2)
    while "Cell 1 of 8" not in str(k.client.get_iopub_msg(timeout=300)["content"]):
        pass
    os.kill(k.pid, signal.SIGKILL)
    k.client.stop_channels()
    while processes(home):
        assert time.time() < deadline, processes(home)
        time.sleep(0.2)
    (run,) = [r for r in runs(notebook)["Ben (retrained)"] if r.info.start_time >= began]
    assert run.info.status == "KILLED"


@pytest.mark.parametrize("request_, text", [
    ("Nobody --table a.b", 'there is no run "Nobody"'),
    ("Zoe --table cc_fraud.cc_fraud_data2", "has no model"),
    ("Ben --table cc_fraud.nowhere", "there is no table cc_fraud.nowhere"),
    ("Ben --table cc_fraud.narrow", "lacks columns of cc_fraud.cc_fraud_data: V2"),
    ("Ben --table x.y=cc_fraud.cc_fraud_data2", "does not read x.y"),
    ("Ben --label none", "--label none: the recorded query has no such column"),
    ("Elsewhere --table a.b", "logged by another tool"),
    ("Asking --show", "asks for input"),
])
def test_what_is_refused_before_anything_runs(notebook, refused, request_, text):
    before = {n: len(r) for n, r in runs(notebook).items()}
    r = notebook.fails(f"%mlmanager retrain {request_}", timeout=300)
    assert text in r.reply["evalue"]
    assert {n: len(r) for n, r in runs(notebook).items()} == before


@pytest.fixture(scope="module")
def refused(notebook):
    """A table and runs that do not do."""
    k = notebook
    k.ok("%splicemachine\ncreate table cc_fraud.narrow (time_offset int, v1 double)")
    k.ok("%mlmanager run Elsewhere")
    k.ok("import mlflow.spark\nmlflow.spark.log_model(model, 'spark_model', pip_requirements=[])", timeout=300)
    k.ok("manager.create_new_run('Asking')\nask = 'x' or input('?')\nother = model if ask else None")
    k.ok("manager.log_spark_model(other)", timeout=300)
