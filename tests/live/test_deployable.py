"""What a notebook's logged model takes along for its deployment, in a real MLflow (docs/DEPLOY.md)."""

import json
import pathlib
import time

import pytest
from conftest import Kernel

TABLE = """%splicemachine
create table cc.fraud (time_offset int, v1 double, v2 double, amount decimal(10,2), class_result int);
insert into cc.fraud values {rows};
select class_result, count(*) from cc.fraud group by class_result;
"""
LOAD = """from splicemachine.spark.context import SpliceMLContext
splice = SpliceMLContext(spark)
df = splice.df('select * from cc.fraud').withColumnRenamed('CLASS_RESULT', 'label')"""
FIT = """%spark.pyspark
from pyspark.ml import Pipeline
from pyspark.ml.feature import StandardScaler, VectorAssembler
from pyspark.ml.classification import LogisticRegression
stages = [VectorAssembler(inputCols=['V1', 'V2', 'AMOUNT'], outputCol='f'), StandardScaler(inputCol='f', outputCol='g')]
stages.append(LogisticRegression(featuresCol='g', maxIter=5))
model = Pipeline(stages=stages).fit(df)
stages.append('later')"""


def row(i):
    return f"({i}, {i / 7!r}, {-i * 0.1!r}, {i}.25, {int(i % 40 == 39)})"


@pytest.fixture(scope="module")
def session(home):
    """A kernel with a table, an experiment and `manager`."""
    k = Kernel(home)
    k.ok(TABLE.format(rows=", ".join(map(row, range(400)))))
    k.ok("%mlmanager\nexperiment deployable\nrun Ben")
    k.ok("from splicemachine.ml.management import MLManager\nmanager = MLManager()")
    yield k
    k.close()


@pytest.fixture(scope="module")
def logged(session):
    """The folder with the artifacts of a model logged as notebooks do, and what the last cell said."""
    k = session
    k.ok(LOAD)
    k.fails("1 / 0 # not kept")
    at = jdbc(k)
    url = at["url"].replace("jdbc:derby://", f"derby://{at['user']}:{at['password']}@")
    k.ok(f"%splicemachine --connect {url}\nselect * from cc.fraud where amount > 3")
    k.ok(FIT)
    start = time.monotonic()
    r = k.ok("manager.log_spark_model(model)", timeout=300)
    seconds = time.monotonic() - start
    return artifacts(k), " ".join([r.text, *r.data()]), seconds


def jdbc(k):
    """How the notebook reaches its database; with the password that the local server was made with."""
    return eval(k.ok("from splicemachine import _bridge\n_bridge.call('sql.jdbc')").data()[-1])


def artifacts(k):
    """The active run's artifacts, in a folder."""
    code = ("import mlflow, tempfile\n_folder = tempfile.mkdtemp()\n"
            "mlflow.artifacts.download_artifacts(run_id=manager.current_run_id, dst_path=_folder)")
    return pathlib.Path(eval(k.ok(code, timeout=120).data()[-1]))


def read(folder, name):
    return json.loads((folder / "splice" / name).read_text())


def test_all_of_it_is_there(logged):
    folder, said, seconds = logged
    names = sorted(p.name for p in (folder / "splice").iterdir())
    assert names == ["cells.json", "model.json", "pipeline", "sample.json", "sql.json"]
    assert (folder / "spark_model/MLmodel").exists()
    assert "Model logged" in said and "not kept" not in said and "cannot serve" not in said


def test_the_scorers_model(logged, session):
    model = read(logged[0], "model.json")
    assert model["format"] == "splice-scorer" and model["version"] == 1
    assert model["inputs"] == [{"name": "V1", "type": "double"}, {"name": "V2", "type": "double"},
                               {"name": "AMOUNT", "type": "decimal"}]
    assert [s["kind"] for s in model["stages"]] == ["VectorAssembler", "StandardScaler", "LogisticRegression"]
    weights = session.ok("[float(x) for x in model.stages[2].coefficients]").data()[-1]
    assert model["stages"][2]["coefficients"]["values"] == eval(weights)
    assert model["run_id"] == eval(session.ok("manager.current_run_id").data()[-1])


def test_a_sample_with_both_classes(logged, session):
    sample = read(logged[0], "sample.json")
    assert [c["name"] for c in sample["columns"]] == ["V1", "V2", "AMOUNT"]
    assert len(sample["rows"]) == len(sample["expected"]) == 200
    frauds = [r for r in sample["rows"] if r[2] % 40 == 39.25]
    assert len(frauds) == 10, "all of the rare class"
    session.ok("import json\nsample = " + repr(sample))
    same = session.ok("""
from decimal import Decimal
frame = spark.createDataFrame([(a, b, Decimal(str(c))) for a, b, c in sample['rows']],
                              'V1 double, V2 double, AMOUNT decimal(10,2)')
[(r.prediction, r.probability.tolist(), r.rawPrediction.tolist()) for r in model.transform(frame).collect()] == \\
    [(e['prediction'], e['probability'], e['rawPrediction']) for e in sample['expected']]""").data()[-1]
    assert same == "True"


