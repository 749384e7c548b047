"""The child process with real Spark, behind a stand-in for its kernel."""
import os
import re
import signal
import sys
import time

import pytest

from child_client import LIB, Child, alive, wait_until

pytestmark = pytest.mark.skipif(not (LIB / "python/bin/python").exists(),
                                reason="no Python environment below " + str(LIB))


@pytest.fixture(scope="module")
def child():
    folder = {}

    def bucket(args, request):
        path = os.path.join(folder["path"], args["name"])
        os.makedirs(path, exist_ok=True)
        return {"folder": path}

    def show(args, request):
        return {"data": {"text/plain": f"{len(args['rows'])} of {args['total']} rows"}, "metadata": {}}

    c = Child(buckets={"folders": {}, "any": "/nonexistent-any"})
    folder["path"] = os.path.join(c.folder, "buckets")
    c.bucket_folder = folder["path"]
    c.bridge.ops.update({"bucket.folder": bucket, "show": show})
    with c:
        yield c


def plain(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def test_plain_python_starts_no_jvm(child):
    result = child.run("1 + 1", execution_count=41)
    assert result.results[0]["text/plain"] == "2" and result.reply["execution_count"] == 41
    assert child.run("'spark' in globals(), 'z' in globals()").results[0]["text/plain"] == "(False, True)"
    assert "SPLICE_CHILD" not in child.run("import os; print(sorted(os.environ))").stdout
    assert not child.descendants()


def test_typographic_quotes(child):
    result = child.run("def f(**k): return k\nf(user_id=‘Ben’)")
    assert result.results[0]["text/plain"] == "{'user_id': 'Ben'}"
    assert result.notes == ["Typographic quotes were read as plain ones: ‘Ben’ as 'Ben'"]
    assert child.run("get_ipython().history_manager.input_hist_raw[-2]").results[0]["text/plain"] == repr("def f(**k): return k\nf(user_id=‘Ben’)")
    unmended = child.run("f(user_id=‘Ben)")
    assert unmended.error["ename"] == "SyntaxError" and not unmended.notes
    where = child.run("x = 1\nf(user_id=`Amy`, y=nope)")
    assert where.error["ename"] == "NameError" and "line 2" in plain(where.traceback)


def test_first_spark_cell_starts_spark(child):
    result = child.run("print(spark.range(10).count(), sc.master)\ntype(sqlContext).__name__")
    assert result.stdout == "10 local[2]\n" and result.stderr == ""
    assert len(result.notes) == 1 and re.fullmatch(r"Spark 4\S+ started in \d+\.\d s\.", result.notes[0])
    assert not child.run("spark.range(1).count()").notes


def test_division_and_its_hint(child):
    cell = ("from pyspark.ml.classification import MultilayerPerceptronClassifier\n"
            "first = 29\nMultilayerPerceptronClassifier(layers=[first, first/2, 2]).getLayers()")
    failed = child.run(cell)
    assert failed.error["ename"] == "TypeError"
    assert "write `//`" in plain(failed.traceback).splitlines()[-1]
    assert "--python2-division" in failed.traceback
    assert child.run(cell, python2_division=True).results[0]["text/plain"] == "[29, 14, 2]"
    udf = ("from pyspark.sql.functions import udf\n"
           "half = udf(lambda x: x/2, 'int')\n"
           "[r[0] for r in spark.range(7, 9).select(half('id')).collect()]")
    assert child.run(udf, python2_division=True).results[0]["text/plain"] == "[3, 4]"
    assert child.run("7/2").results[0]["text/plain"] == "3.5"


def test_evaluator_as_scikit_learn(child):
    pytest.importorskip("sklearn")
    result = child.run("""
import random
from sklearn import metrics
from splicemachine.ml.utilities import *
rng = random.Random(5)
rows = [(float(rng.random() < .3), float(rng.random() < .4)) for _ in range(500)]
rows = [(y, p if rng.random() < .6 else y) for y, p in rows]
frame = spark.createDataFrame(rows + [(None, 1.0)], 'truth double, guess double')
e = SpliceBinaryClassificationEvaluator(spark, labelCol='truth', predictionCol='guess')
group = 'evaluate'
sc.setJobGroup(group, '')
e.input(frame)
jobs = len(sc.statusTracker().getJobIdsForGroup(group))
r = e.get_results('dict')
y, p = zip(*rows)
tn, fp, fn, tp = metrics.confusion_matrix(y, p).ravel()
for key, want in dict(TPR=metrics.recall_score(y, p), SPC=metrics.recall_score(y, p, pos_label=0),
                      PPV=metrics.precision_score(y, p), NPV=metrics.precision_score(y, p, pos_label=0),
                      FPR=fp/(fp+tn), FDR=fp/(fp+tp), FNR=fn/(fn+tp), ACC=metrics.accuracy_score(y, p),
                      F1=metrics.f1_score(y, p), MCC=metrics.matthews_corrcoef(y, p)).items():
    assert abs(r[key] - want) < 1e-12, key
m = SpliceMultiClassificationEvaluator(spark, 'guess', 'truth'); m.input(frame); m = m.get_results('dict')
for key, want in dict(f1=metrics.f1_score(y, p, average='weighted'), accuracy=metrics.accuracy_score(y, p),
                      weightedPrecision=metrics.precision_score(y, p, average='weighted'),
                      weightedRecall=metrics.recall_score(y, p, average='weighted')).items():
    assert abs(m[key] - want) < 1e-12, key
g = SpliceRegressionEvaluator(spark, 'guess', 'truth'); g.input(frame); g = g.get_results('dict')
assert abs(g['r2'] - metrics.r2_score(y, p)) < 1e-12
assert abs(g['mse'] - metrics.mean_squared_error(y, p)) < 1e-12
z.show(e.get_results())
print(list(r), jobs <= 2)  # one pass: Spark counts a shuffle's two sides as jobs
""")
    assert result.error is None, result.traceback
    assert result.stdout == "['TPR', 'SPC', 'PPV', 'NPV', 'FPR', 'FDR', 'FNR', 'ACC', 'F1', 'MCC'] True\n"
    matrix, results = child.bridge.calls("show")[-2:]
    assert matrix["title"] == "Confusion matrix" and results["chart"] == "none"
    assert [r[0] for r in results["rows"]] == ["TPR", "SPC", "PPV", "NPV", "FPR", "FDR", "FNR", "ACC", "F1", "MCC"]


def test_show_of_spark_frames(child):
    result = child.run("""
from pyspark.ml.linalg import Vectors
from pyspark.sql import Row
from decimal import Decimal
import datetime
print('before')
z.show(spark.createDataFrame([Row(i=1, d=Decimal('1.50'), t=datetime.date(2020, 1, 2), s=None,
    b=bytearray(b'\\x01'), v=Vectors.dense([0.12, -1.3] + [0.0]*27), r=Row(a=1, b='x'), l=[1, 2],
    f=float('nan')), Row(i=None, d=None, t=None, s='é', b=None, v=None, r=None, l=None, f=1.0)]))
print('after')
z.show(spark.range(28480), rows=1000)
""")
    assert result.error is None, result.traceback
    first, second = child.bridge.calls("show")[-2:]
    assert first["rows"][0] == [1, "1.500000000000000000", "2020-01-02", None, {"hex": "01"},
                                "[0.12, -1.3, 0, … 29 values]", "{a: 1, b: x}", "[1, 2]", "NaN"]
    assert [c["type"] for c in first["columns"]] == ["BIGINT", "DECIMAL", "DATE", "VARCHAR", "BINARY",
                                                     "VARCHAR", "VARCHAR", "VARCHAR", "DOUBLE"]
    assert first["columns"][5]["type_name"] == "vector" and first["total"] == 2
    assert len(second["rows"]) == 1000 and second["total"] == 28480
    assert result.notes == ["2 of 2 rows", "1000 of 28480 rows"]


def test_any_bucket_is_a_folder(child):
    result = child.run("""
from pyspark.ml.feature import VectorAssembler
from pyspark.ml import Pipeline
model = Pipeline(stages=[VectorAssembler(inputCols=['id'], outputCol='f')]).fit(spark.range(3))
model.save('s3a://splice-demo/model')
from pyspark.ml import PipelineModel
print(PipelineModel.load('s3a://splice-demo/model').transform(spark.range(3)).count())
bucket = 'other-bucket'
spark.range(3).write.csv('s3a://splice-demo/ids.csv')
""")
    assert result.error is None, result.traceback
    assert result.stdout == "3\n" and os.path.isdir(os.path.join(child.bucket_folder, "splice-demo/model/stages"))
    assert child.run("spark.range(3).write.parquet(f's3a://{bucket}/p')").error is None
    assert os.path.isdir(os.path.join(child.bucket_folder, "other-bucket/p"))
    again = child.run("model.save('s3a://splice-demo/model')")
    assert "is there already" in plain(again.traceback).splitlines()[-1]
    assert "\tat " not in again.traceback and len(again.reply["evalue"]) < 2000


@pytest.mark.parametrize("group, delay", [("", 3), ("", 0.02), ("", 0.1), ("", 0.3), ("", 0.6),
                                          ("sc.setJobGroup('own', 'own', True)\n", 3)])
def test_interrupt_ends_the_job(child, group, delay):
    child.run("spark")  # a start of Spark would be what is interrupted
    cell = child.start(group + "import time\nsc.parallelize(range(4), 2).map(lambda x: time.sleep(60)).count()")
    time.sleep(delay)
    began = time.monotonic()
    child.interrupt()
    result = child.finish(cell, 20)
    stopped = time.monotonic() - began
    assert result.error["ename"] == "KeyboardInterrupt" and stopped < 10 and result.stderr == ""
    after = child.run("print(list(sc.statusTracker().getActiveJobsIds()), spark.range(5).count())")
    assert after.stdout == "[] 5\n" and after.error is None, after.traceback


def test_interrupt_that_the_cell_catches(child):
    cell = child.start("try:\n    sc.parallelize(range(2), 2).map(lambda x: time.sleep(60)).count()\n"
                       "except KeyboardInterrupt:\n    print(spark.range(7).count())")
    time.sleep(3)
    child.interrupt()
    result = child.finish(cell, 30)
    assert result.stdout == "7\n" and result.error is None, result.traceback


def test_interrupt_of_plain_python(child):
    cell = child.start("import time\ntime.sleep(60)")
    time.sleep(1)
    child.interrupt()
    assert child.finish(cell, 10).error["ename"] == "KeyboardInterrupt"


def test_jvm_dies_with_a_killed_child():
    with Child() as c:
        result = c.run("sc.parallelize([1, 2], 2).map(lambda x: x).count()")
        assert result.error is None, result.traceback
        below = c.descendants()
        assert any("java" in cmd for cmd in below.values())
        os.kill(c.process.pid, signal.SIGKILL)
        assert wait_until(lambda: not alive(below), 5), [below[p] for p in alive(below)]


def test_child_ends_with_its_parent():
    with Child(via=[sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]) as c:
        assert c.run("spark.range(3).count()").error is None
        below = c.descendants()
        assert any("splicemachine.child" in cmd for cmd in below.values())
        c.process.kill()
        c.process.wait(5)
        assert wait_until(lambda: not alive(below), 5), [below[p] for p in alive(below)]


def test_shutdown_is_quick():
    with Child() as c:
        assert c.run("spark.range(3).count()").error is None
        below = c.descendants()
        began = time.monotonic()
        c.client.shutdown()
        c.process.wait(10)
        took = time.monotonic() - began
        assert wait_until(lambda: not alive(below), 1) and took < 2.5 + 1.5  # a loaded machine
        state = os.path.join(c.folder, "state/splice-kernel")
        assert os.listdir(state) == []


def test_secrets_are_not_on_the_command_line():
    conf = {"spark.driver.memory": "1g", "spark.hadoop.fs.s3a.secret.key": "canary-7f3a"}
    with Child(spark={"master": "local[1]", "conf": conf}) as c:
        got = c.run("sc._jsc.hadoopConfiguration().get('fs.s3a.secret.key')")
        assert got.results[0]["text/plain"] == "'canary-7f3a'"
        assert c.descendants() and not any("canary" in cmd for cmd in c.descendants().values())
        own = c.run("import os; any('canary' in v for v in os.environ.values())")
        assert own.results[0]["text/plain"] == "False"


def test_spark_that_does_not_start():
    with Child(spark={"master": "local[1]", "conf": {"spark.driver.memory": "1 pony"}}) as c:
        result = c.run("spark.range(1).count()")
        assert result.error and "Spark did not start" in plain(result.traceback)
        assert c.run("1 + 1").results[0]["text/plain"] == "2"