def test_the_unfitted_pipeline(logged, session):
    out = session.ok(f"""
again = Pipeline.load('file://{logged[0]}/splice/pipeline')
print([type(s).__name__ for s in again.getStages()], again.getStages()[2].getMaxIter())
again.fit(df).stages[2].coefficients == model.stages[2].coefficients""")
    assert "['VectorAssembler', 'StandardScaler', 'LogisticRegression'] 5" in out.text
    assert out.data()[-1] == "True"


def test_cells_and_queries(logged, session):
    cells = read(logged[0], "cells.json")["cells"]
    sources = [c["source"] for c in cells]
    assert LOAD in sources and FIT in sources and sources[-1] == "manager.log_spark_model(model)"
    assert sources[0].startswith("%splicemachine\ncreate table") and cells[0]["run_id"] is None
    assert not any("not kept" in s or jdbc(session)["password"] in s for s in sources)
    connect = next(c for c in cells if "--connect" in c["source"])
    assert ":***@127.0.0.1" in connect["source"] and connect["hidden"]
    assert [c["execution_count"] for c in cells] == sorted(c["execution_count"] for c in cells)
    by = {c["source"]: c for c in cells}
    assert by[FIT]["magic"] == "spark.pyspark" and by[LOAD]["magic"] is None
    assert by[FIT]["run_id"] == by[LOAD]["run_id"] == cells[-1]["run_id"] is not None
    statements = read(logged[0], "sql.json")["statements"]
    assert [(s["from"], s["tables"], s["run_id"] is None) for s in statements] == [
        ("cell", ["cc.fraud"], True), ("df", ["cc.fraud"], False), ("cell", ["cc.fraud"], False)]


def test_it_costs_seconds(logged):
    assert logged[2] < 60, f"{logged[2]:.1f} s"


def test_stages_that_the_scorer_does_not_have(session):
    session.ok("manager.create_new_run('unsupported')")
    said = session.ok("""
from pyspark.ml.feature import Tokenizer, HashingTF
texts = spark.createDataFrame([('a b', 1.0, None), ('c', 0.0, 2)] * 5, 'words string, label double, n int')
words = Pipeline(stages=[Tokenizer(inputCol='words', outputCol='w'), HashingTF(inputCol='w', outputCol='f', numFeatures=8),
                         LogisticRegression(featuresCol='f', maxIter=2)]).fit(texts)
import mlflow.spark
manager.log_model(words, mlflow.spark)""", timeout=300)
    assert "splice-scorer cannot serve this model (Tokenizer: " in " ".join(said.data()) and "1 more" in " ".join(said.data())
    folder = artifacts(session)
    assert [s["kind"] for s in read(folder, "unsupported.json")["stages"]] == ["Tokenizer", "HashingTF"]
    assert not (folder / "splice/model.json").exists()
    sample = read(folder, "sample.json")
    assert [c["name"] for c in sample["columns"]] == ["words", "label", "n"]
    assert sample["rows"][0] == ["a b", 1.0, None] and set(sample["expected"][0]) == {
        "prediction", "probability", "rawPrediction"}


def test_a_model_whose_fit_was_not_seen(session):
    session.ok("manager.create_new_run('loaded')")
    session.ok("model.write().overwrite().save('file:///' + _folder + '/saved')\n"
               "from pyspark.ml import PipelineModel\nloaded = PipelineModel.load('file:///' + _folder + '/saved')")
    said = " ".join(session.ok("""
other = PipelineModel([s.copy() for s in loaded.stages])
for s in other.stages: s._resetUid(type(s).__name__ + '_elsewhere')
other._resetUid('PipelineModel_elsewhere')
manager.log_spark_model(other)""", timeout=300).data())
    assert "the fit of this model was not seen in this session" in said
    folder = artifacts(session)
    assert sorted(p.name for p in (folder / "splice").iterdir()) == ["cells.json", "model.json", "sql.json"]
    session.ok("manager.log_spark_model(other, input_example=df.limit(7).toPandas())", timeout=300)
    assert len(read(artifacts(session), "sample.json")["rows"]) == 7


def test_a_training_frame_that_is_gone(session, tmp_path):
    session.ok("manager.create_new_run('gone')")
    said = session.ok(f"""
import shutil
df.write.parquet('file://{tmp_path}/rows')
gone = Pipeline(stages=stages[:3]).fit(spark.read.parquet('file://{tmp_path}/rows'))
shutil.rmtree('{tmp_path}/rows')
manager.log_spark_model(gone)""", timeout=300)
    assert "No sample of the training data was kept: " in " ".join(said.data()) and "Model logged" in said.text
    folder = artifacts(session)
    assert sorted(p.name for p in (folder / "splice").iterdir()) == ["cells.json", "model.json", "pipeline", "sql.json"]
